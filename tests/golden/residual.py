"""The residual layer of `.aec` files, written from model/CODING.md, "The residual layer": for decode.py."""
from files import require


class Table:
    def __init__(self):
        self.start, self.count = [2048 * i for i in range(16)], 0

    def update(self, s):
        rate = 4 + self.count // 4
        self.count += rate < 7
        self.start = [c + (((i if i <= s else 32752 + i) - c) >> rate) for i, c in enumerate(self.start)]


class Bit:
    def __init__(self):
        self.fast = self.slow = 32768


class Symbols:
    """One stream."""

    def __init__(self, stream):
        require(stream, "a residual stream is empty")
        n = len(stream)
        k = n if n <= 6 else 5 if n % 2 else 6
        self.stream, self.x, self.at = stream, int.from_bytes(stream[:k], "little"), k

    def take(self, start, f):
        self.x = f * (self.x >> 16) + (self.x & 0xFFFF) - start
        if self.x < 1 << 32 and self.at < len(self.stream):
            self.x = self.x << 16 | int.from_bytes(self.stream[self.at:self.at + 2], "little")
            self.at += 2

    def bits(self, k):
        if k == 0:
            return 0
        r = (self.x & 0xFFFF) >> (16 - k)
        self.take(r << (16 - k), 1 << (16 - k))
        return r

    def symbol(self, a, b=None):
        starts = [p + q for p, q in zip(a.start, (b or a).start)] + [65536]
        v = self.x & 0xFFFF
        s = next(i for i in range(16) if v < starts[i + 1])
        self.take(starts[s], starts[s + 1] - starts[s])
        a.update(s)
        if b:
            b.update(s)
        return s

    def bit(self, model):
        p = min(max((model.fast + model.slow) >> 1, 24), 65512)
        one = (self.x & 0xFFFF) >= 65536 - p
        self.take(65536 - p if one else 0, p if one else 65536 - p)
        t = 65535 if one else 0
        model.fast += (t - model.fast) >> 4
        model.slow += (t - model.slow) >> 7
        return one

    def number(self):
        k, value = self.bits(5), 0
        for at in range(0, k, 15):
            value |= self.bits(min(15, k - at)) << at
        return value

    def small(self, table):
        s = self.symbol(table)
        u = s if s < 4 else (1 << (s - 2)) + self.bits(s - 2)
        return -(u + 1) // 2 if u & 1 else u // 2

    def end(self):
        require(self.x == 1 and self.at == len(self.stream), "a residual stream does not end where it should")


def toward_zero(a, b):
    return a // b if a >= 0 else -(-a // b)


class Plane:
    """Rows of numbers that may be asked for beyond their borders."""

    def __init__(self, height, width, outside):
        self.rows, self.width, self.outside = [[None] * width for _ in range(height)], width, outside

    def at(self, y, x, above_is_west):
        """above_is_west: x of the sample at hand, in the first row, for samples; None for errors."""
        if y < 0:
            if above_is_west is None:
                return 0
            return self.at(0, above_is_west - 1, above_is_west)
        if x < 0:
            return self.outside if y == 0 else self.rows[y - 1][0]
        return self.rows[y][min(x, self.width - 1)]

    def around(self, y, x, errors=False):
        """W, N, NW, NE, WW, NN, NNE, NEE, NWW, NNW, WWW."""
        first = (None if errors else x) if y == 0 else None

        def get(row, column):
            if y == 1 and row == -1:
                row = 0  # what lies above the first row repeats it
            return self.at(row, column, first)

        return [get(y, x - 1), get(y - 1, x), get(y - 1, x - 1), get(y - 1, x + 1), get(y, x - 2), get(y - 2, x),
                get(y - 2, x + 1), get(y - 1, x + 2), get(y - 1, x - 2), get(y - 2, x - 1), get(y, x - 3)]


class Channel:
    def __init__(self, number, base, coder, height, width, maximum):
        self.number, self.maximum = number, maximum
        self.samples, self.errors = Plane(height, width, (maximum + 1) // 2), Plane(height, width, 0)
        taps = 8 + 6 * number + (8 if base else 0)
        self.levels = min(coder.bits(3), 6)
        self.thresholds, threshold = [], 0
        for _ in range(self.levels - 1):
            threshold += coder.number() % (1 << 20)
            self.thresholds.append(threshold)
        tables = [Table() for _ in range(taps)]
        self.weights = []
        for k in range(3 * self.levels):
            expected = self.weights[k - 3] if k >= 3 else [0] * taps
            self.weights.append([min(max(e + coder.small(t), -1024), 1024) for e, t in zip(expected, tables)])
        self.spread = [coder.bits(13) for _ in range(8 + 2 * number + bool(base) + 1)]
        if self.levels == 0:
            plain = [192, -96, 32] + [0] * (taps - 3)
            if base:
                plain[taps - 8] = 128
            self.weights = [plain]
        self.by_spread = [Table() for _ in range(160)]
        self.by_texture = [Table() for _ in range(27 * 5 * 6 * 3)]
        self.escapes, self.cells = Table(), [[0, 0] for _ in range(192)]


class Tile:
    def __init__(self, stream, height, width, channels, maximum, most_error, base):
        self.h, self.w, self.e, self.base = height, width, most_error, base
        self.step, self.coder = 2 * most_error + 1, Symbols(stream)
        self.shape = channels
        self.maxima = [maximum] * channels
        self.palette, self.values = [], [[] for _ in range(channels)]
        if most_error == 0 and base is None:
            self.read_map()
        mode = self.coder.bits(2)
        require(mode < 3, "a way of coding residuals that does not exist")
        count = 1 if self.palette else channels
        self.pixels = [[[0] * count for _ in range(width)] for _ in range(height)]
        if mode == 2:
            self.plain()
        else:
            self.channels = [Channel(c, base is not None, self.coder, height, width, self.maxima[c])
                             for c in range(count)]
            self.predicted(mode == 1)
        self.coder.end()

    def read_map(self):
        c = self.coder
        if self.shape == 3:
            n = c.number()
            require(n <= 256, "a palette is too large")
            self.palette = [[0, 0, 0] for _ in range(n)]
            for k in range(3):
                value = 0
                for colour in self.palette:
                    down = c.bits(1)
                    value += -c.number() if down else c.number()
                    colour[k] = value
            if n:
                self.maxima = [n - 1]
                return
        for k in range(self.shape):
            n, same, value, gap = c.number(), Bit(), -1, 0
            for _ in range(n):
                if not c.bit(same):
                    gap = c.number()
                value += 1 + gap
                self.values[k].append(value)
            if n:
                self.maxima[k] = n - 1

    def plain(self):
        for row in self.pixels:
            for pixel in row:
                for c in range(len(pixel)):
                    k = ((self.maxima[c] + self.e) // self.step).bit_length()
                    low = min(k, 15)
                    r = self.coder.bits(low)
                    r |= self.coder.bits(k - low) << low
                    pixel[c] = min(self.maxima[c], self.step * r)

    def predicted(self, matches):
        match = Matches(self.h, self.w) if matches else None
        for y in range(self.h):
            for x in range(self.w):
                pixel = self.pixels[y][x]
                found = match.read(self.coder, y, x) if match else None
                for c, channel in enumerate(self.channels):
                    if found is None:
                        pixel[c] = self.sample(channel, y, x)
                    else:
                        pixel[c] = found >> (16 * c) & 0xFFFF
                        channel.samples.rows[y][x], channel.errors.rows[y][x] = pixel[c], 0
                if match:
                    match.learn(y, x, sum(v << (16 * c) for c, v in enumerate(pixel)))

    def x_hat(self, channel, y, x):
        return int(self.base[min(max(y, 0), self.h - 1)][min(max(x, 0), self.w - 1)][channel])

    def sample(self, ch, y, x):
        own = ch.samples.around(y, x)
        w, n, nw, ne, ww, nn, nne, nee, nww = own[:9]
        errors = ch.errors.around(y, x, True)
        others = self.channels[:ch.number]
        taps = [v - w for v in (n, nw, ne, ww, nn, nne, nee, nww)]
        for o in others:
            a = o.samples.around(y, x)
            taps += [v - a[0] for v in (o.samples.rows[y][x], a[1], a[3], a[2], a[4], a[5])]
        across, down = abs(w - ww) + abs(n - nw) + abs(n - ne), abs(w - nw) + abs(n - nn) + abs(ne - nne)
        if others:
            a, here = others[-1].samples.around(y, x), others[-1].samples.rows[y][x]
            across, down = across + 2 * abs(here - a[0]), down + 2 * abs(here - a[1])
        features = errors[:4] + [errors[4] + errors[5]] + [16 * abs(w - nw), 16 * abs(n - nw), 16 * abs(n - ne)]
        for o in others:
            a = o.errors.around(y, x, True)
            features += [o.errors.rows[y][x], a[0] + a[1] + a[3]]
        if self.base is not None:
            b = {(i, j): self.x_hat(ch.number, y + i, x + j) for i in (-1, 0, 1) for j in (-1, 0, 1)}
            taps += [b[p] - w for p in ((0, 0), (0, -1), (0, 1), (-1, 0), (1, 0), (1, 1), (1, -1), (-1, 1))]
            features.append(16 * sum(abs(b[0, 0] - b[p]) for p in ((0, -1), (0, 1), (-1, 0), (1, 0))))
        features.append(8)

        cls = 0
        if ch.levels:
            level = sum(across + down >= t for t in ch.thresholds)
            cls = 3 * level + (0 if across > 2 * down else 2 if down > 2 * across else 1)
        p = 256 * w + sum(a * b for a, b in zip(ch.weights[cls], taps))
        spread = min(max(sum(a * b for a, b in zip(ch.spread, features)) >> 12, 0), (1 << 21) - 1)
        u = (spread >> 2) + 1
        o = u.bit_length() - 1
        level = 2 * o + ((u << 4 >> o) >= 23)

        above = [n, w, ne, 2 * w - ww, 2 * n - nn]
        if others:
            a = others[-1].samples.around(y, x)
            above.append(w + others[-1].samples.rows[y][x] - a[0])
        cell = ch.cells[64 * (0 if level < 8 else 1 if level < 16 else 2) + sum((v > p >> 8) << i for i, v in enumerate(above))]
        p = min(max(p + (cell[0] * (65536 // (cell[1] + 2)) >> 16), 0), 256 * ch.maximum)

        value = self.error(ch, y, x, p, spread, level, own, errors)
        ch.samples.rows[y][x] = value
        ch.errors.rows[y][x] = (abs(256 * value - p) >> 4) // self.step
        most = 256 * max(8, (ch.maximum + 1) >> 5)
        cell[0] += min(max(256 * value - p, -most), most)
        cell[1] += 1
        if cell[1] == 255:
            cell[0], cell[1] = toward_zero(cell[0], 2), 127
        return value

    def error(self, ch, y, x, p, spread, level, own, errors):
        c, r = (p + 128) >> 8, (p + 128) % 256
        turned = r < 128
        f = (127 - r if turned else r - 128) >> 5
        f = f if level < 8 else f >> 1 if level < 12 else 0
        k = min(15, max(0, (level - 4) >> 1))
        g, e, d = spread + 1, max(errors[0], errors[1]), 16 * max(abs(own[0] - own[2]), abs(own[1] - own[2]))
        a = (4 * e > g) + (2 * e > g) + (e > g) + (e > 2 * g)
        gs = g * self.step
        b = (2 * d > gs) + (d > gs) + (d > 2 * gs) + (d > 4 * gs) + (d > 8 * gs)
        here = self.channels[ch.number - 1].errors.rows[y][x] if ch.number else 0
        number = ((2 * level // 3 * 5 + a) * 6 + b) * 3 + (2 * here > g) + (here > 2 * g)
        s = self.coder.symbol(ch.by_spread[4 * level + f], ch.by_texture[number])
        if s < 15:
            h = s - 7
        else:
            negative, j = self.coder.bits(1), self.coder.symbol(ch.escapes)
            h = 7 + (1 << j) + self.coder.bits(j)
            h = -h if negative else h
        error = (h << k) + self.coder.bits(k) - (1 << (k - 1) if k else 0)
        return min(max(c + (-error if turned else error) * self.step, 0), ch.maximum)

    def result(self):
        """Pixels [h][w][channels] in the order of the image."""
        for row in self.pixels:
            for x, pixel in enumerate(row):
                if self.palette:
                    pixel = self.palette[pixel[0]]
                elif any(self.values):
                    pixel = [self.values[c][v] if self.values[c] else v for c, v in enumerate(pixel)]
                row[x] = [pixel[1], pixel[0], pixel[2]] if self.shape == 3 else pixel
        return self.pixels


class Matches:
    TRUST = (0, 1, 2, 2, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6)

    def __init__(self, height, width):
        self.plane, self.bits = Plane(height, width, 0), {}
        self.wide, self.near = {}, {}  # entry -> [pixel, check, trust]

    @staticmethod
    def mix(h, pixels):
        for q in pixels:
            h = (h ^ q) * 0x9E3779B97F4A7C15 % (1 << 64)
            h ^= h >> 29
        return h

    def read(self, coder, y, x):
        w, n, nw, ne, ww, nn, nne, nee, nww, nnw, www = self.plane.around(y, x)
        h = self.mix(0, (w, n, nw, ne))
        self.near_at = h % 32768, h >> 48
        h = self.mix(h, (ww, nn, nne, nnw, nee, nww, www))
        self.wide_at = h % 32768, h >> 48
        wide, near = self.wide.get(self.wide_at[0]), self.near.get(self.near_at[0])
        wide = wide if wide and wide[1] == self.wide_at[1] else None
        near = near if near and near[1] == self.near_at[1] else None
        near_class = 1 + self.TRUST[near[2]] if near else 0
        wide_class = 1 + self.TRUST[wide[2]] if wide else 0
        candidates = {}
        if wide:
            agree = near is not None and near[0] == wide[0]
            candidates[wide[0]] = 2 * (8 * self.TRUST[wide[2]] + near_class) + agree
        if near:
            candidates.setdefault(near[0], 128 + 8 * wide_class + near_class)
        missed = len(candidates)
        pattern = (w == n) | (n == nw) << 1 | (n == ne) << 2 | (w == nw) << 3 | (w == ww) << 4 | (n == nn) << 5
        for i, q in enumerate((w, n, ne, nw)):
            candidates.setdefault(q, 256 + 64 * (3 * i + missed) + pattern)
        for q, number in candidates.items():
            if coder.bit(self.bits.setdefault(number, Bit())):
                return q
        return None

    def learn(self, y, x, pixel):
        self.plane.rows[y][x] = pixel
        for table, (at, check) in ((self.wide, self.wide_at), (self.near, self.near_at)):
            entry = table.get(at)
            if entry and entry[1] == check and entry[0] == pixel:
                entry[2] = min(15, entry[2] + 1)
            elif entry and entry[1] == check and entry[2] > 0:
                entry[2] //= 2
            else:
                table[at] = [pixel, check, 0]


def decode_residuals(container, base):
    """Pixels of the image as nested lists; base: None, or pixels [h][w][channels]."""
    size, width, height = container["tile"], container["width"], container["height"]
    image, across = [[None] * width for _ in range(height)], -(-width // size)
    for t, streams in enumerate(container["tiles"]):
        top, left = t // across * size, t % across * size
        h, w = min(size, height - top), min(size, width - left)
        part = None
        if base is not None:  # green first, as the layer has it
            order = (1, 0, 2) if container["channels"] == 3 else (0,)
            part = [[[base[top + i][left + j][c] for c in order] for j in range(w)] for i in range(h)]
        tile = Tile(streams[-1], h, w, container["channels"], (1 << container["bits"]) - 1, container["most_error"], part)
        for i, row in enumerate(tile.result()):
            image[top + i][left:left + w] = row
    return image
