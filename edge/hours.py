"""Hours of the week, as the configuration writes them: "mon-fri 18:00-07:00". Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FORM = re.compile(r"([a-z,\-]+) (\d\d):(\d\d)-(\d\d):(\d\d)")
_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Hours:
    """days: 0 is Monday, as `datetime.weekday` counts. begin, end: minutes of the day, local time.

    An end at or before the begin lies on the next day: "fri 18:00-07:00" ends on Saturday.
    """

    days: frozenset[int]
    begin: int
    end: int

    def cover(self, moment: datetime) -> bool:
        """Whether the hours hold at a local time; the last minute ends before `end`."""
        day, minute = moment.weekday(), moment.hour * 60 + moment.minute
        if self.begin < self.end:
            return day in self.days and self.begin <= minute < self.end
        evening = day in self.days and minute >= self.begin
        morning = (day - 1) % 7 in self.days and minute < self.end
        return evening or morning


def parse(text: str) -> Hours:
    """Raises ValueError, which says what was expected, for anything else."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError(
            f'{text!r} is not hours: write days and times, as "mon-fri 18:00-07:00", '
            '"sat,sun 00:00-24:00"'
        )
    days: set[int] = set()
    for part in found[1].split(","):
        first, _, last = part.partition("-")
        for name in (first, *([last] if last or part.endswith("-") else [])):
            if name not in DAYS:
                raise ValueError(f"{text!r}: {name!r} is no day; days are {', '.join(DAYS)}")
        at = DAYS.index(first)
        span = (DAYS.index(last) - at) % 7 if last else 0
        days |= {(at + i) % 7 for i in range(span + 1)}
    begin, end = (_minute(text, found[i], found[i + 1]) for i in (2, 4))
    if begin == _DAY:
        raise ValueError(f"{text!r}: 24:00 can only be an end")
    if begin == end:
        raise ValueError(f"{text!r} begins when it ends; a whole day is 00:00-24:00")
    return Hours(frozenset(days), begin, end)


def _minute(text: str, hours: str, minutes: str) -> int:
    value = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or value > _DAY:
        raise ValueError(f"{text!r}: {hours}:{minutes} is no time of day")
    return value
