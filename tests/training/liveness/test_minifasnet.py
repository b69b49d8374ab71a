"""MiniFASNet's crop and answer, as upstream makes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import ModelMismatch
from tests.training.liveness import made_up_scorer
from training.liveness import minifasnet
from training.liveness.minifasnet import MiniFASNet

# Each pixel says where it lies.
Y, X = np.mgrid[0:100, 0:200]
PLACES = np.stack([X, Y, np.zeros_like(X)], axis=2).astype(np.uint8)


def corners(box: list[float], scale: float) -> tuple[int, int, int, int]:
    """First and last column and row of the crop, at its own size."""
    # A crop scaled to many more pixels repeats its own first and last ones at its edges.
    cut = minifasnet.crop(PLACES, np.array(box), scale, (1600, 1600))
    return int(cut[0, 0, 0]), int(cut[0, 0, 1]), int(cut[-1, -1, 0]), int(cut[-1, -1, 1])


def test_a_crop_is_the_box_times_the_scale_around_its_middle() -> None:
    assert corners([90, 40, 110, 60], 2.0) == (80, 30, 119, 69)


def test_a_crop_keeps_the_shape_of_the_box_and_is_stretched() -> None:
    assert corners([90, 45, 110, 55], 2.0) == (80, 40, 119, 59)


def test_a_crop_is_moved_into_the_picture_and_not_filled() -> None:
    assert corners([0, 0, 20, 20], 2.0) == (0, 0, 39, 39)
    assert corners([185, 85, 205, 105], 2.0) == (160, 60, 199, 99)


def test_a_crop_is_no_larger_than_the_picture() -> None:
    left, top, right, bottom = corners([80, 20, 120, 80], 4.0)
    assert (top, bottom) == (0, 98)  # 99 rows, as upstream has it
    assert right - left == pytest.approx(66, abs=1)  # in the box's own shape


@given(
    st.floats(-20, 190),
    st.floats(-20, 90),
    st.floats(2, 90),
    st.floats(2, 90),
    st.floats(1, 6),
)
def test_every_box_gives_a_crop(x: float, y: float, w: float, h: float, scale: float) -> None:
    cut = minifasnet.crop(PLACES, np.array([x, y, x + w, y + h]), scale, (80, 80))
    assert cut.shape == (80, 80, 3)


@pytest.mark.parametrize(
    ("name", "scale"),
    [
        ("2.7_80x80_MiniFASNetV2", 2.7),
        ("4_0_0_80x80_MiniFASNetV1SE", 4.0),
        ("minifasnet_v2_2.7_80x80", 2.7),
        ("minifasnet_v1se_4.0_80x80", 4.0),
    ],
)
def test_a_files_name_says_which_crop_it_sees(name: str, scale: float) -> None:
    assert minifasnet.scale_of(Path(f"{name}.onnx")) == (scale, 80, 80)


@pytest.mark.parametrize("name", ["minifasnet", "org_1_80x80_MiniFASNetV4", "2.7_1_0_80x80_Mini"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ModelMismatch, match=name):
        minifasnet.scale_of(Path(f"{name}.onnx"))


def test_files_are_averaged(tmp_path: Path) -> None:
    near = made_up_scorer.write(tmp_path / "1.0_80x80_a.onnx")
    far = made_up_scorer.write(tmp_path / "4.0_80x80_b.onnx")
    image = np.full((120, 120, 3), 96, np.uint8)
    image[50:70, 50:70] = 160
    box = np.array([50, 50, 70, 70], np.float32)
    alone = [MiniFASNet([path]).score(image, box) for path in (near, far)]
    assert alone[0] == pytest.approx(made_up_scorer.score(160), abs=1e-4)
    assert alone[1] < 0.5 < alone[0]
    assert MiniFASNet([near, far]).score(image, box) == pytest.approx(np.mean(alone))


def test_a_file_of_another_shape_is_refused(tmp_path: Path) -> None:
    small = made_up_scorer.write(tmp_path / "2.7_80x80_small.onnx", size=64)
    with pytest.raises(ModelMismatch, match="_small"):
        MiniFASNet([small])
    two = made_up_scorer.write(tmp_path / "2.7_80x80_two.onnx", classes=2)
    with pytest.raises(ModelMismatch, match="_two"):
        MiniFASNet([two])
    with pytest.raises(ModelMismatch, match="no such file"):
        MiniFASNet([tmp_path / "2.7_80x80_none.onnx"])
