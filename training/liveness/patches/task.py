"""The patch network as a task of the common loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edge import presentation
from training.liveness import bounds, crops
from training.liveness.patches import views
from training.liveness.patches.dataset import Batch, Patches
from training.liveness.patches.model import TASK, Design, FaceNet, PatchNet, scores
from training.liveness.samples import LIVE, Sample, picture
from training.liveness.task import by_label, summary
from training.memory import channels_last
from training.regime import Regime

TIE = 1e-4
"""Weight of the entropy beside the ACER, by which epochs are chosen."""


class PatchTask:
    """Trains a `PatchNet`; chooses by the ACER on people held back, at few patches of each face.

    bound: a live score from which on a face counts as live; None chooses it on those people too.
    """

    name = TASK
    score = "cost"
    lower_is_better = True
    collate: Callable[[list[Any]], Any] | None = None

    def __init__(
        self,
        design: Design,
        train: Patches,
        held: Sequence[Sample],
        regime: Regime,
        *,
        bound: float | None = None,
    ) -> None:
        self.design, self.train, self.held, self.regime = design, train, held, regime
        self.bound = bound
        self.module: nn.Module = channels_last(PatchNet(design))
        spec = design.spec
        self._faces = torch.from_numpy(
            np.stack([crops.planes(crops.cut(picture(s), s.box, spec)) for s in held])
        )

    def loss(self, module: nn.Module, batch: Batch) -> dict[str, Tensor]:
        patches = (batch.patch.float() / 255).contiguous(memory_format=torch.channels_last)
        said = module(patches).float()
        right = (said.detach().argmax(1) == batch.live).float().mean()
        return {"loss": F.cross_entropy(said, batch.live), "right": right}

    def validate(self, module: nn.Module) -> dict[str, float]:
        assert isinstance(module, PatchNet)
        seen = views.few(self.design.spec.width, self.design.patch)
        found = by_label(self.held, scores(FaceNet([module], seen), self._faces).numpy())
        told = figures(found, self.bound)
        # The ACER of a short list takes few values; among epochs of the same one the surer is kept.
        return {"cost": told["acer"] + TIE * told["entropy"], **told}

    def description(self) -> dict[str, Any]:
        return self.design.plain()


def figures(found: dict[str, Any], bound: float | None) -> dict[str, float]:
    """ACER, worst APCER and BPCER of scores by label, at `bound` or where the ACER is least.

    entropy: mean over labels of the cross-entropy.
    """
    live = found[LIVE]
    attacks = {name: values for name, values in found.items() if name != LIVE}
    if bound is None:
        bound, _ = bounds.least_acer(attacks, live)
    rates = presentation.apcer(attacks, bound)
    return {
        "acer": presentation.acer(attacks, live, bound),
        "apcer_max": rates[presentation.worst(rates)].value,
        "bpcer": presentation.bpcer(live, bound).value,
        "bound": bound,
        "entropy": summary(found)["entropy"],
        **{f"apcer_{name}": rate.value for name, rate in sorted(rates.items())},
    }
