"""Who may import whom, as docs/architecture.md draws it. Read from the source, nothing is run."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = (
    "edge.demo",
    "edge.enroll",
    "edge.calibrate",
    "edge.watch",
    "edge.daemon",
    "edge.packs.__main__",
    "edge.update.__main__",
)
PURE = ("edge.decide", "edge.gates", "edge.life", "edge.challenge", "edge.hours", "edge.track")
PURE_STDLIB = {"__future__", "collections", "dataclasses", "datetime", "itertools", "math"}
PURE_STDLIB |= {"re", "typing"}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> set[str]:
    """Full names of all that a file imports, anywhere in it; `from a import b` gives a and a.b."""
    package = module_name(path).split(".")
    if path.stem != "__init__":
        package.pop()
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return found


def sources(*folders: str) -> list[Path]:
    files = [p for f in folders for s in ("py", "pyi") for p in (ROOT / f).rglob(f"*.{s}")]
    return sorted(files)


def lies_in(name: str, *rooms: str) -> bool:
    return any(name == room or name.startswith(room + ".") for room in rooms)


def strangers(folder: str, allowed: tuple[str, ...]) -> list[str]:
    """Imports of this repository's rooms by `folder` that `allowed` does not name."""
    here = ("edge", "native", "export", "training", "bench", "firmware_configs", "tests")
    return [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources(folder)
        for name in sorted(imports(path))
        # `from edge import errors` names edge too; what counts is edge.errors.
        if lies_in(name, *here) and name != "edge" and not lies_in(name, folder, *allowed)
    ]


def named(module: str) -> Path:
    path = ROOT / Path(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def test_the_imports_of_a_file_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    file = tmp_path / "edge" / "room" / "one.py"
    file.parent.mkdir(parents=True)
    file.write_text(
        "import a.b\nfrom . import c\nfrom ..d import e\ndef f():\n    from g import h\n"
    )
    found = {"a.b", "edge.room", "edge.room.c", "edge.d", "edge.d.e", "g", "g.h"}
    assert imports(file) == found


def test_the_device_knows_nothing_of_the_workstation() -> None:
    assert strangers("edge", ("native",)) == []
    heavy = ("torch", "onnx", "onnxscript", "tensorflow", "scipy", "skimage", "sklearn")
    assert [(p.name, n) for p in sources("edge") for n in imports(p) if lies_in(n, *heavy)] == []


def test_native_python_imports_numpy_alone() -> None:
    allowed = ("native", "numpy", "__future__", "typing", "os")  # os: the type of a path
    files = [p for p in sources("native") if "tests" not in p.parts]
    assert files
    assert [(p.name, n) for p in files for n in imports(p) if not lies_in(n, *allowed)] == []


def test_the_workstation_uses_the_devices_code_and_no_more() -> None:
    """What is trained and exported is cut, normalised and measured by what runs at the door."""
    shared = ("edge.packs", "edge.faces", "edge.errors", "edge.metrics", "native")
    also = ("edge.intervals", "edge.outputs", "edge.cameras", "edge.render.sheet")
    also += ("edge.presentation", "edge.render.film", "edge.render.paint")
    pairs = ("edge.all_pairs", "edge.bootstrap", "edge.pair_bootstrap", "edge.score_histogram")
    measured = (*pairs, "edge.gallery", "edge.calibration.evidence")
    assert strangers("export", (*shared, "edge.outputs", "edge.all_pairs", "training")) == []
    # Only what measures the door's decision, or asks which frames it judges, may reach it.
    deciding = ("edge.config", "edge.decide", "edge.enrolment", "edge.gates", "edge.pipeline")
    door = ("training/recognition/door/", "training/recognition/windows.py")
    door += ("training/liveness/films/", "training/liveness/door.py")
    door += ("training/liveness/reports/finding.py",)
    found = strangers("training", (*shared, *also, *measured, "export"))
    assert [line for line in found if not line.startswith(door)] == []
    assert [line for line in found if not lies_in(line.split(": ")[1], *deciding)] == []


def test_what_makes_images_uses_the_devices_code_and_no_more() -> None:
    assert strangers("firmware_configs", ("edge", "native")) == []


def test_cameras_and_door_know_nothing_of_faces_or_each_other() -> None:
    assert strangers("edge/cameras", ("edge.cameras", "edge.errors")) == []
    assert strangers("edge/door", ("edge.door", "edge.errors")) == []


def test_nothing_imports_a_command() -> None:
    wrong = [
        f"{module_name(path)} imports {name}"
        for path in sources("edge")
        for name in imports(path)
        for command in COMMANDS
        if lies_in(name, command)
        and not lies_in(module_name(path), command)
        and not lies_in(module_name(path), "edge.demo")
    ]
    assert wrong == []


@pytest.mark.parametrize("module", PURE)
def test_what_decides_touches_no_clock_file_or_thread(module: str) -> None:
    path = named(module)
    outside = {n.split(".")[0] for n in imports(path)} - {"edge", "numpy"}
    assert outside <= PURE_STDLIB
    reached = ("edge.config", "edge.config_liveness", "edge.faces", "edge.gallery", *PURE)
    ours = [n for n in imports(path) if lies_in(n, "edge") and n != "edge"]
    assert [n for n in ours if not lies_in(n, *reached)] == []
    names = {n.id for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Name)}
    assert not names & {"open", "print", "input", "exec", "eval", "__import__"}


def test_a_frames_faces_are_seen_without_files_or_threads() -> None:
    doing = ("os", "io", "pathlib", "threading", "socket", "subprocess", "sqlite3", "logging")
    wrong = [(p.name, n) for p in sources("edge/faces") for n in imports(p) if lies_in(n, *doing)]
    assert wrong == []


def test_only_the_service_starts_threads() -> None:
    starts = {
        module_name(path)
        for path in sources("edge")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("Thread", "Timer")
    }
    assert starts <= {"edge.service_threads"}
