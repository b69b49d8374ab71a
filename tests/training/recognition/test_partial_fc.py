"""Classes split over processes are one softmax: the same loss, the same gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from edge.errors import UsageError
from tests.training.recognition import processes
from tests.training.recognition.processes import BATCH, CLASSES, EMBEDDING, SEED
from training.recognition import triplet
from training.recognition.heads import HEADS, ArcFace, CosFace
from training.recognition.partial_fc import BLOCK, PartialFC, share_of


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What each of two processes found."""
    out = tmp_path_factory.mktemp("two")
    done = processes.start(2, "step", out)
    assert done.returncode == 0, done.stderr[-3000:]
    return [torch.load(out / f"{rank}.pt") for rank in range(2)]


def plain(name: str) -> dict[str, torch.Tensor]:
    """The same step in one process, by torch's own cross-entropy over all classes."""
    net, (x, labels) = processes.backbone(), processes.joint_batch()
    head = HEADS[name]()
    weight = PartialFC(head, CLASSES, EMBEDDING, seed=SEED).weight.detach().requires_grad_()
    embeddings = net(x)
    cosine = torch.einsum("nd,ckd->nck", F.normalize(embeddings), F.normalize(weight, dim=2))
    loss = F.cross_entropy(head(cosine, labels, embeddings.norm(dim=1)), labels)
    loss.backward()
    nearest = cosine.detach().amax(dim=2)[range(BATCH), labels].mean()
    assert weight.grad is not None and net.weight.grad is not None
    return {
        "loss": loss.detach(),
        "cosine": nearest,
        "weight": weight.detach(),
        "weight_gradient": weight.grad,
        "backbone_gradient": net.weight.grad,
    }


@pytest.mark.parametrize("name", HEADS)
def test_two_processes_are_one_with_all_classes(two: list[dict[str, Any]], name: str) -> None:
    wanted = plain(name)
    for part in two:
        for key in ("loss", "cosine", "backbone_gradient"):
            torch.testing.assert_close(part[name][key], wanted[key], rtol=1e-4, atol=1e-5)
    for key in ("weight", "weight_gradient"):
        whole = torch.cat([part[name][key] for part in two])
        torch.testing.assert_close(whole, wanted[key], rtol=1e-4, atol=1e-5)
    for key, value in two[0][name]["buffers"].items():
        assert torch.equal(value, two[1][name]["buffers"][key]), key


def test_triplets_of_two_processes_are_those_of_the_joint_batch(two: list[dict[str, Any]]) -> None:
    net, (x, labels) = processes.backbone(), processes.joint_batch()
    loss = triplet.triplets(net(x), labels)["loss"]
    loss.backward()
    assert float(loss.detach()) > 0
    for part in two:
        torch.testing.assert_close(part["triplet"]["loss"], loss.detach())
        torch.testing.assert_close(part["triplet"]["backbone_gradient"], net.weight.grad)


@pytest.mark.parametrize("name", HEADS)
def test_alone_it_is_torchs_own_cross_entropy(name: str) -> None:
    net, (x, labels) = processes.backbone(), processes.joint_batch()
    centres = PartialFC(HEADS[name](), CLASSES, EMBEDDING, seed=SEED)
    said = centres(net(x), labels)
    said.loss.backward()
    wanted = plain(name)
    torch.testing.assert_close(said.loss.detach(), wanted["loss"])
    torch.testing.assert_close(said.cosine, wanted["cosine"])
    for found, key in ((centres.weight, "weight_gradient"), (net.weight, "backbone_gradient")):
        torch.testing.assert_close(found.grad, wanted[key], rtol=1e-4, atol=1e-4)


def test_a_process_holds_its_share_and_no_more() -> None:
    whole = PartialFC(ArcFace(), 3 * BLOCK + 5, 4, seed=2).weight
    for world in (2, 3, 8):
        parts = [
            PartialFC(ArcFace(), 3 * BLOCK + 5, 4, rank=r, world=world, seed=2).weight
            for r in range(world)
        ]
        assert torch.equal(torch.cat(list(parts)), whole)
        sizes = [len(part) for part in parts]
        assert max(sizes) - min(sizes) <= 1 and max(sizes) <= -(-len(whole) // world)


def test_a_million_people_fit_over_several_machines() -> None:
    """Weights, gradients and AdamW's two averages of 512 numbers, on 16 processes."""
    held = max(len(share_of(1_000_000, rank, 16)) for rank in range(16))
    assert held * 512 * 4 * 4 < 0.52e9


def test_the_batchs_own_classes_are_always_drawn() -> None:
    centres = PartialFC(ArcFace(), 400, 4, rank=1, world=2, rate=0.1, seed=5)
    rng = np.random.default_rng(0)
    chosen = np.zeros(200)
    for step in range(300):
        own = rng.integers(0, 5, 8)
        centres.step.fill_(step)
        kept = centres.drawn(own).numpy()
        assert set(own) <= set(kept) and len(kept) == 20 == len(set(kept))
        assert (np.diff(kept) > 0).all()
        assert np.array_equal(kept, centres.drawn(own).numpy()), "follows from the step alone"
        chosen[kept] += 1
    others = chosen[5:] / 300
    # About 16 of 196 each time: nobody is preferred (five standard deviations).
    assert abs(others - others.mean()).max() < 5 * np.sqrt(0.08 * 0.92 / 300)
    assert 0.07 < others.mean() < 0.10
    crowd = np.arange(50)
    assert set(crowd) == set(centres.drawn(crowd).numpy()), "more of the batch than the rate allows"


def test_a_step_over_some_classes_moves_only_those() -> None:
    net, (x, labels) = processes.backbone(), processes.joint_batch()
    labels = labels % 3
    centres = PartialFC(CosFace(), CLASSES, EMBEDDING, rate=0.5, seed=SEED)
    kept = centres.drawn(labels.numpy())
    said = centres(net(x), labels)
    said.loss.backward()
    assert len(kept) == 6 and {0, 1, 2} <= set(kept.tolist())
    gradient = centres.weight.grad
    assert gradient is not None
    moved = torch.nonzero(gradient.abs().sum(dim=(1, 2))).flatten()
    assert torch.equal(moved, kept)
    cosine = F.normalize(net(x)) @ F.normalize(centres.weight[kept, 0]).T
    own = torch.searchsorted(kept, labels)
    wanted = F.cross_entropy(64 * (cosine - 0.35 * F.one_hot(own, 6)), own)
    torch.testing.assert_close(said.loss, wanted)


def test_all_classes_take_part_when_it_does_not_train() -> None:
    net, (x, labels) = processes.backbone(), processes.joint_batch()
    some = PartialFC(CosFace(), CLASSES, EMBEDDING, rate=0.3, seed=SEED).eval()
    every = PartialFC(CosFace(), CLASSES, EMBEDDING, seed=SEED).eval()
    assert torch.equal(some(net(x), labels).loss, every(net(x), labels).loss)
    assert int(some.step) == 0


@pytest.mark.parametrize("precision", [torch.bfloat16, torch.float16])
def test_half_precision_embeddings_are_compared_in_full(precision: torch.dtype) -> None:
    _, labels = processes.joint_batch()
    embeddings = (torch.randn(BATCH, EMBEDDING) * 100).to(precision).requires_grad_()
    centres = PartialFC(ArcFace(), CLASSES, EMBEDDING)
    said = centres(embeddings, labels)
    said.loss.backward()
    wanted = PartialFC(ArcFace(), CLASSES, EMBEDDING)(embeddings.detach().float(), labels)
    torch.testing.assert_close(said.loss.detach(), wanted.loss.detach())
    assert embeddings.grad is not None and torch.isfinite(embeddings.grad).all()


def test_what_cannot_be_split_is_refused() -> None:
    for rate in (0.0, -1.0, 1.5, float("nan")):
        with pytest.raises(UsageError, match="sampling rate"):
            PartialFC(ArcFace(), 10, 4, rate=rate)
    with pytest.raises(UsageError, match="3 classes are too few for 4 processes"):
        PartialFC(ArcFace(), 3, 4, rank=0, world=4)
