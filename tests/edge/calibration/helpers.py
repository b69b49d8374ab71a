"""People with known likeness, and calibrations, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from edge import packs
from edge.calibration.recording import Recording, TrackScore
from edge.config import Calibration, Site
from edge.gallery import Gallery, Person, Template
from edge.packs.schema import EmbedderRole
from edge.vault import Vault

NOW = datetime(2031, 5, 4, 12, 30, tzinfo=UTC)
EMBEDDER: EmbedderRole = packs.read_manifest(packs.DEFAULT).roles.embedder
SHA, LENGTH, SCORES = EMBEDDER.sha256, EMBEDDER.head.length, EMBEDDER.head.scores


def person(
    name: str, seed: int, templates: int = 3, spread: float = 0.01, sha: str = SHA
) -> Person:
    """Somebody in a direction of their own; spread: how much templates differ from each other."""
    rng = np.random.default_rng(seed)
    middle = rng.normal(size=LENGTH)
    rows = middle + spread * np.linalg.norm(middle) * rng.normal(size=(templates, LENGTH)) / 10
    made = tuple(
        Template(row.astype(np.float32), sha, 0.0, 0.0, 0.0, 0.0, 1.0, "test") for row in rows
    )
    return Person(name, made, 0.0)


def gallery(*people: Person) -> Gallery:
    return Gallery(people, SHA, LENGTH)


def enrol(state: Path, *people: Person) -> Path:
    with Vault(state) as vault:
        for one in people:
            vault.add(one.name, one.templates)
    return state


def recording(
    scores: Sequence[float], of: str, *, sha: str = SHA, frames: int = 30, agree: int = 6
) -> Recording:
    """One stranger per score. of: digest of the gallery."""
    return Recording(
        format="face-gate impostor scores 1",
        embedder_sha256=sha,
        gallery_sha256=of,
        recorded=NOW,
        agree=agree,
        tracks=tuple(
            TrackScore(person=f"p{k}", track=f"t{k}", score=s, frames=frames)
            for k, s in enumerate(scores)
        ),
    )


def calibration(of: Gallery, bound: float, target: float, **changes: object) -> Calibration:
    values: dict[str, object] = {
        "score_bound": bound,
        "target_fpir": target,
        "curve_bound": bound,
        "people": max(len(of), 1),
        "templates": max(of.templates, 1),
        "gallery_sha256": of.digest,
        "embedder_sha256": SHA,
        "made": NOW,
        "reason": 'because "so"\n\\ and Ü',
    }
    return Calibration.model_validate(values | changes)


def site(of: Gallery, **changes: object) -> Site:
    values: dict[str, object] = {
        "gallery_sha256": of.digest,
        "recorded": NOW,
        "strangers": 100,
        "tracks": 120,
        "highest": 0.5,
        "least_bound": 0.51,
        "matched": 0,
    }
    return Site.model_validate(values | changes)
