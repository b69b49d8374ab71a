"""Options that several commands share."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from edge.errors import UsageError
from training.detector.sources import FaceSet, Split, load

SCENE_SHARE = 0.6
"""Of the faces drawn; the others are from tight crops."""


@dataclass(frozen=True)
class Sets:
    """One side of the data: whole pictures with every face labelled, and tight crops."""

    scenes: list[FaceSet]
    crops: list[FaceSet]


def add_sets(parser: argparse.ArgumentParser) -> None:
    """Options that name data sets."""
    group = parser.add_argument_group("data")
    pair = ("PICTURES", "LABELS")
    add = partial(group.add_argument, nargs=2, action="append", metavar=pair, type=Path)
    add(
        "--scenes",
        required=True,
        help="whole pictures (a folder or tar) whose every face is labelled (WIDER FACE's .txt, "
        "a folder of YOLO .txt, or a .csv of training.label); may be repeated",
    )
    add("--crops", default=[], help="tight crops of one face each, likewise")
    group.add_argument(
        "--held-back",
        nargs="+",
        default=[],
        metavar="NAME",
        help="folders (people, films) of a set that are for validation; sets of which none is "
        "named are split by the people's names",
    )


def add_size(group: argparse._ArgumentGroup) -> None:
    """Options of the input's size."""
    group.add_argument("--width", type=int, default=320, help="of the input (default %(default)s)")
    group.add_argument("--height", type=int, default=256, help="of the input (default %(default)s)")


def sets(args: argparse.Namespace, validation: bool | None) -> Sets:
    """The sets of one side; None is both. A larger set is drawn more often, by its size's root.

    Raises DataError.
    """
    split = Split(validation, frozenset(args.held_back))
    groups = []
    for pairs, tight, share in (
        (args.scenes, False, SCENE_SHARE),
        (args.crops, True, 1 - SCENE_SHARE),
    ):
        found = [load(pictures, labels, split, tight=tight) for pictures, labels in pairs]
        roots = np.sqrt([len(one.entries) for one in found])
        groups.append(
            [
                FaceSet(
                    one.pictures, one.entries, tight, float(share * root / roots.sum()), one.name
                )
                for one, root in zip(found, roots, strict=True)
            ]
        )
    return Sets(*groups)


def anchor(text: str) -> tuple[float, float]:
    """`W,H` in pixels. Raises UsageError."""
    try:
        width, height = (float(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(f"an anchor is W,H, not {text!r}") from error
    return width, height
