"""Other pictures laid over views of living people, while training: never the same one twice.

Rendered attacks (`training.liveness.attacks`) take a fiftieth of a second each, so there are some
thousands of every instrument, and a network learns these by heart: of life-size photographs that it
had learned 0.7 % passed, of others 7. A flat picture's edge beside hair, a neck or a wall can be
drawn as often as it is asked for. Nothing of paper, ink or pixels is in it; that is left to the
rendered ones. Li et al. 2021 (CutPaste) and Shiohara and Yamasaki 2022 (self-blended images) teach
by such pastes what is not whole.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.packs import preprocess
from training.liveness.crops import Image, scales_of
from training.liveness.store import MAP, Store

Box = NDArray[np.floating]
Map = NDArray[np.float32]
Points = NDArray[np.float64]

FINE = 4
"""Pixels of a sheet's outline along one of a crop."""
NEAREST, WIDER = 0, 1
"""Kept squares that a sheet's picture is taken from: one face, or a face and what is around it."""
SQUARE = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64)
MATTED = 0.6
"""Of whole pictures: with bars or margins. Few have the shape of the sheet or display that they are
on, and what then lies beside them is as wide as a body: a network that has seen rims alone takes it
for a table or a wall."""


class Sheet(NamedTuple):
    """A flat picture. source: of the store, whose picture. part: the kept square that it is taken
    from; None: for each crop its own. area: (4, 2) its corners in that picture, in face sizes from
    the pictured face; corners: where they lie on the view, from the face of the view. mat: what is
    plain beside the picture, left, above, right and below, face sizes; and its colour, BGR. rim:
    its width, face sizes, beyond the mat; and its grey level.
    """

    source: int
    part: int | None
    area: Points
    corners: Points
    mat: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    tone: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rim: float = 0.0
    shade: float = 0.0


def before(source: int, part: int, reach: float, rng: np.random.Generator) -> Sheet:
    """A sheet about as large as a face, which comes to lie on the face of the view.

    reach: sides of the kept square, in face sizes: no more is known of the picture.
    """
    limit = reach / 2 * 0.97
    low = 0.5 if part == NEAREST else 0.75
    wide = rng.uniform(low, limit)
    tall = min(limit, max(low, wide * np.exp(rng.normal(0.15, 0.2))))
    half = np.array([wide, tall])
    room = np.maximum(limit - half, 0)
    middle = np.clip(rng.normal(0, 0.12, 2) * half, -room, room)
    area = SQUARE * half - middle
    return Sheet(source, part, area, _held(area, half, rng))


def beside(source: int, part: int, reach: float, rng: np.random.Generator) -> Sheet:
    """A sheet that leaves the face free: a picture on the wall, a phone in the hand."""
    half = rng.uniform(0.15, 0.45 * reach / 2, 2)
    away = rng.uniform(0, 2 * np.pi)
    # Off an ellipse about the face, whatever the sheet's own size.
    direction = np.array([np.cos(away), np.sin(away)])
    clear = np.array([0.55, 0.75]) + half * 1.15
    at = direction * clear / max(np.abs(direction)) * rng.uniform(1.0, 1.6)
    limit = np.maximum(reach / 2 * 0.97 - half, 0)
    area = SQUARE * half - rng.uniform(-limit, limit)
    return Sheet(source, part, area, _held(area - area.mean(axis=0), half, rng) + at)


def whole(source: int, picture: Box, view: Box, rng: np.random.Generator) -> Sheet | None:
    """A picture of somebody and their room, which nearly fills the view: a screen, a poster.

    picture, view: (4,) the frames of both, left, top, right, bottom, in face sizes from the face.
    One of its ends is in sight at least. None: there is no room for one.
    """
    ends = np.abs(picture)
    shown = rng.random(4) < 0.5
    shown[rng.integers(4)] = True
    mat = np.zeros(4)
    if rng.random() < MATTED:
        sides = slice(1, None, 2) if rng.random() < 0.75 else slice(0, None, 2)
        mat[sides] = rng.uniform(0.2, 3.5) * np.exp(rng.normal(0, 0.25, 2))
        shown[sides] |= rng.random(2) < 0.8
    wanted = np.abs(view) * np.where(shown, rng.uniform(0.45, 0.97, 4), 1.3)
    ends = np.minimum(ends, wanted)
    if (ends < 0.6).any() or (ends > np.abs(view) - 0.05).all():
        return None
    left, top, right, bottom = ends * (-1, -1, 1, 1)
    area = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    half = (area[2] - area[0]) / 2
    rim = rng.uniform(0.03, 0.3) if rng.random() < 0.7 else 0.0
    shade = rng.choice([rng.uniform(0, 60), rng.uniform(0, 255), rng.uniform(180, 255)])
    tone = rng.choice([rng.uniform(0, 50), rng.uniform(0, 255), rng.uniform(170, 255)])
    tint = np.exp(rng.normal(0, 0.06 if rng.random() < 0.6 else 0.4, 3))
    return Sheet(
        source,
        None,
        area,
        _held(area, half, rng, 0.4),
        mat=(float(mat[0]), float(mat[1]), float(mat[2]), float(mat[3])),
        tone=(float(tone * tint[0]), float(tone * tint[1]), float(tone * tint[2])),
        rim=rim,
        shade=float(shade),
    )


def _wider(corners: Points, by: tuple[float, float, float, float]) -> Points:
    """(4, 2) corners moved outwards along their own sheet's sides: left, above, right, below."""
    across = corners[[1, 2]].mean(axis=0) - corners[[0, 3]].mean(axis=0)
    down = corners[[2, 3]].mean(axis=0) - corners[[0, 1]].mean(axis=0)
    left, above, right, below = by
    along = np.array([-left, right, right, -left])[:, None] * across / np.linalg.norm(across)
    return (
        corners
        + along
        + np.array([-above, -above, below, below])[:, None] * (down / np.linalg.norm(down))
    )


def _held(
    area: Points, half: NDArray[np.float64], rng: np.random.Generator, far: float = 1.0
) -> Points:
    """Turned and leaning a little; `far`: the share of that."""
    angle = rng.normal(0, 0.09 * far)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    lean = np.exp(rng.normal(0, 0.05 * far, 2))
    return np.asarray(area @ turn.T * lean + rng.normal(0, 0.04 * far, (4, 2)) * half, np.float64)


def frame(store: Store, index: int, box: Box) -> NDArray[np.float64]:
    """(4,) left, top, right and bottom of a sample's frame, in face sizes from a box in it."""
    size = float((box[2:] - box[:2]).max())
    middle = np.tile((box[:2] + box[2:]) / 2, 2)
    edges = np.concatenate([(-0.5, -0.5), store.frames[index] - 0.5])
    return np.asarray((edges - middle) / size, np.float64)


def lay(
    image: Image, store: Store, index: int, box: Box, sheet: Sheet, rng: np.random.Generator
) -> tuple[Image, Map, NDArray[np.float64]]:
    """Crops (n · S, S, 3) uint8 BGR of `box` of sample `index` with the sheet on them.

    And where it is on their map (n · S / 8, S / 8), 0..1, and (n,) the share of what each shows of
    the frame that is beside its picture: rim, or what is behind. The sheet has its own light,
    colours and sharpness; some throw a shadow, and some are darker to one side, as bent paper is.
    """
    side, scales = image.shape[1], scales_of(store.spec)
    look = _Look(rng)
    out, where, free = image.astype(np.float32), [], []
    there = store.samples[sheet.source].box
    taken = _placed(sheet.area, there).astype(np.float32)
    onto_frame = _placed(sheet.corners, box)
    reach = frame(store, index, box)
    edges = np.array([reach[[0, 1]], reach[[2, 1]], reach[[2, 3]], reach[[0, 3]]])
    matted = _wider(sheet.corners, sheet.mat)
    rimmed = _wider(matted, (sheet.rim,) * 4)
    for i, matrix in enumerate(preprocess.face_matrices(store.spec, box)):
        square, had = store.square(sheet.source, i if sheet.part is None else sheet.part)
        outline = _through(matrix, onto_frame)
        inside = _filled(_through(matrix, _placed(edges, box)), side)
        seen = np.minimum(_filled(outline, side), inside)
        all_of_it = np.minimum(_filled(_through(matrix, _placed(rimmed, box)), side), inside)
        flat = cv2.getPerspectiveTransform(
            _through(had, taken).astype(np.float32), outline.astype(np.float32)
        )
        ratio = float(np.sqrt(abs(np.linalg.det(flat[:2, :2]))))
        laid = look.of(square, flat, ratio, side, scales[i])
        ground = out[i * side : (i + 1) * side]
        ground = look.shaded(ground, all_of_it, inside, side / scales[i])
        if sheet.rim:
            ground = ground + (sheet.shade - ground) * all_of_it[..., None]
        if any(sheet.mat):
            cover = np.minimum(_filled(_through(matrix, _placed(matted, box)), side), inside)
            ground = ground + (look.toned(sheet.tone, side, scales[i]) - ground) * cover[..., None]
        edge = cv2.GaussianBlur(seen, (0, 0), look.soft) if look.soft > 0.3 else seen
        edge = np.minimum(edge, inside)
        out[i * side : (i + 1) * side] = ground + (laid - ground) * edge[..., None]
        cells = side // MAP
        where.append(cv2.resize(all_of_it, (cells, cells), interpolation=cv2.INTER_AREA))
        free.append(1 - float(seen.sum() / max(inside.sum(), 1)))
    shown = np.clip(out, 0, 255).astype(np.uint8)
    return shown, np.asarray(np.concatenate(where), np.float32), np.array(free)


class _Look:
    """How a sheet's picture was taken and is lit, the same on all crops."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.contrast = np.exp(rng.normal(-0.1, 0.2))
        self.gain = np.exp(rng.normal(0, 0.2) + rng.normal(0, 0.06, 3)).astype(np.float32)
        self.blur = rng.uniform(0, 0.025)  # face sizes
        self.slope = rng.normal(0, 0.25)
        self.soft = rng.uniform(0.0, 0.7)
        self.shadow = rng.uniform(0.3, 0.9) if rng.random() < 0.5 else 1.0
        self.thrown = rng.normal(0.02, 0.04, 2)

    def of(
        self, square: Image, flat: NDArray[Any], ratio: float, side: int, scale: float
    ) -> NDArray[np.float32]:
        """(side, side, 3) of a kept square, `ratio` times as large as there."""
        sigma = max(self.blur * side / scale / ratio, 0.4 / ratio if ratio < 1 else 0)
        smooth = cv2.GaussianBlur(square, (0, 0), sigma) if sigma > 0.3 else square
        laid = cv2.warpPerspective(smooth, flat, (side, side), borderMode=cv2.BORDER_REPLICATE)
        toned = ((laid.astype(np.float32) - 128) * np.float32(self.contrast) + 128) * self.gain
        return np.asarray(np.clip(toned * self._bent(side, scale), 0, 255), np.float32)

    def toned(
        self, tone: tuple[float, float, float], side: int, scale: float
    ) -> NDArray[np.float32]:
        """(1, side, 3) of what is plain."""
        plain = np.array(tone, np.float32) * self._bent(side, scale)
        return np.asarray(np.clip(plain, 0, 255), np.float32)

    def _bent(self, side: int, scale: float) -> NDArray[np.float32]:
        """(1, side, 1) darker to one side."""
        x = (np.arange(side) - side / 2) / side * scale
        return np.clip(1 + self.slope * x, 0.6, 1.4).astype(np.float32)[None, :, None]

    def shaded(
        self, ground: NDArray[np.float32], cover: Map, inside: Map, face: float
    ) -> NDArray[np.float32]:
        """Darker where the sheet, `cover`, throws its shadow. face: pixels of a face size."""
        if self.shadow == 1:
            return ground
        right, down = self.thrown * face
        off = cv2.warpAffine(
            cover, np.array([[1, 0, right], [0, 1, down]]), cover.shape[::-1], borderValue=0
        )
        dark = cv2.GaussianBlur(off, (0, 0), 0.06 * face + 0.3) * inside
        return np.asarray(ground * (1 - (1 - self.shadow) * dark[..., None]), np.float32)


def _placed(points: Points, box: Box) -> Points:
    """(n, 2) in face sizes from the middle of a box, in pixels of its picture."""
    size = float((box[2:] - box[:2]).max())
    return np.asarray((box[:2] + box[2:]) / 2 + points * size, np.float64)


def _through(matrix: NDArray[np.float64], points: NDArray[np.floating]) -> Points:
    """(n, 2) points under a 2x3 matrix."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], np.float64)


def _filled(outline: Points, side: int) -> Map:
    """(side, side) 0..1: how much of each pixel lies within (4, 2) corners."""
    fine = np.zeros((side * FINE, side * FINE), np.uint8)
    at = np.round(((outline + 0.5) * FINE - 0.5) * 16).astype(np.int32)
    cv2.fillConvexPoly(fine, at, 255, shift=4)
    small = cv2.resize(fine, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(small / np.float32(255), np.float32)
