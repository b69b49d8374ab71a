"""Where things land: what is drawn at a label lies in the crop where the label says."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.training.landmarks.faces import LAYOUT, drawn, face, folder_of_faces, placed
from training.landmarks import crops
from training.landmarks.dataset import FaceDataset, FaceSet, Jitter
from training.landmarks.locate import Found, locate
from training.pictures import Pictures
from training.pose.rotation import turned
from training.sampling import Key

MARKS = {36: (255, 0, 0), 45: (0, 255, 0), 8: (0, 0, 255), 17: (255, 255, 0), 54: (255, 0, 255)}
"""Points that are painted, each in a colour of its own (BGR)."""


def painted(folder: Path, turn: float) -> FaceSet:
    points = placed((150, 140), 60, turn)
    image = np.full((300, 300, 3), 128, np.uint8)
    for i, colour in MARKS.items():
        cv2.circle(image, tuple(round(float(v)) for v in points[i]), 5, colour, -1)
    cv2.imwrite(str(folder / "face.png"), image)
    # The labels are where the discs were painted, to the pixel.
    pose = np.array([10, -5, np.degrees(turn)], np.float32)
    return FaceSet([face("face.png", points.round(), pose=pose)], [Pictures(folder)])


def test_points_lie_where_they_are_painted_however_the_crop_is_made(tmp_path: Path) -> None:
    jitter = Jitter(negatives=0, occluded=0, photometric=0)
    faces = painted(tmp_path, turn=0.2)
    data = FaceDataset(faces, LAYOUT, seed=1, jitter=jitter)
    mirrored = 0
    for epoch in range(40):
        sample = data[Key(epoch, 0)]
        image = sample["image"].numpy().transpose(1, 2, 0)[:, :, ::-1]  # BGR, -1..1
        own = {i: c for i, c in MARKS.items()}
        points = sample["points"].numpy() * crops.SIZE - 0.5
        # In a mirrored crop the disc of the left eye lies where the label of the right one is.
        flipped = _colour_at(image, points[36]) == MARKS[45]
        mirrored += flipped
        for i, colour in own.items():
            place = points[LAYOUT.flip[i]] if flipped else points[i]
            if (place > 2).all() and (place < crops.SIZE - 3).all():
                assert _colour_at(image, place) == colour, f"point {i} in epoch {epoch}"
    assert 8 <= mirrored <= 32


def _colour_at(image: np.ndarray, place: np.ndarray) -> tuple[int, ...] | None:
    x, y = place.round().astype(int)
    colour = image[min(max(y, 0), crops.SIZE - 1), min(max(x, 0), crops.SIZE - 1)]
    if np.abs(colour).min() < 0.5:
        return None
    return tuple(255 if v > 0 else 0 for v in colour)


def test_the_pose_turns_with_the_crop_and_mirrors_with_it(tmp_path: Path) -> None:
    jitter = Jitter(negatives=0, occluded=0, photometric=0, refit=0)
    faces = painted(tmp_path, turn=0.2)
    data = FaceDataset(faces, LAYOUT, seed=1, jitter=jitter)
    for epoch in range(20):
        sample = data[Key(epoch, 0)]
        points, (yaw, pitch, roll) = sample["points"].numpy(), sample["pose"].numpy()
        # Our painted face has its eyes on a line that is the head's roll.
        seen = np.degrees(crops.eye_line(points, LAYOUT))
        flipped = yaw < 0 if abs(seen) < 15 else None
        assert abs(roll - seen) < 4
        if flipped is not None:
            assert abs(abs(yaw) - 10) < 3 and abs(pitch + 5) < 4


def test_the_same_key_gives_the_same_sample_and_another_epoch_another(tmp_path: Path) -> None:
    faces = folder_of_faces(tmp_path, 4)
    one, two = (FaceDataset(faces, LAYOUT, seed=5) for _ in range(2))
    again, other = two[Key(3, 2)], two[Key(4, 2)]
    for name, value in one[Key(3, 2)].items():
        assert (value == again[name]).all(), name
    assert (one[Key(3, 2)]["image"] != other["image"]).any()
    assert (FaceDataset(faces, LAYOUT, seed=6)[Key(3, 2)]["image"] != again["image"]).any()


def test_background_trains_the_confidence_alone(tmp_path: Path) -> None:
    faces = folder_of_faces(tmp_path, 1)
    data = FaceDataset(faces, LAYOUT, seed=2, jitter=Jitter(negatives=1.0), embedding=3)
    sample = data[Key(0, 0)]
    masks = [name for name in sample if name.startswith("has_")]
    assert len(masks) == 5
    assert all(sample[name] == 0 for name in [*masks, "face", "truth"])


def test_what_a_face_lacks_is_masked(tmp_path: Path) -> None:
    points = placed((80, 80), 40)
    cv2.imwrite(str(tmp_path / "a.png"), drawn(points))
    known = face("a.png", points, age=33.0)
    data = FaceDataset(
        FaceSet([known], [Pictures(tmp_path)]), LAYOUT, seed=2, jitter=Jitter(negatives=0)
    )
    sample = data[Key(0, 0)]
    assert (sample["has_age"], sample["age"], sample["has_points"]) == (1, 33, 1)
    assert (sample["has_gender"], sample["has_pose"]) == (0, 0)


def test_unit_coordinates_span_the_crops_area() -> None:
    box = np.array([10, 20, 110, 120], np.float32)
    matrix = crops.first_matrix(box, 0.3)
    points = np.array([[60, 70], [20, 100]], np.float32)
    np.testing.assert_allclose(
        crops.from_unit(crops.to_unit(points, matrix), matrix), points, atol=1e-3
    )
    centre = np.array([[60 + 0, 70 + 0]], np.float32)
    fit = crops.FIRST.model_copy(update={"shift": (0.0, 0.0)})
    plain = crops.preprocess.box_matrix(fit, crops.SPEC, box)
    np.testing.assert_allclose(crops.to_unit(centre, plain), [[0.5, 0.5]], atol=1e-6)


@pytest.mark.parametrize("turn", [-0.6, 0.0, 0.5])
def test_the_second_pass_sees_the_face_upright_and_its_pose_is_turned_back(turn: float) -> None:
    """A network that answers with the labels, told to each pass's crop, ends at the labels."""
    points = placed((150, 140), 60, turn)
    known = face("a", points)
    image = np.zeros((300, 300, 3), np.uint8)
    seen: list[float] = []

    def run(tensors: np.ndarray) -> dict[str, np.ndarray]:
        if not seen:
            matrix, angle = crops.first_matrix(known.box), 0.0
        else:
            matrix, angle = crops.refit_matrix(points, LAYOUT)
        said = crops.to_unit(points, matrix)
        seen.append(crops.eye_line(said, LAYOUT))
        pose = turned(np.array([20.0, -10.0, np.degrees(turn)]), -angle)
        return {"points": said.reshape(1, -1), "pose": pose[None].astype(np.float32)}

    (found,) = locate(run, [image], [known.box], LAYOUT)
    assert isinstance(found, Found) and found.points is not None and found.pose is not None
    np.testing.assert_allclose(found.points, points, atol=1e-2)
    np.testing.assert_allclose(seen, [turn, 0.0], atol=1e-4)
    np.testing.assert_allclose(found.pose, [20, -10, np.degrees(turn)], atol=1e-3)
