"""FACEGATE_KERNELS forces an instruction set or stops the import; it is never ignored."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import native

ROOT = Path(__file__).parents[2]


def ask(kernels: str | None) -> subprocess.CompletedProcess[str]:
    """What a new interpreter says of its kernels with the variable so set."""
    environment = {k: v for k, v in os.environ.items() if k != "FACEGATE_KERNELS"}
    if kernels is not None:
        environment["FACEGATE_KERNELS"] = kernels
    code = "import native; print(*sorted(set(native.dispatch().values())))"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_sets_go_from_the_floor_up():
    sets = native.instruction_sets()
    assert sets[0] == "baseline" and len(set(sets)) == len(sets)
    assert set(native.dispatch().values()) <= set(sets)


@pytest.mark.parametrize("name", ["fastest", "", "AVX2", "avx2 "])
def test_an_unknown_name_stops_the_import(name):
    done = ask(name)
    assert done.returncode != 0
    assert "FACEGATE_KERNELS: need one of baseline" in done.stderr
    assert f"got '{name}'" in done.stderr


@pytest.mark.parametrize("name", native.instruction_sets())
def test_every_set_can_be_forced(name):
    done = ask(name)
    assert done.returncode == 0, done.stderr
    known = native.instruction_sets()
    assert all(known.index(used) <= known.index(name) for used in done.stdout.split())


def test_unset_uses_what_the_processor_has():
    widest = ask(native.instruction_sets()[-1])
    assert ask(None).stdout == widest.stdout
