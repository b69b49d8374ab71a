"""TensorFlow's padding, against plain loops."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from export.face_api.alignment import MEAN_FACE, USED, template
from export.face_api.layers import Conv, Separable, pad_same, same_padding


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "wanted"),
    [
        (112, 3, 2, (0, 1)),
        (7, 3, 2, (1, 1)),
        (56, 3, 1, (1, 1)),
        (10, 1, 2, (0, 0)),
        (207, 2, 2, (0, 1)),
        (13, 2, 1, (0, 1)),
        (150, 7, 2, (2, 3)),
    ],
)
def test_same_padding(size: int, kernel: int, stride: int, wanted: tuple[int, int]) -> None:
    assert same_padding(size, kernel, stride) == wanted


def plain(
    x: NDArray[np.float32], filters: NDArray[np.float32], bias: NDArray[np.float32], stride: int
) -> NDArray[np.float64]:
    """A "same" convolution of (h, w, in) by (kh, kw, in, out), written out."""
    h, w, _ = x.shape
    k = filters.shape[0]
    top, bottom = same_padding(h, k, stride)
    left, right = same_padding(w, k, stride)
    padded = np.pad(x, ((top, bottom), (left, right), (0, 0))).astype(np.float64)
    out = np.empty((-(-h // stride), -(-w // stride), filters.shape[3]))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            window = padded[i * stride : i * stride + k, j * stride : j * stride + k]
            out[i, j] = np.tensordot(window, filters, 3) + bias
    return out


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("shape", [(8, 8), (9, 12)])
def test_convolution(stride: int, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(*shape, 3)).astype(np.float32)
    filters = rng.normal(size=(3, 3, 3, 5)).astype(np.float32)
    bias = rng.normal(size=5).astype(np.float32)
    got = Conv(filters, bias, stride)(torch.from_numpy(x.transpose(2, 0, 1).copy())[None])
    wanted = plain(x, filters, bias, stride).transpose(2, 0, 1)
    assert np.abs(got.detach().numpy()[0] - wanted).max() < 1e-4


def test_padding_on_the_wrong_side_would_be_seen() -> None:
    """The check above has teeth: symmetric padding differs on an even size."""
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.normal(size=(1, 3, 8, 8)).astype(np.float32))
    weight = torch.from_numpy(rng.normal(size=(5, 3, 3, 3)).astype(np.float32))
    right = torch.nn.functional.conv2d(pad_same(x, 3, 2), weight, stride=2)
    wrong = torch.nn.functional.conv2d(x, weight, stride=2, padding=1)
    assert right.shape == wrong.shape and (right - wrong).abs().max() > 0.5


def test_folded_affine_layer() -> None:
    rng = np.random.default_rng(1)
    filters = rng.normal(size=(3, 3, 2, 4)).astype(np.float32)
    bias, scale, shift = (rng.normal(size=4).astype(np.float32) for _ in range(3))
    x = torch.from_numpy(rng.normal(size=(1, 2, 6, 6)).astype(np.float32))
    wanted = Conv(filters, bias)(x) * torch.from_numpy(scale)[:, None, None]
    wanted = wanted + torch.from_numpy(shift)[:, None, None]
    got = Conv(filters, bias, scale=scale, shift=shift)(x)
    assert (got - wanted).abs().max() < 1e-5


@pytest.mark.parametrize("stride", [1, 2])
def test_separable_convolution(stride: int) -> None:
    rng = np.random.default_rng(2)
    weights = {
        "a/depthwise_filter": rng.normal(size=(3, 3, 3, 1)).astype(np.float32),
        "a/pointwise_filter": rng.normal(size=(1, 1, 3, 4)).astype(np.float32),
        "a/bias": rng.normal(size=4).astype(np.float32),
    }
    x = rng.normal(size=(8, 8, 3)).astype(np.float32)
    got = Separable(weights, "a", stride)(torch.from_numpy(x.transpose(2, 0, 1).copy())[None])
    depth = np.zeros((3, 3, 3, 3), np.float32)  # a depthwise filter is a diagonal full one
    for c in range(3):
        depth[:, :, c, c] = weights["a/depthwise_filter"][:, :, c, 0]
    middle = plain(x, depth, np.zeros(3, np.float32), stride).astype(np.float32)
    wanted = plain(middle, weights["a/pointwise_filter"], weights["a/bias"], 1)
    assert np.abs(got.detach().numpy()[0] - wanted.transpose(2, 0, 1)).max() < 1e-4


def test_template_is_a_face() -> None:
    assert len(MEAN_FACE) == 51 and len(USED) == 33
    points = dict(zip(USED, template(150), strict=True))
    assert not set(points) & {*range(17, 27), *range(55, 60), *range(65, 68)}
    assert points[36][0] < points[39][0] < points[42][0] < points[45][0]  # eyes left to right
    assert points[36][1] < points[30][1] < points[51][1]  # eyes above nose above mouth
    assert points[30][0] == pytest.approx(75, abs=1.5)
    assert all(0 < x < 150 and 0 < y < 150 for x, y in points.values())
