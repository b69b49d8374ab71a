"""Labels pictures by other networks: boxes and five points, head pose, 68 points.

A detector finds the faces: YuNet's ONNX file, or that of a pack ('default' or a folder), whatever
its kind. `--pose` averages head pose networks of FSA-Net's kind (Yang et al. 2019),
`--pose-from-points` fits a generic head to the points.
`--points` takes those of a pack's landmark network ('default' or a folder), as the device finds
them, or a 68-point predictor of dlib's kind, which needs the package dlib-bin. `--truth` takes 68
points from a CSV (file, x0, y0, ...) instead.

Examples:
  # LFW: lfw/PERSON/PERSON_0001.jpg
  python -m training.label lfw.tar --detector face_detection_yunet_2023mar.onnx --out lfw.csv
  # tight crops: look for the face with a border of 40 % around the picture
  python -m training.label utkface.tar --detector yunet.onnx --border 0.4 --out utkface.csv \\
      --pose fsanet_1x1.onnx fsanet_var.onnx --points shape_predictor_68_face_landmarks.dat
  # boxes and points as the door finds them: what training.recognition aligns faces by
  python -m training.label lfw.tar --detector default --points default --out lfw-door.csv
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from edge import packs
from edge.errors import UsageError
from edge.faces.detect import detect
from edge.faces.landmarks import locate
from edge.faces.pose import head_pose
from edge.packs import Pack
from edge.packs.runtime import session_options
from training import cli, labels
from training.errors import DataError
from training.labels import FaceLabel
from training.pictures import Pictures

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
LEAST_SCORE = 0.3
"""Fainter finds are left out; readers choose their own bound above it."""
FSA_SIDE = 64
FSA_SIGNS = np.array([-1.0, 1.0, 1.0], np.float32)
"""From FSA-Net's yaw, pitch, roll to the signs of `edge.faces.observation.Pose`."""


class FaceFinder:
    """YuNet (Wu et al. 2023) through OpenCV. `border`: share of each side added around first."""

    def __init__(self, path: Path, border: float) -> None:
        if not path.is_file():
            raise DataError(f"{path}: no such detector file")
        self.border = border
        self._net = cv2.FaceDetectorYN.create(str(path), "", (320, 320), LEAST_SCORE, 0.3, 50)

    def find(self, image: Image) -> list[tuple[Floats, float, Floats]]:
        """(box (4,), score, five points (5, 2)) of each face, in pixels of `image`."""
        height, width = image.shape[:2]
        px, py = round(self.border * width), round(self.border * height)
        framed = cv2.copyMakeBorder(image, py, py, px, px, cv2.BORDER_CONSTANT, value=(127,) * 3)
        # Larger pictures are shrunk: the network was made for faces up to about 300 pixels.
        scale = min(1.0, 640 / max(framed.shape[:2]))
        if scale < 1:
            framed = cv2.resize(framed, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        self._net.setInputSize(framed.shape[1::-1])
        _, rows = self._net.detect(framed)
        found = []
        for row in [] if rows is None else np.asarray(rows, np.float32):
            x, y, w, h = row[:4] / scale
            shift = np.array([px, py], np.float32)
            box = np.array([x, y, x + w, y + h], np.float32) - np.tile(shift, 2)
            five = row[4:14].reshape(5, 2) / np.float32(scale) - shift
            found.append((box, float(row[14]), five))
        return found


class PackFinder:
    """The detector of a pack, whatever its kind, through the device's code; it has no points."""

    def __init__(self, pack: Pack, border: float) -> None:
        self.border = border
        self._pack = pack

    def find(self, image: Image) -> list[tuple[Floats, float, Floats]]:
        """As `FaceFinder.find`; the five points are NaN."""
        height, width = image.shape[:2]
        px, py = round(self.border * width), round(self.border * height)
        framed = cv2.copyMakeBorder(image, py, py, px, px, cv2.BORDER_CONSTANT, value=(127,) * 3)
        boxes, scores = detect(self._pack, np.asarray(framed, np.uint8))
        shift = np.array([px, py, px, py], np.float32)
        unknown = np.full((5, 2), np.nan, np.float32)
        return [(box - shift, float(s), unknown) for box, s in zip(boxes, scores, strict=True)]


class Finder(Protocol):
    """Finds faces: (box (4,), score, five points (5, 2)) of each, in pixels of the picture."""

    def find(self, image: Image) -> list[tuple[Floats, float, Floats]]: ...


def finder_of(path: Path, border: float) -> Finder:
    """YuNet's file, a pack's folder, or `default`. Raises DataError, PackError."""
    if str(path) == "default" or path.is_dir():
        return PackFinder(packs.load(packs.pack_path(str(path))), border)
    return FaceFinder(path, border)


class PoseTeacher:
    """The mean of FSA-Net-like networks: BGR 64 x 64, (x - 127.5) / 128, degrees out."""

    def __init__(self, paths: list[Path]) -> None:
        options = session_options()
        self._nets = []
        for path in paths:
            try:
                self._nets.append(
                    ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
                )
            except Exception as error:  # ONNX Runtime's errors share no public base class
                raise DataError(f"{path}: {error}") from error

    def pose(self, image: Image, box: Floats) -> Floats:
        """(3,) yaw, pitch, roll in degrees, `Pose`'s convention; NaN when the box is outside."""
        h, w = image.shape[:2]
        x1, y1 = (max(round(float(v)), 0) for v in box[:2])
        x2, y2 = min(round(float(box[2])) + 1, w), min(round(float(box[3])) + 1, h)
        if x2 - x1 < 8 or y2 - y1 < 8:
            return np.full(3, np.nan, np.float32)
        crop = cv2.resize(image[y1:y2, x1:x2], (FSA_SIDE, FSA_SIDE))
        value = ((crop.astype(np.float32) - 127.5) / 128).transpose(2, 0, 1)[None]
        said = [net.run(None, {net.get_inputs()[0].name: value})[0][0] for net in self._nets]
        return np.asarray(np.mean(said, axis=0) * FSA_SIGNS, np.float32)


Points = Callable[[str, Image, Floats], Floats | None]


def dlib_points(path: Path) -> Points:
    """A 68-point predictor of dlib's format (Kazemi and Sullivan 2014)."""
    try:
        import dlib
    except ImportError as error:
        raise UsageError("--points needs the package dlib-bin: pip install dlib-bin") from error
    if not path.is_file():
        raise DataError(f"{path}: no such predictor file")
    predictor = dlib.shape_predictor(str(path))

    def points(name: str, image: Image, box: Floats) -> Floats:
        # dlib's own detector draws squares, brow to chin; the predictor was trained on those.
        cx, cy = (box[0] + box[2]) / 2, box[1] + 0.57 * (box[3] - box[1])
        half = 0.45 * (box[3] - box[1])
        square = [round(float(v)) for v in (cx - half, cy - half, cx + half, cy + half)]
        shape = predictor(np.ascontiguousarray(image[:, :, ::-1]), dlib.rectangle(*square))
        return np.array([[p.x, p.y] for p in shape.parts()], np.float32)

    return points


def pack_points(pack: Pack) -> Points:
    """The points of a pack's landmark network, through the device's code."""

    def points(name: str, image: Image, box: Floats) -> Floats:
        return locate(pack, image, box).points

    return points


def points_of(path: Path) -> Points:
    """A pack's folder, `default`, or dlib's file. Raises DataError, PackError, UsageError."""
    if str(path) == "default" or path.is_dir():
        return pack_points(packs.load(packs.pack_path(str(path))))
    return dlib_points(path)


def true_points(path: Path) -> Points:
    """Points from a CSV with a heading: file, x0, y0, ... x67, y67."""
    stored: dict[str, Floats] = {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows, None)
        for row in rows:
            try:
                stored[row[0]] = np.array(row[1:], np.float32).reshape(68, 2)
            except ValueError as error:
                raise DataError(f"{path}:{rows.line_num}: not 68 points: {error}") from error
    return lambda name, image, box: stored.get(name)


def pose_of_points(points: Floats | None) -> Floats:
    """(3,) yaw, pitch, roll of 68 points (`edge.faces.pose.head_pose`); NaN without points."""
    if points is None:
        return np.full(3, np.nan, np.float32)
    pose = head_pose(points)
    return np.array([pose.yaw, pose.pitch, pose.roll], np.float32)


def label(
    pictures: Pictures,
    finder: Finder,
    pose: PoseTeacher | None,
    points: Points | None,
    *,
    from_points: bool = False,
) -> Iterator[FaceLabel]:
    """The faces of all pictures, in the order of their names.

    from_points: without a teacher of pose, take it from the points.
    """
    for name in track(pictures.names, description="labelling", console=Console(stderr=True)):
        image = pictures.read(name)
        for box, score, five in finder.find(image):
            placed = None if points is None else points(name, image, box)
            if pose is not None:
                turned = pose.pose(image, box)
            else:
                turned = pose_of_points(placed if from_points else None)
            yield FaceLabel(name, box, score, five, turned, placed)


def main() -> int:
    """Command line; returns the exit code."""
    heading, _, rest = (__doc__ or "").partition("\n\n")
    parser = cli.parser("training.label", heading, rest)
    add = parser.add_argument
    add("pictures", type=Path, metavar="FOLDER_OR_TAR")
    add("--detector", type=Path, required=True, metavar="YUNET.onnx|PACK")
    add("--border", type=float, default=0.0, help="share added on each side (default %(default)s)")
    turns = parser.add_mutually_exclusive_group()
    turns.add_argument(
        "--pose", type=Path, nargs="+", metavar="FSANET.onnx", help="head pose networks"
    )
    turns.add_argument(
        "--pose-from-points",
        action="store_true",
        help="head pose from the 68 points, as the device takes it without a network for it",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--points", type=Path, metavar="PREDICTOR.dat|PACK", help="who places points"
    )
    which.add_argument("--truth", type=Path, metavar="POINTS.csv", help="68 points of each picture")
    add("--out", type=Path, required=True, metavar="LABELS.csv")
    args = parser.parse_args()
    if not 0 <= args.border <= 2:
        raise UsageError(f"--border must be 0..2, not {args.border:g}")
    if args.pose_from_points and not (args.points or args.truth):
        raise UsageError("--pose-from-points needs --points or --truth")
    points = None
    if args.points:
        points = points_of(args.points)
    elif args.truth:
        points = true_points(args.truth)
    faces = labels.write(
        args.out,
        label(
            Pictures(args.pictures),
            finder_of(args.detector, args.border),
            PoseTeacher(args.pose) if args.pose else None,
            points,
            from_points=args.pose_from_points,
        ),
    )
    Console(stderr=True).print(f"{faces} faces in {args.out}", markup=False)
    return 0


if __name__ == "__main__":
    cli.leave(main)
