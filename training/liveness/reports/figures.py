"""The figures of each network as plain data: what is printed, drawn and written as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge import presentation
from edge.errors import UsageError
from edge.metrics import Rate, eer
from edge.presentation import BPCER_AT
from training.errors import DataError
from training.liveness.reports.scored import Scored
from training.liveness.samples import LIVE
from training.liveness.scorers import Named
from training.recognition.verification import rate
from training.shares import share

ALIKE = 0.01
"""Networks are compared where each refuses this share of the living faces of the list."""


@dataclass(frozen=True)
class Rule:
    """How a bound is chosen: the network's own, a number, or a target rate on another list.

    kind: "own", "bound", "bpcer" or "apcer".
    """

    kind: str
    value: float | None = None

    def bound(self, network: Named, chosen_on: Scored | None) -> tuple[float, str]:
        """The bound and where it comes from. Raises UsageError where there is none."""
        if self.kind == "own":
            if network.scorer.bound is None:
                raise UsageError(
                    f"{network.name} states no bound of its own: --bpcer or --apcer with --choose "
                    "LIST chooses one, --bound NUMBER gives one"
                )
            return network.scorer.bound, "its own"
        assert self.value is not None
        if self.kind == "bound":
            return self.value, "given with --bound"
        assert chosen_on is not None
        if self.kind == "bpcer":
            live = chosen_on.of(network.name, LIVE)
            how = f"the highest with a BPCER of {self.value:g} on the list it was chosen on"
            return presentation.bound_at_bpcer(live, self.value), how
        how = f"the lowest with an APCER of {self.value:g} on the list it was chosen on"
        return presentation.bound_at_apcer(chosen_on.attacks(network.name), self.value), how


def list_names(paths: Sequence[Path]) -> list[str]:
    """As a report calls them: files, with their folders where files of one name would be alike."""
    names = [path.name for path in paths]
    if len(set(names)) == len(names):
        return names
    return ["/".join(path.absolute().parts[-2:]) for path in paths]


def shared_rate(hits: NDArray[np.bool_], people: NDArray[np.str_]) -> dict[str, Any] | None:
    """A rate as plain data, with the exact interval and the one that draws people."""
    of = share(Counter(people[hits]), Counter(people))
    told = rate(int(hits.sum()), len(hits), of)
    return None if told is None or of is None else told | {"n_people": of.people}


def of_network(
    scored: Scored, network: Named, bound: float, how: str, alike: float = ALIKE
) -> dict[str, Any]:
    """All figures of one network at a bound, and where it refuses `alike` of the living."""
    name = network.name
    live, attacks = scored.of(name, LIVE), scored.attacks(name)
    passed = scored.scores[name] >= bound
    apcer = {label: _at(scored, label, passed) for label in attacks}
    bpcer = _at(scored, LIVE, ~passed)
    counted = {k: Rate(v["count"], v["trials"]) for k, v in apcer.items()}
    equal = presentation.bound_at_bpcer(live, alike)
    ms = scored.ms[name][scored.answered]
    return {
        "network": name,
        "what": network.what,
        "bound": bound,
        "how": how,
        "apcer": apcer,
        "worst": presentation.worst(counted),
        "bpcer": bpcer,
        "acer": presentation.acer(attacks, live, bound),
        "operating_points": {
            point: _point(scored, name, target) for point, target in BPCER_AT.items()
        },
        "equal_bpcer": {
            "target": alike,
            "bpcer": _at(scored, LIVE, scored.scores[name] < equal),
            "bound": equal,
            "apcer": {label: _at(scored, label, scored.scores[name] >= equal) for label in attacks},
        },
        "eer": {label: eer(live, values) for label, values in attacks.items()},
        "latency_ms": {"median": float(np.median(ms)), "p95": float(np.quantile(ms, 0.95))},
    }


def _point(scored: Scored, network: str, target: float) -> dict[str, Any]:
    bound = presentation.bound_at_apcer(scored.attacks(network), target)
    return {"apcer": target, "bound": bound} | {
        "bpcer": _at(scored, LIVE, scored.scores[network] < bound)
    }


def _at(scored: Scored, label: str, hits: NDArray[np.bool_]) -> dict[str, Any]:
    chosen = (scored.labels == label) & scored.answered
    told = shared_rate(hits[chosen], scored.people[chosen])
    assert told is not None  # labels without an answer are left out before
    return told


def of_list(scored: Scored, missed: Mapping[str, int]) -> dict[str, Any]:
    """What the list holds, and where there was no answer. missed: `left_out`, of all lists."""
    labels = scored.labels
    told = {}
    for label in (LIVE, *scored.instruments):
        chosen = labels == label
        parts = [s for s, yes in zip(scored.samples, chosen, strict=True) if yes]
        told[label] = {
            "presentations": len(parts),
            "people": len({s.person for s in parts}),
            "films": len({s.film for s in parts} - {""}),
            "simulated": sum(bool(s.range) for s in parts),
            "ranges": dict(Counter(s.range for s in parts if s.range)),
            "left_out": rate(missed.get(label, 0), missed.get(label, 0) + len(parts), None),
            "no_response": shared_rate(~scored.answered[chosen], scored.people[chosen]),
        }
    return told


def left_out(lists: Sequence[Path]) -> dict[str, int]:
    """Presentations that `generate` made and found no face in, by label: of summary.json beside.

    Raises DataError for a summary that is none.
    """
    found: Counter[str] = Counter()
    for path in lists:
        summary = path.parent / "summary.json"
        if not summary.exists():
            continue
        try:
            labels = json.loads(summary.read_text("utf-8"))["labels"]
            found.update({name: int(told["non_response"]) for name, told in labels.items()})
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise DataError(f"{summary}: not the summary of `generate`: {error!r}") from error
    return dict(found)


def joint(
    scored: Scored,
    matched: NDArray[np.bool_],
    compared: NDArray[np.bool_],
    bounds: Mapping[str, float],
) -> dict[str, Any]:
    """IAPMR by instrument, and IAPAR of each network: matched and taken for live.

    matched: (n,) whether an attack matches the person it shows. compared: (n,) whether that person
    has a reference; the others are no trials. An attack without an answer is not accepted.
    """
    told: dict[str, Any] = {"iapmr": {}, "iapar": {name: {} for name in bounds}, "without": {}}
    for label in scored.instruments:
        of = scored.labels == label
        told["without"][label] = int((of & ~compared).sum())
        chosen = of & compared
        people = scored.people[chosen]
        told["iapmr"][label] = shared_rate(matched[chosen], people)
        for name, bound in bounds.items():
            live = scored.answered & (scored.scores[name] >= bound)
            told["iapar"][name][label] = shared_rate((matched & live)[chosen], people)
    return told


def simulated(listed: Mapping[str, Any]) -> bool:
    """Whether any attack of a list is simulated."""
    return any(part["simulated"] for label, part in listed.items() if label != LIVE)
