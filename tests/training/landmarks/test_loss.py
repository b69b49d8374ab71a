"""The losses: their formulas' values, their joints, and what has no label costing nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.training.landmarks.faces import mean_shape
from training.landmarks.layouts import IBUG68
from training.landmarks.loss import LossPlan, adaptive_wing, age_loss, losses, nme, wing
from training.landmarks.model import AGES, HEADS


def test_wing_has_the_values_of_its_formula() -> None:
    # w = 10, ε = 2: 10 ln(1 + 3/2) below w; above, |x| - (10 - 10 ln 6).
    value = wing(torch.tensor([0.0, 3.0, -3.0, 25.0]), 10, 2)
    c = 10 - 10 * math.log(6)
    wanted = [0.0, 10 * math.log(2.5), 10 * math.log(2.5), 25 - c]
    np.testing.assert_allclose(value.numpy(), wanted, rtol=1e-6)


@pytest.mark.parametrize(("w", "epsilon"), [(0.06, 0.01), (10.0, 2.0)])
def test_wing_is_continuous_where_its_pieces_meet(w: float, epsilon: float) -> None:
    step = w * 1e-4
    below, above = wing(torch.tensor([w - step, w + step], dtype=torch.float64), w, epsilon)
    assert 0 < above - below < 3 * step


def test_adaptive_wing_is_smooth_where_its_pieces_meet_and_flat_at_zero() -> None:
    x = torch.tensor([1e-6, 0.0599999, 0.0600001], dtype=torch.float64, requires_grad=True)
    value = adaptive_wing(x, w=0.06, epsilon=0.01, theta=0.06)
    (slope,) = torch.autograd.grad(value.sum(), x)
    assert abs(value[2] - value[1]) < 1e-6
    assert abs(slope[2] - slope[1]) < 1e-3 * slope[1]
    assert slope[0] < 0.01 * slope[1]


def batch_of(images: int) -> dict[str, Tensor]:
    points = torch.from_numpy(mean_shape() * 0.3 + 0.5).expand(images, -1, -1).clone()
    ones = torch.ones(images)
    return {
        "image": torch.zeros(images, 3, 8, 8),
        "points": points,
        "pose": torch.zeros(images, 3),
        "age": torch.full((images,), 30.0),
        "gender": torch.zeros(images, dtype=torch.long),
        "embedding": torch.nn.functional.normalize(torch.ones(images, 4), dim=1),
        "has_embedding": ones.clone(),
        **{f"has_{n}": ones.clone() for n in ("points", "pose", "age", "gender")},
        "face": ones.clone(),
        "truth": ones.clone(),
    }


def said_of(images: int, off: float = 0.05) -> dict[str, Tensor]:
    points = batch_of(images)["points"] + off
    torch.manual_seed(0)
    logits = torch.randn(images, AGES)
    return {
        "points": points.reshape(images, -1),
        "confidence": torch.zeros(images, 1),
        "pose": torch.full((images, 3), 5.0),
        "age_logits": logits,
        "age": torch.softmax(logits, 1) @ torch.arange(AGES, dtype=torch.float32)[:, None],
        "gender": torch.randn(images, 2),
        "embedding": torch.randn(images, 4),
    }


@pytest.mark.parametrize("task", ["points", "pose", "age", "gender", "embedding"])
def test_what_has_no_label_costs_nothing_but_counts_as_an_image(task: str) -> None:
    batch, said = batch_of(4), said_of(4)
    whole = losses(said, batch, IBUG68, LossPlan())[task]
    batch[f"has_{task}"][1:] = 0
    first = losses(said, batch, IBUG68, LossPlan())[task]
    alone = {k: v[:1] for k, v in batch_of(4).items()}
    one = losses({k: v[:1] for k, v in said.items()}, alone, IBUG68, LossPlan())[task]
    assert first > 0
    assert first < whole
    torch.testing.assert_close(first, one / 4)


def test_points_that_a_network_placed_count_less_when_asked() -> None:
    batch, said = batch_of(2), said_of(2)
    batch["truth"][1] = 0
    whole = losses(said, batch, IBUG68, LossPlan())["points"]
    less = losses(said, batch, IBUG68, LossPlan(pseudo=0.5))["points"]
    torch.testing.assert_close(less, 0.75 * whole)


@pytest.mark.parametrize("pose", ["wing", "geodesic"])
def test_halves_of_a_batch_average_to_the_whole(pose: str) -> None:
    batch, said, plan = batch_of(6), said_of(6), LossPlan(pose=pose)
    for mask, hidden in (("has_points", 4), ("has_age", 1), ("has_pose", 5)):
        batch[mask][hidden] = 0
    whole = losses(said, batch, IBUG68, plan)["loss"]
    parts = [
        losses(
            {k: v[s] for k, v in said.items()}, {k: v[s] for k, v in batch.items()}, IBUG68, plan
        )["loss"]
        for s in (slice(0, 3), slice(3, 6))
    ]
    torch.testing.assert_close(torch.stack(parts).mean(), whole)


def test_confidence_learns_whether_its_own_points_fit() -> None:
    batch, said = batch_of(3), said_of(3, off=0.0)
    said["points"][1] += 0.2  # far off
    batch["face"][2] = batch["has_points"][2] = 0  # background
    said["confidence"].requires_grad_()
    losses(said, batch, IBUG68, LossPlan())["confidence"].backward()
    slope = said["confidence"].grad
    assert slope is not None
    # Downhill is up for the good fit, down for the bad one and for background.
    assert slope[0] < 0 < slope[1]
    assert slope[2] > 0


def test_confidence_says_nothing_of_faces_without_points() -> None:
    batch, said = batch_of(2), said_of(2)
    batch["has_points"][:] = 0
    assert losses(said, batch, IBUG68, LossPlan())["confidence"] == 0


def test_learned_weights_are_those_of_their_formula() -> None:
    batch, said = batch_of(2), said_of(2)
    plain = losses(said, batch, IBUG68, LossPlan())
    said["log_variance"] = torch.zeros(len(HEADS))
    torch.testing.assert_close(losses(said, batch, IBUG68, LossPlan())["loss"], plain["loss"])
    said["log_variance"] = torch.full((len(HEADS),), math.log(2))
    wanted = plain["loss"] / 2 + 6 * math.log(2) / 2
    torch.testing.assert_close(losses(said, batch, IBUG68, LossPlan())["loss"], wanted)


def test_the_best_age_is_the_right_one() -> None:
    years = torch.arange(AGES, dtype=torch.float32)
    cost = []
    for centre in (20.0, 29.0, 30.0, 31.0, 50.0):
        logits = -((years - centre) ** 2)[None] / 8
        age = torch.softmax(logits, 1) @ years[:, None]
        said = {"age_logits": logits, "age": age}
        cost.append(float(age_loss(said, torch.tensor([30.0]), sigma=2.0)))
    assert cost[2] == min(cost) and cost[2] < 1e-3
    assert cost[0] > cost[1] and cost[4] > cost[3]


def test_nme_is_in_distances_between_the_outer_eye_corners() -> None:
    truth = batch_of(1)["points"]
    between = float((truth[0, 36] - truth[0, 45]).norm())
    off = truth + torch.tensor([0.0, between / 10])
    torch.testing.assert_close(nme(off, truth, IBUG68), torch.tensor([0.1]))
