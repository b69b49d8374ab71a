"""A head that turns changes as no picture does; a picture that is turned stays what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.demo.printed import Hand, held_up, portrait
from edge.faces.detect import detect
from edge.faces.turning import LEAST, NEAR, TURNED, UNLIKE, unlikeness
from edge.packs import Pack
from tests.edge.liveness.helpers import SHARED, Followed, halved, read

AWAY = TURNED + 1


def test_the_likest_of_the_turned_patches_counts() -> None:
    yaws = [0.0] * LEAST + [AWAY] * LEAST
    alike = [0.99] * LEAST
    assert unlikeness(yaws, [*alike, 0.9, 0.9, 0.9]) == pytest.approx((1 - 0.9 / 0.99) / UNLIKE)
    # One patch that still lies on the key is what a picture would do.
    assert unlikeness(yaws, [*alike, 0.9, 0.9, 0.99]) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    "yaws",
    [
        [],
        [0.0] * 20,
        [0.0] * 20 + [AWAY] * (LEAST - 1),
        [NEAR + 1] * 20 + [AWAY] * 20,  # never seen as the key was
        [0.0] * 20 + [TURNED - 1] * 20,
        [0.0] * 20 + [float("nan")] * 20,
    ],
)
def test_without_a_turn_there_is_no_value(yaws: list[float]) -> None:
    assert unlikeness(yaws, [0.9] * len(yaws)) is None


def test_either_side_counts() -> None:
    likeness = [0.99] * 3 + [0.9] * 3
    assert unlikeness([0.0] * 3 + [-AWAY] * 3, likeness) == unlikeness(
        [0.0] * 3 + [AWAY] * 3, likeness
    )


@pytest.mark.shared
def test_a_living_head_that_turns_passes(followed: Followed) -> None:
    tracks = followed(read(SHARED / "data/clips/brother.mkv"), 30.0)
    said = [t.turning for t in tracks if t.turning is not None]
    assert said and max(said) > 3


@pytest.mark.parametrize("seed", [11, 46])
def test_a_picture_that_is_turned_as_far_does_not(
    films: Path, pack: Pack, followed: Followed, seed: int
) -> None:
    """Turned by up to 46 degrees: its landmarks say that a head had turned."""
    picture = halved(read(films / "single_face.mp4", 4, 4))[0]
    box = detect(pack, picture)[0][0]
    shown = held_up(portrait(picture, box), frames=75, seed=seed, fill=0.9, hand=Hand(sway=4))
    said = [t.turning for t in followed(shown, 30.0) if t.turning is not None]
    assert said, "it was not turned far enough: nothing was tested"
    assert max(said) < 0.5
