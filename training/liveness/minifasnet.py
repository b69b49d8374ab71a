"""MiniFASNet's own way from a face to a score, to stand beside ours and to teach it.

Upstream (minivision-ai/Silent-Face-Anti-Spoofing, `src/generate_patches.py` and `test.py`, 2020)
averages the softmax of its networks, each on a crop of its own scale; class 1 of three is a living
face. A crop is the box times the scale, no larger than the picture, moved into it, cut at whole
pixels and stretched to a square: BGR, 0..255.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from edge.errors import ModelMismatch, NumericError, PackError
from edge.packs.runtime import session_options

LIVE, CLASSES = 1, 3
BOUND = 0.5
"""Upstream takes the largest of three classes; from here on that is the living one for sure."""
_NAME = re.compile(r"(?:^|_)(\d+(?:\.\d+)?)((?:_\d+){2})?_(\d+)x(\d+)(?:_|$)")


def crop(
    image: NDArray[np.uint8], box: NDArray[np.floating], scale: float, size: tuple[int, int]
) -> NDArray[np.uint8]:
    """(height, width, 3) uint8 of `size` (width, height). box: (4,) x1, y1, x2, y2."""
    height, width = image.shape[:2]
    x1, y1, x2, y2 = (float(v) for v in box)
    across, down = x2 - x1, y2 - y1
    grow = min((height - 1) / down, (width - 1) / across, scale)
    left = (x1 + x2 - across * grow) / 2
    top = (y1 + y2 - down * grow) / 2
    left = min(max(left, 0.0), width - across * grow)
    top = min(max(top, 0.0), height - down * grow)
    right, bottom = int(left + across * grow), int(top + down * grow)
    part = image[int(top) : bottom, int(left) : right]
    if not part.size:
        raise ModelMismatch(f"a face box of {across:.1f} x {down:.1f} pixels gives no crop")
    return np.asarray(cv2.resize(part, size), np.uint8)


def scale_of(path: Path) -> tuple[float, int, int]:
    """Scale, height and width that a file's name states, as upstream's do.

    `2.7_80x80_MiniFASNetV2`, `4_0_0_80x80_MiniFASNetV1SE`, `minifasnet_v2_2.7_80x80`. Raises
    ModelMismatch for a name that states none, or a crop that is shifted.
    """
    found = _NAME.search(path.stem)
    if found is None or path.stem.startswith("org_"):  # upstream's word for the whole picture
        raise ModelMismatch(
            f"{path}: its name does not say which crop it looks at (as 2.7_80x80 does)"
        )
    scale, shift, height, width = found.groups()
    if shift not in (None, "_0_0"):
        raise ModelMismatch(f"{path}: crops that are shifted ({shift[1:]}) are not known here")
    return float(scale), int(height), int(width)


class _File:
    """One network and its crop."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.scale, height, width = scale_of(path)
        self.size = (width, height)
        if not path.is_file():
            raise ModelMismatch(f"{path}: no such file")
        options = session_options()
        try:
            self._session = ort.InferenceSession(
                path.read_bytes(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's errors share no public base class
            raise PackError(f"{path}: ONNX Runtime cannot load it: {error}") from error
        shapes = [list(x.shape) for x in self._session.get_inputs()]
        outs = [list(x.shape) for x in self._session.get_outputs()]
        if shapes != [[1, 3, height, width]] or outs != [[1, CLASSES]]:
            raise ModelMismatch(
                f"{path}: its name says an input of [1, 3, {height}, {width}] and an output of "
                f"[1, {CLASSES}], the file has {shapes} and {outs}"
            )
        self._input = self._session.get_inputs()[0].name

    def probability(self, image: NDArray[np.uint8], box: NDArray[np.floating]) -> float:
        """That the face lives, 0..1."""
        cut = crop(image, box, self.scale, self.size)
        tensor = np.ascontiguousarray(cut.transpose(2, 0, 1)[np.newaxis], np.float32)
        (logits,) = self._session.run(None, {self._input: tensor})[0].astype(np.float64)
        if not np.isfinite(logits).all():
            raise NumericError(f"{self.path.name}: output is not finite")
        parts = np.exp(logits - logits.max())
        return float(parts[LIVE] / parts.sum())


class MiniFASNet:
    """One file or several, whose answers are averaged. Raises PackError, ModelMismatch."""

    bound: float | None = BOUND

    def __init__(self, paths: Sequence[Path]) -> None:
        self._files = [_File(path) for path in paths]

    def score(self, image: NDArray[np.uint8], box: NDArray[np.floating]) -> float:
        """0 (an attack) .. 1 (live). image: (H, W, 3) uint8 BGR. Raises NumericError."""
        return sum(f.probability(image, box) for f in self._files) / len(self._files)
