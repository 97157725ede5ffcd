#!/usr/bin/python3
"""Makes the pictures of bench_lossless.sh that are no photographs, below OUT: graphics/*.png and deep/*.p[gp]m.

    draw.py OUT PHOTO...

graphics: pages of text, code, a diagram, a screen with a photograph in it, dithering, palettes, a checkerboard, noise.
deep: 16-bit pictures as a camera's sensor would give them, from halved photographs made linear, with shot noise: RGB in
16 bits, RGB in 12 of 16 bits (the lowest four are 0), and gray through a square root as microscopes store it. A fixed
seed; needs Pillow and NumPy.
"""
import glob
import os
import random
import sys

import numpy as np
from PIL import Image, ImageDraw, ImageFont

WORDS = ("the quick brown fox jumps over a lazy dog while several unrelated sentences follow each other so that lines "
         "of a page differ in length and in their letters as real ones do; numbers such as 1024 or 3.14 occur too").split()


def font(size):
    found = sorted(glob.glob("/usr/share/fonts/**/*.ttf", recursive=True))
    return ImageFont.truetype(found[0], size) if found else ImageFont.load_default()


def page(mode, background, ink, width, height):
    image = Image.new(mode, (width, height), background)
    draw, letters, y = ImageDraw.Draw(image), font(15), 20
    while y < height - 30:
        line = ""
        while draw.textlength(line, font=letters) < width - 140:
            line += random.choice(WORDS) + " "
        draw.text((30, y), line, fill=ink, font=letters)
        y += 20
    return image


def diagram():
    image = Image.new("RGB", (1200, 800), (240, 240, 245))
    draw = ImageDraw.Draw(image)
    for _ in range(40):
        x, y, colour = random.randrange(1100), random.randrange(700), tuple(random.randrange(256) for _ in range(3))
        draw.rectangle([x, y, x + random.randrange(20, 200), y + random.randrange(20, 100)], fill=colour, outline=(0, 0, 0))
        draw.text((x + 5, y + 5), random.choice(WORDS), fill=(0, 0, 0), font=font(15))
    return image


def draw_graphics(folder, photo):
    screen = diagram()
    screen.paste(photo.resize((300, 300)), (500, 200))
    screen.paste(Image.linear_gradient("L").resize((300, 200)).convert("RGB"), (100, 500))
    y, x = np.mgrid[:256, :256]
    pictures = {
        "page": page("L", 255, 0, 900, 1200),
        "page-bilevel": page("L", 255, 0, 900, 1200).point(lambda v: 255 if v > 127 else 0),
        "code": page("RGB", (30, 30, 40), (200, 220, 180), 1000, 700),
        "diagram": diagram(),
        "screen": screen,
        "palette-16": photo.quantize(16),
        "palette-256": photo.quantize(256),
        "dithered": photo.convert("1"),
        "checkerboard": Image.fromarray(((x + y) % 2 * 255).astype(np.uint8)),
        "noise": Image.fromarray(np.random.randint(0, 256, (256, 256, 3)).astype(np.uint8)),
    }
    for name, image in pictures.items():
        image.save(os.path.join(folder, name + ".png"), optimize=True)


def write_deep(name, samples):
    samples = np.clip(np.rint(samples), 0, 65535).astype(">u2")
    with open(name + (".ppm" if samples.ndim == 3 else ".pgm"), "wb") as f:
        f.write(b"%s\n%d %d\n65535\n" % (b"P6" if samples.ndim == 3 else b"P5", samples.shape[1], samples.shape[0]))
        f.write(samples.tobytes())


def draw_deep(folder, photos):
    for i, photo in enumerate(photos):
        samples = np.asarray(photo.convert("RGB"), float)
        h, w = samples.shape[0] // 2 * 2, samples.shape[1] // 2 * 2
        halved = samples[:h, :w].reshape(h // 2, 2, w // 2, 2, 3).mean((1, 3)) / 255
        linear = np.where(halved <= 0.04045, halved / 12.92, ((halved + 0.055) / 1.055) ** 2.4)
        sensor = np.random.poisson(linear * 8000) / 2
        write_deep(os.path.join(folder, "rgb16-%d" % i), sensor * 16)
        write_deep(os.path.join(folder, "rgb12-%d" % i), np.rint(sensor) * 16)
        write_deep(os.path.join(folder, "gray16-%d" % i), 255 * np.sqrt(sensor[..., 1] * 16))


def main():
    out, photos = sys.argv[1], [Image.open(p).convert("RGB") for p in sys.argv[2:]]
    random.seed(1)
    np.random.seed(1)
    for folder in ("graphics", "deep"):
        os.makedirs(os.path.join(out, folder), exist_ok=True)
    draw_graphics(os.path.join(out, "graphics"), photos[0])
    draw_deep(os.path.join(out, "deep"), photos)


if __name__ == "__main__":
    sys.exit(main())
