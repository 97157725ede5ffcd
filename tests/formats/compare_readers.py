"""Compares the pixels that image files are read as with what was written, or with a second reader.

compare_readers.py DECODE_IMAGE FOLDER: makes files of every format, depth and layout that are at hand in FOLDER, byte
by byte and with Pillow, ImageMagick, FFmpeg and libtiff's tools where these are installed, and reads each through
tests/formats/decode_image.cpp. A file is right when its pixels are equal (within the tolerance of its kind), refused
when it is refused with a message, and wrong in silence otherwise, which must not happen.
Exit code 77: NumPy or Pillow is missing.
"""
import os
import shutil
import subprocess
import sys

try:
    import numpy as np
    from PIL import Image, ImageCms
except ImportError as error:
    print("SKIPPED: python3-numpy or python3-pil is missing:", error)
    sys.exit(77)

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import odd_kinds
import tool_files
from comparison import Comparison
from make_bmp import bmp, rows_of, run_lengths
from make_tiff import tiff
from pixels import HEIGHT, WIDTH, parse_pam, scale, source, straight, wide

files = Comparison(sys.argv[1], sys.argv[2])
check, write = files.check, files.write


def tiff_files():
    for bits in (1, 2, 4, 6, 8, 10, 12, 16, 32):
        most = (1 << bits) - 1
        peak = 255 if bits <= 8 else 65535
        for order in "<>":
            for layout, options in (("strips", dict(rows_per_strip=7)), ("tiles", dict(tile=16)),
                                    ("deflate", dict(deflate=True)), ("big", dict(big=True))):
                label = "tiff_%d_%s_%s" % (bits, "le" if order == "<" else "be", layout)
                gray = source(1, most)
                write(label + "_white0.tif", tiff((most - gray).tolist(), bits, 0, order=order, **options))
                check(label + "_white0.tif", scale(gray, most, peak), peak, exact_depth=True)
                rgb = source(3, most)
                for planar in (1, 2):
                    name = write("%s_rgb_planar%d.tif" % (label, planar),
                                 tiff(rgb.tolist(), bits, 2, planar=planar, order=order, **options))
                    check(name, scale(rgb, most, peak), peak, exact_depth=True)
    for bits in (1, 2, 4, 8, 12, 16):
        most, peak = (1 << bits) - 1, 255 if bits <= 8 else 65535
        for channels, photometric in ((2, 1), (4, 2)):
            for planar in (1, 2):
                image = source(channels, most)
                name = write("tiff_low%d_%d_%d.tif" % (bits, channels, planar), tiff(image.tolist(), bits, photometric, planar=planar, extra=[2]))
                check(name, scale(image, most, peak), peak, exact_depth=True)
    for bits in (8, 16):
        most = (1 << bits) - 1
        for channels, photometric in ((2, 1), (4, 2)):
            for planar in (1, 2):
                image = source(channels, most)
                for extra, label in (([2], "straight"), ([1], "premultiplied"), ([0], "unspecified"), (None, "unsaid")):
                    stored = image.copy()
                    if label == "premultiplied":
                        stored[..., :-1] = scale(stored[..., :-1] * stored[..., -1:], most * most, most)
                    name = write("tiff_alpha%d_%d_%d_%s.tif" % (bits, channels, planar, label),
                                 tiff(stored.tolist(), bits, photometric, planar=planar, extra=extra))
                    if label == "straight":
                        check(name, image, most, exact_depth=True)
                    elif label == "premultiplied":
                        check(name, straight(stored, most), most, ignore_clear=True, note="premultiplied")
                    elif label == "unsaid":
                        check(name, image, most, note="taken as straight alpha")
                    else:
                        check(name, image[..., :-1], most, note="left out")
        cmyk = source(4, most)
        rgb = scale((most - cmyk[..., :3]) * (most - cmyk[..., 3:]), most, 1)
        check(write("tiff_cmyk%d.tif" % bits, tiff(cmyk.tolist(), bits, 5)), rgb, most, note="CMYK converted")
        five = source(5, most)
        rgb = scale((most - five[..., :3]) * (most - five[..., 3:4]), most, 1)
        check(write("tiff_cmyka%d.tif" % bits, tiff(five.tolist(), bits, 5, extra=[2])),
              np.concatenate([rgb, five[..., 4:]], -1), most, note="CMYK converted")
        check(write("tiff_inks%d.tif" % bits, tiff(cmyk.tolist(), bits, 5, ink_set=2)), None)
        for kind in (2, 3, 6):
            check(write("tiff_format%d_%d.tif" % (kind, bits), tiff(source(1, most).tolist(), bits, 1, sample_format=kind)), None)
    check(write("tiff_float.tif", tiff(source(1, 2 ** 30).tolist(), 32, 1, sample_format=3)), None)
    for bits in (1, 2, 4, 8):
        size = 1 << bits
        rng = np.random.default_rng(bits)
        indices = rng.integers(0, size, (HEIGHT, WIDTH, 1))
        for label, peak, colours in (("x257", 255, rng.integers(0, 256, (3, size)) * 257), ("x256", 255, rng.integers(0, 256, (3, size)) * 256),
                                     ("old", 255, rng.integers(0, 256, (3, size))), ("full", 65535, rng.integers(0, 65536, (3, size)))):
            name = write("tiff_palette%d_%s.tif" % (bits, label),
                         tiff(indices.tolist(), bits, 3, palette=colours.reshape(-1).tolist()))
            expected = colours.T[indices[..., 0]] >> (8 if label[0] == "x" else 0)
            check(name, expected, peak)
    for orientation in range(1, 9):
        image = source(3, 255)
        turned = {1: image, 2: image[:, ::-1], 3: image[::-1, ::-1], 4: image[::-1], 5: image.transpose(1, 0, 2),
                  6: image.transpose(1, 0, 2)[:, ::-1], 7: image.transpose(1, 0, 2)[::-1, ::-1],
                  8: image.transpose(1, 0, 2)[::-1]}[orientation]
        check(write("tiff_orientation%d.tif" % orientation, tiff(image.tolist(), 8, 2, orientation=orientation)), turned)
    lab_profile, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    muted = 64 + source(3, 255) // 2  # 8 bits of L*a*b* are coarse where colours are strong
    rgb = Image.frombytes("RGB", (WIDTH, HEIGHT), muted.astype(np.uint8).tobytes())
    lab = ImageCms.profileToProfile(rgb, srgb, lab_profile, renderingIntent=1, outputMode="LAB")
    signed = np.frombuffer(lab.tobytes(), np.uint8).reshape(HEIGHT, WIDTH, 3).astype(np.int64)
    offset = signed.copy()
    offset[..., 1:] = (offset[..., 1:] + 128) % 256
    for photometric, stored in ((8, signed), (9, offset)):
        name = write("tiff_lab%d.tif" % photometric, tiff(stored.tolist(), 8, photometric))
        check(name, muted, 255, tolerance=4, note="L*a*b* converted")
    # Relative to the white that the file names: D65, for which nothing has to be adapted.
    light = np.where(muted > 10, ((muted / 255 + 0.055) / 1.055) ** 2.4, muted / 255 / 12.92)
    ratio = light @ np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]).T / (0.95047, 1, 1.08883)
    root = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    coded = np.stack([(116 * root[..., 1] - 16) * 655.35, 500 * 256 * (root[..., 0] - root[..., 1]), 200 * 256 * (root[..., 1] - root[..., 2])], -1)
    name = write("tiff_lab16_d65.tif", tiff((np.rint(coded).astype(np.int64) % 65536).tolist(), 16, 8, white=(3127, 3290)))
    check(name, muted * 257, 65535, tolerance=257, note="L*a*b* converted")


def bmp_files():
    rng = np.random.default_rng(5)
    for bits in (1, 2, 4, 8):
        palette = rng.integers(0, 256, (1 << bits, 3)).tolist()
        indices = rng.integers(0, 1 << bits, (HEIGHT, WIDTH)).tolist()
        expected = np.array(palette)[np.array(indices)]
        for header in (12, 40, 52, 56, 64, 108, 124):
            for top_down in ((False, True) if header >= 40 else (False,)):
                rows = rows_of(indices, bits)
                name = write("bmp_%d_%d_%d.bmp" % (bits, header, top_down),
                             bmp(WIDTH, HEIGHT, bits, b"".join(rows if top_down else rows[::-1]), header, palette=palette,
                                 masks=(0,) * ((header - 40) // 4 if 40 < header < 64 else 4 if header >= 108 else 0), top_down=top_down))
                check(name, expected)
        if bits in (4, 8):
            runs = [[v // 3 * 3 % (1 << bits) if y % 2 else v for v in row] for y, row in enumerate(indices)]
            runs = [sorted(row) if y % 3 == 0 else row for y, row in enumerate(runs)]
            name = write("bmp_rle%d.bmp" % bits, bmp(WIDTH, HEIGHT, bits, run_lengths(runs[::-1], bits),
                                                    compression=1 if bits == 8 else 2, palette=palette))
            check(name, np.array(palette)[np.array(runs)])
        gray = [[i * 255 // ((1 << bits) - 1)] * 3 for i in range(1 << bits)]
        name = write("bmp_gray%d.bmp" % bits, bmp(WIDTH, HEIGHT, bits, b"".join(rows_of(indices, bits)[::-1]), palette=gray))
        check(name, np.array(gray)[np.array(indices)])
    rgba = source(4, 255)
    pack = lambda shifts: (sum(rgba[..., i] << s for i, s in enumerate(shifts))).tolist()
    bgr = pack((16, 8, 0))
    for header in (12, 16, 40, 64, 108, 124):
        masks = (0,) * (4 if header >= 108 else 0)
        check(write("bmp_24_%d.bmp" % header, bmp(WIDTH, HEIGHT, 24, b"".join(rows_of(bgr, 24)[::-1]), header, masks=masks)), rgba[..., :3])
    check(write("bmp_32_plain.bmp", bmp(WIDTH, HEIGHT, 32, b"".join(rows_of(bgr, 32)[::-1]))), rgba[..., :3])
    check(write("bmp_32_fourth.bmp", bmp(WIDTH, HEIGHT, 32, b"".join(rows_of(pack((16, 8, 0, 24)), 32)[::-1]))), rgba[..., :3],
          note="fourth byte")
    for label, shifts in (("bgra", (16, 8, 0, 24)), ("rgba", (0, 8, 16, 24)), ("abgr", (24, 16, 8, 0)), ("argb", (8, 16, 24, 0))):
        masks = [255 << s for s in shifts]
        data = b"".join(rows_of(pack(shifts), 32)[::-1])
        for header in (56, 108, 124):
            check(write("bmp_32_%s_%d.bmp" % (label, header), bmp(WIDTH, HEIGHT, 32, data, header, 3, masks=masks)), rgba)
        check(write("bmp_32_%s_6.bmp" % label, bmp(WIDTH, HEIGHT, 32, data, 40, 6, masks=masks)), rgba)
        for header in (40, 52):
            check(write("bmp_32_%sx_%d.bmp" % (label, header), bmp(WIDTH, HEIGHT, 32, data, header, 3, masks=masks[:3])), rgba[..., :3],
                  note="fourth byte")
    for label, sizes in (("555", (5, 5, 5)), ("565", (5, 6, 5)), ("444", (4, 4, 4)), ("1555", (5, 5, 5, 1)), ("4444", (4, 4, 4, 4))):
        most = [(1 << s) - 1 for s in sizes]
        values = np.stack([scale(rgba[..., i], 255, m) for i, m in enumerate(most)], -1)
        expected = np.stack([scale(values[..., i], m, 255) for i, m in enumerate(most)], -1)
        shifts = (sum(sizes[1:3]), sizes[2], 0, sum(sizes[:3]))[:len(sizes)]
        words = sum(values[..., i] << s for i, s in enumerate(shifts)).tolist()
        masks = [m << s for m, s in zip(most, shifts)]
        data = b"".join(rows_of(words, 16)[::-1])
        name = write("bmp_16_%s.bmp" % label, bmp(WIDTH, HEIGHT, 16, data, 56 if len(sizes) == 4 else 40, 3, masks=masks))
        check(name, expected)
        if label == "555":
            check(write("bmp_16_plain.bmp", bmp(WIDTH, HEIGHT, 16, data)), expected)
    check(write("bmp_jpeg.bmp", bmp(WIDTH, HEIGHT, 24, b"\xff\xd8\xff", compression=4)), None)
    check(write("bmp_cut.bmp", bmp(WIDTH, HEIGHT, 24, b"".join(rows_of(bgr, 24))[:-5])), None)


def pnm_files():
    for most in (1, 7, 15, 255, 256, 1023, 4095, 65535):
        peak = 255 if most < 256 else 65535
        kind = np.uint8 if most < 256 else np.dtype(">u2")
        for channels, plain, raw in ((1, 2, 5), (3, 3, 6)):
            image = source(channels, most)
            text = " ".join(map(str, image.reshape(-1))).encode()
            data = image.astype(kind).tobytes()
            head = b"%d %d # a comment\n%d\n" % (WIDTH, HEIGHT, most)
            for label, body in (("plain", b"P%d\n#c\n" % plain + head + text), ("plain_nl", b"P%d " % plain + head + text + b"\n"),
                                ("raw", b"P%d\n" % raw + head + data), ("raw_nl", b"P%d\n" % raw + head + data + b"\n")):
                check(write("pnm_%d_%d_%s.pnm" % (most, channels, label), body), scale(image, most, peak), peak, exact_depth=True)
        for channels, types in ((1, ["GRAYSCALE"] + ["BLACKANDWHITE"] * (most == 1)), (2, ["GRAYSCALE_ALPHA"]), (3, ["RGB"]), (4, ["RGB_ALPHA"])):
            image = source(channels, most)
            for kind_name in types + [""]:
                head = b"P7\n# c\nWIDTH %d\nHEIGHT %d\nDEPTH %d\nMAXVAL %d\n" % (WIDTH, HEIGHT, channels, most)
                head += b"TUPLTYPE %s\n" % kind_name.encode() if kind_name else b""
                name = write("pam_%d_%d_%s.pam" % (most, channels, kind_name), head + b"ENDHDR\n" + image.astype(kind).tobytes())
                check(name, scale(image, most, peak), peak, note=None if kind_name else "does not say")
    bits = source(1, 1)
    check(write("pbm_plain.pbm", b"P1 %d %d\n" % (WIDTH, HEIGHT) + "".join(map(str, 1 - bits.reshape(-1))).encode()), bits * 255)
    packed = np.packbits((1 - bits[..., 0]).astype(np.uint8), axis=1).tobytes()
    check(write("pbm_raw.pbm", b"P4 %d %d\n" % (WIDTH, HEIGHT) + packed), bits * 255)
    check(write("two.ppm", b"P5 1 1 255\naP5 1 1 255\nb"), None)
    check(write("cmyk.pam", b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE CMYK\nENDHDR\nabcd"), None)
    check(write("float.pfm", b"PF\n1 1\n-1.0\n" + bytes(12)), None)


def pillow_files():
    """Pillow writes and reads them again; PNG, WebP and JPEG share their libraries with Pillow, so that they are equal."""
    sources = {"1": source(1, 1)[..., 0], "L": source(1, 255)[..., 0], "LA": source(2, 255), "RGB": source(3, 255),
               "RGBA": source(4, 255), "CMYK": source(4, 255)}
    images = {}
    for mode, values in sources.items():
        images[mode] = (Image.fromarray((values * 255).astype(np.uint8)).convert("1") if mode == "1"
                        else Image.frombytes(mode, (WIDTH, HEIGHT), values.astype(np.uint8).tobytes()))
    images["P"] = images["RGB"].quantize(61)
    images["I;16"] = Image.frombytes("I;16", (WIDTH, HEIGHT), source(1, 65535).astype("<u2").tobytes())
    jobs = [("png", m, {}) for m in ("1", "L", "LA", "RGB", "RGBA", "P", "I;16")]
    jobs += [("png", "P", dict(transparency=3)), ("png", "RGB", dict(transparency=(1, 2, 3))), ("png", "P", dict(bits=4))]
    jobs += [("jpg", m, dict(quality=q, progressive=p, subsampling=s)) for m in ("L", "RGB", "CMYK") for q in (30, 95)
             for p in (False, True) for s in (0, 1, 2)]
    jobs += [("webp", m, dict(lossless=l, quality=80, exact=True)) for m in ("RGB", "RGBA") for l in (False, True)]
    jobs += [("tif", m, dict(compression=c)) for m in ("1", "L", "LA", "RGB", "RGBA", "CMYK", "P", "I;16")
             for c in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits")]
    jobs += [("tif", "1", dict(compression=c)) for c in ("group3", "group4", "tiff_ccitt")]
    jobs += [("tif", m, dict(compression="jpeg", quality=90)) for m in ("L", "RGB")]
    jobs += [("bmp", m, {}) for m in ("1", "L", "RGB", "RGBA", "P")] + [("ppm", m, {}) for m in ("1", "L", "RGB", "I;16")]
    jobs += [("jp2", m, dict(irreversible=i)) for m in ("L", "LA", "RGB", "RGBA", "I;16") for i in (False, True)]
    jobs += [("j2k", m, {}) for m in ("L", "RGB")]
    for number, (extension, mode, options) in enumerate(jobs):
        name = "pillow_%03d_%s.%s" % (number, mode.replace(";", ""), extension)
        path = files.path(name)
        try:
            images[mode].save(path, **options)
        except (OSError, KeyError, ValueError) as error:
            print("not made: %s: %s" % (name, error))
            continue
        back = Image.open(path)
        back.load()
        tolerance = 0
        if back.mode in ("I;16", "I;16B", "I"):
            expected, peak = np.asarray(back).astype(np.int64)[..., None], 65535
        else:
            if back.mode == "CMYK":
                tolerance = 1
            if back.mode == "P":
                back = back.convert("RGBA" if "transparency" in back.info else "RGB")
            elif "transparency" in back.info:
                back = back.convert("RGBA")
            elif back.mode in ("1", "CMYK", "RGBX"):
                back = back.convert("L" if back.mode == "1" else "RGB")
            expected, peak = np.asarray(back).astype(np.int64), 255
            expected = expected[..., None] if expected.ndim == 2 else expected
        check(name, expected, peak, tolerance=tolerance, ignore_clear=True)
    # An animation shows its first frame.
    frames = [images["RGB"], images["RGB"].transpose(0)]
    frames[0].save(files.path("animated.webp"), save_all=True, append_images=frames[1:], lossless=True)
    check("animated.webp", sources["RGB"])
    images["P"].save(files.path("still.gif"))
    check("still.gif", None)


def magick_files():
    magick = shutil.which("convert-im6.q16") or shutil.which("magick") or shutil.which("convert")
    if magick is None:
        print("SKIPPED: files of ImageMagick, which is not installed")
        return
    run = lambda *words: subprocess.run([magick, *words], capture_output=True)
    for channels in (1, 2, 3, 4):
        head = "P7\nWIDTH %d\nHEIGHT %d\nDEPTH %d\nMAXVAL 65535\nTUPLTYPE %s\nENDHDR\n" % (
            WIDTH, HEIGHT, channels, ["GRAYSCALE", "GRAYSCALE_ALPHA", "RGB", "RGB_ALPHA"][channels - 1])
        write("magick%d.pam" % channels, head.encode() + source(channels, 65535).astype(">u2").tobytes())
    jobs = []
    for channels in (1, 2, 3, 4):
        for depth in (1, 2, 4, 8, 12, 16):
            # ImageMagick itself does not read back its alpha of one bit, nor that of 12 bits beside gray.
            reads_back = depth > 1 or channels % 2 == 1
            if (channels, depth) == (2, 12):
                jobs.append((channels, depth, "png", []))
                continue
            if reads_back:
                jobs.append((channels, depth, "tif", []))
            jobs.append((channels, depth, "png", []))
            if depth >= 8:
                jobs += [(channels, depth, "tif", ["-interlace", "plane"]), (channels, depth, "tif", ["-compress", "zip", "-endian", "msb"]),
                         (channels, depth, "tif", ["-define", "tiff:alpha=associated"]),
                         (channels, depth, "tif", ["-define", "tiff:tile-geometry=16x16"])]
                if channels == 1 and depth != 12:  # elsewhere ImageMagick tags white at 0 without inverting the samples
                    jobs.append((channels, depth, "tif", ["-define", "quantum:polarity=min-is-white"]))
                if depth != 12 or channels % 2 == 1:  # it reads alpha of 12 bits in PAM as transparency
                    jobs.append((channels, depth, "pam", []))
                jobs += [ (channels, depth, "jp2", ["-quality", "100"])]
                if channels in (1, 3):
                    jobs += [(channels, depth, "ppm", ["-compress", "none"]), (channels, depth, "pgm" if channels == 1 else "ppm", [])]
        jobs += [(channels, 8, "bmp", []), (channels, 8, "bmp3:", []), (channels, 8, "bmp2:", []), (channels, 8, "jpg", []), (channels, 8, "webp", [])]
        jobs += [(channels, 8, "bmp3:", ["-colors", "13"]), (channels, 8, "bmp3:", ["-compress", "RLE", "-colors", "13"]),
                 (channels, 8, "bmp", ["-define", "bmp:subtype=RGB565"]), (channels, 8, "bmp", ["-define", "bmp:subtype=RGB555"])]
        jobs += [(channels, 8, "tif", ["-compress", c]) for c in ("lzw", "rle", "zip", "jpeg", "group4", "fax", "zstd", "webp", "lzma")]
        jobs += [(channels, d, "tif", ["-colorspace", "CMYK"]) for d in (8, 16)] + [(channels, 8, "jpg", ["-colorspace", "CMYK"])]
        jobs += [(channels, 8, "tif", ["-colors", "9", "-type", "Palette"]), (channels, 32, "tif", []),
                 (channels, 8, "tif", ["-colorspace", "YCbCr", "-compress", "jpeg"])]
    for number, (channels, depth, extension, options) in enumerate(jobs):
        prefix, extension = (extension, "bmp") if extension.endswith(":") else ("", extension)
        name = "magick_%03d_%d_%d.%s" % (number, channels, depth, extension)
        path = files.path(name)
        run(files.path("magick%d.pam" % channels), *options, "-depth", str(depth), prefix + path)
        if not os.path.exists(path):
            print("not made:", name, options)
            continue
        back = run(path + "[0]", "-colorspace", "sRGB", "-depth", "16", "pam:-").stdout
        if not back:
            print("not read by the second reader:", name, options)
            continue
        expected, peak = parse_pam(back)
        expected = wide(expected, peak)
        pixels, got_peak, code, text = files.decode(path)
        # ImageMagick's own steps round more than once: a level of 8 bits. Of other libraries' lossy kinds its options differ.
        cmyk = "CMYK" in options
        allowed = 257 * (2 if cmyk else 1) if depth <= 8 or extension in ("bmp", "jpg") else 257 if cmyk else 2
        if code == 3:
            files.count("refused", "%s %s" % (name, options), text[-110:])
            continue
        problem = None
        if code != 0 or "a line of a library" in text:
            problem = "exit code %d: %s" % (code, text)
        else:
            a = wide(pixels, got_peak)
            truth = wide(scale(source(channels, 65535), 65535, (1 << min(depth, 16)) - 1), (1 << min(depth, 16)) - 1)
            lossless = extension in ("tif", "pam", "ppm", "pgm", "png") and not {"CMYK", "YCbCr", "-colors", "jpeg", "webp"} & set(options)
            near = 16 if lossless and depth > 8 else 40 * 257 if {"jpeg", "webp"} & set(options) else -1
            if a.shape == truth.shape and np.abs((a - truth) * (truth[..., 3:] > 0)).max() <= near:
                expected = a  # it is what was written, whatever ImageMagick makes of its own file
            clear = expected[..., 3:] > 0
            error = int(np.abs((a - expected) * clear).max()) if a.shape == expected.shape else 65535
            low = "associated" in " ".join(options)  # dividing by small alpha magnifies what rounding left
            if low and error > allowed:
                weight = expected[..., 3:] / 65535
                error = int(np.abs((a - expected) * weight).max())
            if error > allowed:
                problem = "differs by %d of 65535; %s" % (error, text)
        if problem:
            files.count("wrong", "%s %s" % (name, options), problem)
        else:
            files.count("right")


def main():
    makers = [tiff_files, bmp_files, pnm_files, pillow_files, magick_files]
    for make in makers + [lambda: odd_kinds.odd_kinds(files), lambda: tool_files.ffmpeg_files(files), lambda: tool_files.libtiff_files(files)]:
        before = files.made
        what = make() or make.__name__
        print("%s: %d files" % (what, files.made - before))
    counts = files.counts
    print("%d files: %d right, %d refused, %d wrong" % (files.made, counts["right"], counts["refused"], counts["wrong"]))
    sys.exit(1 if counts["wrong"] or files.made < 300 else 0)


main()
