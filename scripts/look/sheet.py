"""Crops of the same place from files of equal bytes, side by side in one PNG at 1:1."""

import pathlib
import tempfile

import numpy
from PIL import Image, ImageDraw

import measure
import metrics
import skies

TITLE = 14  # pixels above a crop
SIZE = (256, 256)


def _parse(text):
    """NAME=FILE@X,Y[,WxH]: (name, file, (left, top, right, bottom))."""
    name, _, rest = text.partition("=")
    file, at, place = rest.rpartition("@")
    fields = place.split(",")
    try:
        x, y = int(fields[0]), int(fields[1])
        width, height = (int(n) for n in fields[2].split("x")) if len(fields) > 2 else SIZE
    except (ValueError, IndexError):
        at = ""
    if not name or not file or not at:
        raise ValueError(f"not NAME=FILE@X,Y[,WxH]: {text}")
    return name, file, (x, y, x + width, y + height)


def _open(file, folder):
    if file in skies.SKIES:
        name, pixels, clean = next(sky for sky in skies.draw() if sky[0] == file)
        return measure.Picture(name, pixels, folder, clean)
    return measure.Picture(pathlib.Path(file).name, numpy.asarray(Image.open(file).convert("RGB")), folder)


def nearest(picture, coder, size):
    """The setting whose file is nearest to `size` bytes, and the file. Sizes grow along the coder's range."""
    start, end, step = coder.range
    low, high = 0, round(abs(end - start) / step)
    best = None
    while low <= high:
        middle = (low + high) // 2
        setting = round(start + middle * step * (1 if end > start else -1), 3)
        data = measure.encode(picture, coder, setting)
        if best is None or abs(len(data) - size) < abs(len(best[1]) - size):
            best = (setting, data)
        low, high = (middle + 1, high) if len(data) < size else (low, middle - 1)
    return best


def _stretch(crop, contrast, middle):
    pixels = (numpy.asarray(crop, float) - middle) * contrast + 128
    return Image.fromarray(numpy.clip(numpy.rint(pixels), 0, 255).astype(numpy.uint8))


def make(arguments, the_coders, variants, folder):
    rows = []  # [(heights, [(title, crop)])]
    for text in arguments.crops:
        name, file, box = _parse(text)
        picture = _open(file, folder)
        row = [(f"{name}: original", Image.fromarray(picture.pixels).crop(box))]
        size = None
        for coder in the_coders:
            if size is None:
                setting, data = arguments.quality, measure.encode(picture, coder, arguments.quality)
                size = len(data)
            else:
                setting, data = nearest(picture, coder, size)
            with tempfile.TemporaryDirectory() as work:
                pixels = measure.decode(data, coder, str(pathlib.Path(work) / "back.png"))
            title = f"{coder.name} {setting} {len(data)} B {metrics.psnr(picture.pixels, pixels):.1f} dB"
            row.append((title, Image.fromarray(pixels).crop(box)))
        rows.append(row)
        if arguments.contrast:
            middle = numpy.asarray(row[0][1], float).mean(axis=(0, 1))
            rows.append([(f"contrast x{arguments.contrast:g}", _stretch(crop, arguments.contrast, middle)) for _, crop in row])
    width = max(sum(crop.width for _, crop in row) for row in rows)
    sheet = Image.new("RGB", (width, sum(TITLE + row[0][1].height for row in rows)), "white")
    draw, top = ImageDraw.Draw(sheet), 0
    for row in rows:
        left = 0
        for title, crop in row:
            draw.text((left + 2, top + 1), title, fill="black")
            sheet.paste(crop, (left, top + TITLE))
            left += crop.width
        top += TITLE + row[0][1].height
    sheet.save(arguments.out)
    print(arguments.out)
