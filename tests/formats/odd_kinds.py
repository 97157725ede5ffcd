"""Files whose colours, palettes or transparency are said in a rare way, or wrongly, for compare_readers.py.

What is wrong has to be refused, or read with a note.
"""
import io
import struct
import zlib

import numpy as np
from PIL import Image
from make_bmp import bmp, rows_of, run_lengths
from make_tiff import tiff
from pixels import HEIGHT, WIDTH, source


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(pixels, colour, before=b"", behind=b""):
    """8 bits. colour: the kind that IHDR names. before, behind: chunks beside those of the pixels."""
    rows = b"".join(b"\0" + row.astype(np.uint8).tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, colour, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", zlib.compress(rows)) + behind
            + chunk(b"IEND", b""))


def png_files(files):
    check, write = files.check, files.write
    rgb, gray = source(3, 255), source(1, 255)
    clear = tuple(int(v) for v in rgb[3, 4])
    key = chunk(b"tRNS", struct.pack(">HHH", *clear))
    alpha = np.where((rgb == clear).all(-1, keepdims=True), 0, 255)
    check(write("odd_key.png", png(rgb, 2, key)), np.concatenate([rgb, alpha], -1))
    damaged = key[:-1] + bytes([key[-1] ^ 1])
    check(write("odd_key_crc.png", png(rgb, 2, damaged)), rgb, note="checksum of its transparency")
    check(write("odd_key_short.png", png(rgb, 2, chunk(b"tRNS", bytes(4)))), rgb, note="length of its transparency")
    check(write("odd_key_behind.png", png(rgb, 2, b"", key)), rgb, note="in a wrong place")
    check(write("odd_key_twice.png", png(rgb, 2, key + key)), np.concatenate([rgb, alpha], -1), note="two pieces")
    palette = np.random.default_rng(3).integers(0, 256, (256, 3))
    colours = chunk(b"PLTE", palette.astype(np.uint8).tobytes())
    indices = gray[..., 0]
    see_through = np.arange(256) * 7 % 256
    transparency = chunk(b"tRNS", see_through.astype(np.uint8).tobytes())
    check(write("odd_palette.png", png(indices, 3, colours)), palette[indices])
    full = np.concatenate([palette, see_through[:, None]], -1)
    check(write("odd_palette_alpha.png", png(indices, 3, colours + transparency)), full[indices])
    check(write("odd_palette_before.png", png(indices, 3, transparency + colours)), palette[indices],
          note="in a wrong place")
    few = chunk(b"PLTE", palette[:60].astype(np.uint8).tobytes())
    known = np.where(np.arange(256)[:, None] < 60, palette, 0)
    check(write("odd_palette_short.png", png(indices, 3, few)), known[indices], note="its palette lacks")
    check(write("odd_palette_enough.png", png(indices % 60, 3, few)), palette[indices % 60])
    check(write("odd_palette_long.png", png(indices % 60, 3, few + transparency)), palette[indices % 60],
          note="length of its transparency")


def tiff_files(files):
    check, write = files.check, files.write
    for bits in (4, 8, 16):
        gray = source(1, (1 << bits) - 1).tolist()
        check(write("odd_no_palette%d.tif" % bits, tiff(gray, bits, 3)), None)
        check(write("odd_palette_short%d.tif" % bits, tiff(gray, bits, 3, palette=[0] * 30)), None)
    check(write("odd_no_palette_rgb.tif", tiff(source(3, 255).tolist(), 8, 3)), None)
    # The last four bytes of a stream are its checksum. This one holds a byte more than the strip, which is allowed.
    rgb = source(3, 255) // 32 * 32
    raw = rgb.astype(np.uint8).tobytes()
    stream = bytearray(zlib.compress(raw + b"\0"))
    assert len(stream) <= len(raw)

    def deflated():
        data = bytearray(tiff(rgb.tolist(), 8, 2))
        at = data.find(raw)
        data[at:at + len(stream)] = stream
        for tag, kind, value in ((259, 3, struct.pack("<H", 8)), (279, 4, struct.pack("<I", len(stream)))):
            entry = data.find(struct.pack("<HHI", tag, kind, 1))
            data[entry + 8:entry + 8 + len(value)] = value
        return bytes(data)

    check(write("odd_deflate.tif", deflated()), rgb)
    stream[-1] ^= 1
    check(write("odd_deflate_checksum.tif", deflated()), rgb, note="wrong checksum")


def jpeg_files(files):
    image = Image.frombytes("CMYK", (WIDTH, HEIGHT), source(4, 255).astype(np.uint8).tobytes())
    out = io.BytesIO()
    image.save(out, "jpeg", quality=95)
    data = out.getvalue()
    at = data.find(b"\xff\xee\0\x0eAdobe")
    assert at > 0
    name = files.write("odd_cmyk.jpg", data[:at] + data[at + 16:])
    back = np.asarray(Image.open(files.path(name)).convert("RGB")).astype(np.int64)
    files.check(name, back, tolerance=1, note="CMYK converted")


def colour_box(content):
    return struct.pack(">I", len(content) + 8) + b"colr" + content


def icc(space):
    header = bytearray(132)
    header[0:4], header[16:20], header[36:40] = struct.pack(">I", 132), space, b"acsp"
    return bytes([2, 0, 0]) + bytes(header)


def jp2_files(files):
    for mode, channels in (("L", 1), ("RGB", 3), ("RGBA", 4)):
        values = source(channels, 255)
        out = io.BytesIO()
        image = Image.frombytes(mode, (WIDTH, HEIGHT), values.astype(np.uint8).tobytes())
        image.save(out, "jpeg2000", irreversible=False)
        data = out.getvalue()
        at = data.find(b"colr") - 4
        length = struct.unpack(">I", data[at:at + 4])[0]
        outer = data.find(b"jp2h") - 4
        outer_length = struct.unpack(">I", data[outer:outer + 4])[0]

        def with_colours(content):
            box = colour_box(content)
            head = struct.pack(">I", outer_length - length + len(box))
            return data[:outer] + head + data[outer + 4:at] + box + data[at + length:]

        for space in (1, 3, 4, 9, 11, 13, 14, 17, 20, 99):
            name = files.write("odd_space%d_%d.jp2" % (channels, space), with_colours(struct.pack(">BBBI", 1, 0, 0, space)))
            files.check(name, values if (space, channels) == (17, 1) else None)
        for space in (b"Lab ", b"YCbr", b"HSV "):
            name = files.write("odd_%s_%d.jp2" % (space.decode().strip(), channels), with_colours(icc(space)))
            files.check(name, None)
        if channels != 4:
            space = b"GRAY" if channels == 1 else b"RGB "
            files.check(files.write("odd_icc_%d.jp2" % channels, with_colours(icc(space))), values)


def bmp_files(files):
    rgb = source(3, 255)
    bgr = (rgb[..., 0] << 16 | rgb[..., 1] << 8 | rgb[..., 2]).tolist()
    plain = bmp(WIDTH, HEIGHT, 24, b"".join(rows_of(bgr, 24)[::-1]))
    files.check(files.write("odd_zeros.bmp", plain + bytes(2)), rgb)
    files.check(files.write("odd_tail.bmp", plain + plain), rgb, note="what follows the end of the BMP (%d bytes)" % len(plain))
    indices = source(1, 255)[..., 0] // 16
    palette = np.random.default_rng(5).integers(0, 256, (256, 3))
    runs = bmp(WIDTH, HEIGHT, 8, run_lengths(indices.tolist()[::-1], 8), compression=1, palette=palette.tolist())
    files.check(files.write("odd_runs.bmp", runs), palette[indices])
    files.check(files.write("odd_runs_tail.bmp", runs + b"more"), palette[indices], note="the BMP (4 bytes)")
    words = (rgb[..., 0] >> 3 << 10 | rgb[..., 1] >> 3 << 5 | rgb[..., 2] >> 3)
    flagged = (words | np.mgrid[0:HEIGHT, 0:WIDTH][1] % 2 << 15).tolist()
    kept = ((rgb >> 3) * 255 + 15) // 31
    files.check(files.write("odd_16.bmp", bmp(WIDTH, HEIGHT, 16, b"".join(rows_of(flagged, 16)[::-1]))), kept,
                note="bits of each pixel left out")


def pam_files(files):
    image = source(3, 255)
    image[-1, -1, -1] = 10  # white space, which would be passed over at the end
    data = image.astype(np.uint8).tobytes()
    head = b"P7\nWIDTH %d\nHEIGHT %d\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\n" % (WIDTH, HEIGHT)
    for number, end in enumerate((b"ENDHDR\n", b"ENDHDR \n", b"ENDHDR\r\n", b"ENDHDR\t \r\n")):
        files.check(files.write("odd_end%d.pam" % number, head + end + data), image)
    files.check(files.write("odd_lines.pam", head.replace(b"\n", b"\r\n") + b"ENDHDR\r\n" + data), image)
    files.check(files.write("odd_no_end.pam", head + b"ENDHDR" + data), None)


def odd_kinds(files):
    for make in (png_files, tiff_files, jpeg_files, jp2_files, bmp_files, pam_files):
        make(files)
    return "odd_kinds"
