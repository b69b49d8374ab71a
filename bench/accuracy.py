"""Verification accuracy of a pack on a folder or tar of people, through the device's own code.

Example:
  python -m bench.accuracy --pack default --data lfw.tar --json lfw.json --markdown lfw.md

Pictures lie in one folder per person (`PERSON/anything.jpg`, at any depth). In each picture the
face nearest the centre counts. Pairs share people and pictures, so intervals that take them as
independent are too narrow.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bench.verification import report
from edge import packs
from edge.errors import FaceGateError, PackError
from edge.faces import detect, embed, landmarks
from export import pictures


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    args = _parser().parse_args(argv)
    console = Console(stderr=True)
    try:
        result = measure(args.pack, args.data, args.limit, console)
        text = markdown(result)
        if args.json:
            _write(args.json, json.dumps(result, indent=2) + "\n")
        if args.markdown:
            _write(args.markdown, text)
        if args.scores:
            _write(args.scores, tomli_w.dumps(scores(result)))
    except (FaceGateError, ValueError, OSError) as error:
        console.print(f"accuracy: {error}", style="red", markup=False, highlight=False)
        return getattr(error, "exit_code", 1)
    except KeyboardInterrupt:
        console.print("accuracy: interrupted; nothing was written")
        return 130
    print(text, end="")
    return 0


def _parser() -> argparse.ArgumentParser:
    heading, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m bench.accuracy",
        description=heading,
        epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--pack", default="default", help="'default' or a pack's folder")
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="FOLDER_OR_TAR",
        help="pictures, one folder per person",
    )
    parser.add_argument(
        "--limit", type=int, metavar="N", help="only N pictures, evenly spread (for a quick look)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table there")
    parser.add_argument(
        "--scores",
        type=Path,
        metavar="FILE.toml",
        help="write the impostor distribution for a manifest there",
    )
    return parser


def measure(
    pack_name: str, data: Path, limit: int | None = None, console: Console | None = None
) -> dict[str, Any]:
    """Embeds every picture and computes the figures.

    Raises PackError (pack or data unusable), ValueError (too few people or faces).
    """
    if limit is not None and limit < 1:
        raise ValueError(f"--limit must be at least 1, not {limit}")
    pack = packs.load(pack_name)
    total = len(pictures.names(data))
    count = total if limit is None else min(limit, total)
    vectors, people, missed = [], [], 0
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console or Console(stderr=True), transient=True) as progress:
        for name, image in progress.track(
            pictures.read(data, limit), total=count, description="embedding"
        ):
            vector = embed_central(pack, image)
            if vector is None:
                missed += 1
                continue
            vectors.append(vector)
            people.append(Path(name).parent.name)
    if not vectors:
        raise PackError(f"no face was found in any of {count} pictures of {data}")
    labels = np.unique(people, return_inverse=True)[1].astype(np.int64)
    figures = report(np.stack(vectors), labels)
    return {
        "pack": pack.manifest.name,
        "pack_version": pack.manifest.version,
        "embedder_sha256": pack.embedder_sha256,
        "data": data.name,
        "pictures": count,
        "without_face": missed,
        **figures,
    }


def embed_central(pack: packs.Pack, image: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """Embedding (D,) of the face whose box is nearest the picture's centre; None without one."""
    boxes, _ = detect.detect(pack, image)
    if not len(boxes):
        return None
    centre = np.array([image.shape[1] - 1, image.shape[0] - 1]) / 2
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    box = boxes[int(np.argmin(((middle - centre) ** 2).sum(axis=1)))]
    return embed.embed(pack, image, landmarks.locate(pack, image, box).points)


def scores(result: dict[str, Any]) -> dict[str, Any]:
    """The figures as `[roles.embedder.head.scores]` of a manifest."""
    return {
        "data": f"{result['data']}: {result['people']} people, {result['faces']} faces, "
        "every pair of single templates of different people; pairs share people",
        "identities": result["people"],
        "impostor_pairs": result["impostor_pairs"],
        "curve": result["impostor_curve"],
    }


def markdown(result: dict[str, Any]) -> str:
    """The figures for a reader."""
    lines = [
        f"# {result['pack']} {result['pack_version']} on {result['data']}",
        "",
        f"{result['pictures']} pictures, {result['without_face']} without a face; "
        f"{result['people']} people; {result['genuine_pairs']:,} genuine and "
        f"{result['impostor_pairs']:,} impostor pairs.",
        "",
        f"Ten-fold accuracy {result['ten_fold_accuracy']:.4f} "
        f"± {result['ten_fold_standard_error']:.4f} (standard error).",
        "",
        "| FAR | measured FAR [95 %] | threshold | TAR [95 %] |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {p['far']:.0e} | {p['far_measured']:.3g} [{p['far_low']:.2g}, {p['far_high']:.2g}] "
        f"| {p['threshold']:.4f} | {p['tar']:.4f} [{p['tar_low']:.4f}, {p['tar_high']:.4f}] |"
        for p in result["points"]
    ]
    lines += [
        "",
        "Intervals take pairs as independent; pairs that share a person are not, so "
        "the true intervals are wider.",
        "",
    ]
    return "\n".join(lines)


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


if __name__ == "__main__":
    sys.exit(main())
