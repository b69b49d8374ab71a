"""The figures: computed by hand on a few faces, missing ones counted."""

from __future__ import annotations

import math

import numpy as np

from tests.training.landmarks.faces import LAYOUT, face, placed
from training.landmarks import metrics
from training.landmarks.locate import Found
from training.landmarks.report import lines, report

POINTS = placed((80, 80), 40)
BETWEEN = float(np.linalg.norm(POINTS[36] - POINTS[45]))


def found(off: float, **said: object) -> Found:
    """Points that lie `off` distances between the eyes too low."""
    low = (POINTS + [0, off * BETWEEN]).astype(np.float32)
    return Found(points=low, first=low, **said)  # type: ignore[arg-type]


def test_points_pose_age_and_gender_are_counted_as_said() -> None:
    pose = np.array([20, 0, 0], np.float32)
    faces = [
        face("a", POINTS, pose=pose, age=30.0, gender=0, group="x"),
        face("b", POINTS, pose=pose, age=60.0, gender=1, group="y"),
        face("c", POINTS, pose=-pose, age=10.0, gender=1, group="y"),
        face("d", POINTS),
    ]
    one, two = np.array([1.0, -1.0], np.float32), np.array([-1.0, 1.0], np.float32)
    said = [
        found(0.02, confidence=0.9, pose=pose, age=33.0, gender=one),
        found(0.04, confidence=0.8, pose=pose + 3, age=54.0, gender=two),
        found(0.10, confidence=0.1, pose=-pose, age=10.0, gender=one),
        None,
    ]
    out = report(faces, said, LAYOUT)
    assert out["found"]["rate"] == 0.75
    points = out["points"]
    assert (points["count"], points["missing"]) == (4, 1)
    assert math.isclose(points["nme"], 0.16 / 3, rel_tol=1e-4)
    assert points["failures"]["rate"] == 0.5
    assert math.isclose(points["auc"], (0.75 + 0.5) / 4, rel_tol=1e-4)
    assert points["by_yaw"]["15-30"]["count"] == 3
    assert out["confidence"]["auroc"] == 1.0
    assert out["confidence"]["failures_above"]["rate"] == 0
    assert out["confidence"]["failures_below"]["rate"] == 1
    assert math.isclose(out["pose"]["mae"], 1.0)
    assert out["age"]["mae"] == 3.0 and out["age"]["bias"] == -1.0
    assert out["age"]["by_group"]["y"]["mae"] == 3.0
    assert math.isclose(out["gender"]["rate"], 2 / 3)
    assert out["gender"]["by_gender"]["female"]["rate"] == 0.5
    low, high = out["gender"]["interval"]
    assert low < 2 / 3 < high
    text = "\n".join(lines(out, "here"))
    assert "NME 0.0533" in text and "age: MAE 3.00" in text


def test_a_network_without_points_is_judged_by_what_it_says() -> None:
    pose = np.array([20, 0, 0], np.float32)
    out = report([face("a", POINTS, pose=pose)], [Found(pose=pose)], LAYOUT)
    assert "points" not in out and "age" not in out
    assert out["pose"]["mae"] == 0
    assert metrics.short([face("a", POINTS, pose=pose)], [Found(pose=pose)], LAYOUT) == {
        "pose_mae": 0.0
    }


def test_angles_wrap_around() -> None:
    near = np.array([0, 0, 179], np.float32)
    errors = metrics.pose_errors([face("a", POINTS, pose=-near)], [Found(pose=near)])
    assert errors.tolist() == [[0, 0, 2]]


def test_auroc_counts_ties_half() -> None:
    scores = np.array([0.1, 0.5, 0.5, 0.9])
    assert metrics.auroc(scores, np.array([False, False, True, True])) == 0.875
    assert math.isnan(metrics.auroc(scores, np.ones(4, bool)))
