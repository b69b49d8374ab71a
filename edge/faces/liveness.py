"""Passive liveness: what one frame says about print and screen, by the pack's liveness role."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.faces import artefacts
from edge.packs import Pack, preprocess
from edge.packs.schema import LivenessArtefactsRole


def passive(
    pack: Pack,
    image: NDArray[np.uint8],
    box: NDArray[np.float32],
    landmarks: NDArray[np.float32] | None = None,
) -> float:
    """Score 0 (an artefact) .. 1 (live), to be held against `roles.liveness` bound of the pack.

    landmarks: (68, 2), needed only by a network whose crops are laid by them.
    """
    role = pack.manifest.roles.liveness
    if isinstance(role, LivenessArtefactsRole):
        return artefacts.score(image, box)
    head, network = role.head, pack.liveness
    assert network is not None  # load() gives every network role its network
    (out,) = network.run(preprocess.face_tensor(image, role.input, box, landmarks))
    values = out.reshape(-1).astype(np.float64)
    if head.softmax:
        values = np.exp(values - values.max())
        values /= values.sum()
    return float(values[head.live])


def passive_bound(pack: Pack) -> float:
    """The bound that the pack states for its passive liveness score."""
    role = pack.manifest.roles.liveness
    return role.bound if isinstance(role, LivenessArtefactsRole) else role.head.bound
