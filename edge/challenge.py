"""The challenge: a person is asked to turn the head or to blink, in an order nobody could foresee.

A film that is replayed shows what it shows. Which acts are asked for, and how long the pause before
each is, is drawn anew for every try; one wrong, early, late or missing act ends the try, and a
track has one. So a recording of an answer to another challenge fails; one that is chosen or made
while the challenge runs does not. Of `n` acts there are 3 * 2^(n-1) orders.

Pure: `begin` and `advance` take what is seen and return a new value. Times are the camera's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, TypeAlias, TypeVar

Act: TypeAlias = Literal["left", "right", "blink"]
ACTS: tuple[Act, ...] = ("left", "right", "blink")

TURN = 20.0
"""Degrees of yaw that count as turned; left is the person's own left."""
FRONT = 12.0
"""Degrees of yaw up to which the face looks at the door."""
GAP_S = 0.35
"""A face not seen for so long may be another one. Fewer than 3 frames a second fail."""
SOON_S = 0.15
"""Nobody reacts faster: what comes earlier was not an answer. (Simple visual reaction takes 0.18 to
0.2 s: Woodworth and Schlosberg, Experimental Psychology, 1954.)"""
ACT_S = 4.0
"""Time for one act, from its prompt to its end."""
HOLD_S = 4.0
"""How long a challenge that was passed counts; then the try is over."""
PAUSE_S = (0.4, 1.4)
"""Shortest and longest pause before a prompt, in which nothing may be done yet."""

T = TypeVar("T")


class Draw(Protocol):
    """What of `random.SystemRandom` is needed."""

    def choice(self, seq: Sequence[T], /) -> T: ...
    def uniform(self, a: float, b: float, /) -> float: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """One frame. track: its number, None without a face. yaw: degrees, None where the points are
    not sure. person: as recognised on this very frame, None when not. blinks: (begin, end),
    seconds, of those known by now.
    """

    t: float
    track: int | None
    yaw: float | None
    person: str | None
    blinks: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """act: what is asked for. pause_s: before it is."""

    act: Act
    pause_s: float


@dataclass(frozen=True, slots=True)
class Challenge:
    """One try of one track.

    person: whom the face was recognised as when it began, and must be at the end of each act.
    done: acts finished. front_at: since when the face has looked at the door and waits. asked_at:
    when the present act was asked for, None before. turned: it was shown, and the face has to come
    back to the front. seen_at: of the newest frame. passed_at: None until all is done. failed: why,
    "" while it has not.
    """

    track: int
    person: str
    steps: tuple[Step, ...]
    began_at: float
    seen_at: float
    done: int = 0
    front_at: float | None = None
    asked_at: float | None = None
    turned: bool = False
    passed_at: float | None = None
    failed: str = ""

    @property
    def running(self) -> bool:
        """Neither passed nor failed yet."""
        return self.passed_at is None and not self.failed

    @property
    def prompt(self) -> Act | Literal["front"] | None:
        """What to tell the person now; None once it is over."""
        if not self.running:
            return None
        return "front" if self.asked_at is None or self.turned else self.steps[self.done].act


def steps(count: int, draw: Draw) -> tuple[Step, ...]:
    """`count` acts, none twice in a row, each after a pause of its own. draw: unpredictable."""
    made: list[Step] = []
    for _ in range(count):
        last = made[-1].act if made else None
        act = draw.choice([a for a in ACTS if a != last])
        made.append(Step(act, draw.uniform(*PAUSE_S)))
    return tuple(made)


def begin(seen: Seen, asked: tuple[Step, ...]) -> Challenge | None:
    """A new try, once a face looks at the door and is recognised; else None."""
    if seen.track is None or seen.person is None or not asked or not _front(seen):
        return None
    return Challenge(seen.track, seen.person, asked, seen.t, seen.t, front_at=seen.t)


def advance(now: Challenge, seen: Seen, limit_s: float) -> Challenge:
    """The challenge after one more frame. limit_s: for all acts together.

    A try that is over stays over: what failed never passes, and what passed fails `HOLD_S` later,
    or with the next gap.
    """
    if now.failed:
        return now
    if seen.track is None and 0 <= seen.t - now.seen_at <= GAP_S:
        return now  # one frame without the face
    wrong = _broken(now, seen)
    if wrong:
        return replace(now, failed=wrong)
    now = replace(now, seen_at=seen.t)
    if now.passed_at is not None:
        return replace(now, failed="expired") if seen.t - now.passed_at > HOLD_S else now
    if seen.t - now.began_at > limit_s:
        return replace(now, failed="too slow")
    if now.asked_at is None:
        return _wait(now, seen)
    if seen.t - now.asked_at > ACT_S:
        return replace(now, failed="too slow")
    if now.turned:
        return _finish(now, seen) if _settled(now, seen) else now
    return _answer(now, seen, now.steps[now.done].act, now.asked_at)


def _broken(now: Challenge, seen: Seen) -> str:
    """Why this frame cannot belong to the same try; "" when it can."""
    if not 0 <= seen.t - now.seen_at <= GAP_S:
        return "not seen without a gap"
    if seen.track != now.track:
        return "another face"
    if seen.person is not None and seen.person != now.person:
        return "another person"
    return ""


def _front(seen: Seen) -> bool:
    return seen.yaw is not None and abs(seen.yaw) <= FRONT


def _settled(now: Challenge, seen: Seen) -> bool:
    return _front(seen) and seen.person == now.person


def _wait(now: Challenge, seen: Seen) -> Challenge:
    """Before a prompt: the face looks at the door, and does nothing yet."""
    if seen.yaw is not None and abs(seen.yaw) >= TURN:
        return replace(now, failed="turned before it was asked")
    if not _settled(now, seen):
        return now
    assert now.front_at is not None
    pause = now.steps[now.done].pause_s
    return replace(now, asked_at=seen.t) if seen.t - now.front_at >= pause else now


def _answer(now: Challenge, seen: Seen, act: Act, asked_at: float) -> Challenge:
    side: Act | None = None
    if seen.yaw is not None and abs(seen.yaw) >= TURN:
        side = "left" if seen.yaw > 0 else "right"  # the nose to the picture's right: own left
    if side is not None:
        if side != act:
            return replace(now, failed=f"turned {side}, asked for {act}")
        if seen.t - asked_at < SOON_S:
            return replace(now, failed="turned too soon")
        return replace(now, turned=True)
    shut = any(begin >= asked_at + SOON_S for begin, _ in seen.blinks)
    return _finish(now, seen) if act == "blink" and shut and _settled(now, seen) else now


def _finish(now: Challenge, seen: Seen) -> Challenge:
    """One act is done, and the face is back at the front."""
    done = now.done + 1
    over = done == len(now.steps)
    return replace(
        now,
        done=done,
        front_at=seen.t,
        asked_at=None,
        turned=False,
        passed_at=seen.t if over else None,
    )
