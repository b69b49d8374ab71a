"""The networks of an entry, fetched and on their way into a pack."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from ..ours import Net
from . import standard
from .entry import Entry, Published
from .fetch import obtain


@dataclass(frozen=True, eq=False)
class Fetched:
    """A network and the published file that it is of. sha256: of that file's ONNX part."""

    net: Net
    file: Published
    sha256: str


def fetched(entry: Entry, mirror: str | None, console: Console) -> list[Fetched]:
    """Raises DownloadError, ExportError, UsageError."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    found = []
    with Progress(*columns, TransferSpeedColumn(), console=console, transient=True) as progress:
        for network in entry.networks:
            first = network.files[0]
            bar = progress.add_task(first.name, total=first.size)
            data, file = obtain(
                network,
                mirror,
                lambda n, bar=bar: progress.advance(bar, n),  # type: ignore[misc]
            )
            digest = hashlib.sha256(data).hexdigest()
            about = {
                "licence": entry.licence,
                "source": f"{entry.page}, {file.member or file.name}, SHA-256 {digest}; converted",
            }
            if entry.commercial_use is not None:
                about["commercial_use"] = entry.commercial_use
            net = standard.net(data, network, file.name, about)
            found.append(Fetched(net, file, digest))
    return found
