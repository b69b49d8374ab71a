"""Training samples of the door's liveness network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from training import augment
from training.errors import DataError
from training.liveness import crops, pasted
from training.liveness.crops import Image, Jitter, scales_of
from training.liveness.samples import LIVE, Sample
from training.liveness.store import MAP, MARGIN, Store
from training.liveness.views import hidden, recoloured, redressed, veiled
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


OFTEN = 20
"""Frames with all that is around a face that one person may have before a network knows them."""
OWN = 0.5
"""Of the living views of such people: left as they are.

Hardly anybody else's face is taken by a door's camera. Were theirs always another picture's, almost
no view would show what skin looks like to one.
"""
HIDDEN = 0.7
"""Of the other views of such people: without the face."""
PASTED = 0.3
"""Of the attacks' views: somebody living instead, with another's picture laid before the face."""
WHOLE = 0.55
"""Of these: a picture of all that a camera saw, which nearly fills the view."""
STREWN = 0.15
"""Of the living views: with such a picture beside the face."""
NEAR = 2.0
"""Crops of fewer face sizes show a face, wider ones what is around it as well."""
VEILED = 0.75
"""Of the views: as a plain camera gives them."""


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
        surrounded = store.surrounded()
        self.full = [i for i in self.chosen if store.samples[i].live and surrounded[i]]
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
        if not sample.live and self.full and rng.random() < PASTED:
            return self._finished(*self._pasted(rng), False, np.nan, False, rng)
        box = self.jitter.draw(sample.box, rng)
        image, medium = self.store.cut(index, box), self.store.map(index, box)
        side = image.shape[1] // MAP
        for i, scale in enumerate(self.scales):
            if scale >= NEAR and self.endless[index, i]:
                medium[i * side : (i + 1) * side] = np.inf
        if self.familiar[index] and not (sample.live and rng.random() < OWN):
            image, medium = self._of_nobody(image, medium, sample.label, rng)
        if sample.live and self.full and rng.random() < STREWN:
            laid = pasted.beside(*self._picture(rng), rng)
            image, where, _ = pasted.lay(image, self.store, index, box, laid, rng)
            medium = np.where(where > 0, np.float32(np.nan), medium)  # neither held up nor not
        said = np.nan if self.teacher is None else float(self.teacher[index])
        return self._finished(image, medium, sample.live, said, bool(self.surface[index]), rng)

    def _picture(self, rng: np.random.Generator) -> tuple[int, int, float]:
        """Of somebody living: which sample, which of its kept squares, and that one's side."""
        wider = rng.random() < 0.35 and len(self.scales) > pasted.WIDER
        part = pasted.WIDER if wider else pasted.NEAREST
        among = self.full if wider else self.others.get(LIVE) or self.full
        source = among[int(rng.integers(len(among)))]
        return source, part, self.scales[part] * MARGIN

    def _pasted(self, rng: np.random.Generator) -> tuple[Image, Map]:
        """Somebody living in whole frames, and before the face another's picture."""
        index = self.full[int(rng.integers(len(self.full)))]
        store, stray = self.store, Jitter(size=0.12, shift=0.1)
        box = stray.draw(store.samples[index].box, rng)
        own = store.cut(index, box)
        laid = self._whole(index, box, rng) if rng.random() < WHOLE else None
        laid = laid or pasted.before(*self._picture(rng), rng)
        image, where, free = pasted.lay(own, store, index, box, laid, rng)
        if free[-1] < BESIDE:  # all that is told of it would be wrong
            laid = pasted.before(*self._picture(rng), rng)
            image, where, free = pasted.lay(own, store, index, box, laid, rng)
        side = image.shape[1] // MAP
        for i in np.flatnonzero(free < BESIDE):
            # No end of it is seen, and its surface is that of no medium.
            where[i * side : (i + 1) * side] = np.inf
        return image, where

    def _whole(
        self, index: int, box: NDArray[np.floating], rng: np.random.Generator
    ) -> pasted.Sheet | None:
        source = self.full[int(rng.integers(len(self.full)))]
        theirs = pasted.frame(self.store, source, self.store.samples[source].box)
        return pasted.whole(source, theirs, pasted.frame(self.store, index, box), rng)

    def _finished(
        self,
        image: Image,
        medium: Map,
        live: bool,
        said: float,
        surface: bool,
        rng: np.random.Generator,
    ) -> Batch:
        """What camera and light do to a view."""
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
        return Batch(
            torch.from_numpy(crops.planes(image)),
            torch.tensor(int(live)),
            torch.tensor(said, dtype=torch.float32),
            torch.from_numpy(np.ascontiguousarray(medium)),
            torch.tensor(surface),
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
