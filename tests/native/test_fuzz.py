"""Fuzzers of the kernels find nothing in a minute each; the seeds are replayed by ctest besides."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGETS = ("align", "boxes", "decode", "gallery")
SECONDS = int(os.environ.get("FACEGATE_FUZZ_SECONDS", "60"))


@pytest.mark.slow
def test_fuzzers_find_nothing(tmp_path):
    for needed, package in (("cmake", "cmake"), ("clang++", "clang")):
        if shutil.which(needed) is None:
            pytest.skip(f"needs the Debian package {package}")
    build = tmp_path / "build"
    options = ("CMAKE_CXX_COMPILER=clang++", "FACEGATE_FUZZ=ON", "FACEGATE_SANITIZE=ON")
    configure = ["cmake", "-S", ROOT, "-B", build, "-DFACEGATE_BUILD_TESTS=OFF"]
    configure += [f"-D{option}" for option in options]
    targets = [f"fuzz_{target}" for target in TARGETS]
    for command in (configure, ["cmake", "--build", build, "--parallel", "2", "-t", *targets]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    # All at once: each has one thread, and a minute is a minute.
    running = {}
    for target in TARGETS:
        found = tmp_path / target
        found.mkdir()
        fuzzer = [
            build / "native" / f"fuzz_{target}",
            f"-max_total_time={SECONDS}",
            "-max_len=1024",
            f"-artifact_prefix={found}/",
            "-print_final_stats=1",
            found,
            ROOT / "native" / "fuzz" / "seeds" / target,
        ]
        running[target] = subprocess.Popen(
            fuzzer, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    reports = {target: process.communicate()[0] for target, process in running.items()}
    for target, process in running.items():
        report = reports[target]
        assert process.returncode == 0, f"{target}:\n{report[-4000:]}"
        done = [line.split()[-1] for line in report.splitlines() if "executed_units" in line]
        assert int(done[0]) > 100, f"{target}: {done}"  # seeds and more, on the busiest machine
