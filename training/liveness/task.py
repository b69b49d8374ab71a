"""The door's liveness network as a task of the common loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from edge.metrics import threshold_at
from training.liveness import crops
from training.liveness.dataset import Batch, Presentations
from training.liveness.model import LIVE, Design, ForTraining, LiveNet, normalised, spectra
from training.liveness.samples import LIVE as LIVING
from training.liveness.samples import Sample, picture
from training.memory import channels_last

BPCER = 0.01
"""Of the validation's live faces, refused at the threshold where its attacks are counted."""


def by_label(
    samples: Sequence[Sample], scores: NDArray[np.floating]
) -> dict[str, NDArray[np.floating]]:
    """Scores (n,) of each label."""
    labels = np.array([s.label for s in samples])
    return {str(name): scores[labels == name] for name in np.unique(labels)}


def apcers(scores: Mapping[str, NDArray[np.floating]]) -> tuple[float, dict[str, float], float]:
    """Mean APCER over instruments, each of them, and the bound of `BPCER` where that is."""
    # The largest bound that refuses no more than the share: from above, as for false matches.
    bound = -threshold_at(-np.asarray(scores[LIVING]), BPCER)
    rates = {n: float((v >= bound).mean()) for n, v in scores.items() if n != LIVING}
    return float(np.mean(list(rates.values()))), rates, bound


def summary(scores: Mapping[str, NDArray[np.floating]]) -> dict[str, float]:
    """apcer_mean and apcer_max over instruments at the bound of `BPCER`, and that bound.

    entropy: cross-entropy, a mean over labels. cost: what epochs are chosen by; where several have
    no error left the surer one is better.
    """
    mean, rates, bound = apcers(scores)
    entropy = float(np.mean([_surprise(v, name == LIVING) for name, v in scores.items()]))
    return {
        "cost": mean + entropy / 10,
        "entropy": entropy,
        "apcer_mean": mean,
        "apcer_max": max(rates.values()),
        "bound": bound,
        **{f"apcer_{name}": rate for name, rate in sorted(rates.items())},
    }


def _surprise(values: NDArray[np.floating], live: bool) -> float:
    right = np.asarray(values if live else 1 - values, np.float64)
    return float(-np.log(right.clip(1e-6)).mean())


class LiveTask:
    """Trains a `LiveNet`; chooses by the errors on people held back.

    surface, fourier, alone, taught, medium: weights of the losses of the surface's answer, of the
    spectra, of each tower's own answer, of the teacher's and of where the medium is, beside the
    joint answer's cross-entropy.
    """

    name = "liveness"
    score = "cost"
    lower_is_better = True
    collate: Callable[[list[Any]], Any] | None = None

    def __init__(
        self,
        design: Design,
        train: Presentations,
        held: Sequence[Sample],
        *,
        surface: float = 0.7,
        fourier: float = 0.5,
        alone: float = 0.3,
        taught: float = 0.0,
        medium: float = 0.5,
        smoothing: float = 0.02,
    ) -> None:
        self.design, self.train, self.held = design, train, held
        self.surface, self.fourier, self.alone, self.taught = surface, fourier, alone, taught
        self.medium, self.smoothing = medium, smoothing
        self.module: nn.Module = channels_last(ForTraining(design.build()))
        self._images = torch.from_numpy(
            np.stack([crops.planes(crops.cut(picture(s), s.box, design.spec)) for s in held])
        )

    def loss(self, module: nn.Module, batch: Batch) -> dict[str, Tensor]:
        x = normalised(batch.image)
        seen = visible(batch, len(self.design.scales))
        found = module(x, seen)
        # What the surface alone tells is no matter of the joint answer, and the other way round.
        entropy = self._entropy(found.joint, batch.live, ~batch.surface)
        surface = self._entropy(found.surface, batch.live, batch.surface | (batch.live == LIVE))
        alone = torch.stack(
            [self._entropy(logits, batch.live, seen[:, i]) for i, logits in enumerate(found.alone)]
        ).mean()
        wanted = spectra(self.design, x, found.drawn)
        drawn = torch.stack(
            [F.mse_loss(got.float(), want) for got, want in zip(found.drawn, wanted, strict=True)]
        ).mean()
        where = located(found.found.float(), batch.medium)
        loss = entropy + self.surface * surface + self.alone * alone
        loss = loss + self.fourier * drawn + self.medium * where
        figures = {"entropy": entropy, "surface": surface, "spectrum": drawn, "medium": where}
        if self.taught > 0:
            figures["taught"] = taught(found.joint.float(), batch)
            loss = loss + self.taught * figures["taught"]
        return {"loss": loss, **figures}

    def _entropy(self, logits: Tensor, live: Tensor, seen: Tensor) -> Tensor:
        """Cross-entropy of an answer where it could know."""
        each = F.cross_entropy(
            logits.float(), live, label_smoothing=self.smoothing, reduction="none"
        )
        return (each * seen).sum() / seen.sum().clamp(min=1)

    def validate(self, module: nn.Module) -> dict[str, float]:
        assert isinstance(module, ForTraining)
        living = torch.tensor([s.live for s in self.held])
        module.net.allowance.fill_(allowance(*margins(module.net, self._images[living])))
        return summary(by_label(self.held, scores(module.net, self._images)))

    def description(self) -> dict[str, Any]:
        return self.design.plain()


VISIBLE = 0.045
"""Of a crop's map: a smaller medium is no matter for that crop. A paper on a face is smaller on the
crop of 7 face sizes, the smallest sheet around a face is not."""


def visible(batch: Batch, crops: int) -> Tensor:
    """(N, crops) bool: whether a crop shows what makes its presentation living or an attack.

    Of a mask on a face the widest crop shows two pixels of its map, and of a sheet that is wider
    than the crop it shows no end. A tower that is told "attack" all the same can only learn the
    room by heart, and takes living people in such rooms for attacks.
    Where no map is known, and for the living, it counts as visible.
    """
    share = batch.medium.reshape(len(batch.medium), crops, -1).mean(dim=2)
    shown = (share >= VISIBLE) & torch.isfinite(share)
    return torch.isnan(share) | shown | (batch.live == LIVE)[:, None]


def located(logits: Tensor, medium: Tensor) -> Tensor:
    """Cross-entropy, pixel by pixel, to where the medium is; where that is not known, nothing.

    Each pixel says something of its own place (deep pixel-wise supervision, George and Marcel 2019,
    who call all of an attack's pixels attack): a sheet's edge is learned as an edge, from few
    pictures.
    """
    known = torch.isfinite(medium)
    if not known.any():
        return logits.sum() * 0
    return F.binary_cross_entropy_with_logits(logits[known], medium[known])


def taught(logits: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy to the teacher's scores where the teacher is right; where it errs, nothing."""
    right = torch.isfinite(batch.teacher) & ((batch.teacher >= 0.5) == (batch.live == LIVE))
    if not right.any():
        return logits.sum() * 0
    margin = logits[right, LIVE] - logits[right, 1 - LIVE]
    return F.binary_cross_entropy_with_logits(margin, batch.teacher[right])


SHARE = 0.1
"""Of the living that are refused, by the surface's answer.

Fixed, since people held back can hardly choose it: of instruments that a network has learned so few
pass there that shares from 0.02 to 0.25 differ by a picture or two. What it has not learned does
differ, and wants it small (docs/models/liveness.md). A network that tells face masks poorly pays
for that with more of them.
"""


def allowance(joint: NDArray[np.floating], surface: NDArray[np.floating]) -> float:
    """What to add to the surface's margins so that it refuses its `SHARE` of `BPCER`.

    joint, surface: (n,) `margins` of living faces. The more it is, the fewer faces, living or not,
    are refused by their surface.
    """
    of_joint = threshold_at(-np.asarray(joint, float), BPCER * (1 - SHARE))
    of_surface = threshold_at(-np.asarray(surface, float), BPCER * SHARE)
    return of_surface - of_joint


@torch.no_grad()
def margins(net: LiveNet, images: Tensor) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """`LiveNet.margins` of crops (n, 3, H, W) uint8 RGB, (n,) each."""
    net.eval()
    device = next(net.parameters()).device
    both = [net.margins(normalised(part.to(device))) for part in images.split(64)]
    joint, surface = (
        np.asarray(torch.cat(part)[:, 0].float().cpu().numpy(), np.float32)
        for part in zip(*both, strict=True)
    )
    return joint, surface


@torch.no_grad()
def scores(net: LiveNet, images: Tensor) -> NDArray[np.float32]:
    """Live scores (n,) 0..1 of crops (n, 3, H, W) uint8 RGB."""
    net.eval()
    device = next(net.parameters()).device
    found = [
        net(normalised(images[i : i + 64].to(device))).float().softmax(1)[:, LIVE].cpu()
        for i in range(0, len(images), 64)
    ]
    return np.asarray(torch.cat(found).numpy(), np.float32)
