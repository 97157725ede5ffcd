"""Counts which files are read as what was written, refused with a message, or read wrongly in silence."""
import os
import subprocess

import numpy as np
from pixels import parse_pam, wide


class Comparison:
    def __init__(self, decode_image, folder):
        """decode_image: the program of decode_image.cpp."""
        self.program, self.folder = os.path.abspath(decode_image), folder
        self.counts = {"right": 0, "refused": 0, "wrong": 0}
        self.made = 0
        os.makedirs(folder, exist_ok=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)
        return name

    def decode(self, path):
        """Pixels, their peak, the exit code, the notes or the message."""
        out = path + ".pam"
        run = subprocess.run([self.program, path, out], capture_output=True, text=True)
        stray = [line for line in run.stderr.splitlines() if not line.startswith(("note: ", "error: "))]
        if stray:
            return None, None, run.returncode, "a line of a library: " + stray[0]
        if run.returncode != 0:
            return None, None, run.returncode, run.stderr.strip()
        pixels, peak = parse_pam(open(out, "rb").read())
        os.remove(out)
        return pixels, peak, 0, run.stderr.strip()

    def count(self, outcome, name="", problem=""):
        self.made += 1
        self.counts[outcome] += 1
        if outcome == "wrong":
            print("WRONG: %s: %s" % (name, problem))
        elif problem:
            print("%s: %s: %s" % (outcome, name, problem))

    def check(self, name, expected, peak=255, tolerance=0, note=None, ignore_clear=False, exact_depth=False):
        """expected: [h, w, c] of 0 .. peak, or None where the file has to be refused. tolerance: of 0 .. peak.
        note: words that stderr must have. ignore_clear: where alpha is 0 the colour does not matter."""
        pixels, got_peak, code, text = self.decode(self.path(name))
        problem = None
        if code not in (0, 3) or "a line of a library" in text:
            problem = "exit code %d: %s" % (code, text)
        elif code == 3 and expected is not None:
            problem = "refused: " + text
        elif code == 0 and expected is None:
            problem = "read, though it has to be refused"
        elif code == 0:
            a, b = wide(pixels, got_peak), wide(np.asarray(expected), peak)
            if a.shape != b.shape:
                problem = "size %s instead of %s" % (a.shape, b.shape)
            else:
                if ignore_clear:
                    a, b = a * (b[..., 3:] > 0), b * (b[..., 3:] > 0)
                error = int(np.abs(a - b).max())
                if error > tolerance * 65535 // peak:
                    problem = "differs by %.1f of %d" % (error * peak / 65535, peak)
            if exact_depth and got_peak != peak:
                problem = "a peak of %d instead of %d" % (got_peak, peak)
            if note and note not in text:
                problem = "no note of '%s' in '%s'" % (note, text)
        if problem:
            self.count("wrong", name, problem)
        else:
            self.count("right" if code == 0 else "refused")
