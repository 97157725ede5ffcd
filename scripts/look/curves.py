"""The tables of scripts/look.sh."""

import math

import numpy

import bd_rate
import metrics
import smooth


def _mean_curve(pictures, coder, metric, got):
    """[(bits a pixel, quality)]: means over the pictures at each setting."""
    curve = []
    for setting in coder.settings:
        points = [(got[coder.name, p.name, setting], p.count) for p in pictures]
        rate = numpy.mean([8 * point["bytes"] / count for point, count in points])
        curve.append((rate, numpy.mean([point[metric] for point, _ in points])))
    return curve


def _curve(picture, coder, metric, got):
    return [(got[coder.name, picture.name, s]["bytes"], got[coder.name, picture.name, s][metric]) for s in coder.settings]


def _percent(make):
    """The first value of make(), a percentage, as text."""
    try:
        return f"{make()[0]:+.1f}"
    except bd_rate.NoCommonRange:
        return "none"


def _mean_of_pictures(pictures, anchor, test, metric, got):
    rates = []
    for picture in pictures:
        try:
            rates.append(math.log1p(bd_rate.bd_rate(*(_curve(picture, c, metric, got) for c in (anchor, test)))[0] / 100))
        except bd_rate.NoCommonRange:
            pass
    if not rates:
        raise bd_rate.NoCommonRange("in no picture")
    return 100 * math.expm1(numpy.mean(rates)), len(rates)


def _pairs(the_coders, variants):
    """(test, anchor): each variant against the peers, and against the variants before it."""
    for i, test in enumerate(the_coders[:variants]):
        for anchor in the_coders[:i] + the_coders[variants:]:
            yield test, anchor


def report_curves(pictures, the_coders, variants, wanted, got, with_points):
    print(f"{len(pictures)} pictures, {sum(p.count for p in pictures) / 1e6:.1f} megapixels")
    if with_points:
        for coder in the_coders:
            print(f"\n{coder.name}: setting, bpp, " + ", ".join(metrics.LABELS[m] for m in wanted))
            means = {metric: _mean_curve(pictures, coder, metric, got) for metric in wanted}
            for i, setting in enumerate(coder.settings):
                values = [f"{10 ** (-means[m][i][1] / 10):.3f}" if m == "butteraugli" else f"{means[m][i][1]:.3f}" for m in wanted]
                print(f"  {setting:>6} {means[wanted[0]][i][0]:8.4f}  " + "  ".join(values))
    print("\nBD-rate in percent of the mean curves over all that both cover (in brackets: mean over single pictures)")
    print(f"{'':36}" + "".join(f"{metrics.LABELS[m]:>20}" for m in wanted))
    for test, anchor in _pairs(the_coders, variants):
        row = f"{test.name + ' against ' + anchor.name:36}"
        for metric in wanted:
            mean = _percent(lambda: bd_rate.bd_rate(*(_mean_curve(pictures, c, metric, got) for c in (anchor, test))))
            single = _percent(lambda: _mean_of_pictures(pictures, anchor, test, metric, got))
            row += f"{mean + ' (' + single + ')':>20}"
        print(row)


def _factor(anchor, test, value, over):
    """How many times as large `value` of a curve is at equal `over`: both are functions of a point."""
    curves = [bd_rate.Cubic([over(p) for p in points], [math.log(value(p)) for p in points]) for points in (anchor, test)]
    return math.exp(bd_rate.mean_difference(*curves)[0])


def _sky_factors(pictures, anchor, test, got):
    """Per picture: (bytes at equal PSNR, smooth error at equal bytes), None where the curves have nothing in common."""
    rows = []
    for picture in pictures:
        curves = [[got[c.name, picture.name, s] for s in c.settings] for c in (anchor, test)]
        row = []
        for value, over in (
            (lambda p: p["bytes"], lambda p: p["psnr"]),
            (lambda p: p["smooth_error"], lambda p: math.log(p["bytes"])),
        ):
            try:
                row.append(_factor(*curves, value, over))
            except bd_rate.NoCommonRange:
                row.append(None)
        rows.append(row)
    return rows


def _geometric(values):
    values = [v for v in values if v is not None]
    return math.exp(numpy.mean(numpy.log(values))) if values else math.nan


def report_skies(pictures, the_coders, variants, got):
    print(f"{len(pictures)} drawn skies; how many times the bytes at equal PSNR / the error in the smooth part at equal bytes")
    for test, anchor in _pairs(the_coders, variants):
        rows = _sky_factors(pictures, anchor, test, got)
        both = [_geometric([row[k] for row in rows]) for k in range(2)]
        print(f"\n{test.name} against {anchor.name}: {both[0]:.2f} / {both[1]:.2f}")
        cells = [
            f"{p.name} " + "/".join("none" if v is None else f"{v:.2f}" for v in row) for p, row in zip(pictures, rows)
        ]
        for i in range(0, len(cells), 4):
            print("  " + "  ".join(f"{cell:20}" for cell in cells[i : i + 4]).rstrip())
    print("\nHighest peak in the spectrum of that error at a pitch that divides 32 pixels, times the median around it:")
    for coder in the_coders:
        cells = []
        for setting in coder.settings:
            powers = [numpy.array(got[coder.name, p.name, setting]["spectrum"]) for p in pictures]
            # Each picture counts alike, however large its error is.
            height, down, across = smooth.peak(sum(power / max(power.sum(), 1e-12) for power in powers))
            cells.append(f"{setting}: {height:.1f} ({down}x{across})")
        print(f"  {coder.name}: " + ", ".join(cells))
