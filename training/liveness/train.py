"""Trains the door's liveness network on lists of presentations.

Half of what it is shown is live; the attack instruments share the other half equally. The epoch
with the lowest mean APCER on the people held back is kept, at the bound where 1 % of their living
faces are refused. `--leave-out` keeps instruments from the training, to measure what the network
makes of an attack that it has never seen: the validation leaves them out too.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import torch
from rich.console import Console

from edge.errors import UsageError
from training import checkpoint, cli
from training.errors import CheckpointError
from training.liveness import crops, samples
from training.liveness.dataset import Presentations
from training.liveness.model import Design
from training.liveness.samples import LIVE, Sample
from training.liveness.store import Store
from training.liveness.task import LiveTask
from training.loop import fit

WIDEST = 10.0
"""Face sizes: of a frame 640 wide all, around a face of 64 pixels."""
LEAST = 32
"""Pixels of a crop's side: less leaves nothing to halve."""

EXAMPLES = """\
examples:
  python -m training.liveness train --list attacks/list.csv --held held/list.csv \\
      --precision bf16-mixed --out runs/live
  # what would it make of attacks that it does not know?
  python -m training.liveness train --list attacks/list.csv --held held/list.csv \\
      --leave-out print phone --out runs/without-print-phone
  # small crops first
  python -m training.liveness train --list attacks/list.csv --held held/list.csv \\
      --size 48 --epochs 20 --out runs/small
  python -m training.liveness train --list attacks/list.csv --held held/list.csv \\
      --start runs/small/best.ckpt --size 72 --epochs 8 --out runs/full
  # with another network's opinion
  python -m training.liveness train --list attacks/list.csv --held held/list.csv \\
      --teacher minifasnet_v2_2.7_80x80.onnx minifasnet_v1se_4.0_80x80.onnx --out runs/taught
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    group = parser.add_argument_group("data")
    add = group.add_argument
    add(
        "--list",
        action="append",
        required=True,
        type=Path,
        metavar="LIST",
        help="presentations (training.liveness generate makes such lists); may be repeated",
    )
    add(
        "--held",
        action="append",
        required=True,
        type=Path,
        metavar="LIST",
        help="... of other people, by which the best epoch is chosen; may be repeated",
    )
    add("--leave-out", nargs="+", default=[], metavar="INSTRUMENT", help="not to train on")
    add(
        "--share",
        nargs="+",
        default=[],
        metavar="INSTRUMENT=N",
        help="shown N times as often as an instrument that is not named: what is hard to tell "
        "needs more practice",
    )
    add("--cache", type=Path, metavar="DIR", help="where cut crops are kept (default: --out)")
    add("--strength", type=float, default=0.5, help="of light, lens, coder (default %(default)s)")
    group = parser.add_argument_group("network")
    group.add_argument("--start", type=Path, metavar="CKPT", help="weights to begin with")
    group.add_argument(
        "--size",
        type=int,
        metavar="PIXELS",
        help=f"side of each crop, a multiple of 8 (default: what --start has, or {crops.SIZE});"
        " small ones first, and then --start with the full size, is a shorter way to the same",
    )
    group.add_argument(
        "--scales",
        nargs="+",
        type=float,
        metavar="FACES",
        help="sides of the crops in face sizes, rising; as many as --start has, if that is given "
        f"(default: what --start has, or {' '.join(map(str, crops.SCALES))})",
    )
    group.add_argument(
        "--teacher", nargs="+", type=Path, default=[], metavar="ONNX", help="MiniFASNet files"
    )
    group = parser.add_argument_group("losses, beside the answer's")
    add = group.add_argument
    add("--surface", type=float, default=0.7, help="of the surface's answer (default %(default)s)")
    add("--fourier", type=float, default=0.5, help="of the spectrum (default %(default)s)")
    add("--alone", type=float, default=0.3, help="of each crop alone (default %(default)s)")
    add("--medium", type=float, default=0.5, help="of where the medium is (default %(default)s)")
    add("--taught", type=float, default=0.3, help="of the teacher's (default %(default)s)")
    cli.add_plan_arguments(parser, epochs=12, batch=64, lr=2e-3, weight_decay=0.01, ema=0.998)


def listed(lists: Sequence[Path]) -> list[Sample]:
    """The samples of all lists. Raises DataError."""
    return [sample for path in lists for sample in samples.read(path)]


def _shares(given: Sequence[str], known: set[str]) -> dict[str, float]:
    """Raises UsageError."""
    made = {}
    for word in given:
        name, _, number = word.partition("=")
        try:
            made[name] = float(number)
        except ValueError:
            raise UsageError(f"--share takes INSTRUMENT=N, not {word!r}") from None
        if name not in known:
            raise UsageError(f"--share: no {name!r} is trained on; {', '.join(sorted(known))} are")
        if not 0 < made[name] < float("inf"):
            raise UsageError(f"--share {word}: a share must be above 0")
    return made


def _scales(given: Sequence[float], design: Design, start: Path | None) -> tuple[float, ...]:
    """Raises UsageError."""
    told = " ".join(f"{v:g}" for v in given)
    if list(given) != sorted(set(given)) or given[0] < 1 or given[-1] > WIDEST:
        raise UsageError(f"--scales {told}: rising numbers from 1 to {WIDEST:g} are needed")
    if start is not None and len(given) != len(design.scales):
        raise UsageError(f"--scales {told}: --start {start} has {len(design.scales)} crops")
    return tuple(given)


def run(args: argparse.Namespace) -> int:
    """Runs the verb; returns the exit code."""
    console = Console(stderr=True)
    plan = cli.plan_from(args)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    train, held = listed(args.list), listed(args.held)
    known = {s.label for s in train} - {LIVE}
    if unknown := sorted(set(args.leave_out) - known):
        raise UsageError(
            f"--leave-out: no {unknown[0]!r} in the lists; they have {', '.join(sorted(known))}"
        )
    shares = _shares(args.share, known - set(args.leave_out))
    held = [s for s in held if s.label not in args.leave_out]
    if people := {s.person for s in train} & {s.person for s in held}:
        raise UsageError(f"{sorted(people)[0]} is in the training and held back from it as well")
    design, weights = Design(), None
    if args.start is not None:
        description, weights = checkpoint.load(args.start)
        design = Design.of(description)
    if args.size is not None:
        if args.size < LEAST or args.size % 8:
            raise UsageError(f"--size: a multiple of 8 from {LEAST} up, not {args.size}")
        design = replace(design, size=args.size)
    if args.scales is not None:
        design = replace(design, scales=_scales(args.scales, design, args.start))
    said = None
    if args.teacher:
        from training.liveness import teacher

        said = teacher.scores(args.teacher, train, plan.out / "teacher.npy", console)
    torch.manual_seed(plan.seed)
    store = Store.of(train, design.spec, args.cache or plan.out, console)
    data = Presentations(
        store,
        plan.seed,
        strength=args.strength,
        teacher=said,
        leave_out=args.leave_out,
        shares=shares,
    )
    task = LiveTask(
        design,
        data,
        held,
        surface=args.surface,
        fourier=args.fourier,
        alone=args.alone,
        taught=args.taught if args.teacher else 0.0,
        medium=args.medium,
    )
    if weights is not None:
        try:
            task.module.load_state_dict(weights)
        except RuntimeError as error:
            raise CheckpointError(f"--start: weights of another network: {error}") from error
    shown = [train[i] for i in data.chosen]
    for name, part in (("training", shown), ("held back", held)):
        count = Counter(s.label for s in part)
        told = ", ".join(f"{n} {label}" for label, n in count.most_common())
        console.print(f"{name}: {told}", markup=False, soft_wrap=True)
    result = fit(task, plan, resume=args.resume)
    console.print(f"lowest cost {result.best_score:.4f} in epoch {result.best_epoch + 1}")
    return 0
