"""Measures a pack on pictures of people, through the device's own code, and reports what they show.

Pictures lie in one folder per person (PERSON/anything.jpg), in a folder or a tar. In each picture
the face nearest the centre counts. All pairs are compared (1:1), and galleries of several sizes are
searched by enrolled people and by strangers (1:N). Every rate has its exact interval and one that
draws people, since pairs share them; what the data cannot support is said to be not demonstrated.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tomli_w
from rich.console import Console
from rich.progress import Progress

from edge import packs
from edge.all_pairs import Comparisons, compare
from edge.errors import OutputError, UsageError
from edge.outputs import replacing
from edge.packs.schema import ScoreDistribution
from edge.pair_bootstrap import IdentityBootstrap, Replicates
from training.errors import DataError
from training.pictures import Pictures
from training.recognition import (
    curves,
    embeddings,
    identification,
    report,
    slices,
    thresholds,
    verification,
)
from training.recognition.embeddings import Embedded
from training.recognition.text import markdown
from training.split import is_validation

EXAMPLES = """\
examples:
  # LFW as it is unpacked: lfw/PERSON/PERSON_0001.jpg
  python -m training.recognition evaluate --pack default --data lfw.tar --report report
  # embeddings are kept, so that a second evaluation takes seconds
  python -m training.recognition evaluate --data lfw.tar --embeddings lfw.npz --json lfw.json
  # people whom no training of ours has seen; the curve for the pack's manifest
  python -m training.recognition evaluate --pack new-pack --data lfw.tar --people held-back \\
      --scores scores.toml
  # rates by age band, gender, glasses, skin tone: columns of a CSV, or UTKFace-like file names
  python -m training.recognition evaluate --data faces --labels labels.csv --report report
  # UTKFace: nobody has a name, so strangers against each other at a threshold found elsewhere
  python -m training.recognition evaluate --data utkface.tar --identity picture --threshold 0.9255
"""
PEOPLE = ("held-back", "training", "all")
LEAST_REPETITIONS = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `evaluate`."""
    add = parser.add_argument
    add("--pack", default="default", help="'default' or a pack's folder")
    add("--data", type=Path, required=True, metavar="FOLDER_OR_TAR", help="one folder per person")
    add(
        "--people",
        choices=PEOPLE,
        default="all",
        help="whom: those held back from our trainings (training.split, by the folder's name), "
        "those trained on, or all (default %(default)s)",
    )
    add(
        "--identity",
        choices=("folder", "picture"),
        default="folder",
        help="who is who: by folder, or each picture another person, of sets without names: FMR "
        "alone (default %(default)s)",
    )
    add("--limit", type=int, metavar="N", help="only N pictures, evenly spread (for a quick look)")
    add(
        "--far",
        type=float,
        default=1e-3,
        metavar="RATE",
        help="the chosen threshold is the lowest with this FMR on the data: for confusion, slices "
        "and galleries (default %(default)s)",
    )
    add("--threshold", type=float, metavar="COSINE", help="choose a threshold instead")
    add("--labels", type=Path, metavar="CSV", help="picture and " + ", ".join(slices.LABELS))
    add(
        "--embeddings",
        type=Path,
        metavar="FILE.npz",
        help="read embeddings from there, or keep them there if it does not exist",
    )
    add("--repetitions", type=int, default=1000, metavar="N", help="draws (default %(default)s)")
    add("--seed", type=int, default=0, help="of draws, folds and galleries (default %(default)s)")
    out = parser.add_argument_group("output")
    out.add_argument("--report", type=Path, metavar="DIR", help="report.html and its figures (PNG)")
    out.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    out.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables there")
    out.add_argument(
        "--scores",
        type=Path,
        metavar="FILE.toml",
        help="write the impostor distribution for a manifest there",
    )


def run(args: argparse.Namespace) -> int:
    """Raises UsageError, DataError, PackError, NumericError, OutputError."""
    _check(args)
    cv2.setNumThreads(1)
    console = Console(stderr=True)
    labels = None if args.labels is None else slices.read_labels(args.labels)
    pack = packs.load(args.pack)
    pictures = Pictures(args.data)
    person_of = str if args.identity == "picture" else embeddings.person_of
    chosen = _names(pictures, args.people, args.limit, person_of)
    _prepare(args)
    all_faces = _embedded(args.embeddings, pack, pictures, chosen, console)
    measured = _measure(args, pack.manifest.roles.embedder.head.scores, all_faces, labels, console)
    result = {
        "pack": pack.manifest.name,
        "pack_version": pack.manifest.version,
        "embedder_sha256": pack.embedder_sha256,
        "data": args.data.name,
        "part": args.people,
        "identity": args.identity,
        "pictures": len(chosen),
        "without_face": int((~all_faces.found).sum()),
        **measured.figures,
    }
    _write(args, result, measured)
    print(markdown(result), end="")
    return 0


def _check(args: argparse.Namespace) -> None:
    if args.limit is not None and args.limit < 1:
        raise UsageError(f"--limit must be at least 1, not {args.limit}")
    if args.repetitions < LEAST_REPETITIONS:
        raise UsageError(f"--repetitions must be at least {LEAST_REPETITIONS}")
    if not 0 < args.far < 1:
        raise UsageError(f"--far is a rate between 0 and 1, not {args.far}")
    if args.threshold is not None and not -1 <= args.threshold <= 1:
        raise UsageError(f"--threshold is a cosine, -1 to 1, not {args.threshold}")
    if args.scores is not None and args.identity == "picture":
        raise UsageError("--scores: a manifest's curve needs to know who is who, by folder")
    if args.embeddings is not None and args.embeddings.suffix != ".npz":
        raise UsageError(f"--embeddings: {args.embeddings} must end in .npz")


def _prepare(args: argparse.Namespace) -> None:
    """Where the outputs go is known to be there now, and not after minutes of work."""
    if args.report is not None:
        try:
            args.report.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{args.report}: cannot be made: {error.strerror}") from error
    for path in (args.json, args.markdown, args.scores, args.embeddings):
        if path is not None and not path.parent.is_dir():
            raise OutputError(f"{path}: the folder {path.parent} does not exist")


def _names(
    pictures: Pictures, people: str, limit: int | None, person_of: Callable[[str], str]
) -> list[str]:
    """Pictures of the people asked for, sorted; evenly spread where they are limited."""
    names = pictures.names
    for name in names:
        person_of(name)
    if people != "all":
        wanted = people == "held-back"
        names = [n for n in names if is_validation(person_of(n)) == wanted]
        if not names:
            raise DataError(f"{pictures.source}: nobody of it is {people}")
    if limit is not None and limit < len(names):
        names = [names[i * len(names) // limit] for i in range(limit)]
    return names


def _embedded(
    path: Path | None, pack: packs.Pack, pictures: Pictures, names: list[str], console: Console
) -> Embedded:
    if path is not None and path.exists():
        return embeddings.load(path, pack, pictures, names)
    found = embeddings.compute(pack, pictures, names, console)
    if path is not None:
        embeddings.save(path, pack, pictures, found)
    return found


class Measured:
    """The figures as plain data, and what the drawings need beside."""

    def __init__(self, figures: dict[str, Any], pairs: Comparisons, draws: Replicates) -> None:
        self.figures, self.pairs, self.draws = figures, pairs, draws


def _measure(
    args: argparse.Namespace,
    scores: ScoreDistribution,
    pictures: Embedded,
    labels: dict[str, dict[str, str]] | None,
    console: Console,
) -> Measured:
    faces = pictures.of([n for n, ok in zip(pictures.names, pictures.found, strict=True) if ok])
    if not faces.names:
        raise DataError(f"no face was found in any of {len(pictures.names)} pictures")
    if args.identity == "picture":
        people = np.arange(len(faces.names), dtype=np.int64)
    else:
        names = [embeddings.person_of(name) for name in faces.names]
        people = np.unique(names, return_inverse=True)[1].astype(np.int64)
    cut = slices.slices(faces, labels)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("comparing", total=len(people))
        pairs = compare(
            faces.vectors, people, watch=lambda done, _: progress.update(task, completed=done)
        )
    if not pairs.impostor.total or not (pairs.genuine.total or args.identity == "picture"):
        raise DataError("pictures of at least two people, one of them twice, are needed")
    at, how = thresholds.chosen(args.threshold, args.far, pairs.impostor)
    with console.status("intervals: people are drawn"):
        boot = IdentityBootstrap(pairs.pairs, repetitions=args.repetitions, seed=args.seed)
        draws = boot.replicates()
        figures = {
            "faces": len(people),
            "people": int(people.max()) + 1,
            "genuine_pairs": pairs.genuine.total,
            "impostor_pairs": pairs.impostor.total,
            "confidence": 0.95,
            "repetitions": args.repetitions,
            "seed": args.seed,
            **verification.summary(pairs, draws),
            "ten_fold": verification.folds_accuracy(faces.vectors, people, args.seed),
            "points": verification.operating_points(pairs, boot, draws),
            "claims": verification.claims(pairs, boot, draws),
            "chosen": {"how": how, **verification.confusion(pairs, boot, at)},
            "stated": verification.of_pack(pairs, boot, thresholds.stated(scores)),
            "impostor_curve": verification.impostor_curve(pairs),
        }
    with console.status("galleries are searched"):
        figures["open_set"] = identification.open_set(
            faces.vectors,
            people,
            pairs.impostor,
            at,
            repetitions=args.repetitions,
            seed=args.seed,
        )
    with console.status("slices are compared"):
        figures["slices"] = slices.figures(faces, people, cut, at, repetitions=args.repetitions)
    return Measured(figures, pairs, draws)


def _write(args: argparse.Namespace, result: dict[str, Any], measured: Measured) -> None:
    """Everything is made before anything is written, so that an error leaves no half of it."""
    texts: list[tuple[Path, bytes]] = []
    if args.scores is not None:
        if len(result["impostor_curve"]) < 2:
            raise DataError(
                f"{result['impostor_pairs']} impostor pairs of {result['people']} people give no "
                "curve for a manifest; more people are needed"
            )
        texts.append((args.scores, tomli_w.dumps(thresholds.scores_of(result)).encode()))
    if args.json is not None:
        texts.append((args.json, (json.dumps(result, indent=2) + "\n").encode()))
    if args.markdown is not None:
        texts.append((args.markdown, markdown(result).encode()))
    if args.report is not None:
        images = curves.draw(result, measured.pairs, measured.draws)
        texts += [(args.report / name, data) for name, data in images.items()]
        texts.append((args.report / "report.html", report.html(result, images).encode()))
    for path, data in texts:
        with replacing(path) as part:
            try:
                part.write_bytes(data)
            except OSError as error:
                raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
