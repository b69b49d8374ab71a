"""The crop that is trained on is the crop that the device makes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge import packs
from edge.faces import embed
from training.recognition import crops
from training.recognition.crops import Jitter

RNG = np.random.default_rng(3)
IMAGE = RNG.integers(0, 256, (150, 160, 3), np.uint8)


def face_points() -> np.ndarray:
    points = np.zeros((68, 2), np.float32)
    points[36:42], points[42:48] = (52, 61), (95, 58)
    points[30], points[48], points[54] = (74, 84), (58, 108), (93, 106)
    return points


@pytest.mark.parametrize("scale", crops.SCALES)
def test_it_is_what_the_device_gives_its_embedder(scale: str) -> None:
    pack = packs.load("default")
    roles = pack.manifest.roles
    embedder = roles.embedder.model_copy(update={"input": crops.input_spec(scale)})
    ours = pack.manifest.model_copy(
        update={"roles": roles.model_copy(update={"embedder": embedder})}
    )
    device = embed.aligned(replace(pack, manifest=ours), IMAGE, face_points())[0]
    crop = crops.crop(IMAGE, crops.matrix(face_points()))
    mean, std = (np.array(v)[:, None, None] for v in crops.SCALES[scale])
    trained = (crop[:, :, ::-1].transpose(2, 0, 1) - mean) / std
    assert np.abs(device - trained).max() <= 0.51 / std.min(), "more than the rounding of a pixel"


def test_points_on_the_template_are_left_where_they_are() -> None:
    points = np.zeros((68, 2), np.float32)
    for group, place in zip(crops.FIVE, crops.ARCFACE, strict=True):
        points[list(group)] = place
    np.testing.assert_allclose(crops.matrix(points), [[1, 0, 0], [0, 1, 0]], atol=1e-4)


def test_jitter_follows_from_its_generator_and_keeps_the_middle() -> None:
    one, again = (Jitter().draw(np.random.default_rng(4)) for _ in range(2))
    assert np.array_equal(one, again)
    drawn = [Jitter(shift=0.0).draw(np.random.default_rng(i)) for i in range(50)]
    middle = np.array([55.5, 55.5, 1])
    for matrix in drawn:
        np.testing.assert_allclose(matrix @ middle, middle[:2])
    turns = [np.degrees(np.arctan2(m[1, 0], m[0, 0])) for m in drawn]
    assert 1.5 < np.std(turns) < 3.5


def test_maps_are_done_one_after_the_other() -> None:
    first, then = (Jitter().draw(np.random.default_rng(i)) for i in (1, 2))
    point = np.array([20.0, 70.0])
    step = first[:, :2] @ point + first[:, 2]
    both = crops.after(first, then)
    np.testing.assert_allclose(
        both[:, :2] @ point + both[:, 2], then[:, :2] @ step + then[:, 2], atol=1e-9
    )
