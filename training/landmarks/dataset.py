"""Samples of faces: a crop as the device makes it, jittered, changed in its light, and its labels.

All randomness of a sample follows from (seed, epoch, index). What a face lacks is masked, so that
sets with different labels can be mixed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

import native
from edge.packs import preprocess
from training import augment
from training.landmarks import crops
from training.landmarks.data.face import Face
from training.landmarks.layouts import Layout
from training.pictures import Pictures
from training.pose import rotation
from training.sampling import Key, rng_of

Image = NDArray[np.uint8]
IDENTITY = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])

NOBODY = Face(picture="", identity="", box=np.zeros(4, np.float32))
"""Of background: nothing is known."""
_SALT = 0x1A2D
"""Keeps these generators apart from those of other trainings with the same seed."""


@dataclass(frozen=True)
class Jitter:
    """How far a sample's crop may lie off, and how often what is done.

    scale, shift: of the first pass (shares of the box); turn: degrees, half of the samples
    evenly within it, the others mostly upright. refit_*: of the second pass. refit, negatives,
    occluded, photometric: shares of samples.
    """

    scale: float = 0.15
    shift: float = 0.10
    turn: float = 35.0
    refit_scale: float = 0.08
    refit_shift: float = 0.05
    refit_turn: float = 8.0
    refit: float = 0.5
    negatives: float = 0.08
    occluded: float = 0.25
    photometric: float = 0.85


class FaceSet:
    """Faces and where their pictures are."""

    def __init__(self, faces: Sequence[Face], pictures: Sequence[Pictures]) -> None:
        """pictures[i] holds the picture of faces[i]."""
        if len(faces) != len(pictures):
            raise ValueError(f"{len(faces)} faces but {len(pictures)} sources")
        self.faces, self.sources = list(faces), list(pictures)

    def __len__(self) -> int:
        return len(self.faces)

    def image(self, index: int) -> Image:
        """(H, W, 3) uint8 BGR."""
        return self.sources[index].read(self.faces[index].picture)

    def subset(self, indices: Sequence[int]) -> FaceSet:
        return FaceSet([self.faces[i] for i in indices], [self.sources[i] for i in indices])

    def __add__(self, other: FaceSet) -> FaceSet:
        return FaceSet(self.faces + other.faces, self.sources + other.sources)


class FaceDataset(Dataset[dict[str, Tensor]]):
    """Training samples of a `FaceSet`, asked by `Key`.

    A sample: image (3, 112, 112); points (N, 2) in 0..1 of the crop; pose (3,) degrees as the
    crop shows it; age () years; gender () 0 or 1; embedding (D,); and masks () 0 or 1: has_points,
    has_pose, has_age, has_gender, has_embedding, face (0: background, all others 0), truth.
    """

    def __init__(
        self,
        faces: FaceSet,
        layout: Layout,
        *,
        seed: int,
        jitter: Jitter | None = None,
        embedding: int = 0,
        lean: float = 0.0,
    ) -> None:
        """embedding: length of the teacher's vectors, 0 without. lean: see `mirrored`."""
        self.faces, self.layout, self.seed = faces, layout, seed
        self.jitter = jitter or Jitter()
        self.embedding, self.lean = embedding, lean
        self.weights = np.array([f.weight for f in faces.faces], np.float64)

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, key: Key) -> dict[str, Tensor]:
        rng = rng_of(self.seed ^ _SALT, key)
        crop, face, matrix, angle = self.crop(key, rng)
        sample: dict[str, Tensor] = {
            "image": torch.from_numpy(preprocess.tensor(crop, IDENTITY, crops.SPEC)[0])
        }
        known = NOBODY if face is None else face
        points = (
            np.full((self.layout.count, 2), 0.5, np.float32)
            if known.points is None
            else crops.to_unit(known.points, matrix)
        )
        has_points = known.points is not None
        has_pose = bool(np.isfinite(known.pose).all())
        # The crop shows a head that is turned clockwise by `angle` as if it were upright.
        pose = rotation.turned(known.pose, -angle) if has_pose else np.zeros(3)
        has_age = math.isfinite(known.age)
        has_gender = known.gender >= 0
        numbers = {
            "pose": pose,
            "points": points,
            "age": known.age if has_age else 0.0,
            "face": float(face is not None),
            "truth": float(has_points and known.truth),
            "has_points": float(has_points),
            "has_pose": float(has_pose),
            "has_age": float(has_age),
            "has_gender": float(has_gender),
        }
        if self.embedding:
            has = known.embedding is not None
            numbers["embedding"] = known.embedding if has else np.zeros(self.embedding)
            numbers["has_embedding"] = float(has)
        sample |= {k: torch.from_numpy(np.asarray(v, np.float32)) for k, v in numbers.items()}
        sample["gender"] = torch.tensor(known.gender if has_gender else 0)
        return sample

    def crop(
        self, key: Key, rng: np.random.Generator
    ) -> tuple[Image, Face | None, NDArray[np.float64], float]:
        """(112, 112, 3) uint8 BGR crop; its face, mirrored as the crop is, or None for
        background; the matrix from the face's picture to the crop, and its angle in radians."""
        image, face = self.faces.image(key.index), self.faces.faces[key.index]
        jitter = self.jitter
        if rng.random() < 0.5:
            face = mirrored(face, image.shape[1], self.layout, self.lean)
            image = np.ascontiguousarray(image[:, ::-1])
        negative = rng.random() < jitter.negatives
        if negative:
            angle = float(rng.uniform(-math.pi, math.pi))
            box = _background(face, image.shape[:2], rng)
            matrix = preprocess.box_matrix(crops.FIRST, crops.SPEC, box, angle)
        elif face.points is not None and rng.random() < jitter.refit:
            turn = math.radians(rng.uniform(-jitter.refit_turn, jitter.refit_turn))
            matrix, angle = self._refit(face.points, turn, rng)
        else:
            limit = math.radians(jitter.turn)
            even = rng.random() < 0.5
            turn = rng.uniform(-limit, limit) if even else rng.normal(0, limit / 5)
            angle = float(np.clip(turn, -limit, limit))
            box = crops.jittered(face.box, rng, jitter.scale, jitter.shift)
            matrix = crops.first_matrix(box, angle)
        crop = native.warp_u8(image, matrix, crops.SIZE, crops.SIZE, border=None)
        if not negative and rng.random() < jitter.occluded:
            crop = augment.occlude(crop, rng, _box_in_crop(face, matrix)[None])
        if rng.random() < jitter.photometric:
            crop = augment.photometric(crop, rng)
        return crop, None if negative else face, matrix, angle

    def _refit(
        self, points: NDArray[np.float32], turn: float, rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], float]:
        angle = crops.eye_line(points, self.layout) + turn
        around = crops.upright_bounds(points, angle)
        box = crops.jittered(around, rng, self.jitter.refit_scale, self.jitter.refit_shift)
        return preprocess.box_matrix(crops.REFIT, crops.SPEC, box, angle), angle


def mirrored(face: Face, width: int, layout: Layout, lean: float = 0.0) -> Face:
    """The face as the mirrored picture, `width` pixels wide, shows it.

    lean: how far, in distances between the outer eye corners, the labels as a whole lie to the
    right of the face, in whichever picture (`training.landmarks.convention`).
    """
    x1, y1, x2, y2 = face.box
    points = None
    if face.points is not None:
        points = layout.mirrored(face.points, width)
        left, right = layout.corners
        points[:, 0] += 2 * lean * np.linalg.norm(points[left] - points[right])
    return replace(
        face,
        box=np.array([width - 1 - x2, y1, width - 1 - x1, y2], np.float32),
        points=points,
        pose=rotation.mirrored(face.pose),
    )


def _box_in_crop(face: Face, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bounds (4,) in crop pixels of the face's points, else of its box."""
    x1, y1, x2, y2 = face.box
    corners = np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]])
    known = corners if face.points is None else face.points
    inside = np.asarray(known, np.float64) @ matrix[:, :2].T + matrix[:, 2]
    return np.concatenate([inside.min(axis=0), inside.max(axis=0)])


def _background(
    face: Face, shape: tuple[int, ...], rng: np.random.Generator
) -> NDArray[np.float32]:
    """A box of the picture that holds no whole face: little overlap with the face's own."""
    height, width = shape[:2]
    side = float((face.box[2:] - face.box[:2]).max())
    for _ in range(20):
        half = side * math.exp(rng.uniform(math.log(0.2), math.log(1.5))) / 2
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        box = np.array([x - half, y - half, x + half, y + half], np.float32)
        if _overlap(box, face.box) < 0.12:
            return box
    x = face.box[2] + 1.2 * side
    return np.array([x, face.box[1], x + side, face.box[1] + side], np.float32)


def _overlap(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Intersection over union of two boxes (4,)."""
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    inner = float(np.prod(np.maximum(high - low, 0)))
    return inner / (float(np.prod(a[2:] - a[:2])) + float(np.prod(b[2:] - b[:2])) - inner)
