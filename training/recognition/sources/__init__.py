"""Where a recognition training's faces come from: people, and aligned crops of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from training.recognition.crops import Image, Matrix


class Face(Protocol):
    """One picture of one person."""

    def crop(self, then: Matrix | None = None) -> Image:
        """(112, 112, 3) uint8 BGR, laid on ArcFace's template; `then` moves the crop first.

        Raises DataError when the picture cannot be read.
        """
        ...


class Source(Protocol):
    """A data set.

    name: for messages. people: names of its identities, each once. who: (n,) int64, the place in
    `people` of each face. notes: what was left out, and why.
    """

    @property
    def name(self) -> str: ...
    @property
    def people(self) -> Sequence[str]: ...
    @property
    def who(self) -> NDArray[np.int64]: ...
    @property
    def notes(self) -> Sequence[str]: ...

    def face(self, index: int) -> Face:
        """Face `index` of n."""
        ...
