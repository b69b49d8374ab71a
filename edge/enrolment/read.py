"""From a source to the frames worth choosing from, with someone told what to do meanwhile."""

from __future__ import annotations

from collections.abc import Mapping

from edge.cameras import Camera, is_live, open_camera
from edge.cameras.pictures import Pictures
from edge.config import Config
from edge.console import Output
from edge.enrolment.display import Guide
from edge.enrolment.look import Look
from edge.enrolment.refusal import reasons
from edge.enrolment.request import Request
from edge.packs import Pack


def look_at(
    request: Request, pack: Pack, config: Config, output: Output
) -> tuple[Look, Mapping[int, str]]:
    """The look, and the names of the pictures if the source has names."""
    live = is_live(request.source)
    c = config.camera
    size = {"width": c.width, "height": c.height} if live else {}
    with open_camera(request.source, fps=c.fps if live else None, **size) as camera:
        pictures = camera if isinstance(camera, Pictures) else None
        look = Look(
            pack,
            config,
            still=pictures is not None,
            live=camera.live,
            want=request.frames,
            tiles=request.sheet is not None,
        )
        names: dict[int, str] = {}
        with Guide(output, request.frames) as guide:
            _read(camera, look, guide, request, names, output)
        look.cut_short = bool(getattr(camera, "cut_short", False))
    return look, names


def _read(
    camera: Camera,
    look: Look,
    guide: Guide,
    request: Request,
    names: dict[int, str],
    output: Output,
) -> None:
    limit = request.timeout_s if camera.live else request.limit_s
    started: float | None = None
    while (frame := camera.read()) is not None:
        started = frame.t if started is None else started
        look.feed(frame)
        if isinstance(camera, Pictures):
            names[frame.index] = camera.name_of(frame.index)
            if look.last_failed:
                output.note(f"{names[frame.index]}: not usable: {reasons(look)}")
            continue
        guide.show(look, frame.t - started)
        # A film is seen to its end: the best frames may come last, and nobody is kept waiting.
        if frame.t - started >= limit or (camera.live and look.ready()):
            break
