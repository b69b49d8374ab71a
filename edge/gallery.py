"""People and their templates in memory, and the search for the one most like a probe.

A gallery is a snapshot that never changes: a thread that searches needs no lock, and an enrolment
arrives as a new gallery. It is built for one embedder and holds nothing made by another, because
vectors of two embedders can be compared but the result means nothing.
"""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

import native
from edge.errors import BadName, BadTemplate, EmbedderMismatch, NumericError

MAX_NAME = 64
MIN_LENGTH, MAX_LENGTH = 16, 4096  # of a vector, as in a pack's manifest
MAX_SOURCE = 256
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, eq=False, slots=True)
class Template:
    """What is stored of one picture of a person.

    vector: float32, (D,), 16 <= D <= 4096, finite, not zero, as the embedder gave it; made
        read-only. embedder_sha256: 64 hex digits, the SHA-256 of the embedder's ONNX file.
    created: seconds since 1970 UTC. yaw, pitch, roll: degrees in [-180, 180]. quality: as the
        quality gate gave it, finite. source: where the picture came from, at most 256 printable
        characters, for people to read.

    Raises BadTemplate if any of this does not hold.
    """

    vector: NDArray[np.float32]
    embedder_sha256: str
    created: float
    yaw: float
    pitch: float
    roll: float
    quality: float
    source: str

    def __post_init__(self) -> None:
        v = self.vector
        if v.dtype != np.float32 or v.ndim != 1 or not MIN_LENGTH <= v.size <= MAX_LENGTH:
            raise BadTemplate(
                f"a template is float32[{MIN_LENGTH}..{MAX_LENGTH}], not {v.dtype}{list(v.shape)}"
            )
        if not np.isfinite(v).all():
            raise BadTemplate("a template holds a value that is not a finite number")
        if not v.any():
            raise BadTemplate("a template is all zeros: it has no direction to compare")
        if not _SHA256.fullmatch(self.embedder_sha256):
            raise BadTemplate(f"embedder_sha256 is {self.embedder_sha256!r}, not 64 hex digits")
        for name in ("created", "yaw", "pitch", "roll", "quality"):
            value = float(getattr(self, name))  # a NumPy scalar would not go into SQLite
            bound = 180.0 if name in ("yaw", "pitch", "roll") else math.inf
            if not math.isfinite(value) or abs(value) > bound:
                raise BadTemplate(f"a template's {name} is {value}")
            object.__setattr__(self, name, value)
        if len(self.source) > MAX_SOURCE or not self.source.isprintable():
            raise BadTemplate(f"a template's source is {MAX_SOURCE} printable characters at most")
        own = v.copy()  # the caller may reuse its buffer
        own.flags.writeable = False
        object.__setattr__(self, "vector", own)


@dataclass(frozen=True, eq=False, slots=True)
class Person:
    """Someone enrolled: name (see `clean_name`), templates, and created, seconds since 1970 UTC."""

    name: str
    templates: tuple[Template, ...]
    created: float


def clean_name(name: str) -> str:
    """The name in Unicode's composed form (NFC), its case as written.

    1 to 64 printable characters, no space at either end, no slash or backslash, not "." or "..":
    a name also serves as the name of a folder. Raises BadName otherwise.
    """
    clean = unicodedata.normalize("NFC", name)
    if not 1 <= len(clean) <= MAX_NAME:
        raise BadName(f"a name has 1 to {MAX_NAME} characters, not {len(clean)}")
    if not clean.isprintable() or clean != clean.strip() or clean in (".", ".."):
        raise BadName(f"{clean!r} cannot be a name: printable characters, no space at the ends")
    if "/" in clean or "\\" in clean:
        raise BadName(f"{clean!r} cannot be a name: it holds a slash")
    return clean


@dataclass(frozen=True, slots=True)
class Match:
    """The person most like a probe, and how far ahead of the next one.

    score, second_score: cosine similarity in [-1, 1], a person's being the best of their rows.
    margin: score - second_score; with nobody else enrolled, score + 1, as if against the lowest
        score there is, so that it stays a finite number.
    """

    person: str
    score: float
    second_person: str | None
    second_score: float | None
    margin: float


class People(Protocol):
    """What a gallery is built from: the vault, or anything that answers like it."""

    def version(self) -> tuple[int, int]:
        """A value that changes whenever the people do."""
        ...

    def people(self) -> Sequence[Person]:
        """Everyone enrolled, in an order that does not change by itself."""
        ...


class Gallery:
    """An immutable snapshot of everyone enrolled, for one embedder.

    names: who is enrolled. matrix: float32 (rows, D), rows of length 1, read-only: each person's
    templates, then their mean. row_person: int64 (rows,), indices into names. is_mean: bool
    (rows,). generation: 0, then one more with each reload that found a change. digest: SHA-256
    that differs when anybody's templates do; names and their order have no part in it.
    """

    def __init__(
        self,
        people: Iterable[Person],
        embedder_sha256: str,
        length: int,
        *,
        generation: int = 0,
        version: tuple[int, int] | None = None,
    ) -> None:
        """embedder_sha256, length: of the embedder in use. version: of the vault it came from.

        Raises EmbedderMismatch, naming who and both hashes, if a template is another embedder's;
        BadTemplate if a vector has another length or a person's templates cancel out.
        """
        everyone = tuple(people)
        _require_embedder(everyone, embedder_sha256)
        self.embedder_sha256 = embedder_sha256
        self.length = length
        self.generation = generation
        self.version = version
        self.names = tuple(person.name for person in everyone)
        self.digest = _digest(everyone)
        blocks = [_rows(person, length) for person in everyone]
        counts = [len(block) for block in blocks]
        self.matrix: NDArray[np.float32] = np.concatenate(
            [np.empty((0, length), np.float32), *blocks]
        )
        self.row_person: NDArray[np.int64] = np.repeat(np.arange(len(counts)), counts)
        self.is_mean: NDArray[np.bool_] = np.zeros(len(self.matrix), np.bool_)
        self.is_mean[np.cumsum(counts, dtype=np.int64) - 1] = True
        for array in (self.matrix, self.row_person, self.is_mean):
            array.flags.writeable = False
        self._index = native.Index(length, embedder_sha256)
        self._index.add(self.matrix, self.row_person)

    @classmethod
    def load(cls, vault: People, embedder_sha256: str, length: int) -> Gallery:
        """Everyone in the vault. Raises as the constructor and the vault do."""
        # The version is read first: a change in between costs a needless reload, the other way
        # round it would be missed.
        version = vault.version()
        return cls(vault.people(), embedder_sha256, length, version=version)

    def reload_if_changed(self, vault: People) -> Gallery:
        """This gallery if the vault is as it was, else a new one of the next generation."""
        version = vault.version()
        if version == self.version:
            return self
        return Gallery(
            vault.people(),
            self.embedder_sha256,
            self.length,
            generation=self.generation + 1,
            version=version,
        )

    def __len__(self) -> int:
        """How many people are enrolled."""
        return len(self.names)

    @property
    def templates(self) -> int:
        """How many templates they have; the rows of `is_mean` are not counted."""
        return int((~self.is_mean).sum())

    def search(self, probe: NDArray[np.float32]) -> Match | None:
        """The person most like the probe, float32 (D,), any length; None if nobody is enrolled.

        Raises NumericError if the probe is not finite or is zero, BadTemplate if it has another
        shape or dtype than this gallery's vectors.
        """
        if probe.dtype != np.float32 or probe.shape != (self.length,):
            raise BadTemplate(
                f"the probe is {probe.dtype}{list(probe.shape)}, the gallery holds "
                f"float32[{self.length}]"
            )
        if not np.isfinite(probe).all() or not probe.any():
            raise NumericError("the probe is zero or holds a value that is not a finite number")
        if not self.names:
            return None
        [people], [scores] = self._index.search_people(
            np.ascontiguousarray(probe)[None], 2, by="max"
        )
        if not np.isfinite(scores).all():
            raise NumericError("matching gave a score that is not a finite number")
        best, score = self.names[people[0]], float(scores[0])
        if len(people) == 1:
            return Match(best, score, None, None, score + 1.0)
        second_score = float(scores[1])
        return Match(best, score, self.names[people[1]], second_score, score - second_score)


def _require_embedder(people: tuple[Person, ...], embedder_sha256: str) -> None:
    for person in people:
        for template in person.templates:
            if template.embedder_sha256 != embedder_sha256:
                others = [
                    p.name
                    for p in people
                    if any(t.embedder_sha256 != embedder_sha256 for t in p.templates)
                ]
                raise EmbedderMismatch(
                    f"templates of {', '.join(others)} were made by embedder "
                    f"{template.embedder_sha256}, in use is {embedder_sha256}; enrol them again, "
                    "or use the pack they were enrolled with"
                )


def _digest(people: tuple[Person, ...]) -> str:
    # From the stored values and not from `matrix`, whose last bits are the processor's.
    each = sorted(
        hashlib.sha256(b"".join(t.vector.astype("<f4").tobytes() for t in p.templates)).digest()
        for p in people
    )
    return hashlib.sha256(b"".join(each)).hexdigest()


def _rows(person: Person, length: int) -> NDArray[np.float32]:
    """A person's templates and, last, their mean, each scaled to length 1."""
    if not person.templates:
        raise BadTemplate(f"{person.name} has no template")
    for template in person.templates:
        if template.vector.size != length:
            raise BadTemplate(
                f"a template of {person.name} has {template.vector.size} values, the embedder "
                f"gives {length}"
            )
    # float64: the squares of large or tiny float32 values leave float32's range.
    vectors = np.stack([t.vector for t in person.templates]).astype(np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    mean = vectors.mean(axis=0)
    norm = float(np.linalg.norm(mean))
    if norm < 1e-6:
        raise BadTemplate(f"the templates of {person.name} cancel out; enrol them again")
    return np.vstack([vectors, mean / norm]).astype(np.float32)
