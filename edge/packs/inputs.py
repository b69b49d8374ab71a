"""The manifest's part about inputs: how a picture becomes what a network is given."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

Point: TypeAlias = tuple[float, float]
Triple: TypeAlias = tuple[float, float, float]
Probability: TypeAlias = Annotated[float, Field(ge=0.0, le=1.0)]


class Model(BaseModel):
    """Base of every part of the manifest: frozen, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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


class BoxesFit(Model):
    """Several squares around one face box, one below another in the input.

    Each takes an equal share of the input's height: a network sees the face and, from farther
    off, what it is part of.
    """

    kind: Literal["boxes"]
    crops: tuple[BoxFit, ...] = Field(min_length=2, max_length=4)


Fit: TypeAlias = Annotated[FrameFit | BoxFit | TemplateFit | BoxesFit, Field(discriminator="kind")]


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

    @model_validator(mode="after")
    def _equal_shares(self) -> InputSpec:
        if isinstance(self.fit, BoxesFit) and self.height % len(self.fit.crops):
            raise ValueError(f"height {self.height} is no multiple of {len(self.fit.crops)} crops")
        return self

    @property
    def parts(self) -> tuple[InputSpec, ...]:
        """The inputs that stand one below another in this one; itself where there is one crop."""
        if not isinstance(self.fit, BoxesFit):
            return (self,)
        share = {"height": self.height // len(self.fit.crops)}
        return tuple(self.model_copy(update={**share, "fit": crop}) for crop in self.fit.crops)
