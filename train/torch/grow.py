#!/usr/bin/env python3
"""Grows a trained model: more channels of y, and a quality axis that goes on to higher rates.

    grow.py MODEL.aecm IMAGES WEIGHTS.safetensors --channels 512 --lambdas 0.2176,0.465
    aecomp model import WEIGHTS.safetensors --images IMAGES -o grown.aecm
    aecomp train IMAGES --init grown.aecm -o better.aecm

Up to its last lambda the grown model codes an image as MODEL does, but for the new channels. They are the principal
components of what MODEL leaves behind when y is not quantised: block_synthesis draws them, and block_analysis gets the
linear map that predicts their coefficients best from the image. Deep layers read and write them with weights of 0;
sigma_head is fitted to their spread. Gains and steps go on beyond the last lambda as those of a uniform quantiser. "core_lambdas" and "core_channels" in the architecture keep the middle of the quality axis
and the usual activity where they were.

Works with architectures like data/arch/release.json: `block_analysis` behind a lap layer, beside a deep path. Needs
PyTorch, NumPy and Pillow.
"""
import argparse
import json
import math

import numpy
import torch

from torch_network import Network, compand, write_safetensors
from torch_twin import load_codec, load_images

SIDE = 256  # of the crops that the components are taken from
ALIKE = 32  # channels at the end of MODEL's list, whose mean gains and steps the new ones get


def walk(layers):
    """Every layer of a network, those in branches too."""
    for layer in layers:
        yield layer
        for part in layer.get("branches", []) + [layer.get("layers", [])]:
            yield from walk(part)


def grown_architecture(old, channels, lambdas):
    new = json.loads(json.dumps(old))
    before = old["prior"]["sigma_head"][-1]["out"]
    new["lambdas"] = old["lambdas"] + lambdas
    new.setdefault("core_lambdas", len(old["lambdas"]))
    new.setdefault("core_channels", before)
    networks = [new["encoder"], new["decoder"]] + [v for k, v in new["prior"].items() if k != "type"]
    for layer in (layer for network in networks for layer in walk(network)):
        for end in ("in", "out"):
            if layer.get(end) == before:
                layer[end] = channels
    return new


def log_worth(log_gain, log_step):
    """What gain and step make of a coefficient that is not quantised, [M], as logarithms: of the last two lambdas the
    larger, because at the end of the axis gains and steps are not trained from both sides."""
    return (log_gain + log_step)[-2:].max(0).values


def crop(image):
    """The middle of an image, [C, SIDE, SIDE] in [-1/2, 1/2]."""
    top, left = ((v - SIDE) // 2 for v in image.shape[1:])
    return image[:, top:top + SIDE, left:left + SIDE].float() / 255 - 0.5


def features_of(model, y):
    """What sigma_head reads at each position of y [1, M, h, w] at the last lambda: [h * w, K]."""
    gain, mean = model.log_z_gain[-1].exp()[None, :, None, None], model.z_mean[None, :, None, None]
    middle = model.log_gain[model.core_lambdas // 2].exp()[None, :, None, None]
    z = torch.round(model.prior["hyper_encoder"](compand(y * middle)) * gain - mean)
    return model.prior["hyper_decoder"]((z + mean) / gain)[0].flatten(1).T


def blocks_of(x, block):
    """[N, C, H, W] to [N * H/block * W/block, C * block * block]."""
    n, c, h, w = x.shape
    x = x.reshape(n, c, h // block, block, w // block, block)
    return x.permute(0, 2, 4, 1, 3, 5).reshape(-1, c * block * block).double().numpy()


@torch.no_grad()
def components(model, architecture, images, count):
    """New rows of block_analysis and of block_synthesis, [count, C, k, k]. With them, for fit_spread, the features that the
    prior has at each block, [blocks, K], and the coefficients there, [blocks, count]."""
    lap = next(layer for layer in walk(architecture["encoder"]) if layer["type"] == "lap")
    block, channels = lap["block"], architecture.get("image_channels", 3)
    forward = Network([lap], 0.0, channels)
    size = channels * block * block
    xx, xr, rr = (numpy.zeros((size, size)) for _ in range(3))
    seen = 0
    scale = log_worth(model.log_gain, model.log_step).exp()[:, None, None]
    features, samples = [], []
    for image in images:
        x = crop(image)[None]
        y = model.encoder(x)
        a, b = blocks_of(forward(x), block), blocks_of(forward(x - model.decoder(y * scale)), block)
        xx, xr, rr, seen = xx + a.T @ a, xr + a.T @ b, rr + b.T @ b, seen + len(a)
        features.append(features_of(model, y))
        samples.append(a.astype(numpy.float32))
    values, vectors = numpy.linalg.eigh(rr / seen)
    basis = vectors[:, ::-1][:, :count]  # [size, count]
    to_left = numpy.linalg.solve(xx / seen + 1e-9 * numpy.eye(size), xr / seen)  # x @ to_left is nearest to what is left
    analysis = to_left @ basis
    as_rows = lambda v: torch.tensor(v.T.copy(), dtype=torch.float32).reshape(count, channels, block, block)
    coefficients = torch.tensor(numpy.concatenate(samples) @ analysis.astype(numpy.float32))
    return as_rows(analysis), as_rows(basis), torch.cat(features), coefficients


def fit_spread(features, coefficients, rounds=600, rate=0.004, least=1e-5):
    """Weights [M, K] and biases [M] of log sigma = weights . features + bias with the least bits of Gaussians. least: added to
    the squares, a twelfth of the square of the finest step."""
    unit = features.pow(2).mean(0).sqrt()
    unit = unit.clamp(min=0.1 * unit.mean().item())
    x, square = features / unit, coefficients.pow(2) + least
    weight = torch.zeros(square.shape[1], x.shape[1], requires_grad=True)
    bias = (0.5 * square.mean(0).log()).requires_grad_()
    optimiser = torch.optim.Adam([weight, bias])
    for i in range(rounds):
        optimiser.param_groups[0]["lr"] = rate * (1 - i / rounds)
        chosen = torch.randint(len(x), (4096,))
        log_sigma = (x[chosen] @ weight.T + bias).clamp(min=0.5 * math.log(least))
        loss = (log_sigma + 0.5 * square[chosen] * (-2 * log_sigma).exp()).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return weight.detach() / unit, bias.detach()


def grown(name, old, shape, new_rows):
    """The parameter `old` in a larger shape: zeros, or what `new_rows` says, in what is new."""
    if list(old.shape) == list(shape):
        return old
    value = torch.zeros(shape)
    value[tuple(slice(0, n) for n in old.shape)] = old
    for axis, (few, many) in enumerate(zip(old.shape, shape)):
        if few != many and (rows := new_rows(name, axis, value.narrow(axis, 0, few))) is not None:
            value.narrow(axis, few, many - few).copy_(rows)
    return value


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("images", help="folder of training images")
    parser.add_argument("weights", help="to write")
    parser.add_argument("--channels", type=int, default=512)
    parser.add_argument("--lambdas", default="0.2176,0.465,0.9937,2.1234", help="to go on with")
    o = parser.parse_args()
    model, metadata, architecture, _ = load_codec(o.model)
    few, lambdas = model.log_sigma.numel(), [float(v) for v in o.lambdas.split(",")]
    images = load_images([o.images], SIDE, "cpu")
    analysis, synthesis, features, coefficients = components(model, architecture, images, o.channels - few)
    spread = fit_spread(features, coefficients)
    new = grown_architecture(architecture, o.channels, lambdas)

    before = [0.5 * math.log(v) for v in architecture["lambdas"]]
    steps = torch.tensor([before[-1] - 0.5 * math.log(v) for v in lambdas])[:, None]  # how much smaller, as logarithms
    alike = slice(few - ALIKE, few)

    def new_rows(name, axis, old):
        if name == "block_analysis.weight":
            return analysis
        if name == "block_synthesis.weight":
            return synthesis
        if axis == 0 and name in ("log_z_gain", "z_log_scale"):
            return old[-1:].expand(len(lambdas), -1)
        if name == "sigma_head.weight":
            return spread[0][:, :, None, None]
        return None

    with torch.no_grad():
        old = {name: p.detach().float() for name, p in model.named()}
        shapes = {name: p.shape for name, p in type(model)(new).named()}
        tensors = {name: grown(name, old[name], shapes[name], new_rows) for name in old}
        gain, step = old["log_gain"], old["log_step"]
        longer = {"log_gain": torch.cat([gain, gain[-1:] - steps]),
                  "log_step": torch.cat([step, log_worth(gain, step) - gain[-1:] + steps])}  # fmt: skip
        for name, table in longer.items():
            tensors[name] = torch.cat([table, table[:, alike].mean(1, keepdim=True).expand(-1, o.channels - few)], 1)
        tensors["log_sigma"][few:] = spread[1]
    metadata["aecomp.architecture"] = json.dumps(new, indent=1)
    write_safetensors(o.weights, tensors, metadata)
    print(f"{few} to {o.channels} channels, {len(before)} to {len(new['lambdas'])} lambdas: {o.weights}")


if __name__ == "__main__":
    main()
