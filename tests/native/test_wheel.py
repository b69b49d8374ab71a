"""The wheel holds what a device needs and nothing else."""

import importlib.util
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILT_FROM = ("pyproject.toml", "setup.py", "CMakeLists.txt", "MANIFEST.in", "LICENSE")


def copy_of_the_checkout(target):
    for name in BUILT_FROM:
        shutil.copy(ROOT / name, target)
    unwanted = shutil.ignore_patterns("__pycache__", "*.so")
    for package in ("edge", "native"):
        shutil.copytree(ROOT / package, target / package, ignore=unwanted)
    # Rooms that must stay out, and data of a kind that must come along.
    for room in ("training", "bench"):
        (target / room).mkdir()
        (target / room / "__init__.py").touch()
    pack = target / "edge" / "packs" / "default"
    pack.mkdir(parents=True, exist_ok=True)
    for data in ("probe.toml", "probe.onnx", "probe.md"):
        (pack / data).touch()


@pytest.mark.slow
def test_wheel_contents(tmp_path):
    for module in ("pip", "pybind11", "scikit_build_core"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed here")
    if shutil.which("c++") is None:
        pytest.skip("there is no C++ compiler")
    source = tmp_path / "source"
    source.mkdir()
    copy_of_the_checkout(source)
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*pip, "-w", tmp_path, source], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr

    [wheel] = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"edge", "native"}
    sources = {path.relative_to(source).as_posix() for path in source.glob("edge/**/*.py")}
    assert sources <= names
    assert {f"edge/packs/default/probe.{kind}" for kind in ("toml", "onnx", "md")} <= names
    assert {"edge/py.typed", "native/__init__.py", "native/__init__.pyi"} <= names
    native = {name for name in names if name.startswith("native/")}
    assert len(native) == 3 and any(name.endswith(".so") for name in native)
