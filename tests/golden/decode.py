#!/usr/bin/env python3
"""Second decoder of `.aec` files, written from io/FORMAT.md and model/CODING.md, in NumPy.

    decode.py MODEL.aecm FILE.aec OUT.pnm             pixels as PGM or PPM, equal to those of `aecomp decompress`
    decode.py MODEL.aecm FILE.aec --values OUT.json   every intermediate value of the first tile as well

It is slow and plain: it checks that the two texts are complete, and serves as an example to whoever writes another
decoder. It reads files of models with a hyperprior whose transforms run in integers. Metadata and alpha are passed over.
"""
import argparse
import json
import struct
import sys
import zlib

import numpy as np

import residual

F32 = np.float32
SEEN_ZERO = 128
HEADROOM = 1.4
TOOL_RESIDUAL, TOOL_NO_BASE = 4, 16
FIRST_OF_ACTIVITY = [F32(v) for v in (0.5422, 1.3784, 2.668, 4.6569, 7.7241, 12.4543, 19.7494)]


def require(condition, what):
    if not condition:
        raise SystemExit("decode.py: " + what)


# --- io/FORMAT.md: checksums, container, entropy coder

def xxh32(seed, data):
    p1, p2, p3, p4, p5 = 2654435761, 2246822519, 3266489917, 668265263, 374761393
    mask = 0xFFFFFFFF
    rotate = lambda v, r: ((v << r) | (v >> (32 - r))) & mask
    at, n = 0, len(data)
    if n >= 16:
        lanes = [(seed + p1 + p2) & mask, (seed + p2) & mask, seed & mask, (seed - p1) & mask]
        while at + 16 <= n:
            for k, word in enumerate(struct.unpack_from("<4I", data, at)):
                lanes[k] = rotate((lanes[k] + word * p2) & mask, 13) * p1 & mask
            at += 16
        h = sum(rotate(v, r) for v, r in zip(lanes, (1, 7, 12, 18))) & mask
    else:
        h = (seed + p5) & mask
    h = (h + n) & mask
    while at + 4 <= n:
        h = rotate((h + struct.unpack_from("<I", data, at)[0] * p3) & mask, 17) * p4 & mask
        at += 4
    for byte in data[at:]:
        h = rotate((h + byte * p5) & mask, 11) * p1 & mask
    for shift, prime in ((15, p2), (13, p3), (16, 1)):
        h = (h ^ (h >> shift)) * prime & mask
    return h


class Bytes:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        require(self.at + n <= len(self.data), "the file is truncated")
        self.at += n
        return self.data[self.at - n:self.at]

    def u8(self):
        return self.take(1)[0]

    def u32(self):
        return struct.unpack("<I", self.take(4))[0]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.u8()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value


def parse_container(data):
    b = Bytes(data)
    require(b.take(6) == b"\x89AEC\r\n", "not an .aec file")
    version, width, height, flags, quality = b.u8(), b.varint(), b.varint(), b.u8(), b.u8()
    tools = b.u8() if version == 2 else 0
    strength, reference = (b.u8(), b.u8()) if tools & 1 else (0, 0)
    most_error = b.varint() if tools & TOOL_RESIDUAL else 0
    model, streams = b.take(8), b.u8()
    chunks = b.varint() if flags & 64 else 0
    check = xxh32(0, data[:b.at])
    require(b.u32() == check, "the header's checksum is wrong")
    require(version in (1, 2), "format version %d is not known here" % version)
    require(version == 1 or tools and not tools & ~29, "tools %d are not known here" % tools)
    require(strength > 0 or not tools & 1, "a map of qualities without strength")
    tile = 1 << (flags & 15)
    across, down = -(-width // tile), -(-height // tile)
    tiles = []
    for _ in range(across * down):
        start = b.at
        lengths = [b.varint() for _ in range(streams)]
        tiles.append((lengths, data[start:b.at], b.u32()))
    payload = []
    for t, (lengths, index, expected) in enumerate(tiles):
        parts = [b.take(n) for n in lengths]
        seed = (check + t) & 0xFFFFFFFF
        a = struct.pack("<II", xxh32(seed, index), xxh32(seed, b"".join(parts)))
        require(xxh32(0, a) == expected, "the checksum of tile %d is wrong" % t)
        payload.append(parts)
    extra = {}
    for _ in range(chunks):
        kind, content = b.take(4), b.take(b.varint())
        require(b.u32() == xxh32(0, kind + struct.pack("<I", xxh32(check, content))), "a chunk's checksum is wrong")
        extra[kind] = content
    require(b.at == len(data), "bytes follow the end")
    return dict(width=width, height=height, tile=tile, channels=3 if flags & 16 else 1, bits=16 if flags & 32 else 8,
                quality=quality, map=(strength, reference), planar=tools & 8 != 0, model=model.hex(), tiles=payload,
                extra=extra, tools=tools, most_error=most_error)


class Tables:
    def __init__(self, bounds, frequencies):
        self.bounds, self.rows, at = [int(b) for b in bounds], [], 0
        for bound in self.bounds:
            f = [int(v) for v in frequencies[at:at + bound + 2]]
            at += bound + 2
            row = f[bound:0:-1] + f[:bound + 1] + [f[bound + 1]]  # -bound .. bound, escape
            require(sum(row) == 1 << 16, "a table does not add up to 2^16")
            self.rows.append((row, np.concatenate([[0], np.cumsum(row)]).tolist()))


class Decoder:
    """One stream of the rANS coder."""

    def __init__(self, stream):
        self.stream, n = stream, len(stream)
        self.x = self.at = None
        if n:
            k = n if n <= 6 else 5 if n % 2 else 6
            self.x, self.at = int.from_bytes(stream[:k], "little"), k

    def normalise(self):
        if self.x < 1 << 32 and self.at < len(self.stream):
            self.x = self.x << 16 | int.from_bytes(self.stream[self.at:self.at + 2], "little")
            self.at += 2

    def bits(self, k):
        r = self.x & ((1 << k) - 1)
        self.x >>= k
        self.normalise()
        return r

    def value(self, tables, row):
        bound, (f, start) = tables.bounds[row], tables.rows[row]
        v = self.x & 0xFFFF
        s = int(np.searchsorted(start, v, side="right")) - 1
        self.x = f[s] * (self.x >> 16) + v - start[s]
        self.normalise()
        if s < 2 * bound + 1:
            return s - bound
        negative, k = self.bits(1), 0
        while self.bits(1) == 0:
            k += 1
            require(k <= 15, "an escape is too long")
        magnitude = bound + (1 << k) + self.bits(k)
        return -magnitude if negative else magnitude

    def end(self):
        require(self.x in (None, 1) and self.at in (None, len(self.stream)), "a stream does not end where it should")


# --- Models: safetensors

class Model:
    def __init__(self, path):
        data = open(path, "rb").read()
        size = struct.unpack("<Q", data[:8])[0]
        self.header = json.loads(data[8:8 + size])
        self.data = data[8 + size:]
        meta = self.header.pop("__metadata__")
        self.architecture = json.loads(next(v for v in meta.values() if v.lstrip().startswith("{") and '"encoder"' in v))

    def __contains__(self, name):
        return name in self.header

    def __getitem__(self, name):
        entry = self.header[name]
        kind = {"F16": np.float16, "F32": np.float32, "I8": np.int8, "U8": np.uint8, "I16": np.int16, "U16": np.uint16,
                "I32": np.int32}[entry["dtype"]]
        begin, end = entry["data_offsets"]
        tensor = np.frombuffer(self.data[begin:end], kind).reshape(entry["shape"])
        return tensor.astype(F32) if kind == np.float16 else tensor

    def get(self, name):
        return self[name] if name in self else None


# --- model/CODING.md: arithmetic

def exact_exp(x):
    x = float(F32(x))
    n = np.floor(x * 1.4426950408889634 + 0.5)
    r = x - n * 0.6931471805599453
    total = 1.0
    for k in range(13, 0, -1):
        total = 1 + r / k * total
    return F32(np.ldexp(total, int(n)))


def compand(v):
    """sign(v) log(1 + |v|), single f32 operations."""
    v = np.asarray(v, F32)
    a = F32(1) + np.abs(v)
    bits = a.view(np.uint32) if a.ndim else np.array([a]).view(np.uint32)[0]
    e = (bits - np.uint32(0x3F3504F3)).astype(np.int32) >> 23
    m = (bits - (e.astype(np.uint32) << np.uint32(23))).view(F32) - F32(1)
    p = np.full_like(m, F32(7.0376836292e-2))
    for c in (-1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1,
              -2.4999993993e-1, 3.3333331174e-1):
        p = p * m + F32(c)
    square = m * m
    log = m + (square * (m * p) - F32(0.5) * square) + F32(0.693147181) * e.astype(F32)
    return np.copysign(log, v)


def seen(v, steps):
    """u8 above 128."""
    return (SEEN_ZERO + np.clip(np.rint(v * steps), -128, 127)).astype(np.int64)


def at_quality(table, quality):
    rows = len(table)
    position = min(max(quality / 16, 0.0), rows - 1.0)
    low = min(int(position), rows - 2)
    t = F32(position - low)
    return table[low] * (F32(1) - t) + table[low + 1] * t


def exp_all(values):
    return np.array([exact_exp(v) for v in values], F32)


def convolve(x, weight, bias, zero, stride, padding, transposed):
    """x: [h, w, in] integers; weight: [out, kh, kw, in] -> sums [h', w', out]."""
    x = x.astype(np.int64) - zero
    weight = weight.astype(np.int64)
    h, w, _ = x.shape
    out, k = weight.shape[0], weight.shape[1]
    if transposed:
        full = np.zeros(((h - 1) * stride + k, (w - 1) * stride + k, out), np.int64)
        for a in range(k):
            for c in range(k):
                full[a:a + (h - 1) * stride + 1:stride, c:c + (w - 1) * stride + 1:stride] += x @ weight[:, a, c].T
        full = full[padding:full.shape[0] - padding, padding:full.shape[1] - padding]
        return full + bias
    x = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    rows, columns = (x.shape[0] - k) // stride + 1, (x.shape[1] - k) // stride + 1
    sums = np.zeros((rows, columns, out), np.int64)
    for a in range(k):
        for c in range(k):
            part = x[a:a + (rows - 1) * stride + 1:stride, c:c + (columns - 1) * stride + 1:stride]
            sums += part @ weight[:, a, c].T
    return sums + bias


# --- Integer networks made from f16 weights and ranges

class Step:
    """One convolution and what happens to its sums."""


def lay_out(network):
    steps = []
    for layer in network:
        if layer["type"] in ("sum", "residual"):
            branch = layer["branches"][1] if layer["type"] == "sum" else layer["layers"]
            entry = len(steps) - 1
            steps += lay_out(branch)
            steps[-1].residual = entry
        elif layer["type"] == "relu":
            steps[-1].output = "relu"
        else:
            s = Step()
            s.name, s.transposed = layer["name"], layer["type"] == "conv_transpose2d"
            s.kernel, s.stride, s.padding = layer["kernel"], layer.get("stride", 1), layer.get("padding", 0)
            s.out, s.output, s.residual = layer["out"], "stream", -1
            steps.append(s)
    return steps


def bound(weight, bias, zero, stride, transposed):
    phases = stride if transposed else 1
    sums = {}
    for a in range(weight.shape[0]):
        for c in range(weight.shape[1]):
            key = a % phases, c % phases
            sums[key] = sums.get(key, 0) + int(np.abs(weight[a, c].astype(np.int64)).sum())
    return (255 + zero) * max(sums.values()) + abs(bias)


class IntegerNetwork:
    def __init__(self, model, network, ranges, scale, zero, worth=None):
        self.steps = lay_out(network)
        self.steps[-1].output = "last"
        ranges = [float(v) for v in ranges[1:]]
        most = list(ranges)
        for i in reversed(range(len(self.steps))):
            r = self.steps[i].residual
            if r >= 0:
                most[r] = max(most[r], most[i])
        for i, s in enumerate(self.steps):
            if s.residual >= 0:
                most[i] = most[s.residual]
        units = [v * (2 * HEADROOM / 32767) for v in most]
        for i, s in enumerate(self.steps):
            s.zero = zero
            span = HEADROOM * ranges[i]
            relu = s.output == "relu"
            unit = span / 255 if relu else 1 if s.output == "last" else units[i]
            self.quantise(model, s, scale, worth, unit)
            scale, zero, worth = (span / 255, 0, None) if relu else (span / 127, 128, None)
            s.narrow = F32(units[i] / scale)

    @staticmethod
    def quantise(model, s, in_scale, worth, unit_out):
        weight = model[s.name + ".weight"]
        weight = weight.transpose(1, 2, 3, 0) if s.transposed else weight.transpose(0, 2, 3, 1)  # [out, kh, kw, in]
        if worth is not None:
            weight = weight * np.asarray(worth, F32)
        bias = model.get(s.name + ".bias")
        s.weight, s.bias, s.scale = np.zeros(weight.shape, np.int8), np.zeros(s.out, np.int64), np.zeros(s.out, F32)
        for o in range(s.out):
            b = 0.0 if bias is None else float(bias[o])
            unit = max(float(np.abs(weight[o]).max()) / 63.0, abs(b) / in_scale / (1 << 23), 1e-12)
            while True:
                s.weight[o] = np.rint(weight[o].astype(np.float64) / unit)
                s.bias[o] = int(np.rint(b / (unit * in_scale)))
                if bound(s.weight[o], int(s.bias[o]), s.zero, s.stride, s.transposed) < 1 << 24:
                    break
                unit *= 1.05
            s.scale[o] = F32(unit * in_scale / unit_out)

    def run(self, x):
        wide = []
        for s in self.steps:
            sums = convolve(x, s.weight, s.bias, s.zero, s.stride, s.padding, s.transposed).astype(F32)
            if s.output == "last":
                return sums * s.scale
            rounded = np.rint(sums * s.scale)
            if s.output == "relu":
                x = np.clip(rounded, 0, 255).astype(np.int64)
                wide.append(None)
                continue
            v = np.clip(rounded, -32767, 32767).astype(np.int64)
            if s.residual >= 0:
                v = np.clip(v + wide[s.residual], -32767, 32767)
            wide.append(v)
            x = 128 + np.clip(np.rint(v.astype(F32) * s.narrow), -128, 127).astype(np.int64)


# --- Probability tables' rows, from z

def run_stored_layer(model, layer, x, zero):
    name = layer["name"]
    sums = convolve(x, model["integer.%s.weight" % name], model["integer.%s.bias" % name].astype(np.int64), zero,
                    layer.get("stride", 1), layer.get("padding", 0), layer["type"] == "conv_transpose2d")
    shift = int(model["integer.%s.shift" % name][0])
    return (sums * model["integer.%s.multiplier" % name].astype(np.int64) + (1 << (shift - 1))) >> shift


def convolutions(network):
    return [layer for layer in network if layer["type"] != "relu"]


LEVELS = [int(100 * 2 ** (n / 8)) - 100 for n in range(1, 81)]


class TileDecoder:
    def __init__(self, model, quality, gray, quality_map=(0, 0), planar=False):
        self.model, self.quality, a = model, quality, model.architecture
        self.map, self.planar = quality_map, planar
        self.prior = a["prior"]
        self.z_tables = Tables(model["integer.z_tables.bounds"], model["integer.z_tables.frequencies"])
        self.y_tables = Tables(model["integer.y_tables.bounds"], model["integer.y_tables.frequencies"])
        self.numbers = {}
        self.gain, self.step, self.fixed = self.numbers_of(quality)
        self.channels = len(self.gain)
        skipped = model.get("integer.gray_skipped") if gray else None
        self.skipped = np.zeros(self.channels, bool) if skipped is None else skipped != 0
        self.mean_gain = np.where(self.skipped, F32(0), self.gain)
        features = model["integer.feature_scales"].astype(F32)
        ranges = lambda name: model["integer.%s.ranges" % name].astype(F32)
        in_range, head_range = ranges("context_in"), ranges("mu_head")
        self.in_unit = F32(HEADROOM) * in_range[0] / F32(127)
        self.joined_unit = F32(HEADROOM) * in_range[-1] / F32(127)
        self.head = IntegerNetwork(model, self.prior["mu_head"], head_range, 1.0, 0, features)
        self.context_in = IntegerNetwork(model, self.prior["context_in"], in_range, float(self.in_unit), 128)
        seen_channels = self.context_in.steps[-1].out
        worth = np.concatenate([features * F32(2), np.full(seen_channels, self.joined_unit, F32)])
        self.context_out = IntegerNetwork(model, self.prior["context_out"], ranges("context_out"), 1.0, 128, worth)
        coarse = model.get("integer.coarse.channels")
        self.coarse = [] if coarse is None else [int(c) for c in coarse]
        if self.coarse:
            self.coarse_weights, self.coarse_rows = model["integer.coarse.weights"], model["integer.coarse.rows"]

    def numbers_of(self, quality):
        """gain, step and fixed [M] of a quality."""
        if quality not in self.numbers:
            log_gain = at_quality(self.model["log_gain"], quality)
            fixed = exp_all(self.model["log_gain"][len(self.model["log_gain"]) // 2] - log_gain)
            self.numbers[quality] = exp_all(log_gain), exp_all(at_quality(self.model["log_step"], quality)), fixed
        return self.numbers[quality]

    def qualities_of(self, middle_rows):
        """The quality of every position from its rows at the middle quality."""
        strength, reference = self.map
        level = np.searchsorted(LEVELS, middle_rows.sum(axis=-1), side="right")
        steps = np.clip((strength * (reference - level) + 16) >> 5, -16, 24)
        return np.clip(self.quality + steps, 0, len(self.model["integer.sigma_offset"]) - 1)

    def rows_of(self, z):
        m, q = self.model, self.quality
        u = np.clip((z * m["integer.z_input.multiplier"][q].astype(np.int64) +
                     m["integer.z_input.offset"][q].astype(np.int64) + (1 << 15)) >> 16, 0, 255)
        for n, layer in enumerate(convolutions(self.prior["hyper_decoder"])):
            u = np.clip(run_stored_layer(m, layer, u, 128 if n == 0 else 0), 0, 255)
        features = u
        head = convolutions(self.prior["sigma_head"])
        for n, layer in enumerate(head):
            u = run_stored_layer(m, layer, u, 0)
            if n + 1 < len(head):
                u = np.clip(u, 0, 255)
        offsets = m["integer.sigma_offset"].astype(np.int64)
        rows_at = lambda offset: np.clip((u + offset + 128) >> 8, 0, len(self.y_tables.bounds) - 1)
        qualities = np.full(u.shape[:2], q)
        if self.map[0]:
            qualities = self.qualities_of(rows_at(offsets[(len(offsets) - 1) // 2]))
        rows = rows_at(offsets[qualities])
        rows[..., self.skipped] = 0
        return features, rows, qualities

    def decode(self, streams, coded, padded, z_shape):
        """coded, padded: (h, w) of y; returns y^ as the synthesis reads it, [h, w, M], and all that led there."""
        n = self.prior_channels()
        z = self.symbols([streams[0]], self.z_tables, np.tile(self.model["integer.z_rows"][self.quality],
                                                              z_shape[0] * z_shape[1]))
        z = z.reshape(z_shape + (n,))
        features, rows, qualities = self.rows_of(z)
        gain, step, fixed = (np.array([[self.numbers_of(int(q))[n] for q in line] for line in qualities])
                             for n in range(3))  # [h, w, M]
        mean_gain = np.where(self.skipped, F32(0), gain)
        inside = np.zeros(padded + (1,), bool)
        inside[:coded[0], :coded[1]] = True
        listed = np.where(inside, rows, 0)
        listed[..., self.coarse] = 0
        symbols = np.zeros(padded + (self.channels,), np.int64)
        coded_rows = listed[listed > 0]
        symbols[listed > 0] = self.symbols(streams[2 if self.coarse else 1:], self.y_tables, coded_rows)

        mu = self.head.run(features)
        i, j, c = np.indices(padded + (self.channels,))
        first = (i + j + c) % 2 == 1
        coarse = Coarse(self, streams[1], mu, rows, symbols, coded, gain / self.gain) if self.coarse else None
        if coarse:
            coarse.stages(range(8), None)
        value = symbols.astype(F32) + mu * mean_gain
        context = np.where(first, seen(compand(value * fixed), F32(1) / self.in_unit), SEEN_ZERO)
        joined = np.concatenate([128 + (features >> 1), seen(self.context_in.run(context), F32(1) / self.joined_unit)], 2)
        correction = self.context_out.run(joined)
        if coarse:
            coarse.stages([8], correction)
            coarse.decoder.end()
        mean = np.where(first, mu, mu + correction) * mean_gain
        y_hat = (symbols.astype(F32) + mean) * step
        latent = np.clip(np.rint(y_hat * F32(1024)), -32767, 32767).astype(np.int64)[:coded[0], :coded[1]]
        return latent, dict(z=z, features=features, rows=rows, mu=mu, context=context, correction=correction,
                            symbols=symbols, latent=latent)

    def prior_channels(self):
        return self.model["integer.z_rows"].shape[1]

    @staticmethod
    def symbols(streams, tables, rows):
        values, count, parts = [], len(rows), len(streams)
        for p, stream in enumerate(streams):
            decoder = Decoder(stream)
            part = rows[count * p // parts:count * (p + 1) // parts]
            values += [decoder.value(tables, row) for row in part]
            decoder.end()
        return np.array(values, np.int64)


class Coarse:
    """Coarse channels of one tile: they are decoded stage by stage, each from elements that are there."""

    def __init__(self, tile, stream, mu, rows, symbols, coded, ratio):
        self.t, self.decoder, self.mu, self.symbols = tile, Decoder(stream), mu, symbols
        (self.h, self.w), channels = coded, tile.coarse
        self.mean = [mu[:self.h, :self.w, c] * tile.mean_gain[c] for c in channels]
        self.row = [rows[:self.h, :self.w, c].copy() for c in channels]
        self.value = [np.zeros((self.h, self.w), F32) for _ in channels]
        self.ratio = [ratio[:self.h, :self.w, c] for c in channels]

    def elements(self, channel, stage):
        shift = 1 - channel % 2
        side = 16 >> (stage + 1) // 2
        for i in range(self.h):
            for j in range(self.w):
                y, x = i, j + shift
                if stage == 0:
                    wanted = y % 16 == 0 and x % 16 == 0
                elif y % side or x % side:
                    wanted = False
                else:
                    odd = y // side % 2 + x // side % 2
                    wanted = odd == (2 if stage % 2 else 1)
                if wanted:
                    yield i, j

    def average(self, k, i, j, steps):
        there = [(i + a, j + b) for a, b in steps if 0 <= i + a < self.h and 0 <= j + b < self.w]
        value, mean = self.value[k], self.mean[k]
        difference, means = F32(0), F32(0)
        for at in there:
            difference, means = difference + (value[at] - mean[at]), means + mean[at]
        if there:
            count = F32(len(there))
            difference, means = difference / count, means / count - mean[i, j]
        return difference, means, [value[at] for at in there]

    def predict(self, k, stage, i, j):
        """The mean and the activity."""
        if stage == 0:
            return self.mean[k][i, j], 0
        s = 16 >> (stage + 1) // 2
        if stage % 2:
            nearest = [(-s, -s), (-s, s), (s, -s), (s, s)]
            around = [(-s, -3 * s), (-s, 3 * s), (s, -3 * s), (s, 3 * s), (-3 * s, -s), (-3 * s, s), (3 * s, -s),
                      (3 * s, s)]
        else:
            nearest = [(-s, 0), (s, 0), (0, -s), (0, s)]
            around = [(-s, -2 * s), (-s, 2 * s), (s, -2 * s), (s, 2 * s), (-2 * s, -s), (-2 * s, s), (2 * s, -s),
                      (2 * s, s)]
        a, b, values = self.average(k, i, j, nearest)
        c, d, _ = self.average(k, i, j, around)
        w = self.t.coarse_weights[k, stage]
        if self.t.planar and len(values) == 4:
            v0, v1, v2, v3 = values
            twist = v0 - v1 - v2 + v3 if stage % 2 else v0 + v1 - v2 - v3
            if abs(twist) * self.ratio[k][i, j] <= 1:
                w = np.array([1, 1, 0, 0], F32)
        mean = self.mean[k][i, j] + a * w[0] + b * w[1] + c * w[2] + d * w[3]
        activity = 7
        if len(values) == 4:
            span = (max(values) - min(values)) * self.ratio[k][i, j]
            activity = sum(1 for v in FIRST_OF_ACTIVITY if span >= v)
        return mean, activity

    def stages(self, stages, correction):
        for stage in stages:
            for k, c in enumerate(self.t.coarse):
                gain = self.t.mean_gain[c]
                if gain == 0:
                    continue
                elements = list(self.elements(c, stage))
                if correction is not None:
                    for i, j in elements:
                        self.mean[k][i, j] = (self.mu[i, j, c] + correction[i, j, c]) * gain
                predicted = [self.predict(k, stage, i, j) for i, j in elements]
                for (i, j), (mean, activity) in zip(elements, predicted):
                    row = int(self.row[k][i, j])
                    if row:
                        row = int(self.t.coarse_rows[k, stage, activity, row])
                    symbol = self.decoder.value(self.t.y_tables, row) if row else 0
                    self.symbols[i, j, c], self.mu[i, j, c] = symbol, mean / gain
                    self.value[k][i, j] = mean + F32(symbol) / self.ratio[k][i, j]
                    if correction is not None:
                        correction[i, j, c] = 0


# --- Pixels

def lap_matrix(block):
    """V of the inverse lap, [n, n] by the distance from the border, n = block / 2."""
    n = block // 2
    v = np.zeros((n, n), F32)
    for i in range(n):
        for j in range(n):
            total = 0.0
            for k in range(n):
                dct2 = np.cos(np.pi * (2 * i + 1) * k / (2.0 * n)) * (np.sqrt(0.5) if k == 0 else 1.0)
                dct4 = np.cos(np.pi * (2 * j + 1) * (2 * k + 1) / (4.0 * n))
                total += 2.0 / n * dct2 * dct4
            v[n - 1 - j, n - 1 - i] = F32(np.rint(total * (1 << 20)) / (1 << 20))
    return v


def unlap(x, block):
    """x: [h, w, C] f32, mixed across the borders within rows, then across those between rows."""
    v, half = lap_matrix(block), block // 2
    for turned in (x.transpose(1, 0, 2), x):  # views: both change x
        for border in range(block, turned.shape[0], block):
            before, after = turned[border - half:border][::-1], turned[border:border + half]
            odd, even = F32(0.5) * (before - after), F32(0.5) * (before + after)
            mixed = np.zeros_like(odd)
            for d in range(half):
                for e in range(half):
                    mixed[d] = mixed[d] + v[d, e] * odd[e]
            turned[border - half:border] = (even + mixed)[::-1]
            turned[border:border + half] = even - mixed


def block_path(model, network, latent):
    layer = network[0]
    weight, bias = model[layer["name"] + ".weight"], model.get(layer["name"] + ".bias")  # [in, out, kh, kw]
    most, fraction = float(np.abs(weight).max()), 15
    while most * 2.0 ** fraction > 32767:
        fraction -= 1
    unit = F32(2.0 ** (-10 - fraction))
    w = np.rint(weight * F32(2.0 ** fraction)).astype(np.int64)
    h, width, _ = latent.shape
    block, out = layer["kernel"], layer["out"]
    sums = np.einsum("ijm,moab->iajbo", latent, w)
    if bias is not None:
        sums = sums + np.rint(np.clip(bias, F32(-8), F32(8)) / unit).astype(np.int64)
    sums = ((sums + (1 << 31)) % (1 << 32) - (1 << 31)).reshape(h * block, width * block, out)
    pixels = sums.astype(F32) * unit
    if len(network) > 1:
        unlap(pixels, network[1]["block"])
    return pixels


def synthesise(model, latent):
    branches = model.architecture["decoder"][0]["branches"]
    deep, blocks = (branches[0], branches[1]) if len(branches[0]) > 2 else (branches[1], branches[0])
    scale = F32(0)
    if deep[0]["type"] == "compand":
        scale, deep = F32(deep[0].get("scale", 1)), deep[1:]
    ranges = model["integer.decoder.ranges"].astype(F32)
    in_scale = HEADROOM * float(ranges[0]) / 127
    y = latent.astype(F32) * F32(1 / 1024)
    v = (compand(scale * y) if scale > 0 else y) * F32(1 / in_scale)
    u = np.floor(np.clip(v, F32(-128), F32(127)) + F32(128.5)).astype(np.int64)
    return IntegerNetwork(model, deep, ranges, in_scale, 128).run(u) + block_path(model, blocks, latent)


def put_outliers(pixels, content):
    """Samples far away from all others: FORMAT.md, `Outl`."""
    if content is None:
        return
    content = zlib.decompress(content)
    position = 0

    def varint():
        nonlocal position
        value = shift = 0
        while True:
            byte = content[position]
            position += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    gaps = [varint() for _ in range(varint())]
    samples = np.frombuffer(content, "<u2", len(gaps), position)
    pixels.reshape(-1)[np.cumsum(np.array(gaps, np.int64) + 1) - 1] = samples


def decode(model, container):
    a = model.architecture
    stride, hyper = a.get("latent_stride", 16), a.get("hyper_stride", 64)
    size, width, height = container["tile"], container["width"], container["height"]
    gray = container["channels"] == 1 and a.get("image_channels", 3) == 3
    decoder = TileDecoder(model, container["quality"], gray, container["map"], container["planar"])
    latent = np.zeros((-(-height // stride), -(-width // stride), decoder.channels), np.int64)
    values, across = None, -(-width // size)
    for t, streams in enumerate(container["tiles"]):
        top, left = t // across * size, t % across * size
        pixels = min(size, height - top), min(size, width - left)
        coded = tuple(-(-p // stride) for p in pixels)
        z_shape = tuple(-(-p // hyper) for p in pixels)
        padded = tuple(n * (hyper // stride) for n in z_shape)
        part, found = decoder.decode(streams, coded, padded, z_shape)
        latent[top // stride:top // stride + coded[0], left // stride:left // stride + coded[1]] = part
        values = values or found
    v = synthesise(model, latent)[:height, :width]
    if container["channels"] == 1 and v.shape[2] == 3:
        v = ((v[..., 0] + v[..., 1] + v[..., 2]) / F32(3))[..., None]
    low, high = struct.unpack("<HH", container["extra"][b"Rang"]) if container["bits"] == 16 else (0, 255)
    v = (v + F32(0.5)) * (F32(high) - F32(low)) + F32(low)
    pixels = (np.clip(v, F32(low), F32(high)) + F32(0.5)).astype(np.uint16)
    put_outliers(pixels, container["extra"].get(b"Outl"))
    values["pixels"] = pixels
    return pixels, values


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("file")
    parser.add_argument("out", nargs="?")
    parser.add_argument("--values", help="JSON file for every intermediate value of the first tile")
    o = parser.parse_args()
    container = parse_container(open(o.file, "rb").read())
    if container["tools"] & TOOL_NO_BASE:
        pixels, values = np.array(residual.decode_residuals(container, None), np.uint16), {}
    else:
        layered = container["tools"] & TOOL_RESIDUAL
        below = dict(container, tiles=[t[:-1] for t in container["tiles"]]) if layered else container
        pixels, values = decode(Model(o.model), below)
        if layered:
            pixels = np.array(residual.decode_residuals(container, pixels.tolist()), np.uint16)
    if o.out:
        kind, most = b"P6" if pixels.shape[2] == 3 else b"P5", 65535 if container["bits"] == 16 else 255
        with open(o.out, "wb") as f:
            f.write(b"%s\n%d %d\n%d\n" % (kind, pixels.shape[1], pixels.shape[0], most))
            f.write(pixels.astype(">u2" if most > 255 else np.uint8).tobytes())
    if o.values:
        lists = {name: {"shape": list(v.shape), "values": [float(x) if v.dtype == F32 else int(x) for x in v.ravel()]}
                 for name, v in values.items()}
        with open(o.values, "w") as f:
            json.dump(lists, f)


if __name__ == "__main__":
    sys.exit(main())
