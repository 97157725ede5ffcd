#!/usr/bin/env python3
"""The mean of several models' weights, as a file for `aecomp model import`.

    aecomp model export a.aecm -o a.weights
    scripts/average_weights.py OUT a.weights b.weights mine.aecm.checkpoint [--z LOW HIGH MEAN]
    aecomp model import OUT --images my_images/ -o c.aecm

The models must be checkpoints of one way of training (Izmailov et al. 2018, arXiv:1803.05407); one that is named twice counts twice. Of
a checkpoint that is the average which `aecomp train` keeps. Architecture and provenance are those of the first file, which must be weights. --z: gain
and scale of z times LOW at the lowest quality to HIGH at the highest, in equal ratios, its mean times MEAN (train/RECIPE.md says why).
"""

import argparse
import json
import struct
import sys

import numpy


def read(path):
    """Name to f32 array, and the whole header."""
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        first, last = entry["data_offsets"]
        values = numpy.frombuffer(data, numpy.float32, (last - first) // 4, 8 + size + first)
        tensors[name] = values.reshape(entry["shape"])
    prefix = "average/"
    if any(name.startswith(prefix) for name in tensors):
        tensors = {name[len(prefix) :]: v for name, v in tensors.items() if name.startswith(prefix)}
    return tensors, header


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("inputs", nargs="+")
    parser.add_argument("--z", nargs=3, type=float, metavar=("LOW", "HIGH", "MEAN"))
    options = parser.parse_args()

    files = {path: read(path) for path in options.inputs}
    names = [name for name in files[options.inputs[0]][1] if name != "__metadata__"]
    weights = {}
    for name in names:
        shapes = {files[path][0][name].shape if name in files[path][0] else None for path in options.inputs}
        if None in shapes or len(shapes) != 1:
            sys.exit(f"{name}: missing or of another shape in one of the files; average models of one architecture")
        weights[name] = numpy.mean([files[path][0][name] for path in options.inputs], axis=0, dtype=numpy.float64)
    if options.z:
        low, high, mean = options.z
        by_quality = numpy.linspace(numpy.log(low), numpy.log(high), len(weights["log_z_gain"]))[:, None]
        weights["log_z_gain"] = weights["log_z_gain"] + by_quality
        weights["z_log_scale"] = weights["z_log_scale"] + by_quality
        weights["z_mean"] = weights["z_mean"] * mean

    header, at = {"__metadata__": files[options.inputs[0]][1]["__metadata__"]}, 0
    for name in names:
        size = 4 * weights[name].size
        header[name] = {"dtype": "F32", "shape": list(weights[name].shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(options.out, "xb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in names:
            file.write(weights[name].astype(numpy.float32).tobytes())


if __name__ == "__main__":
    main()
