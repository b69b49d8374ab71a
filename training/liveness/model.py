"""The door's liveness network: a tower for each crop, and two answers that must both be "live".

One is of all crops together: is the face part of a person in a room, or of a sheet or display? The
other is of all crops but the widest: is its surface skin? Of a paper that is worn on the face, or
of a print that fills the whole camera's picture, nothing else tells; and a network that is asked to
find these by what is around the face takes people in unfamiliar rooms for attacks.

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
    """joint (N, 2): logits, attack and live, of all towers. surface (N, 2): of all but the widest.

    alone: of each tower. drawn: spectra. found: (N, crops · S / 8, S / 8) logits of where the
    medium is seen.
    """

    joint: Tensor
    surface: Tensor
    alone: tuple[Tensor, ...]
    drawn: tuple[Tensor, ...]
    found: Tensor


class LiveNet(nn.Module):
    """(N, 3, crops · S, S) float32 as `Design.spec` says to logits (N, 2), attack and live.

    These are the lower of both answers' margins. `allowance`, chosen on people held back, is added
    to the surface's, so that both have the same bound.
    """

    allowance: Tensor

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.design = design
        width, count = design.widths[-1], len(design.scales)
        self.towers = nn.ModuleList(Tower(design) for _ in range(count))
        self.alone = nn.ModuleList(nn.Linear(width, len(CLASSES)) for _ in range(count))
        self.hidden = nn.Linear(width * count, 64)
        self.dropout = nn.Dropout(0.3)
        self.joint = nn.Linear(64, len(CLASSES))
        self.near = max(count - 1, 1)  # all but the widest
        self.surface = nn.Sequential(
            nn.Linear(width * self.near, 32),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(32, len(CLASSES)),
        )
        self.register_buffer("allowance", torch.zeros(()))

    def _each(self) -> Iterator[Tower]:
        """`towers`: a ModuleList does not tell of which class its modules are."""
        for tower in self.towers:
            assert isinstance(tower, Tower)
            yield tower

    def _joined(self, features: list[Tensor]) -> Tensor:
        hidden = torch.relu(self.hidden(torch.cat(features, dim=1)))
        joint: Tensor = self.joint(self.dropout(hidden))
        return joint

    def _surface(self, features: list[Tensor]) -> Tensor:
        surface: Tensor = self.surface(torch.cat(features[: self.near], dim=1))
        return surface

    def margins(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 1) each: logit of "live" over that of "attack", of all crops and of the surface."""
        towers = zip(self.towers, self.design.parts(x), strict=True)
        features = [tower(part)[0] for tower, part in towers]
        joint, surface = self._joined(features), self._surface(features)
        live, attack = slice(LIVE, LIVE + 1), slice(1 - LIVE, 2 - LIVE)
        return joint[:, live] - joint[:, attack], surface[:, live] - surface[:, attack]

    def forward(self, x: Tensor) -> Tensor:
        joint, surface = self.margins(x)
        margin = torch.minimum(joint, surface + self.allowance)
        return torch.cat([-margin / 2, margin / 2], dim=1)

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
            self._surface(features),
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
