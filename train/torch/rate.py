"""Bits of y and z as training counts them, with their gradients: for torch_twin.py.

The twin of train/loss/rate.h (noise stands for rounding) and of train/loss/symbol_prices.h (the tables of a file).
"""
import math

import torch

Y_ROWS = 128  # of the tables of y
SIGMA_MIN, SIGMA_CODED, SIGMA_MAX, Z_SCALE_MIN, P_MIN = 0.11, 0.13, 400.0, 0.05, 1e-9


def round_ste(x):
    return x + (torch.round(x) - x).detach()


class LowerBound(torch.autograd.Function):
    """max(x, bound) whose gradient still pulls x up from below the bound."""

    @staticmethod
    def forward(ctx, x, bound):
        ctx.save_for_backward(x)
        ctx.bound = bound
        return x.clamp(min=bound)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * ((x >= ctx.bound) | (g < 0)).to(g.dtype), None


def gaussian_bits(r, log_sigma):
    s, v = LowerBound.apply(log_sigma.exp(), SIGMA_MIN), r.abs()
    tail = lambda a: 0.5 * torch.erfc(a * math.sqrt(0.5))
    return -torch.log2(LowerBound.apply(tail((v - 0.5) / s) - tail((v + 0.5) / s), P_MIN))


def logistic_bits(r, log_scale):
    s, v = LowerBound.apply(log_scale.exp(), Z_SCALE_MIN), r.abs()
    return -torch.log2(LowerBound.apply(torch.sigmoid((0.5 - v) / s) - torch.sigmoid((-0.5 - v) / s), P_MIN))


@torch.no_grad()
def symbol_offset(r, log_sigma, weight):
    """k - r for the symbol k that the encoder chooses: the cheapest in bits + weight * error^2 from the nearest integer
    towards zero. As model/entropy/rd_quantiser.h, but with the Gaussian of this sigma instead of a table near it."""
    s, v = log_sigma.exp().clamp(min=SIGMA_MIN), r.abs()
    tail = lambda a: 0.5 * torch.erfc(a / s * math.sqrt(0.5))
    bits = lambda k: -torch.log2((tail(k - 0.5) - tail(k + 0.5)).clamp(min=2.0 ** -16))
    k = torch.round(v)
    for _ in range(8):
        down = (k > 0) & (k <= 8) & (v < k - 0.5 + 0.5 * (bits(k) - bits((k - 1).clamp(min=0))) / weight)
        k = k - down.to(k.dtype)
    return k * r.sign() * (log_sigma >= math.log(SIGMA_CODED)) - r


def table_row(log_sigma, rows=Y_ROWS):
    """Where a sigma lies among the rows of the tables of y."""
    spacing = math.log(SIGMA_MAX / SIGMA_CODED) / (rows - 1.5)
    return (0.5 + (log_sigma - math.log(SIGMA_CODED)) / spacing).clamp(0, rows - 1)


class Prices:
    """Bits of symbols by the tables of a file; see train/loss/symbol_prices.h."""

    def __init__(self, bounds, frequencies):
        """bounds: [rows]; frequencies: of the values 0 .. bound and the escape, row after row, out of 2^16."""
        lists = frequencies.double().split([b + 2 for b in bounds.tolist()])
        self.bounds, self.rows = bounds.long(), len(lists)
        self.spacing = math.log(SIGMA_MAX / SIGMA_CODED) / (self.rows - 1.5)
        self.bits = torch.zeros(self.rows, max(len(v) for v in lists), dtype=torch.float64)
        for row, v in enumerate(lists):
            self.bits[row, :len(v)] = 16 - torch.log2(v)
        self.bits[0], self.bounds[0] = self.bits[1], self.bounds[1]
        self.bits[0, 0] = (2 * self.bits[1, 0] - self.bits[2, 0]).clamp(min=0)  # see train/loss/symbol_prices.h

    def to(self, x):
        self.bits, self.bounds = self.bits.to(x), self.bounds.to(x.device)

    def row(self, log_sigma):
        return table_row(log_sigma, self.rows)

    def at(self, row, symbol):
        k, bound = symbol.abs().long(), self.bounds[row]
        excess = (k - bound).clamp(min=1)
        return self.bits[row, torch.minimum(k, bound + 1)] + (k > bound) * (2 + 2 * torch.log2(excess.to(self.bits)))

    def __call__(self, row, symbol):
        """Linear between rows, and the derivative in log sigma."""
        low = row.long().clamp(max=self.rows - 2)
        a, b = self.at(low, symbol), self.at(low + 1, symbol)
        return a + (row - low) * (b - a), (b - a) / self.spacing

    def symbol(self, r, row, weight):
        """What the encoder chooses with the tables of these rows (integers), as model/entropy/rd_quantiser.h."""
        v = r.abs()
        k = torch.floor(v + 0.5)
        for _ in range(8):
            dearer = (self.at(row, k) - self.at(row, (k - 1).clamp(min=0))).clamp(min=0) * (k <= self.bounds[row])
            down = (k > 0) & (k <= 8) & (v < k - 0.5 + 0.5 * dearer / weight)
            k = k - down.to(k.dtype)
        return k * r.sign() * (row > 0)


class FileSymbols(torch.autograd.Function):
    """y^ and bits of y in a file; gradients are differences between the symbols of y half a step lower and higher."""

    @staticmethod
    def forward(ctx, y, mu, log_sigma, weight, prices):
        r, row = y - mu, prices.row(log_sigma)
        coded = torch.floor(row + 0.5).long()
        symbol, low, high = (prices.symbol(r + d, coded, weight) for d in (0, -0.5, 0.5))
        at_least_1 = row.clamp(min=1)
        wanted = torch.where(coded == 0, prices.symbol(r, coded.clamp(min=1), weight), symbol)
        bits, d_sigma = prices(torch.where(wanted == 0, row, at_least_1), wanted)
        ctx.save_for_backward(high - low, prices(at_least_1, high)[0] - prices(at_least_1, low)[0], d_sigma)
        return mu + symbol, bits * (coded > 0)

    @staticmethod
    def backward(ctx, d_y_hat, d_bits):
        slope, d_r, d_sigma = ctx.saved_tensors
        d_y = slope * d_y_hat + d_r * d_bits
        return d_y, d_y_hat - d_y, d_sigma * d_bits, None, None
