"""Rounding while training is the rounding of the device, and leaves no trace in the weights."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from training.recognition import quantised
from training.recognition.mobilefacenet import MobileFaceNet, convolutions


def test_levels_are_256_and_hold_zero() -> None:
    x = torch.linspace(-1.37, 4.2, 5001)
    rounded = quantised.levels(x)
    assert len(rounded.unique()) <= 256 and (rounded == 0).any()
    assert (rounded - x).abs().max() <= 0.5001 * (4.2 + 1.37) / 255
    positive = quantised.levels(x.clamp(min=0.5))
    assert positive.min() > 0.45 and len(positive.unique()) <= 256


def test_each_channel_has_its_own_steps() -> None:
    weight = (
        torch.randn(6, 3, 3, 3) * torch.tensor([1e-3, 1e-2, 0.1, 1, 10, 100])[:, None, None, None]
    )
    rounded = quantised.channels(weight)
    for given, got in zip(weight, rounded, strict=True):
        assert (given - got).abs().max() <= 0.5001 * given.abs().max() / 127
        assert len(got.unique()) <= 255


def test_a_prepared_network_learns_and_keeps_its_names() -> None:
    torch.manual_seed(0)
    net = MobileFaceNet(32, norm=False, width=0.25)
    plain = MobileFaceNet(32, norm=False, width=0.25)
    plain.load_state_dict(net.state_dict())
    quantised.prepare(net)
    assert all(isinstance(c, quantised.RoundedConv2d) for c in convolutions(net))
    assert list(net.state_dict()) == list(plain.state_dict())
    x = torch.randn(4, 3, 112, 112)
    rounded, exact = net(x), plain(x)
    cosine = F.cosine_similarity(rounded, exact)
    assert not torch.equal(rounded, exact) and cosine.min() > 0.9
    rounded.square().mean().backward()
    for layer in convolutions(net):
        assert layer.weight.grad is not None and torch.isfinite(layer.weight.grad).all()
        assert layer.weight.grad.abs().sum() > 0
    last = list(convolutions(net))[-1]
    assert last.round_output and not next(convolutions(net)).round_output
