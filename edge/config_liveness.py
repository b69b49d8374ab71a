"""The section [liveness]: which checks a face must pass, besides being known."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from edge import hours
from edge.config_section import Section

Check: TypeAlias = Literal["passive", "motion", "turning", "blink", "flicker", "fresh", "challenge"]
"""A check is also the name of its gate. docs/liveness.md says what each sees and cannot see."""

PASSIVE = "passive"


class Liveness(Section):
    """All required checks must pass on the same frame; what has no value has not passed."""

    require: tuple[Check, ...] = Field(
        default=("passive", "motion"),
        title="Checks that must all pass: passive, and any of motion, turning, blink, flicker, "
        "fresh, challenge",
    )
    min_motion: float = Field(
        default=1.0, ge=0.5, le=100, title="Least non-planar motion (edge.faces.planar)"
    )
    min_turning: float = Field(
        default=1.0, ge=1, le=20, title="Least unlikeness to a turned picture (edge.faces.turning)"
    )
    min_blinks: int = Field(default=1, ge=1, le=3, title="Blinks within the last 2.5 s")
    max_flicker: float = Field(
        default=1.0, gt=0, le=1, title="Most bands of a screen's refresh (edge.faces.flicker)"
    )
    challenge_hours: tuple[str, ...] = Field(
        default=(),
        title='When the challenge is required too, local time: "mon-fri 18:00-07:00"; '
        "an unknown time counts as such",
    )
    challenge_steps: int = Field(default=3, ge=2, le=6, title="Things that a challenge asks for")
    challenge_s: float = Field(default=15.0, ge=5, le=60, title="Time for all of them, seconds")

    @model_validator(mode="before")
    @classmethod
    def _renamed(cls, data: Any) -> Any:
        if isinstance(data, dict) and "require_blink" in data:
            raise ValueError(
                'require_blink is no option any more; write require = ["passive", "motion", '
                '"blink"] to ask for a blink, and leave "blink" out not to'
            )
        return data

    @field_validator("require")
    @classmethod
    def _whole(cls, require: tuple[Check, ...]) -> tuple[Check, ...]:
        if PASSIVE not in require:
            raise ValueError('"passive" cannot be left out of require')
        if len(set(require)) < len(require):
            raise ValueError("require names a check twice")
        return require

    @field_validator("challenge_hours")
    @classmethod
    def _hours(cls, written: tuple[str, ...]) -> tuple[str, ...]:
        for text in written:
            hours.parse(text)
        return written
