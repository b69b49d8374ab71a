"""The wheel for another architecture: built, tagged after what it needs, checked, put in place."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from firmware_configs.cross import source
from firmware_configs.cross.debs import unpacked
from firmware_configs.cross.programs import clean_environment, needed, require, run
from firmware_configs.cross.targets import PYTHON, ROOT, Target
from firmware_configs.cross.tools import PINS, tools
from firmware_configs.errors import BuildError

RECORD = "build.json"


@dataclass(frozen=True)
class Wheel:
    """A finished wheel, and what it was made from."""

    path: Path
    sha256: str
    platform: str  # platform tag
    commit: str
    clean: bool  # whether the sources are those of the commit
    sources: str  # SHA-256 of the sources' names and contents
    epoch: int  # SOURCE_DATE_EPOCH, which all its files are dated
    compiler: str
    headers: list[str]  # Debian packages
    tools: list[str]


def build(target: Target, say: Callable[[str], None]) -> Wheel:
    """Builds the wheel from the checkout's tracked files; replaces the one that was there.

    say: is told what is being done. Raises BuildError, ToolMissing; the old wheel then stays.
    """
    require(needed(target))
    say("tools")
    programs = tools()
    say("headers of the target's Python")
    headers = target.folder / "headers"
    packages = unpacked(
        target.arch, target.folder / "apt", [f"libpython{PYTHON}-dev"], headers, closure=False
    )
    say("sources")
    commit = source.commit_of(ROOT)
    copied = target.folder / "source"
    sources = source.copy(ROOT, copied)
    say("compiling")
    raw = _compile(target, programs, headers / "usr" / "include", copied, commit.time)
    platform = _platform(programs, raw)
    wheel = _tagged(programs, raw, platform, commit.time)
    check(wheel, target)
    made = Wheel(
        path=target.dist / wheel.name,
        sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        platform=platform,
        commit=commit.id,
        clean=commit.clean,
        sources=sources,
        epoch=commit.time,
        compiler=run(f"{target.triple}-g++", "--version").splitlines()[0],
        headers=packages,
        tools=[line for line in PINS.read_text(encoding="utf-8").split("\n") if "==" in line],
    )
    _put(wheel, made)
    return made


def _compile(target: Target, programs: Path, include: Path, sources: Path, epoch: int) -> Path:
    """The wheel as pip builds it, tagged for any Linux of the architecture."""
    out = sources.with_name("raw")
    shutil.rmtree(out, ignore_errors=True)
    toolchain = sources / "firmware_configs" / "toolchains" / target.toolchain.name
    environment = clean_environment(
        SOURCE_DATE_EPOCH=str(epoch),
        _PYTHON_HOST_PLATFORM=f"linux-{target.machine}",
        CMAKE_GENERATOR="Ninja",
        CMAKE_ARGS=f"-DCMAKE_TOOLCHAIN_FILE={toolchain} -DFACEGATE_TARGET_INCLUDE={include}",
    )
    environment["PATH"] = f"{programs}:{environment['PATH']}"
    pip = ("-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-cache-dir")
    run(programs / "python", *pip, "--wheel-dir", out, sources, env=environment)
    return the_wheel(out)


def the_wheel(folder: Path) -> Path:
    """The one wheel of a folder. Raises BuildError if there is none, or more than one."""
    found = sorted(folder.glob("*.whl"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise BuildError(f"{folder}: need one wheel, found {names}")
    return found[0]


def _platform(programs: Path, wheel: Path) -> str:
    """The oldest manylinux that has all that the extension links to, as auditwheel finds it."""
    said = run(programs / "auditwheel", "show", "--json", wheel)
    tag = json.loads(said)["overall_tag"]
    if not isinstance(tag, str):
        raise BuildError(f"auditwheel: cannot tell a platform of {wheel.name}")
    return tag


def _tagged(programs: Path, wheel: Path, platform: str, epoch: int) -> Path:
    words = ("tags", "--remove", "--platform-tag", platform, wheel.name)
    environment = clean_environment(SOURCE_DATE_EPOCH=str(epoch))
    run(programs / "wheel", *words, env=environment, cwd=wheel.parent)
    return the_wheel(wheel.parent)


def check(wheel: Path, target: Target) -> None:
    """Raises BuildError unless it holds edge, native for this target, and the default pack."""
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
        extensions = [name for name in names if name.endswith(".so")]
        heads = {name: file.open(name).read(20) for name in extensions}
    for must in ("edge/__init__.py", "native/__init__.py", "edge/packs/default/manifest.toml"):
        if must not in names:
            raise BuildError(f"{wheel.name}: lacks {must}")
    if not any(name.startswith("edge/packs/default/") and name.endswith(".onnx") for name in names):
        raise BuildError(f"{wheel.name}: lacks the networks of the default pack")
    if [name.split(".")[0] for name in extensions] != ["native/_native"]:
        raise BuildError(f"{wheel.name}: need one extension, native/_native, found {extensions}")
    [head] = heads.values()
    if head[:4] != b"\x7fELF" or struct.unpack("<H", head[18:20])[0] != target.elf:
        raise BuildError(f"{wheel.name}: {extensions[0]} is no program of {target.machine}")


def _put(wheel: Path, made: Wheel) -> None:
    """Moves the wheel and its record into the target's dist; others leave it."""
    fresh = made.path.parent.with_name("dist.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    wheel.rename(fresh / wheel.name)
    record = {**asdict(made), "path": wheel.name}
    (fresh / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(made.path.parent, ignore_errors=True)
    fresh.rename(made.path.parent)


def built(target: Target) -> Wheel:
    """The wheel in the target's dist. Raises BuildError if none was built, or it was changed."""
    record = target.dist / RECORD
    if not record.exists():
        raise BuildError(f"{target.dist}: no wheel; run: make cross ARCH={target.arch}")
    said = json.loads(record.read_text(encoding="utf-8"))
    made = Wheel(**{**said, "path": target.dist / said["path"]})
    if not made.path.exists() or hashlib.sha256(made.path.read_bytes()).hexdigest() != made.sha256:
        raise BuildError(f"{made.path}: is not what was built; run: make cross ARCH={target.arch}")
    return made
