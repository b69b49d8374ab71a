"""The door's liveness network: a tower for each crop, one answer from all.

Convolutions of 3 x 3, batch normalisation and ReLU alone, so that it is as good in 8 bits; 96
million floating-point operations for all crops together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edge.packs.schema import InputSpec
from training.blocks import Block
from training.errors import CheckpointError
from training.liveness import crops
from training.liveness.fourier import spectrum

CLASSES = ("attack", "live")
LIVE = CLASSES.index("live")


@dataclass(frozen=True)
class Design:
    """size: of a crop, pixels. scales: sides of the crops in face sizes. widths: channels after
    each halving of the picture. depth: blocks of each size beside the one that halves.
    """

    size: int = crops.SIZE
    scales: tuple[float, ...] = crops.SCALES
    widths: tuple[int, ...] = (16, 24, 48, 96)
    depth: tuple[int, ...] = (1, 1, 0)

    @property
    def spec(self) -> InputSpec:
        """The network's input, for the manifest."""
        return crops.input_spec(self.size, self.scales)

    def build(self) -> LiveNet:
        """An untrained network."""
        return LiveNet(self)

    def parts(self, x: Tensor) -> list[Tensor]:
        """The crops (N, 3, S, S) of inputs (N, 3, crops · S, S)."""
        return [x[:, :, i * self.size : (i + 1) * self.size] for i in range(len(self.scales))]

    def plain(self) -> dict[str, Any]:
        """For a checkpoint's description."""
        return {
            "size": self.size,
            "scales": list(self.scales),
            "widths": list(self.widths),
            "depth": list(self.depth),
        }

    @classmethod
    def of(cls, plain: dict[str, Any]) -> Design:
        """The inverse of `plain`. Raises CheckpointError."""
        try:
            return cls(
                int(plain["size"]),
                tuple(float(v) for v in plain["scales"]),
                tuple(int(v) for v in plain["widths"]),
                tuple(int(v) for v in plain["depth"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"not a liveness network's description: {error!r}") from error


def _conv(inside: int, out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inside, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out))


class Tower(nn.Module):
    """One crop (N, 3, S, S) to features (N, widths[-1]), and (N, widths[-2], S / 8, S / 8).

    The latter is what its spectrum and the place of the medium are drawn from, in training alone.
    """

    def __init__(self, design: Design) -> None:
        super().__init__()
        stem, *widths = design.widths
        self.stem = _conv(3, stem, 2)
        stages, inside = [], stem
        for width, depth in zip(widths, design.depth, strict=True):
            blocks = [Block(inside, width, 2), *(Block(width, width, 1) for _ in range(depth))]
            stages.append(nn.Sequential(*blocks))
            inside = width
        self.stages = nn.ModuleList(stages)
        drawn = widths[-2]
        self.draw = nn.Sequential(_conv(drawn, 32), nn.ReLU(), nn.Conv2d(32, 1, 3, padding=1))
        self.find = nn.Sequential(_conv(drawn, 32), nn.ReLU(), nn.Conv2d(32, 1, 3, padding=1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = torch.relu(self.stem(x))
        *before, last = self.stages
        for stage in before:
            x = stage(x)
        return F.adaptive_avg_pool2d(last(x), 1).flatten(1), x


class Answers(NamedTuple):
    """joint (N, 2): logits, attack and live. alone: of each tower. drawn: spectra.

    found: (N, crops · S / 8, S / 8) logits of where the medium is seen.
    """

    joint: Tensor
    alone: tuple[Tensor, ...]
    drawn: tuple[Tensor, ...]
    found: Tensor


class LiveNet(nn.Module):
    """(N, 3, crops · S, S) float32 as `Design.spec` says to logits (N, 2), attack and live."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.design = design
        width, count = design.widths[-1], len(design.scales)
        self.towers = nn.ModuleList(Tower(design) for _ in range(count))
        self.alone = nn.ModuleList(nn.Linear(width, len(CLASSES)) for _ in range(count))
        self.hidden = nn.Linear(width * count, 64)
        self.dropout = nn.Dropout(0.3)
        self.joint = nn.Linear(64, len(CLASSES))

    def _each(self) -> Iterator[Tower]:
        """`towers`: a ModuleList does not tell of which class its modules are."""
        for tower in self.towers:
            assert isinstance(tower, Tower)
            yield tower

    def _joined(self, features: list[Tensor]) -> Tensor:
        hidden = torch.relu(self.hidden(torch.cat(features, dim=1)))
        joint: Tensor = self.joint(self.dropout(hidden))
        return joint

    def forward(self, x: Tensor) -> Tensor:
        towers = zip(self.towers, self.design.parts(x), strict=True)
        return self._joined([tower(part)[0] for tower, part in towers])

    def answers(self, x: Tensor, visible: Tensor | None = None) -> Answers:
        """All that is trained. visible: (N, crops) bool, what each tower may learn from."""
        both = [tower(part) for tower, part in zip(self.towers, self.design.parts(x), strict=True)]
        features = [f for f, _ in both]
        if visible is not None:
            features = [
                torch.where(visible[:, i, None], f, f.detach()) for i, f in enumerate(features)
            ]
        return Answers(
            self._joined(features),
            tuple(head(f) for head, f in zip(self.alone, features, strict=True)),
            tuple(t.draw(m) for t, (_, m) in zip(self._each(), both, strict=True)),
            torch.cat([t.find(m)[:, 0] for t, (_, m) in zip(self._each(), both, strict=True)], 1),
        )


class ForTraining(nn.Module):
    """Gives `Answers`: what the common loop calls is a module's `forward`."""

    def __init__(self, net: LiveNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor, visible: Tensor | None = None) -> Answers:
        return self.net.answers(x, visible)


def spectra(design: Design, x: Tensor, like: tuple[Tensor, ...]) -> list[Tensor]:
    """What `Answers.drawn` should show of the crops in `x`."""
    return [spectrum(part, d.shape[-1]) for part, d in zip(design.parts(x), like, strict=True)]


def normalised(image: Tensor) -> Tensor:
    """(N, 3, H, W) uint8 RGB as `Design.spec` says."""
    return ((image.float() - 127.5) / 127.5).contiguous(memory_format=torch.channels_last)


def load(description: dict[str, Any], weights: dict[str, Tensor]) -> LiveNet:
    """The network of a checkpoint, ready to answer. Raises CheckpointError."""
    whole = ForTraining(Design.of(description).build())
    try:
        whole.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"weights of another design: {error}") from error
    return whole.net.eval()
