"""Files that FFmpeg and libtiff's own tools write, for compare_readers.py.

What a file holds is what FFmpeg reads from it again, in the layout that it is stored in, so that nothing is converted.
For kinds with luma and chroma the second reader is Pillow, for TIFF tiff2rgba: ImageMagick and FFmpeg pass over the
field ReferenceBlackWhite or do not read chroma of lower resolution. libtiff's tools are given known pixels.
"""
import os
import re
import shutil
import subprocess

import numpy as np
from PIL import Image
from make_tiff import tiff
from pixels import HEIGHT, WIDTH, scale, source

SAMPLES = {"gray": "v", "ya8": "va", "rgb24": "rgb", "bgr24": "bgr", "rgba": "rgba", "bgra": "bgra", "argb": "argb", "abgr": "abgr",
           "rgb0": "rgbx", "bgr0": "bgrx", "gray16": "v", "ya16": "va", "rgb48": "rgb", "rgba64": "rgba",
           "gray10": "v", "gray12": "v", "gray14": "v"}
PLANAR = {"gbrp": 8, "gbrp10": 10, "gbrp12": 12, "gbrp14": 14, "gbrp16": 16}
PACKED = {"rgb555": (5, 5, 5), "rgb565": (5, 6, 5), "rgb444": (4, 4, 4)}


def run(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, timeout=60)


def write_with(path, *words):
    """Runs a program that writes a file. False, and no file, where it fails."""
    if run(*words).returncode == 0 and os.path.exists(path) and os.path.getsize(path) > 0:
        return True
    if os.path.exists(path):
        os.remove(path)
    return False


def pixels_of_raw(data, layout):
    """What FFmpeg's rawvideo holds, as [h, w, c] and its peak; None for layouts with luma and chroma."""
    order = ">" if layout.endswith("be") else "<"
    name = layout[:-2] if layout.endswith(("be", "le")) else layout
    if name == "pal8":
        indices = np.frombuffer(data, np.uint8, WIDTH * HEIGHT).reshape(HEIGHT, WIDTH)
        palette = np.frombuffer(data, np.uint8, 1024, WIDTH * HEIGHT).reshape(256, 4)[:, [2, 1, 0, 3]].astype(np.int64)
        pixels = palette[indices]
        return (pixels if (pixels[..., 3] != 255).any() else pixels[..., :3]), 255
    if name in ("monow", "monob"):
        bits = np.unpackbits(np.frombuffer(data, np.uint8).reshape(HEIGHT, -1), axis=1)[:, :WIDTH, None].astype(np.int64)
        return (1 - bits if name == "monow" else bits), 1
    if name in PACKED:
        words = np.frombuffer(data, order + "u2", WIDTH * HEIGHT).reshape(HEIGHT, WIDTH).astype(np.int64)
        sizes = PACKED[name]
        shifts = (sizes[1] + sizes[2], sizes[2], 0)
        return np.stack([scale(words >> at & (1 << size) - 1, (1 << size) - 1, 255) for at, size in zip(shifts, sizes)], -1), 255
    if name in PLANAR:
        kind = np.uint8 if PLANAR[name] == 8 else np.dtype(order + "u2")
        planes = np.frombuffer(data, kind, 3 * WIDTH * HEIGHT).reshape(3, HEIGHT, WIDTH).astype(np.int64)
        return np.stack([planes[2], planes[0], planes[1]], -1), (1 << PLANAR[name]) - 1
    if name not in SAMPLES:
        return None, None
    letters = SAMPLES[name]
    bits = 8 if name in ("gray", "ya8", "rgb24", "bgr24") or len(letters) == 4 and "64" not in name else int(name[4:]) if name[:4] == "gray" else 16
    kind = np.uint8 if bits == 8 else np.dtype(order + "u2")
    values = np.frombuffer(data, kind, WIDTH * HEIGHT * len(letters)).reshape(HEIGHT, WIDTH, -1).astype(np.int64)
    wanted = [letter for letter in ("v" if "v" in letters else "rgb") + "a" if letter in letters]
    return values[..., [letters.index(letter) for letter in wanted]], (1 << bits) - 1


def pixels_of_sycc(data, layout):
    """sYCC of JPEG 2000 without lower resolution: full range by IEC 61966-2-1, though FFmpeg stores less."""
    bits = int(re.sub("[^0-9]", "", layout.split("444p")[1]) or 8)
    planes = np.frombuffer(data, np.uint8 if bits == 8 else "<u2").reshape(-1, HEIGHT, WIDTH).astype(np.float64)
    y, cb, cr = planes[0], planes[1] - (1 << bits - 1), planes[2] - (1 << bits - 1)
    colours = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], -1)
    return np.concatenate([np.clip(np.rint(colours), 0, (1 << bits) - 1), *planes[3:, :, :, None]], -1).astype(np.int64), (1 << bits) - 1


def read_by_others(path):
    """What another program shows of a file, 8 bits a sample; None where there is none."""
    try:
        if path.endswith(".tif"):
            # The copy has its bits in the usual order, which Pillow wants.
            if not write_with(path + ".rgba", "tiff2rgba", path, path + ".rgba") or not write_with(path + ".copy", "tiffcp", "-f", "msb2lsb", path + ".rgba", path + ".copy"):
                return None
            path += ".copy"
        image = Image.open(path)
        image = image if image.mode in ("L", "RGB", "RGBA") else image.convert("RGB")
        values = np.asarray(image).astype(np.int64)
    except OSError:
        return None
    return values if values.ndim == 3 else values[..., None]


def ffmpeg_jobs():
    """(encoder, pixel format, extension, options), all pixel formats that an encoder has."""
    named = lambda option, values: [[option, value] for value in values]
    ways = {"png": ("png", named("-pred", ("none", "sub", "up", "avg", "paeth", "mixed")) + [["-flags", "+ildct"], ["-compression_level", "0"]]),
            "apng": ("png", [["-f", "apng"]]),
            "bmp": ("bmp", [[]]),
            "tiff": ("tif", named("-compression_algo", ("raw", "packbits", "lzw", "deflate"))),
            "mjpeg": ("jpg", [["-strict", "-1", "-huffman", h, "-qscale:v", q] for h in ("default", "optimal") for q in ("2", "20")]),
            "jpeg2000": ("jp2", [["-pred", p, "-prog", o] for p in ("dwt53", "dwt97int") for o in ("lrcp", "rpcl")] + [["-pred", "dwt53", "-tile_width", "16", "-tile_height", "16"]]),
            "libopenjpeg": ("jp2", [["-numresolution", "3"], ["-numresolution", "3", "-format", "j2k"]]),
            "libwebp": ("webp", [["-lossless", "1"], ["-lossless", "0"]]),
            "libwebp_anim": ("webp", [["-lossless", "1"]]),
            "ppm": ("ppm", [[]]), "pgm": ("pgm", [[]]), "pbm": ("pbm", [[]]), "pam": ("pam", [[]])}
    others = {"jpegls": "jls", "ljpeg": "jpg", "sgi": "sgi", "xwd": "xwd", "pcx": "pcx", "sunrast": "ras", "dpx": "dpx", "exr": "exr", "gif": "gif",
              "qoi": "qoi", "pfm": "pfm", "phm": "phm", "xbm": "xbm", "fits": "fits", "libjxl": "jxl"}
    for encoder, extension in others.items():
        ways[encoder] = (extension, [["-strict", "-1"]])
    for encoder, (extension, options) in ways.items():
        told = run("ffmpeg", "-hide_banner", "-h", "encoder=" + encoder).stdout.decode()
        formats = [line.split(":")[1].split() for line in told.splitlines() if "Supported pixel formats:" in line]
        for pixel_format in formats[0] if formats else []:
            for choice in options:
                yield encoder, pixel_format, extension, choice, encoder in others


def ffmpeg_files(files):
    if not shutil.which("ffmpeg") or not shutil.which("ffprobe"):
        print("SKIPPED: files of FFmpeg, which is not installed")
        return "FFmpeg"
    raw = files.path("ffmpeg.raw")
    source(4, 65535).astype("<u2").tofile(raw)
    not_made = not_compared = 0
    for number, (encoder, pixel_format, extension, options, foreign) in enumerate(ffmpeg_jobs()):
        name = "ffmpeg_%03d_%s_%s.%s" % (number, encoder, pixel_format, extension)
        path = files.path(name)
        muxer = [] if "-f" in options else ["-f", "image2", "-update", "1"]
        if not write_with(path, "ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgba64le", "-s", "%dx%d" % (WIDTH, HEIGHT), "-i", raw,
                          "-c:v", encoder, "-pix_fmt", pixel_format, *muxer, *options, "-frames:v", "1", path):
            not_made += 1
            continue
        pixels, peak, code, text = files.decode(path)
        if code == 3 and "a line of a library" not in text:
            files.count("refused", *([] if foreign else ["%s %s" % (name, options), text[-110:]]))
            continue
        if code != 0 or foreign and pixels is None:
            files.count("wrong", name, "exit code %d: %s" % (code, text))
            continue
        layout = run("ffprobe", "-v", "error", "-show_entries", "stream=pix_fmt", "-of", "csv=p=0", path).stdout.decode().split()[0]
        held = run("ffmpeg", "-v", "error", "-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", layout, "-").stdout
        expected, peak = pixels_of_raw(held, layout)
        tolerance = 0
        if encoder == "bmp" and pixel_format == "bgra":  # no mask names the fourth byte
            files.check(name, expected[..., :3], peak, note="fourth byte")
            continue
        if expected is None and "444p" in layout and extension == "jp2" and "j2k" not in options:
            expected, peak = pixels_of_sycc(held, layout)
        elif expected is None:
            expected, peak = read_by_others(path), 255
        if extension == "jp2":  # decoders round in their own ways
            tolerance = (peak + 1) // 64 if "dwt97int" in options or encoder == "libopenjpeg" else (peak + 1) // 128 if "yuv" in layout else 0
        if expected is None:
            not_compared += 1
            print("no second reader: %s %s" % (name, options))
            continue
        files.check(name, expected, peak, tolerance=tolerance, ignore_clear=True)
    print("FFmpeg: %d combinations it does not write, %d without a second reader" % (not_made, not_compared))
    return "FFmpeg"


def libtiff_files(files):
    """tiffcp's compressions, strips, tiles, planes, orders of bytes and of bits; tiffset, tiffcrop, tiffmedian, tiff2rgba, raw2tiff, ppm2tiff."""
    if not shutil.which("tiffcp"):
        print("SKIPPED: files of libtiff's tools, which are not installed")
        return "libtiff"
    sources = {}
    for bits, channels in [(b, c) for b in (1, 2, 4, 8, 12, 16, 32) for c in (1, 3)] + [(b, c) for b in (8, 16) for c in (2, 4)]:
        most = (1 << bits) - 1
        image = source(channels, most)
        name = files.write("libtiff_%d_%d.tif" % (bits, channels),
                           tiff(image.tolist(), bits, 1 if channels < 3 else 2, extra=[2] if channels in (2, 4) else None))
        sources[bits, channels] = (name, image, most)
    number = not_made = 0

    def check(label, words, expected, peak, **options):
        """words: a program and its arguments, before the name of the output. expected: None: as tiff2rgba shows it,
        or refused where it shows nothing."""
        nonlocal number, not_made
        number += 1
        path = files.path("libtiff_%03d_%s.tif" % (number, label))
        if not write_with(path, *words, path):
            not_made += 1
            return
        if expected is None:
            expected, peak = read_by_others(path), 255
        files.check(os.path.basename(path), expected, peak, **options)

    layouts = [[], ["-r", "7"], ["-t", "-w", "16", "-l", "32"], ["-p", "separate"], ["-p", "separate", "-t", "-w", "32", "-l", "16"],
               ["-B"], ["-L"], ["-8"], ["-f", "lsb2msb"], ["-8", "-B", "-p", "separate"]]
    for (bits, channels), (name, image, most) in sources.items():
        peak = 255 if bits <= 8 else 65535
        codecs = ["none", "packbits", "lzw", "lzw:2", "zip", "zip:2", "zstd", "lzma"] + (["g3:1d", "g3:2d", "g4"] if bits == 1 and channels == 1 else [])
        codecs += ["jpeg:90", "jpeg:r:90"] if bits == 8 and channels in (1, 3) else []
        for codec in codecs:
            if codec.endswith(":2") and bits not in (8, 16, 32):
                continue
            for layout in layouts if codec in ("none", "lzw:2", "zip", "g4", "jpeg:90") else [[], ["-t", "-w", "16", "-l", "16"]]:
                label = "%d_%d_%s" % (bits, channels, codec.replace(":", ""))
                words = ["tiffcp", "-c", codec, *layout, files.path(name)]
                if codec.startswith("jpeg"):
                    check(label, words, None, peak)
                else:
                    check(label, words, scale(image, most, peak), peak, exact_depth=True)
    gray, rgb = sources[8, 1], sources[8, 3]
    for orientation in range(1, 9):
        name = "libtiff_orientation%d.tif" % orientation
        shutil.copy(files.path(rgb[0]), files.path(name))
        run("tiffset", "-s", "274", orientation, files.path(name))
        upright = rgb[1] if orientation < 5 else rgb[1].transpose(1, 0, 2)
        files.check(name, upright[::-1 if orientation in (3, 4, 7, 8) else 1, ::-1 if orientation in (2, 3, 6, 7) else 1], 255)
    check("turned", ["tiffcrop", "-R", "90", files.path(gray[0])], np.rot90(gray[1], -1), 255)
    check("mirrored", ["tiffcrop", "-F", "horiz", files.path(gray[0])], gray[1][:, ::-1], 255)
    for way in ("both", "tag", "data"):
        check("inverted_" + way, ["tiffcrop", "-I", way, files.path(gray[0])], None, 255)
    for tool, words in (("tiffmedian", ["-C", "40"]), ("tiff2rgba", []), ("tiff2rgba", ["-n"]), ("tiff2rgba", ["-c", "lzw"]), ("tiffdither", []), ("tiff2bw", [])):
        check(tool, [tool, *words, files.path((gray if tool == "tiffdither" else rgb)[0])], None, 255, ignore_clear=True)
    for bits, channels in ((8, 1), (8, 3), (16, 1), (16, 3)):
        _, image, most = sources[bits, channels]
        data = files.path("libtiff.raw")
        image.astype("u1" if bits == 8 else "<u2").tofile(data)
        ways = [(["-p", "rgb" if channels == 3 else "minisblack"], image), (["-p", "rgb" if channels == 3 else "minisblack", "-c", "lzw"], image)]
        for words, expected in ways + ([(["-p", "miniswhite"], most - image)] if channels == 1 else []):
            check("raw_%d_%d" % (bits, channels), ["raw2tiff", "-w", WIDTH, "-l", HEIGHT, "-b", channels, "-d", "byte" if bits == 8 else "short", *words, data],
                  expected, most, exact_depth=True)
        if bits == 8:
            files.write("libtiff.ppm", b"P%d %d %d 255\n" % (5 if channels == 1 else 6, WIDTH, HEIGHT) + image.astype("u1").tobytes())
            for codec in ("none", "lzw", "zip", "packbits"):
                check("ppm_%d_%s" % (channels, codec), ["ppm2tiff", "-c", codec, files.path("libtiff.ppm")], image, 255)
    print("libtiff: %d combinations it does not write" % not_made)
    return "libtiff"
