"""The tree: links among folders, what it refuses, and that a tar is decided to the last bit."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from firmware_configs.errors import BuildError
from firmware_configs.image.tree import Entry, Tree, normal


def tar_of(tree: Tree) -> bytes:
    file = io.BytesIO()
    tree.to_tar(file, 1000)
    return file.getvalue()


def test_a_path_through_a_linked_folder_is_the_same_file() -> None:
    tree = Tree()
    tree.folder("usr/lib")
    tree.link("lib", "usr/lib")
    tree.write("/lib/systemd/x", "one")
    assert "usr/lib/systemd/x" in tree
    assert tree.text("lib/systemd/x") == "one"
    assert "lib/systemd/x" not in tree.entries


def test_a_relative_link_at_the_end_is_read_through_and_a_loop_is_not() -> None:
    tree = Tree()
    tree.write("a/b/file", "here")
    tree.link("a/link", "b/file")
    tree.link("loop", "loop")
    assert tree.text("a/link") == "here"
    with pytest.raises(BuildError, match="too many"):
        tree.text("loop")


@pytest.mark.parametrize("path", ["..", "a/../../b", "/", ""])
def test_a_path_that_leaves_the_tree_is_refused(path: str) -> None:
    with pytest.raises(BuildError):
        normal(path)


def test_a_file_does_not_take_the_place_of_a_folder() -> None:
    tree = Tree()
    tree.write("etc/hosts", "")
    with pytest.raises(BuildError, match="folder"):
        tree.write("etc", "")
    with pytest.raises(BuildError, match="no folder"):
        tree.write("etc/hosts/x", "")


def test_what_is_not_there_cannot_be_left_out() -> None:
    tree = Tree()
    tree.write("a/x", "")
    tree.write("ab", "")
    tree.remove("a")
    assert list(tree.entries) == ["ab"]
    with pytest.raises(BuildError):
        tree.remove("a")


def test_the_order_of_making_leaves_no_trace() -> None:
    one, other = Tree(), Tree()
    for tree, names in ((one, "xyz"), (other, "zyx")):
        for name in names:
            tree.write(f"etc/{name}", name)
    assert tar_of(one) == tar_of(other)


def test_a_tar_has_the_trees_owners_and_times(tmp_path: Path) -> None:
    tree = Tree()
    tree.put("etc/shadow", Entry("file", 0o640, 0, 42, b"x"))
    source = tmp_path / "script"
    source.write_text("#!/bin/sh\n")
    source.chmod(0o775)
    tree.add_host(source, "usr/bin/script")
    with tarfile.open(fileobj=io.BytesIO(tar_of(tree))) as tar:
        shadow, script = tar.getmember("etc/shadow"), tar.getmember("usr/bin/script")
    assert (shadow.mode, shadow.gid, shadow.mtime) == (0o640, 42, 1000)
    assert (script.mode, script.uid) == (0o755, 0)


def test_a_tar_is_read_back_the_same(tmp_path: Path) -> None:
    tree = Tree()
    tree.write("a/file", b"\0\1" * 700)
    tree.link("a/link", "file")
    tree.folder("empty", 0o1777)
    path = tmp_path / "x.tar"
    path.write_bytes(tar_of(tree))
    back = Tree()
    back.add_tar(path)
    assert tar_of(back) == tar_of(tree)


def test_a_hard_link_of_an_archive_becomes_a_file_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as tar:
        info = tarfile.TarInfo("one")
        info.size = 3
        tar.addfile(info, io.BytesIO(b"abc"))
        again = tarfile.TarInfo("two")
        again.type, again.linkname = tarfile.LNKTYPE, "one"
        tar.addfile(again)
    tree = Tree()
    tree.add_tar(path)
    assert tree.text("two") == "abc"


def test_a_missing_source_is_named(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="nothing-here"):
        Tree().add_host(tmp_path / "nothing-here", "etc/x")
