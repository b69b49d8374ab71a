"""YOLO's format: beside each picture's name a `.txt`, a line a face: `class cx cy w h`.

The numbers are fractions of the picture's width and height, so the pictures must be there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np

from edge.outputs import replacing
from training.detector.annotations import Faces
from training.errors import DataError
from training.pictures import Pictures

Size = tuple[int, int]


def size_of(pictures: Pictures, name: str) -> Size:
    """(width, height) of a picture. Raises DataError."""
    image = cv2.imdecode(np.frombuffer(pictures.data(name), np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise DataError(f"{pictures.source}: {name}: not a picture")
    return image.shape[1], image.shape[0]


def read(folder: Path, pictures: Pictures) -> dict[str, Faces]:
    """Faces by picture. A picture without a label file has no faces. Raises DataError."""
    files = sorted(folder.rglob("*.txt"))
    if not files:
        raise DataError(f"{folder}: no .txt in it")
    by_stem = {str(Path(name).with_suffix("")): name for name in pictures.names}
    found: dict[str, Faces] = {}
    for file in files:
        stem = str(file.relative_to(folder).with_suffix(""))
        if stem not in by_stem:
            raise DataError(f"{file}: {pictures.source} has no picture of that name")
        name = by_stem[stem]
        found[name] = parse(file, size_of(pictures, name))
    return found


def parse(file: Path, size: Size) -> Faces:
    """One label file of a picture of `size` (width, height). Raises DataError."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: {error}") from error
    boxes = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        fields = line.split()
        try:
            kind, cx, cy, w, h = int(fields[0]), *(float(field) for field in fields[1:])
        except (ValueError, IndexError) as error:
            raise DataError(f"{file}:{number}: not `class cx cy w h`: {line!r}") from error
        if kind != 0:
            raise DataError(f"{file}:{number}: class {kind}; faces are class 0")
        if not (np.isfinite([cx, cy, w, h]).all() and -1 <= cx <= 2 and -1 <= cy <= 2):
            raise DataError(f"{file}:{number}: not fractions of the picture: {line!r}")
        if not (0 < w <= 2 and 0 < h <= 2):
            raise DataError(f"{file}:{number}: not a size within the picture: {line!r}")
        middle, half = np.array([cx, cy]), np.array([w, h]) / 2
        box = np.concatenate([middle - half, middle + half]) * np.tile(size, 2) - 0.5
        boxes.append(box)
    array = np.array(boxes, np.float32).reshape(-1, 4)
    return Faces(array, np.ones(len(array), np.float32))


def text(faces: Faces, size: Size) -> str:
    """The content of a label file. Unsure faces (score below 1) are left out: YOLO has none."""
    lines = []
    for box in faces.boxes[faces.scores >= 1].astype(np.float64):
        low, high = ((corner + 0.5) / size for corner in (box[:2], box[2:]))
        lines.append("0 " + " ".join(f"{v:.7f}" for v in (*((low + high) / 2), *(high - low))))
    return "".join(line + "\n" for line in lines)


def write(folder: Path, faces: Mapping[str, Faces], size: Callable[[str], Size]) -> None:
    """A file a picture, in the pictures' own sub-folders. Raises OutputError."""
    for name, of in faces.items():
        target = (folder / name).with_suffix(".txt")
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as part:
            Path(part).write_text(text(of, size(name)), encoding="utf-8")
