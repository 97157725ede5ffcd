#!/usr/bin/env python3
"""Makes damaged .aec files whose checksums are right, and gives them to Python, which is the library's interface in C.

    hostile_aec.py make FILE.aec... FOLDER      writes them, a few dozen for each FILE
    hostile_aec.py python MODEL FOLDER          decodes each with the Python package, in one process

`python` prints how many were refused and decoded; an exception that is not aecomp.Error ends it.
"""
import pathlib
import random
import struct
import sys
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))


BOMB = zlib.compress(bytes(40 << 20), 9)  # 40 kB that become 40 MB


def varint(value):
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


class Aec:
    """The pieces of a file, as io/FORMAT.md names them."""

    def __init__(self, data):
        from files import xxh32
        self.hash = xxh32
        self.version, at = data[6], 7
        self.width, at = self.read(data, at)
        self.height, at = self.read(data, at)
        self.flags, at = data[at], at + 1
        end = at  # of the quality and whatever a version has before the model's id; found by the checksum
        for end in range(at + 1, at + 20):
            streams_at = end + 8
            rest, behind = (1, streams_at + 1)
            if self.flags & 64:
                rest, behind = self.read(data, streams_at + 1)
            if struct.unpack_from("<I", data, behind)[0] == xxh32(0, data[:behind]):
                break
        self.middle, self.model = bytearray(data[at:end]), bytearray(data[end:end + 8])
        self.streams, self.chunk_count, at = data[end + 8], rest if self.flags & 64 else 0, behind + 4
        size = 1 << (self.flags & 15)
        tiles = -(-self.width // size) * -(-self.height // size)
        lengths = []
        for _ in range(tiles):
            row = []
            for _ in range(self.streams):
                length, at = self.read(data, at)
                row.append(length)
            lengths.append(row)
            at += 4
        self.tiles = []
        for row in lengths:
            self.tiles.append([])
            for length in row:
                self.tiles[-1].append(bytearray(data[at:at + length]))
                at += length
        self.chunks = []
        for _ in range(self.chunk_count):
            kind, at = data[at:at + 4], at + 4
            length, at = self.read(data, at)
            self.chunks.append([kind, bytearray(data[at:at + length])])
            at += length + 4

    @staticmethod
    def read(data, at):
        value = shift = 0
        while True:
            byte, at = data[at], at + 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value, at

    def write(self):
        flags = self.flags & ~64 | (64 if self.chunks else 0)
        head = b"\x89AEC\r\n" + bytes([self.version]) + varint(self.width) + varint(self.height) + bytes([flags])
        head += bytes(self.middle) + bytes(self.model) + bytes([self.streams])
        head += varint(len(self.chunks)) if self.chunks else b""
        seed = self.hash(0, head)
        index, content = b"", b""
        for t, streams in enumerate(self.tiles):
            spelling, data = b"".join(varint(len(s)) for s in streams), b"".join(bytes(s) for s in streams)
            own = seed + t & 0xFFFFFFFF
            sums = struct.pack("<II", self.hash(own, spelling), self.hash(own, data))
            index += spelling + struct.pack("<I", self.hash(0, sums))
            content += data
        for kind, data in self.chunks:
            covered = kind + struct.pack("<I", self.hash(seed, bytes(data)))
            content += kind + varint(len(data)) + bytes(data) + struct.pack("<I", self.hash(0, covered))
        return head + struct.pack("<I", seed) + index + content


def flip(rng, data):
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def mutate(rng, aec):
    """One to three changes."""
    def stream():
        return rng.choice(rng.choice(aec.tiles))

    def size(value):
        return rng.choice([1, 2, value - 1, value + 1, value * 2, 65536, 2**20, 2**20 + 1, 2**30, value])

    for _ in range(rng.randint(1, 3)):
        kind = rng.randrange(10)
        if kind == 0:
            aec.width = max(1, size(aec.width))
        elif kind == 1:
            aec.height = max(1, size(aec.height))
        elif kind == 2:
            aec.flags = rng.choice([aec.flags ^ 1 << rng.randrange(8), rng.randrange(256)])
        elif kind == 3:
            flip(rng, aec.middle)
        elif kind == 4:
            aec.version = rng.choice([0, 1, 2, 3, 255])
        elif kind == 5:
            del stream()[rng.randrange(8):]
        elif kind == 6:
            stream().extend(rng.randbytes(rng.choice([1, 100, 3000])))
        elif kind == 7:
            picked = stream()
            picked[:] = rng.randbytes(len(picked))
        elif kind == 8:
            kinds = [b"alph", b"iccp", b"exif", b"xmpd", b"Outl", b"Rang", b"Filt", b"Junk", b"text"]
            aec.chunks.append([rng.choice(kinds), bytearray(rng.choice([b"", b"x", BOMB, rng.randbytes(50)]))])
        else:
            for _ in range(5):
                flip(rng, stream())


def make(names, folder, each=20):
    for name in names:
        data = pathlib.Path(name).read_bytes()
        assert Aec(data).write() == data, "the pieces of %s do not make it again" % name
        rng = random.Random(zlib.crc32(data))
        for i in range(each):
            aec = Aec(data)
            mutate(rng, aec)
            out = aec.write()
            if i % 10 == 9:
                out = out[:rng.randrange(len(out))]
            pathlib.Path(folder, "%s_%02d.aec" % (pathlib.Path(name).stem, i)).write_bytes(out)


def decode_all(model, folder):
    import aecomp
    decoded = refused = 0
    for path in sorted(pathlib.Path(folder).glob("*.aec")):
        for options in ({}, {"region": (0, 0, 5, 5)}, {"max_side": 20}):
            try:
                aecomp.decode(path.read_bytes(), model=model, max_pixels=1 << 22, **options)
                decoded += 1
            except aecomp.Error as error:
                assert str(error), path
                refused += 1
    print("%d refused, %d decoded" % (refused, decoded))


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2:-1], sys.argv[-1])
    else:
        decode_all(*sys.argv[2:])
