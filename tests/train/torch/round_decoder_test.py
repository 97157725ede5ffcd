#!/usr/bin/env python3
"""Tests train/torch/round_decoder.py: what its parts promise. Exits with 77 where PyTorch or xxhash is missing."""
import json
import pathlib
import struct
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "train/torch"), str(ROOT / "tests/golden")]
try:
    import numpy
    import torch
    import xxhash

    import round_decoder
except ImportError as missing:
    print(f"SKIPPED: {missing}; apt-get install python3-torch python3-numpy python3-xxhash python3-pil", file=sys.stderr)
    sys.exit(77)

NETWORK = [
    {"type": "conv2d", "name": "a", "in": 6, "out": 8, "kernel": 3, "padding": 1},
    {"type": "sum", "name": "b", "branches": [[], [
        {"type": "conv2d", "name": "b.a", "in": 8, "out": 8, "kernel": 3, "padding": 1},
        {"type": "relu", "name": "b.relu"},
        {"type": "conv2d", "name": "b.b", "in": 8, "out": 8, "kernel": 3, "padding": 1}]]},
    {"type": "conv_transpose2d", "name": "c", "in": 8, "out": 3, "kernel": 4, "stride": 2, "padding": 1},
]  # fmt: skip


def small_network():
    """Steps, weights and biases, the channels of the relu of different size."""
    torch.manual_seed(3)
    steps = round_decoder.lay_out(NETWORK)
    steps[-1].output = "last"
    weights = [torch.randn(8, 6, 3, 3), torch.randn(8, 8, 3, 3), torch.randn(8, 8, 3, 3), torch.randn(8, 3, 4, 4)]
    weights = [w / w[0].numel() ** 0.5 for w in weights]
    weights[1] *= torch.logspace(-0.6, 0.6, 8)[:, None, None, None]
    return steps, weights, [0.1 * torch.randn(n) for n in (8, 8, 8, 3)]


class RoundDecoderTest(unittest.TestCase):
    def test_phases_make_up_a_convolution(self):
        steps, weights, _ = small_network()
        for step, weight in ((steps[0], weights[0]), (steps[3], weights[3])):
            x = torch.randn(2, weight.shape[0 if step.transposed else 1], 5, 7)
            y = step.run(x, weight)
            copy = torch.zeros_like(weight)
            for first, taps in step.phases():
                part = step.inputs(x, taps) @ step.take(weight, taps).T
                self.assertLess((part - step.results(y, first)).abs().max(), 1e-5)
                step.put(copy, taps, step.take(weight, taps))
            self.assertTrue(torch.equal(copy, weight))

    def test_scaled_channels_give_the_same(self):
        steps, weights, biases = small_network()
        x = torch.randn(2, 6, 8, 8)
        before = round_decoder.run_floats(steps, weights, biases, x)
        results = [r.clone() for r in before]
        round_decoder.equalise(steps, weights, biases, results)
        after = round_decoder.run_floats(steps, weights, biases, x)
        self.assertLess((after[-1] - before[-1]).abs().max(), 1e-4)
        most = round_decoder.largest(torch.relu(after[1]))
        self.assertLess((most / most.max() - 1).abs().max(), 1e-4)

    def test_later_columns_make_good_what_earlier_ones_lose(self):
        torch.manual_seed(1)
        read = (torch.randn(500, 4) @ torch.randn(4, 24) + 0.1 * torch.randn(500, 24)).double()
        weights = torch.randn(6, 24).double()
        unit = weights.abs().amax(1) / 7
        rounded = round_decoder.round_in_turn(weights, read.T @ read / len(read), unit)
        integers = rounded / unit[:, None]
        self.assertLess((integers - integers.round()).abs().max(), 1e-9)
        lost = lambda q: float(((q - weights) @ read.T).square().mean())
        self.assertLess(lost(rounded), 0.3 * lost((weights / unit[:, None]).round() * unit[:, None]))

    def test_rare_large_values_are_clipped(self):
        step = small_network()[0][0]
        x = torch.randn(1, 8, 64, 64)
        weight = torch.ones(8, 8, 3, 3)
        self.assertAlmostEqual(round_decoder.best_limit(x.clamp(-2, 2), "stream", step, weight), 2.1, places=5)
        x[0, 0, 0, 0] = 12  # alone
        self.assertLess(round_decoder.best_limit(x, "stream", step, weight), 12)

    def test_integers_come_nearer(self):
        steps, weights, biases = small_network()
        mix = torch.randn(6, 2)  # channels that know of each other, as latents do
        x, other = (torch.einsum("mk,nkhw->nmhw", mix, torch.randn(8, 2, 16, 16)) for _ in range(2))
        floats = round_decoder.run_floats(steps, weights, biases, other)[-1]
        limit = 1.05 * float(x.abs().max())
        seen = [1.4 * float(r.abs().max()) for r in round_decoder.run_floats(steps, weights, biases, x)]
        lost = lambda limits: float((round_decoder.run_integers(steps, weights, biases, other, limits) - floats).square().mean())
        before = lost([limit, *seen])
        limits = round_decoder.round_network(steps, weights, biases, x, limit)
        after = lost([*limits, None])
        self.assertLess(after, 0.85 * before)

    def test_integers_are_those_of_decoders(self):
        """run_integers against the decoder that is written from the specification, but for 16 bits of streams."""
        import integers

        steps, weights, biases = small_network()
        x = torch.randn(1, 6, 8, 8)
        ranges = [3.0, 4.0, 5.0, 6.0, 1.0]
        limits = [round_decoder.HEADROOM * r for r in ranges]
        ours = round_decoder.run_integers(steps, weights, biases, x, limits)
        model = {s.name + ".weight": w.numpy() for s, w in zip(steps, weights)}
        model |= {s.name + ".bias": b.numpy() for s, b in zip(steps, biases)}
        scale = limits[0] / 127
        read = 128 + (x[0].permute(1, 2, 0) / scale).round().clamp(-128, 127).long().numpy()
        theirs = integers.IntegerNetwork(model, NETWORK, numpy.float32(ranges), scale, 128).run(read)
        difference = (ours[0].permute(1, 2, 0).numpy() - theirs).astype(float)
        self.assertLess((difference**2).mean(), 5e-4 * (theirs.astype(float) ** 2).mean())

    def test_a_written_model_has_a_checksum_that_holds(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "out.aecm"
            source = ROOT / "data/release.aecm"
            name = "integer.decoder.ranges"
            value = round_decoder.read_safetensors(source)[0][name]
            round_decoder.write_model(source, str(out), {name: value * 2}, {"crops": 1})
            tensors, metadata = round_decoder.read_safetensors(out)
            self.assertTrue(torch.equal(tensors[name], value * 2))
            self.assertEqual(json.loads(metadata["aecomp.provenance"])["decoder_rounding"], {"crops": 1})
            content = out.read_bytes()
            self.assertEqual(struct.unpack("<Q", content[:8])[0] % 8, 0)
            digits = metadata["aecomp.checksum"].encode()
            self.assertEqual(xxhash.xxh3_128(content.replace(digits, b"0" * 32)).hexdigest().encode(), digits)


if __name__ == "__main__":
    unittest.main()
