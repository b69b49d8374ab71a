"""Black corners of turned pictures are cut away, and nothing else is."""

from __future__ import annotations

import cv2
import numpy as np

from training.liveness.trim import trimmed

BOX = np.array([90, 80, 160, 170], np.float32)


def turned(angle: float) -> np.ndarray:
    image = np.random.default_rng(0).integers(60, 200, (250, 250, 3), np.uint8)
    matrix = cv2.getRotationMatrix2D((125, 125), angle, 1.0)
    return np.asarray(cv2.warpAffine(image, matrix, (250, 250)), np.uint8)


def test_a_picture_without_black_corners_stays_whole() -> None:
    image = turned(0)
    image[100:140, 100:140] = 0  # black, but no corner
    assert trimmed(image, BOX) == (0, 0, 250, 250)


def test_corners_of_a_turned_picture_go() -> None:
    image = turned(8)
    x1, y1, x2, y2 = trimmed(image, BOX)
    kept = image[y1:y2, x1:x2].max(axis=2) <= 6
    assert max(kept[0].mean(), kept[-1].mean(), kept[:, 0].mean(), kept[:, -1].mean()) <= 0.02
    assert (x2 - x1) * (y2 - y1) > 0.55 * 250 * 250
    assert x1 < BOX[0] and y1 < BOX[1] and x2 > BOX[2] and y2 > BOX[3]


def test_the_face_stays_whole_on_a_black_ground() -> None:
    image = np.zeros((250, 250, 3), np.uint8)
    image[80:170, 90:160] = 150
    x1, y1, x2, y2 = trimmed(image, BOX)
    assert x1 <= BOX[0] and y1 <= BOX[1] and x2 >= BOX[2] and y2 >= BOX[3]
    assert (x2 - x1) * (y2 - y1) < 0.35 * 250 * 250
