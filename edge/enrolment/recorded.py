"""A change to the gallery and its audit line, in that order that hides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge.audit import Audit
from edge.console import AUDIT_FILE


@contextmanager
def recorded(state: Path, kind: str, **about: Any) -> Iterator[None]:
    """Record `kind` before the block runs: what cannot be recorded does not happen. If the block
    fails, a line `KIND_failed` says so. Raises AuditError."""
    with Audit(state / AUDIT_FILE) as audit:
        audit.append(kind, **about)
        try:
            yield
        except BaseException:
            audit.append(f"{kind}_failed", **about)
            raise
