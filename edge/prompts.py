"""What a challenge says to the person at the door, and what is recorded of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from edge.challenge import Challenge

log = logging.getLogger("face-gate")

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "front": "look at the door",
        "left": "turn your head to your left",
        "right": "turn your head to your right",
        "blink": "blink",
    }
)


def words(challenge: Challenge | None) -> str | None:
    """The prompt for people; None while nothing is asked."""
    prompt = None if challenge is None else challenge.prompt
    return None if prompt is None else WORDS[prompt]


class Prompter:
    """Says each prompt once, when it changes, and records how each challenge ended.

    show: puts a line where the person or a display can read it, the service's status. record:
    writes a line to the audit record. Neither names the person: who was let in says the grant.
    """

    def __init__(self, show: Callable[[str], object], record: Callable[..., object]) -> None:
        self._show, self._record = show, record
        self._said: str | None = None
        self._before: Challenge | None = None

    def step(self, challenge: Challenge | None) -> bool:
        """After each frame. Returns whether a prompt has just come to an end."""
        before, self._before = self._before, challenge
        if before is not None and before.running:
            same = challenge is not None and challenge.began_at == before.began_at
            if challenge is None or not same:
                self._end(before, "gone")
            elif not challenge.running:
                self._end(challenge, challenge.failed)
        said, self._said = self._said, words(challenge)
        if self._said is not None and self._said != said:
            self._show(f"challenge: {self._said}")
            log.info('prompt "%s"', self._said)
        return said is not None and self._said is None

    def _end(self, challenge: Challenge, failed: str) -> None:
        data: dict[str, Any] = {
            "track": challenge.track,
            "asked": [step.act for step in challenge.steps],
            "done": challenge.done,
            "passed": not failed,
            "reason": failed,
        }
        self._record("challenge", **data)
        outcome = "passed" if not failed else f"failed: {failed}"
        log.info("challenge %s (%d of %d)", outcome, challenge.done, len(challenge.steps))
