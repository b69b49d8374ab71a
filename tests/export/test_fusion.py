"""Fusion networks as ONNX: three inputs, the same answers as torch whatever is given."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from torch import nn

from edge.errors import PackError
from export import fusion, liveness, parity
from training import checkpoint
from training.errors import CheckpointError
from training.liveness.fusion.model import UNITS, Design, FusionNet


def lively(kind: str) -> FusionNet:
    """Untrained, but with statistics and weights that make answers of some size."""
    torch.manual_seed(1)
    net = Design(kind, 32, 16).build()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.8, 1.6)
    nn.init.normal_(net.answer[-1].weight, 0, 1.0)
    return net.eval()


@pytest.mark.parametrize("kind", sorted(UNITS))
def test_the_file_answers_as_torch_does(kind: str, tmp_path: Path, capsys: object) -> None:
    torch.set_num_threads(1)
    net = lively(kind)
    path = tmp_path / "net.ckpt"
    content = {"task": "fusion", "description": net.design.plain(), "ema": net.state_dict()}
    checkpoint.save(path, content)
    assert liveness.main([str(path), "--out", str(tmp_path / "net.onnx")]) == 0
    told = json.loads(capsys.readouterr().out)  # type: ignore[attr-defined]
    assert told["inputs"] == {name: [1, 3, 32, 32] for name in ("colour", "depth", "ir")}
    session = ort.InferenceSession(str(tmp_path / "net.onnx"), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(5)
    values = [rng.uniform(0, 1, (1, 3, 32, 32)).astype(np.float32) for _ in range(3)]
    values[1] *= 0
    with torch.no_grad():
        want = net(*map(torch.from_numpy, values)).numpy()
    (got,) = session.run(None, dict(zip(("colour", "depth", "ir"), values, strict=True)))
    assert np.abs(want).max() > 0.02
    np.testing.assert_allclose(got, want, atol=1e-4)
    # Inputs are not interchangeable: depth in the place of colour answers otherwise.
    swapped = dict(zip(("depth", "colour", "ir"), values, strict=True))
    assert np.abs(session.run(None, swapped)[0] - want).max() > 1e-3


def test_a_file_that_answers_otherwise_is_found_out() -> None:
    net = lively("A")
    model, agreed = fusion.exported(net.design.plain(), net.state_dict())
    assert agreed.value < agreed.bound
    with torch.no_grad():
        net.answer[-1].bias += 0.01
    with pytest.raises(PackError, match="largest difference"):
        parity.float_parity(net, model, fusion._inputs(32))


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.ckpt"
    checkpoint.save(path, {"task": "detector", "description": {}, "ema": {}})
    with pytest.raises(CheckpointError, match="of the training 'detector'"):
        liveness.main([str(path), "--out", str(tmp_path / "net.onnx")])
    assert not (tmp_path / "net.onnx").exists()
