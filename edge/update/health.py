"""What a system on trial must show before it is kept: that the door's service does its work.

systemd knows it all. The service says READY only after configuration, pack and gallery were opened,
the lock's line was claimed and a frame of the camera went all the way to a decision, and feeds the
watchdog only after each further one. So: active, never started again, watchdog fed again and again,
and not without a camera.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edge.errors import OutputError, Unhealthy
from edge.outputs import replacing

UNIT = "face-gate.service"
PROPERTIES = ("ActiveState", "NRestarts", "MainPID", "WatchdogTimestampMonotonic", "StatusText")
TIMEOUT_S = 240.0
FED = 5
"""So often must the watchdog be seen fed anew, by one and the same process ..."""
FOR_S = 10.0
"""... over at least so long: what crashes soon after its first frame is not kept."""
MOST_RESTARTS = 3
"""A service that was started again so often will not come up by waiting."""
EVERY_S = 0.5
CAMERA_GONE = "locked: camera lost"
"""How the service's status begins while blank pictures feed its watchdog."""

State = Mapping[str, str]


def ask(unit: str = UNIT) -> State:
    """What systemd knows about a unit. Raises Unhealthy if it does not answer."""
    words = ["systemctl", "show", unit, f"--property={','.join(PROPERTIES)}"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise Unhealthy(f"systemd does not answer about {unit}: {error}") from error
    said = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    missing = [name for name in PROPERTIES if name not in said]
    if missing:
        raise Unhealthy(f"systemd says nothing of {', '.join(missing)} of {unit}")
    return said


@dataclass(slots=True)
class _Watched:
    """One process of the service, while it does well."""

    pid: str
    since: float
    fed_at: str
    fed: int = 0


def wait(
    ask: Callable[[], State],
    timeout_s: float = TIMEOUT_S,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> float:
    """Watch until the service has proved itself; returns the seconds that this took.

    Raises Unhealthy, which says what was missing, when it does not within `timeout_s` or starts
    again and again.
    """
    began = clock()
    watched: _Watched | None = None
    while True:
        state, now = ask(), clock()
        reason = _not_well(state)
        if int(state["NRestarts"] or 0) >= MOST_RESTARTS:
            raise Unhealthy(f"{UNIT} was started again {state['NRestarts']} times: {reason}")
        if reason is not None:
            watched = None
        elif watched is None or watched.pid != state["MainPID"]:
            watched = _Watched(state["MainPID"], now, state["WatchdogTimestampMonotonic"])
        elif watched.fed_at != state["WatchdogTimestampMonotonic"]:
            watched.fed_at = state["WatchdogTimestampMonotonic"]
            watched.fed += 1
        if watched is not None and watched.fed >= FED and now - watched.since >= FOR_S:
            return now - began
        if now - began >= timeout_s:
            if watched is not None:
                reason = f"its watchdog was fed {watched.fed} times, {FED} are asked for"
            raise Unhealthy(f"{UNIT} did not prove itself within {timeout_s:g} s: {reason}")
        sleep(EVERY_S)


def _not_well(state: State) -> str | None:
    if state["ActiveState"] != "active":
        return f"it is {state['ActiveState']}, so no frame has gone all the way"
    if state["StatusText"].startswith(CAMERA_GONE):
        return state["StatusText"]
    return None


def record(path: Path, version: str, slot: str, outcome: str | None) -> None:
    """Keep how a trial ended, where the next system finds it. outcome: None if well.

    Raises OutputError.
    """
    said = {"version": version, "slot": slot, "kept": outcome is None, "why_not": outcome or ""}
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replacing(path) as beside:
            beside.write_text(json.dumps(said) + "\n", encoding="utf-8")
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


def last(path: Path) -> dict[str, object] | None:
    """What `record` left; None if nothing was, or it cannot be read."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return said if isinstance(said, dict) else None
