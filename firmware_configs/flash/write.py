"""bmaptool writes and checks the image against its map; then the card is read back and compared."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from edge.outputs import replacing
from firmware_configs.flash import blocks
from firmware_configs.flash.blocks import Map, Seen
from firmware_configs.flash.errors import FlashFailed
from firmware_configs.image.tools import path_of

CHUNK = 4 << 20
WROTE = re.compile(r"wrote \d+ blocks out of \d+ \((\d+)%\)")

Step = Callable[[str, int], Seen]
"""Told what begins now and of how many bytes; returns whom to tell of each portion."""


def to_file(image: Path, bmap: Path, about: Map, target: Path, step: Step) -> None:
    """Make or replace a plain file, whole or not at all. Raises FlashFailed, OutputError."""
    with replacing(target) as beside:
        _copy(image, bmap, about, beside, step)
        _compare(image, beside, about.size, step)


def to_disk(image: Path, bmap: Path, about: Map, disk: Path, step: Step) -> None:
    """Overwrite a disk. Raises FlashFailed; the disk is then not to be used."""
    try:
        blocks.zero(disk, about.gaps, step("zeroing", about.size - about.mapped))
    except OSError as error:
        raise FlashFailed(f"{disk}: cannot be written: {error.strerror}") from error
    _copy(image, bmap, about, disk, step)
    _compare(image, disk, about.size, step)


def _copy(image: Path, bmap: Path, about: Map, target: Path, step: Step) -> None:
    words = [path_of("bmaptool"), "--debug", "copy", "--bmap", str(bmap), str(image), str(target)]
    seen, told = step("writing", about.mapped), 0
    said: list[str] = []
    null, pipe = subprocess.DEVNULL, subprocess.PIPE
    with subprocess.Popen(words, stdin=null, stdout=null, stderr=pipe, text=True) as running:
        assert running.stderr is not None
        try:
            for line in running.stderr:
                progress = WROTE.search(line)
                if progress is None:
                    said = [*said[-20:], line.strip()]
                    continue
                now = int(progress[1]) * about.mapped // 100
                seen(now - told)
                told = now
        except BaseException:
            running.kill()  # told to stop: it must not write on
            raise
    if running.returncode != 0:
        wrong = [line for line in said if "error" in line.lower()] or said[-3:]
        raise FlashFailed(f"{target}: bmaptool stopped:\n" + "\n".join(wrong))
    seen(about.mapped - told)


def _compare(image: Path, target: Path, size: int, step: Step) -> None:
    """Read all of it from the medium itself, not from memory, and compare with the image."""
    seen = step("verifying", size)
    try:
        with image.open("rb") as left, target.open("rb", buffering=0) as right:
            os.fsync(right.fileno())
            os.posix_fadvise(right.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            at = 0
            while at < size:
                wanted = left.read(min(CHUNK, size - at))
                found = _exactly(right.fileno(), len(wanted))
                if not wanted or wanted != found:
                    raise FlashFailed(
                        f"{target}: reads back differently near byte {at}: the medium is failing, "
                        "or smaller than it says; use another one"
                    )
                at += len(wanted)
                seen(len(wanted))
    except OSError as error:
        if isinstance(error, FlashFailed):
            raise
        raise FlashFailed(f"{target}: cannot be read back: {error.strerror}") from error


def _exactly(handle: int, size: int) -> bytes:
    parts = []
    while size:
        data = os.read(handle, size)
        if not data:
            break
        parts.append(data)
        size -= len(data)
    return b"".join(parts)
