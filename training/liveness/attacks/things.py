"""What the simulation of an attack is given and gives: whom it shows, where it is held, a frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Shown:
    """A picture of a face. image: (H, W, 3) uint8 BGR. box: (4,) x1, y1, x2, y2, pixels. points:
    (68, 2) iBUG, pixels. person: who it is.
    """

    image: Image
    box: Floats
    points: Floats
    person: str = ""

    @property
    def face_width(self) -> float:
        """Pixels across the face's box."""
        return float(self.box[2] - self.box[0])


def there_and_back(step: int, count: int) -> int:
    """Which of `count` frames a film shows at a step, when it runs there and back again.

    Each end is shown once.
    """
    place = step % max(2 * count - 2, 1)
    return min(place, 2 * count - 2 - place)


@dataclass(frozen=True, eq=False)
class ShownFilm:
    """A film of a face. fps: frames a second."""

    frames: Sequence[Shown]
    fps: float = 30.0

    def at(self, seconds: float) -> Shown:
        """The frame that is shown then; the film runs there and back again."""
        return self.frames[there_and_back(round(seconds * self.fps), len(self.frames))]


@dataclass(frozen=True, eq=False)
class Scene:
    """What the camera would see without the attack: one picture, or those of a film.

    frames: the box and points are those of the attacker's own face. Where nobody stands, the box
    tells where a face would be, and the points are not to be looked at. fps: of the frames.
    """

    frames: Sequence[Shown]
    person_there: bool = True
    fps: float = 30.0

    def at(self, seconds: float) -> Shown:
        """The frame of then."""
        return ShownFilm(self.frames, self.fps).at(seconds)


@dataclass(frozen=True, eq=False)
class Presented:
    """One camera frame. image: (H, W, 3) uint8 BGR. face_box: (4,) where the shown face lies.

    medium: (H, W) float32 0..1, the share of each pixel that what is held up covers: sheet, device,
    without the hand; None: nothing is held up.
    """

    image: Image
    face_box: Floats
    medium: Floats | None = None


class Instrument(Protocol):
    """A kind of attack. All its random values are in the parameters, all else follows from rng."""

    name: str

    def draw(self, rng: np.random.Generator, range_name: str) -> Any:
        """Parameters (a frozen dataclass of `ranges`) of "train" or "test"."""
        ...

    def still(
        self, shown: Shown, scene: Scene, parameters: Any, rng: np.random.Generator
    ) -> Presented:
        """One frame."""
        ...

    def film(
        self,
        shown: ShownFilm,
        scene: Scene,
        parameters: Any,
        rng: np.random.Generator,
        *,
        frames: int,
        fps: float,
    ) -> Iterator[Presented]:
        """Consecutive frames; the medium is held by a hand that is never quite still."""
        ...
