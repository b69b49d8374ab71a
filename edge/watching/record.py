"""One frame as JSON, and what all frames came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.markup import escape

from edge.pipeline import Step
from edge.prompts import words


def line(step: Step, *, door_open: bool, show_candidates: bool) -> dict[str, Any]:
    """What `--jsonl` says of a frame. A name only where it was granted, unless candidates are
    asked for; `score` is the newest cosine with the best person, whoever that is."""
    observation, decision = step.observation, step.decision
    face = observation.face
    data: dict[str, Any] = {
        "t": observation.t,
        "index": observation.index,
        "decision": decision.verdict,
        "person": decision.person,
        "score": decision.score,
        "gates": {gate.name: gate.as_json() for gate in decision.gates},
        "faces": observation.faces_in_zone,
        "track": decision.track,
        "box": None if face is None else [float(v) for v in face.box],
        "door": "open" if door_open else "locked",
        "prompt": words(step.challenge),
    }
    if show_candidates:
        match = step.match
        data["candidate"] = None if match is None else match.person
        data["second"] = None if match is None else match.second_person
    return data


@dataclass(slots=True)
class Summary:
    """grants: the first frame of each grant, as (t, index, person). denied: tracks so decided.

    failed: per gate, how many frames with a face did not pass it.
    """

    frames: int = 0
    with_face: int = 0
    first_t: float | None = None
    last_t: float = 0.0
    grants: list[tuple[float, int, str]] = field(default_factory=list)
    openings: list[tuple[float, str]] = field(default_factory=list)
    denied: list[int] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    best: float | None = None
    cut_short: bool = False
    _running: tuple[int | None, str] | None = None

    def add(self, step: Step) -> None:
        """Count one frame."""
        t, decision = step.observation.t, step.decision
        self.frames += 1
        self.first_t = t if self.first_t is None else self.first_t
        self.last_t = t
        if step.observation.face is not None:
            self.with_face += 1
            self.failed.update(decision.failed)
        if decision.score is not None:
            self.best = max(decision.score, -1.0 if self.best is None else self.best)
        if decision.verdict == "grant" and decision.person is not None:
            # A grant holds for many frames; it is one event per person and track.
            if self._running != (decision.track, decision.person):
                self._running = decision.track, decision.person
                self.grants.append((t, step.observation.index, decision.person))
        elif decision.verdict == "deny":
            track = -1 if decision.track is None else decision.track
            if track not in self.denied:
                self.denied.append(track)

    @property
    def seconds(self) -> float:
        """From the first frame to the last."""
        return 0.0 if self.first_t is None else self.last_t - self.first_t

    @property
    def people(self) -> list[str]:
        """Who was granted, each once, in order."""
        return list(dict.fromkeys(person for _, _, person in self.grants))

    def met(self, expected: str) -> bool:
        """Whether it ended as expected: that person and nobody else, or "nobody"."""
        if expected == "nobody":
            return not self.grants
        return [p.casefold() for p in self.people] == [expected.casefold()]

    def as_json(self) -> dict[str, Any]:
        """What `--json` prints."""
        return {
            "frames": self.frames,
            "frames_with_face": self.with_face,
            "seconds": self.seconds,
            "granted": self.people,
            "grants": [{"t": t, "index": i, "person": p} for t, i, p in self.grants],
            "openings": [{"t": t, "person": p} for t, p in self.openings],
            "cut_short": self.cut_short,
            "denied_tracks": len(self.denied),
            "best_score": self.best,
            "failed": dict(self.failed.most_common()),
        }


def show_summary(out: Console, source: str, s: Summary) -> None:
    """The summary for people: who, when, and what stood in the way."""
    out.print(
        f"{escape(source)}: {s.frames} frames, {s.seconds:.1f} s, a face in {s.with_face} of them"
    )
    for t, index, person in s.grants:
        out.print(f"[green]granted[/] {escape(person)} at {t:.2f} s (frame {index})")
    if not s.grants:
        best = "" if s.best is None else f"; best score {s.best:.3f}"
        out.print(f"granted to nobody{best}")
    for t, person in s.openings:
        out.print(f"door opened at {t:.2f} s for {escape(person)}")
    if s.denied:
        out.print(f"[red]denied[/]: {len(s.denied)} time{'s' if len(s.denied) > 1 else ''}")
    if s.failed:
        worst = ", ".join(
            f"{name} {count / s.with_face:.0%}" for name, count in s.failed.most_common(6)
        )
        out.print(f"gates not passed, of frames with a face: {worst}")
