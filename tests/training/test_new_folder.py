"""A new folder is there whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.errors import OutputError
from training.new_folder import new_folder


def test_it_takes_its_name_at_the_end(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    with new_folder(out) as part:
        (part / "a").write_text("1")
        assert not out.exists() and part.parent == out.parent
    assert [p.name for p in out.parent.iterdir()] == ["out"]
    assert (out / "a").read_text() == "1" and out.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_nothing_is_left_of_what_failed(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), new_folder(tmp_path / "out") as part:
        (part / "a").write_text("1")
        raise error
    assert not list(tmp_path.iterdir())


def test_what_is_there_stays(tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    with new_folder(full) as part:  # an empty one is as good as none
        (part / "a").write_text("1")
    for taken in (full, full / "a"):
        with pytest.raises(OutputError, match="is there already"), new_folder(taken):
            pytest.fail("it was given a folder")
    assert (full / "a").read_text() == "1"


def test_what_the_system_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be made"), new_folder(tmp_path / "file" / "out"):
        pytest.fail("it was given a folder")
    with pytest.raises(OutputError, match="cannot be written"), new_folder(tmp_path / "out"):
        raise PermissionError(13, "Permission denied")
