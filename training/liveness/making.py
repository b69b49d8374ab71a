"""Makes presentations and writes their pictures, in several processes."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import NamedTuple

import cv2
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from edge import packs
from edge.errors import OutputError
from edge.packs import Pack
from training.errors import DataError
from training.liveness import samples
from training.liveness.presentations import Maker, found
from training.liveness.samples import Sample

QUALITY = 95


class Job(NamedTuple):
    """A presentation to be made. frames: 0 for a still."""

    label: str
    number: int
    frames: int


class _Worker:
    """What a worker process works with."""

    maker: Maker
    pack: Pack
    folder: Path
    fps: float


def _start(maker: Maker, pack: str, folder: Path, fps: float) -> None:
    cv2.setNumThreads(1)
    _Worker.maker, _Worker.folder, _Worker.fps = maker, folder, fps
    _Worker.pack = packs.load(pack)


def _make(job: Job) -> tuple[list[Sample], int]:
    """Writes the pictures of a presentation; its samples, and how many frames showed no face."""
    maker, folder = _Worker.maker, _Worker.folder
    if job.frames:
        made = maker.film(job.label, job.number, job.frames, _Worker.fps)
        film = f"{job.label}-{job.number:04d}"
    else:
        made, film = maker.still(job.label, job.number), ""
    kept, missed = [], 0
    for place, presented in enumerate(made.frames):
        box = found(_Worker.pack, presented)
        if box is None:
            missed += 1
            continue
        name = f"film{job.number:04d}-{place:03d}.jpg" if film else f"{job.number:06d}.jpg"
        path = folder / "pictures" / job.label / name
        if not cv2.imwrite(str(path), presented.image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY]):
            raise OutputError(f"{path}: cannot be written")
        if presented.medium is not None:
            samples.write_medium(path, presented.medium)
        kept.append(Sample(path, job.label, made.person, box, film, maker.range, made.parameters))
    return kept, missed


def all_of(
    jobs: Sequence[Job],
    maker: Maker,
    pack: str,
    folder: Path,
    *,
    fps: float,
    workers: int,
    console: Console,
) -> tuple[list[Sample], Counter[str]]:
    """Writes the pictures of all jobs into folder/pictures/LABEL, which must be there.

    The samples, in the order of the jobs, and of each label how many frames showed no face that the
    pack's detector finds. Raises DataError, OutputError, PackError.
    """
    kept: list[Sample] = []
    missed: Counter[str] = Counter()
    bar = Progress(
        TextColumn("generating"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    # Not forked: OpenCV's threads do not come along, and what waits for them waits for ever.
    pool = ProcessPoolExecutor(
        workers,
        multiprocessing.get_context("spawn"),
        _start,
        (maker, pack, folder, fps),
    )
    try:
        results: Iterator[tuple[list[Sample], int]] = pool.map(_make, jobs, chunksize=4)
        with bar:
            task = bar.add_task("", total=len(jobs))
            for job, (some, none) in zip(jobs, results, strict=True):
                kept += some
                missed[job.label] += none
                bar.advance(task)
    except BrokenProcessPool as error:
        raise DataError(
            f"--workers {workers}: a worker process ended by itself; where memory is short, "
            "fewer of them may do"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return kept, missed
