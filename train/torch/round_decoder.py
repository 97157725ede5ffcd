#!/usr/bin/env python3
"""Makes the integers of a model's decoder nearer to its floats, at the same speed.

    round_decoder.py MODEL.aecm IMAGES... -o OUT.aecm

The deep path of the decoder runs on 8-bit activations and 7-bit weights (model/CODING.md, "Integer networks"). Rounding
each of them to the nearest leaves a fixed pattern of the side of a block in every picture, which is seen where pictures
are smooth. This program changes weights, biases and ranges of the deep path, and nothing else of the model:

1. Channels between two layers with a relu are scaled to the same largest value (arXiv:1906.04721, section 4.1).
2. Each range becomes the one at which rounding and clipping together cost least.
3. Layer after layer, weights are fitted to what the rounded layers before give (least squares, near the old ones), and
   are rounded one after the other, those still to come making good what the earlier ones lost (GPTQ, arXiv:2210.17323).
4. Biases take up the mean of what is left.

Latents come from random crops of IMAGES at random qualities, coded as files are. Bits, tables and the float decoder of
the model do not change but for the scaled channels and the roundings themselves.
Works with architectures like data/arch/release.json, whose decoder is the sum of a deep path and a block path. Debian:
python3-torch python3-numpy python3-pil python3-xxhash, and libopenblas0-pthread, which makes it ten times as fast.
"""
import argparse
import json
import random
import struct

import numpy
import torch
import torch.nn.functional as F
import xxhash

from torch_network import compand, read_safetensors, write_whole
from torch_twin import load_codec, load_images

SIDE = 256  # of a crop, in pixels
HEADROOM = 1.4  # integers hold so many times the range that a model file names
LEVELS = {"relu": (255, 0, 255), "stream": (127, -128, 127)}  # of an activation: steps in a range, least, most
MOST_SCALING = 50  # of a channel, in step 1
LIMITS = (1.05, 0.95, 0.85, 0.75, 0.65, 0.55, 0.45)  # of the largest value, tried in step 2
OLD_WEIGHTS = 0.01  # how much step 3 holds on to the old weights, in mean squares of the inputs
DAMPING = 0.01  # of the rounding in step 3, in mean squares of the inputs
CHECKSUM = "aecomp.checksum"  # in the metadata, see model/base/safetensors_checksum.h
BLOCK = 64  # columns that are rounded before the others learn of it


class Step:
    """A convolution, and what becomes of its result: "relu", "stream" (perhaps added to that of step `entry`) or "last"."""

    def __init__(self, layer):
        self.name, self.transposed = layer["name"], layer["type"] == "conv_transpose2d"
        self.kernel, self.stride, self.padding = layer["kernel"], layer.get("stride", 1), layer.get("padding", 0)
        self.output, self.entry = "stream", None

    def run(self, x, weight, bias=None):
        function = F.conv_transpose2d if self.transposed else F.conv2d
        return function(x, weight, bias, stride=self.stride, padding=self.padding)

    def finish(self, y, streams):
        """Relu or sum; streams: of the steps before, gets this one's."""
        y = F.relu(y) if self.output == "relu" else y if self.entry is None else y + streams[self.entry]
        streams.append(y)
        return y

    def over_outputs(self, values):
        return values[None, :, None, None] if self.transposed else values[:, None, None, None]

    def over_inputs(self, values):
        return values[:, None, None, None] if self.transposed else values[None, :, None, None]

    def unit(self, weight):
        """What one step of each output channel's integer weights is worth."""
        return weight.abs().amax((0, 2, 3) if self.transposed else (1, 2, 3)) / 63

    def phases(self):
        """Taps that work together: [(first row and column, [(row, column of the kernel; of the input)])]."""
        if not self.transposed:
            k = range(self.kernel)
            return [((0, 0), [(a, c, a - self.padding, c - self.padding) for a in k for c in k])]
        found = []
        for a in range(self.stride):
            for c in range(self.stride):
                rows = [t for t in range(self.kernel) if (a + self.padding - t) % self.stride == 0]
                columns = [t for t in range(self.kernel) if (c + self.padding - t) % self.stride == 0]
                at = lambda first, t: (first + self.padding - t) // self.stride
                found.append(((a, c), [(t, u, at(a, t), at(c, u)) for t in rows for u in columns]))
        return found

    def inputs(self, x, taps):
        """What the taps read, [positions, taps * channels]."""
        most = max(max(abs(i), abs(j)) for _, _, i, j in taps)
        padded, (h, w) = F.pad(x, (most,) * 4), x.shape[2:]
        read = [padded[:, :, most + i : most + i + h, most + j : most + j + w] for _, _, i, j in taps]
        return torch.stack(read, 1).permute(0, 3, 4, 1, 2).flatten(0, 2).flatten(1)

    def results(self, y, first):
        """[positions, out] of one phase."""
        every = self.stride if self.transposed else 1
        return y[:, :, first[0] :: every, first[1] :: every].permute(0, 2, 3, 1).flatten(0, 2)

    def take(self, weight, taps):
        """Weights of these taps, [out, taps * channels]."""
        weight = weight.transpose(0, 1) if self.transposed else weight  # [out, in, kh, kw]
        return torch.stack([weight[:, :, a, c] for a, c, _, _ in taps], 1).flatten(1)

    def put(self, weight, taps, values):
        """The opposite of take."""
        weight = weight.transpose(0, 1) if self.transposed else weight
        for (a, c, _, _), part in zip(taps, values.unflatten(1, (len(taps), -1)).unbind(1)):
            weight[:, :, a, c] = part


def lay_out(network):
    steps = []
    for layer in network:
        if layer["type"] == "sum":
            entry = len(steps) - 1
            steps += lay_out(layer["branches"][1])
            steps[-1].entry = entry
        elif layer["type"] == "relu":
            steps[-1].output = "relu"
        elif layer["type"] in ("conv2d", "conv_transpose2d") and layer.get("stride", 1) in (1, layer["kernel"] // 2):
            steps.append(Step(layer))
        else:
            raise ValueError(f"cannot round a decoder with layer {layer['name']}, of type {layer['type']}")
    return steps


def deep_path(architecture):
    """Its steps, and the scale of the compand layer before them."""
    first, *more = architecture["decoder"]
    if first["type"] != "sum" or more:
        raise ValueError("the decoder is no sum of a deep path and a block path")
    branch = max(first["branches"], key=len)
    if branch[0]["type"] != "compand":
        raise ValueError("the deep path does not begin with a compand layer")
    steps = lay_out(branch[1:])
    steps[-1].output = "last"
    return steps, branch[0].get("scale", 1.0)


@torch.no_grad()
def draw_latents(codec, images, count):
    """What decoders get for random crops at random qualities: [count, M, h, w]."""
    codec.deadzones = True
    codec.use_visual_map()
    got = []
    hook = codec.decoder.register_forward_pre_hook(lambda module, inputs: got.append(inputs[0]))
    top = 16.0 * (len(codec.lambdas) - 1)
    for _ in range(count):
        image = random.choice(images)
        y, x = (random.randrange(size - SIDE + 1) for size in image.shape[1:])
        crop = image[None, :, y : y + SIDE, x : x + SIDE].float() / 255
        codec(crop, torch.tensor([random.uniform(0, top)]))
    hook.remove()
    return torch.cat(got)


def quantised(x, kind, limit):
    steps, low, high = LEVELS[kind]
    return (x * (steps / limit)).round_().clamp_(low, high) * (limit / steps)


def largest(x):
    """Of every channel."""
    return x.abs().amax((0, 2, 3))


def equalise(steps, weights, biases, results):
    """Scales channels; results: of every convolution before its relu, scaled as well."""
    for i, (step, following) in enumerate(zip(steps, steps[1:])):
        if step.output == "relu":
            most = largest(F.relu(results[i]))
            scale = most.max() / most.clamp(min=most.max() / MOST_SCALING)
            weights[i] *= step.over_outputs(scale)
            biases[i] *= scale
            weights[i + 1] /= following.over_inputs(scale)
            results[i] *= scale[None, :, None, None]


def best_limit(x, kind, following, weight):
    """The largest value that integers should hold: the next layer's weights say how much the error of a channel counts."""
    worth = weight.square().sum((1, 2, 3) if following.transposed else (0, 2, 3))

    def cost(limit):
        return float(((quantised(x, kind, limit) - x).square().mean((0, 2, 3)) * worth).sum())

    return min((float(x.abs().max()) * part for part in LIMITS), key=cost)


def round_in_turn(weights, products, unit):
    """Rounded weights, [out, d]: every column's error is made good by those behind it as far as the inputs let it.
    products: mean of input times input, [d, d]."""
    products = products + DAMPING * products.diagonal().mean() * torch.eye(len(products), dtype=products.dtype)
    order = products.diagonal().argsort(descending=True)
    left, rounded = weights[:, order].clone(), torch.zeros_like(weights)
    upper = torch.linalg.cholesky(products[order][:, order])
    upper = torch.linalg.cholesky(torch.cholesky_inverse(upper), upper=True)
    for begin in range(0, left.shape[1], BLOCK):
        end = min(begin + BLOCK, left.shape[1])
        errors = torch.zeros_like(left[:, begin:end])
        for j in range(begin, end):
            rounded[:, j] = (left[:, j] / unit).round().clamp(-63, 63) * unit
            errors[:, j - begin] = (left[:, j] - rounded[:, j]) / upper[j, j]
            left[:, j:end] -= errors[:, j - begin, None] * upper[j, j:end]
        left[:, end:] -= errors @ upper[begin:end, end:]
    return rounded[:, order.argsort()]


def fit(step, weight, x, want):
    """Rounded weights that make of x, as it is rounded, what is nearest to `want` but for a constant."""
    result, unit = weight.clone(), step.unit(weight).double()
    for first, taps in step.phases():
        read, wanted = step.inputs(x, taps), step.results(want, first)
        read, wanted = read - read.mean(0), wanted - wanted.mean(0)
        products, crossed = (read.T @ read / len(read)).double(), (read.T @ wanted / len(read)).double()
        old = step.take(weight, taps).double()
        hold = OLD_WEIGHTS * products.diagonal().mean()
        fitted = torch.linalg.solve(products + hold * torch.eye(len(products), dtype=torch.double), crossed + hold * old.T)
        step.put(result, taps, round_in_turn(fitted.T.contiguous(), products, unit).float())
    return result


def run_floats(steps, weights, biases, x):
    """The result of every convolution, before its relu or sum."""
    streams, results = [], []
    for step, weight, bias in zip(steps, weights, biases):
        results.append(step.run(x, weight, bias))
        x = step.finish(results[-1], streams)
    return results


def run_integers(steps, weights, biases, x, limits):
    """What the decoder's integers give, but for the 16 bits of streams; limits: of the input and of every step."""
    streams, x = [], quantised(x, "stream", limits[0])
    for step, weight, bias, limit in zip(steps, weights, biases, limits[1:]):
        unit = step.over_outputs(step.unit(weight))
        y = step.run(x, (weight / unit).round() * unit, bias)
        if step.output == "last":
            return y
        x = quantised(step.finish(y, streams), step.output, limit)


@torch.no_grad()
def round_network(steps, weights, biases, x, input_limit):
    """Changes weights and biases; returns the largest value that integers should hold, of the input and every step."""
    results = run_floats(steps, weights, biases, x)
    equalise(steps, weights, biases, results)
    limits, floats, streams = [input_limit], [], []
    x = quantised(x, "stream", input_limit)
    for i, step in enumerate(steps):
        wanted = results[i] if step.entry is None else results[i] + floats[step.entry] - streams[step.entry]
        weight = fit(step, weights[i], x, wanted)
        y = step.run(x, weight)
        bias = (wanted - y).mean((0, 2, 3))
        exact = step.finish(results[i], floats)
        if step.output != "last":
            limits.append(best_limit(exact, step.output, steps[i + 1], weights[i + 1]))
            x = quantised(step.finish(y + bias[None, :, None, None], streams), step.output, limits[-1])
        weights[i].copy_(weight)
        biases[i].copy_(bias)
        print(f"{step.name}", flush=True)
    return limits


def error(wanted, got):
    """Root of the mean squares in gray levels of 255, of all and of what all pictures share: a pattern of the side of a
    block. Borders are left out."""
    e = (255 * (got - wanted))[:, :, 64:-64, 64:-64]
    n, channels, h, w = e.shape
    pattern = e.reshape(n, channels, h // 16, 16, w // 16, 16).mean((0, 2, 4))
    pattern = pattern - pattern.mean((1, 2), keepdim=True)
    return f"{e.square().mean().sqrt():.3f}, pattern {pattern.square().mean().sqrt():.3f}"


def write_model(source, out, changed, how):
    """source with other values in some tensors, `how` in its provenance, and a checksum that holds."""
    with open(source, "rb") as f:
        length = struct.unpack("<Q", f.read(8))[0]
        header, data = json.loads(f.read(length)), bytearray(f.read())
    for name, value in changed.items():
        begin, end = header[name]["data_offsets"]
        kind = {"F16": numpy.float16, "F32": numpy.float32}[header[name]["dtype"]]
        content = value.numpy().astype(kind).tobytes()
        if len(content) != end - begin:
            raise ValueError(f"{source}: {name} has {end - begin} bytes, not {len(content)}")
        data[begin:end] = content
    metadata = header["__metadata__"]
    provenance = json.loads(metadata.get("aecomp.provenance", "{}"))
    metadata["aecomp.provenance"] = json.dumps({**provenance, "decoder_rounding": how}, separators=(",", ":"))
    if CHECKSUM in metadata:
        metadata[CHECKSUM] = "0" * 32
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    file = bytearray(struct.pack("<Q", len(text)) + text + data)
    if CHECKSUM in metadata:
        entry = f'"{CHECKSUM}":"'.encode()
        at = file.index(entry) + len(entry)
        file[at : at + 32] = xxhash.xxh3_128(bytes(file)).hexdigest().encode()
    write_whole(out, file)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", metavar="MODEL.aecm")
    parser.add_argument("images", nargs="+", help="folders of training images")
    parser.add_argument("-o", "--output", required=True, metavar="OUT.aecm")
    parser.add_argument("--crops", type=int, default=160, help="to fit with (160); a quarter as many more to measure with")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    torch.manual_seed(o.seed)
    random.seed(o.seed)

    codec, _, architecture, tables = load_codec(o.model)
    ranges = read_safetensors(o.model)[0].get("integer.decoder.ranges")
    if tables is None or ranges is None:
        parser.error(f"{o.model} holds no integers of a decoder: aecomp model import makes a model of weights")
    steps, scale = deep_path(architecture)
    parameters = dict(codec.named())
    weights, biases = ([parameters[s.name + end].detach().clone() for s in steps] for end in (".weight", ".bias"))
    images = load_images(o.images, SIDE, "cpu")
    if not images:
        parser.error(f"{', '.join(o.images)}: no image of at least {SIDE}x{SIDE} pixels; give folders that hold some")
    x = compand(draw_latents(codec, images, o.crops + o.crops // 4), scale)
    x, held_out = x[: o.crops], x[o.crops :]
    floats = run_floats(steps, weights, biases, held_out)[-1].detach()
    old = [HEADROOM * float(r) for r in ranges]
    print("error of the integers, in gray levels, before:", error(floats, run_integers(steps, weights, biases, held_out, old)), flush=True)
    limits = round_network(steps, weights, biases, x, old[0])
    weights, biases = ([v.half().float() for v in values] for values in (weights, biases))
    print("after:", error(floats, run_integers(steps, weights, biases, held_out, [*limits, None])))
    ranges[: len(limits)] = torch.tensor(limits) / HEADROOM
    changed = {"integer.decoder.ranges": ranges}
    for step, weight, bias in zip(steps, weights, biases):
        changed |= {step.name + ".weight": weight, step.name + ".bias": bias}
    write_model(o.model, o.output, changed, {"images": len(images), "crops": o.crops, "seed": o.seed})


if __name__ == "__main__":
    main()
