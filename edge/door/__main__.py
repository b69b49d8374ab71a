"""`python -m edge.door URI` or `--config FILE`: claim a lock secured, then let it go.

For systemd's `ExecStopPost=`: a daemon that was killed in the middle of a pulse cannot relock,
and some GPIO drivers keep the last level after its death.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from edge.door import open_lock
from edge.errors import ConfigError, FaceGateError


def configured_uri(path: Path) -> str | None:
    """`lock.uri` of the configuration in `path`; None if it names no lock.

    Nothing else of the file is looked at: a mistake in another section, which may be what ended
    the daemon, must not keep the lock from being secured. Raises ConfigError.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such configuration file") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    lock = raw.get("lock", {})
    uri = lock.get("uri") if isinstance(lock, dict) else lock
    if uri is not None and not isinstance(uri, str):
        raise ConfigError(f"{path}: lock.uri is text, not {uri!r}")
    return uri


def main(arguments: list[str]) -> int:
    """Secure the one lock named. Returns the process's exit status."""
    try:
        match arguments:
            case ["--config", file]:
                uri = configured_uri(Path(file))
                if uri is None:
                    print(f"face-gate: {file} names no lock; nothing to secure", file=sys.stderr)
                    return 0
            case [uri] if not uri.startswith("-"):
                pass
            case _:
                print("usage: python -m edge.door LOCK_URI | --config FILE", file=sys.stderr)
                return 64  # EX_USAGE
        open_lock(uri).close()
    except FaceGateError as error:
        print(f"face-gate: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
