"""The whole door without a camera or a lock: `python -m edge.demo`.

A real person is enrolled from the end of a recording and recognised at its start; a stranger and
a printed picture of the enrolled person are not let in.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from edge import console, packs
from edge.cameras import open_camera
from edge.cameras.base import Camera, Frame, Image
from edge.console import Output
from edge.demo import films, printed
from edge.demo.pictures import ENROL_S, PICTURES, best_portrait, pictures_of
from edge.demo.play import Drawn, Played, Scene, play
from edge.demo.poster import poster
from edge.errors import OutputError, UsageError
from edge.gallery import Gallery
from edge.outputs import replacing, write_picture
from edge.pipeline import Pipeline
from edge.vault import FILE_NAME, Vault

NOT_AS_EXPECTED = 1
PERSON = "sam"
PERSON_S = 8.0  # well before what was enrolled
STRANGER_S = 2.3  # then the film cuts to a title
PRINTED_S, PRINTED_FPS, PRINTED_SIZE, PRINTED_SEED = 3.5, 30.0, (848, 480), 7
PRINTED_FILL = 0.8
SHARE = 0.5
"""Of its frames, on how many the printed copy must be recognised for its refusal to count."""

SCENES = (
    Scene("person", "The enrolled person, earlier in the film", PERSON, PERSON_S),
    Scene("stranger", "A stranger", "nobody", STRANGER_S),
    Scene("printed", "A printed picture of the enrolled person, simulated", "nobody"),
)

EPILOG = f"""\
Enrols a real person from a film and plays three through the door's own path: the same person, a
stranger, and a printed picture of the enrolled person held to the camera (simulated from a frame
of the film). The lock is simulated on the films' own time.

The person is enrolled from the end of the same film that opens the door at its start. This
shows that the parts work together; it does not measure recognition across days or lighting.

The films are fetched once with pip (11 MB) and kept in ~/.cache/face-gate/films. DIR of --out
receives person.mp4, stranger.mp4, printed.mp4, demo.png, enrolled.png and summary.json. Without
--state the gallery is kept in a temporary folder that is deleted at the end.

examples:
    python -m edge.demo
    python -m edge.demo --out /tmp/demo --json
    python -m edge.demo --state ./demo-state      # then: python -m edge.enroll list --state ...

{console.EXIT_CODES}    1  a film ended otherwise than expected, or the printed copy was not
       recognised often enough for its refusal to say anything about liveness
"""


@dataclass(frozen=True, eq=False, slots=True)
class Place:
    """out: for what is left behind. work: temporary. state: gallery and audit record."""

    out: Path
    work: Path
    state: Path


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    p = console.parser("edge.demo", "Show the door at work, without camera or lock.", EPILOG)
    p.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        default=Path("demo-output"),
        help="folder for films and pictures (default: ./demo-output)",
    )
    console.add_common(p)
    return p


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return console.run(argv, _body)


def _body(words: Sequence[str]) -> int:
    args = parser().parse_args(words)
    output = Output(as_json=getattr(args, "json", False))
    started = time.monotonic()
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="face-gate-demo-")))
        args.state = getattr(args, "state", None) or work / "state"
        config = console.read_config(args)
        place = Place(args.out, work, args.state)
        _prepare(place)
        output.note(f"films: {films.PACKAGE}, kept in {films.cache_dir()}")
        found = films.fetch()
        output.note(f"films: {', '.join(path.name for path in found.values())}")
        started = time.monotonic()
        inference = config.inference
        pack = packs.load(inference.pack, threads=inference.threads, provider=inference.provider)
        frames = pictures_of(found["person"])
        code, enrolment = _enrol(frames, place, args, output)
        if code != 0:
            return code
        length = pack.manifest.roles.embedder.head.length
        with Vault(place.state, create=False) as vault:
            gallery = Gallery.load(vault, pack.embedder_sha256, length)
        picture = best_portrait(frames, pack, config)
        played: list[Played] = []
        for scene in SCENES:
            output.note(f"\n{scene.title}; expected: {scene.expected}")
            with _camera(scene, found, picture) as camera:
                pipeline = Pipeline(pack, gallery, config)
                film = place.out / f"{scene.role}.mp4"
                played.append(play(scene, camera, pipeline, PERSON, film, output))
    return _conclude(played, place.out, enrolment, time.monotonic() - started, output)


def _prepare(place: Place) -> None:
    """Make the folders. Raises UsageError, OutputError."""
    if (place.state / FILE_NAME).exists():
        raise UsageError(
            f"--state {place.state}: there is a gallery already; the demonstration enrols "
            f"{PERSON!r} and wants a folder of its own"
        )
    for folder, mode in ((place.out, 0o777), (place.state, 0o700)):
        try:
            folder.mkdir(mode=mode, parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{folder}: cannot be made: {error.strerror}") from error


def _enrol(
    frames: list[Frame], place: Place, args: argparse.Namespace, output: Output
) -> tuple[int, Any]:
    """Enrol with the command that a person would type; its exit code, and its report if JSON."""
    with tempfile.TemporaryDirectory(dir=place.work) as folder:
        for number, frame in enumerate(frames):
            write_picture(Path(folder) / f"{number:02}.png", frame.image)
        words = ["-m", "edge.enroll", "add", PERSON, "--source", folder]
        words += ["--state", str(place.state), "--sheet", str(place.out / "enrolled.png")]
        if (own := getattr(args, "config", None)) is not None:
            words += ["--config", str(own)]
        output.note(f"\n$ python {shlex.join(words)}")
        if output.as_json:
            words.append("--json")
        # Its result is a step on our way: shown, but not on standard output.
        done = subprocess.run(
            [sys.executable, *words],
            stdout=subprocess.PIPE if output.as_json else sys.stderr,
            text=True,
            check=False,
        )
    told = json.loads(done.stdout) if output.as_json and done.returncode == 0 else None
    return done.returncode, told


def _camera(scene: Scene, found: dict[str, Path], picture: Image) -> Camera:
    if scene.role != "printed":
        return open_camera(str(found[scene.role]))
    count = round(PRINTED_S * PRINTED_FPS)
    shown = printed.held_up(
        picture,
        frames=count,
        seed=PRINTED_SEED,
        size=PRINTED_SIZE,
        fps=PRINTED_FPS,
        fill=PRINTED_FILL,
    )
    return Drawn("printed copy", shown, PRINTED_FPS, count)


def _conclude(
    played: list[Played], out: Path, enrolment: Any, seconds: float, output: Output
) -> int:
    """Leave picture and summary, tell what happened; the exit code says whether it was right."""
    copy = played[-1]
    share = copy.recognised / copy.summary.frames
    tested = share >= SHARE
    met = tested and all(one.met for one in played)
    picture = out / "demo.png"
    title = "face-gate: who opens the door"
    subtitle = f"{PERSON} is enrolled from {PICTURES} pictures of the end of a film"
    write_picture(picture, poster(played, title, subtitle))
    data = {
        "ok": met,
        "person": PERSON,
        "enrolled_seconds": list(ENROL_S),
        "enrolment": enrolment,
        "films": {one.scene.role: one.as_json() for one in played},
        "printed_recognised_share": share,
        "printed_tests_liveness": tested,
        "picture": str(picture),
        "seconds": seconds,
    }
    with replacing(out / "summary.json") as beside:
        beside.write_text(console.json_text(data, indent=2) + "\n", encoding="utf-8")

    def show(to: Console) -> None:
        to.print()
        to.print(_table(played))
        to.print(
            f"printed copy: the face was recognised (score ≥ {copy.bound or 0:.3f}) on "
            f"{copy.recognised} of {copy.summary.frames} frames; of these it was refused by "
            f"{_gates(copy.refused_recognised, copy.recognised)}"
        )
        for one in played:
            if not one.met:
                to.print(
                    f"[red]{one.scene.title}: expected {one.scene.expected}, "
                    f"admitted {escape(one.outcome)}[/]"
                )
        if not tested:
            to.print(
                f"[red]the printed copy was recognised on {share:.0%} of its frames, fewer than "
                f"{SHARE:.0%}: that it was refused says nothing about liveness[/]"
            )
        to.print(f"films and pictures are in {escape(str(out))}; {seconds:.0f} s", soft_wrap=True)

    output.result(data, show)
    return 0 if met else NOT_AS_EXPECTED


def _table(played: list[Played]) -> Table:
    table = Table("film", "expected", "admitted", "first grant", "gates that refused", "ms/frame")
    for one in played:
        refused, of = one.refused, one.summary.with_face
        if one.scene.role == "printed":
            refused, of = one.refused_recognised, one.recognised
        colour = "green" if one.met else "red"
        grant = one.first_grant
        table.add_row(
            one.scene.role,
            one.scene.expected,
            f"[{colour}]{escape(one.outcome)}[/]",
            "–" if grant is None else f"{grant:.2f} s",
            "–" if one.summary.grants else _gates(refused, of),
            "–" if one.median_ms is None else f"{one.median_ms:.0f}",
        )
    return table


def _gates(refused: Counter[str], of: int) -> str:
    """The gates that failed most, with the share of frames on which they did."""
    return ", ".join(f"{name} {n / of:.0%}" for name, n in refused.most_common(4)) or "none"


if __name__ == "__main__":
    sys.exit(main())
