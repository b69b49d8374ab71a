"""Attack films are looked at alike in this process and in others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.config import Config
from edge.errors import CameraError
from tests.training.liveness.films.test_attacks import film, planned
from training.liveness.films.looking import see_all


@pytest.mark.slow
def test_workers_see_what_one_process_sees(tmp_path: Path) -> None:
    pieces = [film(tmp_path, name) for name in ("ann", "bob")]
    attacks = planned(pieces, "print", "replay", attacks=1, seconds=0.2)
    alone = list(see_all("default", Config(), attacks, 0))
    shared = list(see_all("default", Config(), attacks, 2))
    assert [s.attack.name for s in shared] == [a.name for a in attacks]
    for one, other in zip(alone, shared, strict=True):
        assert one.parameters == other.parameters
        assert len(one.observations) == len(other.observations) == 6
        for a, b in zip(one.observations, other.observations, strict=True):
            assert (a.t, a.index, a.faces_in_zone) == (b.t, b.index, b.faces_in_zone)
            assert (a.face is None) == (b.face is None)
            if a.face is not None and b.face is not None:
                np.testing.assert_array_equal(a.face.box, b.face.box)


@pytest.mark.slow
def test_an_error_of_a_worker_arrives_as_what_it_is(tmp_path: Path) -> None:
    pieces = [film(tmp_path, name) for name in ("ann", "bob")]
    attacks = planned(pieces, "print", attacks=1, seconds=0.2)
    lost = replace(attacks[0].shown, path=tmp_path / "lost.mkv")
    with pytest.raises(CameraError, match=r"lost\.mkv"):
        list(see_all("default", Config(), [replace(attacks[0], shown=lost)], 1))
