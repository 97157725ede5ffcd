"""The Python package against the program: called by tests/cli/python_test.sh with the folder of its files.

    python_test.py AECOMP MODEL PPM REPETITIONS
"""
import io
import resource
import subprocess
import sys
import threading
import warnings

import numpy as np
from PIL import Image

import aecomp
import aecomp.pillow

program, model, ppm, repetitions = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])


def run(*arguments):
    subprocess.run([program, *arguments, "-f", "--quiet", "-m", model], check=True, capture_output=True)


def refused(error, call):
    try:
        call()
    except error as e:
        assert str(e), "an error has a text"
        return e
    raise AssertionError("nothing was refused")


def waves(height, width, channels, dtype):
    y, x = np.mgrid[:height, :width]
    most = np.iinfo(dtype).max
    planes = [most * (0.5 + 0.3 * np.sin(x / (5 + c)) + 0.15 * np.cos(y / (7 - c))) for c in range(channels)]
    return np.stack(planes, 2).astype(dtype)


# Files are those of the program, and so are pixels.
picture = np.array(Image.open(ppm))
for quality in (97.5, 0, 50):
    run("compress", ppm, "-q", str(quality), "-o", "program.aec")
    data = aecomp.encode(picture, quality, model=model)
    assert data == open("program.aec", "rb").read(), "encode gives another file than the program"
    run("decompress", "program.aec", "-o", "program.ppm")
    assert np.array_equal(aecomp.decode(data, model=model), np.array(Image.open("program.ppm")))
i = aecomp.info(data)
assert (i.width, i.height, i.channels, i.bits, i.has_alpha) == (picture.shape[1], picture.shape[0], 3, 8, False), i
assert i.model_id == aecomp.Codec(model).model_id
whole = aecomp.decode(data, model=model)
assert np.array_equal(aecomp.decode(data, region=(5, 7, 11, 13), model=model), whole[7:20, 5:16])
small = aecomp.encode(picture, target_bytes=400, model=model)
assert len(small) <= 400

# Every kind of array, also views that are not contiguous, and alpha without loss.
for dtype in (np.uint8, np.uint16):
    for channels in (1, 2, 3, 4):
        a = waves(31, 23, channels, dtype)
        back = aecomp.decode(aecomp.encode(a, 90, model=model), model=model)
        assert back.dtype == dtype and back.shape == (a.shape if channels > 1 else a.shape[:2])
        if channels in (2, 4):
            assert np.array_equal(back[..., -1], a[..., -1]), "alpha is not what it was"
        error = np.abs(back.astype(float).reshape(a.shape) - a).mean() / np.iinfo(dtype).max
        assert error < 0.2, (dtype, channels, error)
turned = picture.transpose(1, 0, 2)[::2, ::-1]
assert aecomp.encode(turned, model=model) == aecomp.encode(turned.copy(), model=model)
assert aecomp.encode(waves(9, 8, 1, np.uint16).astype(">u2"), model=model) == aecomp.encode(waves(9, 8, 1, np.uint16), model=model)

# What cannot be: the library's own message.
assert refused(aecomp.Error, lambda: aecomp.decode(data[:100], model=model)).code == 4
assert refused(aecomp.Error, lambda: aecomp.info(b"no file")).code == 4
assert refused(aecomp.Error, lambda: aecomp.Codec("missing.aecm")).code == 5
assert refused(aecomp.Error, lambda: aecomp.encode(picture, 101, model=model)).code == 1
assert refused(aecomp.Error, lambda: aecomp.decode(data, region=(0, 0, 9999, 1), model=model)).code == 1
refused(TypeError, lambda: aecomp.encode(picture.astype(float), model=model))
refused(ValueError, lambda: aecomp.encode(picture[:0], model=model))
for at in range(0, len(data), 7):
    broken = bytearray(data)
    broken[at] ^= 0x41
    refused(aecomp.Error, lambda: aecomp.decode(bytes(broken), model=model))

# Metadata.
exif = Image.Exif()
exif[0x010E] = "a title"
raw = exif.tobytes()[6:]
kept = aecomp.encode(picture, icc=b"profile", exif=raw, xmp=b"<x/>", model=model)
array, metadata = aecomp.decode_with_metadata(kept, model=model)
assert metadata == aecomp.Metadata(b"profile", raw, b"<x/>"), metadata

# Pillow, with the model as an option of save and the built-in model, if there is one, to open.
buffer = io.BytesIO()
Image.fromarray(picture).save(buffer, "AEC", quality=50, model=model)
assert buffer.getvalue() == aecomp.encode(picture, 50, model=model)
refused(OSError, lambda: Image.new("CMYK", (4, 4)).save(io.BytesIO(), "AEC"))
try:
    aecomp.Codec()
except aecomp.Error:
    print("SKIPPED: opening by Pillow, as the library has no model built in")
else:
    for mode in ("L", "LA", "RGB", "RGBA", "1", "P"):
        image = Image.fromarray(waves(20, 30, 4, np.uint8), "RGBA").convert(mode)
        image.save("pillow.aec", quality=80)
        with Image.open("pillow.aec") as opened:
            opened.load()
            assert opened.format == "AEC" and opened.size == (30, 20), opened
            assert opened.mode == {"1": "L", "P": "RGB"}.get(mode, mode), (mode, opened.mode)
            assert np.array_equal(np.array(opened), aecomp.decode(open("pillow.aec", "rb").read()))
    deep = waves(20, 30, 1, np.uint16)[..., 0]
    Image.fromarray(deep).save("deep.aec", quality=95)
    opened = Image.open("deep.aec")
    assert opened.mode == "I;16" and np.array_equal(np.array(opened), aecomp.decode(open("deep.aec", "rb").read()))
    open("deep.aec", "wb").write(aecomp.encode(waves(20, 30, 3, np.uint16)))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert Image.open("deep.aec").convert("RGB").size == (30, 20) and len(caught) == 1
    exif[0x0112] = 6
    Image.fromarray(picture).save("turned.aec", exif=exif, icc_profile=b"profile")
    opened = Image.open("turned.aec")
    assert opened.size == (picture.shape[0], picture.shape[1]) and opened.getexif()[0x0112] == 1
    assert opened.getexif()[0x010E] == "a title" and opened.info["icc_profile"] == b"profile"
    open("broken.aec", "wb").write(data[:200])
    refused(OSError, lambda: Image.open("broken.aec"))

# Four threads: the same files, and memory that does not grow.
expected = aecomp.encode(picture, 50, model=model)
pixels = aecomp.decode(expected, model=model)
failures, sizes = [], []


def work(count):
    codec = aecomp.Codec(model, threads=1)
    p = aecomp.Pixels(picture.shape[1], picture.shape[0], 3, 8, picture)
    for _ in range(count):
        if codec.encode_pixels(p, 50) != expected or bytes(codec.decode_pixels(expected)[0].samples) != pixels.tobytes():
            failures.append("a thread gives something else")


for _ in range(4):
    threads = [threading.Thread(target=work, args=(max(repetitions // 16, 1),)) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    sizes.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
assert not failures, failures[0]
assert sizes[-1] - sizes[1] < 100, "memory grows: %s MB" % sizes
print("all checks passed; MB at most after each quarter: %s" % sizes)
