"""Hours of the week and a clock that may not be trusted: where in doubt, it is such an hour."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge import hours
from edge.config import Config, parse
from edge.errors import ConfigError
from edge.gallery import Gallery
from edge.packs import load
from edge.pipeline import Pipeline
from edge.wall_clock import JUMP_S, WallClock

MONDAY = datetime(2026, 3, 2)


def at(day: int, clock: str) -> datetime:
    hour, minute = clock.split(":")
    return MONDAY + timedelta(days=day, hours=int(hour), minutes=int(minute))


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("mon-fri 18:00-23:00", [(0, "18:00"), (4, "22:59")], [(0, "17:59"), (0, "23:00")]),
        ("mon-fri 18:00-23:00", [(2, "20:00")], [(5, "20:00"), (6, "20:00")]),
        ("fri 18:00-07:00", [(4, "18:00"), (5, "06:59")], [(4, "06:59"), (5, "07:00")]),
        ("sun 22:00-06:00", [(6, "22:00"), (0, "05:00")], [(0, "22:00"), (6, "05:00")]),
        ("sat,sun 00:00-24:00", [(5, "00:00"), (6, "23:59")], [(4, "23:59"), (0, "00:00")]),
        ("sat-mon 08:00-09:00", [(5, "08:30"), (6, "08:30"), (0, "08:30")], [(1, "08:30")]),
        ("wed 12:00-00:00", [(2, "23:59")], [(3, "00:00"), (2, "11:59")]),
    ],
)  # fmt: skip
def test_hours_cover_what_they_say(
    text: str, inside: list[tuple[int, str]], outside: list[tuple[int, str]]
) -> None:
    span = hours.parse(text)
    assert all(span.cover(at(*moment)) for moment in inside)
    assert not any(span.cover(at(*moment)) for moment in outside)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1439), st.integers(0, 1439))
def test_hours_and_the_rest_of_the_day_make_a_week(begin: int, end: int) -> None:
    if begin == end:
        return
    clock = [f"{m // 60:02d}:{m % 60:02d}" for m in (begin, end)]
    day = hours.parse(f"mon-sun {clock[0]}-{clock[1]}")
    rest = hours.parse(f"mon-sun {clock[1]}-{clock[0]}")
    for minute in range(0, 7 * 1440, 97):
        moment = MONDAY + timedelta(minutes=minute)
        assert day.cover(moment) is not rest.cover(moment)


@pytest.mark.parametrize(
    "text",
    ["", "18:00-07:00", "mon 18-07", "mon 25:00-07:00", "mon 18:60-19:00", "mon 24:00-07:00",
     "mon 18:00-18:00", "moon 18:00-07:00", "mon- 18:00-07:00", "mon 18:00-24:01",
     "Mon 18:00-07:00", "mon 18:00-07:00 "],
)  # fmt: skip
def test_what_is_no_hours_is_refused_by_name(text: str) -> None:
    with pytest.raises(ConfigError, match=r"challenge_hours"):
        parse(f'[liveness]\nchallenge_hours = ["{text}"]\n', Path("face-gate.toml"))


class Clocks:
    """A wall clock and a steady one that tests move."""

    def __init__(self) -> None:
        self.wall, self.steady, self.known = MONDAY.timestamp() + 12 * 3600, 100.0, True
        self.clock = WallClock(lambda: self.wall, lambda: self.steady, lambda: self.known)

    def pass_(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


def test_the_time_is_known_while_the_clock_runs_evenly() -> None:
    clocks = Clocks()
    for _ in range(50):
        clocks.pass_(3600.0)
        assert clocks.clock.now() == datetime.fromtimestamp(clocks.wall)


@pytest.mark.parametrize("jump", [JUMP_S + 1, -JUMP_S - 1, 86400.0, float("nan")])
def test_a_clock_that_has_jumped_is_not_trusted_again(jump: float) -> None:
    clocks = Clocks()
    assert clocks.clock.now() is not None
    clocks.wall += jump
    assert clocks.clock.now() is None and clocks.clock.jumped
    clocks.wall -= jump
    assert clocks.clock.now() is None


def test_small_steps_add_up_to_a_jump() -> None:
    clocks = Clocks()
    assert clocks.clock.now() is not None
    for _ in range(10):
        clocks.pass_(1.0)
        clocks.wall -= 0.9
    assert clocks.clock.now() is None


def test_before_it_is_synchronised_the_time_is_unknown_and_may_still_be_set() -> None:
    clocks = Clocks()
    clocks.known = False
    clocks.wall = 0.0
    assert clocks.clock.now() is None
    clocks.wall, clocks.known = MONDAY.timestamp(), True  # the network has told the time
    assert clocks.clock.now() == MONDAY
    clocks.known = False
    assert clocks.clock.now() is None and not clocks.clock.jumped


def test_the_kernel_can_be_asked() -> None:
    """Whatever it says here: it says it without privileges, and does not raise."""
    assert WallClock().now() is None or isinstance(WallClock().now(), datetime)


@pytest.mark.parametrize(
    ("options", "now", "due"),
    [
        ('challenge_hours = ["mon 18:00-20:00"]', at(0, "19:00"), True),
        ('challenge_hours = ["mon 18:00-20:00"]', at(0, "12:00"), False),
        ('challenge_hours = ["mon 18:00-20:00"]', None, True),
        ("challenge_hours = []", None, False),
        ('require = ["passive", "challenge"]', at(0, "12:00"), True),
    ],
)
def test_when_a_challenge_is_due(options: str, now: datetime | None, due: bool) -> None:
    config = parse(f"[liveness]\n{options}\n", Path("x.toml"))
    pack = load(threads=1)
    empty = Gallery((), pack.embedder_sha256, pack.manifest.roles.embedder.head.length)
    assert Pipeline(pack, empty, config, local_time=lambda: now).challenge_due() is due


def test_a_film_has_no_time_of_day() -> None:
    config = parse('[liveness]\nchallenge_hours = ["mon 18:00-20:00"]\n', Path("x.toml"))
    pack = load(threads=1)
    empty = Gallery((), pack.embedder_sha256, pack.manifest.roles.embedder.head.length)
    assert Pipeline(pack, empty, config).challenge_due()
    assert not Pipeline(pack, empty, Config()).challenge_due()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("require_blink = true", '"blink"'),
        ('require = ["motion"]', "passive"),
        ("require = []", "passive"),
        ('require = ["passive", "nonsense"]', "nonsense|motion"),
        ('require = ["passive", "motion", "motion"]', "twice"),
        ('require = "passive"', "require"),
    ],
)
def test_checks_that_cannot_be_required_are_refused(options: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse(f"[liveness]\n{options}\n", Path("face-gate.toml"))
