#!/usr/bin/env python3
"""Crops of the same place of a picture coded by aecomp, JPEG, WebP and AVIF to the same number of bytes, side by side.

    scripts/visual_check.py OUT/ kodak/kodim01.png@256,64 kodak/kodim05.png@128,128 --bpp 0.15 0.3 0.6

Writes OUT/NAME.png: a row for each bpp, columns original, aecomp, JPEG, WebP, AVIF (4:4:4, -s 6); the title of a crop has the bits per
pixel of the whole file and its PSNR. aecomp takes the best quality below the bpp, the others what comes nearest to its bytes.
In the environment: AECOMP, the program (build/release/aecomp). Needs cwebp, avifenc, python3-numpy and python3-pil.
"""

import argparse
import io
import os
import pathlib
import subprocess
import tempfile

import numpy
from PIL import Image, ImageDraw

PROGRAM = os.environ.get("AECOMP", str(pathlib.Path(__file__).resolve().parent.parent / "build/release/aecomp"))
CROP = 192
TITLE = 14


def run(*command):
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def nearest(encode, low, high, size):
    """The output of encode(setting), which grows with the setting, whose size is nearest to `size`."""
    best = None
    while low <= high:
        middle = (low + high) // 2
        data = encode(middle)
        if best is None or abs(len(data) - size) < abs(len(best) - size):
            best = data
        low, high = (middle + 1, high) if len(data) < size else (low, middle - 1)
    return best


class Coders:
    """All coders give (bytes, decoded picture)."""

    def __init__(self, path, folder):
        self.image = Image.open(path).convert("RGB")
        self.folder = pathlib.Path(folder)
        self.source = self.folder / "in.png"
        self.image.save(self.source)

    def file(self, name):
        return self.folder / name

    def aecomp(self, bpp):
        coded, back = self.file("a.aec"), self.file("a.png")
        run(PROGRAM, "compress", self.source, "--bpp", bpp, "-o", coded, "-f")
        run(PROGRAM, "decompress", coded, "-o", back, "-f")
        return coded.stat().st_size, Image.open(back).convert("RGB")

    def jpeg(self, size):
        def encode(quality):
            out = io.BytesIO()
            self.image.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
            return out.getvalue()

        data = nearest(encode, 1, 95, size)
        return len(data), Image.open(io.BytesIO(data)).convert("RGB")

    def webp(self, size):
        def encode(quality):
            run("cwebp", "-m", 6, "-q", quality, self.source, "-o", self.file("w.webp"))
            return self.file("w.webp").read_bytes()

        data = nearest(encode, 0, 100, size)
        return len(data), Image.open(io.BytesIO(data)).convert("RGB")

    def avif(self, size):
        coded, back = self.file("v.avif"), self.file("v.png")

        def encode(setting):
            run("avifenc", "-s", 6, "--yuv", 444, "--min", 0, "--max", 63, "-a", "end-usage=q", "-a",
                f"cq-level={63 - setting}", self.source, coded)
            return coded.read_bytes()

        data = nearest(encode, 0, 63, size)
        coded.write_bytes(data)
        run("avifdec", coded, back)
        return len(data), Image.open(back).convert("RGB")


def psnr(a, b):
    error = numpy.asarray(a, dtype=numpy.float64) - numpy.asarray(b, dtype=numpy.float64)
    return 10 * numpy.log10(65025 / numpy.mean(error**2))


def report(path, x, y, rates, out):
    box = (x, y, x + CROP, y + CROP)
    with tempfile.TemporaryDirectory() as folder:
        coders = Coders(path, folder)
        pixels = coders.image.width * coders.image.height
        sheet = Image.new("RGB", (5 * CROP, len(rates) * (CROP + TITLE)), "white")
        draw = ImageDraw.Draw(sheet)
        for row, bpp in enumerate(rates):
            size, picture = coders.aecomp(bpp)
            columns = [("original", None, coders.image), ("aecomp", size, picture)]
            for name in ("jpeg", "webp", "avif"):
                columns.append((name, *getattr(coders, name)(size)))
            for column, (name, size_of, decoded) in enumerate(columns):
                at = (column * CROP, row * (CROP + TITLE))
                text = name
                if size_of is not None:
                    text += f" {8 * size_of / pixels:.3f} bpp {psnr(coders.image, decoded):.2f} dB"
                draw.text((at[0] + 2, at[1] + 1), text, fill="black")
                sheet.paste(decoded.crop(box), (at[0], at[1] + TITLE))
        sheet.save(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("images", nargs="+", metavar="IMAGE@X,Y")
    parser.add_argument("--bpp", type=float, nargs="+", default=[0.15, 0.3, 0.6])
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for entry in arguments.images:
        path, _, place = entry.rpartition("@")
        x, y = (int(number) for number in place.split(","))
        target = arguments.out / (pathlib.Path(path).stem + ".png")
        report(path, x, y, arguments.bpp, target)
        print(target)


if __name__ == "__main__":
    main()
