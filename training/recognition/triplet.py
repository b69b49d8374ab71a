"""Losses on the embeddings of a batch themselves, without class centres.

Both work on vectors of unit length and on all pairs of a batch that has several pictures of each of
several people (`training.recognition.dataset.PeopleDataset`). Nothing is learned beside the
backbone, so there is no limit to the number of people.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from edge.errors import UsageError
from training.recognition import joint
from training.recognition.model import LEAST_LENGTH

Loss = Callable[..., dict[str, Tensor]]
"""(embeddings, labels) to figures, "loss" among them."""


def triplets(embeddings: Tensor, labels: Tensor, margin: float = 0.2) -> dict[str, Tensor]:
    """Mean of max(0, d(a, p) - d(a, n) + margin) over all anchors a and positives p.

    d: squared distance. n is semi-hard (Schroff et al. 2015): the nearest of the others' pictures
    that is farther from a than p is; where there is none, the farthest. A pair with nobody else in
    the batch has no triplet.

    embeddings: (N, D). labels: (N,). Returns loss () and active (), the share of triplets whose
    loss is not 0.
    """
    distance = _squared_distances(embeddings)
    same = labels[:, None] == labels[None]
    pairs = same & ~torch.eye(len(labels), dtype=torch.bool, device=same.device)
    anchor, positive = torch.nonzero(pairs & (~same).any(dim=1, keepdim=True), as_tuple=True)
    if not len(anchor):
        return {"loss": embeddings.sum() * 0.0, "active": distance.new_zeros(())}
    near = distance[anchor, positive]
    others = distance[anchor].masked_fill(same[anchor], torch.inf)
    beyond = others.masked_fill(others <= near[:, None], torch.inf).amin(dim=1)
    farthest = others.masked_fill(same[anchor], -torch.inf).amax(dim=1)
    far = torch.where(torch.isfinite(beyond), beyond, farthest)
    each = F.relu(near - far + margin)
    return {"loss": each.mean(), "active": (each.detach() > 0).float().mean()}


def contrastive(embeddings: Tensor, labels: Tensor, margin: float = 1.0) -> dict[str, Tensor]:
    """Siamese pairs (Hadsell et al. 2006): d² of one person's, max(0, margin - d)² of others'.

    Every pair of the batch takes part; the two kinds count alike, however many there are of each.

    embeddings: (N, D). labels: (N,). Returns loss () and active (), the share of others' pairs
    that are nearer than the margin.
    """
    squared = _squared_distances(embeddings)
    once = torch.ones_like(squared, dtype=torch.bool).triu(1)
    same = labels[:, None] == labels[None]
    genuine, impostor = squared[once & same], squared[once & ~same]
    # The root's slope has no bound at 0.
    short = F.relu(margin - impostor.clamp_min(1e-8).sqrt())
    loss = embeddings.sum() * 0.0
    if len(genuine):
        loss = loss + genuine.mean() / 2
    if len(impostor):
        loss = loss + short.square().mean() / 2
    active = (short.detach() > 0).float()
    return {"loss": loss, "active": active.mean() if len(active) else squared.new_zeros(())}


LOSSES: dict[str, Loss] = {"triplet": triplets, "contrastive": contrastive}


def loss_of(name: str, margin: float | None = None) -> Loss:
    """One of `LOSSES`, with its own margin or another. Raises UsageError for one out of bounds."""
    if margin is None:
        return LOSSES[name]
    if not 0 < margin <= 4:
        raise UsageError(f"margin must be above 0 and at most 4, not {margin:g}")
    return partial(LOSSES[name], margin=margin)


def of_joint_batch(loss: Loss, embeddings: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """`loss` over the pictures of all processes: more others to choose from.

    Each process computes all of it; averaged over processes, as DistributedDataParallel does, its
    gradient is that of one process with the joint batch.
    """
    return loss(joint.gathered(embeddings.float()), joint.gathered(labels))


def _squared_distances(embeddings: Tensor) -> Tensor:
    """(N, N): 2 - 2 cos, within 0..4."""
    unit = F.normalize(embeddings.float(), eps=LEAST_LENGTH)
    return (2 - 2 * unit @ unit.T).clamp_min(0)
