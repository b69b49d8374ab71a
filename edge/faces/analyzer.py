"""detect -> landmarks -> quality and pose gates -> liveness -> embed: a frame's `Observation`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from edge.cameras import Frame
from edge.config import Config, Zone
from edge.faces import blink, quality
from edge.faces.detect import detect
from edge.faces.embed import embed
from edge.faces.landmarks import locate
from edge.faces.liveness import passive
from edge.faces.observation import Face, Floats, Observation
from edge.faces.pose import head_pose
from edge.gates import frame_gates
from edge.packs import Pack

STAGES = ("detect", "landmarks", "quality", "liveness", "embed")


def in_zone(boxes: Floats, zone: Zone, height: int, width: int) -> Floats:
    """Those of the boxes (n, 4) whose centre lies in the zone."""
    x = (boxes[:, 0] + boxes[:, 2]) / 2 / width
    y = (boxes[:, 1] + boxes[:, 3]) / 2 / height
    inside = (x >= zone.left) & (x <= zone.right) & (y >= zone.top) & (y <= zone.bottom)
    return boxes[inside]


class Analyzer:
    """Turns frames into observations. Keeps nothing of a frame but how long each stage took.

    stage_ms: of the last frame, milliseconds per stage of `STAGES`; a stage that did not run
    (no face, or a gate already failed) is 0.
    """

    def __init__(self, pack: Pack, config: Config) -> None:
        self.pack, self.config = pack, config
        self.stage_ms: dict[str, float] = dict.fromkeys(STAGES, 0.0)

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.stage_ms[name] += (time.perf_counter() - start) * 1e3

    def observe(self, frame: Frame) -> Observation:
        """What the frame says. The face is the largest in the zone; smaller ones are counted.

        Faces below the configured smallest size are not at the door and do not count, unless
        nobody else is there (so that the size gate can say why). Raises PackError subclasses and
        NumericError when a network fails.
        """
        self.stage_ms = dict.fromkeys(STAGES, 0.0)
        image = frame.image
        height, width = image.shape[:2]
        with self._stage("detect"):
            boxes, _ = detect(self.pack, image)
        boxes = in_zone(boxes, self.config.zone, height, width)
        tall = boxes[boxes[:, 3] - boxes[:, 1] >= self.config.quality.min_size]
        boxes = tall if len(tall) else boxes[:1]
        seen = Observation(frame.t, frame.index, (height, width), len(boxes), None)
        if len(boxes) == 0:
            return seen
        largest = boxes[np.argmax((boxes[:, 3] - boxes[:, 1]) * (boxes[:, 2] - boxes[:, 0]))]
        seen = replace(seen, face=self._measure(frame, largest))
        if not all(gate.passed for gate in frame_gates(seen, self.config)):
            return seen
        return replace(seen, face=self._judge(frame, seen.face))

    def _measure(self, frame: Frame, box: Floats) -> Face:
        with self._stage("landmarks"):
            points = locate(self.pack, frame.image, box)
        with self._stage("quality"):
            matrix = quality.patch_matrix(points)
            patch = quality.face_patch(frame.image, matrix)
            return Face(
                box=box,
                landmarks=points,
                pose=head_pose(points),
                quality=quality.assess(patch, box),
                patch=patch,
                patch_matrix=matrix,
                eye_aspect=blink.eye_aspect(points),
                live=None,
                embedding=None,
            )

    def _judge(self, frame: Frame, face: Face | None) -> Face | None:
        if face is None:
            return None
        with self._stage("liveness"):
            live = passive(self.pack, frame.image, face.box, face.landmarks)
        with self._stage("embed"):
            vector = embed(self.pack, frame.image, face.landmarks)
        return replace(face, live=live, embedding=vector)
