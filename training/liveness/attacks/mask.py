"""Pieces of somebody's printed face worn on a living one: nose, mouth, cheeks, half a face."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from training.liveness.attacks import compose, light, paper
from training.liveness.attacks.camera import Camera, take, to_levels, to_light
from training.liveness.attacks.optics import softened
from training.liveness.attacks.paper import Paper
from training.liveness.attacks.ranges import choice, draw, span
from training.liveness.attacks.surface import Seen
from training.liveness.attacks.things import Presented, Scene, Shown, ShownFilm

FACE_CM = 14.5
"""Width of a head, by which pixels become centimetres."""
PIECES: dict[str, tuple[tuple[int, ...], ...]] = {
    "nose": ((27, 28, 31, 32, 33, 34, 35),),
    "mouth": (tuple(range(48, 60)),),
    "lower": ((*range(2, 15), 29),),
    "cheeks": ((1, 2, 3, 4, 48, 31, 40, 41), (15, 14, 13, 12, 54, 35, 46, 47)),
    "eyes": ((*range(17, 27), 41, 46, 28),),
    "upper": ((0, 1, 15, 16, *range(17, 27), 33, 31, 35),),
    "half": ((*range(0, 9), 17, 18, 19, 20, 21, 27, 28, 29, 30, 33, 51, 57),),
    "middle": ((36, 45, 17, 26, 48, 54, 57, 31, 35),),
}
"""The iBUG points that each piece of paper goes around."""
INNER = slice(17, 68)


@dataclass(frozen=True, kw_only=True)
class Masked:
    """pieces: which. grow: of a piece beyond its points. askew: degrees; right, down: face widths
    by which it sits wrong; fit: its size over the face's. edge: bare paper along the cut, cm.
    shadow: below its edges. lamp: light on it over that on the scene.
    """

    pieces: str = choice(["nose", "mouth", "lower", "cheeks", "half"], ["eyes", "upper", "middle"])
    grow: float = span([(1.1, 1.25), (1.4, 1.6)], (1.25, 1.4))
    askew: float = span([(-7, -2), (1, 6)], (-2, 1))
    right: float = span([(-0.04, -0.01), (0.01, 0.04)], (-0.01, 0.01))
    down: float = span([(-0.04, -0.01), (0.01, 0.04)], (-0.01, 0.01))
    fit: float = span([(0.92, 1.0), (1.06, 1.12)], (1.0, 1.06))
    edge: float = span([(0.05, 0.12), (0.2, 0.3)], (0.12, 0.2), share=0.7)
    shadow: float = span([(0.15, 0.3), (0.45, 0.6)], (0.3, 0.45))
    lamp: float = span([(0.85, 1.0), (1.2, 1.4)], (1.0, 1.2), log=True)
    paper: Paper
    camera: Camera


class _Worn:
    """Pieces of one picture, rendered on one face frame by frame."""

    def __init__(
        self, shown: Shown, first: Shown, p: Masked, there: bool, rng: np.random.Generator
    ) -> None:
        if not there:
            raise ValueError("a mask needs somebody who wears it")
        self.p, self._steady = p, int(rng.integers(2**62))
        self.falling = light.falling(first, there) * np.float32(p.lamp)
        # As fine as the camera will see it, so that nothing aliases.
        to = self._onto(shown, first)
        shrink = min(1.7 * float(np.sqrt(abs(np.linalg.det(to[:, :2])))), 1.0)
        size = [max(round(n * shrink), 8) for n in shown.image.shape[1::-1]]
        small = cv2.resize(shown.image, (size[0], size[1]), interpolation=cv2.INTER_AREA)
        factor = np.array(size) / shown.image.shape[1::-1]
        points = (shown.points + 0.5) * factor - 0.5
        self.shown = Shown(np.asarray(small, np.uint8), shown.box, points.astype(np.float32))
        per_cm = float((shown.box[2] - shown.box[0]) * factor[0]) / FACE_CM
        steady = np.random.default_rng(self._steady)
        ink = paper.roughened(paper.printed(self.shown.image, p.paper), p.paper, per_cm, steady)
        self.ink = ink

    def _onto(self, shown: Shown, now: Shown) -> NDArray[np.float64]:
        """(2, 3): from the picture to the face that wears it, as well as flat paper can fit."""
        p = self.p
        there = np.asarray(now.points[INNER], float)
        here = np.column_stack([shown.points[INNER], np.ones(51)])
        to = np.linalg.lstsq(here, there, rcond=None)[0].T
        middle = there.mean(axis=0)
        c, s = p.fit * np.cos(np.radians(p.askew)), p.fit * np.sin(np.radians(p.askew))
        turn = np.array([[c, -s], [s, c]])
        moved = np.array([p.right, p.down]) * now.face_width
        return np.column_stack([turn @ to[:, :2], turn @ (to[:, 2] - middle) + middle + moved])

    def frame(self, now: Shown, rng: np.random.Generator) -> Presented:
        """One camera frame."""
        p, high, wide = self.p, *now.image.shape[:2]
        frame = to_light(now.image)
        reach = 0.35 * (now.box[2:] - now.box[:2])
        x1, y1 = (int(v) for v in np.clip(np.floor(now.box[:2] - reach), 0, (wide, high)))
        x2, y2 = (int(v) for v in np.clip(np.ceil(now.box[2:] + reach), 0, (wide, high)))
        to = self._onto(self.shown, now)
        shifted = to - np.array([[0, 0, x1], [0, 0, y1]])
        scale = now.face_width / FACE_CM
        size = (x2 - x1, y2 - y1)
        ink = cv2.warpAffine(self.ink, shifted, size, borderMode=cv2.BORDER_REPLICATE)
        cut, inner = self._cut(shifted, size, p.edge * scale)
        bare = paper.bare(p.paper)
        ink = np.asarray(bare + (ink - bare) * inner[..., None], np.float32)
        middle = (now.box[:2] + now.box[2:]) / 2
        x = ((np.arange(x1, x2) - middle[0]) / scale).astype(np.float32)
        y = ((np.arange(y1, y2) - middle[1]) / scale).astype(np.float32)
        grid_x, grid_y = np.meshgrid(x, y)
        # Paper on a head is bent around it: less light from its sides.
        round_off = np.sqrt(np.maximum(1 - (grid_x / np.float32(0.75 * FACE_CM)) ** 2, 0.2))
        seen = Seen(grid_x, grid_y, round_off, None)
        ink = paper.screened(np.asarray(ink, np.float32), seen, p.paper, scale, p.camera)
        half = np.array([FACE_CM, FACE_CM * 1.3]) / 2
        steady = np.random.default_rng(self._steady + 1)
        sheet = paper.lit(ink, seen, p.paper, self.falling, half, steady)
        roi = (x1, y1, x2, y2)
        compose.shadow(frame, roi, cut, 0.35 * scale, p.shadow)
        compose.lay_on(frame, roi, sheet, cut)
        image = take(to_levels(frame), p.camera, rng)
        medium = compose.over_frame(cut, roi, (high, wide))
        return Presented(image, np.asarray(now.box, np.float32), medium)

    def _cut(
        self, to: NDArray[np.floating], size: tuple[int, int], edge: float
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(h, w) each, 0..1: where there is paper, and where it is printed on."""
        masks = [np.zeros(size[::-1], np.uint8) for _ in range(2)]
        points = self.shown.points @ to[:, :2].T + to[:, 2]
        rough = np.random.default_rng(self._steady + 2)
        for numbers in PIECES[self.p.pieces]:
            ring = cv2.convexHull(points[list(numbers)].astype(np.float32))[:, 0]
            out = ring - ring.mean(axis=0)
            far = np.linalg.norm(out, axis=1, keepdims=True) + 1e-6
            cut = self.p.grow * (1 + rough.normal(0, 0.03, far.shape))
            for mask, inward in zip(masks, (0.0, edge), strict=True):
                kept = ring.mean(axis=0) + out * np.maximum(cut - inward / far, 0.1)
                corners = np.round(kept * 8).astype(np.int32)
                cv2.fillPoly(mask, [corners], (255,), cv2.LINE_AA, 3)
        cut_out, inner = (softened((m / 255).astype(np.float32), 0.4) for m in masks)
        return cut_out, inner


class Mask:
    """Pieces of paper on a living face."""

    name = "mask"

    def draw(self, rng: np.random.Generator, range_name: str) -> Masked:
        """Parameters of "train" or "test"."""
        return draw(Masked, rng, range_name)

    def still(
        self, shown: Shown, scene: Scene, parameters: Any, rng: np.random.Generator
    ) -> Presented:
        """One frame. Raises ValueError for a scene without a person."""
        first = scene.frames[0]
        return _Worn(shown, first, parameters, scene.person_there, rng).frame(first, rng)

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
        """The pieces go where the face goes. Raises ValueError for a scene without a person."""
        worn = _Worn(shown.frames[0], scene.frames[0], parameters, scene.person_there, rng)
        for i in range(frames):
            yield worn.frame(scene.at(i / fps), rng)
