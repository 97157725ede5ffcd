"""How many more bytes one codec takes than another at equal quality (Bjontegaard, VCEG-M33; piecewise cubic as in JVET).

A curve is a list of (rate, quality) whose quality may be any number that rises with the rate.
"""

import math

import numpy


class NoCommonRange(ValueError):
    """Two curves have no quality in common."""


def _slopes(x, y):
    """Fritsch and Butland's slopes of a monotone piecewise cubic, with one-sided parabolas at the ends."""
    h, d = numpy.diff(x), numpy.diff(y) / numpy.diff(x)
    if len(x) == 2:
        return numpy.array([d[0], d[0]])
    slopes = numpy.zeros(len(x))
    for i in range(1, len(x) - 1):
        if d[i - 1] * d[i] > 0:
            before, after = 2 * h[i] + h[i - 1], h[i] + 2 * h[i - 1]
            slopes[i] = (before + after) / (before / d[i - 1] + after / d[i])
    slopes[0] = _end_slope(h[0], h[1], d[0], d[1])
    slopes[-1] = _end_slope(h[-1], h[-2], d[-1], d[-2])
    return slopes


def _end_slope(h0, h1, d0, d1):
    slope = ((2 * h0 + h1) * d0 - h0 * d1) / (h0 + h1)
    if slope * d0 <= 0:
        return 0.0
    return 3 * d0 if d0 * d1 <= 0 and abs(slope) > 3 * abs(d0) else slope


class Cubic:
    """y over x through points, monotone wherever they are."""

    def __init__(self, x, y):
        order = numpy.argsort(x, kind="stable")
        x, y = numpy.asarray(x, float)[order], numpy.asarray(y, float)[order]
        kept = numpy.concatenate([[True], numpy.diff(x) > 1e-9])
        self.x, self.y = x[kept], y[kept]
        if len(self.x) < 2:
            raise NoCommonRange("a curve needs two points that differ")
        self.slopes = _slopes(self.x, self.y)

    def __call__(self, at):
        i = numpy.clip(numpy.searchsorted(self.x, at, side="right") - 1, 0, len(self.x) - 2)
        h = self.x[i + 1] - self.x[i]
        t = (at - self.x[i]) / h
        return (
            (1 + 2 * t) * (1 - t) ** 2 * self.y[i]
            + t * (1 - t) ** 2 * h * self.slopes[i]
            + t**2 * (3 - 2 * t) * self.y[i + 1]
            + t**2 * (t - 1) * h * self.slopes[i + 1]
        )


def mean_difference(a, b):
    """Mean of b(x) - a(x) over the x that both have, and these x: (difference, low, high)."""
    low, high = max(a.x[0], b.x[0]), min(a.x[-1], b.x[-1])
    if not low < high:
        raise NoCommonRange(f"the curves have nothing in common: {a.x[0]:.2f} to {a.x[-1]:.2f}, {b.x[0]:.2f} to {b.x[-1]:.2f}")
    knots = numpy.unique(numpy.clip(numpy.concatenate([a.x, b.x]), low, high))
    total = 0.0
    for left, right in zip(knots, knots[1:]):  # Simpson's rule is exact for cubics
        at = numpy.array([left, (left + right) / 2, right])
        ends = b(at[[0, 2]]) - a(at[[0, 2]])
        middle = b(at[[1]]) - a(at[[1]])
        total += (right - left) / 6 * float(ends[0] + 4 * middle[0] + ends[1])
    return total / (high - low), low, high


def bd_rate(anchor, test):
    """Percent of bytes that `test` takes more than `anchor`, and the range of quality: (percent, low, high)."""
    curves = [Cubic([quality for _, quality in points], [math.log(rate) for rate, _ in points]) for points in (anchor, test)]
    difference, low, high = mean_difference(*curves)
    return 100 * math.expm1(difference), low, high
