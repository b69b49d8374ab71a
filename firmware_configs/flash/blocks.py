"""Which parts of an image count, as its block map (bmap-tools) says.

A block that the map leaves out was a hole in the image: zeros, by whatever made the file systems.
bmaptool skips it, so a card that was used before would keep its old bytes there, for instance in a
table of the boot partition that is to be empty. Here they are zeroed.
"""

from __future__ import annotations

import fcntl
import os
import struct
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from firmware_configs.flash.errors import FlashFailed

BLKZEROOUT = 0x127F  # linux/fs.h: _IO(0x12, 127), takes start and length
PORTION = 16 << 20

Seen = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Gap:
    """Bytes that the map leaves out."""

    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Map:
    """A block map. size: bytes of the image; gaps: in order."""

    size: int
    gaps: tuple[Gap, ...]

    @property
    def mapped(self) -> int:
        return self.size - sum(gap.size for gap in self.gaps)


def beside(image: Path) -> Path:
    """Where the image's map lies: `x.bmap` or `x.img.bmap` of `x.img`. Raises FlashFailed."""
    names = (image.with_suffix(".bmap"), image.with_name(image.name + ".bmap"))
    for path in names:
        if path.is_file():
            return path
    raise FlashFailed(
        f"{names[0]}: there is no block map; `bmaptool create -o {names[0]} {image}` makes one"
    )


def read(path: Path, image: Path) -> Map:
    """Raises FlashFailed if the map is unreadable or of another image's size."""
    try:
        tree = ElementTree.parse(path).getroot()
        size, block = (int(tree.findtext(name) or "") for name in ("ImageSize", "BlockSize"))
        ranges = [_range(one.text or "") for one in tree.iterfind("BlockMap/Range")]
    except (OSError, ValueError, ElementTree.ParseError) as error:
        raise FlashFailed(f"{path}: not a block map: {error}") from error
    there = image.stat().st_size
    if size != there:
        raise FlashFailed(f"{path}: is of an image of {size} bytes; {image} has {there}")
    return Map(size, tuple(_gaps(ranges, block, size)))


def _range(text: str) -> tuple[int, int]:
    first, _, last = text.strip().partition("-")
    return int(first), int(last or first)


def _gaps(ranges: list[tuple[int, int]], block: int, size: int) -> Iterator[Gap]:
    at = 0
    for first, last in sorted(ranges):
        if first * block > at:
            yield Gap(at, first * block - at)
        at = min((last + 1) * block, size)
    if at < size:
        yield Gap(at, size - at)


def zero(device: Path, gaps: tuple[Gap, ...], seen: Seen) -> None:
    """Zero those bytes of a block device, by its own means where it has any. Raises OSError."""
    handle = os.open(device, os.O_WRONLY | os.O_EXCL | os.O_CLOEXEC)
    try:
        for gap in gaps:
            for start in range(gap.start, gap.start + gap.size, PORTION):
                size = min(PORTION, gap.start + gap.size - start)
                fcntl.ioctl(handle, BLKZEROOUT, struct.pack("QQ", start, size))
                seen(size)
        os.fsync(handle)
    finally:
        os.close(handle)
