"""How one annotator's points differ from another's, on pictures that both have labelled.

Two sets of "68 points" never mean the same places: a jaw is drawn further out, a nose lower, and
some labels lean to one side as a whole, because the heat map that they were read from was numbered
from 1. Mixed as they are, each pulls the network away from the other. So the median difference of
each point is measured on the training people and added to the labels of the one (`convention=` of
`--set`). What leans in a picture leans the same way in its mirror image; `--lean` says so.

Example:
  python -m training.label landmarks68.tar --detector yunet.onnx --border 0.4 \\
      --points shape_predictor_68_face_landmarks.dat --out dlib.csv
  python -m training.landmarks.convention --truth landmarks.csv --labels dlib.csv --out dlib_to.csv
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from edge.outputs import replacing
from training import cli
from training import labels as label_file
from training.errors import DataError
from training.landmarks.crops import eye_line
from training.landmarks.data.label_csv import DISAGREE, disagreement
from training.landmarks.data.points_csv import read as read_points
from training.landmarks.layouts import IBUG68, Layout
from training.split import is_validation

Floats = NDArray[np.float32]
HEAD = ("point", "dx", "dy")
LEAST_FACES = 30


def _frame(points: NDArray[np.floating], layout: Layout) -> tuple[NDArray[np.float64], float]:
    """Rotation (2, 2) from the face's axes (along its eyes, and down) to the picture's, and the
    distance of the outer eye corners in pixels."""
    angle = eye_line(points, layout)
    c, s = np.cos(angle), np.sin(angle)
    left, right = layout.corners
    return np.array([[c, -s], [s, c]]), float(np.linalg.norm(points[left] - points[right]))


def differences(wanted: Floats, given: Floats, layout: Layout) -> NDArray[np.float64]:
    """(N, 2) of `wanted` minus `given`, in the face's axes and eye corner distances."""
    turn, between = _frame(given, layout)
    return (np.asarray(wanted, np.float64) - given) @ turn / between


def apply(points: Floats, offsets: NDArray[np.floating], layout: Layout) -> Floats:
    """Points (N, 2) moved by offsets (N, 2) as `differences` measures them."""
    turn, between = _frame(points, layout)
    return (points + between * np.asarray(offsets, np.float64) @ turn.T).astype(np.float32)


def lean(offsets: NDArray[np.floating], layout: Layout) -> float:
    """How far offsets (N, 2) shift a face to the picture's right as a whole.

    The part that mirroring does not change: half the sum of each point's x and its partner's.
    """
    x = np.asarray(offsets)[:, 0]
    return float((x + x[list(layout.flip)]).mean() / 2)


def read(path: Path, layout: Layout) -> NDArray[np.float64]:
    """Offsets (N, 2) of a file that this command wrote. Raises DataError naming file and line."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            if tuple(next(rows, ())) != HEAD:
                raise DataError(f"{path}:1: not the header {', '.join(HEAD)}")
            out: list[tuple[float, float]] = []
            for row in rows:
                try:
                    index, dx, dy = int(row[0]), float(row[1]), float(row[2])
                except (ValueError, IndexError) as error:
                    raise DataError(f"{path}:{rows.line_num}: not point, dx, dy") from error
                if index != len(out) or not abs(dx) < 1 or not abs(dy) < 1:
                    raise DataError(f"{path}:{rows.line_num}: point {index} is out of order or far")
                out.append((dx, dy))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: {error}") from error
    if len(out) != layout.count:
        raise DataError(f"{path}: {len(out)} points, not the {layout.count} of {layout.name}")
    return np.array(out)


def main() -> int:
    heading, _, rest = (__doc__ or "").partition("\n\n")
    parser = cli.parser("training.landmarks.convention", heading, rest)
    add = parser.add_argument
    add("--truth", type=Path, required=True, metavar="CSV", help="file, x0, y0, ..., x67, y67")
    add("--labels", type=Path, required=True, metavar="CSV", help="of training.label, with points")
    add("--out", type=Path, required=True, metavar="CSV")
    args = parser.parse_args()
    known = label_file.read(args.labels)
    found = []
    for face in read_points(args.truth):
        if is_validation(face.identity) or face.points is None:
            continue
        for label in known.get(face.picture, ()):
            if label.points is None or disagreement(label) > DISAGREE:
                continue
            off = differences(face.points, label.points, IBUG68)
            if np.linalg.norm(off, axis=1).mean() < DISAGREE:  # of this face, not of another
                found.append(off)
                break
    if len(found) < LEAST_FACES:
        raise DataError(f"{args.labels}: {len(found)} faces that both have, not {LEAST_FACES}")
    offsets = np.median(found, axis=0)
    with replacing(args.out) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        writer.writerows([i, f"{x:.5f}", f"{y:.5f}"] for i, (x, y) in enumerate(offsets))
    before = np.linalg.norm(np.array(found), axis=2).mean()
    after = np.linalg.norm(np.array(found) - offsets, axis=2).mean()
    Console(stderr=True).print(
        f"{len(found)} faces: apart by {before:.4f}, after the offsets by {after:.4f} of the "
        f"distance between the eye corners; lean {lean(offsets, IBUG68):+.4f}",
        markup=False,
        soft_wrap=True,
    )
    return 0


if __name__ == "__main__":
    cli.leave(main)
