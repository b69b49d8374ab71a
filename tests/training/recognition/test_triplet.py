"""Losses on pairs against the same written slowly, and where there is nothing to do."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import UsageError
from training.recognition.triplet import LOSSES, contrastive, loss_of, triplets

Rows = tuple[torch.Tensor, torch.Tensor]


def rows(seed: int, people: int = 4, pictures: int = 3) -> Rows:
    rng = np.random.default_rng(seed)
    centre = np.repeat(rng.normal(size=(people, 6)), pictures, axis=0)
    x = centre + rng.normal(0, 0.6, centre.shape)
    order = rng.permutation(len(x))
    labels = np.repeat(np.arange(people), pictures)[order]
    return torch.from_numpy(x[order]).requires_grad_(), torch.from_numpy(labels)


def distances(x: torch.Tensor) -> np.ndarray:
    unit = x.detach().numpy()
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
    return ((unit[:, None] - unit[None]) ** 2).sum(axis=2)


def slow_triplets(x: torch.Tensor, labels: torch.Tensor, margin: float) -> float:
    d, who, found = distances(x), labels.tolist(), []
    for a in range(len(who)):
        others = [d[a, n] for n in range(len(who)) if who[n] != who[a]]
        for p in range(len(who)):
            if p == a or who[p] != who[a] or not others:
                continue
            farther = [v for v in others if v > d[a, p]]
            far = min(farther) if farther else max(others)
            found.append(max(0.0, d[a, p] - far + margin))
    return float(np.mean(found)) if found else 0.0


def slow_contrastive(x: torch.Tensor, labels: torch.Tensor, margin: float) -> float:
    d, who = distances(x), labels.tolist()
    genuine, impostor = [], []
    for i in range(len(who)):
        for j in range(i):
            if who[i] == who[j]:
                genuine.append(d[i, j] / 2)
            else:
                impostor.append(max(0.0, margin - d[i, j] ** 0.5) ** 2 / 2)
    return sum(float(np.mean(part)) for part in (genuine, impostor) if part)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.05, 2), st.integers(1, 5), st.integers(1, 4))
def test_losses_are_those_of_the_formula(
    seed: int, margin: float, people: int, pictures: int
) -> None:
    x, labels = rows(seed, people, pictures)
    for loss, slow in ((triplets, slow_triplets), (contrastive, slow_contrastive)):
        said = loss(x, labels, margin)["loss"]
        assert float(said.detach()) == pytest.approx(slow(x, labels, margin), abs=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_a_step_brings_ones_own_nearer_and_others_away(name: str) -> None:
    x, labels = rows(3)
    before = distances(x)
    loss_of(name, margin=1.5)(x, labels)["loss"].backward()
    assert x.grad is not None
    after = distances(x - 0.3 * x.grad)
    same = (labels[:, None] == labels[None]).numpy() & ~np.eye(len(labels), dtype=bool)
    other = (labels[:, None] != labels[None]).numpy()
    assert after[same].mean() < before[same].mean()
    assert (after[same].mean() - after[other].mean()) < (before[same].mean() - before[other].mean())


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("labels", [[0, 0, 0, 0], [0, 1, 2, 3], [0], [0, 0]])
def test_a_batch_without_pairs_or_others_gives_a_finite_gradient(
    name: str, labels: list[int]
) -> None:
    torch.manual_seed(0)
    x = torch.randn(len(labels), 4, requires_grad=True)
    said = LOSSES[name](x, torch.tensor(labels))
    said["loss"].backward()
    assert all(torch.isfinite(v) for v in said.values())
    assert x.grad is not None and torch.isfinite(x.grad).all()


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_equal_and_opposite_vectors_give_finite_gradients(name: str, dtype: torch.dtype) -> None:
    x = torch.tensor([[1.0, 0], [1, 0], [-1, 0], [1, 0], [0, 0]], dtype=dtype, requires_grad=True)
    said = LOSSES[name](x, torch.tensor([0, 0, 1, 1, 0]))
    said["loss"].backward()
    assert torch.isfinite(said["loss"])
    assert x.grad is not None and torch.isfinite(x.grad).all()


def test_active_says_how_much_there_is_to_learn() -> None:
    apart = torch.eye(4)[[0, 0, 1, 1]]
    labels = torch.tensor([0, 0, 1, 1])
    assert float(triplets(apart, labels)["active"]) == 0
    assert float(triplets(apart, labels, margin=2.5)["active"]) == 1
    assert float(contrastive(apart, labels, margin=1.0)["active"]) == 0
    assert float(contrastive(apart, labels, margin=1.5)["active"]) == 1


@pytest.mark.parametrize("margin", [0.0, -1.0, 5.0, float("nan")])
def test_margins_have_bounds(margin: float) -> None:
    with pytest.raises(UsageError, match="margin"):
        loss_of("triplet", margin)
