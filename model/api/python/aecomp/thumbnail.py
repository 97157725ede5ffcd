"""What file managers call to show an .aec file: python3 -m aecomp.thumbnail SIDE FILE.aec OUT.png"""
import sys
from typing import List

from PIL import Image

from . import pillow  # noqa: F401: registers the format


def main(arguments: List[str]) -> int:
    if len(arguments) != 3 or not arguments[0].isdigit():
        print(__doc__, file=sys.stderr)
        return 2
    side, source, target = int(arguments[0]), arguments[1], arguments[2]
    try:
        with Image.open(source, formats=[pillow.AecImageFile.format]) as image:
            image.thumbnail((side, side))
            image.convert("RGBA" if image.mode in ("LA", "RGBA") else "RGB").save(target, "PNG")
    except OSError as e:
        print("%s: %s" % (source, e), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
