"""Distances between two pictures: PSNR, MS-SSIM of luma in decibels, Butteraugli.

Pictures are arrays [height, width, 3] of uint8. All three are given so that more is better and steps are about even:
PSNR in dB, MS-SSIM as -10 log10(1 - MS-SSIM), Butteraugli as -10 log10(distance).
"""

import math
import subprocess

import numpy

METRICS = ("psnr", "ms_ssim", "butteraugli")
LABELS = {"psnr": "PSNR", "ms_ssim": "MS-SSIM", "butteraugli": "Butteraugli"}
MOST = 100.0  # dB, of equal pictures

_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_WINDOW = 11
_SIGMA = 1.5
SMALLEST = _WINDOW * 2 ** (len(_WEIGHTS) - 1)  # the shorter side of a picture whose fifth scale holds a window


def luma(picture):
    """Luma of BT.601 in full range, not rounded. [height, width]"""
    return picture @ numpy.array([0.299, 0.587, 0.114])


def decibels(mean_square_error, peak=255.0):
    return MOST if mean_square_error <= 0 else min(MOST, 10 * math.log10(peak**2 / mean_square_error))


def psnr(a, b):
    difference = a.astype(numpy.float64) - b
    return decibels(float(numpy.mean(difference * difference)))


def gaussian(size, sigma):
    offsets = numpy.arange(size) - (size - 1) / 2
    weights = numpy.exp(-(offsets**2) / (2 * sigma**2))
    return weights / weights.sum()


def filter_valid(plane, window):
    """Filters rows, then columns, with a window; only places where it fits."""
    size = len(window)
    rows = sum(w * plane[i : plane.shape[0] - size + 1 + i] for i, w in enumerate(window))
    return sum(w * rows[:, i : plane.shape[1] - size + 1 + i] for i, w in enumerate(window))


def _similarity(a, b):
    """Means of SSIM and of its contrast-structure term on one scale. Planes are centred on 0 for precision."""
    c1, c2, middle = (0.01 * 255) ** 2, (0.03 * 255) ** 2, 128.0
    window = gaussian(_WINDOW, _SIGMA)
    mean_a, mean_b, aa, bb, ab = (filter_valid(p, window) for p in (a, b, a * a, b * b, a * b))
    contrast = (2 * (ab - mean_a * mean_b) + c2) / (aa - mean_a**2 + bb - mean_b**2 + c2)
    la, lb = mean_a + middle, mean_b + middle
    return float(numpy.mean(contrast * (2 * la * lb + c1) / (la**2 + lb**2 + c1))), float(numpy.mean(contrast))


def _halve(plane):
    height, width = plane.shape[0] // 2 * 2, plane.shape[1] // 2 * 2
    return plane[:height, :width].reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))


def ms_ssim(a, b):
    """Multi-scale structural similarity of two luma planes (Wang, Simoncelli, Bovik, "Multi-scale structural similarity
    for image quality assessment", Asilomar 2003): five scales, a Gaussian window of 11 taps and sigma 1.5."""
    if min(a.shape) < SMALLEST:
        raise ValueError(f"MS-SSIM needs pictures of at least {SMALLEST} pixels a side, this one is {a.shape[1]}x{a.shape[0]}")
    a, b = a - 128.0, b - 128.0
    product = 1.0
    for scale, weight in enumerate(_WEIGHTS):
        if scale:
            a, b = _halve(a), _halve(b)
        full, contrast = _similarity(a, b)
        product *= max(0.0, full if scale == len(_WEIGHTS) - 1 else contrast) ** weight
    return product


def ms_ssim_decibels(a, b):
    """Of the luma of two pictures."""
    return decibels(1 - ms_ssim(luma(a), luma(b)), peak=1.0)


def butteraugli_decibels(file_a, file_b):
    """By Debian's program `butteraugli` (the largest distance in the picture), of two PNG files."""
    done = subprocess.run(["butteraugli", file_a, file_b], capture_output=True, text=True, check=True)
    distance = float(done.stdout.split()[0])
    return MOST if distance <= 0 else min(MOST, -10 * math.log10(distance))
