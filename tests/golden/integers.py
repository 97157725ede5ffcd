"""Arithmetic and integer networks, written from model/CODING.md: for decode.py."""
import numpy as np

F32 = np.float32
SEEN_ZERO = 128
HEADROOM = 1.4


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


# --- Networks whose integers the model file stores

def run_stored_layer(model, layer, x, zero):
    name = layer["name"]
    sums = convolve(x, model["integer.%s.weight" % name], model["integer.%s.bias" % name].astype(np.int64), zero,
                    layer.get("stride", 1), layer.get("padding", 0), layer["type"] == "conv_transpose2d")
    shift = int(model["integer.%s.shift" % name][0])
    return (sums * model["integer.%s.multiplier" % name].astype(np.int64) + (1 << (shift - 1))) >> shift


def convolutions(network):
    return [layer for layer in network if layer["type"] != "relu"]
