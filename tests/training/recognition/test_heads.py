"""Each margin against its formula written slowly, and at the ends of the cosine."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.errors import UsageError
from training.recognition.heads import HEADS, AdaFace, ArcFace, CosFace, SubCentreArcFace
from training.recognition.heads.margin import MarginHead

Floats = NDArray[np.float64]


def arcface(theta: float, m: float = 0.5) -> float:
    return math.cos(theta + m) if theta < math.pi - m else math.cos(theta) - m * math.sin(m)


def adaface(theta: float, norm: float, mean: float, std: float, m: float = 0.4) -> float:
    z = min(max(0.333 * (norm - mean) / std, -1.0), 1.0)
    return math.cos(min(max(theta - m * z, 0.0), math.pi)) - (m + m * z)


def batch(n: int = 40, classes: int = 7, centres: int = 1) -> tuple[torch.Tensor, ...]:
    rng = np.random.default_rng(1)
    cosine = torch.from_numpy(rng.uniform(-0.99, 0.99, (n, classes, centres)).astype(np.float32))
    label = torch.from_numpy(rng.integers(0, classes, n))
    return cosine, label, torch.from_numpy(rng.uniform(5, 45, n).astype(np.float32))


def slow(head: MarginHead, cosine: Floats, label: Floats, norm: Floats) -> Floats:
    """Logits (N, C), one number at a time."""
    out = np.empty(cosine.shape[:2])
    mean, std = 20.0, 100.0
    if isinstance(head, AdaFace):
        mean, std = (0.99 * a + 0.01 * b for a, b in ((mean, norm.mean()), (std, norm.std(ddof=1))))
    for i in range(len(cosine)):
        for j in range(cosine.shape[1]):
            value = max(cosine[i, j])
            if j == label[i]:
                theta = math.acos(value)
                if isinstance(head, ArcFace):
                    value = arcface(theta)
                elif isinstance(head, CosFace):
                    value -= 0.35
                else:
                    value = adaface(theta, norm[i], mean, std)
            out[i, j] = 64 * value
    return out


@pytest.mark.parametrize("name", HEADS)
def test_logits_are_those_of_the_formula(name: str) -> None:
    head = HEADS[name]()
    cosine, label, norm = batch(centres=head.centres)
    said = head(cosine, label, norm)
    wanted = slow(head, *(x.double().numpy() for x in (cosine, label, norm)))
    assert said.dtype == torch.float32
    np.testing.assert_allclose(said.numpy(), wanted, atol=2e-3)


@pytest.mark.parametrize("name", HEADS)
def test_a_row_whose_class_is_elsewhere_has_no_margin(name: str) -> None:
    head = HEADS[name]()
    cosine, label, norm = batch(centres=head.centres)
    said = head(cosine, torch.full_like(label, -1), norm)
    np.testing.assert_allclose(said, 64 * cosine.amax(dim=2), rtol=1e-6)


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_gradients_are_finite_at_the_ends(name: str, dtype: torch.dtype) -> None:
    head = HEADS[name]()
    ends = torch.tensor([1.0, -1.0, 1 + 1e-6, -1 - 1e-6, 0.0, math.cos(math.pi - 0.5), 0.99999994])
    cosine = ends.to(dtype)[:, None, None].repeat(1, 3, head.centres).requires_grad_()
    norm = torch.tensor([0.0, 1e-9, 1e9, 20.0, 20.0, 300.0, 7.0])
    said = head(cosine, torch.tensor([0, 1, 2, 0, 1, 2, 0]), norm)
    torch.nn.functional.cross_entropy(said, torch.tensor([0, 1, 2, 0, 1, 2, 0])).backward()
    assert said.dtype == torch.float32 and torch.isfinite(said).all()
    assert cosine.grad is not None and torch.isfinite(cosine.grad).all()


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(HEADS)), st.floats(0, math.pi), st.floats(0, math.pi))
def test_a_larger_angle_never_has_the_larger_logit(name: str, one: float, two: float) -> None:
    head = HEADS[name]().eval()
    near, far = sorted((one, two))
    cosine = torch.tensor([math.cos(near), math.cos(far)])[:, None, None]
    cosine = cosine.repeat(1, 2, head.centres)
    said = head(cosine, torch.tensor([0, 0]), torch.full((2,), 20.0))[:, 0]
    assert said[0] >= said[1] - 1e-3
    assert (said <= 64 * cosine[:, 0, 0] + 1e-3).all(), "a margin makes it harder, never easier"


def test_adaface_pulls_harder_on_hard_pictures_only_where_they_are_good() -> None:
    """Kim et al. 2022, figure 3: of poor pictures the hard ones are pulled on less."""
    head = AdaFace().eval()
    head.mean.fill_(20)
    head.std.fill_(1)

    def pull(length: float) -> list[float]:
        """On an easy and on a hard picture of that length: d logit / d cosine."""
        cosine = torch.tensor([0.8, 0.1])[:, None, None].requires_grad_()
        head(cosine, torch.tensor([0, 0]), torch.tensor([length] * 2)).sum().backward()
        assert cosine.grad is not None
        return cosine.grad.flatten().tolist()

    good, poor = pull(40.0), pull(5.0)
    assert good[1] > 1.5 * good[0] > 0
    assert 0 < poor[1] < 0.8 * poor[0]


def test_adaface_averages_lengths_while_training_alone() -> None:
    head = AdaFace(momentum=0.9)
    cosine, label, norm = batch()
    head.eval()(cosine, label, norm)
    assert (float(head.mean), float(head.std)) == (20.0, 100.0)
    head.train()(cosine, label, norm)
    assert float(head.mean) == pytest.approx(0.9 * 20 + 0.1 * float(norm.mean()))
    assert float(head.std) == pytest.approx(0.9 * 100 + 0.1 * float(norm.std()))
    assert set(head.state_dict()) == {"mean", "std"}


def test_only_the_nearest_sub_centre_is_pulled() -> None:
    cosine = torch.tensor([[[0.2, 0.7, 0.1], [0.0, -0.5, 0.3]]]).requires_grad_()
    SubCentreArcFace()(cosine, torch.tensor([0]), torch.tensor([20.0]))[0, 0].backward()
    assert cosine.grad is not None
    assert (cosine.grad != 0).tolist() == [[[False, True, False], [False, False, False]]]


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("wrong", [{"scale": 0.0}, {"margin": -0.1}, {"margin": 9.0}])
def test_margins_and_scales_have_bounds(name: str, wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        HEADS[name](**wrong)
