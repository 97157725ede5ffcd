"""Lets Pillow open and save .aec files:

    import aecomp.pillow
    from PIL import Image
    image = Image.open("photo.aec")
    image.save("again.aec", quality=75)

ICC profile and EXIF travel along. Gray files of 16 bits become images of mode I;16. Pillow has no mode for other images
of 16 bits: they become 8 bits, with a warning.
"""
import sys
import warnings
from typing import IO, Any, Tuple, Union

from PIL import Image, ImageFile, ImageOps

from ._library import Error, Metadata, Pixels, codec_of_thread, info

_MAGIC = b"\x89AEC\r\n"
_EXIF = b"Exif\0\0"
_ORIENTATION = 0x0112
_NATIVE = "I;16" if sys.byteorder == "little" else "I;16B"  # 16 bits in the byte order of the machine
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "I;16": 1, "I;16L": 1, "I;16B": 1}


def _accept(prefix: bytes) -> bool:
    return prefix[:6] == _MAGIC


class AecImageFile(ImageFile.ImageFile):
    format = "AEC"
    format_description = "aecomp learned image compression"

    def _open(self) -> None:
        data = self.fp.read()
        try:
            i = info(data)
        except Error as e:
            raise SyntaxError(str(e)) from e
        self._size = i.width, i.height
        mode = "I;16" if i.bits == 16 and i.channels == 1 and not i.has_alpha else _MODES[i.channels + i.has_alpha]
        try:
            self.mode = mode
        except AttributeError:  # Pillow 10.1 and later have a property there
            self._mode = mode
        self.tile = []
        Image._decompression_bomb_check(self.size)  # before pixels are decoded
        try:  # at once, as metadata comes with the pixels
            self._decoded, metadata = codec_of_thread().decode_pixels(data, max_pixels=1 << 30)
        except Error as e:
            raise OSError(str(e)) from e
        if metadata.icc:
            self.info["icc_profile"] = metadata.icc
        if metadata.exif:
            self.info["exif"] = _EXIF + metadata.exif
        if metadata.xmp:
            self.info["xmp"] = metadata.xmp

    def load(self) -> Any:
        if self._decoded is not None:
            pixels: Pixels = self._decoded
            self._decoded = None
            samples, little = bytes(pixels.samples), sys.byteorder == "little"
            if pixels.bits == 16 and self.mode != "I;16":
                warnings.warn("an .aec file of 16 bits becomes one of 8, as Pillow has no mode for it")
                samples = samples[1::2] if little else samples[::2]
            raw = _NATIVE if self.mode == "I;16" else self.mode
            self.im = Image.frombytes(self.mode, self.size, samples, "raw", raw).im
            if self.fp is not None and self._exclusive_fp:
                self.fp.close()
            self.fp = None
        return super().load()


def _upright(image: Image.Image, exif: bytes) -> Tuple[Image.Image, bytes]:
    """Turned as its EXIF says, which then says orientation 1."""
    read = Image.Exif()
    read.load(exif if exif.startswith(_EXIF) else _EXIF + exif)
    if read.get(_ORIENTATION, 1) == 1:
        return image, exif
    turned = image.copy()
    turned.info["exif"] = exif
    turned.getexif()[_ORIENTATION] = read[_ORIENTATION]
    turned = ImageOps.exif_transpose(turned)
    read[_ORIENTATION] = 1
    return turned, read.tobytes()


def _with_plain_mode(image: Image.Image) -> Image.Image:
    if image.mode in _CHANNELS:
        return image
    if image.mode == "1":
        return image.convert("L")
    if image.mode == "P":
        return image.convert("RGBA" if "transparency" in image.info else "RGB")
    raise OSError("cannot write mode %s as AEC: convert the image to L, LA, RGB, RGBA or I;16" % image.mode)


def _save(image: Image.Image, file: IO[bytes], filename: Union[str, bytes]) -> None:
    options = image.encoderinfo  # type: ignore[attr-defined]
    icc = options.get("icc_profile", image.info.get("icc_profile"))
    exif = options.get("exif", image.info.get("exif")) or b""
    exif = exif.tobytes() if isinstance(exif, Image.Exif) else exif
    if exif:
        image, exif = _upright(image, exif)
    image = _with_plain_mode(image)
    deep = image.mode.startswith("I;16")
    samples = image.tobytes("raw", _NATIVE if deep else image.mode)
    pixels = Pixels(image.width, image.height, _CHANNELS[image.mode], 16 if deep else 8, samples)
    metadata = Metadata(icc or None, exif[len(_EXIF):] if exif.startswith(_EXIF) else exif, options.get("xmp"))
    try:
        data = codec_of_thread(options.get("model")).encode_pixels(pixels, options.get("quality", 75), 0, metadata)
    except Error as e:
        raise OSError(str(e)) from e
    file.write(data)


Image.register_open(AecImageFile.format, AecImageFile, _accept)
Image.register_save(AecImageFile.format, _save)
Image.register_extension(AecImageFile.format, ".aec")
Image.register_mime(AecImageFile.format, "image/x-aecomp")
