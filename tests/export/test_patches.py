"""Patch networks as ONNX: a face in, the answer of torch out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from torch import nn

from edge.errors import PackError
from export import liveness, parity, patches
from training import checkpoint
from training.errors import CheckpointError
from training.liveness.patches.model import TASK, Design, PatchNet
from training.liveness.patches.scorer import Patched


def lively(design: Design) -> PatchNet:
    """Untrained, but with statistics and weights that make answers of some size."""
    torch.manual_seed(2)
    net = PatchNet(design)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    nn.init.normal_(net.answer.weight, 0, 1.0)
    return net.eval()


@pytest.mark.parametrize("patch", [32, 48, 64])
def test_the_file_answers_as_the_scorer_does(
    patch: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.set_num_threads(1)
    net = lively(Design(patch, widths=(8, 16)))
    content = {"task": TASK, "description": net.design.plain(), "ema": net.state_dict()}
    checkpoint.save(tmp_path / "net.ckpt", content)
    out = tmp_path / "net.onnx"
    assert liveness.main([str(tmp_path / "net.ckpt"), "--out", str(out)]) == 0
    assert json.loads(capsys.readouterr().out)["inputs"] == {"image": [1, 3, 112, 112]}
    session = ort.InferenceSession(out.read_bytes(), providers=["CPUExecutionProvider"])
    image = np.random.default_rng(3).integers(0, 255, (112, 112, 3), np.uint8)
    box = np.array([-0.5, -0.5, 111.5, 111.5], np.float32)
    want = Patched([tmp_path / "net.ckpt"]).score(image, box)
    planes = image[..., ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 255
    (logits,) = session.run(None, {"image": planes})
    assert logits.shape == (1, 2)
    parts = np.exp(logits[0].astype(float))
    assert parts[1] / parts.sum() == pytest.approx(want, abs=1e-4)
    assert 0.01 < want < 0.99


def test_a_file_that_answers_otherwise_is_found_out() -> None:
    net = lively(Design(widths=(8, 16)))
    model, agreed = patches.exported(net.design.plain(), net.state_dict())
    assert agreed.value <= agreed.bound
    other = patches.FaceNet([net], patches.views.centre(112, 32)).eval()
    faces = [np.random.default_rng(1).random((1, 3, 112, 112), np.float32)]
    with pytest.raises(PackError, match="largest difference"):
        parity.float_parity(other, model, faces)


def test_weights_of_another_design_are_refused() -> None:
    net = lively(Design(widths=(8, 16)))
    with pytest.raises(CheckpointError, match="another design"):
        patches.exported(Design(widths=(8, 8)).plain(), net.state_dict())
