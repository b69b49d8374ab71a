"""All entries of the zoo, by name."""

from __future__ import annotations

from collections.abc import Mapping

from edge.errors import UsageError

from .entry import Entry
from .models import insightface, minifasnet, mobilefacenet, opencv

ENTRIES: Mapping[str, Entry] = {
    entry.name: entry
    for entry in (
        mobilefacenet.MS1M,
        opencv.YUNET,
        opencv.YUNET_SFACE,
        minifasnet.V2,
        minifasnet.V1SE,
        insightface.BUFFALO_S,
    )
}


def entry(name: str) -> Entry:
    """The entry of this name. Raises UsageError, which lists the names."""
    if name not in ENTRIES:
        raise UsageError(f"the zoo has no {name!r}; it has {', '.join(ENTRIES)}")
    return ENTRIES[name]
