"""Put a signed update into the idle slot, try it, and keep it only if the door then works.

Examples:
  sudo face-gate-update apply /data/update/face-gate-generic-arm64.bundle
  sudo face-gate-update apply FILE --no-reboot      # written and verified; tried at the next boot
  face-gate-update check FILE                       # verify only; nothing is written
  sudo face-gate-update status                      # slots, versions, how the last trial ended
  face-gate-update status --json

`apply` verifies signature and hashes before anything is written, and starts the machine again. The
new system is tried once: `health`, which the machine calls by itself, must find the door's service
at work, or the machine starts again into the old one. docs/updates.md tells the whole way.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from edge import console
from edge.errors import Downgrade, SlotError, Unhealthy
from edge.update import apply, health
from edge.update.bundle import Bundle, Seen, opened
from edge.update.choose import loader_of
from edge.update.loader import Loader
from edge.update.manifest import Version
from edge.update.slots import System

TRIAL = "trial.json"
EXIT_CODES = """\
exit codes:
    0  done
    2  wrong arguments
   10  how the trial ended cannot be written down
   13  refused, or failed; what runs is what boots
  130  interrupted (Ctrl-C); 143 terminated: what runs is what boots
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    return console.run(argv, _body)


def _body(words: Sequence[str]) -> int:
    heading, _, rest = (__doc__ or "").partition("\n\n")
    parser = console.parser("edge.update", heading, f"{rest}\n{EXIT_CODES}")
    verbs = parser.add_subparsers(
        dest="verb", required=True, metavar="apply|check|status|health|trial"
    )
    for verb, help_text in (
        ("apply", "write a bundle into the idle slot and try it"),
        ("check", "verify a bundle against this device, writing nothing"),
        ("status", "what runs, what lies in the slots, how the last trial ended"),
        ("health", "wait until the door's service has proved itself"),
        ("trial", "exit code 0 if the system that runs has still to prove itself, else 1"),
    ):
        one = verbs.add_parser(verb, help=help_text, allow_abbrev=False)
        one.add_argument("--json", action="store_true", help="machine-readable results and errors")
        one.add_argument(
            "--root",
            type=Path,
            default=Path("/"),
            metavar="DIR",
            help="look for the system under this folder",
        )
        if verb in ("apply", "check"):
            one.add_argument("bundle", type=Path, metavar="FILE", help="the bundle")
            one.add_argument(
                "--allow-downgrade",
                action="store_true",
                help="take a version that is not newer; asks at the terminal",
            )
        if verb == "apply":
            one.add_argument(
                "--no-reboot", action="store_true", help="leave the restart to somebody else"
            )
        if verb == "health":
            one.add_argument(
                "--timeout-s",
                type=float,
                default=health.TIMEOUT_S,
                metavar="S",
                help="how long to wait (default: %(default)g)",
            )
            one.add_argument(
                "--keep", action="store_true", help="then have the boot loader keep this slot"
            )
    args = parser.parse_args(list(words))
    out, system = console.Output(as_json=args.json), System(args.root)
    if args.verb == "status":
        return _status(system, out)
    if args.verb == "health":
        return _health(system, out, args.timeout_s, keep=args.keep)
    if args.verb == "trial":
        return 0 if loader_of(system).on_trial(system.slots()[0].name) else 1
    return _update(args, system, out)


def _update(args: Any, system: System, out: console.Output) -> int:
    with opened(args.bundle, system.key) as bundle, _steps(out) as step:
        if args.verb == "check":
            target = apply.check(bundle, system, step, allow_downgrade=args.allow_downgrade)
            entry = None
        else:
            with apply.alone(system):
                target = apply.check(bundle, system, step, allow_downgrade=args.allow_downgrade)
                _confirm_downgrade(bundle, system)
                entry = apply.write(bundle, target, step)
    version, slot = bundle.manifest.version, target.idle.name
    done = {"version": version, "slot": slot, "written": entry is not None}

    def show(to: Console) -> None:
        if entry is None:
            to.print(f"{escape(version)} is signed, whole, newer than what runs, and fits")
        else:
            when = "the next boot"
            if args.no_reboot and target.loader.reboot:
                when = f'`systemctl reboot "{target.loader.reboot[0]}"`'
            to.print(f"{escape(version)} is in slot {slot}; {when} tries it once")

    out.result(done, show)
    if entry is not None and not args.no_reboot:
        _reboot(out, target.loader)
    return 0


def _confirm_downgrade(bundle: Bundle, system: System) -> None:
    """Only a person at a terminal takes an older version, by typing its number."""
    version, running = bundle.manifest.version, system.release()[1]
    if Version(version) > Version(running):
        return
    if not sys.stdin.isatty():
        raise Downgrade("--allow-downgrade needs a person at a terminal, who is asked")
    print(f"{version} is not newer than {running}. Type {version} to write it: ", file=sys.stderr)
    if sys.stdin.readline().strip() != version:
        raise Downgrade("not confirmed; nothing was written")


def _reboot(out: console.Output, loader: Loader) -> None:
    out.note("starting again; the door is locked meanwhile")
    sys.stdout.flush()
    try:
        subprocess.run(["systemctl", "reboot", *loader.reboot], check=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        raise SlotError(
            f"written, but the machine could not be started again: {error}; `sudo reboot`"
        ) from error


def _status(system: System, out: console.Output) -> int:
    running, idle = system.slots()
    board, version = system.release()
    loader = loader_of(system)
    found = loader.read()
    slots = [
        {"slot": e.slot, "title": e.title, "state": e.state(running.name), "entry": e.path.name}
        for e in found
    ]
    data = {
        "board": board,
        "version": version,
        "running": running.name,
        "idle": idle.name,
        "idle_bytes": idle.size,
        "on_trial": loader.on_trial(running.name),
        "slots": slots,
        "takes_updates": system.key.is_file(),
        "last_trial": health.last(system.state / TRIAL),
    }

    def show(to: Console) -> None:
        to.print(f"[bold]{escape(version)}[/] on {escape(board)}, slot {running.name}")
        for slot in slots:
            to.print(f"  slot {slot['slot']}  {slot['state']:<20}{escape(str(slot['title']))}")
        if not any(e.slot == idle.name for e in found):
            to.print(f"  slot {idle.name}  not bootable")
        if not data["takes_updates"]:
            to.print("this image has no update key and takes no updates")
        trial = data["last_trial"]
        if isinstance(trial, dict):
            how = "kept" if trial.get("kept") else f"not kept: {trial.get('why_not')}"
            to.print(f"last trial: {escape(str(trial.get('version')))}, {escape(how)}")

    out.result(data, show)
    return 0


def _health(system: System, out: console.Output, timeout_s: float, *, keep: bool) -> int:
    version, slot = system.release()[1], system.slots()[0].name
    loader = loader_of(system)
    # By hand, on a system that is kept, it is only a question.
    note = system.state / TRIAL if loader.on_trial(slot) else None
    try:
        took = health.wait(health.ask, timeout_s)
        if keep:
            loader.keep(slot)
    except Unhealthy as error:
        if note is not None:
            health.record(note, version, slot, str(error))
        raise
    if note is not None:
        health.record(note, version, slot, None)
    out.result(
        {"version": version, "slot": slot, "healthy": True, "seconds": took},
        lambda to: to.print(f"{escape(version)} in slot {slot} does its work ({took:.0f} s)"),
    )
    return 0


@contextmanager
def _steps(out: console.Output) -> Iterator[apply.Step]:
    """Progress on standard error: a bar where somebody watches, else a line per step."""
    columns = (TextColumn("{task.description:<24}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=out.err, disable=not out.live) as bars:

        def begin(what: str, size: int) -> Seen:
            if not out.live:
                out.note(what)
            task = bars.add_task(what, total=size)
            return lambda portion: bars.advance(task, portion)

        yield begin


if __name__ == "__main__":
    sys.exit(main())
