"""Whom else a new person resembles, by the scores that the door itself goes by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from edge.calibration.bound import of_embedder, standing
from edge.calibration.lookalikes import median_best
from edge.config import Config
from edge.faces.observation import Floats
from edge.gallery import Gallery, Person, clean_name
from edge.packs import Pack
from edge.vault_file import name_key


@dataclass(frozen=True, slots=True)
class Likeness:
    """The most alike other person. `same`: the door would take the one for the other.

    `lookalike`: it would not, but the score is within what `LOOKALIKE_RATE`
    (`edge.calibration.bound`) times the configured false-positive rate allows. The bound for that
    is lower than the door's by what the pack's impostor curve says a tenfold rate is worth, so the
    distance is small where the curve is steep. Such a pair is told apart, but with less to spare
    than strangers usually have.
    """

    person: str
    score: float
    bound: float
    warn_from: float

    @property
    def same(self) -> bool:
        return self.score >= self.bound

    @property
    def lookalike(self) -> bool:
        return not self.same and self.score >= self.warn_from

    def as_json(self) -> dict[str, object]:
        """Its four fields."""
        return asdict(self)


def same_name(a: str, b: str) -> bool:
    """Whether the vault takes the two for one name."""
    return name_key(clean_name(a)) == name_key(clean_name(b))


def comparable(people: Sequence[Person], embedder_sha256: str) -> tuple[list[Person], list[str]]:
    """Those whose templates are this embedder's, and the names of the others."""
    ours = [p for p in people if all(t.embedder_sha256 == embedder_sha256 for t in p.templates)]
    names = {p.name for p in ours}
    return ours, [p.name for p in people if p.name not in names]


def likeness(
    pack: Pack, people: Sequence[Person], probes: Sequence[Floats], config: Config
) -> Likeness | None:
    """The one of `people` most like the new templates `probes`; None without people.

    A person's score is the median over the probes of what the door would find: the best of the
    person's rows. Not the probes' mean: means of frames lie closer together than frames do, for
    strangers too (by 0.02 to 0.03 with the default pack), and the bound is for frames. Raises
    UndemonstratedTarget.
    """
    embedder = pack.manifest.roles.embedder
    gallery = Gallery(people, pack.embedder_sha256, embedder.head.length)
    calibration = of_embedder(config.calibration, pack.embedder_sha256)
    at = standing(embedder, gallery, config.decision.target_fpir, calibration)
    if at.bound is None or at.warn_from is None:
        return None
    scores = median_best(gallery, np.stack(list(probes)))
    best = int(np.argmax(scores))
    return Likeness(gallery.names[best], scores[best], at.bound, at.warn_from)
