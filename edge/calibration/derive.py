"""One calibration: the pack's curve, this gallery and recorded strangers made into a bound."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from edge.calibration import evidence
from edge.calibration.bound import curve_bound, unshifted, warn_from
from edge.calibration.lookalikes import Pair, Reach, own_scores, pairs
from edge.calibration.recording import Recording
from edge.config import Calibration, Site
from edge.errors import CalibrationError, GalleryError
from edge.gallery import Gallery
from edge.intervals import upper_bound
from edge.metrics import fmr_for_fpir
from edge.packs.schema import EmbedderRole
from edge.packs.scores import match_rate

Basis: TypeAlias = Literal["curve", "raised", "lowered"]
STEP = 1e5
"""Bounds are written rounded up to five digits."""


@dataclass(frozen=True, slots=True)
class Derived:
    """A bound and all that led to it.

    comparisons: of one probe with the gallery's rows. fmr: share of a single comparison that the
    target allows. basis: what decided. calibration: as the configuration keeps it. pack: what
    the pack's data show for `fmr`. bound_fmr: share of the pack's pairs at the bound or above, at
    most. reach: what the enrolled templates score among themselves. pairs: enrolled people who look
    alike. dropped: evidence of an earlier calibration that no longer counts, and why.
    """

    comparisons: int
    fmr: float
    basis: Basis
    calibration: Calibration
    pack: evidence.PackEvidence
    bound_fmr: float
    shift: float
    reach: tuple[Reach, ...]
    pairs: tuple[Pair, ...]
    dropped: tuple[str, ...]

    @property
    def bound(self) -> float:
        return self.calibration.score_bound

    @property
    def site_upper(self) -> float | None:
        """What the recorded strangers alone show: the exact one-sided upper limit of the share who
        match, tracks as errors and people as trials. None without a trial."""
        site = self.calibration.site
        if site is None or site.strangers == 0:
            return None
        errors = min(site.matched, site.strangers)
        return upper_bound(errors, site.strangers, evidence.CONFIDENCE)

    @property
    def unreached(self) -> tuple[str, ...]:
        """Enrolled people none of whose own templates would be accepted against the others."""
        return tuple(r.person for r in self.reach if r.scores and max(r.scores) < self.bound)

    def as_json(self) -> dict[str, Any]:
        """All fields, for `--json`."""
        return {
            "comparisons": self.comparisons,
            "fmr_per_comparison": self.fmr,
            "basis": self.basis,
            "calibration": self.calibration.model_dump(mode="json"),
            "pack_evidence": self.pack.as_json(),
            "same_camera_shift": self.shift,
            "site_fpir_at_most": self.site_upper,
            "pack_fmr_at_bound": self.bound_fmr,
            "strangers_needed_to_demonstrate": evidence.needed(self.calibration.target_fpir),
            "cost": [r.as_json(self.bound) for r in self.reach],
            "lookalike_pairs": [p.as_json() for p in self.pairs],
            "dropped": list(self.dropped),
        }


def derive(
    embedder: EmbedderRole,
    gallery: Gallery,
    target: float,
    *,
    recording: Recording | None = None,
    before: Calibration | None = None,
    now: datetime,
) -> Derived:
    """The bound for `target`, the FPIR of a stranger's comparison with the gallery.

    recording: strangers to take into account in place of those of `before`. Of another gallery
    they can only raise the bound. before: the calibration until now, whose strangers are kept.

    Raises GalleryError when nobody is enrolled, UndemonstratedTarget, and CalibrationError when
    recorded strangers are so alike that nobody enrolled would be admitted.
    """
    if len(gallery) == 0:
        raise GalleryError("nobody is enrolled, so there is nothing to calibrate; enrol someone")
    rows = len(gallery.matrix)
    curve = curve_bound(embedder, rows, target)
    dropped: list[str] = []
    if recording is not None:
        site: Site | None = _measured(recording, gallery, target, dropped)
    else:
        site = _kept(before, embedder, gallery, target, dropped)
    bound, basis = _decided(embedder, curve, site)
    reach = own_scores(gallery)
    if basis == "raised":
        _require_somebody(bound, reach, site)
    if site is not None and recording is not None:
        site = site.model_copy(update={"matched": sum(s >= bound for s in recording.best)})
    elif site is not None and before is not None and bound < before.score_bound:
        # Only counts are kept: how many lie between the two bounds is not known any more.
        site = site.model_copy(update={"matched": site.tracks if site.highest >= bound else 0})
    fmr = fmr_for_fpir(target, rows)
    scores = embedder.head.scores
    calibration = Calibration(
        score_bound=bound,
        target_fpir=target,
        curve_bound=_rounded_up(curve),
        people=len(gallery),
        templates=gallery.templates,
        gallery_sha256=gallery.digest,
        embedder_sha256=embedder.sha256,
        made=now,
        reason=_reason(embedder, target, rows, fmr, basis, bound, site),
        site=site,
    )
    return Derived(
        rows,
        fmr,
        basis,
        calibration,
        evidence.of_pack(scores, fmr, rows),
        match_rate(scores, bound),
        scores.same_camera_shift,
        reach,
        pairs(gallery, bound, warn_from(embedder, rows, target, bound)),
        tuple(dropped),
    )


def _rounded_up(value: float) -> float:
    return min(math.ceil(value * STEP) / STEP, 1.0)


def _decided(embedder: EmbedderRole, curve: float, site: Site | None) -> tuple[float, Basis]:
    own = _rounded_up(curve)
    if site is None:
        return own, "curve"
    if site.demonstrated_bound is not None:
        low = max(_rounded_up(unshifted(embedder, curve)), site.demonstrated_bound)
        if low < own:
            return low, "lowered"
    return (site.least_bound, "raised") if site.least_bound > own else (own, "curve")


def _measured(recording: Recording, gallery: Gallery, target: float, dropped: list[str]) -> Site:
    best, strangers = recording.best, recording.strangers
    least = evidence.least_bound(best, strangers, target)
    shown = evidence.demonstrated_bound(best, strangers, target)
    if recording.gallery_sha256 != gallery.digest:
        shown = None
        dropped.append(
            "the strangers were compared with another gallery than the present one: they can make "
            "the bound stricter, not less strict; record them again"
        )
    if math.ceil(least * STEP) / STEP > 1:
        raise CalibrationError(
            f"a recorded stranger scores {max(best):.5f}: no bound keeps them out. If somebody "
            "enrolled is in the recording, record again without them"
        )
    return Site(
        gallery_sha256=recording.gallery_sha256,
        recorded=recording.recorded,
        strangers=strangers,
        tracks=len(best),
        highest=max(best),
        least_bound=_rounded_up(least),
        demonstrated_bound=None if shown is None else _rounded_up(shown),
        matched=0,
    )


def _kept(
    before: Calibration | None,
    embedder: EmbedderRole,
    gallery: Gallery,
    target: float,
    dropped: list[str],
) -> Site | None:
    """The strangers of an earlier calibration, as far as they still say something."""
    if before is None or before.site is None:
        return None
    site = before.site
    if before.embedder_sha256 != embedder.sha256:
        dropped.append(
            f"{site.tracks} tracks of recorded strangers were scored by another embedder and count "
            "no more; record them again"
        )
        return None
    changes: dict[str, float | None] = {}
    if target < before.target_fpir:
        # A stricter target may allow none of them, and single scores are not kept.
        changes["least_bound"] = _rounded_up(math.nextafter(site.highest, math.inf))
    if site.demonstrated_bound is not None and (
        site.gallery_sha256 != gallery.digest or target < before.target_fpir
    ):
        changes["demonstrated_bound"] = None
        dropped.append(
            "recorded strangers no longer demonstrate a less strict bound: gallery or target are "
            "not those that they were recorded for; record them again"
        )
    return site.model_copy(update=changes)


def _require_somebody(bound: float, reach: tuple[Reach, ...], site: Site | None) -> None:
    known = [r for r in reach if r.scores]
    if site is None or not known or any(max(r.scores) >= bound for r in known):
        return
    best = max(known, key=lambda r: max(r.scores))
    raise CalibrationError(
        f"a recorded stranger scores {site.highest:.4f}, more than anybody enrolled does against "
        f"their own templates (at most {max(best.scores):.4f}, {best.person}): the bound that "
        f"keeps them out, {bound:.4f}, would lock everybody out, and nothing was written. If the "
        "recording shows somebody enrolled, record again without them; if not, this camera "
        "cannot tell the two apart: remove the person they resemble"
    ).with_details(highest=site.highest, bound=bound)


def _reason(
    embedder: EmbedderRole,
    target: float,
    rows: int,
    fmr: float,
    basis: Basis,
    bound: float,
    site: Site | None,
) -> str:
    scores = embedder.head.scores
    text = (
        f"FPIR {target:g} over {rows} comparisons allows {fmr:.3g} each; of the pack's "
        f"{scores.impostor_pairs} pairs of {scores.identities} people so many reach the curve's "
        f"score, and {scores.same_camera_shift:g} is added for one camera"
    )
    if site is None:
        return f"{text}. No strangers were recorded here"
    seen = f"{site.strangers} strangers in {site.tracks} tracks were recorded here"
    return {
        "curve": f"{text}. {seen}: they ask for no more",
        "raised": f"{text}. {seen}: the best scores {site.highest:.4f}, which raised it",
        "lowered": f"{text}. {seen}: they demonstrate the target from {bound:.4f}",
    }[basis]
