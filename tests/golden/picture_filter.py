"""The picture's filter, written from io/FORMAT.md, `Filt`, and model/CODING.md, "The picture's filter": for decode.py."""
import numpy as np

from files import require

FLOORS = [24, 33, 48, 67, 96, 135, 192, 271, 384, 543, 768, 1086, 1536, 2172, 3072]
LIMITS = np.array([4, 4, 4, 4, 4, 4, 6, 8, 12, 17, 24, 34, 48, 68, 96, 127])
PLACES = [(-3, 0), (-2, -1), (-2, 0), (-2, 1), (-1, -2), (-1, -1), (-1, 0), (-1, 1), (-1, 2), (0, -3), (0, -2), (0, -1)]


class Bits:
    def __init__(self, content):
        self.bits = np.unpackbits(np.frombuffer(content, np.uint8)).tolist()

    def get(self, count):
        require(count <= len(self.bits), "the filter is truncated")
        value = 0
        for _ in range(count):
            value = 2 * value + self.bits.pop(0)
        return value

    def weight(self, order):
        zeros = 0
        while self.get(1) == 0:
            zeros += 1
            require(zeros <= 10, "a weight of the filter is too long")
        u = (2 ** zeros - 1 + self.get(zeros)) * 2 ** order + self.get(order)
        return (u + 1) // 2 if u % 2 else -(u // 2)


def read_filter(content):
    """The number of every class's filter [48], and weights [filters + 1, 12], of which those of number 0 are 0."""
    bits = Bits(content)
    count = bits.get(4) + 1
    numbers = []
    for c in range(48):
        before = numbers[-1] if c % 16 else 0
        numbers.append(bits.get(count.bit_length()) if bits.get(1) else before)
    require(max(numbers) <= count, "the filter names one that is not there")
    weights = [[0] * 12]
    for _ in range(count):
        unit, order = 2 ** bits.get(2), bits.get(2)
        weights.append([unit * bits.weight(order) for _ in range(12)])
        require(sum(abs(w) for w in weights[-1]) <= 256, "a filter is too strong")
    require(len(bits.bits) < 8 and not any(bits.bits), "bits follow the filter")
    return np.array(numbers), np.array(weights)


def apply_filter(pixels, content, low, high):
    """pixels: [h, w, C]; gives them filtered."""
    numbers, weights = read_filter(content)
    h, w, channels = pixels.shape
    shift = 0
    while (high - low) >> shift > 255:
        shift += 1
    x = np.pad(pixels.astype(np.int64), ((4, 4 + -h % 4), (4, 4 + -w % 4), (0, 0)), "edge")
    rows, columns = x.shape[0] - 8, x.shape[1] - 8
    at = lambda dy, dx: x[4 + dy:4 + dy + rows, 4 + dx:4 + dx + columns]
    sums = lambda v: v.reshape(rows // 4, 4, columns // 4, 4 * channels).sum((1, 3))
    middle = at(0, 0)
    across = sums(np.abs(at(0, -1) + at(0, 1) - 2 * middle))
    down = sums(np.abs(at(-1, 0) + at(1, 0) - 2 * middle))
    level = np.searchsorted(FLOORS, (across + down) * 3 // channels >> shift, side="right")
    direction = np.where(across > 2 * down, 1, np.where(down > 2 * across, 2, 0))
    spread = lambda v: v.repeat(4, 0).repeat(4, 1)[..., None]
    number, limit = spread(numbers[16 * direction + level]), spread(LIMITS[level] << shift)
    total = np.full(middle.shape, 64)
    for k, (dy, dx) in enumerate(PLACES):
        total = total + weights[number, k] * np.clip(at(dy, dx) + at(-dy, -dx) - 2 * middle, -limit, limit)
    return np.clip(middle + (total >> 7), low, high)[:h, :w].astype(pixels.dtype)
