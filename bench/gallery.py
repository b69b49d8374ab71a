"""Finding the best row of a gallery: native.Index against NumPy and the libraries made for it.

    pip install -e '.[bench]'
    python -m bench.gallery                                  # up to 100,000 rows
    python -m bench.gallery --largest 1000000 --plot docs/gallery.png --json
    FACEGATE_KERNELS=avx2 python -m bench.gallery            # another variant of ours

One thread each, the same vectors and probes, calls in turn in one process, medians; each timed call
follows three that are not, except where no cache holds the data anyway. Vectors lie in clusters, as
people's do; half of the probes are of somebody in the gallery, half of nobody. Answers are compared
with float64: `exact` is the share of probes whose best row is right, `first 5` that of ours whose
best five are. `of it` is how much of the bandwidth of reading the scan of our 8-bit copies reaches;
reading is timed in turn with the rest (bench/reading.py).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

for _library in ("OPENBLAS", "OMP", "MKL"):  # before NumPy is loaded: one thread for everybody
    os.environ[f"{_library}_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.progress import track  # noqa: E402
from rich.table import Table  # noqa: E402

import native  # noqa: E402
from bench.reading import bytes_per_second, readers  # noqa: E402
from bench.timing import Timed, interleaved  # noqa: E402

DIM = 512
IN_CACHE = 10_000
"""Rows whose copies a cache may hold."""
OURS = "native.Index"
PEERS = {"faiss": "faiss-cpu", "usearch": "usearch", "numkong": "numkong"}
Vectors = NDArray[np.float32]
Search = Callable[..., NDArray[np.int64]]  # probes (B, D) -> the best row of each, (B,)


@dataclass(frozen=True, slots=True)
class Result:
    """One way to search, for one number of rows and probes."""

    way: str
    rows: int
    probes: int
    time: Timed
    exact: float
    exact_five: float | None = None  # ours only
    bandwidth: float | None = None  # bytes per second of reading, where no cache holds the copies
    of_bandwidth: float | None = None  # and the share of it that our scan reaches


def unit(vectors: NDArray[np.floating]) -> Vectors:
    """Rows scaled to length 1."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def people(rows: int, seed: int = 0) -> tuple[Vectors, Vectors]:
    """Vectors (rows, DIM) of length 1 in clusters of ten, and 40 probes, every other of nobody."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((-(-rows // 10), DIM), np.float32)
    vectors = np.empty((rows, DIM), np.float32)
    for start in range(0, rows, 100_000):  # a million at once would need twice the memory
        who = np.arange(start, min(start + 100_000, rows)) // 10
        noise = random.standard_normal((len(who), DIM), np.float32)
        vectors[start : start + len(who)] = unit(centres[who] + 0.7 * noise)
    probes = random.standard_normal((40, DIM), np.float32)
    probes[::2] = 0.7 * probes[::2] + centres[random.integers(0, len(centres), 20)]
    return vectors, unit(probes)


def ours(vectors: Vectors) -> Search:
    index = native.Index(DIM, "bench")
    index.add(vectors, np.arange(len(vectors)))

    def search(probes: Vectors, first: int = 0) -> NDArray[np.int64]:
        """The best row of each probe, or the best `first`, (B, first)."""
        return index.search(probes, first)[0] if first else index.search(probes, 1)[0][:, 0]

    return search


def numpy_product(vectors: Vectors) -> Search:
    def search(probes: Vectors) -> NDArray[np.int64]:
        if len(probes) == 1:  # a matrix by a vector is faster than by a matrix of one row
            return np.array([(vectors @ probes[0]).argmax()])
        return (probes @ vectors.T).argmax(axis=1)

    return search


def faiss_flat(vectors: Vectors) -> Search:
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatIP(DIM)
    index.add(vectors)
    return lambda probes: index.search(probes, 1)[1][:, 0]


def usearch_exact(vectors: Vectors) -> Search:
    from usearch.index import MetricKind, search

    def run(probes: Vectors) -> NDArray[np.int64]:
        found = search(vectors, probes, 1, MetricKind.IP, exact=True, threads=1)
        return np.asarray(found.keys, np.int64).reshape(-1)

    return run


def numkong_bytes(vectors: Vectors) -> Search:
    """Packed 8-bit rows, one scale for all: fast, and not exact."""
    import numkong

    top = np.abs(vectors).max()
    packed = numkong.dots_pack(np.rint(vectors * (127 / top)).astype(np.int8), dtype="int8")

    def search(probes: Vectors) -> NDArray[np.int64]:
        bytes_ = np.rint(probes * (127 / np.abs(probes).max())).astype(np.int8)
        return np.asarray(numkong.dots_packed(bytes_, packed)).argmax(axis=1)

    return search


WAYS: dict[str, Callable[[Vectors], Search]] = {
    OURS: ours,
    "numpy": numpy_product,
    "faiss": faiss_flat,
    "usearch": usearch_exact,
    "numkong": numkong_bytes,
}


def truth(vectors: Vectors, probes: Vectors, k: int = 5) -> NDArray[np.int64]:
    """The best k rows of each probe in float64, (B, k), best first."""
    best = np.full((len(probes), k), -np.inf)
    rows = np.zeros((len(probes), k), np.int64)
    wide = probes.astype(np.float64)
    for start in range(0, len(vectors), 50_000):
        part = vectors[start : start + 50_000].astype(np.float64)
        scores = np.hstack([best, wide @ (part / np.linalg.norm(part, axis=1)[:, None]).T])
        at = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        best = np.take_along_axis(scores, at, axis=1)
        rows = np.where(at < k, np.take_along_axis(rows, at % k, axis=1), start + at - k)
    return rows


def measure(
    rows: int, ways: list[str], seconds: float, batches: tuple[int, ...] = (1, 20)
) -> list[Result]:
    """All ways on the same gallery of `rows`; `seconds` for each number of probes."""
    vectors, probes = people(rows)
    right = truth(vectors, probes)
    searches = {way: WAYS[way](vectors) for way in ways}
    exact = {w: float(np.mean(search(probes) == right[:, 0])) for w, search in searches.items()}
    five = float(np.mean(np.all(searches[OURS](probes, 5) == right, axis=1)))
    copies = -(-rows // 16) * (128 + 16 * DIM)  # bytes that our scan reads
    reading = readers(copies // 2048 * 2048) if rows > IN_CACHE else {}
    results = []
    for batch in batches:
        # Genuine and impostor probes in turn, as a new one comes each time at a door too.
        turns = {way: iter_batches(probes, batch) for way in ways}
        calls = {w: (lambda s=searches[w], t=turns[w]: s(next(t))) for w in ways}
        timed = interleaved({**calls, **reading}, seconds, warm=0 if reading else 3)
        for way in ways:
            result = Result(way, rows, batch, timed[way], exact[way])
            if way == OURS:
                result = replace(result, exact_five=five)
                if reading:
                    read = bytes_per_second(timed, copies)
                    share = copies / (timed[way].median * 1e-6) / read
                    result = replace(result, bandwidth=read, of_bandwidth=share)
            results.append(result)
    return results


def iter_batches(probes: Vectors, batch: int) -> Iterator[Vectors]:
    """Slices of `batch` probes, round and round."""
    starts = range(0, len(probes) - batch + 1, batch)
    while True:
        for start in starts:
            yield probes[start : start + batch]


def table(results: list[Result]) -> Table:
    """Times, and how many times as long as ours each takes."""
    shown = Table(title=f"best of N x {DIM}, one thread, {native.dispatch()['index']}")
    for name in (
        "rows",
        "probes",
        "way",
        "µs",
        "quartiles",
        "times ours",
        "exact",
        "first 5",
        "of it",
    ):
        shown.add_column(name, justify="left" if name == "way" else "right", no_wrap=True)
    reference = {(r.rows, r.probes): r.time.median for r in results if r.way == OURS}
    for r in results:
        shown.add_row(
            f"{r.rows:,}",
            str(r.probes),
            r.way,
            f"{r.time.median:,.1f}",
            f"{r.time.low:,.1f}–{r.time.high:,.1f}",
            f"{r.time.median / reference[r.rows, r.probes]:.2f}",
            f"{r.exact:.3f}",
            "" if r.exact_five is None else f"{r.exact_five:.3f}",
            "" if r.of_bandwidth is None else f"{r.of_bandwidth:.2f}",
        )
    return shown


def plot(results: list[Result], path: Path) -> None:
    """Median time against rows, both logarithmic, one panel for each number of probes."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    batches = sorted({r.probes for r in results})
    figure, axes = pyplot.subplots(1, len(batches), figsize=(5 * len(batches), 4), squeeze=False)
    for axis, batch in zip(axes[0], batches, strict=True):
        for way in dict.fromkeys(r.way for r in results):
            mine = [r for r in results if r.way == way and r.probes == batch]
            axis.loglog([r.rows for r in mine], [r.time.median for r in mine], "o-", label=way)
        axis.set(title=f"{batch} probe{'s' * (batch > 1)}", xlabel="rows", ylabel="µs")
        axis.grid(True, which="both", alpha=0.3)
        axis.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--largest", type=int, default=100_000, help="rows, 100 to 1,000,000")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each size and batch")
    parser.add_argument("--plot", type=Path, help="a PNG of time against rows")
    parser.add_argument("--json", action="store_true", help="for machines, on stdout")
    options = parser.parse_args(arguments)
    if not 100 <= options.largest <= 1_000_000:
        parser.error(f"--largest: need 100 to 1,000,000, got {options.largest}")
    console = Console(stderr=True)
    missing = [name for name in PEERS if importlib.util.find_spec(name) is None]
    for name in missing:
        console.print(f"left out, not installed: {PEERS[name]}")
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        if name in os.environ:
            console.print(f"{name} is set, which may slow NumPy down")
    sizes = [n for n in (100, 1000, 10_000, 100_000, 1_000_000) if n <= options.largest]
    results = []
    for rows in track(sizes, description="rows", console=console):
        ways = [way for way in WAYS if way not in missing]
        results += measure(rows, ways, options.seconds)
    if options.plot:
        plot(results, options.plot)
    if options.json:
        kernels = native.dispatch()
        each = [asdict(r) for r in results]
        print(json.dumps({"kernels": kernels, "results": each}))
    else:
        out = Console()
        out.width = max(out.width, 120)  # a table cut to a narrow pipe says nothing
        out.print(table(results))
        for r in results:
            if r.bandwidth is not None:
                rate = f"{r.bandwidth / 1e9:.1f} GB/s"
                out.print(f"reading, {r.rows:,} rows, {r.probes} probes: {rate}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
