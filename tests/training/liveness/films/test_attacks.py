"""Attack films are planned and made: the same ones each time, of the people they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.errors import UsageError
from edge.faces.observation import Observation
from edge.render.film import FilmWriter
from training.errors import DataError
from training.liveness.films import attacks
from training.liveness.films.attacks import Attack, Piece

SIZE = (160, 120)


def points(box: np.ndarray) -> np.ndarray:
    """68 points that fill a box, as a jaw and a face do."""
    angle = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2.2
    return (middle + np.stack([np.cos(angle), np.sin(angle)], axis=1) * half).astype(np.float32)


def film(folder: Path, person: str, frames: int = 40) -> Piece:
    path = folder / f"{person}.mkv"
    rng = np.random.default_rng(len(person))
    still = rng.integers(60, 200, (SIZE[1], SIZE[0], 3), np.uint8)
    with FilmWriter(path, 30, SIZE) as writer:
        for i in range(frames):
            writer.write(np.roll(still, i, axis=1))
    box = np.array([50, 30, 90, 85], np.float32)
    count = frames - 1
    return Piece(
        path,
        person,
        30.0,
        tuple(range(count)),
        np.repeat(box[None], count, 0),
        np.repeat(points(box)[None], count, 0),
    )


@pytest.fixture
def pieces(tmp_path: Path) -> list[Piece]:
    return [film(tmp_path, name) for name in ("ann", "bob", "cyd")]


def planned(pieces: list[Piece], *instruments: str, **changed: object) -> list[Attack]:
    about = {"attacks": 2, "seed": 1, "range_name": "test", "seconds": 0.3, "fps": 30.0}
    return attacks.plan(pieces, instruments, **{**about, "coded": 0.5, **changed})  # type: ignore[arg-type]


def test_every_film_is_shown_by_somebody_else(pieces: list[Piece]) -> None:
    found = planned(pieces, "print", "replay")
    assert len(found) == 3 * 2 * 2
    assert all(a.shown.person != a.scene.person for a in found)
    assert len({a.name for a in found}) == len(found)
    assert {a.coded for a in planned(pieces, "print", attacks=20)} == {True, False}
    assert not any(a.coded for a in planned(pieces, "print", coded=0.0))
    assert all(a.coded for a in planned(pieces, "print", coded=1.0))


def test_a_plan_does_not_depend_on_what_else_is_planned(pieces: list[Piece]) -> None:
    alone = planned(pieces, "replay", attacks=1)
    among = [a for a in planned(pieces, "print", "replay") if a.instrument == "replay"]
    told = {(a.name, a.scene.person, a.coded) for a in among}
    assert {(a.name, a.scene.person, a.coded) for a in alone} <= told


@pytest.mark.parametrize("instrument", ["print", "replay"])
def test_the_same_attack_is_made_twice(pieces: list[Piece], instrument: str) -> None:
    one = replace(planned(pieces, instrument)[0], coded=False)
    (first, drawn), (second, again) = attacks.make(one), attacks.make(one)
    made, repeated = list(first), list(second)
    assert len(made) == 9  # 0.3 s
    assert made[0].shape == (SIZE[1], SIZE[0], 3)
    assert drawn == again and drawn
    assert all(np.array_equal(a, b) for a, b in zip(made, repeated, strict=True))
    other = list(attacks.make(replace(one, number=7))[0])
    assert not np.array_equal(made[0], other[0])


def test_a_coder_changes_frames_and_not_their_number(pieces: list[Piece]) -> None:
    plain = replace(planned(pieces, "print")[0], coded=False)
    before = list(attacks.make(plain)[0])
    after = list(attacks.make(replace(plain, coded=True))[0])
    assert len(before) == len(after)
    apart = [np.abs(a.astype(int) - b).mean() for a, b in zip(before, after, strict=True)]
    assert 0 < np.mean(apart) < 15


def test_what_cannot_be_shown_is_refused(pieces: list[Piece], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="hologram"):
        planned(pieces, "hologram")
    with pytest.raises(DataError, match="two people"):
        planned(pieces[:1], "print")
    nobody = [Observation(i / 30, i, (120, 160), 0, None) for i in range(3)]
    with pytest.raises(DataError, match=r"empty\.mkv: no face"):
        attacks.piece(tmp_path / "empty.mkv", "ann", nobody)
