"""Pictures for calibration: from a folder, a tar, or from packages that bring some."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import PackError

Image = NDArray[np.uint8]
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")
SDIST = "face_recognition-1.3.0.tar.gz"
SDIST_SHA256 = "5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec"
"""The PyPI source package face_recognition 1.3.0 (MIT), which brings portraits for its tests."""


def decode(data: bytes, name: str) -> Image:
    """(H, W, 3) uint8 BGR. Raises PackError when the bytes are no picture."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise PackError(f"{name}: not a picture that can be read")
    return np.asarray(image, np.uint8)


def names(source: Path) -> list[str]:
    """Sorted names of the pictures in a folder or tar.

    Raises PackError when it cannot be read or holds none.
    """
    try:
        if source.is_dir():
            found = [str(p.relative_to(source)) for p in source.rglob("*") if p.is_file()]
        else:
            with tarfile.open(source) as tar:
                found = [m.name for m in tar if m.isfile()]
    except (OSError, tarfile.TarError) as error:
        raise PackError(f"{source}: neither a folder nor a tar: {error}") from error
    found = sorted(n for n in found if n.lower().endswith(SUFFIXES))
    if not found:
        raise PackError(f"{source} holds no pictures ({', '.join(SUFFIXES)})")
    return found


def read(source: Path, limit: int | None = None) -> Iterator[tuple[str, Image]]:
    """Pictures with their names, sorted by name; `limit` takes that many, evenly spread."""
    chosen = names(source)
    if limit is not None and limit < len(chosen):
        chosen = [chosen[i * len(chosen) // limit] for i in range(limit)]
    if source.is_dir():
        for name in chosen:
            yield name, decode((source / name).read_bytes(), name)
        return
    with tarfile.open(source) as tar:
        for name in chosen:
            file = tar.extractfile(name)
            if file is None:
                raise PackError(f"{source}: cannot read {name}")
            yield name, decode(file.read(), name)


def bundled() -> list[Image]:
    """Portraits from packages: scikit-image's astronaut and those of face_recognition's sdist.

    Raises PackError when either package cannot be had.
    """
    try:
        from skimage.data import astronaut
    except ImportError as error:
        raise PackError(
            "calibration pictures: install scikit-image, or name some with --calibrate"
        ) from error
    images = [np.ascontiguousarray(astronaut()[:, :, ::-1])]
    with tempfile.TemporaryDirectory(prefix="face-gate-") as folder:
        images += [image for _, image in read(fetch_sdist(Path(folder)))]
    return images


def fetch_sdist(folder: Path) -> Path:
    """Downloads `SDIST` into `folder` with pip and checks its hash; returns the file."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-binary",
        ":all:",
        "--dest",
        str(folder),
        "face_recognition==1.3.0",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    path = folder / SDIST
    if not path.is_file():
        reason = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise PackError(f"pip could not download {SDIST} ({reason[0]}); use --calibrate instead")
    if hashlib.sha256(path.read_bytes()).hexdigest() != SDIST_SHA256:
        raise PackError(f"{SDIST} from the index has another SHA-256 than expected")
    return path


def variations(image: Image) -> list[Image]:
    """The picture, its mirror image, and darker and brighter ones of both: six in all.

    A few portraits must stand for many: ranges of activations follow light and side.
    """
    both = [image, np.ascontiguousarray(image[:, ::-1])]
    return [np.clip(i * gain, 0, 255).astype(np.uint8) for i in both for gain in (1.0, 0.6, 1.4)]
