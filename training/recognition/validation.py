"""How well a network tells held-back people apart, while it trains: 1:1, all pairs."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from torch import Tensor, nn

from edge.all_pairs import compare
from training.errors import DataError, DivergedError
from training.recognition.faces import planes
from training.recognition.model import normalised
from training.recognition.sources.sets import Faces

FARS = (1e-1, 1e-2, 1e-3, 1e-4)
LEAST_ERRORS = 30
"""False matches that a rate must make for its threshold to be more than chance (Doddington's rule
of 30)."""


class Held:
    """Faces of people held back. label: (n,) whose."""

    def __init__(self, faces: Faces) -> None:
        self._faces, self.label = faces, faces.label

    @cached_property
    def images(self) -> Tensor:
        """(n, 3, 112, 112) uint8 RGB, as the device crops them; read once and kept.

        Raises DataError when a picture cannot be read.
        """
        places = range(len(self.label))
        shown = track(places, "validation faces", console=Console(stderr=True), transient=True)
        return torch.from_numpy(np.stack([planes(self._faces.face(i).crop()) for i in shown]))


def fars(label: NDArray[np.int64]) -> list[float]:
    """Those of `FARS` at which so many impostor pairs make `LEAST_ERRORS` errors.

    Raises DataError when there are too few for any.
    """
    count = np.bincount(label).astype(np.int64)
    impostor = (int(count.sum()) ** 2 - int((count**2).sum())) // 2
    found = [far for far in FARS if far * impostor >= LEAST_ERRORS]
    if not found:
        raise DataError(
            f"the people held back make {impostor} impostor pairs; {LEAST_ERRORS / FARS[0]:.0f} "
            "are needed for a false accept rate to be measured: more pictures, or people"
        )
    return found


def name_of(far: float) -> str:
    """How the true accept rate at `far` is called: tar_at_1e-3."""
    return f"tar_at_1e{round(np.log10(far))}"


@torch.no_grad()
def embed(module: nn.Module, images: Tensor, scale: str) -> NDArray[np.float32]:
    """(n, D) of images (n, 3, 112, 112) uint8 RGB, by a network in evaluation mode."""
    module.eval()
    device = next(module.parameters()).device
    parts = [module(normalised(part.to(device), scale)).float().cpu() for part in images.split(64)]
    return torch.cat(parts).numpy()


def figures(module: nn.Module, faces: Held, scale: str) -> dict[str, float]:
    """TAR at each of `fars`, on single pictures.

    0 for a network that says the same of so many people that no threshold keeps the rate. Raises
    DivergedError when an embedding is zero or not finite.
    """
    embeddings = embed(module, faces.images, scale)
    if not (np.isfinite(embeddings).all() and embeddings.any(axis=1).all()):
        raise DivergedError("validation: an embedding is zero or not finite; try a lower --lr")
    pairs = compare(embeddings, faces.label)
    found = {}
    for far in fars(faces.label):
        accepted = 0
        if pairs.impostor.at_or_above(1.0) <= far * pairs.impostor.total:
            accepted = pairs.genuine.at_or_above(pairs.impostor.threshold_at(far))
        found[name_of(far)] = accepted / pairs.genuine.total
    return found
