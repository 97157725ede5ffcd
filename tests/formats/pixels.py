"""Pixels as arrays, for compare_readers.py: made, scaled and taken out of PAM files."""
import numpy as np

WIDTH, HEIGHT = 37, 29


def source(channels, peak, seed=1):
    """Smooth with some noise; alpha from 0 to peak. [HEIGHT, WIDTH, channels]"""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    planes = [(x / (WIDTH - 1) * 0.7 + y / (HEIGHT - 1) * 0.3), (y / (HEIGHT - 1)), ((x + y) % 20 / 19),
              (x / (WIDTH - 1))]
    pick = {1: [0], 2: [0, 3], 3: [0, 1, 2], 4: [0, 1, 2, 3], 5: [0, 1, 2, 3, 1]}[channels]
    values = np.stack([planes[i] for i in pick], -1) + rng.normal(0, 0.03, (HEIGHT, WIDTH, channels))
    return np.clip(np.rint(values * peak), 0, peak).astype(np.int64)


def scale(values, most, peak):
    return (values * peak + most // 2) // most


def parse_pam(data):
    head, _, body = data.partition(b"ENDHDR\n")
    fields = dict(line.split(b" ", 1) for line in head.split(b"\n") if b" " in line)
    w, h, d, m = (int(fields[k]) for k in (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL"))
    kind = np.uint8 if m < 256 else np.dtype(">u2")
    return np.frombuffer(body, kind, w * h * d).reshape(h, w, d).astype(np.int64), m


def wide(pixels, peak):
    """As RGBA of 16 bits."""
    p = scale(pixels, peak, 65535)
    h, w, c = p.shape
    alpha = p[..., -1:] if c in (2, 4) else np.full((h, w, 1), 65535)
    colour = p[..., :c - (c in (2, 4))]
    colour = np.repeat(colour, 3, -1) if colour.shape[-1] == 1 else colour
    return np.concatenate([colour, alpha], -1)


def straight(premultiplied, peak):
    colour, alpha = premultiplied[..., :-1], premultiplied[..., -1:]
    out = np.where(alpha > 0, np.minimum(peak, (colour * peak + alpha // 2) // np.maximum(alpha, 1)), 0)
    return np.concatenate([out, alpha], -1)
