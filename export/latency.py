"""Time of one picture on one thread, two versions taking turns."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

from onnx import ModelProto

from .parity import session
from .ranges import Tensor

WARM_UP = 5
RUNS = 60


@dataclass(frozen=True)
class Latency:
    """Milliseconds, medians and shortest. ratio: median of 8-bit over float, pair by pair.

    Pairs of neighbouring runs share what else the machine does, so the ratio is steadier than
    either time.
    """

    float_ms: float
    float_least_ms: float
    int8_ms: float
    int8_least_ms: float
    ratio: float


def compare(exact: ModelProto, small: ModelProto, value: Tensor, runs: int = RUNS) -> Latency:
    """Both models on `value` in turn, `runs` times each, after a warm-up."""
    sessions = session(exact), session(small)
    times: tuple[list[float], list[float]] = [], []
    for i in range(WARM_UP + runs):
        for network, taken in zip(sessions, times, strict=True):
            start = time.perf_counter()
            network.run(None, {"image": value})
            if i >= WARM_UP:
                taken.append((time.perf_counter() - start) * 1e3)
    exact_ms, small_ms = times
    return Latency(
        statistics.median(exact_ms),
        min(exact_ms),
        statistics.median(small_ms),
        min(small_ms),
        statistics.median(b / a for a, b in zip(exact_ms, small_ms, strict=True)),
    )
