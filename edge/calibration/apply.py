"""A calibration made and kept: derived, recorded, written into the configuration.

Used by `edge.calibrate`, and by `edge.enroll` after each change of the gallery. The gallery is
changed first. A crash between the two leaves a calibration of another gallery, which the door takes
for stale: it then goes by the stricter of it and the pack's curve at the present size
(`edge.calibration.bound`), and the next command of either kind makes it whole.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edge import packs
from edge.calibration import section
from edge.calibration.derive import Derived, derive
from edge.calibration.recording import Recording, read
from edge.config import Calibration, Config, load
from edge.enrolment.recorded import recorded
from edge.errors import FaceGateError
from edge.gallery import Gallery
from edge.packs.schema import EmbedderRole
from edge.vault import Vault


@dataclass(frozen=True, slots=True)
class Wish:
    """What to calibrate for. target: FPIR, None for that of the configuration. impostors: a file of
    recorded strangers in place of those known. forget: leave out those known.
    """

    target: float | None = None
    impostors: Path | None = None
    forget: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Outcome:
    """before: the calibration that was there. recording: strangers read from a file."""

    derived: Derived
    before: Calibration | None
    embedder: EmbedderRole
    gallery: Gallery
    recording: Recording | None
    written: Path | None


def embedder_of(config: Config) -> EmbedderRole:
    """The embedder of the pack in use; its file is hashed, so that it is the one that will run.

    Raises PackError.
    """
    folder = packs.pack_path(config.inference.pack)
    role = packs.read_manifest(folder).roles.embedder
    packs.read_model(folder, role)
    return role


def calibrate(path: Path | None, state: Path | None, wish: Wish) -> Outcome:
    """Derive, and write into the file `path`; None: write nothing.

    Raises what `derive` and `section.put` raise, AuditError, and what configuration, pack and
    vault raise. The configuration is then as it was.
    """
    with nullcontext() if path is None else section.locked(path):
        return _calibrate(load(path, state), wish, path)


def preview(config: Config, wish: Wish) -> Outcome:
    """The same with nothing written."""
    return _calibrate(config, wish, None)


def _calibrate(config: Config, wish: Wish, path: Path | None) -> Outcome:
    embedder = embedder_of(config)
    with Vault(config.state.dir, create=False) as vault:
        gallery = Gallery.load(vault, embedder.sha256, embedder.head.length)
    recording = None if wish.impostors is None else read(wish.impostors, embedder.sha256)
    before = config.calibration
    derived = derive(
        embedder,
        gallery,
        config.decision.target_fpir if wish.target is None else wish.target,
        recording=recording,
        before=None if wish.forget else before,
        now=datetime.now(UTC).replace(microsecond=0),
    )
    if path is not None:
        _write(path, config.state.dir, derived.calibration)
    return Outcome(derived, before, embedder, gallery, recording, path)


def _write(path: Path, state: Path, calibration: Calibration) -> None:
    section.check(path, calibration)  # what cannot be written is not recorded as if it were
    about = {
        "score_bound": calibration.score_bound,
        "target_fpir": calibration.target_fpir,
        "people": calibration.people,
        "templates": calibration.templates,
        "reason": calibration.reason,
    }
    with recorded(state, "calibrate", **about):
        section.put(path, calibration)


def after_change(path: Path | None, config: Config, warn: Callable[[str], None]) -> dict[str, Any]:
    """Derive the calibration anew for a gallery that was changed; what of it `--json` tells.

    Empty where the configuration has no calibration: there the door derives its bound by itself.
    The change is stored already, so what goes wrong here is told and not raised: the door is
    as strict as the present gallery asks for with the old calibration too.
    """
    if path is None or config.calibration is None:
        return {}
    old = config.calibration
    wish = Wish(target=min(old.target_fpir, config.decision.target_fpir))
    try:
        outcome = calibrate(path, config.state.dir, wish)
    except FaceGateError as error:
        warn(
            f"{path}: the calibration was not derived anew: {error}. Until "
            "`python -m edge.calibrate` has run, the door goes by the stricter of it and the "
            "pack's curve for the present gallery"
        )
        return {"calibration": {"written": False, "error": str(error)}}
    for text in outcome.derived.dropped:
        warn(text)
    told = {
        "written": True,
        "score_bound": outcome.derived.bound,
        "before": old.score_bound,
        "basis": outcome.derived.basis,
        "dropped": list(outcome.derived.dropped),
    }
    return {"calibration": told}


def say_change(told: dict[str, Any], say: Callable[[str], None]) -> None:
    """One line about what `after_change` did."""
    about = told.get("calibration")
    if about is not None and about["written"]:
        say(
            f"calibrated anew: a face must reach {about['score_bound']:.4f} "
            f"(before {about['before']:.4f}); a running service takes it up with "
            "`systemctl reload face-gate`"
        )
