"""Writes InsightFace's .rec data sets for tests, as its face2rec2 and MXNet's recordio do."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

MAGIC = struct.pack("<I", 0xCED7230A)


def header(label: float | Sequence[float], key: int) -> bytes:
    """`IRHeader`: a flag above 0 says how many labels follow."""
    if isinstance(label, int | float):
        return struct.pack("<IfQQ", 0, label, key, 0)
    return struct.pack("<IfQQ", len(label), 0.0, key, 0) + np.array(label, "<f4").tobytes()


def framed(data: bytes) -> bytes:
    """One record: cut where the magic number stands at a multiple of four, as dmlc does."""
    at = [i for i in range(0, len(data) - len(data) % 4, 4) if data[i : i + 4] == MAGIC]
    edges = [-4, *at, len(data)]
    parts = [data[a + 4 : b] for a, b in pairwise(edges)]
    out = b""
    for i, part in enumerate(parts):
        kind = 0 if len(parts) == 1 else 1 if i == 0 else 3 if i == len(parts) - 1 else 2
        out += MAGIC + struct.pack("<I", kind << 29 | len(part)) + part + b"\0" * (-len(part) % 4)
    return out


def write(folder: Path, records: dict[int, bytes], name: str = "train") -> Path:
    """NAME.rec and NAME.idx of `records` by key; returns the .rec file."""
    folder.mkdir(parents=True, exist_ok=True)
    whole, lines = b"", []
    for key, data in records.items():
        lines.append(f"{key}\t{len(whole)}\n")
        whole += framed(data)
    path = folder / f"{name}.rec"
    path.write_bytes(whole)
    path.with_suffix(".idx").write_text("".join(lines))
    return path


def picture(person: int, number: int, side: int = 112) -> NDArray[np.uint8]:
    """A made-up face: each person has colours and stripes of their own."""
    rng = np.random.default_rng((7, person))
    base = rng.integers(40, 215, (7, 7, 3)).astype(np.uint8)
    image = cv2.resize(base, (side, side), interpolation=cv2.INTER_CUBIC)
    own = np.random.default_rng((8, person, number))
    noisy = image.astype(np.float32) + own.normal(0, 6, image.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def jpeg(image: NDArray[np.uint8]) -> bytes:
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1])


def insightface(folder: Path, pictures: dict[int, int], *, table: bool = True) -> Path:
    """A folder with `pictures[person]` pictures of each person, and its `property`.

    table: record 0 and a record for each person say which pictures are whose.
    """
    records: dict[int, bytes] = {}
    ranges, key = [], 1
    for person, count in pictures.items():
        ranges.append((key, key + count))
        for number in range(count):
            records[key] = header(float(person), key) + jpeg(picture(person, number))
            key += 1
    if table:
        people = {key + i: header([float(a), float(b)], key + i) for i, (a, b) in enumerate(ranges)}
        records = {0: header([float(key), float(key + len(ranges))], 0), **records, **people}
    write(folder, records)
    (folder / "property").write_text(f"{len(pictures)},112,112\n")
    return folder
