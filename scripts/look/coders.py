"""The programs that are compared: a name, settings from few bytes to many, a command that encodes and one that decodes.

In commands {q} stands for the setting, {in} for the picture (PNG), {out} for the coded file, {back} for the decoded PNG.
"""

import io
import os
import shlex
import shutil
from dataclasses import dataclass

from PIL import Image


@dataclass(frozen=True)
class Coder:
    name: str
    settings: tuple
    encode: tuple  # arguments; empty for JPEG, which Pillow codes
    decode: tuple
    extension: str
    range: tuple = (0, 100, 0.5)  # of settings for equal bytes: from few bytes, to many, step

    def program(self):
        return shutil.which(self.encode[0]) if self.encode else "Pillow"


AVIF = Coder(
    "avif",
    (63, 57, 50, 43, 35, 26, 16, 6),
    tuple("avifenc -s 6 -j 1 --yuv 444 --min 0 --max 63 -a end-usage=q -a cq-level={q} {in} {out}".split()),
    tuple("avifdec -j 1 {out} {back}".split()),
    ".avif",
    (63, 0, 1),
)
JXL = Coder(
    "jxl",
    (20, 12, 8, 5.5, 3.6, 2.2, 1.3, 0.7),
    tuple("cjxl --quiet -e 7 --num_threads=0 -d {q} {in} {out}".split()),
    tuple("djxl --quiet --num_threads=0 {out} {back}".split()),
    ".jxl",
    (25, 0.1, 0.1),
)
WEBP = Coder(
    "webp",
    (0, 8, 25, 50, 75, 87, 94, 99),
    tuple("cwebp -quiet -m 6 -q {q} {in} -o {out}".split()),
    tuple("dwebp -quiet {out} -o {back}".split()),
    ".webp",
    (0, 100, 1),
)
JPEG = Coder("jpeg", (5, 10, 20, 35, 55, 75, 88, 95), (), (), ".jpg", (1, 99, 1))
PEERS = {coder.name: coder for coder in (AVIF, JXL, WEBP, JPEG)}


def variant(text, settings):
    """'NAME: COMMAND [=> COMMAND]' as a coder. Without the second command, which decodes, the program of the first is
    called with `decompress` and with the same -m."""
    name, colon, commands = text.partition(":")
    encode, _, decode = commands.partition("=>")
    arguments = tuple(shlex.split(encode))
    if not colon or not name.strip() or not arguments:
        raise ValueError(f"not 'NAME: COMMAND [=> COMMAND]': {text}")
    for place in ("{q}", "{in}", "{out}"):
        if not any(place in argument for argument in arguments):
            raise ValueError(f"{place} is missing in the command of the variant {name}")
    back = tuple(shlex.split(decode)) or (arguments[0], "decompress", "{out}", "-o", "{back}", "-f", *_model(arguments))
    if shutil.which(arguments[0]) is None:
        raise ValueError(f"{arguments[0]} of the variant {name} is not a program that can be run")
    return Coder(name.strip(), tuple(settings), arguments, back, ".aec")


def _model(arguments):
    for option in ("-m", "--model"):
        if option in arguments[:-1]:
            return (option, arguments[arguments.index(option) + 1])
    return ()


def fill(arguments, **places):
    """The command with its places filled in."""
    for place, value in places.items():
        arguments = [argument.replace("{" + place + "}", str(value)) for argument in arguments]
    return list(arguments)


def encode_jpeg(picture, quality):
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=int(quality), optimize=True, progressive=True)
    return out.getvalue()


def missing_programs(coders, extra=()):
    names = [coder.encode[0] for coder in coders if coder.encode] + [coder.decode[0] for coder in coders if coder.decode]
    return sorted({name for name in (*names, *extra) if shutil.which(name) is None})


def environment():
    """One thread a program: pictures run beside each other."""
    return dict(os.environ, OMP_NUM_THREADS="1", OMP_WAIT_POLICY="passive")
