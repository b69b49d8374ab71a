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
    landmarks: NDArray[np.float32],
) -> float:
    """Score 0 (an artefact) .. 1 (live), to be held against `roles.liveness` bound of the pack."""
    role = pack.manifest.roles.liveness
    if isinstance(role, LivenessArtefactsRole):
        return artefacts.score(image, box)
    spec, head, network = role.input, role.head, pack.liveness
    assert network is not None  # load() gives every network role its network
    if spec.fit.kind == "box":
        matrix = preprocess.box_matrix(spec.fit, spec, box)
    elif spec.fit.kind == "template":
        matrix = preprocess.template_matrix(spec.fit, landmarks)
    else:
        matrix = preprocess.frame_matrix(spec.fit, spec, image.shape[0], image.shape[1])
    (out,) = network.run(preprocess.tensor(image, matrix, spec))
    values = out.reshape(-1).astype(np.float64)
    if head.softmax:
        values = np.exp(values - values.max())
        values /= values.sum()
    return float(values[head.live])


def passive_bound(pack: Pack) -> float:
    """The bound that the pack states for its passive liveness score."""
    role = pack.manifest.roles.liveness
    return role.bound if isinstance(role, LivenessArtefactsRole) else role.head.bound
