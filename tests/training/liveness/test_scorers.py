"""What gives a score: a pack, a checkpoint, MiniFASNet; each as it says of itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from edge import packs
from edge.errors import NumericError, PackError, UsageError
from edge.faces.liveness import passive
from edge.packs import preprocess
from tests.training.liveness import made_up_scorer
from training import checkpoint
from training.errors import CheckpointError
from training.liveness import scorers
from training.liveness.model import Design, ForTraining
from training.liveness.patches import model as patches
from training.liveness.patches.scorer import Patched
from training.liveness.scorers import Named

BOX = np.array([60, 50, 110, 115], np.float32)
IMAGE = np.random.default_rng(0).integers(0, 255, (180, 200, 3), np.uint8)


@pytest.fixture
def trained(tmp_path: Path) -> tuple[Path, ForTraining]:
    """A network of random weights, as a run leaves it."""
    torch.manual_seed(0)
    design = Design(size=32, widths=(8, 8, 8, 16), depth=(0, 0, 0))
    module = ForTraining(design.build()).eval()
    path = tmp_path / "best.ckpt"
    checkpoint.save(path, {"description": design.plain(), "ema": module.state_dict()})
    return path, module


def test_a_checkpoint_is_judged_on_the_crops_of_its_own_design(
    trained: tuple[Path, ForTraining],
) -> None:
    path, module = trained
    named = scorers.of(f"ours={path}")
    assert named.name == "ours" and named.scorer.bound is None
    spec = module.net.design.spec
    with torch.no_grad():
        logits = module.net(torch.from_numpy(preprocess.face_tensor(IMAGE, spec, BOX)))
    assert named.score(IMAGE, BOX) == pytest.approx(float(logits.softmax(1)[0, 1]), abs=1e-6)


def test_patch_networks_stand_beside_the_others(
    tmp_path: Path, trained: tuple[Path, ForTraining]
) -> None:
    torch.manual_seed(0)
    design = patches.Design(widths=(8, 8, 8, 8))
    paths = []
    for i in range(2):
        net = patches.PatchNet(design).eval()
        content = {"task": patches.TASK, "description": design.plain(), "ema": net.state_dict()}
        checkpoint.save(tmp_path / f"{i}.ckpt", content)
        paths.append(tmp_path / f"{i}.ckpt")
    both = scorers.of(f"both={paths[0]}+{paths[1]}")
    assert both.score(IMAGE, BOX) == pytest.approx(Patched(paths).score(IMAGE, BOX))
    with pytest.raises(UsageError, match="only patch networks"):
        scorers.of(f"x={trained[0]}+{paths[0]}")


def test_a_pack_is_judged_by_the_devices_code() -> None:
    named = scorers.of("door=default")
    pack = packs.load()
    assert named.score(IMAGE, BOX) == passive(pack, IMAGE, BOX)
    assert named.scorer.bound is not None and 0 < named.scorer.bound < 1


def test_files_joined_by_a_plus_are_one_network(tmp_path: Path) -> None:
    one, two = (made_up_scorer.write(tmp_path / f"{s}_80x80_n.onnx") for s in ("2.7", "4.0"))
    both = scorers.of(f"both={one}+{two}")
    mean = np.mean([scorers.of(f"x={path}").score(IMAGE, BOX) for path in (one, two)])
    assert both.score(IMAGE, BOX) == pytest.approx(mean)
    assert both.what == "2.7_80x80_n.onnx + 4.0_80x80_n.onnx"  # no folders: reports are shared


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="NAME="):
        scorers.of("=default")
    with pytest.raises(UsageError, match="no pack"):
        scorers.of(f"x={tmp_path / 'missing'}")
    with pytest.raises(UsageError, match="names two"):
        scorers.all_of(["a=default", "a =default"])
    with pytest.raises(PackError, match="manifest"):
        scorers.of(f"x={tmp_path}")
    broken = tmp_path / "broken.ckpt"
    broken.write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="broken"):
        scorers.of(f"x={broken}")
    checkpoint.save(broken, {"description": {"patch": 32}, "ema": {}})
    with pytest.raises(CheckpointError, match="description"):
        scorers.of(f"x={broken}")


@pytest.mark.parametrize("said", [float("nan"), 1.5, -0.1])
def test_a_score_that_is_no_probability_is_an_error(said: float) -> None:
    class Odd:
        bound = None

        def score(self, image: np.ndarray, box: np.ndarray) -> float:
            return said

    with pytest.raises(NumericError, match="odd"):
        Named("odd", "", Odd()).score(IMAGE, BOX)
