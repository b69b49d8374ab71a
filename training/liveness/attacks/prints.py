"""Printed pictures: a sheet or photograph held flat (`print`) or bent (`warped`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.liveness.attacks import compose, light, paper
from training.liveness.attacks import hold as holding
from training.liveness.attacks.camera import Camera, take, to_levels, to_light
from training.liveness.attacks.compose import Focus
from training.liveness.attacks.hold import Bone, Hand, Hold
from training.liveness.attacks.layout import Laid, Portrait, lay
from training.liveness.attacks.motion import Motion, Path, Sway
from training.liveness.attacks.optics import softened
from training.liveness.attacks.paper import Paper
from training.liveness.attacks.ranges import chance, choice, draw, span
from training.liveness.attacks.surface import Seen, Surface
from training.liveness.attacks.things import Presented, Scene, Shown, ShownFilm

FORMATS = {
    "a4": (21.0, 29.7),
    "a3": (29.7, 42.0),
    "a5": (14.8, 21.0),
    "letter": (21.6, 27.9),
    "10x15": (10.2, 15.2),
    "13x18": (12.7, 17.8),
    "20x20": (20.0, 20.0),
}
"""Width and height, cm."""


@dataclass(frozen=True, kw_only=True)
class Printed:
    """A sheet. margin: bare paper around the picture, cm. filling: so near that it fills the frame,
    where the picture on it is fine enough. lamp: light on it over that on the scene.
    """

    form: str = choice(["a4", "a3", "10x15", "20x20"], ["letter", "a5", "13x18"])
    margin: float = span([(0.3, 0.8), (1.5, 2.5)], (0.8, 1.5), share=0.6)
    filling: bool = chance(0.2)
    lamp: float = span([(0.85, 1.1), (1.4, 1.8)], (1.1, 1.4), log=True)
    portrait: Portrait
    paper: Paper
    hold: Hold
    hand: Hand
    focus: Focus
    motion: Motion
    camera: Camera


@dataclass(frozen=True, kw_only=True)
class Bent(Printed):
    """A sheet that is bent into a part of a cylinder. bend: angle over its width, degrees; below 0
    the edges come forward. axis: degrees of the direction that is bent (0: about a vertical axis).
    lamp_angle: degrees from the sheet's middle to where light comes from.
    """

    bend: float = span([(-75, -45), (30, 60), (80, 120)], [(-45, -25), (60, 80)])
    axis: float = span([(-10, 10), (40, 60), (80, 100)], [(10, 40), (60, 80)])
    lamp_angle: float = span([(-60, -20), (20, 40)], [(-20, 20), (40, 60)])


class Sheet:
    """One sheet in a hand, before one scene: rendered frame by frame."""

    def __init__(
        self, shown: Shown, first: Shown, p: Printed, there: bool, rng: np.random.Generator
    ) -> None:
        self.p, self.first, self.there = p, first, there
        self._steady = int(rng.integers(2**62))
        self.half, self.laid = self.laying(shown)
        self.face = self.laid.face(shown)
        self.falling = light.falling(first, there) * np.float32(p.lamp)
        made = self.surface(first, Sway())
        self.per_cm = float(np.clip(1.7 * made.scale((self.face[:2] + self.face[2:]) / 2), 2, 60))
        self.texture = self._print(shown, np.random.default_rng(self._steady))

    def laying(self, shown: Shown) -> tuple[NDArray[np.float64], Laid]:
        """The sheet's half size (2,) in cm, and what lies where on it."""
        half = np.array(FORMATS[self.p.form]) / 2
        area = np.concatenate([-half, half]) + self.p.margin * np.array([1, 1, -1, -1])
        return half, lay(shown, self.p.portrait, area)

    def covers(self, seen: Seen, scale: float) -> NDArray[np.float32]:
        """Share (h, w) of each pixel that is paper. scale: pixels a cm."""
        return compose.inside(seen, self.half, 0.0, scale)

    def hands(self, rng: np.random.Generator) -> tuple[list[Bone], list[Bone]]:
        """What holds it, behind it and before it."""
        return holding.hands(self.p.hand, self.half, rng)

    def _print(self, shown: Shown, rng: np.random.Generator) -> NDArray[np.float32]:
        wide, high = (max(round(float(v) * 2 * self.per_cm), 4) for v in self.half)
        sheet = np.full((high, wide, 3), 255, np.uint8)
        cut = self.laid.cut(shown.image, self.per_cm)
        x, y = (round(v) for v in (self.laid.place[:2] + self.half) * self.per_cm)
        cut = cut[: high - y, : wide - x]
        sheet[y : y + cut.shape[0], x : x + cut.shape[1]] = cut
        return paper.roughened(paper.printed(sheet, self.p.paper), self.p.paper, self.per_cm, rng)

    def surface(self, now: Shown, sway: Sway) -> Surface:
        """Where the sheet is. now: the frame of the scene, for what goes where a face goes."""
        del now
        p, hold = self.p, sway.moved(self.p.hold)
        bend, axis, lamp = 0.0, 0.0, (0.0, 0.0, -1.0)
        if isinstance(p, Bent):
            bend = np.radians(p.bend * (1 + 0.6 * sway.bend)) / (2 * float(self.half[0]))
            axis, aside = np.radians(p.axis), np.radians(p.lamp_angle)
            lamp = (float(np.sin(aside)), -0.3, -float(np.cos(aside)))
            size = float(np.linalg.norm(lamp))
            lamp = (lamp[0] / size, lamp[1] / size, lamp[2] / size)
        if p.filling:
            near = filling(self.laid, self.face, self.first, hold)
            if near is not None:
                return near
        return hold.surface(self.face, self.half, self.first, bend=bend, axis=axis, light=lamp)

    def frame(self, now: Shown, sway: Sway, rng: np.random.Generator) -> Presented:
        """One camera frame."""
        p, steady = self.p, np.random.default_rng(self._steady + 1)
        size = now.image.shape[:2]
        reach = max(size) / 640
        surface = self.surface(now, sway)
        frame = softened(to_light(now.image), p.focus.scene * reach)
        falling = self.falling
        skin = light.skin(now) if self.there else light.some_skin(steady, falling)
        cloth = light.cloth(self.first, steady, falling)
        behind, front = self.hands(steady)
        medium = np.zeros(size, np.float32)
        roi = compose.covered(surface, self.half, size)
        if roi is not None:
            seen = surface.see(*roi)
            scale = surface.scale((0, 0))
            alpha = self.covers(seen, scale)
            ink = compose.sampled(self.texture, seen, self.half, self.per_cm)
            ink = paper.screened(ink, seen, p.paper, scale, p.camera)
            sheet = paper.lit(ink, seen, p.paper, falling, self.half, steady)
            blur = p.focus.medium * reach
            sheet, alpha = softened(sheet, blur), softened(alpha, blur)
            if p.focus.shadow:
                compose.shadow(frame, roi, alpha, p.focus.shadow_size * scale, p.focus.shadow)
            holding.draw(frame, behind, surface, skin, cloth, steady, blur)
            compose.lay_on(frame, roi, sheet, alpha)
            medium = compose.over_frame(alpha, roi, size)
            holding.draw(frame, front, surface, skin, cloth, steady, blur)
        image = take(to_levels(frame), p.camera, rng)
        return Presented(image, compose.face_box(surface, self.face), medium)


def filling(laid: Laid, face: NDArray[np.floating], now: Shown, hold: Hold) -> Surface | None:
    """A picture that covers the whole frame, or None where its face would be far larger than the
    scene's own: such a picture would be told by its blur.
    """
    high, wide = now.image.shape[:2]
    room = laid.place[2:] - laid.place[:2]
    scale = 1.12 * max(wide / room[0], high / room[1])
    if (face[2] - face[0]) * scale > 1.5 * now.face_width:
        return None
    angles = (hold.yaw * 0.15, hold.pitch * 0.15, hold.roll * 0.3)
    middle = np.array([(wide - 1) / 2, (high - 1) / 2])
    about = (laid.place[:2] + laid.place[2:]) / 2
    return Surface.holding(about, middle, scale, hold.distance, angles, (high, wide))


class PaperInstrument:
    """Sheets of paper."""

    def __init__(self, name: str, of: type[Printed], sheet: type[Sheet] = Sheet) -> None:
        self.name, self._of, self._sheet = name, of, sheet

    def draw(self, rng: np.random.Generator, range_name: str) -> Printed:
        """Parameters of "train" or "test"."""
        return draw(self._of, rng, range_name)

    def still(
        self, shown: Shown, scene: Scene, parameters: Any, rng: np.random.Generator
    ) -> Presented:
        """One frame."""
        first = scene.frames[0]
        sheet = self._sheet(shown, first, parameters, scene.person_there, rng)
        return sheet.frame(first, Sway(), rng)

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
        """The first frame of `shown`, held before a scene that may move."""
        path = Path(parameters.motion, rng)
        sheet = self._sheet(shown.frames[0], scene.frames[0], parameters, scene.person_there, rng)
        for i in range(frames):
            yield sheet.frame(scene.at(i / fps), path.at(i / fps), rng)
