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
from files import TOOL_NO_BASE, TOOL_RESIDUAL, TOOL_Z_CONTEXT, Decoder, Model, Tables, parse_container
from integers import (F32, HEADROOM, SEEN_ZERO, IntegerNetwork, at_quality, compand, convolutions, exp_all, run_stored_layer,
                      seen)
from picture_filter import apply_filter

FIRST_OF_ACTIVITY = [F32(v) for v in (0.5422, 1.3784, 2.668, 4.6569, 7.7241, 12.4543, 19.7494)]


# --- Probability tables' rows, from z

LEVELS = [int(100 * 2 ** (n / 8)) - 100 for n in range(1, 81)]


class TileDecoder:
    def __init__(self, model, quality, gray, quality_map=(0, 0), planar=False, z_context=False):
        self.model, self.quality, a = model, quality, model.architecture
        self.map, self.planar, self.z_context = quality_map, planar, z_context
        self.prior = a["prior"]
        self.core = a.get("core_lambdas", len(a["lambdas"]))
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
            fixed = exp_all(self.model["log_gain"][self.core // 2] - log_gain)
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
            qualities = self.qualities_of(rows_at(offsets[8 * (self.core - 1)]))
        rows = rows_at(offsets[qualities])
        rows[..., self.skipped] = 0
        return features, rows, qualities

    def decode(self, streams, coded, padded, z_shape):
        """coded, padded: (h, w) of y; returns y^ as the synthesis reads it, [h, w, M], and all that led there."""
        n = self.prior_channels()
        z = self.z_by_context(streams[0], z_shape + (n,)) if self.z_context else self.plain_z(streams[0], z_shape + (n,))
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

    def plain_z(self, stream, shape):
        rows = np.tile(self.model["integer.z_rows"][self.quality], shape[0] * shape[1])
        return self.symbols([stream], self.z_tables, rows).reshape(shape)

    def z_by_context(self, stream, shape):
        m, rows = self.model, self.model["integer.z_rows"][self.quality]
        tables = Tables(m["integer.z_context.bounds"], m["integer.z_context.frequencies"], symmetric=False)
        magnitudes = []
        for row in rows:
            frequencies, _ = self.z_tables.rows[row]
            bound = self.z_tables.bounds[row]
            magnitudes.append((2 * sum(v * frequencies[bound + v] for v in range(1, bound + 1)) + 128) >> 8)
        z, decoder = np.zeros(shape, np.int64), Decoder(stream)
        for i, j in np.ndindex(shape[:2]):
            there = [(i, j - 1)] * (j > 0) + [(i - 1, j)] * (i > 0)
            seen = sum(int(abs(z[at]).sum()) for at in there)
            expected = sum(magnitudes) * len(there)
            for c in range(shape[2]):
                left = int(z[i, j - 1, c]) if j > 0 else 0
                up = int(z[i - 1, j, c]) if i > 0 else 0
                sign = -1 if (left + up, left) < (0, 0) else 1
                left, up = (max(-2, min(2, sign * v)) for v in (left, up))
                activity = sum(part * (expected + 2048) <= 25600 * (seen + 8) for part in (35, 50, 70, 100, 140, 200))
                row = m["integer.z_context.rows"][rows[c], (left + 2) * 5 + up + 2, activity]
                z[i, j, c] = sign * decoder.value(tables, int(row))
                seen, expected = seen + 4 * abs(int(z[i, j, c])), expected + 4 * magnitudes[c]
        decoder.end()
        return z

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
    decoder = TileDecoder(model, container["quality"], gray, container["map"], container["planar"],
                          bool(container["tools"] & TOOL_Z_CONTEXT))
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
    if b"Filt" in container["extra"]:
        pixels = apply_filter(pixels, container["extra"][b"Filt"], low, high)
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
