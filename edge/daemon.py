"""The service: camera to lock, until SIGTERM. `python -m edge.daemon --config face-gate.toml`

What it does while running is in `edge.service`; here are arguments, signals and the log.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from edge import __version__
from edge.config import load
from edge.errors import FaceGateError
from edge.service import Service
from edge.service_threads import fields

log = logging.getLogger("face-gate")

EPILOG = """\
signals:
  TERM, INT  secure the lock and stop
  HUP        read the configuration, pack and gallery again (an error keeps the old ones)

exit codes:
  0 stopped as told   2 usage   3 pack   4 camera   5 gallery   7 lock   8 audit record
  9 a network failed  78 configuration

examples:
  python -m edge.daemon --config face-gate.toml
  python -m edge.daemon --config face-gate.toml --state ./state     # somewhere writable
  sudo systemctl start face-gate && journalctl -fu face-gate
"""


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(
        prog="python -m edge.daemon",
        description="Watch the camera and open the lock for enrolled, living faces.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("--config", type=Path, metavar="FILE", help="face-gate.toml")
    p.add_argument("--state", type=Path, metavar="DIR", help="gallery and audit record")
    p.add_argument("--version", action="version", version=__version__)
    return p


def main(argv: Sequence[str] | None = None) -> int:
    """Run the service; returns the exit code."""
    args = parser().parse_args(argv)
    # The journal stamps time and unit itself; what is left is level and message.
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(message)s", level=logging.INFO)
    try:
        config = load(args.config, args.state)
        logging.getLogger().setLevel(config.log.level.upper())
        service = Service(config)
    except FaceGateError as error:
        log.critical("not started, door locked: %s", error)
        return error.exit_code

    def hang_up(_signal: int, _frame: object) -> None:
        try:
            service.reload(load(args.config, args.state))
        except FaceGateError as error:
            log.error("reload refused, the old configuration stays %s", fields(error=str(error)))

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.stop())
    signal.signal(signal.SIGHUP, hang_up)
    try:
        service.run()
    except FaceGateError as error:
        log.critical("stopped, door secured: %s", error)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
