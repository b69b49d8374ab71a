"""The manifest's schema: the only place that knows sizes, colour order, scaling, crop, template.

A pack is a folder with `manifest.toml` and the ONNX files that it names. Every model of this
file is frozen and refuses unknown keys, so that a misspelt option is an error and never a
silent default.
"""

from __future__ import annotations

import itertools
import re
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
class YoloLevel(Model):
    """One output of a detector: planes (anchors·5, gh, gw) of tx, ty, tw, th, objectness.

    As in YOLOv2 (Redmon 2017), decoded by `native.decode_yolo`. `anchors` are (width, height) in
    cells of this level's own grid.
    """

    output: str
    anchors: tuple[Point, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _anchors_have_area(self) -> YoloLevel:
        if min(side for anchor in self.anchors for side in anchor) <= 0:
            raise ValueError("an anchor's width and height must be above 0")
        return self


class BoxThresholds(Model):
    """From which score on a box is a face, and when two boxes are one face."""

    score_threshold: float = Field(gt=0.0, lt=1.0)
    """The best box of a frame is taken for a face from here on."""
    second_threshold: float = Field(gt=0.0, lt=1.0)
    """Further boxes count as faces from here on: a print on a shirt is no second person."""
    iou_threshold: float = Field(gt=0.0, lt=1.0)
    """Of two boxes that overlap more, only the better one stays, whichever levels they are of."""


class YoloHead(BoxThresholds, YoloLevel):
    """A detector with one output."""

    kind: Literal["yolo"]

    @property
    def levels(self) -> tuple[YoloLevel, ...]:
        """The one level."""
        return (self,)


class YoloLevelsHead(BoxThresholds):
    """A detector with an output for each of several grids (YOLOv3, Redmon and Farhadi 2018)."""

    kind: Literal["yolo_levels"]
    levels: tuple[YoloLevel, ...] = Field(min_length=1, max_length=8)

    @model_validator(mode="after")
    def _one_output_each(self) -> YoloLevelsHead:
        names = [level.output for level in self.levels]
        if len(set(names)) < len(names):
            raise ValueError(f"levels share an output ({', '.join(names)})")
        return self


DetectorHead: TypeAlias = Annotated[YoloHead | YoloLevelsHead, Field(discriminator="kind")]


class PointsHead(Model):
    """`count` points as (1, 2·count): x0, y0, x1, y1, ... in 0..1 of the crop.

    A network may also say how sure it is of them (`confidence`, one value) and how the head is
    turned (`pose`, three). What is named here must be there and is used; what is not named does
    not exist: without `confidence` there is no gate `landmarks`, and without `pose` the head's
    pose is computed from the points (`edge.faces.pose.head_pose`).
    """

    kind: Literal["points"]
    output: str
    layout: Literal["ibug68"]
    confidence: str | None = None
    """Output (1, 1): 1 when the points lie on a face, 0 when they do not."""
    confidence_scale: Literal["logit", "probability"] | None = None
    """A logit goes through the logistic function first; a probability is 0..1 already."""
    min_confidence: float | None = Field(default=None, gt=0.0, lt=1.0)
    """Bound of the gate `landmarks`. Stated with `confidence` or not at all: a network that knows
    when it is lost is listened to."""
    pose: str | None = None
    """Output (1, 3): yaw, pitch, roll in degrees of the head as the crop shows it, in the
    convention of `edge.faces.observation.Pose`."""
    passes: int = Field(default=1, ge=1, le=3)
    """1: from the detector's box alone. Above 1: again from a crop around the points of the
    pass before, turned upright; `refit` describes that crop."""
    refit: BoxFit | None = None

    @model_validator(mode="after")
    def _refit_when_needed(self) -> PointsHead:
        if self.passes > 1 and self.refit is None:
            raise ValueError("passes > 1 needs [roles.landmarks.head.refit]")
        return self

    @model_validator(mode="after")
    def _confidence_is_whole(self) -> PointsHead:
        stated = (self.confidence, self.confidence_scale, self.min_confidence)
        if any(v is None for v in stated) and any(v is not None for v in stated):
            raise ValueError(
                "confidence, confidence_scale and min_confidence are stated together or not at all"
            )
        return self

    @model_validator(mode="after")
    def _one_output_each(self) -> PointsHead:
        if len(set(self.outputs)) < len(self.outputs):
            raise ValueError(f"output, confidence and pose share one ({', '.join(self.outputs)})")
        return self

    @property
    def outputs(self) -> tuple[str, ...]:
        """The network's outputs that are used: points, then confidence and pose if named."""
        return tuple(n for n in (self.output, self.confidence, self.pose) if n is not None)


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
