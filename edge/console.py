"""What every command a person types shares: arguments, output, and how an error becomes a code.

Results go to standard output, everything said on the way (progress, warnings, errors) to standard
error, so that a result can be piped. With `--json` both are JSON.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from rich.console import Console
from rich.markup import escape

from edge.config import Config, load
from edge.errors import FaceGateError, OutputError, UsageError

AUDIT_FILE = "audit.jsonl"
INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it
TERMINATED = 143  # 128 + SIGTERM

EXIT_CODES = """\
exit codes:
    0  done                              6  enrolment refused, nothing stored
    2  wrong arguments                   8  the audit record cannot be written
    3  the model pack cannot be used     9  a network gave a value that is no number
    4  the camera, film or picture      10  an output file cannot be written
       cannot be read                   78  the configuration file is wrong
    5  the gallery, or a name in it     11  this site cannot be calibrated so
                                       130  interrupted (Ctrl-C); 143 terminated
"""


class _Parser(argparse.ArgumentParser):
    """Raises UsageError where argparse would print and leave."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}\n{self.format_usage().strip()}\n(--help tells more)")


def parser(prog: str, description: str, epilog: str) -> argparse.ArgumentParser:
    """A parser for `python -m PROG`; `epilog` is shown as it is written."""
    return _Parser(
        prog=f"python -m {prog}",
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def add_common(to: argparse.ArgumentParser) -> None:
    """`--state`, `--config` and `--json`. May be added to a parser and to its sub-parsers."""
    # SUPPRESS: a sub-parser's default would otherwise undo what stood before the verb.
    to.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        default=argparse.SUPPRESS,
        help="folder with gallery and audit record (default: state.dir of the configuration)",
    )
    to.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="configuration (default: /etc/face-gate/face-gate.toml if there, else built in)",
    )
    to.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS,
        help="machine-readable results and errors",
    )


def read_config(args: argparse.Namespace) -> Config:
    """The configuration with `--state` laid over it. Raises ConfigError."""
    return load(getattr(args, "config", None), getattr(args, "state", None))


class Output:
    """Where a command speaks. `out` is for results, `err` for all else."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.out = Console(highlight=False, soft_wrap=True)
        self.err = Console(stderr=True, highlight=False, soft_wrap=True)

    @property
    def live(self) -> bool:
        """Whether someone watches: moving displays are for them only."""
        return self.err.is_terminal and not self.as_json

    def result(
        self,
        data: Mapping[str, Any],
        show: Callable[[Console], None],
        to: Console | None = None,
    ) -> None:
        """Print `data` as one JSON object, or let `show` print it for people, on `to` or `out`."""
        if self.as_json:
            print(json_text(data, indent=2))
        else:
            show(self.out if to is None else to)

    def note(self, text: str) -> None:
        """Something said on the way; left out with --json."""
        if not self.as_json:
            self.err.print(escape(text))

    def warn(self, text: str) -> None:
        """Something that the person should know; left out with --json, whose data has a field."""
        if not self.as_json:
            self.err.print(f"[yellow]warning:[/] {escape(text)}")


def finite(value: Any) -> Any:
    """`value` as JSON can hold it: what is not a finite number becomes None."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return value


def json_text(data: Any, indent: int | None = None) -> str:
    """Strict JSON: there is no NaN in it."""
    return json.dumps(finite(data), ensure_ascii=False, allow_nan=False, indent=indent)


def run(argv: Sequence[str] | None, body: Callable[[Sequence[str]], int]) -> int:
    """`body` with the arguments; every error of ours becomes a message and an exit code.

    Other exceptions are defects and pass through with their traceback.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    # Known before the parser ran, because its own errors are to be JSON too.
    as_json = "--json" in words
    if not logging.getLogger().handlers:
        # With --json standard error holds JSON only; what a log would say is in the results.
        level = logging.CRITICAL if as_json else logging.WARNING
        logging.basicConfig(stream=sys.stderr, format="%(message)s", level=level)
    _hush_opencv()
    try:
        with _terminable():
            code = body(words)
            sys.stdout.flush()
            return code
    except FaceGateError as error:
        _tell(error, as_json)
        return error.exit_code
    except KeyboardInterrupt:
        _say_stopped("interrupted", INTERRUPTED, as_json)
        return INTERRUPTED
    except _TerminatedError:
        _say_stopped("terminated", TERMINATED, as_json)
        return TERMINATED
    except BrokenPipeError:
        # The reader of our output has left. Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OutputError.exit_code
    except SystemExit as leaving:  # argparse, after --help
        return leaving.code if isinstance(leaving.code, int) else 0


def _hush_opencv() -> None:
    """What OpenCV would print about a file or device, our errors say."""
    # Read when it is loaded, which not every command does: on a board that takes seconds.
    os.environ["OPENCV_LOG_LEVEL"] = "SILENT"
    cv2 = sys.modules.get("cv2")
    if cv2 is not None:
        # It moved from 4 to 5.
        quiet = getattr(cv2, "setLogLevel", None) or cv2.utils.logging.setLogLevel
        quiet(0)


class _TerminatedError(BaseException):
    """SIGTERM, as an exception: temporary files are removed on the way out."""


@contextmanager
def _terminable() -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise _TerminatedError

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not the main thread, where no signal arrives
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _tell(error: FaceGateError, as_json: bool) -> None:
    if as_json:
        about = {
            "type": type(error).__name__,
            "message": str(error),
            "exit_code": error.exit_code,
            **error.details,
        }
        print(json_text({"error": about}), file=sys.stderr)
    else:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(f"[red]error:[/] {escape(str(error))}")


def _say_stopped(how: str, code: int, as_json: bool) -> None:
    text = f"{how}; nothing was stored or left half written"
    if as_json:
        about = {"type": how.capitalize(), "message": text, "exit_code": code}
        print(json_text({"error": about}), file=sys.stderr)
    else:
        print(text, file=sys.stderr)
