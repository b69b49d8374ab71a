"""Training samples of the door's liveness network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from training import augment
from training.errors import DataError
from training.liveness import crops
from training.liveness.crops import Image, Jitter, scales_of
from training.liveness.samples import LIVE, Sample
from training.liveness.store import MAP, Store
from training.sampling import Key, rng_of


class Batch(NamedTuple):
    """image (..., 3, H, W) uint8 RGB; live (...) int64; teacher (...) float32, NaN: not asked.

    medium: (..., H / 8, W / 8) float32 0..1, where what is held up is seen; NaN: not known,
    infinity: not to be learned, as a wide crop shows no end of it. surface: (...) bool, an attack
    of which nothing tells but the surface of the face.
    """

    image: Tensor
    live: Tensor
    teacher: Tensor
    medium: Tensor
    surface: Tensor


WORN = ("facemask", "mask", "face-mask", "upper-body-mask", "region-mask", "3d-mask")
"""Instruments that are worn on the face, ours and CelebA-Spoof's: what is around it is a living
person's."""
BESIDE = 0.04
"""Of what a crop shows: where less of it is beside the sheet or device, no edge of that is seen."""
Map = NDArray[np.float32]

RECOLOURED = 0.15
"""Of the views: all hues turned, and of as many those around the face alone. Few people are seen in
whole frames, and a network that knows them by skin and clothes takes others for attacks."""


def recoloured(image: Image, rng: np.random.Generator) -> Image:
    """(H, W, 3) uint8 BGR with every hue turned by the same angle; light stays as it is."""
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(np.int16) + int(rng.integers(180))) % 180
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR), np.uint8)


def redressed(image: Image, scales: Sequence[float], rng: np.random.Generator) -> Image:
    """Crops (n · S, S, 3) uint8 BGR, the face as it is, around it other hues and another light."""
    other = recoloured(image, rng).astype(np.float32) * np.float32(np.exp(rng.normal(0, 0.25)))
    side = image.shape[1]
    out = image.astype(np.float32)
    for i, scale in enumerate(scales):
        part = slice(i * side, (i + 1) * side)
        own = _face_mask(side, scale)
        out[part] = other[part] + (out[part] - other[part]) * own
    return np.clip(out, 0, 255).astype(np.uint8)


@lru_cache
def _face_mask(side: int, scale: float) -> NDArray[np.float32]:
    """(side, side, 1) 1 on the face in the middle of a crop of `scale` face sizes, 0 off it."""
    y, x = np.ogrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    radius = np.hypot(x * scale / 0.95, y * scale / 1.25)
    return np.asarray(1 / (1 + np.exp((radius - 1) * 12)), np.float32)[..., None]


OFTEN = 20
"""Frames with all that is around a face that one person may have before a network knows them."""
OWN = 0.5
"""Of the living views of such people: left as they are.

Hardly anybody else's face is taken by a door's camera. Were theirs always another picture's, almost
no view would show what skin looks like to one.
"""
HIDDEN = 0.7
"""Of the other views of such people: without the face."""
NEAR = 2.0
"""Crops of fewer face sizes show a face, wider ones what is around it as well."""


def hidden(image: Image, scale: float) -> Image:
    """A crop (S, S, 3) uint8 BGR of `scale` face sizes, the face in its middle made a blot."""
    side = image.shape[1]
    blot = cv2.GaussianBlur(image, (0, 0), 0.3 * side / scale).astype(np.float32)
    own = _face_mask(side, scale)
    return np.asarray(image + (blot - image) * own, np.uint8)


VEILED = 0.75
"""Of the views: as a plain camera gives them."""


def veiled(image: Image, rng: np.random.Generator) -> Image:
    """(H, W, 3) uint8 BGR, pale and soft, as doors' cameras are and photographers' are not.

    Stray light in the lens lifts what is dark, the sensor's colours are weak, the lens is not
    sharp. Paper and screens do the same to a picture; living faces from collections of photographs
    alone would teach that whatever is pale and soft is an attack.
    """
    grey = np.repeat(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[..., None], 3, axis=2)
    colour = rng.uniform(0.3, 1.0)
    out = cv2.addWeighted(image, colour, grey, 1 - colour, 0)
    share = rng.uniform(0.05, 0.55)
    light = rng.uniform(60, 215) * np.exp(rng.normal(0, 0.04, 3))
    out = np.clip(out * np.float32(1 - share) + (share * light).astype(np.float32), 0, 255)
    sigma = rng.uniform(0.0, 1.2)
    if sigma > 0.3:
        out = cv2.GaussianBlur(out, (0, 0), sigma)
    return np.asarray(out, np.uint8)


def balanced(
    samples: Sequence[Sample], shares: Mapping[str, float] | None = None
) -> NDArray[np.float64]:
    """(n,) frequencies: half of what is drawn is live, and all instruments have equal parts.

    shares: of instruments that have more or less, against 1 of the others. Raises DataError when
    live faces or attacks are missing.
    """
    count = Counter(s.label for s in samples)
    if LIVE not in count or len(count) < 2:
        raise DataError(f"live faces and attacks are both needed, there is only {', '.join(count)}")
    part = {label: (shares or {}).get(label, 1.0) for label in count if label != LIVE}
    whole = sum(part.values())
    part[LIVE] = whole
    each = {label: part[label] / (2 * whole) / n for label, n in count.items()}
    return np.array([each[s.label] for s in samples])


class Presentations(Dataset[Batch]):
    """Views of presentations; half are mirrored. Asked by `Key`.

    strength: of light, lens and coder beside those of the pictures (`training.augment`). teacher:
    (n,) another network's scores, or None. shares: as for `balanced`.
    """

    def __init__(
        self,
        store: Store,
        seed: int,
        *,
        strength: float = 0.5,
        jitter: Jitter | None = None,
        teacher: NDArray[np.float32] | None = None,
        leave_out: Collection[str] = (),
        shares: Mapping[str, float] | None = None,
    ) -> None:
        self.store, self.seed, self.strength = store, seed, strength
        self.jitter, self.teacher = jitter or Jitter(), teacher
        self.chosen = [i for i, s in enumerate(store.samples) if s.label not in leave_out]
        self.scales = scales_of(store.spec)
        self.familiar = self._familiar()
        self.others: dict[str, list[int]] = {}
        for i in self.chosen:
            if not (self.familiar[i] or _staged(store.samples[i])):
                self.others.setdefault(store.samples[i].label, []).append(i)
        self.endless = store.beside < BESIDE
        worn = np.array([s.label in WORN for s in store.samples])
        self.surface = worn | self.endless[:, -1]
        self.weights = balanced([store.samples[i] for i in self.chosen], shares)

    def _familiar(self) -> NDArray[np.bool_]:
        """(n,) whether the frame shows somebody's surroundings that are seen in `OFTEN` more."""
        surrounded = self.store.surrounded()
        people = [
            s.parameters.get("scene", {}).get("person") or s.person for s in self.store.samples
        ]
        seen = Counter(person for person, yes in zip(people, surrounded, strict=True) if yes)
        often = np.array([seen[person] > OFTEN for person in people])
        return np.asarray(surrounded & often, np.bool_)

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitem__(self, key: Key) -> Batch:
        rng = rng_of(self.seed, key)
        index = self.chosen[key.index]
        sample = self.store.samples[index]
        box = self.jitter.draw(sample.box, rng)
        image, medium = self.store.cut(index, box), self.store.map(index, box)
        side = image.shape[1] // MAP
        for i, scale in enumerate(self.scales):
            if scale >= NEAR and self.endless[index, i]:
                medium[i * side : (i + 1) * side] = np.inf
        if self.familiar[index] and not (sample.live and rng.random() < OWN):
            image, medium = self._of_nobody(image, medium, sample.label, rng)
        # Light and lens are those of the whole frame: the same on all crops of it.
        if rng.random() < VEILED:
            image = veiled(image, rng)
        image = augment.photometric(image, rng, self.strength)
        turned = rng.random()
        if turned < RECOLOURED:
            image = recoloured(image, rng)
        elif turned < 2 * RECOLOURED:
            image = redressed(image, self.scales, rng)
        if rng.random() < 0.5:
            image, medium = image[:, ::-1], medium[:, ::-1]
        said = np.nan if self.teacher is None else self.teacher[index]
        return Batch(
            torch.from_numpy(crops.planes(image)),
            torch.tensor(int(sample.live)),
            torch.tensor(said, dtype=torch.float32),
            torch.from_numpy(np.ascontiguousarray(medium)),
            torch.tensor(bool(self.surface[index])),
        )

    def _of_nobody(
        self, image: Image, medium: Map, label: str, rng: np.random.Generator
    ) -> tuple[Image, Map]:
        """The surroundings of a face, with the near crop of another presentation of its label.

        Few people are seen with all that is around them. A network that sees their faces there
        learns these, and that whoever else stands there is an attack.
        """
        image, medium = self._with_near(image, medium, label, rng)
        if rng.random() < HIDDEN:
            side = image.shape[1]
            for i, scale in enumerate(self.scales):
                part = slice(i * side, (i + 1) * side)
                if scale >= NEAR:
                    image[part] = hidden(image[part], scale)
        return image, medium

    def _with_near(
        self, image: Image, medium: Map, label: str, rng: np.random.Generator
    ) -> tuple[Image, Map]:
        """The same crops, but the near ones of another presentation of the label."""
        others = self.others.get(label, [])
        if not others:
            return image, medium
        other = others[int(rng.integers(len(others)))]
        box = self.jitter.draw(self.store.samples[other].box, rng)
        pairs = (image, self.store.cut(other, box)), (medium, self.store.map(other, box))
        for i, scale in enumerate(self.scales):
            if scale < NEAR:
                for own, near in pairs:
                    side = own.shape[1]
                    own[i * side : (i + 1) * side] = near[i * side : (i + 1) * side]
        return image, medium


def _staged(sample: Sample) -> bool:
    return bool(sample.live and sample.parameters.get("scene", {}).get("staged"))
