"""How fast one thread reads memory in order: NumPy's quickest ways through a block of bytes.

Which one is quickest depends on the processor, so all are timed and the best counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from bench.timing import Timed

PREFIX = "read: "
"""What the names of these calls begin with, among others that are timed."""


def readers(size: int) -> dict[str, Callable[[], object]]:
    """Calls that read `size` bytes once, by name; `size` is a multiple of 2048."""
    # Written to: pages that never were are one page of zeros, which a cache holds.
    floats = np.ones(size // 4, np.float32)
    data, words = floats.view(np.int8), floats.view(np.int64)
    rows, ones = floats.reshape(-1, 512), np.ones(512, np.float32)
    return {
        f"{PREFIX}maximum of bytes": data.max,
        f"{PREFIX}or of words": lambda: np.bitwise_or.reduce(words),
        f"{PREFIX}square of floats": lambda: np.dot(floats, floats),
        f"{PREFIX}rows by a vector": lambda: rows @ ones,
    }


def bytes_per_second(timed: Mapping[str, Timed], size: int) -> float:
    """Of the quickest of these calls, out of all that were timed."""
    quickest = min(t.median for name, t in timed.items() if name.startswith(PREFIX))
    return size / (quickest * 1e-6)
