"""Lists of presentations: what is written is read again, and what is broken is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.errors import DataError
from training.liveness import samples
from training.liveness.samples import Sample

BOX = np.array([10.5, 20, 60, 80.25], np.float32)


def test_a_list_comes_back_as_it_was(tmp_path: Path) -> None:
    given = [
        Sample(tmp_path / "live/0.jpg", "live", "ann", BOX, film="f1"),
        Sample(tmp_path / "print/1.jpg", "print", "bo", BOX, "", "test", {"glare": 0.25}),
    ]
    assert samples.write(tmp_path / "list.csv", given) == 2
    found = samples.read(tmp_path / "list.csv")
    assert [s.picture for s in found] == [s.picture for s in given]
    assert [(s.label, s.person, s.film, s.range) for s in found] == [
        ("live", "ann", "f1", ""),
        ("print", "bo", "", "test"),
    ]
    assert found[0].live and not found[1].live
    assert found[1].parameters == {"glare": 0.25}
    np.testing.assert_allclose(found[0].box, BOX)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("a.jpg,live,ann,1,2,3", "6 fields"),
        ("a.jpg,live,ann,1,2,1,5,,,", "not a box"),
        ("a.jpg,live,ann,1,2,x,5,,,", "could not convert"),
        ("a.jpg,,ann,1,2,3,5,,,", "must not be empty"),
        ('a.jpg,print,ann,1,2,3,5,,,"[1]"', "not a JSON object"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, why: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(",".join(samples.COLUMNS) + "\n" + line + "\n")
    with pytest.raises(DataError, match=why) as caught:
        samples.read(path)
    assert f"{path}:2" in str(caught.value)


def test_an_empty_list_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(",".join(samples.COLUMNS) + "\n")
    with pytest.raises(DataError, match="no samples"):
        samples.read(path)
