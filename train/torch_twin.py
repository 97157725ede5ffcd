#!/usr/bin/env python3
"""PyTorch twin of the trainer's model: the same architecture file, the same loss, the same parameter names.

Runs with Debian's python3-torch (1.13, CPU) and newer. It exists to check the C++ layers against and to measure them:

    torch_twin.py bench ARCH.json [--batch 5] [--patch 192] [--steps 20]   images/s of whole training steps (Adam, clipping, EMA)

Images are in [0, 1]; loss = mean of (bpp + lambda * 255^2 * mse) / (1e-3 * lambda * 255^2 + 0.3).
"""
import argparse
import json
import math
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

SIGMA_MIN, Z_SCALE_MIN, P_MIN = 0.11, 0.05, 1e-9


def compand(v, scale=1.0):
    return torch.sign(v) * torch.log1p(scale * v.abs())


def lap(x, block, inverse):
    """Mixes what lies around block borders: the even part stays, the odd part is multiplied with V (model/layers/lap.cpp)."""
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


def round_ste(x):
    return x + (torch.round(x) - x).detach()


class LowerBound(torch.autograd.Function):
    """max(x, bound) whose gradient still pulls x up from below the bound."""

    @staticmethod
    def forward(ctx, x, bound):
        ctx.save_for_backward(x)
        ctx.bound = bound
        return x.clamp(min=bound)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * ((x >= ctx.bound) | (g < 0)).to(g.dtype), None


def gaussian_bits(r, log_sigma):
    s, v = LowerBound.apply(log_sigma.exp(), SIGMA_MIN), r.abs()
    tail = lambda a: 0.5 * torch.erfc(a * math.sqrt(0.5))
    return -torch.log2(LowerBound.apply(tail((v - 0.5) / s) - tail((v + 0.5) / s), P_MIN))


def logistic_bits(r, log_scale):
    s, v = LowerBound.apply(log_scale.exp(), Z_SCALE_MIN), r.abs()
    return -torch.log2(LowerBound.apply(torch.sigmoid((0.5 - v) / s) - torch.sigmoid((-0.5 - v) / s), P_MIN))


class Network(nn.Module):
    """A list of layers of an architecture file. "sum" has branches that all read its input."""

    def __init__(self, layers):
        super().__init__()
        self.layers = layers
        self.weights = nn.ModuleDict()
        self.branches = nn.ModuleDict()
        for layer in layers:
            key = layer["name"].replace(".", "/")
            if layer["type"] == "conv2d":
                self.weights[key] = nn.Conv2d(layer["in"], layer["out"], layer["kernel"], layer.get("stride", 1),
                                              layer.get("padding", 0), groups=layer.get("groups", 1))
            elif layer["type"] == "conv_transpose2d":
                self.weights[key] = nn.ConvTranspose2d(layer["in"], layer["out"], layer["kernel"], layer.get("stride", 1),
                                                       layer.get("padding", 0), layer.get("output_padding", 0))
            elif layer["type"] == "sum":
                self.branches[key] = nn.ModuleList([Network(b) for b in layer["branches"]])
            elif layer["type"] not in ("relu", "compand", "lap"):
                raise ValueError(f"layer {layer['name']}: type {layer['type']} is not known to the twin")

    def forward(self, x):
        for layer in self.layers:
            key, kind = layer["name"].replace(".", "/"), layer["type"]
            if kind == "relu":
                x = F.relu(x)
            elif kind == "compand":
                x = compand(x, layer.get("scale", 1.0))
            elif kind == "lap":
                x = lap(x, layer["block"], layer.get("inverse", False))
            elif kind == "sum":
                x = sum(branch(x) for branch in self.branches[key])
            else:
                x = self.weights[key](x)
        return x

    def named(self):
        """(name in the model file, tensor) of every parameter."""
        for key, module in self.weights.items():
            for suffix in ("weight", "bias"):
                yield f"{key.replace('/', '.')}.{suffix}", getattr(module, suffix)
        for branches in self.branches.values():
            for branch in branches:
                yield from branch.named()


class Codec(nn.Module):
    ROLES = ("hyper_encoder", "hyper_decoder", "sigma_head", "mu_head", "context_in", "context_out")

    def __init__(self, architecture):
        super().__init__()
        self.lambdas = architecture["lambdas"]
        self.encoder, self.decoder = Network(architecture["encoder"]), Network(architecture["decoder"])
        self.prior = nn.ModuleDict({role: Network(architecture["prior"][role]) for role in self.ROLES})
        m = architecture["prior"]["sigma_head"][-1]["out"]
        n = architecture["prior"]["hyper_encoder"][-1]["out"]
        q = len(self.lambdas)
        step = torch.tensor([0.5 * math.log(18 / (math.log(2) * 65025 * v)) for v in self.lambdas])[:, None]
        self.log_gain, self.log_step = nn.Parameter(-step.repeat(1, m)), nn.Parameter(step.repeat(1, m))
        self.log_sigma = nn.Parameter(torch.zeros(m))
        self.log_z_gain, self.z_log_scale = nn.Parameter(torch.zeros(q, n)), nn.Parameter(torch.zeros(q, n))
        self.z_mean = nn.Parameter(torch.zeros(n))

    def named(self):
        for network in (self.encoder, self.decoder, *self.prior.values()):
            yield from network.named()
        for name in ("log_gain", "log_step", "log_sigma", "log_z_gain", "z_log_scale", "z_mean"):
            yield name, getattr(self, name)

    def forward(self, x, quality, noise=None):
        """x: [N, C, H, W] in [0, 1]; quality: [N] in 1/16 steps; noise: (z noise, y noise) or None to draw it.
        Returns loss, bpp [N], mse [N]."""
        position = quality / 16
        lo = position.floor().long().clamp(0, len(self.lambdas) - 2)
        t = (position - lo)[:, None]
        at = lambda table: (table[lo] * (1 - t) + table[lo + 1] * t)[:, :, None, None]
        channel = lambda v: v[None, :, None, None]
        gain, step, z_gain = at(self.log_gain).exp(), at(self.log_step).exp(), at(self.log_z_gain).exp()
        middle = channel(self.log_gain[len(self.lambdas) // 2].exp())

        a = self.encoder(x - 0.5)
        y = a * gain
        z = self.prior["hyper_encoder"](compand(a * middle)) * z_gain - channel(self.z_mean)
        draw = lambda v: torch.empty_like(v).uniform_(-0.5, 0.5)
        z_noise, y_noise = noise if noise is not None else (draw(z), draw(y))
        z_bits = logistic_bits(z + z_noise, at(self.z_log_scale))
        features = self.prior["hyper_decoder"]((round_ste(z) + channel(self.z_mean)) / z_gain)
        mu = self.prior["mu_head"](features) * gain
        log_sigma = (self.prior["sigma_head"](features) + channel(self.log_sigma)).clamp(-12, 6) + gain.log()

        h, w = y.shape[2:]  # checkerboard, phase alternating by channel; the second half sees the first
        board = ((torch.arange(h)[:, None] + torch.arange(w)) % 2).to(y)
        first = torch.stack([board, 1 - board]).repeat(y.shape[1] // 2, 1, 1)[None]
        seen = (round_ste(y - mu) + mu) * first * (middle / gain)
        joined = torch.cat([features, self.prior["context_in"](compand(seen))], 1)
        mu = mu + (1 - first) * gain * self.prior["context_out"](joined)
        y_bits = gaussian_bits(y - mu + y_noise, log_sigma)
        x_hat = self.decoder((round_ste(y - mu) + mu) * step) + 0.5

        bpp = (y_bits.flatten(1).sum(1) + z_bits.flatten(1).sum(1)) / (x.shape[2] * x.shape[3])
        mse = ((x_hat - x) ** 2).flatten(1).mean(1)
        log_lambda = torch.tensor([math.log(v) for v in self.lambdas]).to(t)
        lam = 65025 * (log_lambda[lo] * (1 - t[:, 0]) + log_lambda[lo + 1] * t[:, 0]).exp()
        return ((bpp + lam * mse) / (1e-3 * lam + 0.3)).mean(), bpp, mse


def bench(o):
    torch.manual_seed(1)
    model = Codec(json.load(open(o.architecture)))
    parameters = list(model.parameters())
    optimizer = torch.optim.Adam(parameters, lr=1e-4)
    average = [p.detach().clone() for p in parameters]
    quality = torch.linspace(0, 16 * (len(model.lambdas) - 1), o.batch)
    start = 0.0
    for i in range(o.steps + 3):
        if i == 3:  # the first steps allocate
            start = time.time()
        loss, _, _ = model(torch.rand(o.batch, 3, o.patch, o.patch), quality)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        with torch.no_grad():
            torch._foreach_mul_(average, 0.999)
            torch._foreach_add_(average, parameters, alpha=0.001)
    print(f"{o.steps * o.batch / (time.time() - start):.2f} images/s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    b = commands.add_parser("bench")
    b.add_argument("architecture")
    b.add_argument("--batch", type=int, default=5)
    b.add_argument("--patch", type=int, default=192)
    b.add_argument("--steps", type=int, default=20)
    o = parser.parse_args()
    bench(o)


if __name__ == "__main__":
    main()
