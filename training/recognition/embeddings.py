"""Pictures of people through the device's own code: an embedding and what the door measures.

The embeddings of a data set may be kept in a file (NPZ). It carries what made them: a file made by
another pack, or of other pictures, is refused and never mixed in.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from edge.errors import OutputError
from edge.faces import quality
from edge.faces.detect import detect
from edge.faces.embed import embed
from edge.faces.landmarks import locate
from edge.faces.pose import head_pose
from edge.outputs import replacing
from edge.packs import Pack
from training.errors import DataError
from training.pictures import Pictures

MEASURES = ("size", "sharpness", "exposure", "clipped", "fit", "yaw", "pitch", "roll", "confidence")
"""What the device measures of a face (`edge.faces.observation`), in the order of the columns."""
FORMAT = 1


@dataclass(frozen=True, eq=False)
class Embedded:
    """Pictures and what the pack made of them, a row a picture.

    names: as `training.pictures.Pictures` has them. found: (N,) bool, whether there is a face.
    vectors: (N, D) float32 of unit length. measures: (N, len(MEASURES)) float32. Rows without a
    face, and a confidence that the pack does not give, are NaN.
    """

    names: tuple[str, ...]
    found: NDArray[np.bool_]
    vectors: NDArray[np.float32]
    measures: NDArray[np.float32]

    def of(self, names: list[str]) -> Embedded:
        """These pictures alone, in this order. KeyError for one that is not here."""
        where = {name: i for i, name in enumerate(self.names)}
        rows = np.array([where[name] for name in names], np.int64)
        return Embedded(tuple(names), self.found[rows], self.vectors[rows], self.measures[rows])


def person_of(name: str) -> str:
    """The person of a picture: the folder that it lies in. Raises DataError where there is none."""
    folder = Path(name).parent.name
    if not folder:
        raise DataError(f"{name}: lies in no folder; pictures are sorted as PERSON/anything.jpg")
    return folder


def recipe(pack: Pack) -> dict[str, Any]:
    """All of a pack that an embedding depends on: files by hash, crops, thresholds of boxes."""
    roles = pack.manifest.roles
    parts: dict[str, Any] = {}
    for name in ("detector", "landmarks", "embedder"):
        role = getattr(roles, name).model_dump(mode="json")
        role["head"].pop("scores", None)  # what is measured here, not what makes a vector
        parts[name] = {key: role[key] for key in ("sha256", "input", "head")}
    return parts


def digest(parts: Any) -> str:
    """SHA-256 of plain data."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def central_face(
    pack: Pack, image: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], list[float]] | None:
    """(embedding (D,), measures) of the face whose box is nearest the picture's centre, or None."""
    boxes, _ = detect(pack, image)
    if not len(boxes):
        return None
    centre = np.array([image.shape[1] - 1, image.shape[0] - 1]) / 2
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    box = boxes[int(np.argmin(((middle - centre) ** 2).sum(axis=1)))]
    located = locate(pack, image, box)
    matrix = quality.patch_matrix(located.points)
    said = quality.assess(quality.face_patch(image, matrix), matrix, box)
    pose = head_pose(located.points) if located.pose is None else located.pose
    sure = np.nan if located.confidence is None else located.confidence
    values = [said.size, said.sharpness, said.exposure, said.clipped, said.fit]
    values += [pose.yaw, pose.pitch, pose.roll, sure]
    return embed(pack, image, located.points), values


def compute(pack: Pack, pictures: Pictures, names: list[str], console: Console) -> Embedded:
    """Embeds pictures one after the other. Raises DataError, PackError, NumericError."""
    length = pack.manifest.roles.embedder.head.length
    found = np.zeros(len(names), np.bool_)
    vectors = np.full((len(names), length), np.nan, np.float32)
    measures = np.full((len(names), len(MEASURES)), np.nan, np.float32)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        for i, name in enumerate(progress.track(names, description="embedding")):
            face = central_face(pack, pictures.read(name))
            if face is not None:
                found[i], vectors[i], measures[i] = True, *face
    return Embedded(tuple(names), found, vectors, measures)


def save(path: Path, pack: Pack, pictures: Pictures, embedded: Embedded) -> None:
    """Writes whole or not at all. Raises OutputError."""
    about = {
        "format": FORMAT,
        "pack": f"{pack.manifest.name} {pack.manifest.version}",
        "embedder_sha256": pack.embedder_sha256,
        "recipe_sha256": digest(recipe(pack)),
        "measures": MEASURES,
    }
    with replacing(path) as part:
        try:
            np.savez(
                part,
                about=np.array(json.dumps(about)),
                names=np.array(embedded.names),
                contents=np.array([_content(pictures, name) for name in embedded.names]),
                found=embedded.found,
                vectors=embedded.vectors,
                measures=embedded.measures,
            )
        except OSError as error:
            raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


def load(path: Path, pack: Pack, pictures: Pictures, names: list[str]) -> Embedded:
    """The embeddings of these pictures from a file of `save`.

    Raises DataError when it cannot be read, was made by another pack, or does not hold these
    pictures as they are now.
    """
    remedy = "remove it or name another file"
    try:
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            kept = {
                name: file[name] for name in ("names", "contents", "found", "vectors", "measures")
            }
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: not a file of embeddings ({error}); {remedy}") from error
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise DataError(f"{path}: not a file of embeddings of this version; {remedy}")
    if about.get("embedder_sha256") != pack.embedder_sha256:
        raise DataError(
            f"{path}: made by the embedder {about.get('embedder_sha256')} of pack "
            f"{about.get('pack')}, not by {pack.embedder_sha256} of {pack.manifest.name} "
            f"{pack.manifest.version}; {remedy}"
        )
    if about.get("recipe_sha256") != digest(recipe(pack)):
        raise DataError(
            f"{path}: made by pack {about.get('pack')} with another detector, other landmarks or "
            f"other crops than {pack.manifest.name} {pack.manifest.version} has; {remedy}"
        )
    length = pack.manifest.roles.embedder.head.length
    all_names, count = tuple(str(name) for name in kept["names"]), len(kept["names"])
    shapes = [kept[name].shape for name in ("contents", "found", "vectors", "measures")]
    if shapes != [(count,), (count,), (count, length), (count, len(MEASURES))]:
        raise DataError(f"{path}: its arrays do not belong together: {shapes}; {remedy}")
    contents = dict(zip(all_names, (str(c) for c in kept["contents"]), strict=True))
    for name in names:
        if name not in contents:
            raise DataError(f"{path}: has no embedding of {name}; {remedy}")
        if contents[name] != _content(pictures, name):
            raise DataError(f"{path}: {name} has changed since; {remedy}")
    found = np.asarray(kept["found"], np.bool_)
    vectors, measures = (np.asarray(kept[n], np.float32) for n in ("vectors", "measures"))
    lengths = np.linalg.norm(vectors[found], axis=1)
    if not np.allclose(lengths, 1.0, atol=1e-3):  # NaN fails too
        raise DataError(f"{path}: holds embeddings that are not of unit length; {remedy}")
    return Embedded(all_names, found, vectors, measures).of(names)


def _content(pictures: Pictures, name: str) -> str:
    return hashlib.sha256(pictures.data(name)).hexdigest()
