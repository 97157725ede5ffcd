#!/usr/bin/env python3
"""Renders a landscape of photographic character: data/sample.png, and images for the tests.

Deterministic for a seed; needs nothing but Python's standard library. The scene: a sky with clouds and a sun, ridges of
hills in haze, a meadow with flowers, and spheres with shadows and reflections.

    scripts/make_sample.py data/sample.png
    scripts/make_sample.py --seed 3 --width 160 --height 128 --samples 1 out.ppm
"""

import argparse
import math
import random
import struct
import zlib

LATTICE = 256  # noise repeats after so many cells


class Noise:
    """Value noise: random values on a lattice, smoothly interpolated."""

    def __init__(self, seed):
        generator = random.Random(seed)
        self.values = [generator.random() for _ in range(LATTICE * LATTICE)]

    def at(self, x, y):
        i, j = math.floor(x), math.floor(y)
        u, v = x - i, y - j
        u, v = u * u * (3 - 2 * u), v * v * (3 - 2 * v)
        i0, i1 = i % LATTICE, (i + 1) % LATTICE
        j0, j1 = j % LATTICE * LATTICE, (j + 1) % LATTICE * LATTICE
        t = self.values
        top = t[j0 + i0] + (t[j0 + i1] - t[j0 + i0]) * u
        return top + (t[j1 + i0] + (t[j1 + i1] - t[j1 + i0]) * u - top) * v

    def fractal(self, x, y, octaves):
        total, weight = 0.0, 0.5
        for _ in range(octaves):
            total += weight * self.at(x, y)
            x, y, weight = 2.03 * x + 17.3, 2.03 * y + 9.1, 0.5 * weight
        return total / (1 - 2 * weight)


def mix(a, b, t):
    t = min(1.0, max(0.0, t))
    return tuple(p + (q - p) * t for p, q in zip(a, b))


def dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def along(a, b, t):
    return (a[0] + b[0] * t, a[1] + b[1] * t, a[2] + b[2] * t)


def unit(a):
    return tuple(p / math.sqrt(dot(a, a)) for p in a)


class Scene:
    """Colours (linear RGB) along rays. y points up, the camera looks along z."""

    def __init__(self, seed):
        generator = random.Random(seed)
        self.noise = Noise(seed)
        self.shift = 40 * generator.random()
        self.sun = unit((0.9 * generator.random() - 0.6, 0.42, 0.45))
        hue = generator.random()
        self.spheres = [self.make_sphere(generator, hue + k / 3, k) for k in range(3)]

    @staticmethod
    def make_sphere(generator, hue, k):
        radius = 0.30 + 0.28 * generator.random()
        centre = (1.35 * (k - 1) + 0.5 * generator.random() - 0.2, radius, 3.1 + 1.6 * generator.random())
        colour = tuple(0.12 + 0.75 * (0.5 + 0.5 * math.cos(2 * math.pi * (hue + c / 3))) ** 1.6 for c in range(3))
        return centre, radius, colour, (0.12, 0.55, 0.2)[k]

    def sky(self, d):
        colour = mix((0.62, 0.74, 0.86), (0.10, 0.26, 0.62), d[1] * 1.9)
        glow = max(0.0, dot(d, self.sun))
        colour = along(colour, (1.0, 0.78, 0.45), 0.35 * glow**10 + 1.5 * glow**900)
        if d[1] > 0.015:
            x, y = 1.6 * d[0] / (d[1] + 0.12) + self.shift, 1.6 * d[2] / (d[1] + 0.12)
            cover = self.noise.fractal(x, y, 6)
            lit = self.noise.fractal(x + 0.25 * self.sun[0], y + 0.25, 4)
            shade = 0.72 + 0.9 * (cover - lit) + 0.25 * glow**4
            colour = mix(colour, (shade, shade * 0.98, shade * 0.97), (cover - 0.5) * 5 * min(1, d[1] * 9))
        return colour

    def hills(self, d):
        """The nearest ridge along the ray, or None above all of them."""
        azimuth, height = math.atan2(d[0], d[2]), d[1]
        for k in range(4):
            ridge = 0.012 + 0.05 * (k + 0.4) * self.noise.fractal(3.5 * azimuth * (1 + 0.5 * (3 - k)) + 31 * k + self.shift, k, 6)
            if height < ridge:
                grain = self.noise.fractal(160 * azimuth / (k + 1), 260 * height / (k + 1) + 7 * k, 5)
                slope = self.noise.fractal(22 * azimuth + 3 * k, 40 * height, 3)
                green = mix((0.03, 0.07, 0.02), (0.20, 0.22, 0.07), 1.9 * grain - 0.45)
                lit = tuple(c * (0.45 + 1.1 * slope) for c in green)
                return mix(lit, (0.50, 0.62, 0.76), (0.18, 0.45, 0.64, 0.80)[k])
        return None

    def ground(self, p, distance):
        x, z = 1.7 * p[0] + self.shift, 1.7 * p[2]
        patch, blades = self.noise.fractal(x, z, 4), self.noise.fractal(34 * x, 9 * z, 4)
        colour = mix((0.06, 0.13, 0.02), (0.34, 0.36, 0.10), 1.5 * patch - 0.25)
        colour = tuple(c * (0.35 + 1.25 * blades) for c in colour)
        cell = (math.floor(9 * p[0]), math.floor(9 * p[2]))
        dice = self.noise.at(cell[0] * 7 + 0.5, cell[1] * 13 + 0.5)
        if dice > 0.56:  # a flower somewhere in the cell
            u, v = 9 * p[0] - cell[0] - 0.5 - 2 * (dice - 0.66), 9 * p[2] - cell[1] - 0.5
            petals = ((0.85, 0.12, 0.10), (0.90, 0.75, 0.08), (0.80, 0.80, 0.85), (0.45, 0.15, 0.65))[(cell[0] + 3 * cell[1]) % 4]
            colour = mix(petals, colour, 9 * (u * u + v * v) ** 0.5 - 1.2)
        light = self.shadow(p) * (0.9 + 0.1 * patch)
        colour = tuple(c * (0.30 + 1.0 * light) for c in colour)
        return mix(colour, (0.42, 0.52, 0.58), 1 - math.exp(-distance / 60))

    def shadow(self, p):
        """1 in the sun, less in the (soft) shadow of a sphere."""
        light = 1.0
        for centre, radius, _, _ in self.spheres:
            to = along(centre, p, -1)
            t = dot(to, self.sun)
            if t > 0:
                miss = math.sqrt(max(0.0, dot(to, to) - t * t)) / radius
                light = min(light, max(0.0, min(1.0, (miss - 0.75) / 0.45)))
            near = math.sqrt(dot((to[0], 0, to[2]), (to[0], 0, to[2]))) / radius
            light *= 1 - 0.55 * math.exp(-2.2 * near * near)
        return light

    def hit(self, origin, d, but=None):
        best = (1e9, None)
        for sphere in self.spheres:
            if sphere is but:
                continue
            to = along(sphere[0], origin, -1)
            b = dot(to, d)
            disc = b * b - dot(to, to) + sphere[1] ** 2
            if disc > 0 and 1e-4 < b - math.sqrt(disc) < best[0]:
                best = (b - math.sqrt(disc), sphere)
        return best

    def sphere(self, p, d, sphere):
        centre, radius, colour, shine = sphere
        normal = tuple((a - b) / radius for a, b in zip(p, centre))
        veins = self.noise.fractal(5 * normal[0] + 8 * centre[0], 5 * normal[1] + 3 * normal[2], 5)
        colour = mix(colour, tuple(0.25 * c + 0.05 for c in colour), 4 * abs(math.sin(9 * veins)) - 2.7)
        diffuse = max(0.0, dot(normal, self.sun)) * self.shadow(along(p, normal, 0.3))
        ambient = 0.22 + 0.18 * normal[1]
        bounce = along(d, normal, -2 * dot(d, normal))
        fresnel = shine + (1 - shine) * (1 + min(0.0, dot(d, normal))) ** 4
        lit = tuple(c * (ambient + diffuse) for c in colour)
        reflected = self.trace(p, bounce, but=sphere)
        highlight = 0.9 * max(0.0, dot(bounce, self.sun)) ** 90
        return tuple(a + (r - a) * 0.8 * fresnel + highlight for a, r in zip(lit, reflected))

    def trace(self, origin, d, but=None):
        t, sphere = self.hit(origin, d, but)
        floor = -origin[1] / d[1] if d[1] < -1e-6 else 1e9
        if sphere is not None and t < floor:
            p = along(origin, d, t)
            if but is not None:  # one bounce is enough
                return tuple(0.5 * c for c in sphere[2])
            return self.sphere(p, d, sphere)
        if floor < 400:
            return self.ground(along(origin, d, floor), floor)
        return self.hills(d) or self.sky(d)


def render(width, height, seed, samples, blur):
    """Rows of 8-bit RGB. Rays of a pixel cover `blur` pixels each way."""
    scene, grain = Scene(seed), random.Random(seed + 1)
    offsets = [blur * (k + 0.5) / samples - (blur - 1) / 2 for k in range(samples)]
    for y in range(height):
        row = bytearray()
        for x in range(width):
            total = [0.0, 0.0, 0.0]
            for v in offsets:
                for u in offsets:
                    d = unit(((x + u - width / 2) / height, 0.40 - (y + v) / height, 1.05))
                    total = along(total, scene.trace((0.0, 1.0, 0.0), d), 1 / samples**2)
            noise = grain.gauss(0, 1.1)
            gray = sum(total) / 3
            for c in total:
                tone = 1 - math.exp(-1.7 * max(0.0, gray + 1.35 * (c - gray)))  # saturation, a film-like shoulder
                row.append(min(255, max(0, round(255 * tone ** (1 / 1.7) + noise))))
        yield bytes(row)


def png(width, height, rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def filtered(rows):
        above = bytes(3 * width)
        for row in rows:  # filter 4, Paeth
            line = bytearray([4])
            for i, value in enumerate(row):
                a, b, c = (row[i - 3] if i > 2 else 0), above[i], (above[i - 3] if i > 2 else 0)
                pa, pb, pc = abs(b - c), abs(a - c), abs(a + b - 2 * c)
                line.append((value - (a if pa <= pb and pa <= pc else b if pb <= pc else c)) % 256)
            above = row
            yield bytes(line)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(filtered(rows)), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", help=".png or .ppm")
    parser.add_argument("--width", type=int, default=384)
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--samples", type=int, default=4, help="rays a pixel, each way")
    parser.add_argument("--blur", type=float, default=2, help="pixels that a pixel's rays cover each way; a lens and a sensor blur by about 2")
    args = parser.parse_args()
    rows = render(args.width, args.height, args.seed, args.samples, args.blur)
    if args.output.endswith(".ppm"):
        data = b"P6\n%d %d\n255\n" % (args.width, args.height) + b"".join(rows)
    else:
        data = png(args.width, args.height, rows)
    with open(args.output, "wb") as file:
        file.write(data)


if __name__ == "__main__":
    main()
