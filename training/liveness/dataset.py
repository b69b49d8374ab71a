"""Training samples of the door's liveness network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
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
from training.liveness.crops import Image, Jitter
from training.liveness.samples import LIVE, Sample
from training.liveness.store import Store
from training.sampling import Key, rng_of


class Batch(NamedTuple):
    """image (..., 3, H, W) uint8 RGB; live (...) int64; teacher (...) float32, NaN: not asked."""

    image: Tensor
    live: Tensor
    teacher: Tensor


RECOLOURED = 0.3
"""Of the views: all hues turned. Few people are seen in whole frames, and a network that knows
them by skin and clothes takes others for attacks."""


def recoloured(image: Image, rng: np.random.Generator) -> Image:
    """(H, W, 3) uint8 BGR with every hue turned by the same angle; light stays as it is."""
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(np.int16) + int(rng.integers(180))) % 180
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR), np.uint8)


def balanced(samples: Sequence[Sample]) -> NDArray[np.float64]:
    """(n,) frequencies: half of what is drawn is live, and all instruments have equal shares.

    Raises DataError when one of the two is missing.
    """
    count = Counter(s.label for s in samples)
    if LIVE not in count or len(count) < 2:
        raise DataError(f"live faces and attacks are both needed, there is only {', '.join(count)}")
    share = {
        label: (0.5 if label == LIVE else 0.5 / (len(count) - 1)) / n for label, n in count.items()
    }
    return np.array([share[s.label] for s in samples])


class Presentations(Dataset[Batch]):
    """Views of presentations; half are mirrored. Asked by `Key`.

    strength: of light, lens and coder beside those of the pictures (`training.augment`). teacher:
    (n,) another network's scores, or None.
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
    ) -> None:
        self.store, self.seed, self.strength = store, seed, strength
        self.jitter, self.teacher = jitter or Jitter(), teacher
        self.chosen = [i for i, s in enumerate(store.samples) if s.label not in leave_out]
        self.weights = balanced([store.samples[i] for i in self.chosen])

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitem__(self, key: Key) -> Batch:
        rng = rng_of(self.seed, key)
        index = self.chosen[key.index]
        sample = self.store.samples[index]
        image = self.store.cut(index, self.jitter.draw(sample.box, rng))
        # Light and lens are those of the whole frame: the same on all crops of it.
        image = augment.photometric(image, rng, self.strength)
        if rng.random() < RECOLOURED:
            image = recoloured(image, rng)
        if rng.random() < 0.5:
            image = image[:, ::-1]
        said = np.nan if self.teacher is None else self.teacher[index]
        return Batch(
            torch.from_numpy(crops.planes(image)),
            torch.tensor(int(sample.live)),
            torch.tensor(said, dtype=torch.float32),
        )
