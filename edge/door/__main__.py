"""`python -m edge.door URI`: claim a lock secured, then let it go.

For systemd's `ExecStopPost=`: a daemon that was killed in the middle of a pulse cannot relock,
and some GPIO drivers keep the last level after its death.
"""

from __future__ import annotations

import sys

from edge.door import open_lock
from edge.errors import FaceGateError


def main(arguments: list[str]) -> int:
    """Secure the one lock named. Returns the process's exit status."""
    if len(arguments) != 1:
        print("usage: python -m edge.door LOCK_URI", file=sys.stderr)
        return 64  # EX_USAGE
    try:
        open_lock(arguments[0]).close()
    except FaceGateError as error:
        print(f"face-gate: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
