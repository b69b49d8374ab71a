"""The cosine that a face must reach: the one rule of door, enrolment and calibration.

The pack's curve at the present gallery's size always counts. What a calibration has written comes
on top and makes it stricter. Only one thing makes it less strict: a site's own recorded strangers
who demonstrate the target at a lower bound. They take back the pack's `same_camera_shift`, which is
a precaution for want of just that evidence, and never more than it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from edge.config import Calibration
from edge.errors import StaleCalibration, UndemonstratedTarget
from edge.gallery import Gallery
from edge.metrics import Rate, fmr_for_fpir, fpir
from edge.packs.schema import EmbedderRole, ScoreDistribution
from edge.packs.scores import threshold

State: TypeAlias = Literal["none", "fresh", "stale"]

LOOKALIKE_RATE = 10.0
"""A look-alike scores as high as ten times the target's share of strangers would."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a face must reach now, and how that stands to what was calibrated.

    bound: cosine; None while nobody is enrolled. curve: what the pack's curve alone asks for.
    warn_from: a score from here to `bound` is a look-alike's. target: the FPIR it is for.
    calibration: "none" without a `[calibration]`, "fresh" when it was made for this gallery and
    target, else "stale", and `notes` say why, and what is done meanwhile.
    """

    bound: float | None
    curve: float | None
    warn_from: float | None
    target: float
    calibration: State
    notes: tuple[str, ...] = ()


def curve_bound(embedder: EmbedderRole, rows: int, target: float) -> float:
    """The cosine that the pack's curve asks for when a probe is compared with `rows` templates.

    Each stored row counts as a comparison, FPIR = 1 - (1 - FMR)^rows. Rows of one person are
    alike, so this errs on the safe side. Raises UndemonstratedTarget, naming the strictest target
    that the curve reaches for so many rows.
    """
    scores = embedder.head.scores
    try:
        return threshold(scores, fmr_for_fpir(target, rows))
    except UndemonstratedTarget as error:
        strictest = strictest_target(scores, rows)
        raise UndemonstratedTarget(
            f"{error}. With {rows} comparisons a visit (each template, and each person's mean) "
            f"the strictest target is {strictest:g}"
        ).with_details(target=target, comparisons=rows, strictest_target=strictest) from None


def strictest_target(scores: ScoreDistribution, rows: int) -> float:
    """The lowest FPIR that the curve reaches for `rows` comparisons, rounded up to 3 digits."""
    exact = fpir(scores.curve[-1].fmr, rows)
    step = 10.0 ** (math.floor(math.log10(exact)) - 2)
    return float(f"{math.ceil(exact / step) * step:.3g}")


def unshifted(embedder: EmbedderRole, curve: float) -> float:
    """`curve` without the pack's `same_camera_shift`: no evidence of a site lowers it further."""
    return curve - embedder.head.scores.same_camera_shift


def of_embedder(calibration: Calibration | None, sha256: str) -> Calibration | None:
    """The calibration if it is this embedder's. Enrolment goes by this: it makes a new one."""
    return calibration if calibration and calibration.embedder_sha256 == sha256 else None


def standing(
    embedder: EmbedderRole, gallery: Gallery, target: float, calibration: Calibration | None
) -> Standing:
    """The bound for this gallery. target: `decision.target_fpir`; the stricter of it and the
    calibration's counts.

    A calibration of another gallery is stale: it may still make the bound stricter than the curve
    at the present gallery's size, never less strict. One of another embedder is refused, since
    its scores mean nothing here, and neither ignoring nor using it would be safe.

    Raises StaleCalibration for that, UndemonstratedTarget.
    """
    if calibration is not None and calibration.embedder_sha256 != embedder.sha256:
        raise StaleCalibration(
            f"[calibration] was made with embedder {calibration.embedder_sha256[:12]}, the pack "
            f"has {embedder.sha256[:12]}: its bound means nothing here, so the door stays locked. "
            "Run `python -m edge.calibrate` with the new pack, or delete the section"
        ).with_details(calibrated=calibration.embedder_sha256, in_use=embedder.sha256)
    aim = target if calibration is None else min(target, calibration.target_fpir)
    rows = len(gallery.matrix)
    if rows == 0:
        state: State = "none" if calibration is None else "stale"
        return Standing(None, None, None, aim, state)
    curve = curve_bound(embedder, rows, aim)
    bound, notes = curve, _differences(gallery, target, calibration)
    if calibration is not None:
        bound = max(curve, calibration.score_bound)
        if calibration.score_bound < curve and not notes:
            if demonstrated(calibration):
                bound = max(unshifted(embedder, curve), calibration.score_bound)
            else:
                notes = ("its bound is below the pack's curve, and no strangers demonstrate it",)
        if notes:
            notes = (*notes, f"the stricter of it and the pack's curve counts: {bound:.4f}")
    return Standing(
        bound,
        curve,
        warn_from(embedder, rows, aim, bound),
        aim,
        "none" if calibration is None else "stale" if notes else "fresh",
        notes,
    )


def demonstrated(calibration: Calibration) -> bool:
    """Whether the recorded strangers show the target at the calibrated bound, by the exact
    one-sided limit at 95 %: strangers are the trials, matched tracks the errors."""
    site = calibration.site
    if site is None or site.gallery_sha256 != calibration.gallery_sha256 or site.strangers == 0:
        return False
    errors = min(site.matched, site.strangers)
    return Rate(errors, site.strangers).demonstrates(calibration.target_fpir)


def _differences(
    gallery: Gallery, target: float, calibration: Calibration | None
) -> tuple[str, ...]:
    if calibration is None:
        return ()
    notes = []
    if calibration.gallery_sha256 != gallery.digest:
        notes.append(
            f"the gallery is not the one that was calibrated ({calibration.people} people, "
            f"{calibration.templates} templates then, {len(gallery)} and {gallery.templates} now)"
        )
    if target < calibration.target_fpir:
        notes.append(
            f"decision.target_fpir = {target:g} is stricter than what was calibrated "
            f"({calibration.target_fpir:g})"
        )
    return tuple(notes)


def warn_from(embedder: EmbedderRole, rows: int, target: float, bound: float) -> float:
    """The score from which on somebody is a look-alike, for a door that admits from `bound`.

    It is lower than the curve's bound by what `LOOKALIKE_RATE` is worth there, and keeps that
    distance to a bound that was lowered. Raises UndemonstratedTarget.
    """
    curve = curve_bound(embedder, rows, target)
    rate = min(0.5, LOOKALIKE_RATE * fmr_for_fpir(target, rows))
    wider = threshold(embedder.head.scores, rate)
    return min(wider, bound - (curve - wider))
