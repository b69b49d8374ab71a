"""One presentation after the other, living or not, each from its own seed alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from edge.faces.detect import detect
from edge.packs import Pack
from training.detector.geometry import iou
from training.errors import DataError
from training.liveness.attacks import (
    INSTRUMENTS,
    Instrument,
    Presented,
    Scene,
    Shown,
    ShownFilm,
    camera,
)
from training.liveness.attacks.ranges import plain
from training.liveness.backgrounds import empty
from training.liveness.framing import Framing
from training.liveness.people import Entry, People, anybody
from training.liveness.samples import LIVE

NOBODY = 0.25
"""Of the attacks: nobody stands behind the medium."""
NOBODY_BEHIND = {"monitor": 0.6, "lifesize": 0.0, "cutout": 0.0, "facemask": 0.0, "mask": 0.0}
SAME = 0.4
"""Least intersection over union of the face that is found and the one that is shown."""
FINE = 1.0
"""Least width of a shown face over the scene's, in pixels: coarser ones are told by their blur."""


AT_HOME = 0.6
"""Of attacks: show somebody of the set that the scene is from. In a scene of a film all do, but for
frames of a door: films have few people, and were others shown in them by attacks alone, an unknown
face in a film would be an attack to a network."""
BESIDE = 0.06
"""Of living people: hold something flat, near their face but not before it."""
THINGS = ("print", "phone", "tablet")


@dataclass(frozen=True, eq=False)
class Made:
    """A presentation. person: who is shown. parameters: JSON-able."""

    frames: Iterator[Presented]
    person: str
    parameters: dict[str, Any]


class Maker:
    """Draws from sets of people. range_name: "train" or "test".

    door: whoever lives or stands behind an attack is seen in whole frames, as a door's camera gives
    them; what is shown comes from all sets. whole: share of the attacks that show all of a picture
    instead of a part around the face; None: as the instruments draw it. turned: share of these that
    are on a device that is turned as the picture lies, so that hardly any bars or edges are seen
    beside it; the others lie as the instruments draw it. beside: share of the living who hold
    something flat near their face.
    """

    def __init__(
        self,
        sets: Sequence[People],
        range_name: str,
        seed: int,
        *,
        door: bool = False,
        whole: float | None = None,
        turned: float = 1.0,
        beside: float = BESIDE,
    ) -> None:
        self.sets, self.range, self.seed, self.door = list(sets), range_name, seed, door
        self.whole_share, self.turned, self.beside = whole, turned, beside
        if not self.sets:
            raise DataError("no set of pictures to make presentations from")
        self.filmed = [s for s in self.sets if s.films]
        self.whole = [s for s in self.sets if s.whole]
        if door and not self.whole:
            raise DataError("a door's camera gives whole frames: --clips or --staged is needed")

    def _rng(self, label: str, index: int, films: bool) -> np.random.Generator:
        return np.random.default_rng((self.seed, crc32(label.encode()), int(films), index))

    def still(self, label: str, index: int) -> Made:
        """Presentation `index` of a label, of one frame."""
        rng = self._rng(label, index, films=False)
        if label == LIVE:
            return self._live(rng)
        people, scene, told = self._scene(label, rng)
        shown = self._victim(people, told["person"], scene.frames[0], rng)
        instrument = INSTRUMENTS[label]
        parameters = self._drawn(instrument, shown, rng)
        frame = instrument.still(shown, scene, parameters, rng)
        return Made(iter([frame]), shown.person, {**plain(parameters), "scene": told})

    def film(self, label: str, index: int, frames: int, fps: float) -> Made:
        """Presentation `index` of a label, of several frames. Raises DataError without films."""
        rng = self._rng(label, index, films=True)
        if not self.filmed:
            raise DataError("films are made from films: --clips is needed")
        people, moving = self._film(rng)
        framing = Framing.draw(moving[0], rng)
        around = [framing.apply(f) for f in moving]
        told: dict[str, Any] = {"person": moving[0].person, "framing": plain(framing)}
        if label == LIVE:
            taken = camera.draw_camera(rng, self.range)
            seen = ShownFilm(around)
            made = (
                Presented(camera.take(now.image, taken, rng), now.box)
                for now in (seen.at(i / fps) for i in range(frames))
            )
            return Made(made, moving[0].person, {"camera": plain(taken), "scene": told})
        scene = Scene(around)
        if rng.random() < 0.4:
            people, scene, told = self._scene(label, rng)
        if label == "replay":
            shown = ShownFilm(self._film(rng)[1])
        else:
            shown = ShownFilm([self._victim(people, told["person"], scene.frames[0], rng)])
        instrument = INSTRUMENTS[label]
        parameters = self._drawn(instrument, shown.frames[0], rng)
        pictures = instrument.film(shown, scene, parameters, rng, frames=frames, fps=fps)
        return Made(pictures, shown.frames[0].person, {**plain(parameters), "scene": told})

    def _drawn(self, instrument: Instrument, shown: Shown, rng: np.random.Generator) -> Any:
        parameters = instrument.draw(rng, self.range)
        if self.whole_share is None or not hasattr(parameters, "portrait"):
            return parameters
        whole = bool(rng.random() < self.whole_share)
        # Lists made with none but turned devices stay as they are: no number is drawn for those.
        turned = self.turned >= 1 or bool(rng.random() < self.turned)
        if whole and turned and hasattr(parameters, "body"):
            high, wide = shown.image.shape[:2]
            parameters = replace(parameters, body=replace(parameters.body, lying=wide > high))
        return replace(parameters, portrait=replace(parameters.portrait, whole=whole))

    def _live(self, rng: np.random.Generator) -> Made:
        people, entry = self._there(rng)
        framed, told = self._framed(people, entry, rng)
        if rng.random() < self.beside:
            return self._with_something(framed, told, rng)
        taken = camera.draw_camera(rng, self.range)
        frame = Presented(camera.take(framed.image, taken, rng), framed.box)
        return Made(iter([frame]), entry.person, {"camera": plain(taken), "scene": told})

    def _with_something(
        self, framed: Shown, told: dict[str, Any], rng: np.random.Generator
    ) -> Made:
        """A living face, and below or beside it a sheet or a device that shows no face.

        Without such people an edge near a face would be an attack, whatever the face is.
        """
        name = THINGS[int(rng.integers(len(THINGS)))]
        size = framed.box[2:] - framed.box[:2]
        aside = float(rng.choice([-1.0, 0.0, 1.0]))
        moved = size * np.array([aside * rng.uniform(1.5, 1.9), rng.uniform(1.5, 1.9)])
        if aside:
            moved[1] = size[1] * rng.uniform(-0.2, 1.2)
        place = (framed.box + np.tile(moved, 2)).astype(np.float32)
        around = replace(framed, box=place)
        side = int(rng.integers(120, 260))
        picture = self._empty(rng, side, side)
        # What it shows fills it: the thing is then about as large as the face.
        inner = np.array([0.08, 0.08, 0.92, 0.92], np.float32) * side
        shown = Shown(picture, inner, framed.points)
        parameters = INSTRUMENTS[name].draw(rng, self.range)
        parameters = replace(
            parameters,
            portrait=replace(parameters.portrait, fitted=False, whole=False),
            focus=replace(parameters.focus, scene=0.0),  # the face is what the camera looks at
        )
        scene = Scene([around], person_there=False)
        frame = INSTRUMENTS[name].still(shown, scene, parameters, rng)
        values = {**plain(parameters), "scene": {**told, "beside": name}}
        return Made(iter([replace(frame, face_box=framed.box)]), framed.person, values)

    def _framed(
        self, people: People, entry: Entry, rng: np.random.Generator
    ) -> tuple[Shown, dict[str, Any]]:
        picture = people.read(entry)
        framing = Framing.whole(picture, rng) if self.door else Framing.draw(picture, rng)
        told: dict[str, Any] = {"person": entry.person, "framing": plain(framing)}
        if people.whole and not people.films:
            told["staged"] = True
        return framing.apply(picture), told

    def _one(
        self, rng: np.random.Generator, sets: Sequence[People] | None = None
    ) -> tuple[People, Entry]:
        return anybody(self.sets if sets is None else sets, rng)

    def _there(self, rng: np.random.Generator) -> tuple[People, Entry]:
        """Who stands before the camera."""
        return self._one(rng, self.whole if self.door else None)

    def _film(self, rng: np.random.Generator) -> tuple[People, list[Shown]]:
        people = self.filmed[int(rng.integers(len(self.filmed)))]
        entries = people.by_film[people.films[int(rng.integers(len(people.films)))]]
        return people, [people.read(e) for e in entries]

    def _victim(
        self, home: People, attacker: str, covered: Shown, rng: np.random.Generator
    ) -> Shown:
        """Somebody else's picture, fine enough for the size at which it will be shown."""
        best: tuple[People, Entry] | None = None
        always = bool(home.films) and not self.door
        at_home = len(home.people) > 1 and (always or rng.random() < AT_HOME)
        for _ in range(24):
            people, entry = (home, home.draw(rng)) if at_home else self._one(rng)
            if entry.person == attacker:
                continue
            width = float(entry.label.box[2] - entry.label.box[0])
            if best is None or width > float(best[1].label.box[2] - best[1].label.box[0]):
                best = people, entry
            if width >= FINE * covered.face_width:
                return people.read(entry)
        if best is None:
            raise DataError(f"there is nobody but {attacker} to be shown")
        return best[0].read(best[1])

    def _scene(self, label: str, rng: np.random.Generator) -> tuple[People, Scene, dict[str, Any]]:
        """Where the attack happens; who stands there, and what of the picture is seen."""
        people, entry = self._there(rng)
        framed, told = self._framed(people, entry, rng)
        if rng.random() >= NOBODY_BEHIND.get(label, NOBODY):
            return people, Scene([framed]), told
        high, wide = framed.image.shape[:2]
        empty = Shown(self._empty(rng, wide, high), framed.box, framed.points)
        return people, Scene([empty], person_there=False), {**told, "person": ""}

    def _empty(self, rng: np.random.Generator, wide: int, high: int) -> NDArray[np.uint8]:
        return empty(rng, wide, high, lambda: self._one(rng))


def found(pack: Pack, presented: Presented) -> NDArray[np.float32] | None:
    """(4,) the box that the pack's detector gives for the face that is shown; None: not found."""
    boxes, _ = detect(pack, presented.image)
    if not len(boxes):
        return None
    alike = iou(boxes, presented.face_box[None])[:, 0]
    best = int(alike.argmax())
    return np.asarray(boxes[best], np.float32) if alike[best] >= SAME else None
