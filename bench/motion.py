"""How far apart films of living faces and films of simulated prints lie in the motion gate.

    python -m bench.motion clips/*.mkv --plot motion.png
    python -m bench.motion clips/*.mkv --pictures lfw --count 60 --pack own-pack --json
    python -m bench.motion clips/*.mkv --coders h264-1500 mjpeg-5

Living: the films as they are. Simulated attacks: a frame of each film, and pictures of a folder,
printed and held to the camera in several ways (`edge.demo.printed`), some sent through a video
coder. Each runs through the device's own path up to the evidence of motion. `FLOOR` in
`edge/faces/planar.py` was chosen by this.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.coders import CODERS, through
from edge import packs
from edge.cameras import Frame, open_camera
from edge.config import Config
from edge.demo.printed import Hand, held_up, portrait
from edge.errors import CameraError, FaceGateError
from edge.faces import planar
from edge.faces.analyzer import Analyzer
from edge.faces.detect import detect
from edge.faces.landmarks import landmark_bound
from edge.gates import frame_gates
from edge.outputs import replacing
from edge.packs import Pack
from edge.track import Track, follow

WITHIN_S = 1.5
"""A living person should have shown it by then."""
FRAMES = 60
"""Of a simulated attack, at 30 a second."""
FROM = 4
"""The frame of a film that is printed."""
WAYS = ("portrait", "portrait, restless", "large", "large, steady", "still")


@dataclass(frozen=True, slots=True)
class Reading:
    """The strongest evidence of one film. None: it gave none, and the door stays locked.

    first_s: when the present bound was first reached.
    """

    name: str
    way: str
    frames: int
    residual: float | None
    movement: float | None
    liveliness: float | None
    first_s: float | None


def read(pack: Pack, name: str, way: str, frames: Iterable[Frame], within_s: float) -> Reading:
    """The strongest evidence of motion within `within_s` of the first usable face."""
    config = Config()
    analyzer, bound = Analyzer(pack, config), landmark_bound(pack)
    line: Track | None = None
    best: planar.Evidence | None = None
    count, number, began, first = 0, 0, None, None
    for frame in frames:
        count += 1
        seen = analyzer.observe(frame)
        usable = all(gate.passed for gate in frame_gates(seen, config, bound))
        line = follow(line, seen, None, usable=usable, number=number)
        if line is None:
            continue
        number = line.number + 1
        began = frame.t if began is None and usable else began
        if began is not None and frame.t - began > within_s:
            break
        if line.evidence is None or line.last.index != frame.index:
            continue
        if first is None and line.evidence.liveliness >= 1:
            first = frame.t - (began or 0.0)
        if best is None or line.evidence.liveliness > best.liveliness:
            best = line.evidence
    if best is None:
        return Reading(name, way, count, None, None, None, None)
    return Reading(name, way, count, best.residual, best.movement, best.liveliness, first)


def shown(image: np.ndarray, box: np.ndarray, way: str, seed: int) -> Iterator[np.ndarray]:
    """Frames of the picture presented to the camera in one of `WAYS`."""
    if way.startswith("portrait"):
        sway = 2.0 if "restless" in way else 1.0
        return held_up(portrait(image, box), frames=FRAMES, seed=seed, hand=Hand(sway=sway))
    if way.startswith("large"):
        sway = 0.3 if "steady" in way else 0.8
        return held_up(image, frames=FRAMES, seed=seed, fill=1.25, hand=Hand(sway=sway))
    return still(image, seed)


def still(image: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    """A screen or sheet on a stand: nothing moves but the sensor's noise."""
    rng = np.random.default_rng(seed)
    soft = cv2.GaussianBlur(20 + image.astype(np.float32) * 0.85, (0, 0), 0.8)
    for _ in range(FRAMES):
        yield np.clip(soft + rng.normal(0, 3, soft.shape), 0, 255).astype(np.uint8)


def coded(images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Through an MPEG-4 coder at its default, low, bit rate: its errors move too."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "attack.mp4")
        writer = None
        for image in images:
            if writer is None:
                size = image.shape[1::-1]
                writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"mp4v"), 30, size)
            writer.write(image)
        if writer is not None:
            writer.release()
        with open_camera(path) as film:
            yield from (f.image for f in iter(film.read, None))


def attacks(
    pack: Pack,
    name: str,
    image: np.ndarray,
    seed: int,
    ways: Sequence[str] = WAYS,
    coders: Sequence[str] = (),
) -> Iterator[Reading]:
    """Every way of showing one picture: raw, through OpenCV's coder, and through `coders`."""
    found = detect(pack, image)[0]
    if not len(found):
        return
    for way in ways:
        raw = list(shown(image, found[0], way, seed))
        made = {"": raw, ", coded": coded(raw)}
        made |= {f", {coder}": through(raw, coder) for coder in coders}
        for word, images in made.items():
            frames = (Frame(np.ascontiguousarray(x), i / 30, i) for i, x in enumerate(images))
            yield read(pack, name, way + word, frames, 60.0)


def living(pack: Pack, film: Path) -> Reading:
    with open_camera(str(film)) as camera:
        return read(pack, film.name, "living", iter(camera.read, None), WITHIN_S)


def printed_from(film: Path) -> np.ndarray:
    """Its frame that is printed. Raises CameraError for a film that is too short."""
    with open_camera(str(film)) as camera:
        for frame in iter(camera.read, None):
            if frame.index >= FROM:
                return frame.image
    raise CameraError(f"{film}: fewer than {FROM + 1} frames")


def pictures(folder: Path, count: int) -> list[Path]:
    """Evenly chosen ones of a folder's. Raises CameraError when it has none."""
    known = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".png"))
    if not known:
        raise CameraError(f"{folder}: no pictures (.jpg or .png)")
    return [known[int(i)] for i in np.linspace(0, len(known) - 1, min(count, len(known)))]


def report(console: Console, readings: list[Reading]) -> None:
    """The living, stillest first, and the ways of attack, strongest first."""
    table = Table(title=f"motion: residual; a face that is not moved needs {planar.FLOOR:g}")
    for column in ("film", "residual", "movement", "liveliness", "reached after"):
        table.add_column(column, justify="left" if column == "film" else "right")
    for r in sorted((r for r in readings if r.way == "living"), key=lambda r: r.liveliness or 0):
        shown_ = [f"{v:.4f}" if v is not None else "none" for v in (r.residual, r.movement)]
        when = "not" if r.first_s is None else f"{r.first_s:.2f} s"
        table.add_row(r.name, *shown_, f"{r.liveliness or 0:.2f}", when)
    console.print(table)
    table = Table(title="simulated attacks, each film's strongest moment")
    for column in ("way", "films", "judged", "residual", "liveliness", "let through"):
        table.add_column(column, justify="left" if column == "way" else "right")
    for way in sorted({r.way for r in readings if r.way != "living"}):
        of = [r for r in readings if r.way == way]
        judged = [r for r in of if r.liveliness is not None]
        worst = max((r.residual or 0 for r in judged), default=0.0)
        most = max((r.liveliness or 0 for r in judged), default=0.0)
        passed = sum((r.liveliness or 0) >= 1 for r in judged)
        table.add_row(
            way, str(len(of)), str(len(judged)), f"{worst:.5f}", f"{most:.2f}", str(passed)
        )
    console.print(table)


def plot(path: Path, readings: list[Reading]) -> None:
    """Residual over movement, living and attacks, with the bound."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    attacked = [r for r in readings if r.way != "living"]
    ways = {
        "raw": [r for r in attacked if r.way in WAYS],
        "OpenCV's coder": [r for r in attacked if r.way.endswith(", coded")],
        "other coders": [r for r in attacked if r.way.endswith(tuple(CODERS))],
    }
    shades = dict(zip(ways, ("tab:red", "tab:orange", "0.75"), strict=True))
    series = [(f"simulated attacks, {n}", shades[n], of) for n, of in ways.items() if of]
    series.insert(0, ("living", "tab:blue", [r for r in readings if r.way == "living"]))
    for label, colour, of in reversed(series):
        known = [
            (r.movement, r.residual)
            for r in of
            if r.residual is not None and r.movement is not None
        ]
        axes.scatter(
            [movement for movement, _ in known],
            [max(residual, 1e-6) for _, residual in known],
            s=14,
            color=colour,
            label=label,
        )
    across = np.linspace(0, 0.3, 100)
    axes.plot(across, planar.FLOOR + planar.GROWTH * across**2, color="black", label="bound")
    axes.set(yscale="log", xlabel="movement, face widths", ylabel="residual")
    axes.legend(fontsize="small", loc="lower right")
    with replacing(path) as part:
        figure.savefig(part, dpi=120)


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.motion",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("films", nargs="+", type=Path, help="films of living people")
    parser.add_argument("--pictures", type=Path, help="folder of more pictures to print")
    parser.add_argument("--count", type=int, default=40, help="of them (default %(default)s)")
    parser.add_argument("--pack", default="default", help="name or folder (default %(default)s)")
    parser.add_argument(
        "--coders",
        nargs="+",
        default=[],
        choices=CODERS,
        metavar="NAME",
        help=f"attacks through these as well, by ffmpeg: {', '.join(CODERS)}",
    )
    parser.add_argument("--plot", type=Path, help="write a picture")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    try:
        readings = _measure(args, Console(stderr=True))
        if args.plot is not None:
            plot(args.plot, readings)
    except (FaceGateError, OSError) as error:
        print(f"motion: {error}", file=sys.stderr)
        return getattr(error, "exit_code", 1)
    if args.json:
        print(json.dumps([asdict(r) for r in readings], indent=1))
    else:
        report(Console(), readings)
    return 0


def _measure(args: argparse.Namespace, console: Console) -> list[Reading]:
    # All that is read comes first: a wrong path must not cost the minutes before it.
    pack = packs.load(args.pack)
    sources = [(film.name, printed_from(film)) for film in args.films]
    if args.pictures is not None:
        for path in pictures(args.pictures, args.count):
            image = cv2.imread(str(path))
            if image is None:
                raise CameraError(f"{path}: not a picture")
            scale = 640 / image.shape[1]
            sources.append((path.name, cv2.resize(image, None, fx=scale, fy=scale)))
    readings = [living(pack, film) for film in track(args.films, "living", console=console)]
    for seed, (name, image) in enumerate(track(sources, "attacks", console=console)):
        readings += attacks(pack, name, image, seed, coders=args.coders)
    return readings


if __name__ == "__main__":
    sys.exit(main())
