"""What the landmark network says, and what the manifest says that it says."""

from __future__ import annotations

import math
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge import packs
from edge.cameras import Frame
from edge.config import Config
from edge.errors import ManifestError, ModelMismatch
from edge.faces.analyzer import Analyzer
from edge.faces.landmarks import eye_angle, landmark_bound, locate
from edge.faces.observation import Pose, turned
from edge.faces.pose import _HEAD, _POINTS, head_pose
from edge.gates import frame_gates
from edge.packs.schema import LandmarksRole, Manifest

IMAGE = np.zeros((200, 200, 3), np.uint8)
BOX = np.array([50, 50, 150, 150], np.float32)
SURE = {"confidence": "sure", "confidence_scale": "logit", "min_confidence": 0.6}


class Says:
    """A network that always answers the same."""

    def __init__(self, *outputs: NDArray[np.float32]) -> None:
        self.outputs = outputs

    def run(self, tensor: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        assert tensor.dtype == np.float32
        return list(self.outputs)


def face(tilt: float = 0.0) -> NDArray[np.float32]:
    """68 points in 0..1 of the crop: two eyes, the rest in the middle; eyes tilted by `tilt`."""
    points = np.full((68, 2), 0.5)
    points[36:42], points[42:48] = [0.35, 0.4], [0.65, 0.4]
    points[8], points[30], points[48], points[54] = (0.5, 0.9), (0.5, 0.55), (0.4, 0.7), (0.6, 0.7)
    c, s = math.cos(tilt), math.sin(tilt)
    points = (points - 0.5) @ np.array([[c, s], [-s, c]]) + 0.5
    return points.reshape(1, -1).astype(np.float32)


def pack(*outputs: NDArray[np.float32], **head: Any) -> packs.Pack:
    """The default pack with a landmark network of fixed answers and a head of `head`."""
    whole = packs.load()
    raw = whole.manifest.model_dump(mode="json", exclude_none=True)
    for own in ("confidence", "confidence_scale", "min_confidence", "pose"):
        raw["roles"]["landmarks"]["head"].pop(own, None)
    raw["roles"]["landmarks"]["head"].update(head)
    manifest = Manifest.model_validate(raw)
    return replace(whole, manifest=manifest, landmarks=Says(*outputs))  # type: ignore[arg-type]


def one(value: float) -> NDArray[np.float32]:
    return np.array([[value]], np.float32)


def test_a_network_without_confidence_and_pose_gives_none() -> None:
    plain = pack(face())
    found = locate(plain, IMAGE, BOX)
    assert found.points.shape == (68, 2)
    assert found.confidence is None and found.pose is None
    assert landmark_bound(plain) is None


@pytest.mark.parametrize(
    ("scale", "said", "wanted"),
    [("logit", 0.0, 0.5), ("logit", -200.0, 0.0), ("probability", 0.8, 0.8)],
)
def test_confidence_is_read_as_the_manifest_says(scale: str, said: float, wanted: float) -> None:
    sure = pack(face(), one(said), **(SURE | {"confidence_scale": scale}))
    assert locate(sure, IMAGE, BOX).confidence == pytest.approx(wanted, abs=1e-6)
    assert landmark_bound(sure) == 0.6


def test_a_logit_passed_off_as_a_probability_is_refused() -> None:
    wrong = pack(face(), one(4.0), **(SURE | {"confidence_scale": "probability"}))
    with pytest.raises(ModelMismatch, match="not a probability"):
        locate(wrong, IMAGE, BOX)


@pytest.mark.parametrize("missing", sorted(SURE))
def test_confidence_is_stated_whole_or_not_at_all(missing: str) -> None:
    part = {name: value for name, value in SURE.items() if name != missing}
    with pytest.raises(ValueError, match="together"):
        pack(face(), **part)


def test_outputs_of_another_size_are_refused() -> None:
    with pytest.raises(ModelMismatch, match="136"):
        locate(pack(face()[:, :-2]), IMAGE, BOX)
    with pytest.raises(ModelMismatch, match="'pose'"):
        locate(pack(face(), one(1.0), pose="pose"), IMAGE, BOX)


def test_a_pose_turns_back_with_its_crop() -> None:
    """With eyes tilted by 12° in the first crop, the second is turned by 12°."""
    pose = np.array([[0, 0, 2]], np.float32)
    once = pack(face(math.radians(12)), pose, pose="pose", passes=1)
    assert locate(once, IMAGE, BOX).pose == Pose(0, 0, 2)
    twice = pack(face(math.radians(12)), pose, pose="pose", passes=2)
    found = locate(twice, IMAGE, BOX)
    assert found.pose is not None
    assert found.pose.roll == pytest.approx(14, abs=1e-3)
    assert math.degrees(eye_angle(found.points)) == pytest.approx(24, abs=1e-2)


def about(axis: int, degrees: float) -> NDArray[np.float64]:
    """Rotation about x, y or z; positive about z is clockwise in a picture whose y is down."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    a, b = [i for i in range(3) if i != axis]
    m = np.eye(3)
    m[a, a] = m[b, b] = c
    m[a, b], m[b, a] = (s, -s) if axis == 1 else (-s, s)
    return m


def test_turning_is_a_rotation_of_the_picture() -> None:
    """R of the answer is the crop's rotation times R of the question."""

    def rotation(pose: Pose) -> NDArray[np.float64]:
        # The signs of `Pose`: yaw right, pitch up, roll clockwise.
        return about(0, pose.pitch) @ about(1, pose.yaw) @ about(2, pose.roll)

    rng = np.random.default_rng(0)
    for _ in range(200):
        yaw, pitch, roll, degrees = (float(v) for v in rng.uniform(-80, 80, 4))
        seen = Pose(yaw, pitch / 2, roll / 2)
        got = turned(seen, math.radians(degrees / 2))
        np.testing.assert_allclose(rotation(got), about(2, degrees / 2) @ rotation(seen), atol=1e-9)
    nose = rotation(Pose(20, 0, 0))[:, 2]
    assert nose[0] > 0.3 and rotation(Pose(0, 20, 0))[1, 2] < -0.3  # right; up is -y


def test_turning_agrees_with_a_head_seen_turned() -> None:
    """A head turned only in the picture: what the points say, said by turning."""
    for degrees in (25, -40, 80):
        c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        seen = []
        for turn in (np.eye(2), np.array([[c, -s], [s, c]])):
            points = np.zeros((68, 2), np.float32)
            points[_POINTS] = _HEAD[:, :2] @ turn.T
            points[36:42], points[42:48] = points[36], points[45]
            seen.append(head_pose(points))
        got = turned(seen[0], math.radians(degrees))
        for name in ("yaw", "pitch", "roll"):
            assert getattr(got, name) == pytest.approx(getattr(seen[1], name), abs=0.5)


def test_the_analyzer_takes_the_pose_that_the_manifest_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    box, score = BOX[np.newaxis], np.array([0.9], np.float32)
    monkeypatch.setattr("edge.faces.analyzer.detect", lambda pack, image: (box, score))
    pose = np.array([[50, 3, 1]], np.float32)
    config = Config()
    for named, wanted in (({"pose": "pose"}, 50.0), ({}, None)):
        chosen = pack(*([face(), pose] if named else [face()]), passes=1, **named)
        seen = Analyzer(chosen, config).observe(Frame(IMAGE, 0.0, 0)).face
        assert seen is not None
        computed = head_pose(seen.landmarks)
        assert seen.pose == (computed if wanted is None else Pose(50, 3, 1))


def test_a_named_output_that_the_file_lacks_is_refused(tmp_path: Path) -> None:
    shutil.copytree(packs.DEFAULT, tmp_path / "pack")
    path = tmp_path / "pack" / "manifest.toml"
    text = re.sub(r"^pose = .*\n", "", path.read_text(), flags=re.MULTILINE)
    path.write_text(text.replace("passes = 2", 'passes = 2\npose = "attitude"'))
    with pytest.raises(ModelMismatch, match="'attitude'"):
        packs.load(tmp_path / "pack")
    path.write_text(text.replace("passes = 2", 'passes = 2\npose = "points"'))
    with pytest.raises(ManifestError, match="share one"):
        packs.load(tmp_path / "pack")


def test_the_role_tells_the_outputs_that_it_uses() -> None:
    role = pack(face(), one(0), **SURE, pose="pose").manifest.roles.landmarks
    assert isinstance(role, LandmarksRole)
    assert role.head.outputs == ("points", "sure", "pose")


@pytest.mark.parametrize(("said", "compared"), [(0.9, True), (0.3, False)])
def test_a_face_of_unsure_landmarks_is_not_compared(said: float, compared: bool) -> None:
    """A real face that passes every other gate, with a confidence beside the real points."""
    data = pytest.importorskip("skimage.data")
    image = np.ascontiguousarray(data.astronaut()[:400, 60:460, ::-1])
    real = packs.load().landmarks

    class Beside:
        def run(self, tensor: NDArray[np.float32]) -> list[NDArray[np.float32]]:
            return [real.run(tensor)[0], one(said)]

    sure = replace(pack(**(SURE | {"confidence_scale": "probability"})), landmarks=Beside())  # type: ignore[arg-type]
    seen = Analyzer(sure, Config()).observe(Frame(image, 0.0, 0))
    assert seen.face is not None and seen.face.confidence == pytest.approx(said)
    failed = [g.name for g in frame_gates(seen, Config(), landmark_bound(sure)) if not g.passed]
    assert failed == ([] if compared else ["landmarks"])
    assert (seen.face.embedding is not None) is compared
