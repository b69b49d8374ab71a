"""The sets that a command is given, `--set KIND PICTURES [KEY=VALUE ...]`, read and put together.

    labels     PICTURES labels=CSV                a label file of training.label
    landmarks68 PICTURES points=CSV [labels=CSV]  file, x0, y0, ... of 68 points, by people
    utkface    PICTURES labels=CSV                UTKFace's file names
    wflw       PICTURES list=TXT                  WFLW's list
    wiki       PICTURES json=JSON                 {file, age, gender, landmarks}
    300wlp     PICTURES                           300W-LP, AFLW2000: NAME.mat beside NAME.jpg
    biwi       PICTURES labels=CSV                BIWI: frame_X_pose.txt beside frame_X_rgb.png
    euler      PICTURES json=JSON [signs=1,1,1]   {file, bbox, euler_angle}

and for each: weight=3 (how often it is drawn), embeddings=NPZ (of training.landmarks.teacher),
convention=CSV (of training.landmarks.convention: by what its points are moved), turned=3 (how much
more often faces are drawn whose head is turned aside by 25 degrees or more).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from edge.errors import UsageError
from training import labels as label_file
from training.errors import DataError
from training.landmarks import convention
from training.landmarks.data import label_csv, points_csv, utkface, wflw, wiki
from training.landmarks.data.face import Face
from training.landmarks.dataset import FaceSet
from training.landmarks.layouts import Layout, convert
from training.landmarks.teacher import read_embeddings
from training.pictures import Pictures
from training.pose.data import biwi, euler_json, mat
from training.split import is_validation


@dataclass
class Report:
    """What was left out of a set, and why."""

    name: str
    faces: int = 0
    without_points: int = 0
    lines: list[str] = field(default_factory=list)

    def text(self) -> str:
        own = f"{self.name}: {self.faces} faces, {self.without_points} of them without points"
        return "; ".join([own, *self.lines])


Reader = Callable[[Pictures, dict[str, str], Report], list[Face]]


def _option(options: dict[str, str], key: str, kind: str) -> Path:
    if key not in options:
        raise UsageError(f"--set {kind} needs {key}=FILE")
    return Path(options[key])


def _positive(options: dict[str, str], key: str, kind: str) -> float:
    try:
        value = float(options.get(key, "1"))
    except ValueError as error:
        raise UsageError(f"--set {kind}: {key}: {error}") from error
    if not 0 < value < 1000:
        raise UsageError(f"--set {kind}: {key} must be above 0, not {value:g}")
    return value


def _labels(pictures: Pictures, options: dict[str, str], report: Report) -> list[Face]:
    return label_csv.read(label_file.read(_option(options, "labels", "labels")))


def _landmarks68(pictures: Pictures, options: dict[str, str], report: Report) -> list[Face]:
    known = label_file.read(Path(options["labels"])) if "labels" in options else None
    return points_csv.read(_option(options, "points", "landmarks68"), 68, known)


def _utkface(pictures: Pictures, options: dict[str, str], report: Report) -> list[Face]:
    known = label_file.read(_option(options, "labels", "utkface"))
    faces, malformed, unseen = utkface.read(pictures.names, known)
    if malformed:
        report.lines.append(f"{len(malformed)} malformed names: {', '.join(malformed[:5])}")
    if unseen:
        report.lines.append(f"{len(unseen)} pictures without a face in the labels")
    return faces


def _wflw(pictures: Pictures, options: dict[str, str], report: Report) -> list[Face]:
    return wflw.read(_option(options, "list", "wflw"))


def _wiki(pictures: Pictures, options: dict[str, str], report: Report) -> list[Face]:
    return wiki.read(_option(options, "json", "wiki"))


def _300wlp(pictures: Pictures, options: dict[str, str], report: Report) -> list[Face]:
    return mat.read(pictures.source, pictures.names)


def _biwi(pictures: Pictures, options: dict[str, str], report: Report) -> list[Face]:
    known = label_file.read(_option(options, "labels", "biwi"))
    return biwi.read(pictures.source, pictures.names, known)


def _euler(pictures: Pictures, options: dict[str, str], report: Report) -> list[Face]:
    signs = options.get("signs", "1,1,1").split(",")
    if len(signs) != 3 or not set(signs) <= {"1", "-1", "+1"}:
        raise UsageError(f"--set euler: signs takes three of 1 and -1, not {options['signs']!r}")
    return euler_json.read(_option(options, "json", "euler"), [float(v) for v in signs])


KINDS: dict[str, tuple[Reader, frozenset[str]]] = {
    "labels": (_labels, frozenset({"labels"})),
    "landmarks68": (_landmarks68, frozenset({"points", "labels"})),
    "utkface": (_utkface, frozenset({"labels"})),
    "wflw": (_wflw, frozenset({"list"})),
    "wiki": (_wiki, frozenset({"json"})),
    "300wlp": (_300wlp, frozenset()),
    "biwi": (_biwi, frozenset({"labels"})),
    "euler": (_euler, frozenset({"json", "signs"})),
}
COMMON = frozenset({"weight", "turned", "embeddings", "convention"})
TURNED = 25.0
"""Degrees of yaw from which on a head counts as turned aside."""


def read_set(words: Sequence[str], layout: Layout) -> tuple[FaceSet, Report]:
    """The set that the words of one `--set` describe. Raises UsageError, DataError."""
    if len(words) < 2 or words[0] not in KINDS:
        raise UsageError(f"--set takes KIND PICTURES [KEY=VALUE ...], KIND of {', '.join(KINDS)}")
    kind, source = words[0], words[1]
    reader, keys = KINDS[kind]
    options: dict[str, str] = {}
    for word in words[2:]:
        key, equals, value = word.partition("=")
        if not equals or key not in keys | COMMON:
            raise UsageError(
                f"--set {kind}: {word!r} is none of {', '.join(sorted(keys | COMMON))} = VALUE"
            )
        options[key] = value
    weight, turned = (_positive(options, key, kind) for key in ("weight", "turned"))
    pictures = Pictures(source)
    report = Report(f"{kind} {source}")
    vectors = read_embeddings(Path(options["embeddings"])) if "embeddings" in options else {}
    offsets = None
    if "convention" in options:
        offsets = convention.read(Path(options["convention"]), layout)
    faces = []
    for face in reader(pictures, options, report):
        if face.picture not in pictures:
            raise DataError(f"{source}: no picture {face.picture!r}, which a label names")
        points = None if face.points is None else convert(face.points, layout)
        if points is not None and offsets is not None:
            points = convention.apply(points, offsets, layout)
        own = weight * turned if abs(float(face.pose[0])) >= TURNED else weight
        embedding = vectors.get(face.picture)
        faces.append(replace(face, points=points, embedding=embedding, weight=own))
        report.without_points += points is None
    report.faces = len(faces)
    return FaceSet(faces, [pictures] * len(faces)), report


def read_sets(sets: Sequence[Sequence[str]], layout: Layout) -> tuple[FaceSet, list[Report]]:
    """All sets as one. Raises UsageError, DataError."""
    if not sets:
        raise UsageError("no data: give at least one --set")
    whole = FaceSet([], [])
    reports: list[Report] = []
    for words in sets:
        part, report = read_set(words, layout)
        whole, reports = whole + part, [*reports, report]
    return whole, reports


def split(faces: FaceSet) -> tuple[FaceSet, FaceSet]:
    """Training and validation, by identity. Raises DataError when either is empty."""
    held = [is_validation(face.identity) for face in faces.faces]
    train = faces.subset([i for i, h in enumerate(held) if not h])
    validation = faces.subset([i for i, h in enumerate(held) if h])
    for part, name in ((train, "training"), (validation, "validation")):
        if not len(part):
            raise DataError(f"the sets leave nobody for {name}: more people are needed")
    return train, validation
