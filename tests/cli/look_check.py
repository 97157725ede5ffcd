"""Checks of the measures of scripts/look: each against a second, simple implementation or a case worked out by hand."""

import math
import sys

import numpy

sys.path.insert(0, sys.argv[1])
import bd_rate
import metrics
import skies
import smooth


def near(got, want, tolerance, what):
    if not abs(got - want) <= tolerance:
        sys.exit(f"{what}: {got} instead of {want}")


def plain_ms_ssim(a, b):
    """As the paper has it, with the window in two dimensions and without any trick."""
    offsets = numpy.arange(11) - 5
    window = numpy.exp(-(offsets[:, None] ** 2 + offsets[None] ** 2) / (2 * 1.5**2))
    window /= window.sum()

    def mean(plane):
        return (numpy.lib.stride_tricks.sliding_window_view(plane, (11, 11)) * window).sum(axis=(2, 3))

    result = 1.0
    for scale, weight in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
        if scale:
            a, b = ((p[0::2, 0::2] + p[1::2, 0::2] + p[0::2, 1::2] + p[1::2, 1::2]) / 4 for p in (a, b))
        ma, mb = mean(a), mean(b)
        va, vb, vab = mean(a * a) - ma * ma, mean(b * b) - mb * mb, mean(a * b) - ma * mb
        term = (2 * vab + 58.5225) / (va + vb + 58.5225)
        if scale == 4:
            term = term * (2 * ma * mb + 6.5025) / (ma * ma + mb * mb + 6.5025)
        result *= max(0, term.mean()) ** weight
    return result


def check_ms_ssim():
    random = numpy.random.default_rng(5)
    a = numpy.clip(128 + 60 * numpy.sin(numpy.arange(192)[:, None] / 9) + 20 * random.standard_normal((192, 208)), 0, 255)
    blurred = (a + numpy.roll(a, 1, 0) + numpy.roll(a, 1, 1) + numpy.roll(a, 2, 0)) / 4
    for name, b in (("noise", a + 8 * random.standard_normal(a.shape)), ("blur", blurred), ("brighter", a + 12),
                    ("contrast", (a - 128) * 0.7 + 128)):  # fmt: skip
        near(metrics.ms_ssim(a, b), plain_ms_ssim(a, b), 1e-9, f"MS-SSIM, {name}")
    near(metrics.ms_ssim(a, a), 1, 1e-12, "MS-SSIM of equal pictures")
    near(metrics.decibels(1 - 0.99, 1.0), 20, 1e-9, "MS-SSIM of 0.99 in dB")
    gray = numpy.repeat(numpy.uint8([[[100]]]), 3, axis=2)
    near(metrics.psnr(gray, gray + 5), 10 * math.log10(255**2 / 25), 1e-9, "PSNR")
    near(float(metrics.luma(numpy.array([[[255, 0, 0]]]))), 76.245, 1e-9, "luma of red")


def check_bd_rate():
    anchor = [(0.1 * 2**k, 30 + 2 * k) for k in range(5)]
    percent, low, high = bd_rate.bd_rate(anchor, [(0.8 * r, q) for r, q in anchor])
    near(percent, -20, 1e-9, "BD-rate of a fifth less")
    near(low, 30, 0, "lowest quality"), near(high, 38, 0, "highest quality")
    # From log rates k ln 2 and k ln 4 over qualities 30 + 2 k and 30 + 3 k, both straight: over 30..38 the mean difference
    # is ln 4 / 3 * 4 - ln 2 / 2 * 4.
    steep = [(0.1 * 4**k, 30 + 3 * k) for k in range(4)]
    want = 100 * math.expm1(4 * (math.log(4) / 3 - math.log(2) / 2))
    near(bd_rate.bd_rate(anchor, steep)[0], want, 1e-9, "BD-rate of straight lines")
    # The part that both have in common, 34..38, where the second takes twice the bytes.
    percent, low, high = bd_rate.bd_rate(anchor, [(2 * r, q) for r, q in anchor[2:]] + [(9, 44)])
    near(low, 34, 0, "low end of what is common"), near(high, 38, 0, "high end of what is common")
    if not 95 < percent < 105:
        sys.exit(f"BD-rate of twice the bytes: {percent}")
    near(bd_rate.bd_rate(anchor, list(reversed(anchor)))[0], 0, 1e-12, "BD-rate of a curve in another order")
    # A cubic between two points follows the slopes there: Fritsch and Butland's of (0, 0), (1, 1), (2, 4) is 1.5 at 1.
    near(float(bd_rate.Cubic([0, 1, 2], [0, 1, 4]).slopes[1]), 1.5, 1e-12, "slope of the cubic")
    try:
        bd_rate.bd_rate(anchor, [(1, 50), (2, 52)])
        sys.exit("curves without a common quality have a BD-rate")
    except bd_rate.NoCommonRange:
        pass


class Drawn:
    """A picture as scripts/look/measure.py has it."""

    def __init__(self, clean, pixels):
        self.clean, self.pixels = clean, pixels


def check_smooth():
    clean = numpy.full((384, 512, 3), 128.0)
    clean[:, 300:] = 40  # one edge, beside which two pixels on each side do not count
    flat = numpy.rint(clean).astype(numpy.uint8)
    kept = smooth.mask(clean)
    if kept[:, 297:303].any() or not kept[:, :297].all() or not kept[:, 303:].all():
        sys.exit(f"the mask beside an edge: {kept[0, 294:306]}")
    near(smooth.error(Drawn(clean, flat), flat + 2), 2, 1e-9, "error of a shift by 2")
    ramp = numpy.repeat(numpy.linspace(60, 190, 512)[None, :, None], 3, axis=2).repeat(384, axis=0)
    base = numpy.rint(ramp).astype(numpy.uint8)
    random = numpy.random.default_rng(3)
    y, x = numpy.mgrid[0:384, 0:512]
    noise = numpy.rint(1.5 * random.standard_normal((384, 512)))
    for name, pattern, want in (
        ("noise", 0 * x, None),
        ("a chessboard of blocks of 16 pixels", 1 - 2 * ((x // 16 + y // 16) % 2), (32, 32)),
        ("lines of 8 pixels", numpy.rint(numpy.sin(2 * numpy.pi * y / 8)), (8, 0)),
    ):
        decoded = (base + (noise + pattern)[..., None]).astype(numpy.uint8)
        height, down, across = smooth.peak(smooth.spectrum(Drawn(ramp, base), decoded))
        if want is None and height > 2.5 or want and (height < 10 or (down, across) != want):
            sys.exit(f"spectrum of {name}: a peak of {height} at {down}x{across}")


def check_skies():
    first, again, other = skies.draw(), skies.draw(), skies.draw(seed=2)
    if len(first) != 12 or any(pixels.shape != (384, 512, 3) for _, pixels, _ in first):
        sys.exit("not twelve skies of 512x384 pixels")
    for (name, pixels, clean), (_, same, _), (_, differs, _) in zip(first, again, other):
        if not (pixels == same).all() or (pixels == differs).all():
            sys.exit(f"{name}: does not follow from the seed")
        share = smooth.mask(clean).mean()
        noise = (pixels - clean)[smooth.mask(clean)].std()
        wanted = {"grain": 2.5, "stars": 1.0, "moon": 1.0, "bokeh": 0.8}.get(name, 0.6)
        if share < 0.6:
            sys.exit(f"{name}: only {share:.2f} of it is smooth")
        near(noise, math.hypot(wanted, 1 / math.sqrt(12)), 0.06, f"noise of {name}")


check_ms_ssim(), check_bd_rate(), check_smooth(), check_skies()
print("ok")
