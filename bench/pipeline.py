"""Time per stage and in all from frame to decision, and the daemon's memory and start.

    python -m bench.pipeline                              # films fetched for the demonstration
    python -m bench.pipeline --film clip.mkv --frames 300 --json

Enrols from the film's own first seconds, so that every stage runs. The daemon is then started on
the same film, as systemd would, and asked when it says READY and how much it keeps resident.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from edge import enroll, packs
from edge.cameras import Frame, open_camera
from edge.config import Config
from edge.demo import films
from edge.gallery import Gallery
from edge.pipeline import STAGES, Pipeline
from edge.vault import Vault

SIZE = (640, 480)
WARM_UP = 10


def frames_of(film: str, count: int) -> list[Frame]:
    """The film's first frames at 640x480, played to and fro until there are `count`."""
    with open_camera(film) as camera:
        images = [
            np.ascontiguousarray(cv2.resize(f.image, SIZE), np.uint8)
            for f in iter(camera.read, None)
        ]
    images = images[:72]
    cycle = images + images[::-1]
    return [Frame(cycle[i % len(cycle)], i / 30, i) for i in range(count)]


def stages(film: str, state: Path, count: int, threads: int) -> dict[str, list[float]]:
    """Milliseconds per stage and in all, of every frame whose face was compared."""
    pack = packs.load(threads=threads)
    with Vault(state) as vault:
        length = pack.manifest.roles.embedder.head.length
        gallery = Gallery.load(vault, pack.embedder_sha256, length)
    pipeline = Pipeline(pack, gallery, Config())
    taken: dict[str, list[float]] = {name: [] for name in (*STAGES, "total")}
    frames = frames_of(film, count)
    for frame in track(frames, description="frames", console=Console(stderr=True)):
        start = time.perf_counter()
        step = pipeline.step(frame)
        total = (time.perf_counter() - start) * 1e3
        if frame.index < WARM_UP or step.match is None:
            continue
        for name, ms in step.stage_ms.items():
            taken[name].append(ms)
        taken["total"].append(total)
    return taken


def daemon(film: str, state: Path, seconds: float = 6.0) -> dict[str, float]:
    """Seconds from start to READY, and resident MB after some seconds of work."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "face-gate.toml"
        # width and height left out: the film has its own
        config.write_text(f'[camera]\nuri = "{film}"\n[state]\ndir = "{state}"\n')
        path = str(Path(folder) / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            notify.settimeout(30)
            start = time.perf_counter()
            process = subprocess.Popen(
                [sys.executable, "-m", "edge.daemon", "--config", str(config)],
                env={**os.environ, "NOTIFY_SOCKET": path},
                stderr=subprocess.DEVNULL,
            )
            try:
                while b"READY=1" not in notify.recv(4096):
                    pass
                ready = time.perf_counter() - start
                end = time.perf_counter() + seconds
                while time.perf_counter() < end:
                    notify.recv(4096)  # as systemd does: a full socket would stop the daemon
                status = Path(f"/proc/{process.pid}/status").read_text()
            finally:
                process.send_signal(signal.SIGTERM)
                code = process.wait(10)
    resident = next(int(x.split()[1]) for x in status.splitlines() if x.startswith("VmRSS"))
    peak = next(int(x.split()[1]) for x in status.splitlines() if x.startswith("VmHWM"))
    return {
        "ready_s": ready,
        "resident_mb": resident / 1024,
        "peak_mb": peak / 1024,
        "exit_code": code,
    }


def main() -> int:
    """Measure and print; exit 1 when no frame was compared."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--film", help="default: the demonstration's film of the person")
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--threads", type=int, default=Config().inference.threads)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    film = args.film or str(films.fetch()["person"])
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        argv = ["add", "someone", "--source", film, "--state", folder, "--json"]
        with Path(os.devnull).open("w") as quiet:
            out, sys.stdout = sys.stdout, quiet
            try:
                if enroll.main(argv) != 0:
                    return 1
            finally:
                sys.stdout = out
        taken = stages(film, state, args.frames, args.threads)
        service = daemon(film, state)
    if not taken["total"]:
        print("no frame of the film was compared; choose another", file=sys.stderr)
        return 1
    rows = {
        name: {
            "median_ms": statistics.median(ms),
            "p95_ms": float(np.percentile(ms, 95)),
        }
        for name, ms in taken.items()
    }
    result = {"frames": len(taken["total"]), "threads": args.threads, "stages": rows}
    result["daemon"] = service
    if args.json:
        print(json.dumps(result, indent=2))
        return 0
    table = Table(title=f"640x480 frame to decision, {result['frames']} frames")
    for heading in ("stage", "median ms", "p95 ms"):
        table.add_column(heading, justify="left" if heading == "stage" else "right")
    for name, row in rows.items():
        table.add_row(name, f"{row['median_ms']:.2f}", f"{row['p95_ms']:.2f}")
    Console().print(table)
    print(
        f"daemon: READY after {service['ready_s']:.2f} s, resident {service['resident_mb']:.0f} MB "
        f"(peak {service['peak_mb']:.0f} MB)"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
