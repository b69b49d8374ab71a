"""The target's processors played by QEMU: its C++ tests, and its Python with the built wheel."""

from __future__ import annotations

import json
import shutil
import xml.etree.ElementTree as ElementTree
import zipfile
from dataclasses import dataclass
from pathlib import Path

from firmware_configs.cross.debs import unpacked
from firmware_configs.cross.programs import clean_environment, run
from firmware_configs.cross.targets import PYTHON, ROOT, Processor, Target, expected_variants
from firmware_configs.cross.tools import tools
from firmware_configs.errors import BuildError

PINS = Path(__file__).with_name("emulated.txt")
CONFTEST = Path(__file__).with_name("emulated_conftest.py")
# The target's interpreter and what binary wheels link to.
PYTHON_PACKAGES = {"arm64": (f"python{PYTHON}", "libstdc++6")}
# Platforms whose wheels Debian 12 runs; pip must be told each by name.
PLATFORMS = tuple(f"manylinux_2_{n}" for n in (34, 31, 28, 27, 17)) + ("manylinux2014",)
DISPATCH = "import json, native; print(json.dumps([native.instruction_sets(), native.dispatch()]))"


@dataclass(frozen=True)
class Passed:
    """What passed on one processor. skipped: tests that pytest skipped, with their reasons."""

    what: str
    processor: str
    variants: str
    tests: int
    skipped: tuple[str, ...] = ()


class CppTests:
    """The C++ tests, cross-compiled."""

    def __init__(self, target: Target, folder: Path) -> None:
        """Builds them in `folder`. Raises BuildError."""
        self._target = target
        environment = clean_environment()
        toolchain = f"-DCMAKE_TOOLCHAIN_FILE={target.toolchain}"
        run("cmake", "-S", ROOT, "-B", folder, toolchain, env=environment)
        run("cmake", "--build", folder, "--parallel", "2", env=environment)
        listed = run("ctest", "--test-dir", folder, "--show-only=json-v1", env=environment)
        # Each is the emulator, its options, the program and its arguments.
        self._commands = {t["name"]: t["command"] for t in json.loads(listed)["tests"]}
        if not self._commands:
            raise BuildError(f"{folder}: no C++ test was built")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._commands)

    def run(self, processor: Processor) -> Passed:
        """Raises BuildError if one fails, or the kernels find another set than they must."""
        for name, command in self._commands.items():
            if "-cpu" not in command or not Path(command[0]).name.startswith("qemu-"):
                raise BuildError(f"{name}: is not run by the emulator: {' '.join(command)}")
            words = list(command)
            words[words.index("-cpu") + 1] = processor.name
            said = run(*words)
            if not name.startswith("seeds_") and " 0 failures" not in said:
                raise BuildError(f"{name} on {processor.name}: checked nothing\n{said}")
            if name == "scan" and f"widest present: {processor.widest}\n" not in said:
                raise BuildError(
                    f"{processor.name}: must have {processor.widest}, but the test said\n{said}"
                )
        return Passed("C++", processor.name, processor.widest, len(self._commands))


class EmulatedPython:
    """The target's Python with the wheel, and the tests of tests/native that need no compiler."""

    def __init__(self, target: Target, wheel: Path) -> None:
        """Sets it up in the target's folder. Raises BuildError."""
        self._target = target
        system = target.folder / "python"
        packages = PYTHON_PACKAGES[target.arch]
        unpacked(target.arch, target.folder / "apt", packages, system, closure=True)
        self._site = self._install(target.folder / "site")
        self.interpreter = _launcher(target, system)
        self._stage = target.folder / "stage"
        shutil.rmtree(self._stage, ignore_errors=True)
        with zipfile.ZipFile(wheel) as file:
            file.extractall(self._stage)
        (self._stage / "tests" / "native").mkdir(parents=True)
        for path in filter(_calls, sorted((ROOT / "tests" / "native").glob("test_*.py"))):
            shutil.copy(path, self._stage / "tests" / "native")
        shutil.copy(CONFTEST, self._stage / "tests" / "conftest.py")

    def _install(self, site: Path) -> Path:
        """Pinned wheels of the target, unpacked by this machine's pip."""
        stamp = site / ".pins"
        pins = PINS.read_text(encoding="utf-8")
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != pins:
            shutil.rmtree(site, ignore_errors=True)
            platforms = [f"--platform={name}_{self._target.machine}" for name in PLATFORMS]
            how = ["--quiet", "--no-compile", "--only-binary=:all:", f"--python-version={PYTHON}"]
            how += [f"--target={site}", f"--requirement={PINS}"]
            pip = (tools() / "python", "-m", "pip", "install")
            run(*pip, *how, *platforms, env=clean_environment())
            stamp.write_text(pins, encoding="utf-8")
        return site

    def _environment(self, processor: Processor) -> dict[str, str]:
        return clean_environment(
            QEMU_CPU=processor.name,
            PYTHONPATH=str(self._site),
            PYTHONDONTWRITEBYTECODE="1",
            # OpenBLAS would start a thread for each of this machine's cores.
            OPENBLAS_NUM_THREADS="1",
        )

    def check_variants(self, processor: Processor) -> str:
        """The variants that the wheel's kernels use there. Raises BuildError if not the right."""
        environment = self._environment(processor)
        said = run(self.interpreter, "-c", DISPATCH, env=environment, cwd=self._stage)
        sets, used = json.loads(said)
        must = expected_variants(self._target, processor.widest)
        if sets[-1] != processor.widest or used != must:
            raise BuildError(
                f"{processor.name}: must have {processor.widest} and use {must}; "
                f"native says {sets[-1]} and {used}"
            )
        return ", ".join(f"{kernel} {name}" for kernel, name in sorted(used.items()))

    def run(self, processor: Processor) -> Passed:
        """Raises BuildError if a test fails or the kernels use another variant than they must."""
        variants = self.check_variants(processor)
        report = self._stage / "report.xml"
        report.unlink(missing_ok=True)
        # None of the checkout's settings: they would put its own extension first.
        options = ["-c", "/dev/null", "--rootdir=.", "--import-mode=importlib", "-q"]
        options += ["-p", "no:cacheprovider", f"--junit-xml={report}"]
        options += ["tests/native"]
        environment = self._environment(processor)
        run(self.interpreter, "-m", "pytest", *options, env=environment, cwd=self._stage)
        [suite] = ElementTree.parse(report).getroot().iter("testsuite")
        skipped = tuple(one.get("message", "") for one in suite.iter("skipped"))
        return Passed(
            "Python", processor.name, variants, int(suite.get("tests", "0")) - len(skipped), skipped
        )


def _calls(test: Path) -> bool:
    """Whether a test calls the extension; the others compile or look at sources."""
    return "import native\n" in test.read_text(encoding="utf-8")


def _launcher(target: Target, system: Path) -> Path:
    """A program that is the target's Python as far as its caller can tell, also to sys.executable.

    It lies where the interpreter does, which so finds its own library and not this machine's.
    """
    place = system / "usr" / "bin" / "python-emulated"
    python = place.with_name(f"python{PYTHON}")
    emulator = shutil.which(target.emulator)
    place.write_text(
        f"#!/bin/sh\nexec '{emulator}' -L '{system}' -0 '{place}' '{python}' \"$@\"\n",
        encoding="utf-8",
    )
    place.chmod(0o755)
    return place
