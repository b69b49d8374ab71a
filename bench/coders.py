"""Video coders that a network camera may send its pictures through, by ffmpeg."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from edge.errors import UsageError

_LIVE = ("-preset", "veryfast", "-tune", "zerolatency", "-pix_fmt", "yuv420p")


def _h264(rate: int) -> tuple[str, ...]:
    """As a camera's live stream: no look-ahead, and the rate is a limit as well."""
    limit = f"{rate}k"
    rates = ("-b:v", limit, "-maxrate", limit, "-bufsize", limit)
    return ("-c:v", "libx264", *rates, *_LIVE)


CODERS: dict[str, tuple[str, ...]] = {
    **{f"mjpeg-{q}": ("-c:v", "mjpeg", "-q:v", str(q), "-pix_fmt", "yuvj420p") for q in (5, 15)},
    **{f"h264-{rate}": _h264(rate) for rate in (4000, 1500, 600, 300)},
    "mpeg4-600": ("-c:v", "mpeg4", "-b:v", "600k"),
}
"""ffmpeg's options by name. Numbers: its quantiser of Motion JPEG; kilobits a second."""


def through(images: Iterable[np.ndarray], coder: str) -> list[np.ndarray]:
    """BGR frames (H, W, 3) coded at 30 a second and decoded; an odd last row or column is lost.

    Raises UsageError for an unknown coder, without ffmpeg, or when it fails.
    """
    if coder not in CODERS:
        raise UsageError(f"--coders {coder}: known are {', '.join(CODERS)}")
    program = shutil.which("ffmpeg")
    if program is None:
        raise UsageError("--coders: no ffmpeg on this machine (Debian: apt install ffmpeg)")
    frames = [np.ascontiguousarray(i[: i.shape[0] // 2 * 2, : i.shape[1] // 2 * 2]) for i in images]
    high, wide = frames[0].shape[:2]
    raw = ("-f", "rawvideo", "-pix_fmt", "bgr24")
    with tempfile.TemporaryDirectory() as folder:
        film = str(Path(folder) / "coded.mkv")
        given = (*raw, "-s", f"{wide}x{high}", "-r", "30", "-i", "-")
        _run(program, *given, *CODERS[coder], film, frames=b"".join(f.tobytes() for f in frames))
        found = _run(program, "-i", film, *raw, "-")
    return list(np.frombuffer(found, np.uint8).reshape(-1, high, wide, 3))


def _run(program: str, *options: str, frames: bytes | None = None) -> bytes:
    command = (program, "-v", "error", *options)
    done = subprocess.run(command, input=frames, capture_output=True, check=False)
    if done.returncode:
        raise UsageError(f"ffmpeg: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
