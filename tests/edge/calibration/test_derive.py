"""One calibration of curve, gallery and strangers: what decides, is kept, is refused."""

from __future__ import annotations

import numpy as np
import pytest

from edge.calibration.bound import curve_bound, standing
from edge.calibration.derive import Derived, derive
from edge.calibration.evidence import needed
from edge.calibration.lookalikes import own_scores, pairs
from edge.calibration.recording import Recording
from edge.config import Calibration
from edge.errors import CalibrationError, GalleryError, UndemonstratedTarget
from edge.gallery import Gallery, Person, Template
from edge.intervals import upper_bound
from tests.edge.calibration.helpers import (
    EMBEDDER,
    NOW,
    SCORES,
    SHA,
    calibration,
    gallery,
    person,
    recording,
    site,
)

ADA = gallery(person("Ada", 1))
BOTH = gallery(person("Ada", 1), person("Bob", 2))
TARGET = 0.02
CURVE = curve_bound(EMBEDDER, len(ADA.matrix), TARGET)
SHIFT = SCORES.same_camera_shift
BELOW = CURVE - SHIFT - 0.05


def made(
    of: Gallery = ADA,
    target: float = TARGET,
    seen: Recording | None = None,
    before: Calibration | None = None,
) -> Derived:
    d = derive(EMBEDDER, of, target, recording=seen, before=before, now=NOW)
    at = standing(EMBEDDER, of, target, d.calibration)
    assert at.calibration == "fresh" and at.bound == pytest.approx(d.bound, abs=2e-5)
    return d


def test_without_strangers_the_curve_decides() -> None:
    d = made()
    assert d.basis == "curve" and CURVE <= d.bound <= CURVE + 1e-5
    assert (d.calibration.people, d.calibration.templates, d.comparisons) == (1, 3, 4)
    assert d.calibration.site is None and "No strangers were recorded" in d.calibration.reason
    assert made(BOTH).bound > d.bound
    assert made(target=TARGET / 10).bound > d.bound


def test_nobody_enrolled_or_a_target_out_of_reach() -> None:
    with pytest.raises(GalleryError, match="enrol someone"):
        made(gallery())
    with pytest.raises(UndemonstratedTarget, match="the strictest target is"):
        made(target=SCORES.curve[-1].fmr / 2)


def test_harmless_strangers_change_nothing() -> None:
    d = made(seen=recording([BELOW] * 5, ADA.digest))
    assert d.basis == "curve" and d.bound == made().bound
    assert d.calibration.site is not None and d.calibration.site.strangers == 5
    assert d.site_upper == upper_bound(0, 5) and made().site_upper is None


def test_a_stranger_who_would_be_let_in_raises_it_above_them() -> None:
    high = CURVE + 0.4 * (1 - CURVE)
    d = made(seen=recording([BELOW, high, BELOW], ADA.digest))
    assert d.basis == "raised" and high < d.bound <= high + 2e-5
    assert d.calibration.site is not None and d.calibration.site.matched == 0
    # it needs no number of people, and no matter which gallery it was
    elsewhere = made(BOTH, seen=recording([high], ADA.digest))
    assert elsewhere.bound > high and "another gallery" in elsewhere.dropped[0]


def test_as_many_may_match_as_the_target_says() -> None:
    n = round(2 / TARGET)
    high = [CURVE + 0.1 * (1 - CURVE), CURVE + 0.2 * (1 - CURVE)]
    assert made(seen=recording([BELOW] * (n - 2) + high, ADA.digest)).basis == "curve"
    short = made(seen=recording([BELOW] * (n // 2 - 2) + high, ADA.digest))
    assert short.basis == "raised" and short.bound > high[0]


@pytest.mark.skipif(SHIFT == 0, reason="the default pack adds nothing that could be taken back")
def test_enough_strangers_lower_it_and_too_few_do_not() -> None:
    n = needed(TARGET)
    few = made(seen=recording([BELOW] * (n - 1), ADA.digest))
    assert few.basis == "curve" and few.bound == made().bound
    enough = made(seen=recording([BELOW] * n, ADA.digest))
    assert enough.basis == "lowered"
    assert enough.bound == pytest.approx(CURVE - SHIFT, abs=2e-5)  # and no further
    middle = CURVE - SHIFT / 2
    part = made(seen=recording([BELOW] * (n - 1) + [middle], ADA.digest))
    assert part.basis == "lowered" and middle < part.bound <= middle + 2e-5
    elsewhere = derive(
        EMBEDDER, BOTH, TARGET, recording=recording([BELOW] * n, ADA.digest), now=NOW
    )
    assert elsewhere.basis == "curve"
    # people who were not there long enough demonstrate nothing
    passing = recording([BELOW] * n, ADA.digest, frames=5, agree=6)
    assert made(seen=passing).basis == "curve"


@pytest.mark.skipif(SHIFT == 0, reason="the default pack adds nothing that could be taken back")
def test_what_was_demonstrated_ends_with_its_gallery_and_target() -> None:
    before = made(seen=recording([BELOW] * needed(TARGET), ADA.digest)).calibration
    assert made(before=before).basis == "lowered"
    more = made(BOTH, before=before)
    assert more.basis == "curve" and "no longer demonstrate" in more.dropped[0]
    back = made(before=more.calibration)
    assert back.basis == "curve"  # they are to be recorded again
    strict = made(target=TARGET / 2, before=before)
    assert strict.basis == "curve" and strict.dropped


def test_strangers_who_raised_it_stay_when_people_come_and_go() -> None:
    high = CURVE + 0.5 * (1 - CURVE)
    before = made(seen=recording([high], ADA.digest)).calibration
    more = made(BOTH, before=before)
    assert more.basis == "raised" and more.bound == before.score_bound
    assert made(before=more.calibration).bound == before.score_bound
    assert made(seen=recording([BELOW], ADA.digest), before=before).basis == "curve"


def test_a_stricter_target_allows_none_of_those_who_were_allowed() -> None:
    n = round(1 / TARGET)
    high = CURVE + 0.5 * (1 - CURVE)
    before = made(seen=recording([BELOW] * (n - 1) + [high], ADA.digest))
    assert before.basis == "curve"
    strict = made(target=TARGET / 2, before=before.calibration)
    assert strict.basis == "raised" and strict.bound > high


def test_strangers_of_another_embedder_are_dropped_and_it_is_said() -> None:
    before = calibration(ADA, 0.9999, TARGET, embedder_sha256="0" * 64, site=site(ADA))
    d = made(before=before)
    assert d.basis == "curve" and d.calibration.site is None
    assert "another embedder" in d.dropped[0]


def test_a_bound_that_locks_everybody_out_is_refused() -> None:
    own = max(own_scores(ADA)[0].scores)
    assert own < 0.99999
    with pytest.raises(CalibrationError, match="record again without them") as caught:
        made(seen=recording([(own + 1) / 2], ADA.digest))
    assert caught.value.exit_code == 11 and "Ada" in str(caught.value)
    with pytest.raises(CalibrationError, match="no bound keeps them out"):
        made(seen=recording([1.0], ADA.digest))


def near(of: Person, seed: int, cosine: float) -> Person:
    """Somebody whose templates score `cosine` against the other's mean."""
    rng = np.random.default_rng(seed)
    mean = np.mean([t.vector for t in of.templates], axis=0)
    mean /= np.linalg.norm(mean)
    other = rng.normal(size=mean.size)
    other -= (other @ mean) * mean
    other /= np.linalg.norm(other)
    vector = (cosine * mean + np.sqrt(1 - cosine**2) * other).astype(np.float32)
    rows = tuple(Template(vector, SHA, 0.0, 0.0, 0.0, 0.0, 1.0, "test") for _ in range(2))
    return Person("Eve", rows, 0.0)


def test_enrolled_people_who_look_alike_are_named() -> None:
    ada = person("Ada", 1)
    both = gallery(ada, near(ada, 9, 0.99999), person("Bob", 2))
    d = made(both)
    (pair,) = d.pairs
    assert set(pair.people) == {"Ada", "Eve"} and pair.same and pair.score > d.bound
    assert pairs(gallery(ada, person("Bob", 2)), 0.9, 0.8) == ()


def test_a_single_template_says_nothing_of_the_cost() -> None:
    one = gallery(person("Ada", 1, templates=1))
    d = made(one)
    assert d.reach[0].scores == () and d.unreached == ()
    assert d.as_json()["cost"] == [
        {"person": "Ada", "templates_at_or_above_bound": None, "of": None, "lowest": None}
    ]


def test_whom_the_bound_leaves_outside_is_named() -> None:
    d = made(gallery(person("Ada", 1), person("Bob", 2, spread=30.0)))
    assert d.unreached == ("Bob",)
