"""The manifest's part about outputs: what a network says, and the bounds that belong to it."""

from __future__ import annotations

import itertools
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from edge.packs.inputs import BoxFit, Model, Point, Probability


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

    @property
    def outputs(self) -> tuple[str, ...]:
        """The network's outputs that are used."""
        return (self.output,)


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

    @property
    def outputs(self) -> tuple[str, ...]:
        """The network's outputs that are used, in the order of the levels."""
        return tuple(level.output for level in self.levels)


class BoxesHead(BoxThresholds):
    """A detector whose file says boxes and scores itself, one of each for N places.

    boxes: output (1, N, 4), x1, y1, x2, y2 in 0..1 of the input's width and height; a box may
    reach beyond. scores: output (1, N) in 0..1. What overlaps is suppressed on the device.
    """

    kind: Literal["boxes"]
    boxes: str
    scores: str

    @model_validator(mode="after")
    def _one_output_each(self) -> BoxesHead:
        if self.boxes == self.scores:
            raise ValueError(f"boxes and scores share an output ({self.boxes})")
        return self

    @property
    def outputs(self) -> tuple[str, ...]:
        """The network's outputs that are used: boxes, then scores."""
        return (self.boxes, self.scores)


DetectorHead: TypeAlias = Annotated[
    YoloHead | YoloLevelsHead | BoxesHead, Field(discriminator="kind")
]


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
