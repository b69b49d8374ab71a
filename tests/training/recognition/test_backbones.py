"""The backbones are those of the papers, learn under every loss, and leave as ONNX."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from torch import Tensor, nn

from tests.training.recognition import recs
from training.recognition import backbones, triplet
from training.recognition.backbones import BACKBONES, HAS_E_HEAD
from training.recognition.faces import planes
from training.recognition.heads import HEADS
from training.recognition.model import Design, normalised
from training.recognition.partial_fc import PartialFC

SMALL = {"width": 0.05}
PEOPLE, PICTURES = 3, 2


def small(name: str, **options: object) -> nn.Module:
    torch.manual_seed(0)
    calm = {"dropout": 0.0} if name in HAS_E_HEAD else {}
    net = Design(name, 32, options={**SMALL, **calm, **options}).build()
    return net.to(memory_format=torch.channels_last)


def counted(net: nn.Module) -> tuple[float, float]:
    """Millions of multiplications (convolutions and full connections), and of parameters."""
    macs = 0

    def count(layer: nn.Module, _: object, out: Tensor) -> None:
        nonlocal macs
        places = out[0].numel() if isinstance(layer, nn.Conv2d) else out.shape[1]
        macs += places * layer.weight[0].numel()  # type: ignore[operator,index]

    for layer in net.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(count)
    with torch.device("meta"), torch.no_grad():
        net.eval()(torch.empty(1, 3, 112, 112))
    return macs / 1e6, sum(p.numel() for p in net.parameters()) / 1e6


@pytest.mark.parametrize("name", BACKBONES)
def test_the_table_tells_the_truth(name: str) -> None:
    rows = [line.strip("| \n").split("|") for line in (backbones.__doc__ or "").splitlines()]
    _, embedding, macs, parameters = next(r for r in rows if r[0].strip() == name)
    relu = {"activation": "relu"} if name in HAS_E_HEAD else {}
    with torch.device("meta"):
        net = BACKBONES[name](int(embedding), **relu)
    found = counted(net)
    assert found[0] == pytest.approx(float(macs), abs=0.5)
    assert found[1] == pytest.approx(float(parameters), abs=0.005)


@pytest.mark.parametrize(("name", "known"), [("ir50", 43.59), ("ir100", 65.16)])
def test_ir_with_prelu_is_as_large_as_insightfaces(name: str, known: float) -> None:
    """Parameters in millions, as InsightFace's iresnet50 and iresnet100 have them."""
    with torch.device("meta"):
        net = BACKBONES[name](512)
    assert sum(p.numel() for p in net.parameters()) / 1e6 == pytest.approx(known, abs=0.006)


def batch() -> tuple[Tensor, Tensor]:
    images = [planes(recs.picture(p, n)) for p in range(PEOPLE) for n in range(PICTURES)]
    labels = torch.arange(PEOPLE).repeat_interleave(PICTURES)
    return torch.from_numpy(np.stack(images)), labels


@pytest.mark.parametrize("head", [*HEADS, *triplet.LOSSES])
@pytest.mark.parametrize("name", BACKBONES)
def test_each_backbone_learns_under_each_loss(name: str, head: str) -> None:
    net = small(name)
    image, labels = batch()
    parts = [net]
    if head in HEADS:
        centres = PartialFC(HEADS[head](scale=16), PEOPLE, 32)
        parts.append(centres)
    optimiser = torch.optim.AdamW([p for part in parts for p in part.parameters()], lr=2e-3)
    losses = []
    for _ in range(5):
        said = net(normalised(image, "grey"))
        if head in HEADS:
            loss = centres(said, labels).loss
        else:
            # The made-up people are easily told apart: a margin that still asks for something.
            wide = triplet.loss_of(head, margin=2.0)
            loss = triplet.of_joint_batch(wide, said, labels)["loss"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert said.shape == (PEOPLE * PICTURES, 32)
    assert losses[-1] < 0.7 * losses[0]


EXPORTED = [
    ("ir50", "prelu"),
    ("irse50", "relu"),
    ("resnet18", "prelu"),
    ("resnet34", "relu"),
    ("mobilefacenet", None),
    pytest.param("ir100", "relu", marks=pytest.mark.slow),
    pytest.param("irse100", "prelu", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("name", "activation"), EXPORTED)
def test_the_onnx_file_agrees_with_torch(tmp_path: Path, name: str, activation: str | None) -> None:
    net = small(name, **({"activation": activation} if activation else {}))
    image, _ = batch()
    value = normalised(image, "grey")
    with torch.no_grad():
        net.train()(value)  # so that the normalisations have something to say
    net.eval()
    path = tmp_path / "net.onnx"
    torch.onnx.export(net, (value[:1],), path, input_names=["image"], verbose=False)
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    for one in value[:3].split(1):
        with torch.no_grad():
            wanted = net(one).numpy()
        (got,) = session.run(None, {"image": one.contiguous().numpy()})
        assert got.shape == (1, 32)
        np.testing.assert_allclose(got, wanted, atol=1e-3 * np.abs(wanted).max())


def test_the_e_heads_last_scale_is_one() -> None:
    net = small("ir50")
    last = net.head[-1]  # type: ignore[index,union-attr]
    assert not last.weight.requires_grad and bool((last.weight == 1).all())
    assert last.bias.requires_grad


def test_an_unknown_activation_is_refused() -> None:
    with pytest.raises(ValueError, match="activation 'tanh' is none of prelu, relu"):
        small("resnet18", activation="tanh")
