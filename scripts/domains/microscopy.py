#!/usr/bin/env python3
"""Synthetic light microscopy: fluorescence (three channels in false colours) and stained tissue in bright field.

    scripts/domains/microscopy.py train/ --count 120 --seed 1
    scripts/domains/microscopy.py heldout/ --count 10 --seed 3

Writes NNN.png, 768x768 RGB. An image depends on its seed and number only. What the picture goes through is what a camera on a
microscope does: objects at several depths, blur by the optics (a core and a wide halo), uneven illumination, Poisson noise of the
photons, read noise, black level, 8 bits. Magnification, density, stains and exposure differ from image to image.
Needs python3-numpy and python3-pil.
"""

import argparse
import multiprocessing
import os

import numpy
from PIL import Image

SIZE = 768
FALSE_COLOURS = (  # of the nuclei, of the filaments, of the spots
    ((0.10, 0.25, 1.0), (0.15, 1.0, 0.20), (1.0, 0.15, 0.10)),
    ((0.15, 0.45, 1.0), (1.0, 0.20, 0.15), (0.35, 1.0, 0.25)),
    ((0.10, 0.75, 1.0), (1.0, 0.20, 0.85), (1.0, 0.85, 0.20)),
    ((0.80, 0.80, 0.80), (0.10, 0.90, 0.35), (1.0, 0.25, 0.80)),
)
HAEMATOXYLIN = numpy.array((0.65, 0.70, 0.29))  # absorbance of R, G, B
EOSIN = numpy.array((0.07, 0.95, 0.25))


class Field:
    """Filters of SIZE x SIZE planes in the frequency domain."""

    def __init__(self, random):
        self.random = random
        f = numpy.fft.fftfreq(SIZE)
        self.fx, self.fy = numpy.fft.rfftfreq(SIZE)[None, :], f[:, None]
        self.f2 = self.fx**2 + self.fy**2

    def gauss(self, sigma):
        return numpy.exp(-2 * numpy.pi**2 * sigma**2 * self.f2)

    def filter(self, plane, transfer):
        return numpy.fft.irfft2(numpy.fft.rfft2(plane) * transfer, s=(SIZE, SIZE))

    def blur(self, plane, sigma):
        return self.filter(plane, self.gauss(sigma))

    def optics(self, plane, sigma, halo):
        """Point spread function: most light in a core, the rest spread far by what is out of focus."""
        return self.filter(plane, (1 - halo) * self.gauss(sigma) + halo * self.gauss(6 * sigma + 4))

    def noise(self, coarse, fine, stretch=1.0, angle=0.0):
        """Noise between two scales in pixels, mean 0 and deviation 1, drawn out along a direction."""
        u = self.fx * numpy.cos(angle) + self.fy * numpy.sin(angle)
        v = self.fy * numpy.cos(angle) - self.fx * numpy.sin(angle)
        f2 = (u * stretch) ** 2 + (v / stretch) ** 2
        band = numpy.exp(-2 * (numpy.pi * fine) ** 2 * f2) / (f2 * coarse**2 + 1) ** 0.75
        plane = self.filter(self.random.standard_normal((SIZE, SIZE)), band)
        return (plane - plane.mean()) / plane.std()


class Blob:
    """A rounded outline: an ellipse with a few waves, as `inside`, rising from 0 at the edge to 1 in the middle, around x, y."""

    def __init__(self, random, x, y, radius, ragged):
        self.x, self.y, self.radius = x, y, radius
        self.angle = random.uniform(0, numpy.pi)
        self.long = random.uniform(1.0, 1.45)
        orders = numpy.arange(2, 6)
        self.waves = [(k, ragged * random.normal() / k, random.uniform(0, 2 * numpy.pi)) for k in orders]

    def inside(self, reach=1.0):
        """Slices of the image, and there: 1 - (distance to the centre) / (outline in that direction), below 0 outside."""
        extent = int(self.radius * reach * 2.2) + 2
        x0, x1 = max(0, int(self.x) - extent), min(SIZE, int(self.x) + extent)
        y0, y1 = max(0, int(self.y) - extent), min(SIZE, int(self.y) + extent)
        if x0 >= x1 or y0 >= y1:
            return None
        dy, dx = numpy.mgrid[y0:y1, x0:x1].astype(float)
        dx, dy = dx - self.x, dy - self.y
        u = (dx * numpy.cos(self.angle) + dy * numpy.sin(self.angle)) / self.long
        v = (dy * numpy.cos(self.angle) - dx * numpy.sin(self.angle)) * self.long**0.5
        theta = numpy.arctan2(v, u)
        outline = self.radius * reach * (1 + sum(a * numpy.cos(k * theta + p) for k, a, p in self.waves))
        return (slice(y0, y1), slice(x0, x1)), 1 - numpy.hypot(u, v) / outline


def ramp(t):
    return numpy.clip(t, 0.0, 1.0)


def place_cells(random, radius, count, spacing):
    """Centres at least spacing*radius apart, as far as that can be done; a few beyond the border, so that it cuts cells."""
    centres = []
    for _ in range(40 * count):
        p = random.uniform(-radius, SIZE + radius, 2)
        if all((p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2 > (spacing * radius) ** 2 for q in centres):
            centres.append(p)
        if len(centres) == count:
            break
    return centres


def splat(plane, x, y, value):
    """Adds points at fractional places."""
    keep = (x >= 0) & (y >= 0) & (x < SIZE - 1) & (y < SIZE - 1)
    x, y, value = x[keep], y[keep], numpy.broadcast_to(value, keep.shape)[keep]
    i, j = x.astype(int), y.astype(int)
    u, v = x - i, y - j
    flat = plane.reshape(-1)
    for dj, wy in ((0, 1 - v), (1, v)):
        for di, wx in ((0, 1 - u), (1, u)):
            flat += numpy.bincount((j + dj) * SIZE + i + di, value * wx * wy, SIZE * SIZE)


def filaments(random, cell, count, straight):
    """Points x, y, value on fibres of the cytoskeleton: from around the nucleus outwards, or straight across the cell."""
    length = int(cell.radius * random.uniform(2.2, 3.2))
    steps = numpy.arange(length)
    if straight:
        heading = cell.angle + random.normal(0, 0.12, (count, 1))
        x0 = cell.x + random.normal(0, 0.9 * cell.radius, (count, 1)) - 0.5 * length * numpy.cos(heading)
        y0 = cell.y + random.normal(0, 0.9 * cell.radius, (count, 1)) - 0.5 * length * numpy.sin(heading)
        bend = 0.002
    else:
        heading = random.uniform(0, 2 * numpy.pi, (count, 1))
        x0 = cell.x + 0.8 * cell.radius * numpy.cos(heading) * random.uniform(0.4, 1.2, (count, 1))
        y0 = cell.y + 0.8 * cell.radius * numpy.sin(heading) * random.uniform(0.4, 1.2, (count, 1))
        heading = heading + random.normal(0, 0.5, (count, 1))
        bend = 0.02
    turn = numpy.cumsum(random.normal(0, bend, (count, length)), axis=1)
    headings = heading + numpy.cumsum(turn, axis=1) * 0.25 + turn
    x, y = x0 + numpy.cumsum(numpy.cos(headings), axis=1), y0 + numpy.cumsum(numpy.sin(headings), axis=1)
    taper = numpy.clip((1 - steps / length) * 3, 0, 1) * numpy.clip(steps / 8, 0, 1)
    value = taper[None, :] * random.gamma(3.0, 0.33, (count, 1))
    return x.ravel(), y.ravel(), value.ravel()


def draw_nucleus(field, nucleus, plane, chromatin, level):
    random = field.random
    found = nucleus.inside()
    if found is None:
        return
    where, depth = found
    body = ramp(depth * nucleus.radius / 2.5) * (0.55 + 0.45 * numpy.sqrt(ramp(depth)))
    texture = 1 + random.uniform(0.08, 0.25) * chromatin[where]
    if random.random() < 0.06:  # dividing: condensed, brighter, narrow
        body, texture = ramp((depth - 0.45) * nucleus.radius / 3) * 2.2, 1.0
    y, x = numpy.ogrid[where]
    for _ in range(random.integers(1, 5)):  # nucleoli take no dye
        r, a = 0.6 * nucleus.radius * random.random(), random.uniform(0, 2 * numpy.pi)
        dx, dy = x - nucleus.x - r * numpy.cos(a), y - nucleus.y - r * numpy.sin(a)
        distance = numpy.hypot(dx, dy) / (nucleus.radius * random.uniform(0.1, 0.22))
        body = body * (1 - 0.45 * ramp(2.2 - 2 * distance))
    plane[where] += level * body * texture


def fluorescence(field):
    """Light of three dyes [3, SIZE, SIZE], about 0 to 1, before optics and camera."""
    random = field.random
    radius = numpy.exp(random.uniform(numpy.log(13), numpy.log(62)))  # of a nucleus: the magnification
    fullness = random.uniform(0.25, 1.0)
    count = int(fullness * (SIZE + 2 * radius) ** 2 / (7.5 * radius**2)) + 1
    centres = place_cells(random, radius, count, random.uniform(1.9, 2.6))
    chromatin = field.noise(radius / 3, radius / 25 + 0.5)
    granular = field.noise(radius / 2, 1.0)
    straight = random.random() < 0.45
    fibres = int(random.uniform(25, 70) * (radius / 30) ** 0.5)
    dyes, below = numpy.zeros((3, SIZE, SIZE)), numpy.zeros((3, SIZE, SIZE))
    points = {(name, dye): [] for name in ("sharp", "blurred") for dye in (1, 2)}  # of fibres and spots
    for x, y in centres:
        name, planes = ("blurred", below) if random.random() < 0.15 else ("sharp", dyes)  # in another plane: blurred
        nucleus = Blob(random, x, y, radius * random.uniform(0.8, 1.2), 0.12)
        draw_nucleus(field, nucleus, planes[0], chromatin, random.gamma(14, 1 / 14))
        body = Blob(random, x + random.normal(0, 0.3 * radius), y + random.normal(0, 0.3 * radius), nucleus.radius, 0.35)
        found = body.inside(reach=2.1)
        if found is not None:
            where, depth = found
            level = random.gamma(6, 1 / 6)
            planes[1][where] += 0.16 * level * ramp(depth * 2)
            planes[2][where] += 0.20 * random.gamma(3, 1 / 3) * ramp(depth * 1.5) * (1 + 0.35 * granular[where])
        x1, y1, value = filaments(random, nucleus, fibres, straight)
        points[name, 1].append((x1, y1, 0.8 * value))
        spots = random.poisson(random.uniform(5, 90))
        r, a = nucleus.radius * random.uniform(0.9, 2.3, spots), random.uniform(0, 2 * numpy.pi, spots)
        points[name, 2].append((x + r * numpy.cos(a), y + r * numpy.sin(a), random.gamma(1.5, 3.0, spots)))
    for (name, dye), parts in points.items():
        if parts:
            splat((below if name == "blurred" else dyes)[dye], *(numpy.concatenate(p) for p in zip(*parts)))
    spread = random.uniform(4, 9)
    haze = field.noise(160, 25)
    for k in range(3):
        dyes[k] += field.blur(below[k], spread) + random.uniform(0.01, 0.04) * (1 + 0.4 * haze)
    return numpy.maximum(dyes, 0)


def illumination(field, depth):
    """Brighter around a point near the middle, 1 there."""
    y, x = numpy.mgrid[0:SIZE, 0:SIZE] / SIZE - 0.5
    cx, cy = field.random.normal(0, 0.15, 2)
    return 1 - depth * numpy.minimum(1, 1.6 * ((x - cx) ** 2 + (y - cy) ** 2))


def camera(field, light, full_well, read_noise):
    """Photons counted: Poisson noise, then the amplifier's; back to 0..1."""
    electrons = field.random.poisson(numpy.maximum(light, 0) * full_well)
    return (electrons + field.random.normal(0, read_noise, light.shape)) / full_well


def fluorescence_image(field):
    random = field.random
    dyes = fluorescence(field)
    colours = FALSE_COLOURS[random.integers(len(FALSE_COLOURS))]
    sigma, halo = random.uniform(0.9, 1.8), random.uniform(0.08, 0.3)
    light = illumination(field, random.uniform(0.1, 0.5))
    used = [True, random.random() < 0.85, random.random() < 0.75]
    rgb = numpy.zeros((SIZE, SIZE, 3))
    for k in range(3):
        if not used[k]:
            continue
        seen = field.optics(dyes[k], sigma * (0.9 + 0.1 * k), halo) * light
        seen *= random.uniform(0.75, 1.0) / numpy.quantile(seen, 0.995)
        shot = camera(field, seen, numpy.exp(random.uniform(numpy.log(150), numpy.log(2500))), random.uniform(1.0, 3.0))
        shown = numpy.clip(shot - random.uniform(0.0, 0.02), 0, None) ** random.uniform(0.8, 1.0)
        rgb += shown[:, :, None] * numpy.array(colours[k])
    return rgb


def tissue_image(field):
    """Stained sections: nuclei blue-violet, everything else pink, empty spaces nearly white."""
    random = field.random
    radius = numpy.exp(random.uniform(numpy.log(5), numpy.log(24)))
    angle, stretch = random.uniform(0, numpy.pi), random.uniform(1.2, 2.6)
    structure = field.noise(14 * radius, 2.5 * radius, random.uniform(1, 1.6), angle)
    holes = ramp((structure - random.uniform(0.5, 1.7)) * 4)
    fibres = field.noise(6 * radius, 0.25 * radius + 0.6, stretch, angle)
    grain = field.noise(radius, 0.8)
    eosin = (0.45 + 0.16 * fibres + 0.05 * grain + 0.12 * field.noise(120, 20)) * (1 - holes)
    blue = 0.06 * (1 - holes) * (1 + 0.3 * grain)
    chromatin = field.noise(radius / 2, 0.9)
    crowd = field.noise(10 * radius, 4 * radius)
    count = int(random.uniform(0.25, 0.8) * SIZE**2 / (12 * radius**2))
    for x, y in place_cells(random, radius, min(count, 900), random.uniform(1.5, 2.2)):
        i, j = int(numpy.clip(y, 0, SIZE - 1)), int(numpy.clip(x, 0, SIZE - 1))
        if holes[i, j] > 0.3 or crowd[i, j] < random.normal(-0.9, 0.5):
            continue
        nucleus = Blob(random, x, y, radius * random.uniform(0.6, 1.25), 0.1)
        if random.random() < 0.35:  # along the fibres
            nucleus.angle, nucleus.long = angle + random.normal(0, 0.2), random.uniform(1.6, 2.6)
        found = nucleus.inside()
        if found is None:
            continue
        where, depth = found
        edge = ramp(depth * nucleus.radius / 1.8)
        stain = random.uniform(0.5, 1.1) * (0.75 + 0.2 * chromatin[where] + 0.25 * (depth < 0.25))
        blue[where] = numpy.maximum(blue[where], edge * stain)
    strength = random.uniform(0.7, 1.2, 2)
    absorbed = strength[0] * numpy.maximum(blue, 0)[:, :, None] * HAEMATOXYLIN
    absorbed = absorbed + strength[1] * numpy.maximum(eosin, 0)[:, :, None] * EOSIN
    lamp = numpy.array((0.96, 0.95, 0.95)) * random.uniform(0.93, 1.0, 3)
    light = lamp * numpy.exp(-1.5 * absorbed) * illumination(field, random.uniform(0.03, 0.2))[:, :, None]
    sigma, electrons = random.uniform(0.7, 1.4), numpy.exp(random.uniform(numpy.log(1500), numpy.log(9000)))
    planes = [field.optics(light[:, :, c], sigma * (0.95 + 0.06 * c), 0.06) for c in range(3)]
    return camera(field, numpy.stack(planes, axis=2), electrons, random.uniform(2, 6)) ** 0.8


def make_image(seed, number):
    field = Field(numpy.random.default_rng([seed, number]))
    kind = tissue_image if number % 5 in (1, 4) else fluorescence_image
    return Image.fromarray(numpy.uint8(numpy.rint(255 * numpy.clip(kind(field), 0, 1))), "RGB")


def write_image(folder, seed, number):
    make_image(seed, number).save(os.path.join(folder, f"{number:03d}.png"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    os.makedirs(args.folder, exist_ok=True)
    with multiprocessing.Pool() as pool:
        pool.starmap(write_image, [(args.folder, args.seed, number) for number in range(args.count)])


if __name__ == "__main__":
    main()
