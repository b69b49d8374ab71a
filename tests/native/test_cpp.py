"""The C++ tests, built with address and undefined-behaviour sanitizers."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.slow
def test_kernels_under_sanitizers(tmp_path):
    for needed in ("cmake", "ctest", "c++"):
        if shutil.which(needed) is None:
            pytest.skip(f"{needed} is not installed")
    run("cmake", "-S", ROOT, "-B", tmp_path, "-DFACEGATE_SANITIZE=ON")
    run("cmake", "--build", tmp_path, "--parallel", "2")
    report = run("ctest", "--test-dir", tmp_path, "--output-on-failure", "--no-tests=error")
    for operation in ("similarity", "align", "decode", "nms", "match", "scan", "index"):
        assert f": {operation} ..." in report
