"""detect -> landmarks -> quality and pose gates -> liveness -> embed: a frame's `Observation`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from edge.cameras import Frame
from edge.config import Config
from edge.faces import blink, quality
from edge.faces.detect import detect
from edge.faces.embed import embed
from edge.faces.landmarks import landmark_bound, locate
from edge.faces.liveness import passive
from edge.faces.observation import Face, Floats, Observation
from edge.faces.pose import head_pose
from edge.gates import frame_gates
from edge.packs import Pack

STAGES = ("detect", "landmarks", "quality", "liveness", "embed")


def at_the_door(
    boxes: Floats, scores: Floats, height: int, width: int, second: float, config: Config
) -> Floats:
    """Those of the boxes (n, 4), best score first, that stand at the door; the first is judged.

    A box counts when its centre lies in the zone and it is no smaller than the configured least
    size. If none is that large the best one in the zone stays, so that the size gate can say
    why. Beyond the first only boxes with a score of `second` or more count.
    """
    zone = config.zone
    x = (boxes[:, 0] + boxes[:, 2]) / 2 / width
    y = (boxes[:, 1] + boxes[:, 3]) / 2 / height
    inside = (x >= zone.left) & (x <= zone.right) & (y >= zone.top) & (y <= zone.bottom)
    tall = inside & (boxes[:, 3] - boxes[:, 1] >= config.quality.min_size)
    if not tall.any():
        return np.asarray(boxes[inside][:1], np.float32)
    first = np.arange(len(boxes)) == np.argmax(tall)
    return np.asarray(boxes[tall & (first | (scores >= second))], np.float32)


class Analyzer:
    """Turns frames into observations. Keeps nothing of a frame but how long each stage took.

    stage_ms: of the last frame, milliseconds per stage of `STAGES`; a stage that did not run
    (no face, or a gate already failed) is 0.
    """

    def __init__(self, pack: Pack, config: Config) -> None:
        self.pack, self.config = pack, config
        self._landmark_bound = landmark_bound(pack)
        self.stage_ms: dict[str, float] = dict.fromkeys(STAGES, 0.0)

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.stage_ms[name] += (time.perf_counter() - start) * 1e3

    def observe(self, frame: Frame) -> Observation:
        """What the frame says of the surest face at the door; others there are counted.

        Raises PackError subclasses and NumericError when a network fails.
        """
        self.stage_ms = dict.fromkeys(STAGES, 0.0)
        image = frame.image
        height, width = image.shape[:2]
        with self._stage("detect"):
            boxes, scores = detect(self.pack, image)
        second = self.pack.manifest.roles.detector.head.second_threshold
        boxes = at_the_door(boxes, scores, height, width, second, self.config)
        seen = Observation(frame.t, frame.index, (height, width), len(boxes), None)
        if len(boxes) == 0:
            return seen
        seen = replace(seen, face=self._measure(frame, boxes[0]))
        if not all(gate.passed for gate in frame_gates(seen, self.config, self._landmark_bound)):
            return seen
        return replace(seen, face=self._judge(frame, seen.face))

    def _measure(self, frame: Frame, box: Floats) -> Face:
        with self._stage("landmarks"):
            found = locate(self.pack, frame.image, box)
            points = found.points
        with self._stage("quality"):
            matrix = quality.patch_matrix(points)
            patch = quality.face_patch(frame.image, matrix)
            return Face(
                box=box,
                landmarks=points,
                # Which of the two is the manifest's word: locate() gives what it names.
                pose=head_pose(points) if found.pose is None else found.pose,
                quality=quality.assess(patch, matrix, box),
                patch=patch,
                patch_matrix=matrix,
                eye_aspect=blink.eye_aspect(points),
                live=None,
                embedding=None,
                confidence=found.confidence,
            )

    def _judge(self, frame: Frame, face: Face | None) -> Face | None:
        if face is None:
            return None
        with self._stage("liveness"):
            live = passive(self.pack, frame.image, face.box, face.landmarks)
        with self._stage("embed"):
            vector = embed(self.pack, frame.image, face.landmarks)
        return replace(face, live=live, embedding=vector)
