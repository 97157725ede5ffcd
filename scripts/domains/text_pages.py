#!/usr/bin/env python3
"""Pages of text as a word processor or a browser shows them: columns, headings, lists, tables, boxes, program text.

    scripts/domains/text_pages.py train/ --count 120 --seed 1
    scripts/domains/text_pages.py heldout/ --count 10 --seed 3 --held-out

Writes NNN.png, 768x1024 RGB. A page depends on its seed and number, and on the fonts: the held-out pages are set in other typefaces
and say other things than those to train on. Needs python3-numpy, python3-pil and Debian's fonts-dejavu-core fonts-dejavu-extra fonts-liberation2
fonts-freefont-ttf fonts-open-sans (training), fonts-linuxlibertine fonts-crosextra-carlito fonts-crosextra-caladea (held out).
"""

import argparse
import colorsys
import multiprocessing
import os
import random as random_module
import sys

import numpy
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from texts import HELD_OUT, TRAIN, Writer

WIDTH, HEIGHT = 768, 1024
FONTS = "/usr/share/fonts"
# regular, bold, italic
TRAIN_FACES = (
    ("truetype/dejavu/DejaVuSerif.ttf", "truetype/dejavu/DejaVuSerif-Bold.ttf", "truetype/dejavu/DejaVuSerif-Italic.ttf"),
    ("truetype/dejavu/DejaVuSans.ttf", "truetype/dejavu/DejaVuSans-Bold.ttf", "truetype/dejavu/DejaVuSans-Oblique.ttf"),
    ("truetype/dejavu/DejaVuSansCondensed.ttf", "truetype/dejavu/DejaVuSansCondensed-Bold.ttf", "truetype/dejavu/DejaVuSansCondensed-Oblique.ttf"),
    ("truetype/liberation2/LiberationSerif-Regular.ttf", "truetype/liberation2/LiberationSerif-Bold.ttf", "truetype/liberation2/LiberationSerif-Italic.ttf"),
    ("truetype/liberation2/LiberationSans-Regular.ttf", "truetype/liberation2/LiberationSans-Bold.ttf", "truetype/liberation2/LiberationSans-Italic.ttf"),
    ("truetype/freefont/FreeSerif.ttf", "truetype/freefont/FreeSerifBold.ttf", "truetype/freefont/FreeSerifItalic.ttf"),
    ("truetype/freefont/FreeSans.ttf", "truetype/freefont/FreeSansBold.ttf", "truetype/freefont/FreeSansOblique.ttf"),
    ("truetype/open-sans/OpenSans-Regular.ttf", "truetype/open-sans/OpenSans-Bold.ttf", "truetype/open-sans/OpenSans-Italic.ttf"),
    ("truetype/open-sans/OpenSans-Light.ttf", "truetype/open-sans/OpenSans-Semibold.ttf", "truetype/open-sans/OpenSans-LightItalic.ttf"),
)
TRAIN_MONO = ("truetype/dejavu/DejaVuSansMono.ttf", "truetype/liberation2/LiberationMono-Regular.ttf", "truetype/freefont/FreeMono.ttf")
HELD_OUT_FACES = (
    ("opentype/linux-libertine/LinLibertine_R.otf", "opentype/linux-libertine/LinLibertine_RB.otf", "opentype/linux-libertine/LinLibertine_RI.otf"),
    ("opentype/linux-libertine/LinBiolinum_R.otf", "opentype/linux-libertine/LinBiolinum_RB.otf", "opentype/linux-libertine/LinBiolinum_RI.otf"),
    ("truetype/crosextra/Carlito-Regular.ttf", "truetype/crosextra/Carlito-Bold.ttf", "truetype/crosextra/Carlito-Italic.ttf"),
    ("truetype/crosextra/Caladea-Regular.ttf", "truetype/crosextra/Caladea-Bold.ttf", "truetype/crosextra/Caladea-Italic.ttf"),
)
HELD_OUT_MONO = ("opentype/linux-libertine/LinLibertine_M.otf",)


def font(path, size):
    return ImageFont.truetype(os.path.join(FONTS, path), size, layout_engine=ImageFont.Layout.BASIC)


class Page:
    """Sets blocks down the columns until they are full."""

    def __init__(self, random, held_out):
        self.random = random
        self.writer = Writer(random, HELD_OUT if held_out else TRAIN)
        faces, mono = (HELD_OUT_FACES, HELD_OUT_MONO) if held_out else (TRAIN_FACES, TRAIN_MONO)
        body, head = random.choice(faces), random.choice(faces)
        if random.random() < 0.5:
            head = body
        self.size = random.choice((11, 12, 13, 14, 14, 15, 16, 17, 18, 20, 22))
        self.leading = round(self.size * random.uniform(1.2, 1.55))
        self.regular, self.bold, self.italic = (font(path, self.size) for path in body)
        self.small = font(body[0], max(9, round(0.8 * self.size)))
        self.mono = font(random.choice(mono), max(10, self.size - 1))
        self.headings = [font(head[1], round(self.size * scale)) for scale in (2.1, 1.5, 1.2)]
        self.choose_colours()
        self.image = Image.new("RGB", (WIDTH, HEIGHT), self.paper)
        self.draw = ImageDraw.Draw(self.image)
        self.justified = random.random() < 0.7
        self.indent = random.choice((0, 0, round(1.5 * self.size)))
        self.margin = random.randint(36, 84)
        self.bottom = HEIGHT - random.randint(50, 90)

    def choose_colours(self):
        random = self.random
        hue = random.random()

        def colour(saturation, value):
            return tuple(round(255 * c) for c in colorsys.hsv_to_rgb(hue, saturation, value))

        self.paper = (255, 255, 255)
        if random.random() < 0.5:
            warm = random.uniform(0, 14)
            self.paper = tuple(round(c) for c in (255 - 0.2 * warm, 254 - 0.6 * warm, 253 - 1.6 * warm))
        ink = random.choice((0, 0, 20, 34, 51))
        self.ink = (ink, ink, ink)
        self.accent = self.ink if random.random() < 0.35 else colour(random.uniform(0.6, 1), random.uniform(0.35, 0.75))
        self.shade = (240, 240, 240) if random.random() < 0.4 else colour(0.07, 0.97)
        self.rule = (170, 170, 170) if random.random() < 0.5 else self.accent

    def lines(self, text, face, width, indent=0):
        """Words of each line; greedy."""
        space, line, used, result = face.getlength(" "), [], indent, []
        for word in text.split():
            length = face.getlength(word)
            if line and used + length > width:
                result.append(line)
                line, used = [], 0
            line.append((word, length))
            used += length + space
        return result + [line]

    def set_line(self, line, x, y, width, face, fill, justify):
        space = face.getlength(" ")
        if justify and len(line) > 1:
            space = (width - sum(length for _, length in line)) / (len(line) - 1)
        for word, length in line:
            self.draw.text((round(x), y), word, font=face, fill=fill)
            x += length + space

    def text(self, text, x, y, width, face=None, fill=None, indent=0, leading=None, justify=None):
        """Returns the y below; stops at the end of the page."""
        face, fill, leading = face or self.regular, fill or self.ink, leading or self.leading
        lines = self.lines(text, face, width, indent)
        for number, line in enumerate(lines):
            if y + leading > self.bottom:
                return self.bottom
            shift = indent if number == 0 else 0
            last = number == len(lines) - 1
            self.set_line(line, x + shift, y, width - shift, face, fill, (self.justified if justify is None else justify) and not last)
            y += leading
        return y

    def heading(self, x, y, width, level):
        face = self.headings[level]
        y += self.leading * (2 - level) // 3
        y = self.text(self.writer.heading(), x, y, width, face, self.accent, leading=round(1.25 * face.size), justify=False)
        return y + self.leading // 3

    def paragraph(self, x, y, width):
        y = self.text(self.writer.paragraph(self.random.randint(3, 8)), x, y, width, indent=self.indent)
        return y + (0 if self.indent else self.leading // 2)

    def bullets(self, x, y, width):
        numbered = self.random.random() < 0.4
        for number in range(self.random.randint(3, 6)):
            if y + self.leading > self.bottom:
                break
            self.draw.text((x + self.size // 2, y), f"{number + 1}." if numbered else "\u2022", font=self.regular, fill=self.accent)
            y = self.text(self.writer.sentence(), x + 2 * self.size, y, width - 2 * self.size, justify=False) + self.leading // 5
        return y + self.leading // 2

    def table(self, x, y, width):
        columns = max(2, min(self.random.randint(3, 6), width // (6 * self.size)))
        rows, step, height = self.random.randint(3, 10), width / columns, round(1.15 * self.leading)
        striped, lined, boxed = (self.random.random() < p for p in (0.4, 0.6, 0.3))
        names = self.random.sample(self.writer.lists["columns"], columns)
        top, gap = y, (height - self.size) // 3
        for row in range(rows + 1):
            if y + height > self.bottom:
                break
            if row == 0 or striped and row % 2 == 0:
                self.draw.rectangle((x, y, x + width, y + height - 1), fill=self.shade)
            for column in range(columns):
                left, right = x + round(column * step) + 5, x + round((column + 1) * step) - 5
                face = self.bold if row == 0 else self.regular
                text = names[column] if row == 0 else self.writer.word("noun") if column == 0 else self.writer.number()
                at = left if column == 0 else right - face.getlength(text)
                self.draw.text((round(at), y + gap), text, font=face, fill=self.ink)
            y += height
            if lined or row == 0:
                self.draw.line((x, y - 1, x + width, y - 1), fill=self.rule)
        if boxed:
            for column in range(columns + 1):
                self.draw.line((x + round(column * step), top, x + round(column * step), y - 1), fill=self.rule)
            self.draw.line((x, top, x + width, top), fill=self.rule)
        return y + self.leading // 2

    def box(self, x, y, width):
        text = self.writer.paragraph(2)
        inner, height = width - 3 * self.size, 0
        height = len(self.lines(text, self.italic, inner)) * self.leading + self.size
        if y + height > self.bottom:
            return self.paragraph(x, y, width)
        self.draw.rectangle((x, y, x + width, y + height), fill=self.shade)
        self.draw.rectangle((x, y, x + 3, y + height), fill=self.accent)
        self.text(text, x + round(1.5 * self.size), y + self.size // 2, inner, self.italic, justify=False)
        return y + height + self.leading // 2

    def program(self, x, y, width):
        depth, random = 0, self.random
        names = [word.split()[-1] for word in self.writer.lists["noun"]]
        for _ in range(random.randint(4, 9)):
            a, b = random.sample(names, 2)
            line = random.choice((f"{a} = {b}[{random.randint(0, 9)}] + {self.writer.number()}", f"if {a} < {b}:", f"for {a} in range({random.randint(2, 99)}):", f"print({a}, {b})", f"return {a}.{b}()"))
            while line and self.mono.getlength("    " * depth + line) > width - 10:
                line = line[:-4]
            if y + self.leading > self.bottom:
                break
            self.draw.text((x + 8, y), "    " * depth + line, font=self.mono, fill=self.ink)
            depth = min(3, depth + 1) if line.endswith(":") else max(0, depth - random.randint(0, 1))
            y += self.leading
        return y + self.leading // 2

    def column(self, x, y, width):
        blocks = (self.paragraph, self.paragraph, self.paragraph, self.paragraph, self.bullets, self.table, self.box, self.program)
        while y + 2 * self.leading < self.bottom:
            if self.random.random() < 0.3:
                y = self.heading(x, y, width, self.random.randint(1, 2))
                y = self.paragraph(x, y, width)
            y = self.random.choice(blocks)(x, y, width)

    def compose(self):
        random, width = self.random, WIDTH - 2 * self.margin
        y = self.margin
        if random.random() < 0.5:  # a running head
            self.draw.text((self.margin, y // 2), self.writer.heading(), font=self.small, fill=self.rule)
            self.draw.line((self.margin, y // 2 + 20, WIDTH - self.margin, y // 2 + 20), fill=self.rule)
        if random.random() < 0.5:
            y = self.heading(self.margin, y, width, 0)
            y = self.text(self.writer.paragraph(1), self.margin, y, width, self.italic, justify=False) + self.leading
        columns = random.choice((1, 1, 2, 2, 3)) if self.size < 15 else random.choice((1, 1, 2))
        gap = 2 * self.size
        step = (width + gap) // columns
        for column in range(columns):
            self.column(self.margin + column * step, y, step - gap)
        number = str(random.randint(1, 400))
        self.draw.text((WIDTH // 2 - 8, (self.bottom + HEIGHT) // 2 - 4), number, font=self.small, fill=self.ink)
        return self.image


def scanned(page, random):
    """The page as a scanner sees it: a little turned, softer, on paper that is not white, with noise."""
    page = page.rotate(random.uniform(-0.6, 0.6), Image.BICUBIC, fillcolor=page.getpixel((0, 0)))
    page = ImageChops.multiply(page.filter(ImageFilter.GaussianBlur(0.6)), Image.new("RGB", page.size, (246, 243, 234)))
    pixels = numpy.asarray(page, dtype=numpy.float64)
    noise = numpy.random.default_rng(random.getrandbits(64)).normal(0, 3, pixels.shape)
    return Image.fromarray(numpy.clip(numpy.rint(pixels + noise), 0, 255).astype(numpy.uint8))


def write_page(folder, seed, number, held_out, as_scanned):
    random = random_module.Random(f"{seed} {number}")
    page = Page(random, held_out).compose()
    if as_scanned:
        page = scanned(page, random)
    page.save(os.path.join(folder, f"{number:03d}.png"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--held-out", action="store_true", help="other typefaces and other texts")
    parser.add_argument("--scanned", action="store_true", help="turned a little, softer, and with noise, as from a scanner")
    args = parser.parse_args()
    faces = (HELD_OUT_FACES, HELD_OUT_MONO) if args.held_out else (TRAIN_FACES, TRAIN_MONO)
    missing = [path for path in sum(faces[0], ()) + faces[1] if not os.path.exists(os.path.join(FONTS, path))]
    if missing:
        sys.exit(f"text_pages.py: {FONTS}/{missing[0]} is missing; install the packages named at the top of this script")
    os.makedirs(args.folder, exist_ok=True)
    with multiprocessing.Pool() as pool:
        pool.starmap(write_page, [(args.folder, args.seed, number, args.held_out, args.scanned) for number in range(args.count)])


if __name__ == "__main__":
    main()
