"""Single frames of made-up films: pairs, thresholds, the shift that parts strangers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.faces.observation import Face, Floats, Observation, Pose, Quality
from edge.packs.schema import ScoreDistribution
from training.recognition.door.films import Film
from training.recognition.door.frames import (
    STEP,
    FrameScores,
    compare,
    least_shift,
    points,
    whole_steps,
)

CURVE = ScoreDistribution.model_validate(
    {
        "same_camera_shift": 0.1,
        "data": "made up",
        "identities": 1000,
        "impostor_pairs": 10_000_000,
        "curve": [
            {"fmr": 0.1, "score": 0.3},
            {"fmr": 1e-3, "score": 0.5},
            {"fmr": 1e-5, "score": 0.6},
        ],
    }
)


def at(cosine: float) -> Floats:
    """A unit vector with this cosine to (1, 0, ...)."""
    v = np.zeros(16, np.float32)
    v[:2] = cosine, np.sqrt(1 - cosine**2)
    return v


def film(name: str, person: str, *vectors: Floats | None) -> Film:
    """A film of one frame a vector; None: the frame failed a gate."""
    shown = [
        Face(
            box=np.array([0, 0, 50, 60], np.float32),
            landmarks=np.zeros((68, 2), np.float32),
            pose=Pose(0, 0, 0),
            quality=Quality(60, 0.3, 120, 0, 1),
            patch=np.zeros((64, 64), np.float32),
            patch_matrix=np.eye(2, 3),
            eye_aspect=0.3,
            live=None if v is None else 1.0,
            embedding=v,
        )
        for v in vectors
    ]
    seen = [Observation(i / 30, i, (480, 640), 1, face) for i, face in enumerate(shown)]
    return Film(name, person, tuple(seen))


def scores() -> FrameScores:
    return compare(
        [
            film("a1", "a", at(1), None, at(1)),
            film("a2", "a", at(0.9)),
            film("b1", "b", at(0.65)),
            film("c1", "c", None),
        ]
    )


def test_frames_of_one_film_and_frames_that_failed_are_not_compared() -> None:
    told = scores()
    assert told.frames == {"a1": 2, "a2": 1, "b1": 1, "c1": 0}
    assert told.genuine.total == 2 and told.impostor.total == 3
    (pair,) = told.closest
    assert pair.people == ("a", "b") and set(pair.films) == {"a2", "b1"}
    # cos(acos 0.65 - acos 0.9)
    assert pair.score == pytest.approx(0.65 * 0.9 + np.sqrt((1 - 0.65**2) * (1 - 0.9**2)), abs=1e-5)
    assert told.people == 2


def test_the_packs_thresholds_without_and_with_its_shift() -> None:
    found = {(p.rate, p.shifted): p for p in points(scores(), CURVE)}
    assert {key: p.threshold for key, p in found.items()} == pytest.approx(
        {(1e-3, False): 0.5, (1e-3, True): 0.6, (1e-5, False): 0.6, (1e-5, True): 0.7}
    )
    strict = found[1e-5, True]
    assert strict.fmr == pytest.approx(1 / 3) and strict.fnmr == 0
    assert (strict.matched, strict.people) == (1, 1)


def test_a_rate_that_the_curve_does_not_reach_is_left_out() -> None:
    short = CURVE.model_copy(update={"curve": CURVE.curve[:2]})
    assert {p.rate for p in points(scores(), short)} == {1e-3}
    assert least_shift(scores(), short, 1e-5) is None


def test_at_the_least_shift_no_two_people_match_and_one_step_less_they_do() -> None:
    told = scores()
    shift = least_shift(told, CURVE, 1e-5)
    assert shift is not None and shift > 0

    def matched(by: float) -> int:
        moved = CURVE.model_copy(update={"same_camera_shift": by})
        return next(p.matched for p in points(told, moved) if p.shifted and p.rate == 1e-5)

    assert matched(shift) == 0
    assert matched(shift - STEP) == 1


def test_people_who_stay_below_need_no_shift_and_nobody_gives_none() -> None:
    apart = compare([film("a1", "a", at(1)), film("b1", "b", at(0.1))])
    assert least_shift(apart, CURVE, 1e-5) == 0
    alone = compare([film("a1", "a", at(1)), film("a2", "a", at(0.1))])
    assert least_shift(alone, CURVE, 1e-5) is None
    assert [p.fmr for p in points(alone, CURVE)] == [None] * 4


@given(st.floats(-1, 1))
def test_whole_steps_are_just_enough(excess: float) -> None:
    shift = whole_steps(excess)
    assert shift >= 0 and round(shift / STEP) == pytest.approx(shift / STEP)
    assert shift > excess
    assert shift <= max(excess + 2 * STEP, 0)
