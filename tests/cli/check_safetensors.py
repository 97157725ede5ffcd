"""Reads model files and weights as the safetensors specification says, sharing no code with aecomp or its PyTorch twin:
8 bytes little-endian header length, a JSON header without duplicate keys, tensors in PyTorch's order of dimensions that
cover the rest of the file without holes or overlaps, each at a multiple of its element's size. With the safetensors
package (and PyTorch) installed, safetensors.torch.load_file must open them too and give the same bytes.

usage: check_safetensors.py FILE...
"""
import json
import struct
import sys

SIZES = {"F32": 4, "F16": 2, "I32": 4, "I16": 2, "I8": 1, "U8": 1}


def unique(pairs):
    keys = [key for key, _ in pairs]
    assert len(set(keys)) == len(keys), f"duplicate keys: {keys}"
    return dict(pairs)


def read(path):
    """{name: (dtype, shape, bytes)} and the metadata."""
    with open(path, "rb") as f:
        file = f.read()
    (length,) = struct.unpack("<Q", file[:8])
    assert length <= 100_000_000 and 8 + length <= len(file), length
    assert length % 8 == 0, "data is not aligned"
    text, data = file[8:8 + length].decode("utf-8"), file[8 + length:]
    assert text[0] == "{" and text.rstrip(" ")[-1] == "}", "only spaces may follow the header"
    header = json.loads(text, object_pairs_hook=unique)
    metadata = header.pop("__metadata__", {})
    assert all(isinstance(v, str) for v in metadata.values())
    position = 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        assert set(entry) == {"dtype", "shape", "data_offsets"}, name
        size = SIZES[entry["dtype"]]
        begin, end = entry["data_offsets"]
        elements = 1
        for d in entry["shape"]:
            elements *= d
        assert begin == position and end - begin == elements * size and begin % size == 0, name
        position = end
    assert position == len(data), "bytes that belong to no tensor"
    return {n: (e["dtype"], e["shape"], data[slice(*e["data_offsets"])]) for n, e in header.items()}, metadata


def layers_of(node):
    """Every layer object of an architecture."""
    if isinstance(node, list):
        for child in node:
            yield from layers_of(child)
    elif isinstance(node, dict):
        if "type" in node and "name" in node:
            yield node
        for child in node.values():
            yield from layers_of(child)


def check(path):
    tensors, metadata = read(path)
    architecture = json.loads(metadata["aecomp.architecture"])
    json.loads(metadata["aecomp.provenance"])
    assert metadata["aecomp.format"] == "1"
    seen = 0
    for layer in layers_of(architecture):
        if layer["type"] not in ("conv2d", "conv_transpose2d"):
            continue
        groups, k = layer.get("groups", 1), layer["kernel"]
        first, second = (layer["out"], layer["in"]) if layer["type"] == "conv2d" else (layer["in"], layer["out"])
        assert tensors[layer["name"] + ".weight"][1] == [first, second // groups, k, k], layer
        seen += layer["type"] == "conv_transpose2d"
    assert seen > 0, "no transposed convolution"
    tables = sum(name.startswith("integer.") for name in tensors)
    try:
        from safetensors.torch import load_file
    except ImportError:
        return f"{path}: {len(tensors)} tensors, {tables} of them tables; without the safetensors package"
    loaded = load_file(path)
    for name, (_, shape, content) in tensors.items():
        assert list(loaded[name].shape) == shape and loaded[name].numpy().tobytes() == content, name
    return f"{path}: {len(tensors)} tensors, {tables} of them tables; the safetensors package agrees"


for argument in sys.argv[1:]:
    print(check(argument))
