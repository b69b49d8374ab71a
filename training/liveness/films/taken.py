"""Living films through the simulated cameras that attacks are taken by.

Attack films are rendered through a camera's noise, blur and JPEG, and living films are played as
they are: what such a camera does to a living face must be known as well. Who stands before a door
stays there until it has decided, and the clips at hand are shorter than that: here they run there
and back until they are as long as the attacks, whose scenes do the same.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from edge.cameras import Frame, open_camera
from edge.config import Config
from edge.faces.analyzer import Analyzer
from edge.packs import Pack
from training.liveness.attacks.camera import draw_camera, take
from training.liveness.attacks.things import there_and_back
from training.recognition.door.films import Film, Listed


def through_cameras(
    pack: Pack,
    config: Config,
    listed: Sequence[Listed],
    count: int,
    *,
    seconds: float,
    range_name: str,
    seed: int,
    watch: Callable[[], None],
) -> list[Film]:
    """Every film `count` times, by another camera of "train" or "test" each time.

    seconds: that each lasts at least. watch: called after each. Raises CameraError, PackError,
    NumericError.
    """
    analyzer, films = Analyzer(pack, config), []
    for film in listed:
        with open_camera(str(film.path)) as source:
            frames = list(lengthened(list(iter(source.read, None)), seconds))
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


def lengthened(frames: Sequence[Frame], seconds: float) -> Iterator[Frame]:
    """All of a film, then backwards and forwards again until it lasts `seconds`.

    At its own mean rate, each end shown once. A film of one frame stays one.
    """
    yield from frames
    n = len(frames)
    if n < 2:
        return
    begin, first = frames[0].t, frames[0].index
    step_s = (frames[-1].t - begin) / (n - 1)
    for i in range(n, math.floor(seconds / step_s) + 1):
        yield Frame(frames[there_and_back(i, n)].image, begin + i * step_s, first + i)
