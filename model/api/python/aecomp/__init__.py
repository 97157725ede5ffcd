"""Learned image compression: .aec files from NumPy arrays, and back.

    import aecomp, numpy
    data = aecomp.encode(array, quality=75)   # uint8 or uint16; [h, w] gray, [h, w, 2] gray + alpha, [.., 3] RGB, [.., 4] RGBA
    array = aecomp.decode(data)
    aecomp.info(data).width

`import aecomp.pillow` lets Pillow open and save .aec files.
"""
from typing import TYPE_CHECKING, Optional, Tuple

from ._library import MAX_PIXELS, Codec, Error, Info, Metadata, Pixels, codec_of_thread, info, version

if TYPE_CHECKING:
    import numpy

__all__ = ["MAX_PIXELS", "Codec", "Error", "Info", "Metadata", "Pixels", "decode", "decode_with_metadata", "encode", "info", "version"]
__version__ = version()


def encode(array: "numpy.ndarray", quality: float = 75, *, target_bytes: int = 0, icc: Optional[bytes] = None,
           exif: Optional[bytes] = None, xmp: Optional[bytes] = None, model: Optional[str] = None,
           threads: int = 0) -> bytes:
    """The bytes of an .aec file.

    array: uint8 or uint16, [height, width] or [height, width, channels] with 1 to 4 channels (gray, gray + alpha, RGB,
    RGBA). quality: 0 (smallest) to 100 (best); a picture of flat areas is kept without loss where that takes at most a
    quarter more bytes. target_bytes: if not 0, the best file that is not larger, instead of a quality. exif: from the
    TIFF byte order mark on, with orientation 1. model: a model file; None for the built-in one.
    """
    import numpy
    array = numpy.ascontiguousarray(array)
    if array.dtype.kind != "u" or array.itemsize > 2:
        raise TypeError("samples are uint8 or uint16, not %s" % array.dtype)
    if array.ndim not in (2, 3) or array.size == 0:
        raise ValueError("an image is an array of [height, width] or [height, width, channels], not of %s" % (array.shape,))
    height, width = array.shape[:2]
    channels = array.shape[2] if array.ndim == 3 else 1
    pixels = Pixels(width, height, channels, 8 * array.itemsize, array.astype(array.dtype.newbyteorder("="), copy=False))
    return codec_of_thread(model, threads).encode_pixels(pixels, quality, target_bytes, Metadata(icc, exif, xmp))


def decode_with_metadata(data: bytes, *, region: Optional[Tuple[int, int, int, int]] = None, max_side: int = 0,
                         max_pixels: int = MAX_PIXELS, model: Optional[str] = None,
                         threads: int = 0) -> "Tuple[numpy.ndarray, Metadata]":
    """As decode; and the ICC profile, EXIF and XMP of the file."""
    import numpy
    pixels, metadata = codec_of_thread(model, threads).decode_pixels(data, region, max_side, max_pixels)
    array = numpy.frombuffer(pixels.samples, numpy.uint8 if pixels.bits == 8 else numpy.uint16)
    shape = (pixels.height, pixels.width) + ((pixels.channels,) if pixels.channels > 1 else ())
    return array.reshape(shape), metadata


def decode(data: bytes, *, region: Optional[Tuple[int, int, int, int]] = None, max_side: int = 0,
           max_pixels: int = MAX_PIXELS, model: Optional[str] = None, threads: int = 0) -> "numpy.ndarray":
    """The pixels of an .aec file: uint8 or uint16, [height, width] of gray files, [height, width, channels] of others.

    region: x, y, width and height of a part, which equals that part of the whole. max_side: if not 0, the picture is
    made so small that no side is longer, in the memory that the small one takes; not together with a region.
    Pictures, or parts, of more than max_pixels are refused.
    """
    return decode_with_metadata(data, region=region, max_side=max_side, max_pixels=max_pixels, model=model,
                                threads=threads)[0]
