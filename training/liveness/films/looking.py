"""Attack films through the networks, in worker processes: frames in, observations out."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

import cv2

from edge import packs
from edge.cameras import Frame
from edge.config import Config
from edge.faces.analyzer import Analyzer
from edge.faces.observation import Observation
from training.errors import DataError
from training.liveness.films.attacks import Attack, make


@dataclass(frozen=True, eq=False)
class Seen:
    """An attack, what was drawn for it, and what the networks say of each frame."""

    attack: Attack
    parameters: dict[str, Any]
    observations: tuple[Observation, ...]


def see(analyzer: Analyzer, attack: Attack) -> Seen:
    """Makes the film and looks at it. Raises PackError, NumericError."""
    images, parameters = make(attack)
    seen = [analyzer.observe(Frame(image, i / attack.fps, i)) for i, image in enumerate(images)]
    return Seen(attack, parameters, tuple(seen))


_analyzer: Analyzer | None = None


def _start(pack: str, config: Config) -> None:
    global _analyzer
    cv2.setNumThreads(1)
    _analyzer = Analyzer(packs.load(pack), config)


def _see(attack: Attack) -> Seen:
    assert _analyzer is not None
    return see(_analyzer, attack)


def see_all(pack: str, config: Config, attacks: Sequence[Attack], workers: int) -> Iterator[Seen]:
    """In their order. workers: processes; 0 works in this one.

    Raises DataError when a worker dies, PackError, NumericError.
    """
    if workers == 0:
        analyzer = Analyzer(packs.load(pack), config)
        yield from (see(analyzer, attack) for attack in attacks)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, _start, (pack, config))
    try:
        yield from pool.map(_see, attacks)
    except BrokenProcessPool as error:
        raise DataError(
            f"--workers {workers}: a worker process ended by itself; where memory is short, "
            "fewer of them or 0 may do"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)  # after an error nobody waits for the rest
