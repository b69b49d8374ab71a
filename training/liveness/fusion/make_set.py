"""Makes a small made-up set in CASIA-SURF's form, to try the fusion networks without the data set.

From pictures with 68 points: each face once as a living one and once as a simulated attack (print,
warped print, print with holes, screen), as a colour, a depth and an infrared sensor might show
them. Depth is a generic head's, infrared is worked out from colour, a screen's colour is as
`training.liveness generate` simulates displays. The set tests code. It says nothing about how well
a network tells attacks before real sensors.

Lists (`color depth ir label`, label 1 is a living face): train_list.txt, and of people held back
val_private_list.txt and test_private_list.txt.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track

import native
from edge.errors import OutputError, UsageError
from edge.packs import preprocess
from edge.packs.schema import BoxFit, InputSpec
from training import labels, split
from training.errors import DataError
from training.labels import FaceLabel
from training.landmarks.data.label_csv import identity_of_path
from training.liveness.fusion.made_up import scenes
from training.liveness.fusion.made_up.scenes import Face, Shown
from training.liveness.sources.casia_surf import SIMULATED
from training.new_folder import new_folder
from training.pictures import Pictures

EXAMPLES = """\
examples:
  python -m training.liveness.fusion make-set --pictures lfw --labels lfw.csv --count 300 \\
      --out made-up
  # enough to watch a network of colour alone learn (training.liveness.patches)
  python -m training.liveness.fusion make-set --pictures lfw --labels lfw.csv --count 1600 \\
      --out made-up-1600
"""

SPEC = InputSpec(
    name="face",
    width=128,
    height=128,
    colour="bgr",
    mean=(0.0,) * 3,
    std=(1.0,) * 3,
    fit=BoxFit(kind="box", scale=1.2),
)
"""How a face is cut from its picture."""
LISTS = {
    "Training": "train_list.txt",
    "Val": "val_private_list.txt",
    "Testing": "test_private_list.txt",
}
TOLD = """\
Made up: no depth or infrared sensor has seen these faces.

Colour is a picture or a simulated attack made of it, depth is a generic head's or a sheet's,
infrared is worked out from colour. The set has the form of CASIA-SURF, to test programs that read
it. No error rate measured on it says anything about real cameras, and it must not choose a bound.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    add = parser.add_argument
    add("--pictures", required=True, type=Path, metavar="DIR", help="folder or tar of pictures")
    add("--labels", required=True, type=Path, metavar="CSV", help="label file with 68 points")
    add("--count", type=int, default=300, metavar="N", help="faces (default %(default)s)")
    add("--seed", type=int, default=0, help="default %(default)s")
    add("--out", required=True, type=Path, metavar="DIR", help="folder that does not exist yet")


def part_of(identity: str) -> str:
    """Of `LISTS`: half of those whom `training.split` holds back are for the test."""
    if not split.is_validation(identity):
        return "Training"
    return "Val" if split.is_validation(identity, split.SHARE / 2) else "Testing"


def run(args: argparse.Namespace) -> int:
    """Runs the verb; returns the exit code."""
    console = Console(stderr=True)
    cv2.setNumThreads(1)
    if args.count < 1:
        raise UsageError(f"--count must be at least 1, not {args.count}")
    out: Path = args.out
    if out.exists():
        raise OutputError(f"{out}: is there already; choose another --out")
    pictures = Pictures(args.pictures)
    found = chosen(labels.read(args.labels), pictures, args.count, args.seed)
    count: Counter[str] = Counter()
    people: dict[str, str] = {}
    lines: dict[str, list[str]] = {part: [] for part in LISTS}
    with new_folder(out) as beside:
        for i, label in enumerate(track(found, "making", console=console, transient=True)):
            rng = np.random.default_rng((args.seed, i))
            attack = list(scenes.ATTACKS)[i % len(scenes.ATTACKS)]
            identity = identity_of_path(label.picture)
            part, person = part_of(identity), people.setdefault(identity, f"P{len(people):05}")
            face = cut(pictures, label)
            for kind, scene in (("real", scenes.live), (attack, scenes.ATTACKS[attack])):
                live = kind == "real"
                folder = f"{part}/{'real' if live else 'fake'}_part/{person}/{kind}.rssdk"
                names = write(beside, folder, f"{i:05}", scene(face, rng))
                lines[part].append(" ".join([*names, str(int(live))]))
                count[f"{part} {kind}"] += 1
        for part, name in LISTS.items():
            (beside / name).write_text("".join(f"{line}\n" for line in lines[part]), "utf-8")
        (beside / SIMULATED).write_text(TOLD, "utf-8")
    for name, number in sorted(count.items()):
        console.print(f"{name}: {number}", markup=False)
    return 0


def chosen(
    found: Mapping[str, Sequence[FaceLabel]], pictures: Pictures, count: int, seed: int
) -> list[FaceLabel]:
    """At most `count` faces with points, of people of all three parts. Raises DataError."""
    faces = [v[0] for k, v in found.items() if k in pictures and v[0].points is not None]
    order = np.random.default_rng(seed).permutation(len(faces))
    taken = [faces[i] for i in order[:count]]
    parts = {part_of(identity_of_path(face.picture)) for face in taken}
    if missing := [part for part in LISTS if part not in parts]:
        raise DataError(
            f"{pictures.source}: {len(taken)} labelled faces with 68 points, none of them for "
            f"{missing[0]}; more pictures of more people are needed"
        )
    return taken


def cut(pictures: Pictures, label: FaceLabel) -> Face:
    """The face's square, and its points in it."""
    assert isinstance(SPEC.fit, BoxFit) and label.points is not None
    matrix = preprocess.box_matrix(SPEC.fit, SPEC, label.box)
    image = pictures.read(label.picture)
    square = native.warp_u8(image, matrix, SPEC.height, SPEC.width, border=None)
    return Face(square, label.points @ matrix[:, :2].T + matrix[:, 2])


def write(root: Path, folder: str, stem: str, shown: Shown) -> list[str]:
    """Writes color, depth and ir; returns their names from the root. Raises OutputError."""
    names = []
    for sensor, image in zip(("color", "depth", "ir"), shown, strict=True):
        name = f"{folder}/{sensor}/{stem}.{'jpg' if sensor == 'color' else 'png'}"
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not cv2.imwrite(str(path), image):
            raise OutputError(f"{path}: cannot be written")
        names.append(name)
    return names
