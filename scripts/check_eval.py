#!/usr/bin/env python3
"""Computes the BD-rates of `aecomp eval` a second time and compares them.

    aecomp eval photos/ --csv all.csv --json >all.jsonl
    scripts/check_eval.py all.csv all.jsonl

From the rows of the CSV file it makes the mean curves, interpolates log rates by monotone cubics (scripts/look/bd_rate.py)
and takes means over the common range from 20,000 samples. Ends with 1 when a BD-rate, or an end of a range, differs by
more than 0.5 %. Needs NumPy.
"""

import argparse
import collections
import csv
import json
import math
import pathlib
import sys

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).parent / "look"))
import bd_rate

COLUMNS = {"psnr": "psnr", "ms_ssim": "ms_ssim_db", "smooth_edges": "smooth_edges", "butteraugli": "butteraugli",
           "ssimulacra2": "ssimulacra2"}  # fmt: skip
SAMPLES = 20000
TOLERANCE = 0.5  # percent


def score(metric, text):
    value = float(text)
    if metric == "butteraugli":
        value = 100.0 if value <= 0 else -10 * math.log10(value)
    return min(value, 100.0)


def mean_curve(rows, codec, metric):
    """Sorted [(bpp, score)] without points that another one beats."""
    groups = collections.defaultdict(list)
    for row in rows:
        if row["codec"] == codec:
            groups[row["quality"]].append((float(row["bpp"]), score(metric, row[COLUMNS[metric]])))
    kept = []
    for rate, quality in sorted((tuple(numpy.mean(points, axis=0)) for points in groups.values()), key=lambda p: (p[0], -p[1])):
        if not kept or quality > kept[-1][1]:
            kept.append((rate, quality))
    return kept


def bd_percent(anchor, test):
    """(percent, low, high)"""
    curves = [bd_rate.Cubic([q for _, q in points], [math.log(r) for r, _ in points]) for points in (anchor, test)]
    low, high = max(c.x[0] for c in curves), min(c.x[-1] for c in curves)
    at = low + (numpy.arange(SAMPLES) + 0.5) / SAMPLES * (high - low)
    return 100 * math.expm1(float(numpy.mean(curves[1](at) - curves[0](at)))), low, high


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("csv"), parser.add_argument("json")
    arguments = parser.parse_args()
    with open(arguments.csv, newline="") as file:
        rows = list(csv.DictReader(file))
    wrong = compared = 0
    for line in open(arguments.json):
        said = json.loads(line)
        if said["type"] != "bd_rate" or said["percent"] is None:
            continue
        percent, low, high = bd_percent(*(mean_curve(rows, said[k], said["metric"]) for k in ("anchor", "codec")))
        if said["metric"] == "butteraugli":
            low, high = 10 ** (-low / 10), 10 ** (-high / 10)
        # 0.5 % of the ratio of bytes: +300 % may differ by 2 points.
        bad = abs((1 + percent / 100) / (1 + said["percent"] / 100) - 1) > TOLERANCE / 100
        bad |= any(abs(a - b) > TOLERANCE / 100 * max(1, abs(a)) for a, b in ((low, said["low"]), (high, said["high"])))
        print(f"{said['anchor']:12} {said['metric']:12} {said['percent']:+9.3f} %, here {percent:+9.3f} %{'  DIFFERS' if bad else ''}")
        wrong += bad
        compared += 1
    print(f"{compared} BD-rates compared, {wrong} differ")
    return 1 if wrong or not compared else 0


if __name__ == "__main__":
    sys.exit(main())
