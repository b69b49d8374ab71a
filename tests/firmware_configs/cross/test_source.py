"""A wheel is made of tracked files alone, and knows of which commit."""

import os
import subprocess
from pathlib import Path

import pytest

from firmware_configs.cross import source
from firmware_configs.errors import BuildError


def git(root: Path, *words: str) -> None:
    dated = {"GIT_AUTHOR_DATE": "1700000000 +0000", "GIT_COMMITTER_DATE": "1700000000 +0000"}
    who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    command = ["git", "-C", root, *who, *words]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **dated})


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    for name in ("edge/a.py", "native/b.cpp", "docs/c.md", "setup.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    git(tmp_path, "init", "-q", "checkout")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "first")
    return root


def test_only_tracked_files_that_reach_the_wheel_are_copied(checkout, tmp_path):
    (checkout / "edge" / "stray.py").touch()
    source.copy(checkout, tmp_path / "copy")
    found = {p.relative_to(tmp_path / "copy").as_posix() for p in (tmp_path / "copy").rglob("*.*")}
    assert found == {"edge/a.py", "native/b.cpp", "setup.py"}


def test_what_was_copied_before_is_gone(checkout, tmp_path):
    old = tmp_path / "copy" / "edge" / "removed.py"
    old.parent.mkdir(parents=True)
    old.touch()
    source.copy(checkout, tmp_path / "copy")
    assert not old.exists()


def test_modes_do_not_depend_on_the_umask(checkout, tmp_path):
    (checkout / "edge" / "a.py").chmod(0o600)
    (checkout / "setup.py").chmod(0o700)
    source.copy(checkout, tmp_path / "copy")
    assert (tmp_path / "copy" / "edge" / "a.py").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "copy" / "setup.py").stat().st_mode & 0o777 == 0o755


def test_the_digest_tells_of_names_and_contents_and_of_nothing_else(checkout):
    before = source.digest(checkout)
    (checkout / "docs" / "c.md").write_text("other")
    (checkout / "edge" / "stray.py").touch()
    assert source.digest(checkout) == before
    git(checkout, "mv", "edge/a.py", "edge/z.py")
    renamed = source.digest(checkout)
    (checkout / "native" / "b.cpp").write_text("other")
    assert len({before, renamed, source.digest(checkout)}) == 3


def test_a_commit_is_clean_until_a_file_of_the_wheel_changes(checkout):
    commit = source.commit_of(checkout)
    assert (commit.time, commit.clean, len(commit.id)) == (1700000000, True, 40)
    (checkout / "docs" / "c.md").write_text("other")
    assert source.commit_of(checkout).clean
    (checkout / "edge" / "a.py").write_text("other")
    assert source.commit_of(checkout) == source.Commit(commit.id, commit.time, False)


def test_a_tracked_file_that_is_gone_is_named(checkout, tmp_path):
    (checkout / "edge" / "a.py").unlink()
    with pytest.raises(BuildError, match=r"not there: edge/a\.py"):
        source.copy(checkout, tmp_path / "copy")


def test_what_is_no_checkout_is_refused(tmp_path):
    with pytest.raises(BuildError, match="git"):
        source.commit_of(tmp_path)
