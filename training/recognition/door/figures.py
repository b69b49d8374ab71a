"""All figures of the door on films, as plain data: what is printed, drawn and written as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from edge.config import Config
from edge.packs import Pack
from edge.packs.scores import threshold
from edge.score_histogram import Histogram, edge_of
from training.recognition.door import frames as single
from training.recognition.door.films import Film
from training.recognition.door.frames import FrameScores
from training.recognition.door.outcomes import Tally, Window, tally
from training.recognition.door.trials import Enrolled, Played
from training.shares import Share, share

WANTED = 0.95
"""Share of windows in which the right person should be admitted."""
USABLE = 0.5
"""A window passes the quality gates where this share of its frames passes them."""
CLOSEST = 6


@dataclass(frozen=True, eq=False, slots=True)
class Result:
    """All that was played. refused: film and why enrolment refused it."""

    pack: Pack
    config: Config
    films: Sequence[Film]
    enrolled: Sequence[Enrolled]
    refused: dict[str, str]
    played: Sequence[Played]
    scores: FrameScores
    window_s: float
    step_s: float

    @property
    def mated(self) -> list[Played]:
        """Trials of people who are enrolled."""
        return [p for p in self.played if p.trial.right is not None]

    @property
    def strangers(self) -> list[Played]:
        """Trials of people who are left out."""
        return [p for p in self.played if p.trial.right is None]


def data(result: Result) -> dict[str, Any]:
    """Everything, ready for JSON."""
    manifest, d = result.pack.manifest, result.config.decision
    curve = manifest.roles.embedder.head.scores
    return {
        "pack": manifest.name,
        "pack_version": manifest.version,
        "embedder_sha256": result.pack.embedder_sha256,
        "same_camera_shift": curve.same_camera_shift,
        "window_s": result.window_s,
        "step_s": result.step_s,
        "decision": {"agree": d.agree, "of": d.of, "within_s": d.within_s}
        | {"min_margin": d.min_margin, "target_fpir": d.target_fpir},
        "min_motion": result.config.liveness.min_motion,
        "films": [
            {
                "film": f.name,
                "person": f.person,
                "frames": len(f.observations),
                "seconds": f.observations[-1].t - f.observations[0].t,
                "usable": result.scores.frames[f.name],
            }
            for f in result.films
        ],
        "enrolled": [
            {"film": e.film, "person": e.person.name, "frames": list(e.frames)}
            for e in result.enrolled
        ],
        "refused": result.refused,
        "claims": claims(result),
        "readings": readings(result),
        "enrolled_people": told(tally(_windows(result.mated))),
        "strangers": told(tally(_windows(result.strangers))),
        "trials": [_trial(p) for p in result.played],
        "single_frames": _single(result),
    }


def readings(result: Result) -> list[dict[str, Any]]:
    """The right person's windows, by where the door began and by how many frames must be usable.

    usable: the least share; 0 where `decision.agree` frames are enough.
    """
    return [
        {"start": start, "usable": usable, **told(tally(windows, usable))}
        for start, windows in (("afresh", _windows(result.mated)), ("ongoing", _ongoing(result)))
        for usable in (0.0, USABLE, 1.0)
    ]


def claims(result: Result) -> dict[str, Any]:
    """The two lines that the door is held to, and what these films can say of them.

    A door is not started anew each second, so the windows are those of the door that goes on.
    """
    admitted = tally(_ongoing(result), USABLE).admitted
    wrong = [p for p in result.played if p.whole.granted and _wrong(p)]
    every = _windows(result.played)
    people = {p.trial.probe.person for p in result.played}
    hits = {w.person for w in every if w.wrong} | {p.trial.probe.person for p in wrong}
    none = share(dict.fromkeys(hits, 1), dict.fromkeys(people, 1))
    assert none is not None  # a result has trials
    return {
        "wrong_windows": sum(w.wrong for w in every),
        "windows": len(every),
        "wrong_films": len(wrong),
        "films_played": len(result.played),
        "people_with_a_wrong_grant": asdict(none),
        "never_wrong": not hits,
        "right_share": None if admitted is None else asdict(admitted) | {"value": admitted.value},
        "right_share_met": admitted is not None and admitted.value >= WANTED,
        "right_share_demonstrated": admitted is not None and admitted.low >= WANTED,
    }


def told(counted: Tally) -> dict[str, Any]:
    """A tally as data; shares with their value."""
    plain: dict[str, Any] = {}
    for name in Tally.__dataclass_fields__:
        value = getattr(counted, name)
        plain[name] = asdict(value) | {"value": value.value} if isinstance(value, Share) else value
    return plain


def _windows(played: Sequence[Played]) -> list[Window]:
    return [w for p in played for w in p.windows]


def _ongoing(result: Result) -> list[Window]:
    return [w for p in result.mated for w in p.ongoing]


def _wrong(played: Played) -> bool:
    return any(name != played.trial.right for name in played.whole.granted)


def _trial(played: Played) -> dict[str, Any]:
    trial, counted = played.trial, tally(played.windows)
    right = [f.right for f in played.frames if f.right is not None]
    wrong = [(f.wrong, f.best) for f in played.frames if f.wrong is not None]
    nearest = max(wrong, default=(None, None), key=lambda pair: pair[0])
    return {
        "film": trial.probe.name,
        "person": trial.probe.person,
        "right": trial.right,
        "enrolled_from": dict(trial.sources),
        "bound": played.bound,
        "windows": counted.windows,
        "qualifying": counted.qualifying,
        "admitted": 0 if counted.admitted is None else counted.admitted.hits,
        "recognised": 0 if counted.recognised is None else counted.recognised.hits,
        "wrong": counted.wrong_anywhere,
        "wrongly_recognised": sum(w.wrongly_recognised for w in played.windows),
        "reasons": counted.reasons,
        "least_motion": min(
            (w.outcome.motion or 0.0 for w in played.windows if w.outcome.qualifies), default=None
        ),
        "median_right": median(right) if right else None,
        "least_right": min(right, default=None),
        "highest_wrong": nearest[0],
        "whole_film": {
            "granted": list(played.whole.granted),
            "after_s": played.whole.after_s,
            "reason": played.whole.reason,
        },
    }


def _single(result: Result) -> dict[str, Any]:
    scores, pack = result.scores, result.pack.manifest.roles.embedder.head.scores
    shift = single.least_shift(scores, pack, single.RATES[-1])
    found = single.points(scores, pack)
    at_shift = None
    if shift is not None:
        plain = pack.model_copy(update={"same_camera_shift": shift})
        at = threshold(plain, single.RATES[-1])
        at_shift = asdict(single.point(scores, single.RATES[-1], at, shifted=True))
    return {
        "people": scores.people,
        "genuine_pairs": scores.genuine.total,
        "impostor_pairs": scores.impostor.total,
        "genuine": _quantiles(scores.genuine),
        "impostor": _quantiles(scores.impostor),
        "thresholds": [asdict(p) for p in found],
        "closest": [asdict(pair) for pair in scores.closest[:CLOSEST]],
        "least_shift": shift,
        "least_shift_at_door": _door_shift(result, pack.same_camera_shift),
        "at_least_shift": at_shift,
    }


def _door_shift(result: Result, present: float) -> float | None:
    """The smallest shift at which no frame here reaches the door's own bound for a wrong person.

    The door's bound is for its target over the gallery's size, and so another than any one rate's.
    """
    excess = [f.wrong - p.bound for p in result.played for f in p.frames if f.wrong is not None]
    return single.whole_steps(max(excess) + present) if excess else None


def _quantiles(scores: Histogram) -> dict[str, float] | None:
    """Least, 5 %, median, 95 % and highest score."""
    if not scores.total:
        return None
    above = scores.above()
    held = scores.counts.nonzero()[0]
    names = {"q05": 0.95, "median": 0.5, "q95": 0.05}
    middle = {
        name: float(edge_of(int((above >= part * scores.total).nonzero()[0][-1])))
        for name, part in names.items()
    }
    return {
        "least": float(edge_of(int(held[0]))),
        **middle,
        "highest": float(edge_of(int(held[-1]))),
    }
