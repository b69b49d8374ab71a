"""The manifest's schema: the only place that knows sizes, colour order, scaling, crop, template.

A pack is a folder with `manifest.toml` and the ONNX files that it names. Every model of this
file is frozen and refuses unknown keys, so that a misspelt option is an error and never a
silent default.
"""

from __future__ import annotations

import itertools
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

ROLES = ("detector", "landmarks", "embedder", "liveness", "age_gender")
REQUIRED_ROLES = ("detector", "landmarks", "embedder", "liveness")

Point: TypeAlias = tuple[float, float]
Triple: TypeAlias = tuple[float, float, float]
Probability: TypeAlias = Annotated[float, Field(ge=0.0, le=1.0)]
Sha256: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Model(BaseModel):
    """Base of every part of the manifest: frozen, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# How a picture becomes a network's input ----------------------------------------------------
class FrameFit(Model):
    """The whole frame, scaled to fit and centred; what is left over is `border` grey."""

    kind: Literal["letterbox"]
    border: float = Field(default=0.0, ge=0.0, le=255.0)


class BoxFit(Model):
    """A square around a face box: side = `scale` · max(box width, box height), concentric.

    `shift` moves the square's centre by a fraction of its side (x right, y down).
    `rotate` turns the crop upright along the line between the eyes when landmarks of an
    earlier pass are known. `border` None repeats the frame's edge pixel.
    """

    kind: Literal["box"]
    scale: float = Field(gt=0.2, le=10.0)
    shift: Point = (0.0, 0.0)
    border: float | None = None


class TemplateFit(Model):
    """A similarity transform that lays landmarks on `template` (pixels of the input).

    `points[i]` lists indices into the pack's landmark layout; their mean is laid on
    `template[i]` in the least-squares sense (Umeyama 1991).
    """

    kind: Literal["template"]
    points: tuple[tuple[int, ...], ...] = Field(min_length=2)
    template: tuple[Point, ...] = Field(min_length=2)
    border: float | None = None

    @model_validator(mode="after")
    def _same_length(self) -> TemplateFit:
        if len(self.points) != len(self.template):
            raise ValueError(
                f"points has {len(self.points)} entries but template has {len(self.template)}"
            )
        if any(not group for group in self.points):
            raise ValueError("an entry of points is empty")
        return self


Fit: TypeAlias = Annotated[FrameFit | BoxFit | TemplateFit, Field(discriminator="kind")]


class InputSpec(Model):
    """One network input, 1 x 3 x height x width float32: `(pixel - mean) / std` per channel.

    Frames are BGR uint8; `colour` says which order the network was trained on. `mean` and `std`
    are in grey levels 0..255 and in the order of `colour`.
    """

    name: str
    width: int = Field(ge=8, le=2048)
    height: int = Field(ge=8, le=2048)
    colour: Literal["rgb", "bgr"]
    mean: Triple
    std: Triple
    fit: Fit

    @model_validator(mode="after")
    def _std_positive(self) -> InputSpec:
        if min(self.std) <= 0:
            raise ValueError("std must be positive")
        return self


# What a network says ------------------------------------------------------------------------
class YoloHead(Model):
    """Planes (anchors·5, gh, gw): tx, ty, tw, th, objectness, as in YOLOv2 (Redmon 2017).

    `anchors` are (width, height) in grid cells.
    """

    kind: Literal["yolo"]
    output: str
    anchors: tuple[Point, ...] = Field(min_length=1)
    score_threshold: float = Field(gt=0.0, lt=1.0)
    """The best box of a frame is taken for a face from here on."""
    second_threshold: float = Field(gt=0.0, lt=1.0)
    """Further boxes count as faces from here on: a print on a shirt is no second person."""
    iou_threshold: float = Field(gt=0.0, lt=1.0)


class PointsHead(Model):
    """`count` points as (1, 2·count): x0, y0, x1, y1, ... in 0..1 of the crop."""

    kind: Literal["points"]
    output: str
    layout: Literal["ibug68"]
    passes: int = Field(default=1, ge=1, le=3)
    """1: from the detector's box alone. Above 1: again from a crop around the points of the
    pass before, turned upright; `refit` describes that crop."""
    refit: BoxFit | None = None

    @model_validator(mode="after")
    def _refit_when_needed(self) -> PointsHead:
        if self.passes > 1 and self.refit is None:
            raise ValueError("passes > 1 needs [roles.landmarks.head.refit]")
        return self


class FmrPoint(Model):
    """At cosine `score` or above lies the fraction `fmr` of impostor comparisons."""

    fmr: float = Field(gt=0.0, lt=1.0)
    score: float = Field(ge=-1.0, le=1.0)


class ScoreDistribution(Model):
    """Impostor scores of the embedder, from which thresholds are derived.

    `curve` runs from frequent to rare. It must not reach below what the data can show:
    `independent` impostor comparisons without error demonstrate no rate under 3/independent
    (the rule of three, Hanley 1983).
    """

    data: str
    same_camera_shift: float = Field(default=0.0, ge=0.0, le=0.5)
    """Added to every bound: people filmed by one camera in one light score higher against each
    other than the people of `data`, who share neither."""
    identities: int = Field(ge=2)
    impostor_pairs: int = Field(ge=1)
    curve: tuple[FmrPoint, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _monotone(self) -> ScoreDistribution:
        for a, b in itertools.pairwise(self.curve):
            if b.fmr >= a.fmr or b.score < a.score:
                raise ValueError(
                    "curve must go from frequent to rare: fmr falling, score not falling "
                    f"(see fmr {a.fmr:g} then {b.fmr:g})"
                )
        if self.curve[-1].fmr * self.impostor_pairs < 1:
            raise ValueError(
                f"curve reaches fmr {self.curve[-1].fmr:g}, which "
                f"{self.impostor_pairs} comparisons cannot show"
            )
        return self


class EmbeddingHead(Model):
    """A face's embedding (1, length), compared by cosine after normalisation."""

    kind: Literal["embedding"]
    output: str
    length: int = Field(ge=16, le=4096)
    scores: ScoreDistribution


class LiveClassHead(Model):
    """A classifier (1, classes); the passive liveness score is softmax[live]."""

    kind: Literal["classes"]
    output: str
    classes: int = Field(ge=2, le=16)
    live: int = Field(ge=0)
    softmax: bool = True
    bound: Probability

    @model_validator(mode="after")
    def _live_is_a_class(self) -> LiveClassHead:
        if self.live >= self.classes:
            raise ValueError(f"live = {self.live} is not one of {self.classes} classes")
        return self


class AgeGenderHead(Model):
    """Two outputs: age in years (1, 1) and gender logits (1, 2), index 0 male."""

    kind: Literal["age_gender"]
    age: str
    gender: str


# Roles --------------------------------------------------------------------------------------
class NetworkRole(Model):
    """What every ONNX role states about its file."""

    file: str = Field(pattern=r"^[A-Za-z0-9_.-]+\.onnx$")
    sha256: Sha256
    licence: str
    source: str
    input: InputSpec


class DetectorRole(NetworkRole):
    head: YoloHead

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
