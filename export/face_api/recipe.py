"""What the default pack's manifest says about each network: crops, thresholds, sources.

Crops and thresholds were chosen by measurement; `docs/models/face-api.md` has the tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from . import age_gender, detector, embedder, landmarks
from .alignment import USED, template
from .layers import Weights
from .weights import LICENCE, PACKAGE, VERSION

DETECTOR_SIZE = (448, 352)
"""Width and height of the detector's input: near 4:3, as cameras are, and multiples of 32."""

LIVENESS_BOUND = 0.3
"""The passive score that `edge.faces.artefacts` must reach."""


@dataclass(frozen=True)
class Net:
    """One network of the package: where it is, how it is built, what it gives."""

    stored_as: str
    build: type[nn.Module]
    outputs: tuple[str, ...]
    width: int
    height: int
    quantise: bool
    """Whether the shipped file is 8-bit: only where that was measured to pay."""


NETS: Mapping[str, Net] = {
    "detector": Net(
        "tiny_face_detector", detector.TinyFaceDetector, ("planes",), *DETECTOR_SIZE, quantise=False
    ),
    "landmarks": Net(
        "face_landmark_68",
        landmarks.FaceLandmark68,
        ("points",),
        landmarks.SIZE,
        landmarks.SIZE,
        quantise=False,
    ),
    "embedder": Net(
        "face_recognition",
        embedder.FaceRecognition,
        ("embedding",),
        embedder.SIZE,
        embedder.SIZE,
        quantise=True,
    ),
    "age_gender": Net(
        "age_gender",
        age_gender.AgeGender,
        ("age", "gender"),
        age_gender.SIZE,
        age_gender.SIZE,
        quantise=False,
    ),
}


def build(net: Net, weights: Weights) -> nn.Module:
    """The torch module with its weights, in evaluation mode."""
    return net.build(weights).eval()


_FITS: Mapping[str, Mapping[str, Any]] = {
    "detector": {"kind": "letterbox", "border": 110.0},
    # the detector's boxes sit higher than what the landmark network was trained on
    "landmarks": {"kind": "box", "scale": 1.15, "shift": [0.02, 0.07]},
    "embedder": {
        "kind": "template",
        "points": [[i] for i in USED],
        "template": [list(p) for p in template(embedder.SIZE)],
    },
    "age_gender": {"kind": "box", "scale": 1.0},
}

_HEADS: Mapping[str, Mapping[str, Any]] = {
    "detector": {
        "kind": "yolo",
        "output": "planes",
        "anchors": [list(a) for a in detector.ANCHORS],
        "score_threshold": 0.3,
        "second_threshold": 0.65,
        "iou_threshold": 0.4,
    },
    "landmarks": {
        "kind": "points",
        "output": "points",
        "layout": "ibug68",
        "passes": 2,
        "refit": {"kind": "box", "scale": 1.35, "shift": [0.0, 0.10]},
    },
    "embedder": {"kind": "embedding", "output": "embedding", "length": embedder.LENGTH},
    "age_gender": {"kind": "age_gender", "age": "age", "gender": "gender"},
}

_MODULES = {
    "detector": detector,
    "landmarks": landmarks,
    "embedder": embedder,
    "age_gender": age_gender,
}


def manifest(hashes: Mapping[str, str], scores: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest as a plain dictionary, ready for the schema.

    Args:
        hashes: SHA-256 of each network's file, by role.
        scores: `[roles.embedder.head.scores]`.
    """
    roles: dict[str, Any] = {}
    for role, net in NETS.items():
        module = _MODULES[role]
        head = dict(_HEADS[role])
        if role == "embedder":
            head["scores"] = dict(scores)
        roles[role] = {
            "file": f"{role}.onnx",
            "sha256": hashes[role],
            "licence": LICENCE,
            "source": f"npm {PACKAGE} {VERSION}, {net.stored_as}_model, converted",
            "input": {
                "name": "image",
                "width": net.width,
                "height": net.height,
                "colour": "rgb",
                "mean": list(module.MEAN_RGB),
                "std": [module.SCALE] * 3,
                "fit": dict(_FITS[role]),
            },
            "head": head,
        }
    roles["liveness"] = {
        "kind": "artefacts",
        "licence": "see LICENSE",
        "source": "face-gate",
        "bound": LIVENESS_BOUND,
    }
    return {
        "schema_version": 1,
        "name": "default",
        "version": "1.0",
        "summary": "Detector, 68 landmarks, dlib ResNet embedder, age and gender; under 12 MB",
        "roles": roles,
    }
