"""Twelve drawn pictures that are mostly smooth: gradients, thin lines, bokeh, night, haze, noise. 512x384 pixels.

The eye sees blocks, stripes and blotches in such pictures first, and photographs that are used for training have few of
them. Everything follows from the seed; the picture without noise is known, so is where it is smooth.
"""

import numpy

WIDTH, HEIGHT = 512, 384
SEED = 1


def _grid():
    y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    return x / (WIDTH - 1), y / (HEIGHT - 1)


def _mix(t, *colours):
    """Colours along t in 0..1, evenly spaced and joined smoothly. [height, width, 3]"""
    at = numpy.clip(t, 0, 1) * (len(colours) - 1)
    low = numpy.minimum(at.astype(int), len(colours) - 2)
    f = (at - low)[..., None]
    f = f * f * (3 - 2 * f) if len(colours) > 2 else f
    table = numpy.array(colours, float)
    return table[low] * (1 - f) + table[low + 1] * f


def _paint(picture, cover, colour):
    """Draws a colour over a picture where cover is 1."""
    cover = numpy.clip(cover, 0, 1)[..., None]
    return picture * (1 - cover) + numpy.array(colour, float) * cover


def _line(x0, y0, x1, y1, width):
    """Cover of a straight line between two points, in pixels."""
    y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    length = numpy.hypot(x1 - x0, y1 - y0)
    distance = abs((x - x0) * (y1 - y0) - (y - y0) * (x1 - x0)) / length
    along = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length
    inside = numpy.clip(numpy.minimum(along, length - along) + 0.5, 0, 1)
    return numpy.clip(width / 2 + 0.5 - distance, 0, 1) * inside


def _disc(x, y, radius, softness=1.0):
    """Cover of a disc whose edge is `softness` pixels wide."""
    v, u = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    return numpy.clip((radius - numpy.hypot(u - x, v - y)) / softness + 0.5, 0, 1)


def _clouds(random, exponent, smallest=24):
    """A random field in -1..1 whose spectrum falls with the frequency; nothing finer than `smallest` pixels."""
    fy, fx = numpy.fft.fftfreq(2 * HEIGHT)[:, None], numpy.fft.rfftfreq(2 * WIDTH)[None]
    f = numpy.hypot(fy, fx)
    f[0, 0] = 1
    amplitude = f**-exponent * numpy.exp(-((f * smallest) ** 2))
    amplitude[0, 0] = 0
    noise = numpy.fft.rfft2(random.standard_normal((2 * HEIGHT, 2 * WIDTH)))
    field = numpy.fft.irfft2(noise * amplitude, s=(2 * HEIGHT, 2 * WIDTH))[:HEIGHT, :WIDTH]
    return field / abs(field).max()


def _clear(random):
    _, y = _grid()
    return _mix(y, (52, 101, 170), (150, 190, 228)), 0.6


def _dusk(random):
    x, y = _grid()
    return _mix(y + 0.1 * (x - 0.5), (38, 44, 92), (150, 92, 120), (248, 178, 108), (255, 226, 170)), 0.6


def _wire(random):
    _, y = _grid()
    picture = _mix(y, (96, 138, 190), (205, 218, 228))
    return _paint(picture, _line(-5, 120, WIDTH + 5, 171, 1.6), (40, 42, 46)), 0.6


def _mast(random):
    x, y = _grid()
    picture = _mix(0.7 * y + 0.3 * x, (112, 128, 146), (196, 198, 198))
    for x0, y0, x1, y1, width in ((330, 60, 330, 384, 3), (330, 70, -5, 330, 1.2), (330, 70, 517, 300, 1.2)):
        picture = _paint(picture, _line(x0, y0, x1, y1, width), (60, 56, 54))
    return picture, 0.6


def _sun(random):
    v, u = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    glow = numpy.exp(-numpy.hypot(u - 180, v - 210) / 150)
    picture = _mix(glow, (72, 88, 128), (226, 150, 96), (255, 232, 176))
    return _paint(picture, _disc(180, 210, 34), (255, 250, 232)), 0.6


def _bokeh(random):
    x, y = _grid()
    picture = _mix(y * 0.6 + x * 0.4, (24, 30, 26), (64, 66, 48))
    for _ in range(26):
        colour = random.uniform((90, 70, 30), (250, 210, 150))
        cover = _disc(random.uniform(0, WIDTH), random.uniform(0, HEIGHT), random.uniform(14, 44), 3)
        picture = _paint(picture, cover * random.uniform(0.25, 0.7), colour)
    return picture, 0.8


def _blur(random):
    picture = numpy.full((HEIGHT, WIDTH, 3), (96.0, 122.0, 84.0))
    for _ in range(16):
        colour = random.uniform((40, 60, 30), (230, 220, 190))
        cover = _disc(random.uniform(0, WIDTH), random.uniform(0, HEIGHT), random.uniform(30, 110), 60)
        picture = _paint(picture, cover * 0.7, colour)
    return _paint(picture, _line(90, 390, 250, 40, 2.4), (54, 66, 30)), 0.6


def _stars(random):
    _, y = _grid()
    picture = _mix(y, (6, 8, 18), (22, 28, 52))
    for _ in range(90):
        cover = _disc(random.uniform(0, WIDTH), random.uniform(0, HEIGHT), random.uniform(0.3, 1.3))
        picture = _paint(picture, cover * random.uniform(0.3, 1), (230, 232, 240))
    return picture, 1.0


def _moon(random):
    x, y = _grid()
    picture = _mix(y, (10, 14, 34), (30, 40, 78), (64, 74, 110))
    picture = _paint(picture, _disc(360, 110, 30), (232, 228, 210))
    ridge = 0.82 + 0.06 * numpy.sin(5 * x + 1) + 0.025 * numpy.sin(17 * x)
    return _paint(picture, (y - ridge) * HEIGHT, (8, 10, 16)), 1.0


def _haze(random):
    x, y = _grid()
    picture = _mix(y, (150, 176, 206), (226, 222, 208))
    for layer in range(4):
        phase, height = random.uniform(0, 6), 0.42 + 0.14 * layer
        ridge = height + 0.05 * numpy.sin(4 * x + phase) + 0.02 * numpy.sin(13 * x + 2 * phase)
        colour = numpy.array((176, 192, 206)) * (1 - 0.2 * layer)
        picture = _paint(picture, (y - ridge) * HEIGHT, colour)
    return picture, 0.6


def _overcast(random):
    _, y = _grid()
    picture = _mix(y, (120, 130, 144), (176, 180, 184))
    return picture + 34 * _clouds(random, 1.6)[..., None] * numpy.array((1, 0.97, 0.92)), 0.6


def _grain(random):
    x, y = _grid()
    return _mix(numpy.hypot(x - 0.5, y - 0.5) * 1.3, (188, 180, 168), (120, 112, 104)), 2.5


SKIES = {
    "clear": _clear, "dusk": _dusk, "wire": _wire, "mast": _mast, "sun": _sun, "bokeh": _bokeh,
    "blur": _blur, "stars": _stars, "moon": _moon, "haze": _haze, "overcast": _overcast, "grain": _grain,
}  # fmt: skip


def draw(seed=SEED):
    """[(name, pixels [height, width, 3] of uint8, the same without noise as float)]"""
    drawn = []
    for number, (name, paint) in enumerate(SKIES.items()):
        random = numpy.random.Generator(numpy.random.PCG64([seed, number]))
        clean, sigma = paint(random)
        noisy = clean + sigma * random.standard_normal(clean.shape)
        drawn.append((name, numpy.clip(numpy.rint(noisy), 0, 255).astype(numpy.uint8), clean))
    return drawn
