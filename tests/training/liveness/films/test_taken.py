"""Living films by other cameras: how a film is made as long as the attacks."""

from __future__ import annotations

import numpy as np
import pytest

from edge.cameras import Frame
from training.liveness.films.taken import lengthened


def film(count: int, fps: float) -> list[Frame]:
    return [Frame(np.full((2, 2, 3), i, np.uint8), i / fps, i) for i in range(count)]


def shown(frames: list[Frame]) -> list[int]:
    return [int(f.image[0, 0, 0]) for f in frames]


def test_a_short_film_runs_there_and_back_and_each_end_is_shown_once() -> None:
    made = list(lengthened(film(4, 10), 0.9))
    assert shown(made) == [0, 1, 2, 3, 2, 1, 0, 1, 2, 3]
    assert [f.index for f in made] == list(range(10))
    assert [f.t for f in made] == pytest.approx([i / 10 for i in range(10)])


def test_times_go_on_from_where_the_film_begins() -> None:
    late = [Frame(f.image, f.t + 5, f.index + 7) for f in film(3, 2)]
    made = list(lengthened(late, 2.4))
    assert [f.t for f in made] == [5, 5.5, 6, 6.5, 7]
    assert [f.index for f in made] == [7, 8, 9, 10, 11]


@pytest.mark.parametrize(("count", "seconds"), [(40, 3.0), (1, 3.0), (0, 3.0)])
def test_a_film_that_is_long_enough_or_has_no_rate_stays_as_it_is(
    count: int, seconds: float
) -> None:
    given = film(count, 10)
    assert list(lengthened(given, seconds)) == given
