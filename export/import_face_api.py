"""Makes the default pack from the npm package @vladmandic/face-api.

Example:
  npm pack @vladmandic/face-api@1.7.15
  python -m export.import_face_api vladmandic-face-api-1.7.15.tgz --out edge/packs/default --force

Exit codes: 0 done; 2 wrong arguments; 3 the package, the pictures or the result is not as it
must be (nothing is written); 130 interrupted (nothing is written).
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import ModelProto
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from edge import packs
from edge.errors import FaceGateError, PackError
from edge.faces import detect, embed, landmarks

from . import pack_writer, pictures
from .face_api import recipe
from .face_api.weights import Package
from .onnx_file import from_torch, to_bytes
from .parity import Parity, embedding_parity, float_parity
from .quantise import static_int8

SCORES = Path(__file__).parent / "face_api" / "scores.toml"


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    args = _parser().parse_args(argv)
    console = Console(stderr=True)
    torch.set_num_threads(1)  # one order of summation: the same bytes on every machine
    try:
        table = import_package(
            args.package,
            args.out,
            calibrate=args.calibrate,
            limit=args.pictures,
            scores=args.scores,
            force=args.force,
            console=console,
        )
    except FaceGateError as error:
        console.print(f"import_face_api: {error}", style="red", markup=False, highlight=False)
        return error.exit_code
    except KeyboardInterrupt:
        console.print("import_face_api: interrupted; nothing was written")
        return 130
    console.print(table)
    console.print(f"wrote {args.out}", markup=False)
    return 0


def _parser() -> argparse.ArgumentParser:
    heading, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m export.import_face_api",
        description=heading,
        epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "package",
        type=Path,
        metavar="PACKAGE.tgz",
        help="the package as npm serves it; its SHA-256 is checked",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the pack's folder")
    parser.add_argument(
        "--calibrate",
        type=Path,
        metavar="FOLDER_OR_TAR",
        help="pictures with faces for the 8-bit ranges "
        "(default: portraits from scikit-image and a PyPI source package)",
    )
    parser.add_argument(
        "--pictures",
        type=int,
        default=200,
        metavar="N",
        help="use at most N pictures of --calibrate (default %(default)s)",
    )
    parser.add_argument(
        "--scores",
        type=Path,
        default=SCORES,
        metavar="FILE.toml",
        help="impostor scores as written by 'python -m training.recognition evaluate --scores' "
        "(default: those measured for this package)",
    )
    parser.add_argument("--force", action="store_true", help="replace the pack in DIR")
    return parser


def import_package(
    package: Path,
    out: Path,
    *,
    calibrate: Path | None = None,
    limit: int = 200,
    scores: Path = SCORES,
    force: bool = False,
    console: Console | None = None,
) -> Table:
    """Converts, quantises, checks and writes; returns a table of sizes and agreements.

    Raises PackError and its subclasses; then nothing has been written.
    """
    if limit < 1:
        raise PackError(f"--pictures must be at least 1, not {limit}")
    curve = _read_scores(scores)
    source = Package(package)
    console = console or Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with (
        pack_writer.staged(out, force=force) as folder,
        Progress(*columns, console=console, transient=True) as progress,
    ):
        bar = progress.add_task("converting", total=len(recipe.NETS))
        models: dict[str, ModelProto] = {}
        modules: dict[str, torch.nn.Module] = {}
        for role, net in recipe.NETS.items():
            modules[role] = recipe.build(net, source.network(net.stored_as))
            models[role] = from_torch(modules[role], net.height, net.width, net.outputs, role)
            progress.advance(bar)
        inputs = _faces(models, curve, calibrate, limit, progress)
        bar = progress.add_task("checking", total=len(recipe.NETS))
        rows: list[tuple[str, int, list[Parity]]] = []
        for role, net in recipe.NETS.items():
            found = [float_parity(modules[role], models[role], inputs[role][:8])]
            if net.quantise:
                exact, models[role] = models[role], static_int8(models[role], inputs[role])
                found += embedding_parity(exact, models[role], inputs[role])
            rows.append((role, len(to_bytes(models[role])), found))
            progress.advance(bar)
        files = {f"{role}.onnx": to_bytes(model) for role, model in models.items()}
        pack_writer.write(folder, files, _manifest(files, curve))
        packs.load(folder, optional=("age_gender",))
    return _report(rows)


def _read_scores(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PackError(f"{path}: no scores to read: {error}") from error


def _manifest(files: Mapping[str, bytes], scores: Mapping[str, Any]) -> dict[str, Any]:
    hashes = {name.removesuffix(".onnx"): pack_writer.sha256(data) for name, data in files.items()}
    return recipe.manifest(hashes, scores)


def _faces(
    models: Mapping[str, ModelProto],
    scores: Mapping[str, Any],
    calibrate: Path | None,
    limit: int,
    progress: Progress,
) -> dict[str, list[NDArray[np.float32]]]:
    """What each network sees of the calibration pictures, through the device's own code."""
    if calibrate is None:
        images = [v for image in pictures.bundled() for v in pictures.variations(image)]
    else:
        images = [image for _, image in pictures.read(calibrate, limit)]
    seen: dict[str, list[NDArray[np.float32]]] = {role: [] for role in recipe.NETS}
    with tempfile.TemporaryDirectory(prefix="face-gate-") as name:
        files = {f"{role}.onnx": to_bytes(model) for role, model in models.items()}
        pack_writer.write(Path(name), files, _manifest(files, scores))
        pack = packs.load(name)
    roles = pack.manifest.roles
    for image in progress.track(images, description="finding faces"):
        spec = roles.detector.input
        assert spec.fit.kind == "letterbox"  # the schema admits nothing else
        matrix = packs.preprocess.frame_matrix(spec.fit, spec, *image.shape[:2])
        seen["detector"].append(packs.preprocess.tensor(image, matrix, spec))
        boxes, _ = detect.detect(pack, image)
        if not len(boxes):
            continue
        points = landmarks.locate(pack, image, boxes[0]).points
        seen["embedder"].append(embed.aligned(pack, image, points))
        for role in ("landmarks", "age_gender"):
            spec = getattr(roles, role).input
            matrix = packs.preprocess.box_matrix(spec.fit, spec, boxes[0])
            seen[role].append(packs.preprocess.tensor(image, matrix, spec))
    if not seen["embedder"]:
        raise PackError(f"no face was found in any of {len(images)} calibration pictures")
    return seen


def _report(rows: list[tuple[str, int, list[Parity]]]) -> Table:
    table = Table("network", "kB", "agreement", "value", "bound")
    for role, size, found in rows:
        for i, parity in enumerate(found):
            table.add_row(
                role if i == 0 else "",
                f"{size / 1000:.0f}" if i == 0 else "",
                parity.what,
                f"{parity.value:.3g}",
                f"{parity.bound:g}",
            )
    return table


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # clean up as after Ctrl-C
    sys.exit(main())
