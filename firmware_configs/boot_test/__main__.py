"""`make image-test`: boot the generic image from its disk and prove that the door works."""

from __future__ import annotations

import argparse
import dataclasses
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from edge.console import Output, parser, run
from edge.errors import FaceGateError, UsageError
from edge.outputs import replacing
from firmware_configs.boot_test import disks, films, image, kernel_modules, report
from firmware_configs.boot_test.bench import Bench, first_log_in, log_in
from firmware_configs.boot_test.machine import (
    Board,
    Machine,
    free_port,
    fresh_variables,
    require_emulator,
)
from firmware_configs.boot_test.results import Result, from_json, to_json
from firmware_configs.boot_test.scenarios import (
    door,
    faults,
    first_boot,
    network,
    power_cuts,
    update_cuts,
    updates,
)
from firmware_configs.image.version import ROOT

KEPT = ROOT / "build" / "boot-test"
MEMORY_DISK = Path("/dev/shm")
NEEDED_BYTES = 3 * 2**30
PASSWORD = "chosen at the console 1"
TITLES = {
    "first-boot": "First boot of a fresh card",
    "door": "Enrolment, and who opens the door",
    "faults": "Camera pulled, daemon killed, daemon hung, line taken",
    "update-cuts": "Power cuts while an update is written",
    "updates": "Updates: good, crashing, forged, older; and a site with SSH",
    "power-cuts": "Power cuts while people are enrolled and the record is written",
}
WITH_BUNDLES = ("update-cuts", "updates")
EXAMPLES = """\
examples:
  python -m firmware_configs.boot_test                                   # all; builds the images
  python -m firmware_configs.boot_test --only first-boot door
  python -m firmware_configs.boot_test --image build/boot-test/door.img --only power-cuts --cuts 5
  python -m firmware_configs.boot_test --report docs/boot-test.md

first-boot always runs: the others go on from its card. Scenarios that are not asked for appear in
the report as they ended last with the same image, with their date.

Needs no KVM and no root; with the cards on a memory disk (/dev/shm) about 3 GB of memory beside the
emulator's 1 GB.

exit codes:
  0 all proved   1 something was not   2 wrong arguments   12 a disk or image cannot be made
  13 the console did not answer   69 a tool is not installed
"""


def _parser() -> argparse.ArgumentParser:
    p = parser("firmware_configs.boot_test", "Boot the generic image and prove the door.", EXAMPLES)
    p.add_argument(
        "--only",
        nargs="+",
        choices=TITLES,
        default=list(TITLES),
        metavar="NAME",
        help=f"some of {', '.join(TITLES)}",
    )
    p.add_argument("--image", type=Path, metavar="IMG", help="built before with the test's site")
    p.add_argument("--wheel", type=Path, metavar="FILE", help="face-gate's own, for the images")
    p.add_argument("--cuts", type=int, default=20, metavar="N", help="power cuts (default 20)")
    p.add_argument("--seed", type=int, default=7, help="draws the moments of the cuts")
    p.add_argument("--report", type=Path, metavar="MD", help="write the report there")
    p.add_argument("--work", type=Path, metavar="DIR", help="for the cards while it runs")
    p.add_argument("--json", action="store_true", help="machine-readable results")
    return p


class Run:
    """One run: where things lie, and what is written down."""

    def __init__(self, args: argparse.Namespace, output: Output) -> None:
        self.args, self.output = args, output
        self.work = _work(args.work)
        self.results = [Result(name, TITLES[name]) for name in TITLES]
        self.image = args.image
        self.secret: Path | None = None

    def result(self, name: str) -> Result:
        return next(r for r in self.results if r.name == name)

    def wanted(self, name: str) -> bool:
        return name in self.args.only or name == "first-boot"

    @property
    def _with_bundles(self) -> bool:
        return any(self.wanted(name) for name in WITH_BUNDLES)

    def step(self, name: str, body: Callable[[Result], None]) -> None:
        """Run one scenario; what it raises is written down, and the next one has its turn."""
        result = self.result(name)
        if not self.wanted(name):
            result.skipped = "not asked for (--only)"
            return
        if result.skipped:
            return
        self.output.note(f"{result.title} …")
        began = time.monotonic()
        try:
            body(result)
        except FaceGateError as error:
            result.error = str(error)
        result.seconds = time.monotonic() - began
        result.when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        for check in result.checks:
            self.output.note(f"  {'yes' if check.passed else 'NO '}  {check.promise}: {check.seen}")
        if result.error:
            self.output.note(f"  broke off: {result.error}")

    def all(self) -> None:
        """Raises what the preparation raises; scenarios keep theirs to themselves."""
        board = self._prepare()
        with Machine(board) as machine:

            def first(result: Result) -> None:
                shown = first_log_in(machine, PASSWORD)
                result.screens["the console of the first boot"] = machine.console.text
                result.check(
                    "the first password is drawn anew and shown on the console",
                    True,
                    " ".join(shown.split()[:3]) + " …",
                )
                first_boot.prove(bench(), result, after_s=machine.age)

            def bench() -> Bench:
                return Bench(machine)

            self.step("first-boot", first)
            self.step("door", lambda result: door.prove(bench(), result))
            self.step("faults", lambda result: faults.prove(bench(), result))
            machine.power_off()
        say = self.output.note
        said = disks.check_data(board.disk, self.work)
        self.result("first-boot").check("after it: e2fsck finds nothing to repair", True, said)

        def cut_updates(result: Result) -> None:
            sizes = image.update_sizes(self.image)
            update_cuts.prove(board, PASSWORD, sizes, self.args.seed, self.work, result, say)

        def update(result: Result) -> None:
            on = dataclasses.replace(board, cpus=2, own_clock=False, ssh_port=free_port())
            with Machine(on) as machine:
                bench = updates.good(machine, log_in(machine, PASSWORD), PASSWORD, result)
                network.prove(bench, KEPT / image.SSH_KEY, self.work, result)
                updates.bad(machine, bench, PASSWORD, result)
                machine.power_off()

        self.step("update-cuts", cut_updates)
        self.step("updates", update)
        self.step(
            "power-cuts",
            lambda result: power_cuts.prove(
                board, PASSWORD, self.args.cuts, self.args.seed, self.work, result, say
            ),
        )

    def _prepare(self) -> Board:
        """Images, modules and cards. Raises ToolMissing, BuildError."""
        KEPT.mkdir(parents=True, exist_ok=True)
        more: tuple[Path, ...] = ()
        if self.image is None:
            self.output.note("building the image …")
            self.image, more = self._images()
        elif self._with_bundles:
            more = tuple(sorted((KEPT / "bundles").glob("*.bundle")))
            if len(more) != 4:
                for name in WITH_BUNDLES:
                    self.result(name).skipped = "there are no bundles for the image given"
                more = ()
        size = self.image.stat().st_size / 1e6
        promise = f"the image is at most {report.MAX_IMAGE_MB} MB"
        fits = size <= report.MAX_IMAGE_MB
        self.result("first-boot").check(promise, fits, f"{size:.0f} MB")
        self.output.note("kernel modules and films …")
        modules = kernel_modules.build(disks.kernel_release(self.image), KEPT / "modules")
        missing = films.why_missing()
        if missing:
            for name in ("door", "faults"):
                self.result(name).skipped = missing
        disks.bench_disk(self.work / "bench.ext4", modules, None if missing else films.CLIPS, more)
        disks.card(self.image, self.work / "card.img")
        fresh_variables(self.work / "variables.fd")
        log = self.work / "console.log"
        return Board(
            self.work / "card.img",
            self.work / "variables.fd",
            log,
            read_only=(self.work / "bench.ext4",),
        )

    def _images(self) -> tuple[Path, tuple[Path, ...]]:
        """The image under test; with updates asked for, their bundles too."""
        folder = self.work / "sites"
        folder.mkdir()
        public, secret = image.keys(self.work)
        made: dict[str, Path] = {}
        kinds = {"door": 0, "good": 1, "crashing": 2} if self._with_bundles else {"door": 0}
        admin = image.ssh_key(KEPT)
        for kind, newer in kinds.items():
            (folder / kind).mkdir()
            shutil.copy(public, folder / kind)
            file = image.site(
                folder / kind,
                crashing=kind == "crashing",
                ssh_key=None if kind == "door" else admin.with_suffix(".pub"),
            )
            out = KEPT / f"{kind}.img"
            made[kind] = image.build(file, out, newer_by=newer, wheel=self.args.wheel)
        if len(made) == 1:
            return made["door"], ()
        place = KEPT / "bundles"
        place.mkdir(exist_ok=True)
        old = image.bundle(made["door"], secret, place / updates.OLD)
        good = image.bundle(made["good"], secret, place / updates.GOOD)
        crash = image.bundle(made["crashing"], secret, place / updates.CRASHING)
        forged = image.forge(good, place / updates.FORGED)
        return made["door"], (old, good, crash, forged)


def _work(wanted: Path | None) -> Path:
    """An empty folder for cards. In memory where there is room: what flushes need not wait."""
    if wanted is None:
        roomy = MEMORY_DISK.is_dir() and shutil.disk_usage(MEMORY_DISK).free >= NEEDED_BYTES
        wanted = (MEMORY_DISK if roomy else KEPT) / f"boot-test-{os.getpid()}"
    if wanted.exists() and any(wanted.iterdir()):
        raise UsageError(f"--work {wanted}: is not empty")
    wanted.mkdir(parents=True, exist_ok=True)
    return wanted


def _with_earlier(run_: Run, image_sha256: str) -> list[Result]:
    """This run's results; of scenarios not asked for, those of the last run of the same image."""
    path = KEPT / "results.json"
    earlier = from_json(path.read_text(encoding="utf-8"), image_sha256) if path.is_file() else {}
    return [r if run_.wanted(r.name) else earlier.get(r.name, r) for r in run_.results]


def body(words: Sequence[str]) -> int:
    args = _parser().parse_args(words)
    if args.cuts < 1:
        raise UsageError(f"--cuts {args.cuts}: at least 1")
    output = Output(as_json=args.json)
    require_emulator()
    run_ = Run(args, output)
    began = time.monotonic()
    try:
        run_.all()
    finally:
        if (run_.work / "console.log").is_file():
            shutil.copy(run_.work / "console.log", KEPT)
        shutil.rmtree(run_.work, ignore_errors=True)
    about = report.about(run_.image, time.monotonic() - began, datetime.now(UTC))
    results = _with_earlier(run_, about["image SHA-256"])
    with replacing(KEPT / "results.json") as beside:
        beside.write_text(to_json(results, about), encoding="utf-8")
    if args.report is not None:
        report.write(args.report, results, about)
    asked = [r for r in run_.results if run_.wanted(r.name)]
    good = all(r.passed for r in asked)
    output.result(
        {"proved": good, "about": about, "results": [r.name for r in asked if r.passed]},
        lambda c: c.print("all proved" if good else "NOT all proved"),
    )
    return 0 if good else 1


def main(argv: Sequence[str] | None = None) -> int:
    return run(argv, body)


if __name__ == "__main__":
    sys.exit(main())
