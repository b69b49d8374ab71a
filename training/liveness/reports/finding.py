"""Which face of a picture is judged, where the door and not the list says it.

A picture without such a face gets no answer: ISO/IEC 30107-3 counts it as a non-response, apart
from what is accepted or refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.cameras import Frame
from edge.config import Config
from edge.faces.analyzer import Analyzer
from edge.faces.detect import detect
from edge.faces.landmarks import landmark_bound
from edge.gates import frame_gates
from edge.packs import Pack
from training.detector.geometry import iou

Box = NDArray[np.float32]
Find: TypeAlias = Callable[[NDArray[np.uint8], Box], Box | None]
"""(H, W, 3) uint8 BGR and the list's box (4,) to the box that is judged, or None."""
SAME_FACE = 0.3
"""Intersection over union from which on a detected box is of the face that the list names."""


def detected(pack: Pack) -> Find:
    """The box of the pack's detector."""

    def find(image: NDArray[np.uint8], listed: Box) -> Box | None:
        boxes, _ = detect(pack, image)
        alike = iou(boxes, listed[np.newaxis])[:, 0]
        if not len(alike) or alike.max() < SAME_FACE:
            return None
        return np.asarray(boxes[int(np.argmax(alike))], np.float32)

    return find


def gated(pack: Pack) -> Find:
    """The box of the face that the door would judge, if the picture passes all gates of a frame.

    The door's own code and built-in configuration: detector, landmarks, pose, quality, one face.
    """
    config = Config()
    analyzer, bound = Analyzer(pack, config), landmark_bound(pack)

    def find(image: NDArray[np.uint8], listed: Box) -> Box | None:
        seen = analyzer.observe(Frame(image, 0.0, 0))
        if seen.face is None or not all(g.passed for g in frame_gates(seen, config, bound)):
            return None
        box = np.asarray(seen.face.box, np.float32)
        return box if iou(box[np.newaxis], listed[np.newaxis])[0, 0] >= SAME_FACE else None

    return find
