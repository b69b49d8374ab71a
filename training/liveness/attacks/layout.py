"""Which part of a picture is shown on a medium, and where on it: in centimetres of the medium."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.liveness.attacks.ranges import chance, span
from training.liveness.attacks.things import Image, Shown


@dataclass(frozen=True)
class Portrait:
    """across: width of what is shown, in face widths. rise: how far the face lies above its
    middle, in face heights. fitted: shown whole between bars, instead of filling its place.
    whole: all of the picture, whatever the size of the face in it.
    """

    across: float = span([(1.3, 1.8), (2.2, 3.6)], (1.8, 2.2))
    rise: float = span([(-0.05, 0.08), (0.14, 0.25)], (0.08, 0.14))
    fitted: bool = chance(0.35)
    whole: bool = chance(0.12)
    mirrored: bool = chance(0.5)


@dataclass(frozen=True, eq=False)
class Laid:
    """A part of a picture on a medium.

    source: (4,) int x1, y1, x2, y2 of the picture. place: (4,) x1, y1, x2, y2 in cm.
    """

    source: NDArray[np.int64]
    place: NDArray[np.float64]
    mirrored: bool

    def on_medium(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n, 2) cm of (n, 2) pixels of the picture."""
        low, size = self.source[:2] - 0.5, self.source[2:] - self.source[:2]
        share = (np.asarray(points, float) - low) / size
        if self.mirrored:
            share[:, 0] = 1 - share[:, 0]
        return np.asarray(self.place[:2] + share * (self.place[2:] - self.place[:2]))

    def face(self, shown: Shown) -> NDArray[np.float64]:
        """The face's box in cm."""
        corners = self.on_medium(shown.box.reshape(2, 2))
        return np.concatenate([corners.min(axis=0), corners.max(axis=0)])

    def cut(self, image: Image, per_cm: float) -> Image:
        """The part at `per_cm` pixels a cm."""
        x1, y1, x2, y2 = self.source
        size = [max(round(float(v) * per_cm), 4) for v in self.place[2:] - self.place[:2]]
        part = image[y1:y2, x1:x2]
        smaller = size[0] < x2 - x1
        how = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
        out = cv2.resize(part, (size[0], size[1]), interpolation=how)
        return np.asarray(out[:, ::-1] if self.mirrored else out, np.uint8)


def lay(shown: Shown, portrait: Portrait, area: NDArray[np.floating]) -> Laid:
    """Chooses the part of a picture and puts it into `area` (4,) x1, y1, x2, y2 in cm.

    The whole face is always in it. Where the picture is too small or the area has another shape,
    less is shown, or the rest of the area stays empty.
    """
    high, wide = shown.image.shape[:2]
    box = np.clip(shown.box.astype(float), 0, [wide, high, wide, high])
    face_w, face_h = box[2] - box[0], box[3] - box[1]
    room = area[2:] - area[:2]
    aspect = float(room[0] / room[1])
    least = np.array([min(1.12 * face_w, wide), min(1.12 * face_h, high)])
    if portrait.whole:
        return _placed(np.array([0, 0, wide, high]), portrait, area)
    w = min(max(portrait.across * face_w, least[0]), wide)
    h = w / aspect
    if h > high:
        w, h = high * aspect, float(high)
    if portrait.fitted or w < least[0] or h < least[1]:
        w = min(max(portrait.across * face_w, least[0]), wide)
        h = min(max(w * min(max(1 / aspect, 0.8), 1.35), least[1]), high)
    middle = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2 + portrait.rise * face_h])
    low = np.clip(middle - (w / 2, h / 2), box[2:] - (w, h), box[:2])
    low = np.clip(low, 0, [wide - w, high - h])
    x1, y1 = (int(v) for v in np.floor(low))
    x2, y2 = min(int(np.ceil(low[0] + w)), wide), min(int(np.ceil(low[1] + h)), high)
    return _placed(np.array([x1, y1, x2, y2]), portrait, area)


def _placed(part: NDArray[np.int64], portrait: Portrait, area: NDArray[np.floating]) -> Laid:
    """A part of a picture (4,), as large as it can be in the middle of an area."""
    size = part[2:] - part[:2]
    half = size * float(((area[2:] - area[:2]) / size).min()) / 2
    centre = (area[:2] + area[2:]) / 2
    return Laid(part, np.concatenate([centre - half, centre + half]), portrait.mirrored)
