"""Tracks of real films and of simulated prints, by the door's own networks."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from edge import packs
from edge.cameras import Frame
from edge.config import Config
from edge.faces.analyzer import Analyzer
from edge.faces.landmarks import landmark_bound
from edge.gates import frame_gates
from edge.packs import Pack
from edge.track import Track, follow
from tests.edge.liveness.helpers import Followed


@pytest.fixture(scope="session")
def pack() -> Pack:
    return packs.load(threads=1)


@pytest.fixture(scope="session")
def followed(pack: Pack) -> Followed:
    """The track after each usable frame of a film."""
    analyzer, bound = Analyzer(pack, Config()), landmark_bound(pack)

    def follow_all(images: Iterable[np.ndarray], fps: float) -> list[Track]:
        track: Track | None = None
        tracks = []
        for i, image in enumerate(images):
            seen = analyzer.observe(Frame(np.ascontiguousarray(image), i / fps, i))
            usable = all(g.passed for g in frame_gates(seen, Config(), bound))
            track = follow(track, seen, None, usable=usable, number=0, turns=True)
            if track is not None and usable:
                tracks.append(track)
        return tracks

    return follow_all
