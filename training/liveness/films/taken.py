"""Living films through the simulated cameras that attacks are taken by.

Attack films are rendered through a camera's noise, blur and JPEG, and living films are played as
they are: what such a camera does to a living face must be known as well.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

import numpy as np

from edge.cameras import Frame, open_camera
from edge.config import Config
from edge.faces.analyzer import Analyzer
from edge.packs import Pack
from training.liveness.attacks.camera import draw_camera, take
from training.recognition.door.films import Film, Listed


def through_cameras(
    pack: Pack,
    config: Config,
    listed: Sequence[Listed],
    count: int,
    *,
    range_name: str,
    seed: int,
    watch: Callable[[], None],
) -> list[Film]:
    """Every film `count` times, by another camera of "train" or "test" each time.

    watch: called after each. Raises CameraError, PackError, NumericError.
    """
    analyzer, films = Analyzer(pack, config), []
    for film in listed:
        with open_camera(str(film.path)) as source:
            frames = list(iter(source.read, None))
        for number in range(count):
            name = zlib.crc32(film.path.name.encode())
            rng = np.random.default_rng([seed, name, number, zlib.crc32(b"camera")])
            camera = draw_camera(rng, range_name)
            seen = (Frame(take(f.image, camera, rng), f.t, f.index) for f in frames)
            films.append(
                Film(film.path.name, film.person, tuple(analyzer.observe(f) for f in seen))
            )
            watch()
    return films
