"""The one configuration: typed, bounded, closed to unknown options.

Every option carries a title and bounds; `describe()` turns them into documentation, and an error
names section, option, value and bound. The effective configuration is logged at start.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from pydantic import AwareDatetime, Field, ValidationError, model_validator

from edge.config_liveness import Liveness as Liveness
from edge.config_section import Section as Section
from edge.errors import ConfigError
from edge.packs import describe as describe_error

DEFAULT_PATH = Path("/etc/face-gate/face-gate.toml")


class Camera(Section):
    uri: str = Field(
        default="v4l2:///dev/video0",
        title="Camera: v4l2://, picamera2://, a film, a folder, or a set: of them",
    )
    width: int | None = Field(default=640, ge=160, le=4096, title="Picture width, pixels")
    height: int | None = Field(default=480, ge=120, le=4096, title="Picture height, pixels")
    fps: float | None = Field(default=None, gt=0, le=240, title="Frames per second asked for")
    retry_s: float = Field(default=1.0, ge=0.1, le=60, title="First wait after losing the camera")
    retry_max_s: float = Field(default=30.0, ge=0.1, le=600, title="Longest such wait")


class Inference(Section):
    pack: str = Field(default="default", title="Model pack: 'default' or a folder")
    provider: str = Field(
        default="CPUExecutionProvider", title="ONNX Runtime execution provider; never replaced"
    )
    threads: int = Field(default=2, ge=1, le=64, title="Threads per network")


class Zone(Section):
    """The part of the picture that is the doorstep, in fractions of width and height."""

    left: float = Field(default=0.15, ge=0, le=1, title="Left edge")
    top: float = Field(default=0.0, ge=0, le=1, title="Top edge")
    right: float = Field(default=0.85, ge=0, le=1, title="Right edge")
    bottom: float = Field(default=1.0, ge=0, le=1, title="Bottom edge")

    @model_validator(mode="after")
    def _has_area(self) -> Zone:
        if self.left >= self.right or self.top >= self.bottom:
            raise ValueError("the zone has no area: left < right and top < bottom are needed")
        return self


class Quality(Section):
    min_size: float = Field(default=40, ge=20, le=2000, title="Smallest face height, pixels")
    min_fit: float = Field(default=0.55, ge=0, le=1, title="Least landmark extent over face height")
    max_fit: float = Field(default=1.35, ge=1, le=5, title="Largest landmark extent over height")
    min_sharpness: float = Field(default=0.12, ge=0, le=2, title="Least sharpness")
    min_exposure: float = Field(default=45, ge=0, le=255, title="Darkest mean grey level")
    max_exposure: float = Field(default=215, ge=0, le=255, title="Brightest mean grey level")
    max_clipped: float = Field(default=0.15, ge=0, le=1, title="Most pixels at black or white")
    max_yaw: float = Field(default=35, ge=5, le=90, title="Largest turn to a side, degrees")
    max_pitch: float = Field(default=40, ge=5, le=90, title="Largest nod, degrees")
    max_roll: float = Field(default=25, ge=5, le=90, title="Largest tilt, degrees")


class Decision(Section):
    target_fpir: float = Field(
        default=1e-3,
        gt=0,
        le=0.05,
        title="False-positive identification rate per stranger's comparison with the gallery",
    )
    min_margin: float = Field(
        default=0.05, ge=0, le=1, title="Least lead over the second-best person, cosine"
    )
    agree: int = Field(default=6, ge=2, le=60, title="N: frames that must agree on the person")
    of: int = Field(default=9, ge=2, le=90, title="M: ... of so many last usable frames")
    within_s: float = Field(default=1.5, ge=0.2, le=2.5, title="... all within this time")
    deny_after_s: float = Field(
        default=3.0, ge=0.5, le=60, title="A face seen this long and not admitted is denied"
    )

    @model_validator(mode="after")
    def _n_of_m(self) -> Decision:
        if self.agree > self.of:
            raise ValueError(f"agree = {self.agree} cannot exceed of = {self.of}")
        if 2 * self.agree <= self.of:
            raise ValueError(f"agree = {self.agree} must be a majority of of = {self.of}")
        return self


class Enrolment(Section):
    """What a picture must be to become a template, beyond what the door asks of one.

    A template is compared for years, so its bounds are the stricter of these and `quality`'s.
    """

    templates: int = Field(default=5, ge=1, le=20, title="Templates taken per enrolment")
    least: int = Field(default=3, ge=1, le=20, title="... and at least, from a camera or film")
    most: int = Field(default=20, ge=1, le=60, title="Templates that one person may have")
    min_size: float = Field(default=48, ge=20, le=2000, title="Smallest face height, pixels")
    min_sharpness: float = Field(default=0.16, ge=0, le=2, title="Least sharpness")
    min_exposure: float = Field(default=55, ge=0, le=255, title="Darkest mean grey level")
    max_exposure: float = Field(default=205, ge=0, le=255, title="Brightest mean grey level")
    max_clipped: float = Field(default=0.10, ge=0, le=1, title="Most pixels at black or white")
    max_yaw: float = Field(default=30, ge=5, le=90, title="Largest turn to a side, degrees")
    max_pitch: float = Field(default=36, ge=5, le=90, title="Largest nod, degrees")
    max_roll: float = Field(default=20, ge=5, le=90, title="Largest tilt, degrees")
    pose_spread: float = Field(
        default=12, ge=0, le=90, title="Head turn between templates that counts as varied, degrees"
    )
    consistency_fmr: float = Field(
        default=1e-3,
        gt=0,
        le=0.1,
        title="Templates of one person must be as alike as only this share of strangers is",
    )

    @model_validator(mode="after")
    def _counts_fit(self) -> Enrolment:
        if not self.least <= self.templates <= self.most:
            raise ValueError(
                f"least = {self.least}, templates = {self.templates}, most = {self.most} "
                "must not fall"
            )
        return self


class Lock(Section):
    uri: str = Field(default="simulated:", title="simulated: or gpiod:CHIP/LINE?active_low=1")
    exit_uri: str | None = Field(
        default=None, title="Input of a request-to-exit button, written like uri; unset: none"
    )
    pulse_s: float = Field(default=3.0, ge=0.1, le=60, title="How long the lock is released")
    cooldown_s: float = Field(default=2.0, ge=0, le=600, title="No new release for so long after")


class State(Section):
    dir: Path = Field(default=Path("/var/lib/face-gate"), title="Gallery, vault and audit")


class Log(Section):
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", title="Least severity that is logged"
    )


_SHA256 = r"^[0-9a-f]{64}$"


class Site(Section):
    """Recorded strangers that a calibration rests on; no score and no face of any single one."""

    gallery_sha256: str = Field(pattern=_SHA256, title="Gallery that they were compared with")
    recorded: AwareDatetime = Field(title="When they were recorded")
    strangers: int = Field(ge=0, title="People who stood long enough to be admitted")
    tracks: int = Field(ge=1, title="Times that a face was followed")
    highest: float = Field(ge=-1, le=1, title="Best score of any of them, cosine")
    least_bound: float = Field(
        ge=-1, le=1, title="No more than the target's share reach it, cosine"
    )
    demonstrated_bound: float | None = Field(
        default=None, ge=-1, le=1, title="They demonstrate the target from here, cosine"
    )
    matched: int = Field(ge=0, title="Tracks at or above score_bound")


class Calibration(Section):
    """What `python -m edge.calibrate` wrote. Rules for its use: `edge.calibration.bound`."""

    score_bound: float = Field(ge=-1, le=1, title="Score that a face must reach at least, cosine")
    target_fpir: float = Field(gt=0, le=0.05, title="False-positive identification rate aimed at")
    curve_bound: float = Field(ge=-1, le=1, title="What the pack's curve alone asked for, cosine")
    people: int = Field(ge=1, title="People in the gallery then")
    templates: int = Field(ge=1, title="Templates in the gallery then")
    gallery_sha256: str = Field(pattern=_SHA256, title="Digest of that gallery")
    embedder_sha256: str = Field(pattern=_SHA256, title="SHA-256 of the embedder's file")
    made: AwareDatetime = Field(title="When it was calibrated")
    reason: str = Field(min_length=1, max_length=2000, title="Why it is this bound")
    site: Site | None = Field(default=None, title="The site's own recorded strangers")


class Config(Section):
    """All of face-gate.toml."""

    camera: Camera = Camera()
    inference: Inference = Inference()
    zone: Zone = Zone()
    quality: Quality = Quality()
    liveness: Liveness = Liveness()
    decision: Decision = Decision()
    enrolment: Enrolment = Enrolment()
    lock: Lock = Lock()
    state: State = State()
    log: Log = Log()
    calibration: Calibration | None = None


_S = TypeVar("_S", bound=Section)


def load(path: Path | None, state_dir: Path | None = None) -> Config:
    """The configuration in `path`; without a path, that of the system if there is one.

    state_dir: takes the place of `state.dir` if given.

    Raises ConfigError naming file, section, option, value and bound.
    """
    config = _read(path)
    if state_dir is None:
        return config
    return config.model_copy(update={"state": changed(config.state, dir=state_dir)})


def located(path: Path | None) -> Path | None:
    """The file that `load(path)` reads; None where there is none and the defaults hold."""
    if path is None and DEFAULT_PATH.exists():
        return DEFAULT_PATH
    return path


def _read(path: Path | None) -> Config:
    path = located(path)
    if path is None:
        return Config()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such configuration file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    return parse(text, path)


def parse(text: str, path: Path) -> Config:
    """The configuration that a file's text says. Raises ConfigError, which names `path`."""
    try:
        return Config.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from error
    except ValidationError as error:
        raise ConfigError(f"{path}:\n{describe_error(error)}") from error


def changed(section: _S, **values: Any) -> _S:
    """`section` with some options changed, checked like the file. Raises ConfigError."""
    try:
        return section.model_validate({**section.model_dump(), **values})
    except ValidationError as error:
        raise ConfigError(describe_error(error)) from error


def effective(config: Config) -> str:
    """Every option with its value, one `section.option = value` per line."""
    return "\n".join(_lines(config.model_dump(mode="json"), ""))


def _lines(options: dict[str, Any], prefix: str) -> list[str]:
    lines: list[str] = []
    for name, value in options.items():
        if isinstance(value, dict):
            lines += _lines(value, f"{prefix}{name}.")
        else:
            lines.append(f"{prefix}{name} = {value}")
    return lines


def reference() -> str:
    """The options as a Markdown table: option, meaning, default, bounds."""
    rows = ["| option | meaning | default | bounds |", "| --- | --- | --- | --- |"]
    return "\n".join(rows + _rows(Config, ""))


def _rows(section: type[Section], prefix: str) -> list[str]:
    rows: list[str] = []
    for option, info in section.model_fields.items():
        inner = [t for t in (info.annotation, *get_args(info.annotation)) if _is_section(t)]
        if inner:
            rows += _rows(inner[0], f"{prefix}{option}.")
            continue
        limits = [
            f"{sign} {getattr(mark, attribute):g}"
            for mark in info.metadata
            for attribute, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))
            if hasattr(mark, attribute)
        ]
        default = "" if info.is_required() else f"`{_written(info.default)}`"
        rows.append(f"| `{prefix}{option}` | {info.title} | {default} | {', '.join(limits)} |")
    return rows


def _written(default: Any) -> Any:
    """Lists as TOML has them; of other values the table shows Python's form."""
    return json.dumps(default) if isinstance(default, tuple) else default


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Section)
