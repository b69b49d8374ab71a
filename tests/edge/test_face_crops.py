"""Inputs of several crops: laid as each crop alone would be, one below another."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from edge.packs import preprocess
from edge.packs.schema import BoxesFit, BoxFit, InputSpec, TemplateFit

BOX = np.array([40, 30, 70, 72], np.float32)
PLAIN = {"name": "image", "colour": "rgb", "mean": (127.5,) * 3, "std": (127.5,) * 3}


def spec(height: int = 96) -> InputSpec:
    crops = (BoxFit(kind="box", scale=1.5), BoxFit(kind="box", scale=3.0, shift=(0, 0.1)))
    return InputSpec(**PLAIN, width=48, height=height, fit=BoxesFit(kind="boxes", crops=crops))


def test_each_crop_takes_its_share_of_the_height() -> None:
    image = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    whole = preprocess.face_tensor(image, spec(), BOX)
    assert whole.shape == (1, 3, 96, 48)
    for i, part in enumerate(spec().parts):
        assert (part.width, part.height) == (48, 48)
        assert isinstance(part.fit, BoxFit)
        alone = preprocess.tensor(image, preprocess.box_matrix(part.fit, part, BOX), part)
        np.testing.assert_array_equal(whole[:, :, 48 * i : 48 * (i + 1)], alone)


def test_one_crop_is_its_own_part() -> None:
    one = InputSpec(**PLAIN, width=48, height=48, fit=BoxFit(kind="box", scale=2.0))
    assert one.parts == (one,)
    image = np.zeros((120, 160, 3), np.uint8)
    assert preprocess.face_tensor(image, one, BOX).shape == (1, 3, 48, 48)


def test_the_height_is_shared_equally_or_refused() -> None:
    with pytest.raises(ValidationError, match="no multiple of 2 crops"):
        spec(height=97)


def test_a_crop_by_landmarks_needs_them() -> None:
    points = ((0,), (1,))
    fit = TemplateFit(kind="template", points=points, template=((10, 10), (30, 10)))
    laid = InputSpec(**PLAIN, width=48, height=48, fit=fit)
    with pytest.raises(ValueError, match="'template'"):
        preprocess.face_tensor(np.zeros((9, 9, 3), np.uint8), laid, BOX)
