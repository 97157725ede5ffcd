"""The command line of scripts/look.sh."""

import argparse
import os
import pathlib
import sys
import tempfile

import numpy
from PIL import Image

import coders
import curves
import measure
import metrics
import sheet
import skies

READABLE = {".png", ".webp", ".jpg", ".jpeg", ".ppm", ".bmp", ".tif", ".tiff"}


def numbers(text):
    return tuple(float(part) if "." in part else int(part) for part in text.split(","))


def parse():
    parser = argparse.ArgumentParser(prog="look.sh", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--variant", action="append", default=[], metavar="'NAME: COMMAND [=> COMMAND]'",
                        help="a program to measure; {q}, {in}, {out} and, in the second command, {back} are filled in")
    common.add_argument("--qualities", type=numbers, default=tuple(range(0, 101, 10)), help="of variants (0,10,..,100)")
    common.add_argument("--peers", default="avif,jxl,webp,jpeg", help="of avif,jxl,webp,jpeg; '' for none (all)")
    common.add_argument("--jobs", type=int, default=2, help="processes (2)")
    common.add_argument("--count", type=int, help="so many of the pictures only, evenly spread over the sorted names")
    one = commands.add_parser("curves", parents=[common], help="BD-rates over photographs")
    one.add_argument("images", nargs="+", type=pathlib.Path, metavar="FOLDER|FILE")
    one.add_argument("--metrics", default="psnr,ms_ssim,butteraugli")
    one.add_argument("--points", action="store_true", help="print the curves as well")
    two = commands.add_parser("skies", parents=[common], help="drawn skies")
    two.add_argument("--save", type=pathlib.Path, help="a folder for the drawn pictures as PNG")
    two.add_argument("--seed", type=int, default=skies.SEED)
    three = commands.add_parser("sheet", parents=[common], help="crops at equal bytes")
    three.add_argument("out", type=pathlib.Path)
    three.add_argument("crops", nargs="+", metavar="NAME=FILE@X,Y[,WxH]", help="FILE may be the name of a drawn sky")
    three.add_argument("--quality", type=float, default=50, help="of the first variant, whose bytes the others get (50)")
    three.add_argument("--contrast", type=float, help="a second row for each crop with so many times the contrast")
    return parser.parse_args()


def chosen_coders(arguments):
    """Variants, then peers."""
    texts = arguments.variant or [f"aecomp: {os.environ['AECOMP']} compress -q {{q}} {{in}} -o {{out}} -f"]
    chosen = [coders.variant(text, arguments.qualities) for text in texts]
    for name in filter(None, arguments.peers.split(",")):
        if name not in coders.PEERS:
            raise ValueError(f"--peers: {name} is none of {', '.join(coders.PEERS)}")
        chosen.append(coders.PEERS[name])
    if len({coder.name for coder in chosen}) < len(chosen):
        raise ValueError("two variants or peers have the same name")
    return chosen, len(texts)


def need(the_coders, extra=()):
    missing = coders.missing_programs(the_coders, extra)
    if missing:
        raise ValueError(f"missing: {', '.join(missing)}; apt-get install butteraugli libavif-bin libjxl-tools webp, or --peers without it")


def files(paths, count):
    found = []
    for path in paths:
        if path.is_dir():
            found += sorted(file for file in path.iterdir() if file.suffix.lower() in READABLE)
        elif path.is_file():
            found.append(path)
        else:
            raise ValueError(f"{path}: no such file or folder")
    if not found:
        raise ValueError(f"{paths[0]}: no picture in it")
    step = -(-len(found) // count) if count else 1
    return found[::step]


def main():
    arguments = parse()
    the_coders, variants = chosen_coders(arguments)
    with tempfile.TemporaryDirectory() as folder:
        if arguments.command == "curves":
            wanted = tuple(arguments.metrics.split(","))
            if set(wanted) - set(metrics.METRICS):
                raise ValueError(f"--metrics: of {', '.join(metrics.METRICS)}")
            need(the_coders, ("butteraugli",) if "butteraugli" in wanted else ())
            pictures = [
                measure.Picture(file.name, numpy.asarray(Image.open(file).convert("RGB")), folder)
                for file in files(arguments.images, arguments.count)
            ]
            got = measure.points(pictures, the_coders, wanted, arguments.jobs)
            curves.report_curves(pictures, the_coders, variants, wanted, got, arguments.points)
        elif arguments.command == "skies":
            need(the_coders)
            drawn = skies.draw(arguments.seed)
            drawn = drawn[:: -(-len(drawn) // arguments.count)] if arguments.count else drawn
            pictures = [measure.Picture(name, pixels, folder, clean) for name, pixels, clean in drawn]
            if arguments.save:
                arguments.save.mkdir(parents=True, exist_ok=True)
                for picture in pictures:
                    Image.fromarray(picture.pixels).save(arguments.save / f"{picture.name}.png")
            got = measure.points(pictures, the_coders, ("psnr", "smooth_error", "spectrum"), arguments.jobs)
            curves.report_skies(pictures, the_coders, variants, got)
        else:
            need(the_coders)
            sheet.make(arguments, the_coders, variants, folder)


if __name__ == "__main__":
    try:
        main()
    except (ValueError, RuntimeError, OSError) as error:
        sys.exit(f"look.sh: {error}")
