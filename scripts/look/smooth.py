"""Errors where the original is smooth, and lattices in them.

The eye forgives an error beside texture, not one in a sky: blocks, stripes beside edges, blotches. Noise that is lost is
forgiven as well, so errors are measured in luma behind a Gaussian of one pixel.
"""

import numpy

import metrics

STEEPEST = 1.0  # gray levels a pixel of the drawn picture without noise; beyond, it is not smooth
SIDE = 128  # of the windows of which spectra are taken, in pixels
LATTICE = 32  # pitches that are looked at: divisors of this, in pixels


def _blur(plane):
    window = metrics.gaussian(7, 1.0)
    return metrics.filter_valid(numpy.pad(plane, 3, mode="edge"), window)


def mask(clean):
    """Where a drawn picture is smooth: [height, width] of bool. Two pixels around an edge are left out."""
    plane = metrics.luma(clean)
    rise, run = numpy.gradient(plane)
    steep = numpy.hypot(rise, run) > STEEPEST
    grown = numpy.pad(steep, 2)
    height, width = steep.shape
    near = numpy.zeros_like(steep)
    for y in range(5):
        for x in range(5):
            near |= grown[y : y + height, x : x + width]
    return ~near


def _error_plane(picture, pixels):
    return _blur(metrics.luma(pixels.astype(float)) - metrics.luma(picture.pixels.astype(float)))


def error(picture, pixels):
    """Root of the mean square of the error in the smooth part, in gray levels of 255."""
    plane = _error_plane(picture, pixels)
    return float(numpy.sqrt(numpy.mean(plane[mask(picture.clean)] ** 2)))


def spectrum(picture, pixels):
    """Power of the error in the smooth part by frequency: [SIDE, SIDE / 2 + 1], the mean of windows that overlap by half
    (Welch's method with a Hann window)."""
    smooth_part = mask(picture.clean)
    plane = _error_plane(picture, pixels)
    hann = numpy.hanning(SIDE + 1)[:SIDE]
    window = numpy.outer(hann, hann)
    total, count = numpy.zeros((SIDE, SIDE // 2 + 1)), 0
    for y in range(0, plane.shape[0] - SIDE + 1, SIDE // 2):
        for x in range(0, plane.shape[1] - SIDE + 1, SIDE // 2):
            place = slice(y, y + SIDE), slice(x, x + SIDE)
            weight = window * smooth_part[place]
            if smooth_part[place].mean() < 0.5:
                continue
            part = plane[place] - (plane[place] * weight).sum() / weight.sum()
            total += abs(numpy.fft.rfft2(part * weight)) ** 2 / (weight**2).sum()
            count += 1
    return total / max(count, 1)


def _power_at(power, v, u):
    """Of the whole plane of frequencies, of which a real signal needs half."""
    u %= SIDE
    if u > SIDE // 2:
        v, u = -v, SIDE - u
    return power[v % SIDE, u]


def peak(power):
    """The highest peak of a spectrum at a pitch that divides LATTICE: (height over the median around it, pixels down,
    pixels across). 0 pixels stand for a pattern that does not change in this direction."""
    step = SIDE // LATTICE
    ring = [(dv, du) for dv in range(1 - step, step) for du in range(1 - step, step) if max(abs(dv), abs(du)) >= 2]
    best = (0.0, 0, 0)
    for v in range(-SIDE // 2, SIDE // 2, step):
        for u in range(0, SIDE // 2 + 1, step):
            if u == 0 and v <= 0:
                continue
            # The lowest frequencies hold blotches and slopes, which are no lattice.
            around = [_power_at(power, v + dv, u + du) for dv, du in ring if max(abs(v + dv), abs(u + du)) > 1]
            height = float(power[v % SIDE, u]) / max(float(numpy.median(around)), 1e-12)
            if height > best[0]:
                best = (height, SIDE // abs(v) if v else 0, SIDE // u if u else 0)
    return best
