"""Nothing leaves the device, nor is kept for leaving: what ONNX Runtime would do by itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LOOK = (
    "import edge.packs as p; pack = p.load('default'); "
    "import onnxruntime; print(onnxruntime.__version__)"
)


def test_a_pack_is_loaded_without_a_trace_in_the_home_folder(tmp_path: Path) -> None:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("ORT_", "XDG_"))}
    env["HOME"] = str(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", LOOK], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip()
    assert list(tmp_path.rglob("*")) == []
