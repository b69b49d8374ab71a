"""How long crops and boxes take natively, beside what else does the same, call by call in turn.

    python -m bench.kernels                                # a table
    python -m bench.kernels --only align --seconds 5 --json
    python -m bench.kernels --plot docs/kernels.png        # time against size, log-log

One thread, from Python, the cost of the call included; bench.gallery does the same for the search
of a gallery. Answers are compared before anything is timed. FACEGATE_KERNELS=avx2 (and the like)
forces an instruction set; `native.instruction_sets()` says which there are. Needs the extra `train`
(onnx, scikit-image, matplotlib).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

import bench.one_thread  # noqa: F401
import native
from bench import kernel_boxes, kernel_crops
from bench.ways import OURS, Result, Ways, measure, ratios
from edge.outputs import replacing

WORKS: dict[str, Callable[[], Iterator[Ways]]] = {
    "align": kernel_crops.cases,
    "best": kernel_boxes.best_cases,
    "nms": kernel_boxes.nms_cases,
}
"""What can be timed."""

SIZES = {kernel_crops.WORK: "width of the face in the frame, px"}
"""What the sizes of a work are, where they are not candidates."""


def plot(results: list[Result], path: Path) -> None:
    """Median microseconds against size, a panel per work, both axes logarithmic."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    works = list(dict.fromkeys(r.work for r in results))
    columns = min(3, len(works))
    rows = -(-len(works) // columns)
    figure, axes = pyplot.subplots(
        rows, columns, figsize=(4.6 * columns, 3.6 * rows), squeeze=False, layout="constrained"
    )
    for axis in axes.flat[len(works) :]:
        axis.set_axis_off()
    for axis, work in zip(axes.flat, works, strict=False):
        for way in dict.fromkeys(r.way for r in results if r.work == work):
            line = sorted(
                (r.size, r.time.median) for r in results if (r.work, r.way) == (work, way)
            )
            ours = way == OURS
            axis.loglog(*zip(*line, strict=True), "o-", label=way, lw=2.5 if ours else 1.2, ms=4)
        axis.set(title=work, xlabel=SIZES.get(work, "candidates"), ylabel="median µs")
        axis.xaxis.set_minor_formatter("")
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=110, format="png")


def table(results: list[Result]) -> Table:
    """Medians with quartiles, and the best peer over ours."""
    result = Table(title=f"median µs of one call (quartiles); native: {native.dispatch()}")
    for heading in ("work", "size", "way", "median", "quartiles", "calls", "best peer / native"):
        result.add_column(heading, justify="left" if heading in ("work", "way") else "right")
    ratio = ratios(results)
    for r in results:
        gain = ratio.get((r.work, r.size)) if r.way == OURS else None
        result.add_row(
            r.work,
            f"{r.size:,}",
            r.way,
            f"{r.time.median:,.1f}",
            f"{r.time.low:,.1f}-{r.time.high:,.1f}",
            str(r.time.rounds),
            "" if gain is None else f"{gain:.1f}",
        )
    return result


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=WORKS, action="append", help="may be given several times")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each work and size")
    parser.add_argument("--plot", type=Path, metavar="PNG")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    if not args.seconds > 0:
        parser.error(f"--seconds: need more than 0, got {args.seconds:g}")
    results: list[Result] = []
    with Progress(console=Console(stderr=True)) as progress:
        for name in args.only or WORKS:
            task = progress.add_task(name, total=None)
            for ways in WORKS[name]():
                results += measure(ways, args.seconds)
                progress.advance(task)
            progress.update(task, total=1, completed=1)
    if args.plot:
        plot(results, args.plot)
    if args.json:
        report = {
            "machine": platform.machine(),
            "kernels": dict(native.dispatch()),
            "results": [dataclasses.asdict(r) for r in results],
            "best_peer_over_native": [
                {"work": work, "size": size, "ratio": ratio}
                for (work, size), ratio in ratios(results).items()
            ],
        }
        print(json.dumps(report, indent=2))
        return 0
    Console(width=None if sys.stdout.isatty() else 130).print(table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
