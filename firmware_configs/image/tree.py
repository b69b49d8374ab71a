"""A file tree in memory, and its ways out: a tar with every bit decided, or a folder to look at.

Owner, mode and time of each file are the tree's and not those of the machine that builds. So no
step needs root, and the same inputs give the same bytes.
"""

from __future__ import annotations

import io
import os
import posixpath
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Literal

from firmware_configs.errors import BuildError

Kind = Literal["file", "folder", "link"]


@dataclass(frozen=True, slots=True)
class Member:
    """A file's content inside a tar archive: where it begins and how long it is."""

    archive: Path
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Entry:
    """kind "file" has `content`, kind "link" has `target`."""

    kind: Kind
    mode: int
    uid: int = 0
    gid: int = 0
    content: bytes | Path | Member = b""
    target: str = ""

    def read(self) -> bytes:
        match self.content:
            case bytes(data):
                return data
            case Path() as path:
                return path.read_bytes()
            case Member(archive, offset, size):
                with archive.open("rb") as file:
                    file.seek(offset)
                    return file.read(size)
        raise AssertionError


def normal(path: str) -> str:
    """`path` as the tree names it: "usr/bin/python3", without leading or doubled slashes.

    Raises BuildError for a path that leaves the tree.
    """
    clean = posixpath.normpath("/" + path).lstrip("/")
    if not clean or any(part == ".." for part in path.split("/")):
        raise BuildError(f"{path!r} is no path inside the image")
    return clean


class Tree:
    """Paths and what is there. A folder appears with the first thing in it (root's, 0755)."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def __contains__(self, path: str) -> bool:
        return self.resolve(path) in self.entries

    def __getitem__(self, path: str) -> Entry:
        """What is at `path`, links followed. Raises BuildError if there is nothing."""
        try:
            return self.entries[self.resolve(path, last=True)]
        except KeyError:
            raise BuildError(f"there is no /{normal(path)} in the image") from None

    def resolve(self, path: str, *, last: bool = False, depth: int = 0) -> str:
        """`path` with the links among its folders followed: lib/x is usr/lib/x on Debian.

        last: whether a link at the very end is followed too. Raises BuildError for a loop.
        """
        if depth > 40:
            raise BuildError(f"/{path}: too many symbolic links")
        parts = normal(path).split("/")
        for count in range(1, len(parts) + (1 if last else 0)):
            here = "/".join(parts[:count])
            entry = self.entries.get(here)
            if entry is not None and entry.kind == "link":
                to = posixpath.normpath(posixpath.join("/", posixpath.dirname(here), entry.target))
                rest = "/".join(parts[count:])
                onward = posixpath.join(to, rest) if rest else to
                return self.resolve(onward, last=last, depth=depth + 1)
        return "/".join(parts)

    def put(self, path: str, entry: Entry) -> None:
        """Add or replace. A folder put where one is takes the new mode and owner."""
        place = self.resolve(path)
        before = self.entries.get(place)
        if before is not None and (before.kind == "folder") != (entry.kind == "folder"):
            raise BuildError(f"/{place}: a {entry.kind} cannot take the place of a {before.kind}")
        above = posixpath.dirname(place)
        if above and above not in self.entries:
            self.put(above, Entry("folder", 0o755))
        elif above and self.entries[above].kind != "folder":
            raise BuildError(f"/{place}: /{above} is no folder")
        self.entries[place] = entry

    def write(self, path: str, text: str | bytes, mode: int = 0o644, gid: int = 0) -> None:
        data = text.encode() if isinstance(text, str) else text
        self.put(path, Entry("file", mode, 0, gid, data))

    def link(self, path: str, target: str) -> None:
        self.put(path, Entry("link", 0o777, target=target))

    def folder(self, path: str, mode: int = 0o755, uid: int = 0, gid: int = 0) -> None:
        self.put(path, Entry("folder", mode, uid, gid))

    def text(self, path: str) -> str:
        return self[path].read().decode()

    def remove(self, *paths: str) -> None:
        """Take out each path with all that is under it. Raises BuildError if there is none."""
        for path in paths:
            place = self.resolve(path)
            gone = [p for p in self.entries if p == place or p.startswith(place + "/")]
            if not gone:
                raise BuildError(f"there is no /{place} to leave out")
            for p in gone:
                del self.entries[p]

    def under(self, path: str) -> list[str]:
        """Paths of all files and links below a folder, sorted."""
        top = self.resolve(path, last=True) + "/"
        return sorted(p for p in self.entries if p.startswith(top))

    def add_host(self, source: Path, path: str, mode: int | None = None) -> None:
        """A file, or a folder with all in it, from this machine; owned by root there.

        mode: of a single file; else 0755 for what its owner may execute, and 0644. Links stay.
        Raises BuildError if there is no such file.
        """
        if source.is_symlink():
            self.link(path, str(source.readlink()))
        elif source.is_dir():
            for child in sorted(source.iterdir()):
                if child.name != "__pycache__":
                    self.add_host(child, f"{path}/{child.name}")
            if not any(source.iterdir()):
                self.folder(path)
        elif source.is_file():
            usual = 0o755 if source.stat().st_mode & 0o100 else 0o644
            self.put(path, Entry("file", usual if mode is None else mode, content=source))
        else:
            raise BuildError(f"{source}: no such file or folder")

    def add_tar(self, archive: Path) -> None:
        """All files, folders and links of an uncompressed tar; device nodes are left out."""
        with tarfile.open(archive, "r:") as tar:
            for info in tar:
                name = posixpath.normpath(info.name)
                if name == ".":
                    continue
                entry = _from_tar(self, archive, info)
                if entry is not None:
                    self.entries[name] = entry

    def sorted(self) -> Iterator[tuple[str, Entry]]:
        yield from sorted(self.entries.items())

    def to_tar(self, file: IO[bytes], when: int) -> None:
        """All of it as a tar, in order of paths, everything dated `when` (seconds since 1970)."""
        with tarfile.open(fileobj=file, mode="w|", format=tarfile.GNU_FORMAT) as tar:
            for path, entry in self.sorted():
                info = tarfile.TarInfo(path)
                info.mode, info.uid, info.gid, info.mtime = entry.mode, entry.uid, entry.gid, when
                if entry.kind == "file":
                    data = entry.read()
                    info.size = len(data)
                    tar.addfile(info, io.BytesIO(data))
                    continue
                info.type = tarfile.DIRTYPE if entry.kind == "folder" else tarfile.SYMTYPE
                info.linkname = entry.target
                tar.addfile(info)

    def to_folder(self, folder: Path, when: int | None = None) -> None:
        """All of it as files under `folder`, owned by whoever runs this, dated `when` if given."""
        for path, entry in self.sorted():
            place = folder / path
            if entry.kind == "folder":
                place.mkdir(parents=True, exist_ok=True)
            elif entry.kind == "link":
                place.symlink_to(entry.target)
            else:
                place.write_bytes(entry.read())
                place.chmod(entry.mode & 0o777)
        if when is not None:
            for path in self.entries:
                os.utime(folder / path, (when, when), follow_symlinks=False)


def _from_tar(tree: Tree, archive: Path, info: tarfile.TarInfo) -> Entry | None:
    if info.isdir():
        return Entry("folder", info.mode, info.uid, info.gid)
    if info.issym():
        return Entry("link", 0o777, target=info.linkname)
    if info.islnk():
        first = tree.entries[posixpath.normpath(info.linkname)]
        return replace(first, mode=info.mode, uid=info.uid, gid=info.gid)
    if info.isreg():
        content = Member(archive, info.offset_data, info.size)
        return Entry("file", info.mode, info.uid, info.gid, content)
    return None
