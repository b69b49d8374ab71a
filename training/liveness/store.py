"""Crops of a list, cut once: reading a frame takes longer than training on it.

Kept are the squares of a network's input, wider by `MARGIN` and finer, in one file of uint8. Views
of a sample are cut from them, through the same matrices that would cut them from the frame.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from edge.outputs import replacing
from edge.packs import preprocess
from edge.packs.schema import BoxesFit, BoxFit, InputSpec
from training.liveness import crops
from training.liveness.crops import Image
from training.liveness.samples import Sample, picture

MARGIN = 1.25
"""Sides of what is kept over those of the crops: what a detector's boxes stray, with room."""
FINER = 2
"""Pixels of what is kept over those of the crops, along a side."""
AROUND = 4.0
"""Face sizes that a picture with surroundings shows at least, or all that the widest crop does."""
SLACK = 0.15
"""Of that side so much may lie beyond the picture's edge."""


def kept_spec(spec: InputSpec) -> InputSpec:
    """The squares that are kept for crops of `spec`."""
    size = {"width": spec.width * FINER, "height": spec.height * FINER}
    if isinstance(spec.fit, BoxFit):
        return spec.model_copy(update={**size, "fit": _wider(spec.fit)})
    assert isinstance(spec.fit, BoxesFit)
    fit = BoxesFit(kind="boxes", crops=tuple(map(_wider, spec.fit.crops)))
    return spec.model_copy(update={**size, "fit": fit})


def _wider(fit: BoxFit) -> BoxFit:
    return fit.model_copy(update={"scale": fit.scale * MARGIN})


class Store:
    """The kept squares (n, height, width, 3) uint8 BGR of samples, in order.

    frames: (n, 2) width and height of the pictures that they were cut from, pixels.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        spec: InputSpec,
        kept: NDArray[np.uint8],
        frames: NDArray[np.int32],
    ) -> None:
        self.samples, self.spec, self.kept, self.frames = samples, spec, kept, frames
        self._kept_spec = kept_spec(spec)

    @classmethod
    def of(
        cls, samples: Sequence[Sample], spec: InputSpec, folder: Path, console: Console
    ) -> Store:
        """Reads every picture, unless `folder` has the squares already. Raises DataError."""
        wider = kept_spec(spec)
        named = hashlib.sha256(wider.model_dump_json().encode())
        for s in samples:
            named.update(f"{s.picture.absolute()} {s.box.tolist()}\n".encode())
        path = folder / f"crops-{named.hexdigest()[:16]}.npy"
        sizes = path.with_name(f"{path.stem}-frames.npy")
        if not (path.is_file() and sizes.is_file()):
            folder.mkdir(parents=True, exist_ok=True)
            shape = (len(samples), wider.height, wider.width, 3)
            frames = np.zeros((len(samples), 2), np.int32)
            with replacing(path) as part:
                kept = np.lib.format.open_memmap(part, "w+", np.uint8, shape)
                for i, s in enumerate(track(samples, "cutting", console=console, transient=True)):
                    image = picture(s)
                    kept[i], frames[i] = crops.cut(image, s.box, wider), image.shape[1::-1]
                kept.flush()
                del kept
            with replacing(sizes) as part, part.open("wb") as file:
                np.save(file, frames)
        return cls(samples, spec, np.load(path, mmap_mode="r"), np.load(sizes))

    def surrounded(self) -> NDArray[np.bool_]:
        """(n,) whether the picture shows what is around the face: `AROUND`, but for `SLACK`."""
        widest = min(max(crops.scales_of(self.spec)), AROUND)
        boxes = np.stack([s.box for s in self.samples])
        middle = (boxes[:, :2] + boxes[:, 2:]) / 2
        reach = (boxes[:, 2:] - boxes[:, :2]).max(axis=1) * widest * (0.5 - SLACK)
        low, high = middle - reach[:, None], middle + reach[:, None]
        inside = (low[:, 0] >= 0) & (high[:, 0] <= self.frames[:, 0] - 1) & (low[:, 1] >= 0)
        # Where the picture ends below, shoulders do.
        return np.asarray(inside, np.bool_)

    def cut(self, index: int, box: NDArray[np.floating]) -> Image:
        """(height, width, 3) uint8 BGR: `crops.cut` of sample `index` around `box` of its frame."""
        onto = preprocess.face_matrices(self.spec, box)
        had = preprocess.face_matrices(self._kept_spec, self.samples[index].box)
        side = self._kept_spec.width
        parts = []
        for i, (part, new, old) in enumerate(zip(self.spec.parts, onto, had, strict=True)):
            square = self.kept[index, i * side : (i + 1) * side]
            back = np.linalg.inv(np.vstack([old, [0, 0, 1]]))
            parts.append(crops.pixels(square, new @ back, part))
        return np.concatenate(parts)
