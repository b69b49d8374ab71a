"""What the training commands share: arguments of the plan, and how an error becomes a code."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from edge.errors import FaceGateError
from training.plan import PRECISIONS, Plan
from training.regime import Restarts

EXIT_CODES = """\
exit codes:
    0  done
    2  wrong arguments
    3  a data set, picture, checkpoint or pack cannot be used
    9  the loss is no longer a number
   10  an output file cannot be written
  130  interrupted (Ctrl-C); the last checkpoint stays, --resume goes on
"""


def add_plan_arguments(
    parser: argparse.ArgumentParser,
    *,
    epochs: int,
    batch: int,
    lr: float,
    without: Sequence[str] = (),
    **defaults: object,
) -> None:
    """Options of `Plan`; keyword arguments set this training's defaults.

    without: options that this training has no use for, and does not take.
    """
    base = Plan(out=Path(), epochs=epochs, batch=batch, lr=lr, **defaults)  # type: ignore[arg-type]
    group = parser.add_argument_group("plan")

    def add(option: str, **about: Any) -> None:
        name = option.removeprefix("--").replace("-", "_")
        if name in without:
            parser.set_defaults(**{name: getattr(base, name)})
        else:
            group.add_argument(option, **about)

    add("--out", type=Path, required=True, metavar="DIR", help="folder of the run")
    add("--resume", action="store_true", help="go on with the run in --out")
    add("--epochs", type=int, default=base.epochs, help="default %(default)s")
    add("--batch", type=int, default=base.batch, help="samples a step (default %(default)s)")
    add(
        "--accumulate",
        type=int,
        default=base.accumulate,
        metavar="N",
        help="move the weights every N steps (default %(default)s)",
    )
    add("--lr", type=float, default=base.lr, help="highest learning rate (default %(default)s)")
    add("--weight-decay", type=float, default=base.weight_decay, help="default %(default)s")
    add("--warmup", type=float, default=base.warmup, help="share of steps (default %(default)s)")
    add(
        "--clip", type=float, default=base.clip, help="gradient norm, 0: none (default %(default)s)"
    )
    add(
        "--ema",
        type=float,
        default=base.ema,
        help="decay of averaged weights (default %(default)s)",
    )
    add("--precision", choices=PRECISIONS, default=base.precision, help="default %(default)s")
    add("--seed", type=int, default=base.seed, help="default %(default)s")
    add(
        "--patience",
        type=int,
        default=base.patience,
        metavar="N",
        help="stop after N epochs without a better score; 0: never (default %(default)s)",
    )
    add("--workers", type=int, default=base.workers, help="loader processes (default %(default)s)")
    add("--checkpoint-s", type=float, default=base.checkpoint_s, help=argparse.SUPPRESS)


def add_restart_arguments(
    parser: argparse.ArgumentParser, *, batch: int, lr: float, cycles: int = 5, epochs: int = 50
) -> None:
    """Options of `Plan` and `Restarts`: SGD, a cosine in each cycle, no other average."""
    add_plan_arguments(
        parser,
        epochs=cycles * epochs,
        batch=batch,
        lr=lr,
        ema=0.0,
        without=("epochs", "warmup", "ema"),
    )
    group = parser.add_argument_group("warm restarts")
    add = group.add_argument
    add("--cycle-num", type=int, default=cycles, help="cycles (default %(default)s)")
    add("--cycle-inter", type=int, default=epochs, help="epochs of each (default %(default)s)")
    add("--momentum", type=float, default=Restarts.momentum, help="default %(default)s")
    add(
        "--least-lr",
        type=float,
        default=Restarts.least,
        help="learning rate at the end of a cycle (default %(default)s)",
    )


def restarts_from(args: argparse.Namespace) -> tuple[Plan, Restarts]:
    """What the arguments of `add_restart_arguments` describe. Raises UsageError."""
    regime = Restarts(args.cycle_num, args.cycle_inter, args.momentum, args.least_lr)
    args.epochs = regime.cycles * regime.epochs
    return plan_from(args), regime


def plan_from(args: argparse.Namespace) -> Plan:
    """The plan that the arguments describe. Raises UsageError."""
    return Plan(**{name: getattr(args, name) for name in Plan.__dataclass_fields__})


def run(main: Callable[[], int]) -> int:
    """Calls a command's body and turns our errors into their exit codes, in one line."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console(stderr=True)
    try:
        return main()
    except FaceGateError as error:
        console.print(f"error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        return error.exit_code
    except KeyboardInterrupt:
        console.print("interrupted")
        return 130


def parser(prog: str, description: str, epilog: str) -> argparse.ArgumentParser:
    """A parser whose epilog is shown as it is written."""
    return argparse.ArgumentParser(
        prog=f"python -m {prog}",
        description=description,
        epilog=f"{epilog}\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def verbs(package: str, heading: str, table: Mapping[str, str], argv: Sequence[str] | None) -> int:
    """Command line of a package with verbs; returns the exit code. Raises FaceGateError.

    table: what each verb does, by name. A verb is a module of the package (`-` written `_`) with
    `EXAMPLES`, `add_arguments(parser)` and `run(args) -> int`.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    whole = parser(package, heading, "")
    places = whole.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, what in table.items():
        if words[:1] != [verb]:
            places.add_parser(verb, help=what)
            continue
        # Only the verb that is wanted: evaluation needs none of what training loads.
        module = importlib.import_module(f"{package}.{verb.replace('-', '_')}")
        own = places.add_parser(
            verb,
            help=what,
            description=module.__doc__,
            epilog=f"{module.EXAMPLES}\n{EXIT_CODES}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.add_arguments(own)
        own.set_defaults(run=module.run)
    args = whole.parse_args(words)
    code: int = args.run(args)
    return code


def leave(main: Callable[[], int]) -> None:
    """For `if __name__ == "__main__"`: ends the process with the code of `run(main)`."""
    sys.exit(run(main))
