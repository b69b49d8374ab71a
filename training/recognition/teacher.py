"""What a trained network, the teacher, says of faces: the targets of distillation.

The teacher sees the crop that the landmarks lay, and its mirror image, undegraded. The target is
the mean of the two, of unit length: one look of the student stands for two of the teacher's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from edge.outputs import replacing
from edge.packs.runtime import session_options
from training.errors import DataError
from training.recognition import crops
from training.recognition.crops import Image
from training.recognition.faces import AlignedFace

Floats = NDArray[np.float32]


class Teacher:
    """A face embedder's ONNX file: (1, 3, 112, 112) in, one vector out.

    scale: of its input, one of `crops.SCALES`. Raises DataError when the file cannot be run or
    takes another input.
    """

    def __init__(self, path: Path, scale: str) -> None:
        options = session_options()
        try:
            self._net = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's errors share no public base class
            raise DataError(f"{path}: {error}") from error
        (given, *others) = self._net.get_inputs()
        if others or given.shape[-3:] != [3, crops.SIZE, crops.SIZE]:
            raise DataError(f"{path}: takes {given.shape}, not (1, 3, {crops.SIZE}, {crops.SIZE})")
        self._input = given.name
        self.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        self._mean, self._std = (np.array(v, np.float32) for v in crops.SCALES[scale])

    def embed(self, crop: Image) -> Floats:
        """Unit vector (D,) of a crop (112, 112, 3) uint8 BGR and its mirror image."""
        total = sum(self._one(view) for view in (crop, crop[:, ::-1]))
        return _unit(np.asarray(total, np.float32))

    def _one(self, crop: Image) -> Floats:
        value = (crop[:, :, ::-1].astype(np.float32) - self._mean) / self._std
        tensor = np.ascontiguousarray(value.transpose(2, 0, 1)[None])
        (out, *_) = self._net.run(None, {self._input: tensor})
        return _unit(np.asarray(out, np.float32).ravel())


def _unit(vector: Floats) -> Floats:
    length = float(np.linalg.norm(vector))
    if not np.isfinite(length) or length == 0:
        raise DataError("the teacher's embedding is zero or not finite")
    return vector / np.float32(length)


def targets(teacher: Teacher, faces: Sequence[AlignedFace], kept: Path, console: Console) -> Floats:
    """(n, D) float32 of unit length, one for each face.

    kept: a file in which they are looked for, and left for the next run; it is made anew when it
    is of another teacher or of other faces.
    """
    wanted = [f"{f.pictures.source.name}/{f.name}" for f in faces]
    where = np.stack([f.onto for f in faces]).astype(np.float32)
    found = _read(kept, teacher.sha256, wanted, where)
    if found is not None:
        return found
    shown = track(faces, description="asking the teacher", console=console)
    vectors = np.stack([teacher.embed(face.crop()) for face in shown])
    kept.parent.mkdir(parents=True, exist_ok=True)
    with replacing(kept) as part, Path(part).open("wb") as file:
        np.savez(file, teacher=teacher.sha256, names=np.array(wanted), onto=where, vectors=vectors)
    return vectors


def _read(kept: Path, sha256: str, names: list[str], onto: NDArray[np.float32]) -> Floats | None:
    if not kept.exists():
        return None
    try:
        with np.load(kept, allow_pickle=False) as stored:
            same = (
                str(stored["teacher"]) == sha256
                and stored["names"].tolist() == names
                and np.array_equal(stored["onto"], onto)
            )
            return np.asarray(stored["vectors"], np.float32) if same else None
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{kept}: not a file of embeddings: {error}") from error
