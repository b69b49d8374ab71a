"""A pack is whole or absent, whatever happens while it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.errors import PackError
from export import pack_writer


def make_pack(folder: Path, mark: str = "old") -> None:
    folder.mkdir(parents=True)
    (folder / "manifest.toml").write_text(mark)


def listing(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def tree(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


def test_a_new_pack_appears_whole(tmp_path: Path) -> None:
    with pack_writer.staged(tmp_path / "deep" / "pack") as folder:
        (folder / "manifest.toml").write_text("new")
        assert not (tmp_path / "deep" / "pack").exists()
    assert tree(tmp_path) == {"deep/pack/manifest.toml": "new"}


@pytest.mark.parametrize("error", [KeyboardInterrupt, PackError, MemoryError])
@pytest.mark.parametrize("existing", [False, True])
def test_an_error_leaves_things_as_they_were(
    tmp_path: Path, error: type[BaseException], existing: bool
) -> None:
    target = tmp_path / "pack"
    if existing:
        make_pack(target)
    before = tree(tmp_path)
    with pytest.raises(error), pack_writer.staged(target, force=True) as folder:
        (folder / "embedder.onnx").write_text("half")
        raise error
    assert tree(tmp_path) == before
    assert listing(tmp_path) == (["pack"] if existing else [])


def test_an_existing_pack_is_replaced_only_by_force(tmp_path: Path) -> None:
    make_pack(tmp_path / "pack")
    with pytest.raises(PackError, match="--force"), pack_writer.staged(tmp_path / "pack"):
        raise AssertionError("must not be entered")
    with pack_writer.staged(tmp_path / "pack", force=True) as folder:
        (folder / "manifest.toml").write_text("new")
    assert tree(tmp_path) == {"pack/manifest.toml": "new"}
    assert listing(tmp_path) == ["pack"]


def test_what_is_no_pack_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letters.txt").write_text("dear")
    (tmp_path / "file").write_text("x")
    for name in ("home", "file"):
        with (
            pytest.raises(PackError, match="not a pack"),
            pack_writer.staged(tmp_path / name, force=True),
        ):
            raise AssertionError("must not be entered")
    assert tree(tmp_path) == {"home/letters.txt": "dear", "file": "x"}


def test_a_failed_exchange_puts_the_old_pack_back(tmp_path: Path) -> None:
    make_pack(tmp_path / "pack")
    new = tmp_path / ".pack-x"
    make_pack(new, "new")
    calls = []

    def rename(a: Path, b: Path) -> None:
        calls.append((a.name, b.name))
        if len(calls) == 2:
            raise OSError("no space")
        a.replace(b)

    with pytest.raises(OSError, match="no space"):
        pack_writer._replace(new, tmp_path / "pack", rename)
    assert (tmp_path / "pack" / "manifest.toml").read_text() == "old"
