"""The decision is a conjunction: take any one thing away, and the door stays locked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.config import Config, Decision, Liveness, changed
from edge.decide import Decision as Decided
from edge.decide import decide
from edge.faces.observation import Face, Observation, Pose, Quality
from edge.faces.planar import Evidence
from edge.gallery import Match
from edge.gates import Gate
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
    base = Sighting(i * 0.1, i, i, 0.3, 0.9, True, GOOD)
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
) -> Decided:
    return decide(
        seen, track, config=config, score_bound=bound, live_bound=0.3, landmark_bound=sure
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
        ("liveness", {"live": 0.1}),
        ("liveness", {"live": None}),
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


def test_a_blink_can_be_required() -> None:
    config = CONFIG.model_copy(update={"liveness": changed(Liveness(), require_blink=True)})
    seen, track = scene(20)
    assert verdict(seen, track, config).failed == ("blink",)
    eyes = [0.3] * 10 + [0.1] * 2 + [0.3] * 8
    blinked = tuple(replace(s, eye_aspect=e) for s, e in zip(track.sightings, eyes, strict=True))
    assert verdict(seen, replace(track, sightings=blinked), config).verdict == "grant"


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
