#!/usr/bin/env python3
"""Makes small files that ask for much and gives each to the program.

    hostile.py PROGRAM [FILE...]

Each file must be refused with exit code 3, 4 or 8, or be done, within 5 s of CPU time and 700 MB of memory. Prints one
line a file and exits with 1 when one takes more. FILE...: files from elsewhere, which are tried as well. Uses only the
standard library, so that every file is described here byte by byte.
"""
import os
import struct
import subprocess
import sys
import tempfile
import zlib

MOST_SECONDS, MOST_MEGABYTES = 5, 700


def png_chunk(kind, data, length=None, crc=None):
    crc = zlib.crc32(kind + data) if crc is None else crc
    return struct.pack(">I", len(data) if length is None else length) + kind + data + struct.pack(">I", crc)


def zeros_deflated(count):
    """A zlib stream of `count` zeros, which is a thousandth as long."""
    packer = zlib.compressobj(9)
    parts = [packer.compress(bytes(1 << 20)) for _ in range(count >> 20)]
    parts.append(packer.compress(bytes(count & (1 << 20) - 1)))
    return b"".join(parts) + packer.flush()


PNG = b"\x89PNG\r\n\x1a\n"


def png(width, height, bits, colour, data, *chunks):
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return PNG + png_chunk(b"IHDR", header) + b"".join(chunks) + png_chunk(b"IDAT", data) + png_chunk(b"IEND", b"")


def png_files():
    palette = png_chunk(b"PLTE", bytes(6))
    for side in (4096, 16000, 30000, 60000):
        row = 1 + (side + 7) // 8
        data = zeros_deflated(row * side) if row * side < 1 << 28 else zlib.compress(bytes(row))
        yield f"png_1bit_palette_{side}.png", png(side, side, 1, 3, data, palette)
        yield f"png_1bit_gray_{side}.png", png(side, side, 1, 0, data)
    yield "png_thin.png", png(1 << 20, 1, 8, 0, zeros_deflated(1 + (1 << 20)))
    yield "png_tall.png", png(1, 1 << 20, 8, 0, zeros_deflated(2 << 20))
    yield "png_thin_rgba16.png", png(1 << 20, 4, 16, 6, zeros_deflated(4 + (32 << 20)))
    yield "png_rgba16_short.png", png(16000, 16000, 16, 6, zlib.compress(bytes(1000)))
    yield "png_wide.png", png(2**31 - 1, 1, 8, 2, zlib.compress(b""))
    yield "png_zero.png", png(0, 0, 8, 2, zlib.compress(b""))
    small = zlib.compress(bytes(2 * (1 + 6)))
    for kind in (b"zTXt", b"iCCP"):
        bomb = png_chunk(kind, b"a\0\0" + zeros_deflated(60 << 20))
        yield f"png_bomb_{kind.decode()}.png", png(2, 2, 8, 2, small, bomb)
    bomb = png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zeros_deflated(60 << 20))
    yield "png_bomb_xmp.png", png(2, 2, 8, 2, small, bomb)
    yield "png_many_chunks.png", png(2, 2, 8, 2, small, *[png_chunk(b"tEXt", b"a\0")] * 6000)
    for kind in (b"tEXt", b"iCCP", b"eXIf", b"IDAT"):
        yield (f"png_long_{kind.decode()}.png", PNG + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)) +
               png_chunk(kind, b"a\0\0", length=2**31 - 1))
    frames = [png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", i, 60000, 60000, 0, 0, 1, 1, 0, 0)) for i in range(1000)]
    yield "png_animated.png", png(60000, 60000, 8, 2, small, png_chunk(b"acTL", struct.pack(">II", 1000, 0)), *frames)


def tiff(width, height, samples, compression, strip, rows_per_strip=None, **more):
    entries = {256: (4, width), 257: (4, height), 258: (3, 8), 259: (3, compression), 262: (3, 2 if samples > 1 else 1),
               273: (4, 8), 277: (3, samples), 278: (4, rows_per_strip or height), 279: (4, len(strip))}
    entries.update({int(tag[1:]): value for tag, value in more.items()})
    at = 8 + len(strip) + len(strip) % 2
    directory = struct.pack("<H", len(entries))
    for tag in sorted(entries):
        kind, value = entries[tag][:2]
        count = entries[tag][2] if len(entries[tag]) > 2 else 1
        directory += struct.pack("<HHI", tag, kind, count) + struct.pack("<I" if kind != 3 else "<HH", *([value] if kind != 3 else [value, 0]))
    return b"II*\0" + struct.pack("<I", at) + strip + bytes(len(strip) % 2) + directory + struct.pack("<I", 0)


def tiff_files():
    for side in (8000, 16000, 32000):
        yield f"tiff_deflate_{side}.tif", tiff(side, side, 3, 8, zlib.compress(bytes(100)))
        yield f"tiff_lzw_{side}.tif", tiff(side, side, 3, 5, b"\x80\x00\x01\x01\x01" * 20)
        yield f"tiff_packbits_{side}.tif", tiff(side, side, 1, 32773, b"\x81\x00" * 400)
        yield f"tiff_fax_{side}.tif", tiff(side, side, 1, 4, bytes(100), _258=(3, 1))
    for compression in (5, 8, 32773):
        tile = zlib.compress(bytes(100)) if compression == 8 else bytes(100)
        yield (f"tiff_tile_{compression}.tif",
               tiff(100, 100, 3, compression, tile, _322=(4, 65520), _323=(4, 49152), _324=(4, 8), _325=(4, len(tile))))
    yield "tiff_strips.tif", tiff(16000, 16000, 3, 1, bytes(48), rows_per_strip=1, _273=(4, 8, 16000), _279=(4, 8, 16000))
    yield "tiff_bomb.tif", tiff(8000, 8000, 1, 8, zeros_deflated(8000 * 8000))
    loop = bytearray(tiff(4, 4, 1, 1, bytes(16)))
    loop[-4:] = struct.pack("<I", 24)  # the next directory is this one
    yield "tiff_loop.tif", bytes(loop)
    yield "tiff_count.tif", tiff(4, 4, 1, 1, bytes(16), _34675=(7, 8, 2**32 - 1))
    yield "tiff_samples.tif", tiff(4000, 4000, 65535, 1, bytes(16))


def jpeg(width, height, marker=0xC0, scans=1):
    def segment(kind, data):
        return b"\xff" + bytes([kind]) + struct.pack(">H", len(data) + 2) + data
    quantisers = segment(0xDB, b"\0" + bytes([1] * 64))
    frame = segment(marker, struct.pack(">BHHB", 8, height, width, 3) + b"\1\x22\0\2\x11\0\3\x11\0")
    codes = b"".join(segment(0xC4, bytes([kind]) + bytes([1] + [0] * 15) + b"\0") for kind in (0, 0x10))
    if marker == 0xC0:
        body = segment(0xDA, b"\3\1\0\2\0\3\0\0\x3f\0") + bytes(100)
    else:
        body = (segment(0xDA, b"\1\1\0\1\x3f\0") + b"\0") * scans
        body = segment(0xDA, b"\3\1\0\2\0\3\0\0\0\0") + b"\0" + body
    return b"\xff\xd8" + quantisers + frame + codes + body + b"\xff\xd9"


def jpeg_files():
    for side in (4000, 16000, 32768, 65535):
        yield f"jpeg_{side}.jpg", jpeg(side, side)
        yield f"jpeg_progressive_{side}.jpg", jpeg(side, side, 0xC2, 6)
    yield "jpeg_scans_2000.jpg", jpeg(2000, 2000, 0xC2, 7000)
    yield "jpeg_arithmetic_scans.jpg", jpeg(4990, 4990, 0xCA, 195)
    yield "jpeg_scans_4000.jpg", jpeg(4000, 4000, 0xC2, 7000)


def other_files():
    for kind, maximum in ((b"P5", 255), (b"P6", 255), (b"P6", 65535), (b"P2", 255), (b"P3", 255)):
        yield f"pnm_{kind.decode()}_{maximum}.ppm", kind + b"\n30000 30000\n%d\n" % maximum + bytes(100)
    yield "pnm_P4.pbm", b"P4\n60000 60000\n" + bytes(100)
    yield "pnm_digits.pgm", b"P2\n" + b"9" * 90000 + b" 5\n255\n"
    yield "pnm_comments.pgm", b"P5\n" + b"#\n" * 40000 + b"5 5\n255\n"
    yield "pam.pam", b"P7\nWIDTH 30000\nHEIGHT 30000\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n" + bytes(100)
    for bits, compression in ((24, 0), (32, 0), (8, 1), (4, 2), (1, 0)):
        header = struct.pack("<IiiHHIIiiII", 40, 30000, 30000, 1, bits, compression, 0, 0, 0, 2 if bits < 16 else 0, 0)
        yield f"bmp_{bits}_{compression}.bmp", b"BM" + struct.pack("<IHHI", 100, 0, 0, 62) + header + bytes(108)
    header = struct.pack("<IiiHHIIiiII", 40, 2**31 - 1, -(2**31), 1, 24, 0, 0, 0, 0, 0, 0)
    yield "bmp_sign.bmp", b"BM" + struct.pack("<IHHI", 100, 0, 0, 62) + header + bytes(100)
    vp8x = b"VP8X" + struct.pack("<I", 10) + bytes(4) + (16382).to_bytes(3, "little") * 2
    vp8l = b"\x2f" + struct.pack("<I", 16382 | 16382 << 14) + bytes(9)
    for name, chunks in (("vp8l", b"VP8L" + struct.pack("<I", len(vp8l)) + vp8l), ("vp8x", vp8x)):
        yield f"webp_{name}.webp", b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks
    siz = struct.pack(">HIIIIIIIIH", 0, 60000, 60000, 0, 0, 60000, 60000, 0, 0, 3) + b"\7\1\1" * 3
    cod, qcd = b"\0\0\0\1\1\5\4\4\0\1", b"\x22" + b"\x50" * 16
    markers = b"".join(b"\xff" + bytes([k]) + struct.pack(">H", len(d) + 2) + d for k, d in ((0x51, siz), (0x52, cod), (0x5C, qcd)))
    tile = b"\xff\x90" + struct.pack(">HHIBB", 10, 0, 14, 0, 1) + b"\xff\x93"
    yield "jpeg2000_60000.j2k", b"\xff\x4f" + markers + tile + b"\xff\xd9"
    small = struct.pack(">HIIIIIIIIH", 0, 16000, 16000, 0, 0, 1, 1, 0, 0, 3) + b"\7\1\1" * 3  # 256 million tiles
    markers = b"".join(b"\xff" + bytes([k]) + struct.pack(">H", len(d) + 2) + d for k, d in ((0x51, small), (0x52, cod), (0x5C, qcd)))
    yield "jpeg2000_tiles.j2k", b"\xff\x4f" + markers + tile + b"\xff\xd9"
    for name, coding in (("precincts", b"\1\0\0\1\1\0\4\4\0\1\0"), ("blocks", b"\0\0\0\1\1\5\0\0\0\1")):
        whole = struct.pack(">HIIIIIIIIH", 0, 4900, 4900, 0, 0, 4900, 4900, 0, 0, 3) + b"\7\1\1" * 3
        markers = b"".join(b"\xff" + bytes([k]) + struct.pack(">H", len(d) + 2) + d for k, d in ((0x51, whole), (0x52, coding), (0x5C, qcd)))
        packets = b"\xff\x90" + struct.pack(">HHIBB", 10, 0, 14 + 90000, 0, 1) + b"\xff\x93" + bytes(90000)
        yield f"jpeg2000_{name}.j2k", b"\xff\x4f" + markers + packets + b"\xff\xd9"
    yield "sun.ras", struct.pack(">8I", 0x59A66A95, 30000, 30000, 24, 0, 1, 0, 0) + bytes(100)
    yield "radiance.hdr", b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 30000 +X 30000\n" + bytes(100)


def run(command):
    """The exit code, CPU seconds, megabytes and errors of a command."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = process.stderr.read()
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    cpu = usage.ru_utime + usage.ru_stime
    return process.returncode, cpu, usage.ru_maxrss / 1024, errors.decode(errors="replace")


def commands(program, path, out):
    if path.endswith(".aec"):
        yield [program, "decompress", path, "-f", "-o", out + ".ppm"]
        yield [program, "decompress", path, "--region", "0,0,64,64", "-f", "-o", out + ".ppm"]
        yield [program, "info", "--verify", path]
        yield [program, "info", path]
    else:
        yield [program, "compress", path, "-f", "-o", out + ".aec"]


def main(arguments):
    program, others = arguments[0], arguments[1:]
    wrong = count = 0
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for files in (png_files(), tiff_files(), jpeg_files(), other_files()):
            for name, data in files:
                assert len(data) < 200_000, name
                paths.append(os.path.join(folder, name))
                with open(paths[-1], "wb") as file:
                    file.write(data)
        for path in paths + others:
            for command in commands(program, path, os.path.join(folder, "out")):
                code, cpu, memory, errors = run(command)
                count += 1
                bad = code not in (0, 3, 4, 8) or cpu > MOST_SECONDS or memory > MOST_MEGABYTES
                wrong += bad
                print(f"{'WRONG ' if bad else ''}{os.path.basename(path)}: exit {code}, {cpu:.2f} s, {memory:.0f} MB: "
                      f"{errors.strip()[:160]}")
    print(f"{count} runs, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
