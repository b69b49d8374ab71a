"""Crops of a list, cut once: reading a frame takes longer than training on it.

Kept are the squares of a network's input, wider by `MARGIN` and finer, in one file of uint8, and
beside it the same squares of the maps that show the medium. Views of a sample are cut from them,
through the same matrices that would cut them from the frame.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
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
from training.liveness.samples import Sample, medium, picture

FORM = 2
"""Of what is kept: squares that an earlier version kept are cut anew."""
MARGIN = 1.25
"""Sides of what is kept over those of the crops: what a detector's boxes stray, with room."""
FINER = 2
"""Pixels of what is kept over those of the crops, along a side."""
AROUND = 4.0
"""Face sizes that a picture with surroundings shows at least, or all that the widest crop does."""
SLACK = 0.15
"""Of that side so much may lie beyond the picture's edge."""
MAP = 8
"""Pixels of a crop along a side of one of its map's: as `model.Tower` halves it three times."""


def kept_spec(spec: InputSpec) -> InputSpec:
    """The squares that are kept for crops of `spec`."""
    size = {"width": spec.width * FINER, "height": spec.height * FINER}
    if isinstance(spec.fit, BoxFit):
        return spec.model_copy(update={**size, "fit": _wider(spec.fit)})
    assert isinstance(spec.fit, BoxesFit)
    fit = BoxesFit(kind="boxes", crops=tuple(map(_wider, spec.fit.crops)))
    return spec.model_copy(update={**size, "fit": fit})


def map_spec(spec: InputSpec) -> InputSpec:
    """The squares of `spec` for a map of the medium."""
    size = {"width": spec.width // MAP, "height": spec.height // MAP}
    fit = spec.fit
    if isinstance(fit, BoxFit):
        return spec.model_copy(update={**size, "fit": _bare(fit)})
    assert isinstance(fit, BoxesFit)
    bare = BoxesFit(kind="boxes", crops=tuple(map(_bare, fit.crops)))
    return spec.model_copy(update={**size, "fit": bare})


def _bare(fit: BoxFit) -> BoxFit:
    return fit.model_copy(update={"border": 0.0})  # no medium beyond the frame


def _wider(fit: BoxFit) -> BoxFit:
    return fit.model_copy(update={"scale": fit.scale * MARGIN})


class Store:
    """The kept squares (n, height, width, 3) uint8 BGR of samples, in order.

    frames: (n, 2) width and height of the pictures that they were cut from, pixels. maps: (n, h, w)
    uint8, the share of the medium on squares of `map_spec`, as wide as what is kept. known: (n,)
    whether a sample has such a map. beside: (n, crops) float32, the share of what a crop shows of
    the picture that is not the medium: 1 of the living, 0 where a sheet fills all; NaN: not known.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        spec: InputSpec,
        kept: NDArray[np.uint8],
        frames: NDArray[np.int32],
        maps: NDArray[np.uint8],
        known: NDArray[np.bool_],
        beside: NDArray[np.float32],
    ) -> None:
        self.samples, self.spec, self.kept, self.frames = samples, spec, kept, frames
        self.maps, self.known, self.beside = maps, known, beside
        self._kept_spec = kept_spec(spec)
        self._map_spec = map_spec(spec)
        self._kept_map_spec = map_spec(self._kept_spec)

    @classmethod
    def of(
        cls, samples: Sequence[Sample], spec: InputSpec, folder: Path, console: Console
    ) -> Store:
        """Reads every picture, unless `folder` has the squares already. Raises DataError."""
        wider = kept_spec(spec)
        named = hashlib.sha256(f"{FORM} {wider.model_dump_json()}".encode())
        for s in samples:
            named.update(f"{s.picture.absolute()} {s.box.tolist()}\n".encode())
        path = folder / f"crops-{named.hexdigest()[:16]}.npy"
        rest = path.with_suffix(".npz")
        if not (path.is_file() and rest.is_file()):
            folder.mkdir(parents=True, exist_ok=True)
            shape = (len(samples), wider.height, wider.width, 3)
            coarse = map_spec(wider)
            frames = np.zeros((len(samples), 2), np.int32)
            maps = np.zeros((len(samples), coarse.height, coarse.width), np.uint8)
            known = np.zeros(len(samples), np.bool_)
            scales = crops.scales_of(spec)
            beside = np.full((len(samples), len(scales)), np.nan, np.float32)
            with replacing(path) as part:
                kept = np.lib.format.open_memmap(part, "w+", np.uint8, shape)

                def one(i: int) -> None:
                    image, shown = picture(samples[i]), medium(samples[i])
                    kept[i] = crops.cut(image, samples[i].box, wider)
                    frames[i] = image.shape[1::-1]
                    if shown is not None:
                        maps[i], known[i] = _mapped(shown, image, samples[i], coarse), True
                        beside[i] = _beside(shown, image, samples[i], scales)

                pool = ThreadPoolExecutor()
                try:
                    done = pool.map(one, range(len(samples)))
                    shown = track(done, "cutting", len(samples), console=console, transient=True)
                    deque(shown, maxlen=0)
                finally:
                    pool.shutdown(cancel_futures=True)
                kept.flush()
                del kept
            with replacing(rest) as part, part.open("wb") as file:
                np.savez(file, frames=frames, maps=maps, known=known, beside=beside)
        with np.load(rest) as had:
            return cls(samples, spec, np.load(path, mmap_mode="r"), **had)

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
        return self._view(self.kept[index], self._kept_spec, self.spec, index, box)

    def square(self, index: int, part: int) -> tuple[Image, NDArray[np.float64]]:
        """A kept square (side, side, 3) uint8 BGR, and the 2x3 matrix from its frame onto it."""
        side = self._kept_spec.width
        matrix = preprocess.face_matrices(self._kept_spec, self.samples[index].box)[part]
        return self.kept[index][part * side : (part + 1) * side], matrix

    def map(self, index: int, box: NDArray[np.floating]) -> NDArray[np.float32]:
        """(height / 8, width / 8) float32: the share of the medium on what `cut` gives, NaN where
        it is not known.
        """
        if not self.known[index]:
            return np.full((self._map_spec.height, self._map_spec.width), np.nan, np.float32)
        grey = np.repeat(self.maps[index][..., None], 3, axis=2)
        seen = self._view(grey, self._kept_map_spec, self._map_spec, index, box)
        return np.asarray(seen[..., 0] / np.float32(255), np.float32)

    def _view(
        self,
        kept: Image,
        kept_as: InputSpec,
        wanted: InputSpec,
        index: int,
        box: NDArray[np.floating],
    ) -> Image:
        onto = preprocess.face_matrices(wanted, box)
        had = preprocess.face_matrices(kept_as, self.samples[index].box)
        side = kept_as.width
        parts = []
        for i, (part, new, old) in enumerate(zip(wanted.parts, onto, had, strict=True)):
            square = kept[i * side : (i + 1) * side]
            back = np.linalg.inv(np.vstack([old, [0, 0, 1]]))
            parts.append(crops.pixels(square, new @ back, part))
        return np.concatenate(parts)


def _on_map(shown: Image, image: Image, sample: Sample) -> NDArray[np.floating]:
    """The sample's box in pixels of its map."""
    smaller = np.tile(np.array(shown.shape[::-1]) / image.shape[1::-1], 2)
    return (sample.box + 0.5) * smaller - 0.5


def _mapped(shown: Image, image: Image, sample: Sample, coarse: InputSpec) -> NDArray[np.uint8]:
    """A map (h, w) of a picture cut as `coarse` says."""
    grey = np.repeat(shown[..., None], 3, axis=2)
    return crops.cut(grey, _on_map(shown, image, sample), coarse)[..., 0]


def _beside(
    shown: Image, image: Image, sample: Sample, scales: Sequence[float]
) -> NDArray[np.float32]:
    """(crops,) as `Store.beside`."""
    box = _on_map(shown, image, sample)
    middle, size = (box[:2] + box[2:]) / 2, float((box[2:] - box[:2]).max())
    found = []
    for scale in scales:
        low = np.maximum(np.round(middle - size * scale / 2), 0).astype(int)
        high = np.round(middle + size * scale / 2).astype(int) + 1
        part = shown[low[1] : max(high[1], 0), low[0] : max(high[0], 0)]
        found.append(1 - float(part.mean()) / 255 if part.size else 0.0)
    return np.array(found, np.float32)
