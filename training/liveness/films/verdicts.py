"""What the door made of a run of frames, its gates of liveness apart from those of identity. Pure.

Nothing here decides: everything is read off the gates of the door's own `Decision`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.decide import Decision
from edge.gates import Gate
from training.recognition.door.outcomes import QUALITY, life


@dataclass(frozen=True, slots=True)
class Judged:
    """One frame. usable: every gate of one frame's quality passed.

    refused: gates of liveness that did not pass. values: of each gate of liveness, its value over
    its lower bound (or the upper bound over it), 1 or more where it passes. recognised: whom the
    door would admit if it did not ask whether the face lives.
    """

    t: float
    usable: bool
    refused: tuple[str, ...]
    values: dict[str, float | None]
    recognised: str | None
    grant: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of frames that the door saw from a fresh start.

    responded: enough frames were usable; otherwise nothing is said. live: at some usable frame,
    with enough of them seen, every gate of liveness passed. recognised, granted: whom recognition
    alone and the whole door admitted, in order. refused: what the frame lacked that came nearest,
    None when live. after_s: from the first frame to the first that was live. values: the most of
    any usable frame.
    """

    responded: bool
    live: bool
    recognised: tuple[str, ...]
    granted: tuple[str, ...]
    refused: str | None
    after_s: float | None
    values: dict[str, float | None]


def judged(decision: Decision, best: str | None) -> Judged:
    """best: whom the face is most like, None where it was not compared."""
    alive = set(life(g.name for g in decision.gates))
    failed = decision.failed
    return Judged(
        t=decision.t,
        usable=not set(failed) & set(QUALITY),
        refused=life(failed),
        values={g.name: _reach(g) for g in decision.gates if g.name in alive},
        recognised=best if failed == life(failed) else None,
        grant=decision.person,
    )


def _reach(gate: Gate) -> float | None:
    """1 at the bound, more on the side where it passes; None without a value or such a bound."""
    value = gate.value
    if value is None or not math.isfinite(value):
        return None
    if gate.low is not None and gate.low > 0:
        return value / gate.low
    if gate.high is not None and gate.high > 0 and value > 0:
        return gate.high / value
    return None


def verdict(frames: Sequence[Judged], enough: int) -> Verdict:
    """enough: usable frames that the door needs before it opens. Raises ValueError without any."""
    if not frames:
        raise ValueError("no frames")
    usable, ready = 0, []
    for frame in frames:
        usable += frame.usable
        if frame.usable and usable >= enough:
            ready.append(frame)
    alive = next((f for f in ready if not f.refused), None)
    nearest = min(reversed(ready), key=lambda f: len(f.refused), default=None)
    names = {name for f in frames for name in f.values}
    return Verdict(
        responded=bool(ready),
        live=alive is not None,
        recognised=_order(f.recognised for f in frames),
        granted=_order(f.grant for f in frames),
        refused=None if alive is not None or nearest is None else "+".join(nearest.refused),
        after_s=None if alive is None else alive.t - frames[0].t,
        values={name: _most(f.values.get(name) for f in frames if f.usable) for name in names},
    )


def _order(names: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(n for n in names if n is not None))


def _most(values: Iterable[float | None]) -> float | None:
    return max((v for v in values if v is not None), default=None)
