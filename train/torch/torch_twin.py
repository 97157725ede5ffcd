#!/usr/bin/env python3
"""PyTorch twin of the trainer: the same architecture file, loss and parameter names; reads and writes the same weights.

Runs with Debian's python3-torch (1.13, CPU) and newer; for training on a GPU. Images are read with Pillow.

    torch_twin.py train MODEL IMAGES... -o OUT --minutes 8.5 --total 25   from a model file or from weights; writes OUT.safetensors
                                                          (average) and OUT.raw.safetensors (f16, about 11 MB each)
    torch_twin.py train OUT.raw.safetensors IMAGES... -o OUT ...          goes on: the schedule continues where OUT ended
    torch_twin.py parity DUMP                             compares loss and all gradients with what the C++ layers gave
    torch_twin.py bench ARCH.json                         images/s of whole training steps (SOAP, clipping, average)

`aecomp train --init none --arch data/arch/release.json --steps 1` makes a first model; `aecomp model import` turns
weights into a model that codes. Images are in [0, 1]; loss = mean of (bpp + lambda * 255^2 * D) / (1e-3 * lambda * 255^2 + 0.3),
where D is the distortion for eyes of distortion.py, or with --tune psnr the mean squared error.
"""
import argparse
import glob
import json
import math
import os
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

from distortion import PSNR, distortion, weights_for
from rate import FileSymbols, Prices, gaussian_bits, logistic_bits, round_ste, symbol_offset, table_row
from soap import Soap
from torch_network import Network, compand, read_safetensors, write_safetensors

DEADZONE_STEPS = 10000  # of training, before which y is rounded to the nearest integer
# What qualities positions have, as model/entropy/quality_map.*: steps for each level of activity, of 1/32; the usual level.
MAP_STRENGTH, MAP_USUAL_TENTHS, MAP_WORSE, MAP_BETTER = 23, 57, 16, 24
MAP_LEVELS = [math.floor(100 * 2 ** (n / 8)) - 100 for n in range(1, 81)]


class Codec(nn.Module):
    ROLES = ("hyper_encoder", "hyper_decoder", "sigma_head", "mu_head", "context_in", "context_out")

    def __init__(self, architecture):
        super().__init__()
        self.lambdas = architecture["lambdas"]
        self.core_lambdas = architecture.get("core_lambdas", len(self.lambdas))  # they set the middle of the quality axis
        self.deadzones = False  # whether y is rounded as the encoder does, or to the nearest integer
        self.prices = None  # of the files to come; None: noise stands for them
        self.distortion_weights = PSNR
        self.map = None  # (strength, reference) of a map of qualities; None: a crop's quality is that of its positions
        leak = architecture.get("training", {}).get("relu_leak", 0.0)
        self.encoder = Network(architecture["encoder"], leak, architecture.get("image_channels", 3))
        self.decoder = Network(architecture["decoder"], leak, self.encoder.channels)
        self.prior = nn.ModuleDict({role: Network(architecture["prior"][role], leak) for role in self.ROLES})
        m = architecture["prior"]["sigma_head"][-1]["out"]
        n = architecture["prior"]["hyper_encoder"][-1]["out"]
        q = len(self.lambdas)
        step = torch.tensor([0.5 * math.log(18 / (math.log(2) * 65025 * v)) for v in self.lambdas])[:, None]
        self.log_gain, self.log_step = nn.Parameter(-step.repeat(1, m)), nn.Parameter(step.repeat(1, m))
        self.log_sigma = nn.Parameter(torch.zeros(m))
        self.usual_channels = architecture.get("core_channels", m)
        self.log_z_gain, self.z_log_scale = nn.Parameter(torch.zeros(q, n)), nn.Parameter(torch.zeros(q, n))
        self.z_mean = nn.Parameter(torch.zeros(n))

    def named(self):
        for network in (self.encoder, self.decoder, *self.prior.values()):
            yield from network.named()
        for name in ("log_gain", "log_step", "log_sigma", "log_z_gain", "z_log_scale", "z_mean"):
            yield name, getattr(self, name)

    def makers_of_z(self):
        return {"log_z_gain", "z_mean", *(name for name, _ in self.prior["hyper_encoder"].named())}

    @torch.no_grad()
    def quality_steps(self, log_sigma):
        """What the quality of every position differs by, [N, h, w]; log_sigma: [N, M, h, w] in the fixed scale."""
        strength, reference = self.map
        half = 8 * (self.core_lambdas - 1)
        lo, t = min(half // 16, len(self.lambdas) - 2), half / 16 - min(half // 16, len(self.lambdas) - 2)
        log_gain = self.log_gain[lo] * (1 - t) + self.log_gain[lo + 1] * t
        activity = (table_row(log_sigma + log_gain[None, :, None, None]) + 0.5).floor().sum(1)
        level = torch.bucketize(activity.long(), torch.tensor(MAP_LEVELS, device=activity.device), right=True)
        return ((strength * (reference - level) + 16) >> 5).clamp(-MAP_WORSE, MAP_BETTER)

    def use_visual_map(self):
        usual = self.usual_channels * MAP_USUAL_TENTHS // 10
        self.map = (MAP_STRENGTH, sum(level <= usual for level in MAP_LEVELS))

    def forward(self, x, quality, noise=None, offset=None):
        """x: [N, C, H, W] in [0, 1]; quality: [N] in 1/16 steps; noise: (z noise, y noise) or None to draw it; offset: what
        rounding adds to y, or None to round. Returns loss, bpp [N], mse [N]."""
        top = 16 * (len(self.lambdas) - 1)

        def at(table, quality):  # quality: [N, h, w]; [N, channels, h, w]
            lo = (quality / 16).floor().long().clamp(0, len(self.lambdas) - 2)
            t = (quality / 16 - lo)[..., None]
            return (table[lo] * (1 - t) + table[lo + 1] * t).permute(0, 3, 1, 2)

        channel = lambda v: v[None, :, None, None]
        whole = quality[:, None, None]
        z_gain = at(self.log_z_gain, whole).exp()
        middle = channel(self.log_gain[self.core_lambdas // 2].exp())

        a = self.encoder(x - 0.5)
        scaled = a * middle
        z = self.prior["hyper_encoder"](compand(scaled if self.prices is None else scaled.detach())) * z_gain - channel(self.z_mean)
        draw = lambda v: torch.empty_like(v).uniform_(-0.5, 0.5)
        z_noise, y_noise = noise if noise is not None else (draw(z), draw(a))
        z_scale = at(self.z_log_scale, whole)  # most of z rounds to 0, and noise alone makes symbols just above 1/2 too cheap
        if self.prices is None:
            z_bits = (logistic_bits(z + z_noise, z_scale) + logistic_bits(round_ste(z), z_scale)) / 2
        else:  # see train/loss/file_rate.cpp
            low = z.detach().floor()
            slope = (logistic_bits(low + 1, z_scale) - logistic_bits(low, z_scale)).detach()
            z_bits = logistic_bits(torch.round(z).detach(), z_scale) + slope * (z - z.detach())
        features = self.prior["hyper_decoder"]((round_ste(z) + channel(self.z_mean)) / z_gain)
        log_sigma = (self.prior["sigma_head"](features) + channel(self.log_sigma)).clamp(-12, 6)
        place = whole if self.map is None else (whole + self.quality_steps(log_sigma)).clamp(0, top)  # [N, h, w]
        gain, step = at(self.log_gain, place).exp(), at(self.log_step, place).exp()
        y = a * gain
        mu = self.prior["mu_head"](features) * gain
        log_sigma = log_sigma + gain.log()

        log_lambda = torch.tensor([math.log(v) for v in self.lambdas], device=quality.device, dtype=quality.dtype)[:, None]
        lam_of = lambda quality: 65025 * at(log_lambda, quality).exp()[:, 0]  # [N, h, w]
        lam, lam_place = lam_of(whole)[:, 0, 0], lam_of(place)
        error_weights = None if self.map is None else lam_place / lam[:, None, None]
        worth = (1.8 + (place / (16 * (self.core_lambdas - 1))).clamp(max=1)) * lam_place / x.shape[1]  # of an error, see model/entropy/rd_quantiser.cpp
        weight = worth[:, None] * step ** 2
        def rounding(mu):
            if offset is not None:
                return offset
            r = y - mu
            return symbol_offset(r, log_sigma, weight) if self.deadzones else (torch.round(r) - r).detach()

        h, w = y.shape[2:]  # checkerboard, phase alternating by channel; the second half sees the first
        board = ((torch.arange(h, device=y.device)[:, None] + torch.arange(w, device=y.device)) % 2).to(y)
        first = torch.stack([board, 1 - board]).repeat(y.shape[1] // 2, 1, 1)[None]
        restored = lambda mu: (y + rounding(mu), None) if self.prices is None else FileSymbols.apply(y, mu, log_sigma, weight, self.prices)
        seen = restored(mu)[0] * first * (middle / gain)
        joined = torch.cat([features, self.prior["context_in"](compand(seen))], 1)
        mu = mu + (1 - first) * gain * self.prior["context_out"](joined)
        y_hat, y_bits = restored(mu)
        if y_bits is None:
            y_bits = gaussian_bits(y - mu + y_noise, log_sigma)
        x_hat = self.decoder(y_hat * step) + 0.5

        bpp = (y_bits.flatten(1).sum(1) + z_bits.flatten(1).sum(1)) / (x.shape[2] * x.shape[3])
        mse = ((x_hat - x) ** 2).flatten(1).mean(1)
        measured = distortion(x, x_hat, self.distortion_weights, error_weights)
        return ((bpp + lam * measured) / (1e-3 * lam + 0.3)).mean(), bpp, mse


def load_codec(path):
    """The codec of a model file or of weights, the metadata, the architecture, and tables of a model file or None."""
    tensors, metadata = read_safetensors(path)
    architecture = json.loads(metadata["aecomp.architecture"])
    model = Codec(architecture)
    with torch.no_grad():
        for name, p in model.named():
            p.copy_(tensors[name].to(p.dtype))
    names = ("integer.y_tables.bounds", "integer.y_tables.frequencies")
    tables = [tensors[n].tolist() for n in names] if names[0] in tensors else None
    return model, metadata, architecture, tables


def load_images(folders, smallest, device):
    """uint8 [3, H, W] tensors on the device."""
    from PIL import Image
    images = []
    for folder in folders:
        for path in sorted(glob.glob(os.path.join(folder, "*"))):
            if path.lower().endswith((".png", ".webp", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")):
                im = Image.open(path).convert("RGB")
                if min(im.size) >= smallest:
                    pixels = torch.frombuffer(bytearray(im.tobytes()), dtype=torch.uint8).reshape(im.height, im.width, 3)
                    images.append(pixels.permute(2, 0, 1).contiguous().to(device))
    return images


def sample_batch(images, weights, batch, patch):
    """Crops [batch, 3, patch, patch]; half of them reduced by up to 2x, half of them mirrored."""
    crops = []
    for i in torch.multinomial(weights, batch, replacement=True).tolist():
        a = images[i]
        u = torch.rand(5).tolist()
        size = min(round(patch / (1 if u[0] < 0.5 else 0.5 + 0.5 * u[1])), a.shape[1], a.shape[2])
        y, x = int(u[2] * (a.shape[1] - size + 1)), int(u[3] * (a.shape[2] - size + 1))
        crop = a[:, y:y + size, x:x + size][None].float() / 255
        if size != patch:
            crop = F.interpolate(crop, (patch, patch), mode="bilinear", antialias=True, align_corners=False)
        crops.append(crop.flip(3) if u[4] < 0.5 else crop)
    return torch.cat(crops)


def rate_scale(name, scales):
    return scales[max(prefixes, key=len)] if (prefixes := [p for p in scales if name.startswith(p)]) else 1.0


def train(o):
    torch.manual_seed(o.seed)
    device = torch.device(o.device)
    model, metadata, architecture, tables = load_codec(o.model)
    state = json.loads(metadata.get("aecomp.twin", '{"step": 0, "minutes": 0, "pixels": 0}'))
    tune = o.tune or (state.get("tune", "psnr") if state["step"] > 0 else "visual")
    if state["step"] > 0 and tune != state.get("tune", "psnr"):
        raise SystemExit(f"{o.model}: its earlier slices have another --tune than {tune}; leave --tune out")
    state["tune"], model.distortion_weights = tune, weights_for(tune, architecture)
    if tune == "visual":
        model.use_visual_map()
    tables = state.setdefault("y_tables", tables)  # later slices start from weights alone
    if o.file_rate < 1 and tables is None:
        raise SystemExit(f"{o.model}: --file-rate needs the tables of a model; start from one (aecomp model import)")
    model.to(device, memory_format=torch.channels_last)
    names, parameters = zip(*model.named())
    average = [p.detach().clone() for p in parameters]
    if state["step"] > 0:  # weights of an earlier slice lie beside their average
        earlier, _ = read_safetensors(o.model.replace(".raw.safetensors", ".safetensors"))
        average = [earlier[name].float().to(device) for name in names]
    scales = architecture.get("training", {}).get("rate_scale", {})
    optimizer = Soap([{"params": [p], "scale": rate_scale(n, scales), "basis": n.endswith(".weight") and p.dim() > 1}
                      for n, p in zip(names, parameters)], lr=o.lr)
    if device.type == "cuda":  # TF32, not bf16: y reaches hundreds and its rounding decides the rate
        torch.backends.cudnn.benchmark = torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
    images = load_images(o.images, o.patch, device)
    weights = torch.tensor([float(a.shape[1] * a.shape[2]) ** 0.7 for a in images])
    print(f"{len(images)} images, step {state['step']}", flush=True)
    earlier_steps = sum(run.get("steps", 0) for run in state.get("earlier", json.loads(metadata.get("aecomp.provenance", "{}")).get("runs", [])))
    top, first_step, spent, window = 16 * (len(model.lambdas) - 1), state["step"], state["minutes"], []
    start = time.time()
    while (elapsed := (time.time() - start) / 60) < o.minutes:
        model.deadzones = earlier_steps + state["step"] >= DEADZONE_STEPS
        progress = min(1.0, (spent + elapsed) / (o.total or spent + o.minutes))
        if model.deadzones and model.prices is None and o.file_rate < 1 and progress >= o.file_rate:
            model.prices = Prices(*map(torch.tensor, tables))
            model.prices.to(torch.zeros(1, device=device))
            for name, group in zip(names, optimizer.param_groups):
                if name in model.makers_of_z():
                    group["scale"] *= 0.1  # see kZRatePart in train/run/training_run.cpp
        warm_up = min(1.0, (state["step"] - first_step + 1) / 300)
        lr = o.lr * warm_up * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))
        for group in optimizer.param_groups:
            group["lr"] = lr * group["scale"]
        x = sample_batch(images, weights, o.batch, o.patch).to(memory_format=torch.channels_last)
        quality = (torch.arange(o.batch) + torch.rand(o.batch)) / o.batch * top  # stratified
        loss, bpp, mse = model(x, quality.to(device))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        state["step"] += 1
        state["pixels"] += o.batch * o.patch * o.patch
        with torch.no_grad():
            decay = min(0.999, (state["step"] + 1) / (state["step"] + 10))
            torch._foreach_mul_(average, decay)
            torch._foreach_add_(average, [p.detach() for p in parameters], alpha=1 - decay)
        window.append(torch.stack([loss.detach(), bpp.detach().mean(), mse.detach().mean(), norm]))
        if state["step"] in (20, 50, 100) or state["step"] % 200 == 0:
            a = torch.stack(window).mean(0).tolist()
            window = []
            if not math.isfinite(a[0]):
                raise SystemExit(f"diverged before step {state['step']}: nothing is written; use a smaller --lr")
            print(f"{spent + elapsed:.1f} min  step {state['step']}  loss {a[0]:.4f}  {a[1]:.3f} bpp  "
                  f"{-10 * math.log10(a[2]):.2f} dB  norm {a[3]:.2f}  lr {lr:.1e}", flush=True)
    state["minutes"] = spent + o.minutes
    run = {"device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
           "steps": state["step"], "hours": state["minutes"] / 60, "pixels": state["pixels"], "batch": o.batch, "patch": o.patch,
           "learning_rate": o.lr, "images": len(images), "tune": tune}
    state.setdefault("earlier", json.loads(metadata.get("aecomp.provenance", "{}")).get("runs", []))
    metadata = {**metadata, "aecomp.twin": json.dumps(state),
                "aecomp.provenance": json.dumps({"trainer": "torch_twin.py", "runs": state["earlier"] + [run]})}
    write_safetensors(o.output + ".raw.safetensors", dict(zip(names, parameters)), metadata)
    write_safetensors(o.output + ".safetensors", dict(zip(names, average)), metadata)


def parity(o):
    """Inputs, loss and gradients of the C++ layers against this file's; exits with 1 when they differ by over 1e-4."""
    tensors, metadata = read_safetensors(o.dump)
    architecture = json.loads(metadata["aecomp.architecture"])
    model = Codec(architecture).double()
    model.distortion_weights = weights_for(metadata.get("aecomp.tune", "psnr"), architecture)
    model.map = json.loads(metadata.get("aecomp.quality_map", "null"))
    with torch.no_grad():
        for name, p in model.named():
            p.copy_(tensors["value/" + name])
    x, z_noise, y_noise, offset = (tensors[k].double().permute(0, 3, 1, 2) for k in ("x", "z_noise", "y_noise", "y_offset"))
    if "y_tables.bounds" in tensors:
        model.prices, offset = Prices(tensors["y_tables.bounds"], tensors["y_tables.frequencies"]), None
    loss, bpp, mse = model(x, tensors["quality"].double(), (z_noise, y_noise), offset)
    loss.backward()
    worst = [("loss", abs(loss.item() / tensors["loss"].item() - 1))]
    for name, p in model.named():
        if p.grad is None:  # none reaches it, so there is none in the other either
            worst.append((name, tensors["grad/" + name].abs().max().item()))
            continue
        scale = p.grad.abs().max().item()
        worst.append((name, (tensors["grad/" + name].double() - p.grad).abs().max().item() / scale if scale > 0 else 0.0))
    for name, error in sorted(worst, key=lambda e: -e[1])[:5]:
        print(f"{name}  {error:.1e}")
    raise SystemExit(0 if max(e for _, e in worst) < 1e-4 else 1)


def bench(o):
    torch.manual_seed(1)
    model = Codec(json.load(open(o.architecture)))
    parameters = list(model.parameters())
    optimizer = Soap([{"params": [p], "basis": n.endswith(".weight") and p.dim() > 1} for n, p in model.named()], lr=1e-4)
    average = [p.detach().clone() for p in parameters]
    quality = torch.linspace(0, 16 * (len(model.lambdas) - 1), o.batch)
    start = 0.0
    untimed = 30  # steps: the first allocate, later ones build the first bases of the optimiser
    for i in range(o.steps + untimed):
        if i == untimed:
            start = time.time()
        loss, _, _ = model(torch.rand(o.batch, 3, o.patch, o.patch), quality)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        with torch.no_grad():
            torch._foreach_mul_(average, 0.999)
            torch._foreach_add_(average, parameters, alpha=0.001)
    print(f"{o.steps * o.batch / (time.time() - start):.2f} images/s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    b = commands.add_parser("bench")
    b.add_argument("architecture")
    b.add_argument("--batch", type=int, default=5)
    b.add_argument("--patch", type=int, default=192)
    b.add_argument("--steps", type=int, default=20)
    t = commands.add_parser("train")
    t.add_argument("model")
    t.add_argument("images", nargs="+")
    t.add_argument("-o", "--output", required=True)
    t.add_argument("--minutes", type=float, required=True, help="of this slice")
    t.add_argument("--total", type=float, default=0, help="minutes of all slices: the length of the schedule")
    t.add_argument("--batch", type=int, default=16)
    t.add_argument("--patch", type=int, default=256)
    t.add_argument("--lr", type=float, default=1e-3)
    t.add_argument("--tune", choices=("visual", "psnr"), help="what to train for; default: visual, or that of earlier slices")
    t.add_argument("--seed", type=int, default=1)
    t.add_argument("--file-rate", type=float, default=1, help="after this part of all slices, count bits as files have them")
    t.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    p = commands.add_parser("parity")
    p.add_argument("dump")
    o = parser.parse_args()
    {"bench": bench, "train": train, "parity": parity}[o.command](o)


if __name__ == "__main__":
    main()
