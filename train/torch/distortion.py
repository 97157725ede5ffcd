"""What training counts as the difference between a picture and what comes back: train/loss/visual_distortion.h in PyTorch."""
import math

import torch
import torch.nn.functional as F

EXPONENTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
WINDOW, SIGMA, C1, C2, LEAST = 11, 1.5, 0.01 ** 2, 0.03 ** 2, 1e-6
MS_SSIM_SCALE = 1280 / 255 ** 2
PLANES = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
PLANE_WEIGHTS = (1.0, 0.5, 0.5)
LEVELS, BLOCK, SMOOTH_VARIANCE, LEAST_SIDE = 4, 4, 1e-4, 8
# Of squared error, MS-SSIM and smooth edges, as in train/distortion_weights.h.
DEFAULTS = {"squared_error": 0.7, "ms_ssim": 0.5, "smooth_edges": 0.5}
PSNR = (1.0, 0.0, 0.0)


def weights_for(tune, architecture):
    """The shares of the terms for "visual" or "psnr"; an architecture's "training" object may have its own."""
    own = architecture.get("training", {}).get("distortion", {})
    return PSNR if tune == "psnr" else tuple({**DEFAULTS, **own}.values())


def ms_ssim_loss(a, b):
    """1 - MS-SSIM of planes [N, 1, H, W] in [0, 1], per image."""
    row = [math.exp(-((i - (WINDOW - 1) / 2) ** 2) / (2 * SIGMA * SIGMA)) for i in range(WINDOW)]
    row = [w / sum(row) for w in row]

    def mean(v):  # sums, no convolution: TF32 would lose the variances
        v = sum(w * v[:, :, i:v.shape[2] - WINDOW + 1 + i] for i, w in enumerate(row))
        return sum(w * v[..., i:v.shape[3] - WINDOW + 1 + i] for i, w in enumerate(row))

    scales = 1
    while scales < 5 and min(a.shape[2:]) >> scales >= WINDOW:
        scales += 1
    share = sum(EXPONENTS) / sum(EXPONENTS[:scales])
    product = 1
    for s in range(scales):
        ma, mb = mean(a), mean(b)
        cs = (2 * (mean(a * b) - ma * mb) + C2) / (mean(a * a) - ma * ma + mean(b * b) - mb * mb + C2)
        if s + 1 == scales:
            cs = cs * (2 * ma * mb + C1) / (ma * ma + mb * mb + C1)
        product = product * cs.flatten(1).mean(1).clamp(min=LEAST) ** (EXPONENTS[s] * share)
        a, b = F.avg_pool2d(a, 2), F.avg_pool2d(b, 2)
    return 1 - product


def smooth_edges(luma, error, plane_weights):
    """E of train/loss/smooth_edges.h, per image. luma: [N, 1, H, W] of the original; error: [N, planes, H, W]."""
    height, width = (side // LEAST_SIDE * LEAST_SIDE for side in luma.shape[2:])
    luma, error = luma[..., :height, :width], error[..., :height, :width]
    blocks = luma.unfold(2, BLOCK, BLOCK).unfold(3, BLOCK, BLOCK).flatten(4)  # [N, 1, h, w, 16]
    smooth = SMOOTH_VARIANCE / (blocks.var(4, unbiased=False) + SMOOTH_VARIANCE)
    smooth = smooth.repeat_interleave(BLOCK, 2).repeat_interleave(BLOCK, 3)
    weights = torch.tensor(plane_weights, dtype=error.dtype, device=error.device)[None, :, None, None]
    total = 0
    for s in range(LEVELS):
        down = torch.minimum(smooth[:, :, 1:], smooth[:, :, :-1]) * (error[:, :, 1:] - error[:, :, :-1]) ** 2
        right = torch.minimum(smooth[..., 1:], smooth[..., :-1]) * (error[..., 1:] - error[..., :-1]) ** 2
        sums = (weights * down).flatten(1).sum(1) + (weights * right).flatten(1).sum(1)
        total = total + sums * 4 ** s / 16 / (error.shape[2] * error.shape[3])
        smooth, error = F.avg_pool2d(smooth, 2), F.avg_pool2d(error, 2)
    return total


def squared_error(original, decoded, error_weights=None):
    """[N]: means over images [N, C, H, W]; error_weights: [N, h, w], what blocks count, or None."""
    squares = (decoded - original) ** 2
    if error_weights is not None:
        (height, width), (rows, columns) = original.shape[2:], error_weights.shape[1:]
        per_pixel = error_weights.repeat_interleave(height // rows, 1).repeat_interleave(width // columns, 2)
        squares = squares * per_pixel[:, None]
    return squares.flatten(1).mean(1)


def distortion(original, decoded, weights, error_weights=None):
    """[N]: of images [N, C, H, W] in [0, 1]; weights: of squared error, MS-SSIM and smooth edges; error_weights: of the
    squared error alone, see squared_error."""
    squared, ms_ssim, edges = weights
    height, width = original.shape[2:]
    if min(height, width) < WINDOW:
        squared, ms_ssim = squared + ms_ssim, 0
    if min(height, width) < LEAST_SIDE:
        squared, edges = squared + edges, 0
    total = squared * squared_error(original, decoded, error_weights)
    if ms_ssim == 0 and edges == 0:
        return total
    planes = torch.tensor(PLANES, dtype=original.dtype, device=original.device)
    convert = (lambda v: v) if original.shape[1] == 1 else (lambda v: torch.einsum("pc,nchw->nphw", planes, v))
    a, b = convert(original), convert(decoded)
    if ms_ssim:
        total = total + ms_ssim * MS_SSIM_SCALE * ms_ssim_loss(a[:, :1], b[:, :1])
    if edges:
        total = total + edges * smooth_edges(a[:, :1], b - a, PLANE_WEIGHTS[:a.shape[1]])
    return total
