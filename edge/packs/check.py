"""Whether a pack runs: every network once, through the code that uses it at the door."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edge.errors import ModelMismatch
from edge.faces.detect import detect
from edge.faces.embed import embed
from edge.faces.landmarks import locate
from edge.faces.liveness import passive
from edge.packs import Pack, load, pack_path, preprocess, read_manifest

SIDE = 256


def check(name_or_path: str | Path) -> dict[str, float]:
    """Milliseconds of each role on a picture of noise, one thread.

    Raises PackError, NumericError: a file is not the manifest's, does not load, or answers in
    another shape than the manifest says.
    """
    folder = pack_path(name_or_path)
    optional = ("age_gender",) if read_manifest(folder).roles.age_gender is not None else ()
    pack = load(folder, optional=optional)
    image = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    box = np.array([64, 64, 192, 192], np.float32)
    took: dict[str, float] = {}

    def timed(role: str, call: Callable[[], object]) -> None:
        start = time.perf_counter()
        call()
        took[role] = (time.perf_counter() - start) * 1e3

    timed("detector", lambda: detect(pack, image))
    points = locate(pack, image, box).points
    timed("landmarks", lambda: locate(pack, image, box))
    # The points that noise gives may coincide, where no alignment exists.
    points = points + np.random.default_rng(1).uniform(-20, 20, points.shape).astype(np.float32)
    timed("embedder", lambda: embed(pack, image, points))
    timed("liveness", lambda: passive(pack, image, box, points))
    if pack.age_gender is not None:
        timed("age_gender", lambda: _age_gender(pack, image, box))
    return took


def _age_gender(pack: Pack, image: preprocess.Image, box: preprocess.Points) -> None:
    role, network = pack.manifest.roles.age_gender, pack.age_gender
    assert role is not None and network is not None
    spec = role.input
    if spec.fit.kind != "box":
        raise ModelMismatch(f"age_gender: crops of kind {spec.fit.kind!r} are not made here")
    tensor = preprocess.tensor(image, preprocess.box_matrix(spec.fit, spec, box), spec)
    age, gender = network.run(tensor)
    if age.size != 1 or gender.size != 2:
        raise ModelMismatch(f"age_gender: outputs {age.shape} and {gender.shape}, not 1 and 2")
