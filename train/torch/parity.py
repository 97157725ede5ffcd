#!/usr/bin/env python3
"""Compares the C++ layers with PyTorch: outputs and every gradient of every network of architecture files.

    parity.py NETWORK_DUMP ARCH.json...      see scripts/parity.sh

NETWORK_DUMP is tests/parity/network_dump: it runs the networks forward and backward on random numbers. Here the same
numbers go through the same networks in PyTorch, in double precision. The error of a tensor is its largest difference
relative to its largest element; 1e-4 is allowed.
"""
import json
import os
import subprocess
import sys
import tempfile

import torch

from torch_network import Network, read_safetensors

MOST = 1e-4
# A unit that lies on the kink of a relu to within rounding has two right gradients; other numbers will not put one
# there again.
SEEDS = (1, 3)


def error(got, expected):
    if got.shape != expected.shape:
        return float("inf")
    worst = (got.double() - expected).abs().max().item()
    if worst != worst:
        return float("inf")
    return worst / max(expected.abs().max().item(), 1e-30) if worst else 0.0


def networks(architecture):
    """(role, network) as tests/parity/network_dump.cpp runs them."""
    channels = architecture.get("image_channels", 3)
    yield "coder", Network(architecture["encoder"] + architecture["decoder"], channels=channels)
    latent = Network(architecture["encoder"], channels=channels).channels
    for role, layers in architecture["prior"].items():
        if isinstance(layers, list):
            yield role, Network(layers, channels=latent if role in ("hyper_encoder", "context_in") else None)


def compare(dump):
    """Errors of the outputs and of the gradients by name."""
    tensors, metadata = read_safetensors(dump)
    outputs, gradients, known = {}, {}, set()
    for role, network in networks(json.loads(metadata["aecomp.architecture"])):
        network.double()
        activation = lambda what: tensors[f"{role}/{what}"].double().permute(0, 3, 1, 2)
        with torch.no_grad():
            for name, p in network.named():
                p.copy_(tensors["value/" + name])
        x = activation("x").requires_grad_()
        y = network(x)
        outputs[role] = error(activation("y"), y.detach())
        y.backward(activation("dy"))
        gradients[f"input of {role}"] = error(activation("dx"), x.grad)
        for name, p in network.named():
            # What nothing depends on has no gradient here and zeros there.
            expected = p.grad if p.grad is not None else torch.zeros_like(p)
            gradients[name] = error(tensors["grad/" + name], expected)
            known.add("value/" + name)
    unknown = {name for name in tensors if name.startswith("value/")} - known
    if unknown:
        raise SystemExit(f"{dump}: PyTorch's networks lack {sorted(unknown)}")
    return outputs, gradients


def main():
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    program, failures = sys.argv[1], 0
    print(f"PyTorch {torch.__version__}; worst relative errors")
    print(f"{'architecture':18} {'parameters':>10} {'outputs':>9} {'gradients':>9}  of")
    with tempfile.TemporaryDirectory() as folder:
        for path in sys.argv[2:]:
            name = os.path.splitext(os.path.basename(path))[0]
            for seed in SEEDS:
                dump = os.path.join(folder, name + ".safetensors")
                subprocess.run([program, path, str(seed), dump], check=True)
                outputs, gradients = compare(dump)
                output, (worst, gradient) = max(outputs.values()), max((e, n) for n, e in gradients.items())
                good = max(output, worst) < MOST
                print(f"{name:18} {len(gradients) - len(outputs):10} {output:9.1e} {worst:9.1e}  {gradient}"
                      + ("" if good else f"  over {MOST:.0e}"), flush=True)
                if good:
                    break
            failures += not good
    raise SystemExit(f"{failures} architectures differ" if failures else 0)


if __name__ == "__main__":
    main()
