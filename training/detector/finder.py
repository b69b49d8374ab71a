"""Runs a detector on pictures, as the device does: letterbox, network, native decoding, NMS."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from edge import packs
from edge.faces.detect import decode
from edge.packs import preprocess
from edge.packs.runtime import Network
from edge.packs.schema import FrameFit
from training import checkpoint
from training.detector.model import Design, Detector
from training.errors import CheckpointError
from training.memory import channels_last

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
Run = Callable[[Floats], Sequence[Floats]]
FAINTEST = 0.02
"""Fainter finds are of no interest to any figure."""


@dataclass(frozen=True)
class Found:
    """Faces of a picture, best first: boxes (n, 4) in its pixels, scores (n,)."""

    boxes: Floats
    scores: Floats


def of_outputs(planes: Sequence[Floats], design: Design, least: float) -> Found:
    """One picture's outputs, (1, A * 5, gh, gw) of each level, as boxes in input pixels.

    Decoded as on the device (`edge.faces.detect.decode`), from the score `least` on.
    """
    boxes, scores = decode(design.head(least), planes)
    size = np.array([design.width, design.height] * 2, np.float32)
    return Found(boxes * size - np.float32(0.5), scores)


class Eye(Protocol):
    """Whatever finds faces. width, height: of its network's input."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    def find(self, pictures: Iterable[Image], least: float = FAINTEST) -> Iterator[Found]:
        """The faces of each picture, (H, W, 3) uint8 BGR of any size, in their order."""
        ...


class Finder:
    """Our detector: `run` takes (N, 3, height, width) float32 and gives the three outputs."""

    def __init__(self, design: Design, run: Run, batch: int = 16) -> None:
        self.design, self._run, self._batch = design, run, batch
        self.width, self.height = design.width, design.height

    def find(self, pictures: Iterable[Image], least: float = FAINTEST) -> Iterator[Found]:
        """See `Eye`."""
        spec, fit = self.design.spec, self.design.fit
        waiting: list[tuple[Floats, NDArray[np.float64]]] = []
        for picture in pictures:
            matrix = preprocess.frame_matrix(fit, spec, *picture.shape[:2])
            tensor = preprocess.tensor(np.ascontiguousarray(picture), matrix, spec)
            waiting.append((tensor, matrix))
            if len(waiting) == self._batch:
                yield from self._all(waiting, least)
                waiting = []
        yield from self._all(waiting, least)

    def _all(self, waiting: list[tuple[Floats, Any]], least: float) -> Iterator[Found]:
        if not waiting:
            return
        outputs = self._run(np.concatenate([tensor for tensor, _ in waiting]))
        for i, (_, matrix) in enumerate(waiting):
            found = of_outputs([level[i : i + 1] for level in outputs], self.design, least)
            corners = preprocess.to_frame(found.boxes.reshape(-1, 2), matrix)
            yield Found(corners.reshape(-1, 4), found.scores)


class OfPack:
    """A pack's detector through the device's own code (`edge.faces.detect`), threshold apart."""

    def __init__(self, folder: Path) -> None:
        self._role = packs.read_manifest(folder).roles.detector
        spec = self._role.input
        self.width, self.height = spec.width, spec.height
        self._network = Network(
            folder / self._role.file,
            packs.read_model(folder, self._role),
            spec,
            self._role.head.outputs,
        )

    def find(self, pictures: Iterable[Image], least: float = FAINTEST) -> Iterator[Found]:
        """See `Eye`."""
        spec, fit = self._role.input, self._role.input.fit
        assert isinstance(fit, FrameFit)  # the schema admits nothing else
        head = self._role.head.model_copy(update={"score_threshold": least})
        size = np.array([spec.width, spec.height], np.float32)
        for picture in pictures:
            matrix = preprocess.frame_matrix(fit, spec, *picture.shape[:2])
            tensor = preprocess.tensor(np.ascontiguousarray(picture), matrix, spec)
            boxes, scores = decode(head, self._network.run(tensor))
            corners = boxes.reshape(-1, 2) * size - np.float32(0.5)
            yield Found(preprocess.to_frame(corners, matrix).reshape(-1, 4), scores)


def of_module(module: torch.nn.Module, design: Design) -> Finder:
    """A finder of a network in memory, which is used as it is: eval mode is the caller's."""

    @torch.no_grad()
    def run(batch: Floats) -> list[Floats]:
        device = next(module.parameters()).device
        inputs = torch.from_numpy(batch).to(device, memory_format=torch.channels_last)
        return [level.float().cpu().numpy() for level in module(inputs)]

    return Finder(design, run)


def of_checkpoint(path: Path) -> Finder:
    """A finder of a checkpoint's averaged weights. Raises CheckpointError."""
    description, weights = checkpoint.load(path)
    design = Design.of(description)
    module = Detector(design).eval()
    try:
        module.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"{path}: weights of another network: {error}") from error
    return of_module(channels_last(module), design)


def of_path(path: Path) -> Eye:
    """A finder of a checkpoint, or of a pack: "default", or a folder with manifest.toml.

    Raises CheckpointError, PackError.
    """
    folder = packs.pack_path(str(path))
    return OfPack(folder) if folder.is_dir() else of_checkpoint(path)
