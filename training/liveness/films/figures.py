"""Error rates over films and over windows, as plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

import numpy as np

from edge import presentation
from edge.metrics import Rate
from training.liveness.films.playing import Played, life_gates
from training.liveness.films.verdicts import Verdict
from training.liveness.reports.figures import shared_rate
from training.liveness.samples import LIVE

Trial = tuple[Played, Verdict]


def data(played: Sequence[Played]) -> dict[str, Any]:
    """Of living films and attacks; rates over people, with the shown person as the unit."""
    labels = sorted({p.label for p in played} - {LIVE})
    return {
        "gates": life_gates(played),
        "attacks": {label: attack([p for p in played if p.label == label]) for label in labels},
        "living": living([p for p in played if p.label == LIVE]),
        "worst": worst({label: [p for p in played if p.label == label] for label in labels}),
    }


def whole(played: Sequence[Played]) -> list[Trial]:
    """Each film as one trial."""
    return [(p, p.whole) for p in played]


def parts(played: Sequence[Played]) -> list[Trial]:
    """Each window as one trial; windows of one film overlap."""
    return [(p, w) for p in played for w in p.windows]


def _rate(trials: Sequence[Trial], hit: Callable[[Played, Verdict], bool]) -> Any:
    hits = np.array([hit(p, v) for p, v in trials], np.bool_)
    return shared_rate(hits, np.array([p.person for p, _ in trials]))


def attack(played: Sequence[Played]) -> dict[str, Any]:
    """Of one instrument. apcer: of films or windows that were answered. iapmr, iapar: of all."""
    told: dict[str, Any] = {"refused": _refused(whole(played))}
    for name, trials in (("films", whole(played)), ("windows", parts(played))):
        answered = [(p, v) for p, v in trials if v.responded]
        told[name] = {
            "trials": len(trials),
            "apnrr": _rate(trials, lambda _, v: not v.responded),
            "apcer": _rate(answered, lambda _, v: v.live),
            "iapmr": _rate(trials, lambda p, v: p.person in v.recognised),
            "iapar": _rate(trials, lambda p, v: bool(v.granted)),
        }
    return told


def living(played: Sequence[Played]) -> dict[str, Any]:
    """bpcer: of films or windows that were answered, by the gates of liveness alone.

    refused_whole: answered ones in which the door did not admit the person, of people enrolled
    from another film.
    """
    told: dict[str, Any] = {"refused": _refused(whole(played))}
    for name, trials in (("films", whole(played)), ("windows", parts(played))):
        answered = [(p, v) for p, v in trials if v.responded]
        mated = [(p, v) for p, v in answered if p.enrolled_from not in (None, p.film)]
        times = [v.after_s for _, v in answered if v.after_s is not None]
        told[name] = {
            "trials": len(trials),
            "bpnrr": _rate(trials, lambda _, v: not v.responded),
            "bpcer": _rate(answered, lambda _, v: not v.live),
            "refused_whole": _rate(mated, lambda p, v: p.person not in v.granted),
            "wrong_person": sum(any(n != p.person for n in v.granted) for p, v in trials),
            "median_s": median(times) if times else None,
        }
    return told


def _refused(trials: Sequence[Trial]) -> dict[str, int]:
    """Which gates of liveness refused, of answered films."""
    return dict(Counter(v.refused for _, v in trials if v.refused).most_common())


def worst(attacks: dict[str, list[Played]]) -> str | None:
    """The instrument with the highest APCER over films; None without an answered attack."""
    rates = {}
    for label, played in attacks.items():
        answered = [p.whole.live for p in played if p.whole.responded]
        if answered:
            rates[label] = Rate(sum(answered), len(answered))
    return presentation.worst(rates) if rates else None
