"""The decision is a conjunction: take any one thing away, and the door stays locked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.challenge import Challenge, Step
from edge.config import Config, Decision, Liveness, changed
from edge.decide import Decision as Decided
from edge.decide import decide
from edge.faces.observation import Face, Observation, Pose, Quality
from edge.faces.planar import Evidence
from edge.gallery import Match
from edge.gates import LIVENESS_GATES, Gate
from edge.track import Sighting, Track

CONFIG = Config()
GOOD = Match("ann", 0.99, "bob", 0.90, 0.09)
EVIDENCE = Evidence(residual=0.01, movement=0.0, liveliness=5.0, frames=30, seconds=1.0)


def face(**quality: float) -> Face:
    q = {"size": 80, "sharpness": 0.4, "exposure": 120, "clipped": 0.0, "fit": 0.9} | quality
    return Face(
        box=np.array([0, 0, 80, 80], np.float32),
        landmarks=np.zeros((68, 2), np.float32),
        pose=Pose(0, 0, 0),
        quality=Quality(**q),
        patch=np.zeros((64, 64), np.float32),
        patch_matrix=np.eye(2, 3),
        eye_aspect=0.3,
        live=0.9,
        embedding=np.ones(128, np.float32),
    )


def sighting(i: int, **changes: object) -> Sighting:
    base = Sighting(i * 0.1, i, i, (40.0, 40.0), 0.0, 0.9, True, GOOD)
    return replace(base, **changes)  # type: ignore[arg-type]


def scene(frames: int = 10) -> tuple[Observation, Track]:
    seen = Observation((frames - 1) * 0.1, frames - 1, (480, 640), 1, face())
    track = Track(0, 0.0, face(), tuple(sighting(i) for i in range(frames)), (), EVIDENCE)
    return seen, track


def verdict(
    seen: Observation,
    track: Track | None,
    config: Config = CONFIG,
    bound: float | None = 0.95,
    sure: float | None = None,
    challenge: Challenge | None = None,
    due: bool = False,
) -> Decided:
    return decide(
        seen,
        track,
        config=config,
        score_bound=bound,
        live_bound=0.3,
        landmark_bound=sure,
        challenge=challenge,
        challenge_due=due,
    )


def test_all_gates_passed_is_a_grant() -> None:
    decision = verdict(*scene())
    assert (decision.verdict, decision.person) == ("grant", "ann")
    assert all(gate.passed for gate in decision.gates)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("one_face", {"faces_in_zone": 2}),
        ("one_face", {"faces_in_zone": 0}),
        ("size", {"face": face(size=20)}),
        ("fit", {"face": face(fit=0.3)}),
        ("sharpness", {"face": face(sharpness=0.01)}),
        ("exposure", {"face": face(exposure=10)}),
        ("exposure", {"face": face(exposure=250)}),
        ("clipped", {"face": face(clipped=0.5)}),
        ("sharpness", {"face": face(sharpness=float("nan"))}),
        ("yaw", {"face": replace(face(), pose=Pose(60, 0, 0))}),
        ("pitch", {"face": replace(face(), pose=Pose(0, -60, 0))}),
        ("roll", {"face": replace(face(), pose=Pose(0, 0, 40))}),
        ("size", {"face": None}),
    ],
)
def test_each_frame_gate_alone_keeps_it_locked(name: str, change: dict[str, object]) -> None:
    seen, track = scene()
    decision = verdict(replace(seen, **change), track)  # type: ignore[arg-type]
    assert decision.verdict is None and decision.person is None
    assert name in decision.failed


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("passive", {"live": 0.1}),
        ("passive", {"live": None}),
        ("match", {"match": Match("ann", 0.94, "bob", 0.5, 0.44)}),
        ("match", {"match": None}),
        ("margin", {"match": Match("ann", 0.99, "bob", 0.985, 0.005)}),
        ("match", {"match": Match("bob", 0.99, "ann", 0.5, 0.49)}),
    ],
)
def test_the_newest_frame_must_hold_by_itself(name: str, last: dict[str, object]) -> None:
    seen, track = scene()
    newest = replace(track.last, **last)  # type: ignore[arg-type]
    decision = verdict(seen, replace(track, sightings=(*track.sightings[:-1], newest)))
    assert decision.verdict is None and decision.person is None
    assert name in decision.failed


@pytest.mark.parametrize("evidence", [None, replace(EVIDENCE, liveliness=0.99)])
def test_without_motion_of_a_living_face_it_stays_locked(evidence: Evidence | None) -> None:
    seen, track = scene()
    decision = verdict(seen, replace(track, evidence=evidence))
    assert decision.verdict is None and decision.failed == ("motion",)


def test_too_few_frames_agree() -> None:
    few = CONFIG.decision.agree - 1
    decision = verdict(*scene(few))
    assert decision.failed == ("agreement",)


@pytest.mark.parametrize(
    ("frames", "passed"),
    [
        # Ten frames within the last second: two that look like an attack are let pass, three not.
        ({7: 0.1, 8: 0.1}, True),
        ({6: 0.1, 7: 0.1, 8: 0.1}, False),
        # What is older than a second does not count, nor does a frame that was not usable.
        ({0: 0.1, 1: 0.1, 2: 0.1, 3: 0.1}, True),
        ({6: None, 7: None, 8: None}, True),
        # The newest frame must be live itself.
        ({14: 0.29}, False),
    ],
)
def test_passive_asks_three_quarters_of_the_last_second(
    frames: dict[int, float | None], passed: bool
) -> None:
    seen, track = scene(15)
    sightings = tuple(
        replace(s, live=frames[i], usable=frames[i] is not None) if i in frames else s
        for i, s in enumerate(track.sightings)
    )
    gates = {g.name: g for g in verdict(seen, replace(track, sightings=sightings)).gates}
    assert gates["passive"].passed is passed


def test_one_picture_repeated_gathers_no_votes() -> None:
    seen, track = scene()
    frozen = tuple(replace(s, fingerprint=7) for s in track.sightings)
    assert "agreement" in verdict(seen, replace(track, sightings=frozen)).failed


def test_votes_grow_stale() -> None:
    seen, track = scene()
    old = tuple(replace(s, t=s.t - 2.0) for s in track.sightings[:-1])
    assert "agreement" in verdict(seen, replace(track, sightings=(*old, track.last))).failed


def test_a_track_that_was_not_seen_in_this_frame_opens_nothing() -> None:
    seen, track = scene()
    assert verdict(replace(seen, index=99), track).verdict is None


def test_nobody_enrolled_nobody_admitted() -> None:
    assert verdict(*scene(), bound=None).verdict is None
    assert verdict(scene()[0], None).verdict is None


def requiring(*checks: str) -> Config:
    liveness = changed(Liveness(), require=("passive", *checks))
    return CONFIG.model_copy(update={"liveness": liveness})


@pytest.mark.parametrize("check", [c for c in LIVENESS_GATES if c != "passive"])
def test_a_required_check_without_a_value_keeps_it_locked(check: str) -> None:
    """One picture that stands still, too short and without a turn, says nothing to any of them."""
    seen, track = scene()
    still = tuple(replace(s, fingerprint=7, eyes=None) for s in track.sightings)
    decision = verdict(seen, replace(track, evidence=None, sightings=still), requiring(check))
    assert check in decision.failed and decision.person is None
    asked = [g.name for g in decision.gates if g.name in LIVENESS_GATES]
    assert asked == ["passive", check]


def test_what_is_not_required_is_not_asked() -> None:
    seen, track = scene()
    assert verdict(seen, replace(track, evidence=None), requiring()).verdict == "grant"


def test_a_blink_can_be_required() -> None:
    config = requiring("blink")
    seen, track = scene(20)
    seen = replace(seen, t=19 * 0.05)
    eyes = [(40.0, 38.0)] * 10 + [(30.0, 28.0)] * 3 + [(40.0, 38.0)] * 7
    awake = tuple(replace(s, t=i * 0.05) for i, s in enumerate(track.sightings))
    blinked = tuple(replace(s, eyes=e) for s, e in zip(awake, eyes, strict=True))
    assert verdict(seen, replace(track, sightings=awake), config).failed == ("blink",)
    assert verdict(seen, replace(track, sightings=blinked), config).verdict == "grant"


def test_a_turn_can_be_required() -> None:
    seen, track = scene()
    assert verdict(seen, replace(track, turning=0.9), requiring("turning")).failed == ("turning",)
    assert verdict(seen, replace(track, turning=1.2), requiring("turning")).verdict == "grant"


def test_a_picture_that_comes_again_is_not_fresh() -> None:
    seen, track = scene()
    assert verdict(seen, track, requiring("fresh")).verdict == "grant"
    # A camera that hands out one picture twice is no recording ...
    late, long = scene(20)
    twice = tuple(replace(s, fingerprint=s.index // 2) for s in long.sightings)
    assert "fresh" not in verdict(late, replace(long, sightings=twice), requiring("fresh")).failed
    # ... one that shows an earlier picture again is, and so is one that stands still.
    again = tuple(replace(s, fingerprint=s.index % 8) for s in track.sightings)
    assert "fresh" in verdict(seen, replace(track, sightings=again), requiring("fresh")).failed
    still = tuple(replace(s, fingerprint=5) for s in track.sightings)
    assert "fresh" in verdict(seen, replace(track, sightings=still), requiring("fresh")).failed


STEPS = (Step("left", 0.5), Step("blink", 0.5))
PASSED = Challenge(0, "ann", STEPS, 0.0, 0.9, done=2, passed_at=0.5)


@pytest.mark.parametrize(
    ("challenge", "granted"),
    [
        (PASSED, True),
        (None, False),
        (replace(PASSED, passed_at=None, done=1), False),
        (replace(PASSED, failed="expired"), False),
        (replace(PASSED, track=7), False),
        (replace(PASSED, person="bob"), False),
    ],
)
def test_a_challenge_that_is_due_must_be_passed_by_this_face_and_person(
    challenge: Challenge | None, granted: bool
) -> None:
    seen, track = scene()
    decision = verdict(seen, track, challenge=challenge, due=True)
    assert (decision.verdict == "grant") is granted
    assert ("challenge" in decision.failed) is not granted
    # Required always is no less than due now.
    always = verdict(seen, track, requiring("challenge"), challenge=challenge)
    assert always.verdict == decision.verdict


def test_whoever_answers_is_not_denied_meanwhile() -> None:
    config = CONFIG.model_copy(update={"decision": changed(Decision(), deny_after_s=0.5)})
    seen, track = scene()
    running = replace(PASSED, passed_at=None, done=1)
    assert verdict(seen, track, config, challenge=running, due=True).verdict is None
    failed = replace(running, failed="too slow")
    assert verdict(seen, track, config, challenge=failed, due=True).verdict == "deny"


def test_a_face_seen_long_and_not_admitted_is_denied() -> None:
    config = CONFIG.model_copy(update={"decision": changed(Decision(), deny_after_s=0.5)})
    seen, track = scene()
    decision = verdict(seen, replace(track, evidence=None), config)
    assert (decision.verdict, decision.person) == ("deny", None)


def test_a_grant_with_a_failed_gate_cannot_be_made() -> None:
    with pytest.raises(AssertionError):
        Decided(0.0, "grant", "ann", 0.99, (Gate("match", 0.1, 0.9),))
    with pytest.raises(AssertionError):
        Decided(0.0, "grant", "ann", 0.99, ())
    with pytest.raises(AssertionError):
        Decided(0.0, "deny", "ann", 0.99, ())


@pytest.mark.parametrize(
    ("gate", "passed"),
    [
        (Gate("x", 1.0, 1.0), True),
        (Gate("x", 1.0, None, 1.0), True),
        (Gate("x", 0.99, 1.0), False),
        (Gate("x", None, 0.0), False),
        (Gate("x", float("nan"), 0.0), False),
        (Gate("x", float("inf"), 0.0), False),
        (Gate("x", 1.0), False),
    ],
)
def test_a_gate_without_value_or_bound_never_passes(gate: Gate, passed: bool) -> None:
    assert gate.passed is passed


def test_unsure_landmarks_keep_the_door_locked() -> None:
    """With a pack whose network tells its confidence, the gate must be there and pass."""
    seen, track = scene()
    for sure, granted in ((0.9, True), (0.7, True), (0.69, False), (None, False), (np.nan, False)):
        judged = replace(seen, face=replace(face(), confidence=sure))
        decision = verdict(judged, track, sure=0.7)
        assert decision.gates[9].name == "landmarks"
        assert (decision.verdict == "grant") is granted
        assert ("landmarks" in decision.failed) is not granted


def test_a_pack_without_confidence_has_no_such_gate() -> None:
    decision = verdict(*scene())
    assert decision.verdict == "grant"
    assert "landmarks" not in [gate.name for gate in decision.gates]
    # A confidence that no bound asks for changes nothing, and makes no gate.
    seen, track = scene()
    judged = replace(seen, face=replace(face(), confidence=0.01))
    assert verdict(judged, track) == verdict(seen, track)


def test_nobody_at_the_door_leaves_every_gate_closed() -> None:
    seen, _ = scene()
    nobody = replace(seen, face=None, faces_in_zone=0)
    decision = verdict(nobody, None, sure=0.7)
    assert "landmarks" in decision.failed and decision.verdict is None
