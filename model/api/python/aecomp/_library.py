"""libaecomp through its C interface, aecomp_c.h. Calls leave the interpreter's lock, so threads code at the same time."""
import ctypes
import os
import threading
from ctypes import POINTER, byref, c_char, c_char_p, c_double, c_int, c_size_t, c_ssize_t, c_uint32, c_uint64, c_void_p
from pathlib import Path
from typing import Any, List, NamedTuple, Optional, Tuple

NAME = "libaecomp.so.0"
ICC, EXIF, XMP = 0, 1, 2
MAX_PIXELS = 1 << 28  #: that are decoded unless more are asked for


class Error(Exception):
    """What libaecomp says is wrong, and what to do about it. `code`: as in aecomp_c.h; 4 is a damaged file."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Info(NamedTuple):
    """What a file says of itself."""
    width: int
    height: int
    channels: int  #: of colour: 1 or 3
    bits: int  #: of a sample: 8 or 16
    has_alpha: bool
    quality: float  #: on the model's axis, in steps between its qualities
    model_id: str


class Pixels(NamedTuple):
    """Samples row by row, 16 bits in the byte order of the machine."""
    width: int
    height: int
    channels: int  #: 1 gray, 2 gray + alpha, 3 RGB, 4 RGBA
    bits: int
    samples: Any  #: something with the buffer protocol


class Metadata(NamedTuple):
    icc: Optional[bytes] = None
    exif: Optional[bytes] = None  #: from the TIFF byte order mark on
    xmp: Optional[bytes] = None


class _Info(ctypes.Structure):
    _fields_ = [("width", c_uint32), ("height", c_uint32), ("channels", c_int), ("bits", c_int), ("has_alpha", c_int),
                ("quality", c_double), ("model_id", c_char * 17)]


class _View(ctypes.Structure):
    _fields_ = [("width", c_uint32), ("height", c_uint32), ("channels", c_int), ("bits", c_int),
                ("samples", c_void_p), ("stride", c_ssize_t)]


class _Options(ctypes.Structure):
    _fields_ = [("quality", c_double), ("target_bytes", c_uint64), ("icc", c_char_p), ("icc_size", c_size_t),
                ("exif", c_char_p), ("exif_size", c_size_t), ("xmp", c_char_p), ("xmp_size", c_size_t)]


class _Region(ctypes.Structure):
    _fields_ = [("x", c_uint32), ("y", c_uint32), ("width", c_uint32), ("height", c_uint32)]


def _candidates() -> List[str]:
    """$AECOMP_LIBRARY, the library of the same installation, and what the system's loader finds."""
    named = os.environ.get("AECOMP_LIBRARY")
    if named:
        return [named]
    folder = Path(__file__).resolve().parents[3]  # PREFIX/lib
    return [str(p) for p in [folder / NAME, *sorted(folder.glob("*/" + NAME))] if p.exists()] + [NAME]


def _load() -> ctypes.CDLL:
    failures = []
    for name in _candidates():
        try:
            library = ctypes.CDLL(name)
            break
        except OSError as e:
            failures.append(str(e))
    else:
        raise ImportError("libaecomp cannot be loaded (%s); install the package aecomp, or name the library in "
                          "AECOMP_LIBRARY" % "; ".join(failures))
    signatures = {
        "aecomp_error": (c_char_p, []), "aecomp_version": (c_char_p, []),
        "aecomp_open": (c_int, [c_char_p, c_int, POINTER(c_void_p)]), "aecomp_close": (None, [c_void_p]),
        "aecomp_model_id": (c_char_p, [c_void_p]),
        "aecomp_read_info": (c_int, [c_char_p, c_size_t, POINTER(_Info)]),
        "aecomp_encode": (c_int, [c_void_p, POINTER(_View), POINTER(_Options), POINTER(c_void_p)]),
        "aecomp_bytes_data": (c_void_p, [c_void_p]), "aecomp_bytes_size": (c_size_t, [c_void_p]),
        "aecomp_bytes_free": (None, [c_void_p]),
        "aecomp_decode": (c_int, [c_void_p, c_char_p, c_size_t, POINTER(_Region), POINTER(c_void_p)]),
        "aecomp_decode_small": (c_int, [c_void_p, c_char_p, c_size_t, c_uint32, POINTER(c_void_p)]),
        "aecomp_limit_pixels": (c_int, [c_void_p, c_uint64]),
        "aecomp_picture_view": (_View, [c_void_p]),
        "aecomp_picture_metadata": (c_void_p, [c_void_p, c_int, POINTER(c_size_t)]),
        "aecomp_picture_free": (None, [c_void_p]),
    }
    for function, (result, arguments) in signatures.items():
        getattr(library, function).restype = result
        getattr(library, function).argtypes = arguments
    return library


_lib = _load()


def _check(code: int) -> None:
    if code != 0:
        raise Error(code, _lib.aecomp_error().decode("utf-8", "replace"))


def version() -> str:
    return str(_lib.aecomp_version().decode())


def info(data: bytes) -> Info:
    """Needs no model."""
    data, i = bytes(data), _Info()
    _check(_lib.aecomp_read_info(data, len(data), byref(i)))
    return Info(i.width, i.height, i.channels, i.bits, i.has_alpha == 1, i.quality, i.model_id.decode())


class Codec:
    """Codes with one model. Threads that share a codec take turns; those with one each code at the same time.

    model: a model file; None for the one that is built into the library. threads: 0 for as many as there are cores.
    """

    def __init__(self, model: Optional[str] = None, threads: int = 0) -> None:
        self._handle = c_void_p()
        self._turn = threading.Lock()
        _check(_lib.aecomp_open(None if model is None else os.fsencode(model), threads, byref(self._handle)))

    def __del__(self, close: Any = _lib.aecomp_close) -> None:
        if getattr(self, "_handle", None):
            close(self._handle)

    @property
    def model_id(self) -> str:
        return str(_lib.aecomp_model_id(self._handle).decode())

    def encode_pixels(self, pixels: Pixels, quality: float = 75, target_bytes: int = 0,
                      metadata: Metadata = Metadata()) -> bytes:
        samples = memoryview(pixels.samples).cast("B")
        if samples.nbytes != pixels.width * pixels.height * pixels.channels * (pixels.bits // 8):
            raise ValueError("%d bytes of samples are not an image of this size" % samples.nbytes)
        array = (c_char * samples.nbytes).from_buffer(bytearray(samples) if samples.readonly else samples)
        view = _View(pixels.width, pixels.height, pixels.channels, pixels.bits, ctypes.cast(array, c_void_p), 0)
        options = _Options(quality, target_bytes)
        for name, piece in zip(Metadata._fields, metadata):
            if piece:
                setattr(options, name, bytes(piece))
                setattr(options, name + "_size", len(piece))
        made = c_void_p()
        with self._turn:
            _check(_lib.aecomp_encode(self._handle, byref(view), byref(options), byref(made)))
        try:
            return ctypes.string_at(_lib.aecomp_bytes_data(made), _lib.aecomp_bytes_size(made))
        finally:
            _lib.aecomp_bytes_free(made)

    def decode_pixels(self, data: bytes, region: Optional[Tuple[int, int, int, int]] = None, max_side: int = 0,
                      max_pixels: int = MAX_PIXELS) -> Tuple[Pixels, Metadata]:
        """region: x, y, width and height of a part; None for all. max_side: if not 0, no side of the result is longer,
        and there is no region. What has more than max_pixels is refused. The samples are a bytearray."""
        data, picture = bytes(data), c_void_p()
        if region is not None and max_side:
            raise ValueError("a region and a largest side exclude each other")
        if not 0 <= max_side < 2**32:
            raise ValueError("a side of %d pixels" % max_side)
        if region is not None and not all(0 <= v < 2**32 for v in region):
            raise ValueError("a region is four numbers of pixels: x, y, width, height")
        part = None if region is None else byref(_Region(*region))
        with self._turn:
            _check(_lib.aecomp_limit_pixels(self._handle, max_pixels))
            if max_side:
                _check(_lib.aecomp_decode_small(self._handle, data, len(data), max_side, byref(picture)))
            else:
                _check(_lib.aecomp_decode(self._handle, data, len(data), part, byref(picture)))
        try:
            v, pieces = _lib.aecomp_picture_view(picture), []
            samples = bytearray(v.width * v.height * v.channels * (v.bits // 8))
            ctypes.memmove((c_char * len(samples)).from_buffer(samples), v.samples, len(samples))
            for kind in (ICC, EXIF, XMP):
                size = c_size_t()
                found = _lib.aecomp_picture_metadata(picture, kind, byref(size))
                pieces.append(ctypes.string_at(found, size.value) if found else None)
            return Pixels(v.width, v.height, v.channels, v.bits, samples), Metadata(*pieces)
        finally:
            _lib.aecomp_picture_free(picture)


_of_thread = threading.local()


def codec_of_thread(model: Optional[str] = None, threads: int = 0) -> Codec:
    """The codec that this thread used last for this model, or a new one."""
    key = (model, threads)
    if getattr(_of_thread, "key", None) != key:
        _of_thread.codec, _of_thread.key = Codec(model, threads), key
    return _of_thread.codec  # type: ignore[no-any-return]
