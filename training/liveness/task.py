"""The door's liveness network as a task of the common loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from training.liveness.samples import Sample, picture
from training.memory import channels_last

BPCER = 0.01
"""Of the validation's live faces, refused at the threshold where its attacks are counted."""


def by_label(samples: Sequence[Sample], scores: NDArray[np.floating]) -> dict[str, Any]:
    """Scores (n,) of each label."""
    labels = np.array([s.label for s in samples])
    return {str(name): scores[labels == name] for name in np.unique(labels)}


def summary(scores: dict[str, Any], live: str = "live") -> dict[str, float]:
    """apcer_mean and apcer_max over instruments at the bound of `BPCER`, and that bound.

    entropy: cross-entropy, a mean over labels. cost: what epochs are chosen by; where several have
    no error left the surer one is better.
    """
    # The largest bound that refuses no more than the share: from above, as for false matches.
    bound = -threshold_at(-np.asarray(scores[live]), BPCER)
    rates = {n: float((v >= bound).mean()) for n, v in scores.items() if n != live}
    worst = max(rates.values())
    entropy = float(np.mean([_surprise(v, name == live) for name, v in scores.items()]))
    mean = float(np.mean(list(rates.values())))
    return {
        "cost": mean + entropy / 10,
        "entropy": entropy,
        "apcer_mean": mean,
        "apcer_max": worst,
        "bound": bound,
        **{f"apcer_{name}": rate for name, rate in sorted(rates.items())},
    }


def _surprise(values: NDArray[np.floating], live: bool) -> float:
    right = np.asarray(values if live else 1 - values, np.float64)
    return float(-np.log(right.clip(1e-6)).mean())


class LiveTask:
    """Trains a `LiveNet`; chooses by the errors on people held back.

    fourier, alone, taught, medium: weights of the losses of the spectra, of each tower's own
    answer, of the teacher's and of where the medium is, beside the joint answer's cross-entropy.
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
        fourier: float = 0.5,
        alone: float = 0.3,
        taught: float = 0.0,
        medium: float = 0.5,
        smoothing: float = 0.02,
    ) -> None:
        self.design, self.train, self.held = design, train, held
        self.fourier, self.alone, self.taught = fourier, alone, taught
        self.medium, self.smoothing = medium, smoothing
        self.module: nn.Module = channels_last(ForTraining(design.build()))
        self._images = torch.from_numpy(
            np.stack([crops.planes(crops.cut(picture(s), s.box, design.spec)) for s in held])
        )

    def loss(self, module: nn.Module, batch: Batch) -> dict[str, Tensor]:
        x = normalised(batch.image)
        seen = visible(batch, len(self.design.scales))
        found = module(x, seen)
        entropy = F.cross_entropy(found.joint.float(), batch.live, label_smoothing=self.smoothing)
        alone = torch.stack(
            [self._of_tower(logits, batch.live, seen[:, i]) for i, logits in enumerate(found.alone)]
        ).mean()
        wanted = spectra(self.design, x, found.drawn)
        drawn = torch.stack(
            [F.mse_loss(got.float(), want) for got, want in zip(found.drawn, wanted, strict=True)]
        ).mean()
        where = located(found.found.float(), batch.medium)
        loss = entropy + self.alone * alone + self.fourier * drawn + self.medium * where
        figures = {"entropy": entropy, "spectrum": drawn, "medium": where}
        if self.taught > 0:
            figures["taught"] = taught(found.joint.float(), batch)
            loss = loss + self.taught * figures["taught"]
        return {"loss": loss, **figures}

    def _of_tower(self, logits: Tensor, live: Tensor, seen: Tensor) -> Tensor:
        """Cross-entropy of a tower's own answers where it could know."""
        each = F.cross_entropy(
            logits.float(), live, label_smoothing=self.smoothing, reduction="none"
        )
        return (each * seen).sum() / seen.sum().clamp(min=1)

    def validate(self, module: nn.Module) -> dict[str, float]:
        assert isinstance(module, ForTraining)
        return summary(by_label(self.held, scores(module.net, self._images)))

    def description(self) -> dict[str, Any]:
        return self.design.plain()


VISIBLE = 0.045
"""Of a crop's map: a smaller medium is no matter for that crop. A paper on a face is smaller on the
crop of 7 face sizes, the smallest sheet around a face is not."""


def visible(batch: Batch, crops: int) -> Tensor:
    """(N, crops) bool: whether a crop shows what makes its presentation living or an attack.

    Of a cut-out on a face the widest crop shows two pixels of its map. A tower that is told
    "attack" all the same can only learn the room by heart, and takes living people in such rooms
    for attacks.
    Where no map is known, and for the living, it counts as visible.
    """
    share = batch.medium.reshape(len(batch.medium), crops, -1).mean(dim=2)
    return torch.isnan(share) | (share >= VISIBLE) | (batch.live == LIVE)[:, None]


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
