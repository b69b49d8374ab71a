"""The face network learns, is found again in its checkpoint, and leaves the house as ONNX."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from torch import nn

from tests.training.landmarks.faces import LAYOUT, folder_of_faces
from training.errors import CheckpointError
from training.landmarks.dataset import Jitter
from training.landmarks.evaluate import network_of
from training.landmarks.model import HEADS, FaceNet, build, outputs_of
from training.landmarks.task import LandmarksTask
from training.loop import fit, load
from training.plan import Plan
from training.record import read

SMALL = {"widths": (16, 8, 16, 24), "blocks": (1, 1, 1), "attributes": 16}
CALM = Jitter(negatives=0.1, occluded=0, photometric=0, turn=10)


def task_of(folder: Path, *, uncertainty: bool = False) -> LandmarksTask:
    folder.mkdir(exist_ok=True)
    faces = folder_of_faces(folder, 24)
    torch.manual_seed(0)
    net = FaceNet(HEADS[:-1], uncertainty=uncertainty, **SMALL)  # type: ignore[arg-type]
    held = faces.subset(range(6))
    return LandmarksTask("landmarks", net, faces, held, LAYOUT, jitter=CALM)


def plan_of(out: Path, epochs: int) -> Plan:
    return Plan(out=out, epochs=epochs, batch=12, lr=3e-3, workers=0, ema=0.5)


@pytest.mark.parametrize("uncertainty", [False, True])
def test_the_loss_falls_and_the_checkpoint_is_the_network(
    tmp_path: Path, uncertainty: bool
) -> None:
    task = task_of(tmp_path / "pictures", uncertainty=uncertainty)
    plan = plan_of(tmp_path / "run", epochs=5)
    result = fit(task, plan, quiet=True)
    rows = [r for r in read(plan.out / "metrics.csv") if r["kind"] == "train"]
    for name in ("loss", "points"):
        values = [float(r["value"]) for r in rows if r["name"] == name]
        assert values[-1] < 0.8 * values[0], name
    net, points = network_of(plan.out / "best.ckpt")
    assert points is LAYOUT and net.description() == task.net.description()
    with torch.no_grad():
        figures = task.validate(net)
    assert figures["score"] == pytest.approx(result.best_score, rel=1e-4)
    assert {"nme", "failures", "pose_mae", "age_mae", "gender_error"} < set(figures)


class _Killed(Exception):
    pass


def test_a_resumed_run_goes_on_as_if_it_had_not_stopped(tmp_path: Path) -> None:
    whole, part = plan_of(tmp_path / "whole", 2), plan_of(tmp_path / "part", 2)
    fit(task_of(tmp_path / "pictures"), whole, quiet=True)
    task, validate = task_of(tmp_path / "pictures"), LandmarksTask.validate

    def dies(module: nn.Module) -> dict[str, float]:
        if read(part.out / "metrics.csv")[-1]["epoch"] == "1":
            raise _Killed
        return validate(task, module)

    task.validate = dies  # type: ignore[method-assign]
    with pytest.raises(_Killed):
        fit(task, part, quiet=True)
    fit(task_of(tmp_path / "pictures"), part, resume=True, quiet=True)
    (_, one), (_, two) = (load(plan.out / "last.ckpt") for plan in (whole, part))
    for name, value in one.items():
        assert torch.equal(value, two[name]), name


@pytest.mark.parametrize("role", ["landmarks", "age_gender", "pose"])
def test_each_role_leaves_as_onnx_that_agrees_with_torch(tmp_path: Path, role: str) -> None:
    torch.manual_seed(1)
    net = FaceNet(**SMALL).eval()  # type: ignore[arg-type]
    part = outputs_of(net, role)
    path = tmp_path / "part.onnx"
    image = torch.randn(1, 3, 112, 112)
    torch.onnx.export(
        part, (image,), path, input_names=["image"], output_names=list(part.outputs), verbose=False
    )
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert tuple(o.name for o in session.get_outputs()) == part.outputs
    whole = net(image)
    with torch.no_grad():
        wanted = part(image)
    for name, got, want in zip(
        part.outputs, session.run(None, {"image": image.numpy()}), wanted, strict=True
    ):
        assert np.abs(got - want.numpy()).max() < 1e-4 * max(1, np.abs(want.numpy()).max()), name
        own = torch.sigmoid(whole[name]) if name == "confidence" else whole[name]
        torch.testing.assert_close(want, own, rtol=1e-4, atol=1e-4)


def test_the_landmark_graph_knows_nothing_of_age_or_gender() -> None:
    part = outputs_of(FaceNet(**SMALL), "landmarks")  # type: ignore[arg-type]
    names = {name.split(".")[1] for name in part.state_dict()}
    assert part.outputs == ("points", "confidence", "pose")
    assert names == {"backbone", "placed", "points", "confidence", "pose"}


def test_a_network_without_a_roles_heads_says_so() -> None:
    net = FaceNet(["points", "confidence"], **SMALL)  # type: ignore[arg-type]
    with pytest.raises(CheckpointError, match="needs heads age, gender"):
        outputs_of(net, "age_gender")
    with pytest.raises(CheckpointError, match="no role 'eyes'"):
        outputs_of(net, "eyes")


def test_weights_of_another_network_are_refused() -> None:
    net = FaceNet(["pose"], **SMALL)  # type: ignore[arg-type]
    with pytest.raises(CheckpointError, match="not a checkpoint of this network"):
        build({"net": {**net.description(), "widths": [8, 8, 8, 8]}}, net.state_dict())
    with pytest.raises(CheckpointError, match="not a checkpoint of this network"):
        build({"layout": "ibug68"})
