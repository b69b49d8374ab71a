"""What is made of the chosen frames: templates, a report, a sheet to look at."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edge.cameras.base import Image
from edge.enrolment import choose
from edge.enrolment.candidate import Candidate
from edge.gallery import MAX_SOURCE, Template
from edge.render import contact_sheet

COLUMNS = 5


def templates(
    taken: Sequence[Candidate], uri: str, names: Mapping[int, str], embedder_sha256: str
) -> list[Template]:
    """Their vectors with what is known of them; the source is a name, never a path."""
    now = time.time()
    base = uri if "://" in uri else Path(uri).name
    clean = "".join(c if c.isprintable() else "?" for c in base)

    def source(c: Candidate) -> str:
        where = names.get(c.index, f"{clean}@{c.t:.2f}s")
        return "".join(x if x.isprintable() else "?" for x in where)[-MAX_SOURCE:]

    return [
        Template(
            c.vector,
            embedder_sha256,
            now,
            c.pose.yaw,
            c.pose.pitch,
            c.pose.roll,
            c.quality,
            source(c),
        )
        for c in taken
    ]


def about(c: Candidate, *, cosine: float) -> dict[str, Any]:
    """A template as `--json` tells it; t in seconds of the source."""
    q = c.measured
    return {
        "t": c.t,
        "index": c.index,
        "yaw": c.pose.yaw,
        "pitch": c.pose.pitch,
        "roll": c.pose.roll,
        "quality": c.quality,
        "size": q.size,
        "sharpness": q.sharpness,
        "exposure": q.exposure,
        "clipped": q.clipped,
        "live": c.live,
        "cosine_to_mean": cosine,
    }


def sheet(name: str, taken: Sequence[Candidate]) -> Image:
    """The faces taken, each with what was measured. They need tiles (`Look(tiles=True)`)."""
    mean = choose.mean_vector(taken)
    tiles = []
    for c in taken:
        assert c.tile is not None
        q = c.measured
        caption = (
            f"yaw {c.pose.yaw:+.0f}°  pitch {c.pose.pitch:+.0f}°  roll {c.pose.roll:+.0f}°\n"
            f"{q.size:.0f} px  sharp {q.sharpness:.2f}  light {q.exposure:.0f}\n"
            f"t {c.t:.2f} s  cosine {choose.cosine_to(mean, c):.3f}"
        )
        tiles.append((c.tile, caption))
    spread = choose.pose_spread(taken)
    title = f"{name}: {len(taken)} templates, pose spread {spread:.0f}°"
    return contact_sheet(tiles, COLUMNS, title=title, width=220)
