"""A face's embedding, by the pack's embedder."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelMismatch, NumericError
from edge.packs import Pack, preprocess


def aligned(
    pack: Pack, image: NDArray[np.uint8], landmarks: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The embedder's input (1, 3, h, w): landmarks laid on the pack's template."""
    spec = pack.manifest.roles.embedder.input
    assert spec.fit.kind == "template"  # the schema admits nothing else
    return preprocess.tensor(image, preprocess.template_matrix(spec.fit, landmarks), spec)


def embed(
    pack: Pack, image: NDArray[np.uint8], landmarks: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Embedding (D,) float32 of unit length. Raises ModelMismatch, NumericError."""
    (out,) = pack.embedder.run(aligned(pack, image, landmarks))
    vector = out.reshape(-1)
    want = pack.manifest.roles.embedder.head.length
    if vector.shape[0] != want:
        raise ModelMismatch(f"{pack.embedder.path}: embedding has {vector.shape[0]}, not {want}")
    norm = float(np.linalg.norm(vector))
    if not norm > 0:
        raise NumericError(f"{pack.embedder.path.name}: embedding is zero")
    return np.asarray(vector / norm, np.float32)
