"""From a checkpoint of `training` to a network of the pack and its part of the manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from onnx import ModelProto
from torch import nn

from training import loop
from training.detector import model as detector_model
from training.errors import CheckpointError
from training.landmarks import crops
from training.landmarks import model as face_model
from training.liveness import model as liveness_model
from training.recognition import model as embedder_model

from . import measures
from .errors import ExportError
from .measures import Measure

ROLES = ("detector", "landmarks", "embedder", "liveness", "age_gender")
MADE_BY = {
    "detector": "training.detector",
    "embedder": "training.recognition",
    "liveness": "training.liveness",
}
LAYOUT = "ibug68"


@dataclass(frozen=True)
class Settings:
    """What a manifest states beside the network itself.

    score: from which a box is a face; second: from which another counts; iou: of boxes that are
    one face. min_confidence: bound of the gate `landmarks`; live: of `liveness`. passes: of the
    landmark network.
    licence, commercial_use: of the weights, which carry the terms of what they were trained on.
    """

    score: float = 0.5
    second: float = 0.65
    iou: float = 0.4
    min_confidence: float = 0.5
    live: float = 0.5
    passes: int = 2
    licence: str = "weights for non-commercial research only, as the data they were trained on"
    commercial_use: str = "forbidden"


@dataclass(frozen=True, eq=False)
class Net:
    """One network on its way into a pack.

    module: in evaluation mode, a tuple of `outputs`. manifest: its role without file and hash.
    source: what the module is, in words. given: its float file, where it came as one.
    """

    role: str
    module: nn.Module
    height: int
    width: int
    outputs: tuple[str, ...]
    measures: tuple[Measure, ...]
    manifest: dict[str, Any]
    source: str = "torch"
    given: ModelProto | None = None


def from_checkpoint(role: str, path: Path, settings: Settings) -> Net:
    """The network of `path` for `role`, one of `ROLES`.

    Raises CheckpointError (no checkpoint, or of another network), ExportError (a network that the
    device cannot run).
    """
    description, weights = loop.load(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    try:
        if role == "detector":
            net = _detector(description, weights, settings)
        elif role == "embedder":
            net = _embedder(description, weights)
        elif role == "liveness":
            net = _liveness(description, weights, settings)
        else:
            net = _face(role, description, weights, settings)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: not for --{role.replace('_', '-')}: {error}") from error
    made = MADE_BY.get(role, "training.landmarks")
    net.manifest.update(
        licence=settings.licence,
        commercial_use=settings.commercial_use,
        source=f"face-gate, {made}; checkpoint SHA-256 {digest}",
    )
    return net


def _detector(
    description: dict[str, Any], weights: dict[str, torch.Tensor], settings: Settings
) -> Net:
    design = detector_model.Design.of(description)
    module = detector_model.Detector(design)
    try:
        module.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"weights of another design: {error}") from error
    outputs = detector_model.OUTPUTS
    anchors = [[[round(v, 4) for v in a] for a in design.cells(i)] for i in range(len(outputs))]
    head = {
        "kind": "yolo_levels",
        "levels": [
            {"output": name, "anchors": level} for name, level in zip(outputs, anchors, strict=True)
        ],
        "score_threshold": settings.score,
        "second_threshold": settings.second,
        "iou_threshold": settings.iou,
    }
    spec = design.spec.model_dump(mode="json", exclude_none=True)
    return Net(
        "detector",
        module.eval(),
        design.height,
        design.width,
        outputs,
        measures.detector(list(zip(outputs, anchors, strict=True))),
        {"input": spec, "head": head},
    )


class _Named(nn.Module):
    """A network whose one output is given as a tuple, as `Net.module` does."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor]:
        return (self.module(x),)


def _embedder(description: dict[str, Any], weights: dict[str, torch.Tensor]) -> Net:
    """Its manifest has no scores yet: they are measured with the finished network."""
    design = embedder_model.Design.of(description)
    module = design.build()
    try:
        module.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"weights of another design: {error}") from error
    spec = design.spec.model_dump(mode="json", exclude_none=True)
    head = {"kind": "embedding", "output": "embedding", "length": design.embedding}
    return Net(
        "embedder",
        _Named(module).eval(),
        design.spec.height,
        design.spec.width,
        ("embedding",),
        (measures.angle("embedding"),),
        {"input": spec, "head": head},
    )


def _liveness(
    description: dict[str, Any], weights: dict[str, torch.Tensor], settings: Settings
) -> Net:
    module = liveness_model.load(description, weights)
    spec = module.design.spec
    head = {
        "kind": "classes",
        "output": "classes",
        "classes": len(liveness_model.CLASSES),
        "live": liveness_model.LIVE,
        "softmax": True,
        "bound": settings.live,
    }
    return Net(
        "liveness",
        _Named(module).eval(),
        spec.height,
        spec.width,
        ("classes",),
        (measures.classes("classes", 0.02),),
        {"kind": "network", "input": spec.model_dump(mode="json", exclude_none=True), "head": head},
    )


def _face(
    role: str, description: dict[str, Any], weights: dict[str, torch.Tensor], settings: Settings
) -> Net:
    if role == "landmarks" and description.get("layout") not in (None, LAYOUT):
        raise ExportError(
            f"the device reads points of layout {LAYOUT}, and this network gives those of "
            f"{description['layout']}"
        )
    whole = face_model.build(description, weights)
    module = face_model.outputs_of(whole, role)
    spec = crops.SPEC.model_dump(mode="json", exclude_none=True)
    if role == "landmarks":
        head, found = _points_head(module.outputs, settings)
    else:
        head = {"kind": "age_gender", "age": "age", "gender": "gender"}
        found = (measures.difference("age", "years", 0.5), measures.classes("gender", 0.02))
    return Net(
        role, module, crops.SIZE, crops.SIZE, module.outputs, found, {"input": spec, "head": head}
    )


def _points_head(
    outputs: Sequence[str], settings: Settings
) -> tuple[dict[str, Any], tuple[Measure, ...]]:
    head: dict[str, Any] = {
        "kind": "points",
        "output": "points",
        "layout": LAYOUT,
        "passes": settings.passes,
    }
    found = [measures.points("points")]
    if "confidence" in outputs:
        head |= {
            "confidence": "confidence",
            "confidence_scale": "probability",
            "min_confidence": settings.min_confidence,
        }
        found.append(measures.difference("confidence", "of 0..1", 0.02))
    if "pose" in outputs:
        head["pose"] = "pose"
        found.append(measures.difference("pose", "degrees", 0.5))
    if settings.passes > 1:
        head["refit"] = crops.REFIT.model_dump(mode="json", exclude_none=True)
    return head, tuple(found)
