"""Simulated attack films, made on the fly: who is shown, how, and to which camera.

The shown frames are a piece of a film of the person; the scene is a piece of another person's film,
who holds the instrument. Nothing is kept: frames are looked at as they are made.
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.cameras import open_camera
from edge.errors import UsageError
from edge.faces.observation import Observation
from edge.render.film import FilmWriter
from training.errors import DataError
from training.liveness.attacks import INSTRUMENTS
from training.liveness.attacks.things import Scene, Shown, ShownFilm

Image = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Piece:
    """A film and where its face is: what a film of an attack is made of.

    frames: indices that have a face. boxes: (n, 4), points: (n, 68, 2), of these frames.
    """

    path: Path
    person: str
    fps: float
    frames: tuple[int, ...]
    boxes: NDArray[np.float32]
    points: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Attack:
    """One film to be made. number: of the film shown before this instrument. seed: of the run.

    coded: whether its frames go through a video coder before they are looked at.
    """

    instrument: str
    shown: Piece
    scene: Piece
    number: int
    seed: int
    range: str
    seconds: float
    fps: float
    coded: bool

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.shown.path.name} {self.instrument} {self.number}"


def piece(path: Path, person: str, seen: Sequence[Observation]) -> Piece:
    """Of a film that was looked at. Raises DataError where no frame has a face."""
    kept = [(i, o.face) for i, o in enumerate(seen) if o.face is not None]
    if not kept:
        raise DataError(f"{path}: no face in it, so it cannot be shown")
    fps = (len(seen) - 1) / (seen[-1].t - seen[0].t) if len(seen) > 1 else 30.0
    return Piece(
        path,
        person,
        fps,
        tuple(i for i, _ in kept),
        np.stack([face.box for _, face in kept]),
        np.stack([face.landmarks for _, face in kept]),
    )


def plan(
    pieces: Sequence[Piece],
    instruments: Sequence[str],
    *,
    attacks: int,
    seed: int,
    range_name: str,
    seconds: float,
    fps: float,
    coded: float,
) -> list[Attack]:
    """`attacks` films of every piece before every instrument. coded: share of them.

    The attacker is drawn among the others' pieces. Raises UsageError for an unknown instrument,
    DataError when there is nobody else.
    """
    if unknown := [name for name in instruments if name not in INSTRUMENTS]:
        raise UsageError(f"--instruments {unknown[0]}: known are {', '.join(INSTRUMENTS)}")
    planned = []
    for one in pieces:
        others = [p for p in pieces if p.person != one.person]
        if not others:
            raise DataError("films of two people at least: one is shown, another one shows")
        for name in instruments:
            for number in range(attacks):
                rng = _rng(seed, one.path.name, name, number, "plan")
                scene = others[int(rng.integers(len(others)))]
                planned.append(
                    Attack(
                        name,
                        one,
                        scene,
                        number,
                        seed,
                        range_name,
                        seconds,
                        fps,
                        bool(rng.random() < coded),
                    )
                )
    return planned


def _rng(seed: int, *about: object) -> np.random.Generator:
    """The same on every machine and in every order of work."""
    return np.random.default_rng([seed, *(zlib.crc32(str(part).encode()) for part in about)])


def make(attack: Attack) -> tuple[Iterator[Image], dict[str, Any]]:
    """Its frames, and the parameters that were drawn as plain data."""
    rng = _rng(attack.seed, attack.shown.path.name, attack.instrument, attack.number, "make")
    instrument = INSTRUMENTS[attack.instrument]
    parameters = instrument.draw(rng, attack.range)
    shown = _part(attack.shown, attack.seconds, rng)
    scene = _part(attack.scene, attack.seconds, rng)
    frames = instrument.film(
        ShownFilm(shown, attack.shown.fps),
        Scene(scene, fps=attack.scene.fps),
        parameters,
        rng,
        frames=max(2, round(attack.seconds * attack.fps)),
        fps=attack.fps,
    )
    images: Iterator[Image] = (p.image for p in frames)
    return (coded(images, attack.fps) if attack.coded else images), plain(parameters)


def plain(parameters: Any) -> dict[str, Any]:
    """A dataclass of numbers, words and arrays as JSON holds them."""
    told: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(parameters), default=_number))
    return told


def _number(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is no parameter of a simulation")


def _part(whole: Piece, seconds: float, rng: np.random.Generator) -> list[Shown]:
    """As many consecutive frames with a face as are needed, from a random one on."""
    count = min(len(whole.frames), max(2, round(seconds * whole.fps)))
    start = int(rng.integers(len(whole.frames) - count + 1))
    images = _read(whole.path)
    return [
        Shown(images[whole.frames[i]], whole.boxes[i], whole.points[i], whole.person)
        for i in range(start, start + count)
    ]


@lru_cache(maxsize=2)
def _read(path: Path) -> Mapping[int, Image]:
    """All frames of a film: of the last two, the shown one and the scene."""
    with open_camera(str(path)) as film:
        return dict(enumerate(frame.image for frame in iter(film.read, None)))


def coded(images: Iterable[Image], fps: float) -> Iterator[Image]:
    """Through an MPEG-4 coder at its default bit rate, as a network camera might send them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "attack.mp4"
        images = iter(images)
        first = next(images)
        with FilmWriter(path, fps, (first.shape[1], first.shape[0])) as writer:
            writer.write(first)
            for image in images:
                writer.write(image)
        with open_camera(str(path)) as film:
            yield from (frame.image for frame in iter(film.read, None))
