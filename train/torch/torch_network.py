"""The networks of architecture files in PyTorch, with the parameter names and shapes of aecomp's weights files."""
import json
import math
import os
import struct

import torch
import torch.nn as nn
import torch.nn.functional as F

DTYPES = {"F32": torch.float32, "F16": torch.float16, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8}


def read_safetensors(path):
    """Tensors by name, and the metadata."""
    with open(path, "rb") as f:
        header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        data = bytearray(f.read())
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, t in header.items():
        begin, end = t["data_offsets"]
        tensors[name] = torch.frombuffer(data[begin:end], dtype=DTYPES[t["dtype"]]).reshape(t["shape"])
    return tensors, metadata


def write_whole(path, content):
    """Writes bytes to a file, which is not there before all are; a device is written into, not replaced."""
    device = os.path.exists(path) and not os.path.isfile(path)
    with open(path if device else path + ".part", "wb") as f:
        f.write(content)
    if not device:
        os.replace(path + ".part", path)


def write_safetensors(path, tensors, metadata):
    """All tensors as f16. A checksum in the metadata, which is that of other tensors, is left out."""
    metadata = {key: value for key, value in metadata.items() if not key.startswith("aecomp.checksum")}
    header, blobs, at = {"__metadata__": metadata}, [], 0
    for name, t in tensors.items():
        values = t.detach().half().cpu().contiguous().reshape(-1)
        blob = bytes(values.view(torch.uint8).tolist()) if values.numel() else b""
        header[name] = {"dtype": "F16", "shape": list(t.shape), "data_offsets": [at, at + len(blob)]}
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    write_whole(path, struct.pack("<Q", len(text)) + text + b"".join(blobs))


def compand(v, scale=1.0):
    return torch.sign(v) * torch.log1p(scale * v.abs())


def lap(x, block, inverse):
    """Mixes what lies around block borders: the even part stays, the odd part is multiplied with V (model/network/layers/lap.cpp)."""
    n = block // 2
    i, k = torch.arange(n, dtype=torch.float64), torch.arange(n, dtype=torch.float64)[:, None]
    dct2 = math.sqrt(2 / n) * torch.cos(math.pi * (i + 0.5) * k / n)
    dct2[0] *= math.sqrt(0.5)
    dct4 = math.sqrt(2 / n) * torch.cos(math.pi * (i + 0.5) * (k + 0.5) / n)
    v = (dct2.T @ dct4).flip(0, 1).to(x)
    if inverse:
        v = v.T
    for _ in range(2):  # columns, then rows
        h = x.shape[2]
        middle = x[:, :, n:h - n].unflatten(2, (h // block - 1, block))
        before, behind = middle[:, :, :, :n].flip(3), middle[:, :, :, n:]
        even, odd = (before + behind) / 2, torch.einsum("de,bcgew->bcgdw", v, (before - behind) / 2)
        middle = torch.cat([(even + odd).flip(3), even - odd], 3).flatten(2, 3)
        x = torch.cat([x[:, :, :n], middle, x[:, :, h - n:]], 2).transpose(2, 3)
    return x


class LeakyRelu(torch.autograd.Function):
    """relu that lets a share of the gradient through where it gives 0."""

    @staticmethod
    def forward(ctx, x, leak):
        y = x.clamp(min=0)
        ctx.save_for_backward(y)
        ctx.leak = leak
        return y

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return torch.where(y > 0, g, g * ctx.leak), None


class Gdn(nn.Module):
    """Generalized divisive normalization, or its inverse; beta and gamma hold roots (model/network/layers/gdn.cpp)."""

    def __init__(self, channels, inverse):
        super().__init__()
        self.inverse = inverse
        self.beta = nn.Parameter(torch.ones(channels))
        self.gamma = nn.Parameter(torch.full((channels, channels), 0.01).fill_diagonal_(math.sqrt(0.1)))

    def forward(self, x):
        root = F.conv2d(x * x, (self.gamma ** 2)[:, :, None, None], 1e-6 + self.beta ** 2).sqrt()
        return x * root if self.inverse else x / root


def make_weights(layer, channels):
    """The module of a layer that has parameters; None for other layers. channels: of its input."""
    kind, options = layer["type"], {k: layer[k] for k in ("stride", "padding", "output_padding", "groups", "bias") if k in layer}
    if kind == "conv2d":
        return nn.Conv2d(layer["in"], layer["out"], layer["kernel"], **options)
    if kind == "conv_transpose2d":
        return nn.ConvTranspose2d(layer["in"], layer["out"], layer["kernel"], **options)
    if kind == "linear":
        return nn.Linear(layer["in"], layer["out"], **options)
    if kind in ("gdn", "igdn"):
        return Gdn(channels, kind == "igdn")
    return None


# Layers without parameters, on [N, C, H, W].
FUNCTIONS = {
    "leaky_relu": lambda x, o: F.leaky_relu(x, o.get("slope", 0.01)),
    "sigmoid": lambda x, o: torch.sigmoid(x),
    "tanh": lambda x, o: torch.tanh(x),
    "compand": lambda x, o: compand(x, o.get("scale", 1.0)),
    "lap": lambda x, o: lap(x, o["block"], o.get("inverse", False)),
    "max_pool2d": lambda x, o: F.max_pool2d(x, o["kernel"], o.get("stride"), o.get("padding", 0)),
    "avg_pool2d": lambda x, o: F.avg_pool2d(x, o["kernel"], o.get("stride"), o.get("padding", 0)),
    "flatten": lambda x, o: x.flatten(1)[:, :, None, None],
    "reshape": lambda x, o: x.reshape(x.shape[0], *o["shape"]),
    "pixel_shuffle": lambda x, o: F.pixel_shuffle(x, o["factor"]),
    "pixel_unshuffle": lambda x, o: F.pixel_unshuffle(x, o["factor"]),
}


class Network(nn.Module):
    """A list of layers of an architecture file. "sum" has branches that all read its input, "residual" is a sum of its
    input and its layers. channels: of the input; only gdn and igdn need to know."""

    def __init__(self, layers, relu_leak=0.0, channels=None):
        super().__init__()
        self.layers, self.relu_leak = layers, relu_leak
        self.weights, self.branches = nn.ModuleDict(), nn.ModuleDict()
        for layer in layers:
            key, kind = self.key(layer), layer["type"]
            if kind in ("sum", "residual"):
                branches = layer["branches"] if kind == "sum" else [[], layer["layers"]]
                self.branches[key] = nn.ModuleList([Network(b, relu_leak, channels) for b in branches])
                channels = self.branches[key][-1].channels
                continue
            module = make_weights(layer, channels)
            if module is not None:
                self.weights[key] = module
            elif kind != "relu" and kind not in FUNCTIONS:
                raise ValueError(f"layer {layer['name']}: type {kind} is not known to the twin")
            channels = self.channels_after(layer, channels)
        self.channels = channels

    @staticmethod
    def key(layer):
        return layer["name"].replace(".", "/")

    @staticmethod
    def channels_after(layer, channels):
        area = layer.get("factor", 1) ** 2
        return {"pixel_shuffle": lambda: channels // area, "pixel_unshuffle": lambda: channels * area,
                "reshape": lambda: layer["shape"][0]}.get(layer["type"], lambda: layer.get("out", channels))()

    def forward(self, x):
        for layer in self.layers:
            key, kind = self.key(layer), layer["type"]
            if kind == "relu":
                x = LeakyRelu.apply(x, self.relu_leak) if self.relu_leak > 0 else F.relu(x)
            elif kind == "linear":
                x = self.weights[key](x.flatten(1))[:, :, None, None]
            elif key in self.weights:
                x = self.weights[key](x)
            elif key in self.branches:
                x = sum(branch(x) for branch in self.branches[key])
            else:
                x = FUNCTIONS[kind](x, layer)
        return x

    def named(self):
        """(name in the model file, tensor) of every parameter."""
        for key, module in self.weights.items():
            for suffix, parameter in module.named_parameters(recurse=False):
                yield f"{key.replace('/', '.')}.{suffix}", parameter
        for branches in self.branches.values():
            for branch in branches:
                yield from branch.named()
