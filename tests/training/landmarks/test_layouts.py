"""Layouts of points: mirroring twice is nothing, and a symmetric face is its own mirror image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.training.landmarks.faces import mean_shape
from training.errors import DataError
from training.landmarks.layouts import (
    IBUG68,
    LAYOUTS,
    PFLD106,
    WFLW98,
    WFLW98_TO_IBUG68,
    Layout,
    convert,
    layout,
)

SHARED = Path(__file__).resolve().parents[4] / "shared"


@pytest.mark.parametrize("each", LAYOUTS.values(), ids=lambda each: each.name)
def test_a_flip_map_is_an_involution(each: Layout) -> None:
    flip = np.array(each.flip)
    assert sorted(each.flip) == list(range(each.count))
    assert (flip[flip] == np.arange(each.count)).all()
    assert flip[each.corners[0]] == each.corners[1]
    left, right, nose, mouth_left, mouth_right = (set(group) for group in each.five)
    assert {each.flip[i] for i in left} == right
    assert {each.flip[i] for i in nose} == nose
    assert {each.flip[i] for i in mouth_left} == mouth_right


def test_a_symmetric_face_is_its_own_mirror_image() -> None:
    shape = mean_shape() * 40 + 50
    mirrored = IBUG68.mirrored(shape, width=101)
    np.testing.assert_allclose(mirrored, shape, atol=1e-4)


def test_the_five_points_are_in_their_order() -> None:
    left, right, nose, mouth_left, mouth_right = IBUG68.five_of(mean_shape())
    assert left[0] < nose[0] < right[0]
    assert left[1] < nose[1] < mouth_left[1]
    assert mouth_left[0] < mouth_right[0]


def test_wflw_points_become_those_of_ibug() -> None:
    assert len(set(WFLW98_TO_IBUG68)) == 68
    # Mirroring first and converting then is converting first and mirroring then.
    for i, wide in enumerate(WFLW98_TO_IBUG68):
        assert WFLW98_TO_IBUG68[IBUG68.flip[i]] == WFLW98.flip[wide]
    points = np.random.default_rng(0).normal(size=(98, 2))
    np.testing.assert_allclose(convert(points, IBUG68)[36], points[60], rtol=1e-6)
    assert WFLW98_TO_IBUG68[IBUG68.corners[0]] == WFLW98.corners[0]


def test_what_cannot_be_converted_is_an_error() -> None:
    with pytest.raises(DataError, match="68 points cannot"):
        convert(np.zeros((68, 2)), WFLW98)
    with pytest.raises(DataError, match="no layout 'dlib5'"):
        layout("dlib5")


@pytest.mark.shared
def test_the_106_points_mirror_as_the_network_says(clips: Path) -> None:
    """The network's points of a mirrored face are, by the map, those of the face."""
    import cv2
    import onnxruntime as ort

    model = SHARED / "models" / "pfld_lite_106.onnx"
    finder = SHARED / "models" / "yunet_n_320_320.onnx"
    if not model.exists() or not finder.exists():
        pytest.skip("no ../shared/models beside the checkout")
    options = ort.SessionOptions()
    options.log_severity_level = 3
    net = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    yunet = cv2.FaceDetectorYN.create(str(finder), "", (640, 480), 0.6)
    errors, straight = [], []
    for clip in ("again.mkv", "bird.mkv", "eat.mkv"):
        film = cv2.VideoCapture(str(clips / clip))
        for frame in range(0, 30, 10):
            film.set(cv2.CAP_PROP_POS_FRAMES, frame)
            x, y, w, h = yunet.detect(film.read()[1])[1][0][:4]
            scale = 112 / (1.15 * max(w, h))
            matrix = np.array(
                [[scale, 0, 56 - (x + w / 2) * scale], [0, scale, 56 - (y + h / 2) * scale]]
            )
            film.set(cv2.CAP_PROP_POS_FRAMES, frame)
            crop = cv2.warpAffine(film.read()[1], matrix, (112, 112))
            said = []
            for picture in (crop, crop[:, ::-1]):
                value = picture.transpose(2, 0, 1)[None].astype(np.float32) / 255
                said.append(net.run(["output"], {"input": value})[0].reshape(106, 2) * 112)
            face, mirror = said
            errors.append(np.linalg.norm(PFLD106.mirrored(mirror, 113) - face, axis=1))
            straight.append(np.linalg.norm(mirror - face, axis=1))
    assert np.median(errors, axis=0).max() < 8
    assert np.median(errors) < 4 < np.median(straight)
