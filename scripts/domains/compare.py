#!/usr/bin/env python3
"""Bytes at equal PSNR of two models, AVIF and lossless files on a folder of PNG images.

    scripts/domains/compare.py heldout/ --released released.csv --tuned tuned.csv [--lossless AECOMP]

The CSV files are from `aecomp eval --csv`. Runs avifenc, avifdec and cwebp (Debian: libavif-bin, webp). Rate is the size of the files,
PSNR that of the 8-bit RGB pictures, both averaged over images. The BD-rate (Bjontegaard: the mean difference of log rate, between curves
drawn through the points by monotone cubic pieces) is over the widest range of whole dB that all curves span, unless --range names one.
With --lossless the models need at most what lossless files of AECOMP, the program, need on average: `aecomp compress` writes a picture of
flat areas without loss where that takes fewer bytes. Needs python3-numpy and python3-pil.
"""

import argparse
import csv
import glob
import os
import subprocess
import sys
import tempfile

import numpy
from PIL import Image

AVIF_LEVELS = (4, 10, 16, 22, 28, 34, 40, 46, 52, 58, 63)


def pixels(path):
    return numpy.asarray(Image.open(path).convert("RGB"), dtype=float)


def psnr(a, b):
    return 10 * numpy.log10(255**2 / numpy.mean((a - b) ** 2))


def curve_of_csv(path):
    """[(bpp, psnr)], a row a quality, means over images."""
    rows = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            if row["codec"] == "aecomp":
                rows.setdefault(float(row["quality"]), []).append((float(row["bpp"]), float(row["psnr"])))
    return [tuple(numpy.mean(rows[quality], axis=0)) for quality in sorted(rows)]


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def curve_of_avif(files):
    curve = []
    with tempfile.TemporaryDirectory() as folder:
        coded, decoded = os.path.join(folder, "a.avif"), os.path.join(folder, "a.png")
        for level in reversed(AVIF_LEVELS):
            points = []
            for path in files:
                # tune=psnr: what is compared is what the encoder aims at.
                run("avifenc", "-s", "6", "--yuv", "444", "--min", "0", "--max", "63", "-a", "end-usage=q", "-a", f"cq-level={level}", "-a", "tune=psnr", path, coded)
                run("avifdec", coded, decoded)
                image = pixels(path)
                points.append((8 * os.path.getsize(coded) / (image.size / 3), psnr(image, pixels(decoded))))
            curve.append(tuple(numpy.mean(points, axis=0)))
    return curve


def lossless_rate(files, *command):
    """Bits per pixel of what `command IMAGE -o FILE` writes."""
    rates = []
    with tempfile.TemporaryDirectory() as folder:
        coded = os.path.join(folder, "coded")
        for path in files:
            run(*command, path, "-o", coded)
            rates.append(8 * os.path.getsize(coded) / (pixels(path).size / 3))
            os.remove(coded)
    return numpy.mean(rates)


def slopes(x, y):
    """Of the monotone cubic interpolation of Fritsch and Butland (PCHIP)."""
    h, d = numpy.diff(x), numpy.diff(y) / numpy.diff(x)
    m = numpy.zeros(len(x))
    for k in range(1, len(x) - 1):
        if d[k - 1] * d[k] > 0:
            a, b = 2 * h[k] + h[k - 1], h[k] + 2 * h[k - 1]
            m[k] = (a + b) / (a / d[k - 1] + b / d[k])
    for end, i, j in ((0, 0, 1), (-1, -1, -2)):
        if len(d) == 1:
            m[end] = d[0]
            continue
        m[end] = ((2 * h[i] + h[j]) * d[i] - h[i] * d[j]) / (h[i] + h[j])
        if m[end] * d[i] <= 0:
            m[end] = 0
        elif d[i] * d[j] <= 0 and abs(m[end]) > 3 * abs(d[i]):
            m[end] = 3 * d[i]
    return m


def log_rate(curve, at):
    """Log rate at the PSNRs `at`."""
    y, x = numpy.log(numpy.array(curve)[:, 0]), numpy.array(curve)[:, 1]
    order = numpy.argsort(x)
    x, y = x[order], y[order]
    m, k = slopes(x, y), numpy.clip(numpy.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    h = x[k + 1] - x[k]
    t = (at - x[k]) / h
    return (1 + 2 * t) * (1 - t) ** 2 * y[k] + t * (1 - t) ** 2 * h * m[k] + t * t * (3 - 2 * t) * y[k + 1] + t * t * (t - 1) * h * m[k + 1]


def bd_rate(curve, anchor, low, high, most=numpy.inf):
    """most: of the rate of `curve`."""
    at = numpy.linspace(low, high, 2001)
    difference = numpy.minimum(log_rate(curve, at), numpy.log(most)) - log_rate(anchor, at)
    return 100 * (numpy.exp(0.5 * numpy.mean(difference[1:] + difference[:-1])) - 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--released", required=True)
    parser.add_argument("--tuned", required=True)
    parser.add_argument("--lossless", metavar="AECOMP", help="with lossless files of this program and of WebP")
    parser.add_argument("--range", help="LOW,HIGH in dB")
    args = parser.parse_args()
    files = sorted(glob.glob(os.path.join(args.folder, "*.png")))
    curves = {"fine-tuned": curve_of_csv(args.tuned), "released": curve_of_csv(args.released), "AVIF": curve_of_avif(files)}
    for name, curve in curves.items():
        print(f"{name:>10}  " + "  ".join(f"{rate:.3f} bpp {quality:.2f} dB" for rate, quality in curve))
    widest = (max(min(p for _, p in c) for c in curves.values()), min(max(p for _, p in c) for c in curves.values()))
    low, high = map(float, args.range.split(",")) if args.range else (numpy.ceil(widest[0]), numpy.floor(widest[1]))
    if low >= high or low < widest[0] or high > widest[1]:
        sys.exit(f"compare.py: all curves span {widest[0]:.2f} to {widest[1]:.2f} dB only; choose another --range")
    print(f"\nmean of {len(files)} images, bits per pixel at equal PSNR; the last column is the BD-rate over {low:g} to {high:g} dB\n")
    most = lossless_rate(files, args.lossless, "compress", "--lossless") if args.lossless else numpy.inf
    levels = numpy.linspace(low, high, 5)
    print("| | " + " | ".join(f"{level:.1f} dB" for level in levels) + " | fine-tuned against it |\n|" + "---|" * 7)
    for name, curve in curves.items():
        rates = numpy.exp(log_rate(curve, levels))
        rates = " | ".join(f"{rate:.3f}" for rate in (rates if name == "AVIF" else numpy.minimum(rates, most)))
        against = "" if name == "fine-tuned" else f"{bd_rate(curves['fine-tuned'], curve, low, high):+.1f} %"
        if args.lossless and against:
            against += " by the network alone"
        if args.lossless and name == "AVIF":
            against = f"{bd_rate(curves['fine-tuned'], curve, low, high, most):+.1f} %, {against}"
        print(f"| {name} | {rates} | {against} |")
    if args.lossless:
        webp = lossless_rate(files, "cwebp", "-quiet", "-lossless", "-z", "9")
        print(f"\nlossless: aecomp {most:.3f}, WebP {webp:.3f} bpp")


if __name__ == "__main__":
    main()
