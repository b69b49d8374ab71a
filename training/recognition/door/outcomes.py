"""What the door made of a run of frames, and why it did not open. Pure: it counts decisions.

Nothing here decides. That a frame was *usable*, that somebody was *recognised*, and what was
missing, is read off the gates of the door's own `Decision`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.gates import FRAME_GATES, LANDMARKS
from training.shares import Share, share

QUALITY = (*FRAME_GATES, LANDMARKS)
"""Gates that one frame can be held against."""
IDENTITY = ("match", "margin", "agreement")
OTHER = "other person"
"""The reason where somebody else was the best match."""


def life(gates: Iterable[str]) -> tuple[str, ...]:
    """Those that ask whether the face lives: what is neither of quality nor of identity.

    They are not listed by name, since a door may be configured to ask for more of them.
    """
    return tuple(name for name in gates if name not in QUALITY and name not in IDENTITY)


@dataclass(frozen=True, slots=True)
class Seen:
    """One frame of a film and what the door made of it.

    failed: gates of the decision that did not pass. grant: whom it admitted. best: the most similar
    person, when the face was compared. right, wrong: cosine with the person who should be admitted
    and with the most similar other one; None when not compared, or nobody such is enrolled.
    motion: liveliness (`edge.faces.planar`), None while there is too little to tell.
    """

    t: float
    failed: tuple[str, ...]
    grant: str | None = None
    best: str | None = None
    right: float | None = None
    wrong: float | None = None
    motion: float | None = None

    def __post_init__(self) -> None:
        if (self.grant is None) != bool(self.failed):
            raise ValueError("the door admits exactly when no gate has failed")
        if self.grant is not None and self.grant != self.best:
            raise ValueError("the door admits nobody but the best match")

    @property
    def usable(self) -> bool:
        """Whether every gate that one frame can be held against passed: these know no identity."""
        return not set(self.failed) & set(QUALITY)

    @property
    def recognised(self) -> str | None:
        """Whom the door would admit here if it did not ask whether the face lives."""
        return self.best if self.failed == life(self.failed) else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of a run of frames.

    qualifies: `enough` frames or more were usable. usable: the share that was, 0..1. granted: whom
    the door admitted, in order.
    recognised: whom recognition alone would have admitted. after_s: from the first frame to the
    first right grant. reason: why nobody right was admitted, None where somebody was or nobody
    should be. motion: the most of any frame.
    """

    qualifies: bool
    usable: float
    granted: tuple[str, ...]
    recognised: tuple[str, ...]
    after_s: float | None
    reason: str | None
    motion: float | None


def outcome(frames: Sequence[Seen], right: str | None, enough: int) -> Outcome:
    """Raises ValueError without frames. right: who should be admitted; None: nobody."""
    if not frames:
        raise ValueError("no frames")
    granted = tuple(dict.fromkeys(f.grant for f in frames if f.grant is not None))
    known = tuple(dict.fromkeys(f.recognised for f in frames if f.recognised is not None))
    first = next((f.t for f in frames if right is not None and f.grant == right), None)
    usable = sum(f.usable for f in frames)
    return Outcome(
        qualifies=usable >= enough,
        usable=usable / len(frames),
        granted=granted,
        recognised=known,
        after_s=None if first is None else first - frames[0].t,
        reason=None if right is None or first is not None else _reason(frames, right),
        motion=max((f.motion for f in frames if f.motion is not None), default=None),
    )


def _reason(frames: Sequence[Seen], right: str) -> str:
    """What the frame lacked that came nearest to a grant; of several, the last.

    Of the gates of identity the first counts, since without a match there is no agreement.
    """
    usable = [f for f in frames if f.usable]
    if not usable:
        return "quality"
    known = [f for f in usable if f.recognised == right]
    if known:
        return "+".join(min(reversed(known), key=lambda f: len(f.failed)).failed)
    nearest = min(reversed(usable), key=lambda f: sum(g in f.failed for g in IDENTITY))
    if nearest.best != right:
        return OTHER
    return next(gate for gate in IDENTITY if gate in nearest.failed)


@dataclass(frozen=True, slots=True)
class Window:
    """A window of one trial. person: whom the film shows. right: whom to admit, or None."""

    film: str
    person: str
    right: str | None
    start: float
    outcome: Outcome

    @property
    def wrong(self) -> bool:
        """Whether anybody was admitted who is not the right person."""
        return any(name != self.right for name in self.outcome.granted)

    @property
    def wrongly_recognised(self) -> bool:
        return any(name != self.right for name in self.outcome.recognised)


@dataclass(frozen=True, slots=True)
class Tally:
    """Windows counted. Shares are of those that qualify; `wrong_anywhere` is of all windows.

    admitted: the right person, by the door. recognised: by recognition alone. wrong: somebody else,
    by the door. wrongly_recognised: by recognition alone. reasons: of windows that should have
    opened the door and did not.
    """

    windows: int
    qualifying: int
    admitted: Share | None
    recognised: Share | None
    wrong: Share | None
    wrongly_recognised: Share | None
    wrong_anywhere: int
    reasons: dict[str, int]


def tally(windows: Sequence[Window], usable: float = 0.0) -> Tally:
    """Counts windows, of enrolled people or of strangers.

    usable: of those that qualify only the ones with this share of usable frames or more, 0..1.
    """
    good = [w for w in windows if w.outcome.qualifies and w.outcome.usable >= usable]
    mated = [w for w in good if w.right is not None]

    def told(kind: Sequence[Window], hit: Sequence[bool]) -> Share | None:
        hits = Counter(w.person for w, yes in zip(kind, hit, strict=True) if yes)
        return share(hits, Counter(w.person for w in kind))

    return Tally(
        windows=len(windows),
        qualifying=len(good),
        admitted=told(mated, [w.outcome.after_s is not None for w in mated]),
        recognised=told(mated, [w.right in w.outcome.recognised for w in mated]),
        wrong=told(good, [w.wrong for w in good]),
        wrongly_recognised=told(good, [w.wrongly_recognised for w in good]),
        wrong_anywhere=sum(w.wrong for w in windows),
        reasons=dict(Counter(w.outcome.reason for w in good if w.outcome.reason).most_common()),
    )
