"""The sources of a recording played one after another, with their progress on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from edge.calibration.record import Recorder
from edge.calibration.recording import Recording
from edge.cameras import is_live, open_camera
from edge.console import Output
from edge.errors import CalibrationError, GalleryError
from edge.packs.scores import threshold
from edge.pipeline import Pipeline, Step


def play(
    sources: Sequence[str],
    pipeline: Pipeline,
    limit_s: float | None,
    one_each: bool,
    output: Output,
) -> tuple[Recorder, Recording]:
    """Record all sources. limit_s: seconds of each, None for all.

    Raises GalleryError when nobody is enrolled, CalibrationError when no face was compared, and
    what cameras and networks raise.
    """
    if len(pipeline.gallery) == 0:
        raise GalleryError("nobody is enrolled, so strangers have nobody to resemble; enrol first")
    config = pipeline.config
    recorder = Recorder(pipeline)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.completed:.0f} frames, {task.fields[tracks]} compared"),
        TimeElapsedColumn(),
        console=output.err,
        disable=not output.live,
    ) as progress:
        for uri in sources:
            live, c = is_live(uri), config.camera
            size = {"width": c.width, "height": c.height} if live else {}
            name = Path(uri).name or uri
            with open_camera(uri, fps=c.fps if live else None, **size) as camera:
                task = progress.add_task(name, total=camera.frame_count, tracks=0)

                def show(_step: Step, task: int = task) -> None:
                    progress.update(task, advance=1, tracks=recorder.compared)  # type: ignore[arg-type]

                recorder.record(camera, name, limit_s, show)
                if getattr(camera, "cut_short", False):
                    output.warn(f"{name}: the film breaks off; what came before it is recorded")
            output.note(f"{name}: {recorder.frames} frames, {recorder.compared} compared so far")
    scores = pipeline.pack.manifest.roles.embedder.head.scores
    alike_from = threshold(scores, config.enrolment.consistency_fmr)
    found = recorder.recording(alike_from=alike_from, one_each=one_each)
    if found is None:
        worst = ", ".join(f"{n} {k}" for n, k in recorder.failed.most_common(4)) or "no face"
        raise CalibrationError(
            f"no face could be compared in {recorder.frames} frames ({recorder.with_face} with a "
            f"face; gates not passed: {worst}); nothing was written. Record at the "
            "door, in its light"
        )
    return recorder, found
