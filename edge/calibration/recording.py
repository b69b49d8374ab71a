"""Recorded impostor scores: what a file of them holds, in JSON or CSV, and its checks.

A row is a track: one face followed while it stood before the camera. It has a number for the
person, the best cosine of any of its frames with the gallery, and how many frames were compared.
There is no name, no picture and no embedding in it.

JSON is `{"format": ..., "embedder_sha256": ..., "gallery_sha256": ..., "recorded": ..., "agree":
..., "tracks": [{"person", "track", "score", "frames", "source"}]}`. CSV has the same: the fields
above as lines `# name: value` at its head, then the columns of a track.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge.errors import BadScores, OutputError, UsageError
from edge.outputs import replacing
from edge.packs import describe
from edge.packs.schema import Sha256

SUFFIXES = (".json", ".csv")
MAX_BYTES = 64 * 1024 * 1024
_COLUMNS = ("person", "track", "score", "frames", "source")
Label = Annotated[str, Field(min_length=1, max_length=256)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TrackScore(_Model):
    """person: who it was, a number or any label; equal labels are one person. track: its label,
    unlike any other of the file. score: best cosine of a frame. frames: how many were compared.
    """

    person: Label
    track: Label
    score: float = Field(ge=-1, le=1)
    frames: int = Field(ge=1)
    source: str = Field(default="", max_length=256)


class Recording(_Model):
    """Strangers before one camera, compared with one gallery by one embedder.

    agree: how many frames the door asked for (`decision.agree`); who was compared in fewer did not
    stand there long enough to count as an attempt.
    """

    format: Literal["face-gate impostor scores 1"]
    embedder_sha256: Sha256
    gallery_sha256: Sha256
    recorded: AwareDatetime
    agree: int = Field(ge=1)
    tracks: tuple[TrackScore, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_track_once(self) -> Recording:
        label, count = Counter(t.track for t in self.tracks).most_common(1)[0]
        if count > 1:
            raise ValueError(f"track {label!r} is there {count} times; a track is one row")
        return self

    @property
    def best(self) -> list[float]:
        """Each track's best score."""
        return [t.score for t in self.tracks]

    @property
    def strangers(self) -> int:
        """People with a track long enough to be admitted: the independent trials."""
        return len({t.person for t in self.tracks if t.frames >= self.agree})


def read(path: Path, embedder_sha256: str) -> Recording:
    """The recording in a file. Raises BadScores: unreadable, malformed, of another embedder."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(f"{path}: a name that ends in .json or .csv is needed")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadScores(f"{path}: larger than {MAX_BYTES // 2**20} MiB; not recorded scores")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadScores(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadScores(f"{path}: no text: {error}") from error
    try:
        raw = _from_csv(text) if suffix == ".csv" else json.loads(text)
    except (ValueError, RecursionError, csv.Error) as error:
        raise BadScores(f"{path}: {error}") from error
    try:
        recording = Recording.model_validate(raw)
    except ValidationError as error:
        raise BadScores(f"{path}:\n{describe(error)}") from error
    if recording.embedder_sha256 != embedder_sha256:
        raise BadScores(
            f"{path}: recorded with embedder {recording.embedder_sha256[:12]}, the pack has "
            f"{embedder_sha256[:12]}: scores of two embedders cannot be compared; record again"
        )
    return recording


def write(path: Path, recording: Recording) -> None:
    """Write it whole, in the format of the suffix. Raises OutputError, UsageError."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(f"{path}: a name that ends in .json or .csv is needed")
    data = recording.model_dump(mode="json")
    text = _as_csv(data) if suffix == ".csv" else json.dumps(data, indent=1) + "\n"
    with replacing(path) as beside:
        try:
            beside.write_text(text, encoding="utf-8", newline="")
        except OSError as error:
            raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


def _as_csv(data: dict[str, Any]) -> str:
    out = io.StringIO()
    for name, value in data.items():
        if name != "tracks":
            out.write(f"# {name}: {value}\n")
    rows = csv.DictWriter(out, _COLUMNS, lineterminator="\n")
    rows.writeheader()
    rows.writerows(data["tracks"])
    return out.getvalue()


def _from_csv(text: str) -> dict[str, Any]:
    lines = text.splitlines()
    data: dict[str, Any] = {}
    while lines and lines[0].startswith("#"):
        name, colon, value = lines.pop(0)[1:].partition(":")
        if not colon:
            raise ValueError("a line at the head that begins with # is `# name: value`")
        data[name.strip()] = value.strip()
    rows = csv.DictReader(lines, strict=True)
    unknown = set(rows.fieldnames or ()) - set(_COLUMNS)
    if unknown or "score" not in (rows.fieldnames or ()):
        raise ValueError(f"the columns are {', '.join(_COLUMNS)}; unknown: {sorted(unknown)}")
    data["tracks"] = []
    for number, row in enumerate(rows, 1):
        if None in row or None in row.values():
            raise ValueError(f"track {number} has more or fewer values than there are columns")
        data["tracks"].append(row)
    return data
