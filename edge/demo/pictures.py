"""What the demonstration takes from the enrolment film: pictures to enrol, and one to print."""

from __future__ import annotations

from pathlib import Path

from edge.cameras import open_camera
from edge.cameras.base import Frame, Image
from edge.config import Config
from edge.demo import printed
from edge.errors import CameraError
from edge.faces.analyzer import Analyzer
from edge.faces.landmarks import landmark_bound
from edge.gates import frame_gates
from edge.packs import Pack

PICTURES = 12
ENROL_S = 10.0, 19.0
"""Which seconds of the person's film are enrolled: its end, when she smiles. Where she comes to the
door, she cries, then hides behind a hand, then looks up."""


def pictures_of(film: Path) -> list[Frame]:
    """Frames of the film's enrolled seconds, evenly spread. Raises CameraError."""
    frames: list[Frame] = []
    with open_camera(str(film)) as camera:
        while (frame := camera.read()) is not None and frame.t <= ENROL_S[1]:
            if frame.t >= ENROL_S[0]:
                frames.append(frame)
    last = len(frames) - 1
    return [frames[round(i * last / (PICTURES - 1))] for i in range(PICTURES)]


def best_portrait(frames: list[Frame], pack: Pack, config: Config) -> Image:
    """Head and shoulders from the frame in which the face looks straightest at the camera."""
    analyzer = Analyzer(pack, config)
    best: tuple[float, Image] | None = None
    for frame in frames:
        seen = analyzer.observe(frame)
        face = seen.face
        if face is None or not all(
            gate.passed for gate in frame_gates(seen, config, landmark_bound(pack))
        ):
            continue
        turned = abs(face.pose.yaw) + abs(face.pose.pitch) + abs(face.pose.roll)
        if best is None or turned < best[0]:
            best = turned, printed.portrait(frame.image, face.box)
    if best is None:
        raise CameraError("no frame of the enrolment film has a face that could be printed")
    return best[1]
