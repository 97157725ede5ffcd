"""The bytes of `.aec` files and their entropy coder, written from io/FORMAT.md, and those of model files: for decode.py."""
import json
import struct

import numpy as np

TOOL_RESIDUAL, TOOL_NO_BASE, TOOL_Z_CONTEXT = 4, 16, 32


def require(condition, what):
    if not condition:
        raise SystemExit("decode.py: " + what)


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
    require(version == 1 or tools and not tools & ~61, "tools %d are not known here" % tools)
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
    def __init__(self, bounds, frequencies, symmetric=True):
        self.bounds, self.rows, at = [int(b) for b in bounds], [], 0
        for bound in self.bounds:
            stored = bound + 2 if symmetric else 2 * bound + 2
            row = [int(v) for v in frequencies[at:at + stored]]  # -bound .. bound, escape
            at += stored
            if symmetric:
                row = row[bound:0:-1] + row
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
        return tensor.astype(np.float32) if kind == np.float16 else tensor

    def get(self, name):
        return self[name] if name in self else None
