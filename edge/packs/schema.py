"""The manifest's schema: the only place that knows sizes, colour order, scaling, crop, template.

A pack is a folder with `manifest.toml` and the ONNX files that it names. Every model of this
file is frozen and refuses unknown keys, so that a misspelt option is an error and never a
silent default. Inputs are in `edge.packs.inputs`, outputs in `edge.packs.heads`.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from edge.packs.heads import (
    AgeGenderHead,
    BoxesHead,
    BoxThresholds,
    DetectorHead,
    EmbeddingHead,
    FmrPoint,
    LiveClassHead,
    PointsHead,
    ScoreDistribution,
    YoloHead,
    YoloLevel,
    YoloLevelsHead,
)
from edge.packs.inputs import (
    BoxesFit,
    BoxFit,
    Fit,
    FrameFit,
    InputSpec,
    Model,
    Point,
    Probability,
    TemplateFit,
    Triple,
)

__all__ = [
    "REQUIRED_ROLES",
    "ROLES",
    "AgeGenderHead",
    "AgeGenderRole",
    "BoxFit",
    "BoxThresholds",
    "BoxesFit",
    "BoxesHead",
    "DetectorHead",
    "DetectorRole",
    "EmbedderRole",
    "EmbeddingHead",
    "Fit",
    "FmrPoint",
    "FrameFit",
    "InputSpec",
    "LandmarksRole",
    "LiveClassHead",
    "LivenessArtefactsRole",
    "LivenessNetworkRole",
    "LivenessRole",
    "Manifest",
    "Model",
    "NetworkRole",
    "Point",
    "PointsHead",
    "Probability",
    "Roles",
    "ScoreDistribution",
    "Sha256",
    "TemplateFit",
    "Triple",
    "YoloHead",
    "YoloLevel",
    "YoloLevelsHead",
    "forbids_commerce",
]

ROLES = ("detector", "landmarks", "embedder", "liveness", "age_gender")
REQUIRED_ROLES = ("detector", "landmarks", "embedder", "liveness")

Sha256: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


_RESTRICTED = re.compile(
    r"non[- ]?commercial|research[- ](use|purposes|only)|academic|\bNC\b|-NC\b", re.IGNORECASE
)


def forbids_commerce(licence: str) -> bool:
    """Whether a licence's text has the words that shut commerce out."""
    return _RESTRICTED.search(licence) is not None


# Roles --------------------------------------------------------------------------------------
class NetworkRole(Model):
    """What every ONNX role states about its file."""

    file: str = Field(pattern=r"^[A-Za-z0-9_.-]+\.onnx$")
    sha256: Sha256
    licence: str
    commercial_use: Literal["allowed", "forbidden"] | None = None
    """Whether the licences of weights and training data let the network be used in commerce;
    absent: nothing is claimed, read `licence`."""
    source: str
    input: InputSpec

    @model_validator(mode="after")
    def _licence_agrees(self) -> NetworkRole:
        if self.commercial_use == "allowed" and forbids_commerce(self.licence):
            raise ValueError(f"commercial_use is 'allowed', but the licence says {self.licence!r}")
        return self

    @property
    def forbids_commerce(self) -> bool:
        """Whether the manifest says, in one way or the other, that commerce must not use it."""
        return self.commercial_use == "forbidden" or forbids_commerce(self.licence)


class DetectorRole(NetworkRole):
    head: DetectorHead

    @model_validator(mode="after")
    def _fits_frame(self) -> DetectorRole:
        if self.input.fit.kind != "letterbox":
            raise ValueError("a detector's input.fit.kind must be 'letterbox'")
        return self


class LandmarksRole(NetworkRole):
    head: PointsHead

    @model_validator(mode="after")
    def _fits_box(self) -> LandmarksRole:
        if self.input.fit.kind != "box":
            raise ValueError("a landmark network's input.fit.kind must be 'box'")
        return self


class EmbedderRole(NetworkRole):
    head: EmbeddingHead

    @model_validator(mode="after")
    def _fits_template(self) -> EmbedderRole:
        if self.input.fit.kind != "template":
            raise ValueError("an embedder's input.fit.kind must be 'template'")
        return self


class AgeGenderRole(NetworkRole):
    head: AgeGenderHead


class LivenessNetworkRole(NetworkRole):
    """Passive liveness by a network."""

    kind: Literal["network"]
    head: LiveClassHead

    @model_validator(mode="after")
    def _fits_face(self) -> LivenessNetworkRole:
        if self.input.fit.kind not in ("box", "boxes", "template"):
            raise ValueError("a liveness network's input.fit.kind must be that of a face's crop")
        return self


class LivenessArtefactsRole(Model):
    """Passive liveness by `edge.faces.artefacts`: no network, bounds measured for this pack."""

    kind: Literal["artefacts"]
    licence: str
    source: str
    bound: Probability


LivenessRole: TypeAlias = Annotated[
    LivenessNetworkRole | LivenessArtefactsRole, Field(discriminator="kind")
]


class Roles(Model):
    detector: DetectorRole
    landmarks: LandmarksRole
    embedder: EmbedderRole
    liveness: LivenessRole
    age_gender: AgeGenderRole | None = None


class Manifest(Model):
    """`manifest.toml` of a pack."""

    schema_version: Literal[1]
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")
    version: str
    summary: str
    roles: Roles
