"""Encodes, decodes and measures pictures, and remembers the results.

Coded files are remembered under a hash of the picture, the command and the programs and files that it names; distances
under a hash of the coded file, the decoder and the sources of the measures. So whatever has not changed costs nothing.
"""

import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy
from PIL import Image

import coders
import metrics
import smooth


def cache_folder():
    home = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(os.environ.get("AECOMP_LOOK_CACHE") or pathlib.Path(home) / "aecomp" / "look")


def digest(*parts):
    state = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        state.update(len(data).to_bytes(8, "little") + data)
    return state.hexdigest()


@functools.lru_cache(maxsize=None)
def _file_digest(path, size, modified):
    return digest(pathlib.Path(path).read_bytes())


def command_digest(arguments):
    """Of a command: programs and files in it count by their contents."""
    parts = []
    for i, argument in enumerate(arguments):
        path = shutil.which(argument) if i == 0 else argument
        if path and os.path.isfile(path):
            state = os.stat(path)
            parts.append(_file_digest(os.path.realpath(path), state.st_size, state.st_mtime_ns))
        else:
            parts.append(argument)
    return digest(*parts)


_SOURCES = digest(*(pathlib.Path(module.__file__).read_bytes() for module in (metrics, smooth)))


def write_atomically(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(data)
    os.replace(file.name, path)


class Picture:
    """A picture to code, and where its PNG is. `clean`: a drawn one without its noise, else None."""

    def __init__(self, name, pixels, folder, clean=None):
        self.name, self.pixels, self.clean = name, pixels, clean
        self.identity = digest(pixels.shape, pixels.tobytes())
        self.file = str(pathlib.Path(folder) / f"{self.identity[:16]}.png")
        Image.fromarray(pixels).save(self.file, compress_level=1)

    @property
    def count(self):
        return self.pixels.shape[0] * self.pixels.shape[1]


def run(arguments):
    done = subprocess.run(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=coders.environment())
    if done.returncode != 0:
        message = done.stderr.decode(errors="replace").strip().splitlines()
        raise RuntimeError(f"{' '.join(arguments)}: exit code {done.returncode}: {message[-1] if message else ''}")


def encode(picture, coder, setting):
    """The bytes of the coded file."""
    key = digest(picture.identity, coder.name if not coder.encode else "", command_digest(coder.encode), setting)
    path = cache_folder() / key[:2] / (key + coder.extension)
    if path.exists():
        return path.read_bytes()
    if not coder.encode:
        data = coders.encode_jpeg(picture.pixels, setting)
    else:
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / ("coded" + coder.extension)
            run(coders.fill(coder.encode, **{"q": setting, "in": picture.file, "out": out}))
            data = out.read_bytes()
    write_atomically(path, data)
    return data


def decode(data, coder, back):
    """Writes the PNG `back` and gives its pixels."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / ("coded" + coder.extension)
        out.write_bytes(data)
        if coder.decode:
            run(coders.fill(coder.decode, out=out, back=back))
        else:
            Image.open(out).save(back, compress_level=1)
    return numpy.asarray(Image.open(back).convert("RGB"))


def point(picture, coder, setting, wanted):
    """{"bytes": ..., "psnr": ..., ...} of one picture at one setting, with the measures that are wanted."""
    data = encode(picture, coder, setting)
    key = digest(picture.identity, command_digest(coder.decode), data, _SOURCES)
    path = cache_folder() / key[:2] / (key + ".json")
    known = json.loads(path.read_text()) if path.exists() else {"bytes": len(data)}
    if all(name in known for name in wanted):
        return known
    with tempfile.TemporaryDirectory() as folder:
        back = str(pathlib.Path(folder) / "back.png")
        pixels = decode(data, coder, back)
        if pixels.shape != picture.pixels.shape:
            raise RuntimeError(f"{coder.name} made {pixels.shape} of {picture.name}, {picture.pixels.shape}")
        for name in wanted:
            if name not in known:
                known[name] = _measure(name, picture, pixels, back)
    write_atomically(path, json.dumps(known).encode())
    return known


def _measure(name, picture, pixels, back):
    if name == "psnr":
        return metrics.psnr(picture.pixels, pixels)
    if name == "ms_ssim":
        return metrics.ms_ssim_decibels(picture.pixels, pixels)
    if name == "butteraugli":
        return metrics.butteraugli_decibels(picture.file, back)
    if name == "smooth_error":
        return smooth.error(picture, pixels)
    if name == "spectrum":
        return smooth.spectrum(picture, pixels).round(6).tolist()
    raise ValueError(name)


def _task(arguments):
    picture, coder, setting, wanted = arguments
    return point(picture, coder, setting, wanted)


def points(pictures, the_coders, wanted, jobs):
    """{(coder, picture, setting): point} by names, in `jobs` processes; progress goes to stderr."""
    tasks = [(p, c, s, wanted) for c in the_coders for p in pictures for s in c.settings]
    result = {}
    with concurrent.futures.ProcessPoolExecutor(max_workers=jobs) as pool:
        for number, (task, got) in enumerate(zip(tasks, pool.map(_task, tasks)), 1):
            result[task[1].name, task[0].name, task[2]] = got
            if sys.stderr.isatty() or number % 100 == 0 or number == len(tasks):
                print(f"\r{number} of {len(tasks)} files measured", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return result
