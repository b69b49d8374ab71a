"""Embeddings of another face network for each labelled face, for the distilling head.

The teacher sees the face laid on the five points of ArcFace's template (Deng et al. 2019), 112 x
112. What it says is written once, since it costs more than a step of the training itself.

Example:
  python -m training.landmarks.teacher lfw.tar --labels lfw.csv \\
      --model mobilefacenet.onnx --out lfw.npz
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

import native
from edge.outputs import replacing
from edge.packs import preprocess
from edge.packs.runtime import session_options
from training import cli, labels
from training.errors import DataError
from training.landmarks.data.face import subject
from training.pictures import Pictures
from training.recognition import crops


class Teacher:
    """A face embedder's ONNX file: 1 x 3 x 112 x 112 in, one vector out."""

    def __init__(self, path: Path) -> None:
        options = session_options()
        try:
            self._net = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's errors share no public base class
            raise DataError(f"{path}: {error}") from error
        self._spec = crops.input_spec("imagenet")

    def embed(self, image: NDArray[np.uint8], five: NDArray[np.floating]) -> NDArray[np.float32]:
        """Unit vector (D,) of the face whose five points (5, 2) are given."""
        template = np.array(crops.ARCFACE, np.float64)
        matrix = native.similarity(np.asarray(five, np.float64), template)
        value = preprocess.tensor(image, matrix, self._spec)
        (out,) = self._net.run(None, {self._net.get_inputs()[0].name: value})
        vector = np.asarray(out, np.float32).ravel()
        return vector / max(float(np.linalg.norm(vector)), 1e-6)


def read_embeddings(path: Path) -> dict[str, NDArray[np.float32]]:
    """Unit vectors by picture name. Raises DataError."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            names, vectors = stored["names"], stored["vectors"].astype(np.float32)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path}: not a file of embeddings: {error}") from error
    return dict(zip(names.tolist(), vectors, strict=True))


def main() -> int:
    parser = cli.parser(
        "training.landmarks.teacher", (__doc__ or "").split("\n\n")[0], (__doc__ or "")
    )
    add = parser.add_argument
    add("pictures", type=Path, help="folder or tar")
    add("--labels", type=Path, required=True, metavar="CSV", help="of training.label")
    add("--model", type=Path, required=True, metavar="ONNX", help="the teacher")
    add("--out", type=Path, required=True, metavar="NPZ", help="names and vectors")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    teacher, pictures = Teacher(args.model), Pictures(args.pictures)
    found = labels.read(args.labels)
    names, vectors = [], []
    console = Console(stderr=True)
    for name, faces in track(sorted(found.items()), "embedding", console=console):
        face = subject(faces)
        if np.isfinite(face.five).all():
            names.append(name)
            vectors.append(teacher.embed(pictures.read(name), face.five))
    if not names:
        raise DataError(f"{args.labels}: no face with five points")
    with replacing(args.out) as part, Path(part).open("wb") as file:
        np.savez(file, names=np.array(names), vectors=np.stack(vectors).astype(np.float16))
    console.print(f"{len(names)} embeddings in {args.out}")
    return 0


if __name__ == "__main__":
    cli.leave(main)
