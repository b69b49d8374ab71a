"""Living faces and simulated attacks as three sensors would show them, from one colour picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from training.liveness.attacks import display
from training.liveness.attacks.camera import to_levels
from training.liveness.attacks.devices import OnMonitor, OnTablet
from training.liveness.attacks.ranges import draw
from training.liveness.attacks.surface import Seen
from training.liveness.fusion.made_up import sensors
from training.liveness.fusion.made_up.head import relief
from training.liveness.fusion.made_up.sensors import Floats, Image

EYES = (range(36, 42), range(42, 48))
NOSE, MOUTH = range(27, 36), range(48, 60)
DISPLAYS = (OnTablet, OnMonitor)


class Shown(NamedTuple):
    """colour (H, W, 3) BGR, depth and ir (H, W), all uint8 and in register."""

    colour: Image
    depth: Image
    ir: Image


class Face(NamedTuple):
    """colour (H, W, 3) BGR; points (68, 2) in it."""

    colour: Image
    points: NDArray[np.floating]


def live(face: Face, rng: np.random.Generator) -> Shown:
    """A living face before a wall that the depth sensor does not reach."""
    shape, mm = _relief(face)
    ir = sensors.infrared(sensors.of_skin(face.colour), shape, mm, rng)
    return Shown(face.colour, sensors.depth_picture(shape, rng), ir)


def flat(face: Face, rng: np.random.Generator) -> Shown:
    """A print held flat, tilted up to 35 degrees."""
    shape, mm = _relief(face)
    surface = _trimmed(_plane(face.colour, mm, rng), shape, rng)
    return _sheet(face.colour, surface, mm, rng)


def bent(face: Face, rng: np.random.Generator) -> Shown:
    """A print bent around an upright or a lying axis, as around a head."""
    shape, mm = _relief(face)
    surface = _trimmed(_bend(face.colour, mm, rng), shape, rng)
    return _sheet(face.colour, surface, mm, rng)


def cut(face: Face, rng: np.random.Generator) -> Shown:
    """A print, flat or bent, with holes through which a living face looks: eyes, nose, mouth."""
    shape, mm = _relief(face)
    form = _bend if rng.random() < 0.5 else _plane
    surface = _trimmed(form(face.colour, mm, rng), shape, rng)
    before, behind = _sheet(face.colour, surface, mm, rng), live(face, rng)
    hole = np.zeros(shape.shape, np.uint8)
    parts = [*EYES]
    parts += [part for part, share in ((NOSE, 0.5), (MOUTH, 0.3)) if rng.random() < share]
    for part in parts:
        outline = cv2.convexHull(np.rint(face.points[list(part)]).astype(np.int32))
        cv2.fillConvexPoly(hole, outline, 1)
    open_ = cv2.dilate(hole, np.ones((3, 3), np.uint8)).astype(bool)
    # The wearer's face touches the sheet at its nearest point.
    gap = float(np.nanmax(shape)) - float(np.nanmax(surface))
    through = np.where(open_, shape - gap, surface).astype(np.float32)
    colour = np.where(open_[..., None], behind.colour, before.colour)
    ir = np.where(open_, behind.ir, before.ir)
    return Shown(colour, sensors.depth_picture(through, rng), ir)


def screen(face: Face, rng: np.random.Generator) -> Shown:
    """A tablet or a monitor, its colour as `training.liveness.attacks` simulates displays."""
    _, mm = _relief(face)
    surface = _plane(face.colour, mm, rng)
    colour = _displayed(face.colour, mm, rng)
    ir = sensors.infrared(sensors.of_screen(surface.shape, rng), surface, mm, rng)
    return Shown(colour, sensors.depth_picture(surface, rng), ir)


ATTACKS: Mapping[str, Callable[[Face, np.random.Generator], Shown]] = {
    "print": flat,
    "warped": bent,
    "cutout": cut,
    "screen": screen,
}


def _relief(face: Face) -> tuple[Floats, float]:
    return relief(face.points, *face.colour.shape[:2])


def _trimmed(surface: Floats, shape: Floats, rng: np.random.Generator) -> Floats:
    """Half of the sheets are cut out along the face: an outline alone must not tell."""
    if rng.random() < 0.5:
        return surface
    return np.where(np.isfinite(shape), surface, np.nan).astype(np.float32)


def _plane(colour: Image, mm: float, rng: np.random.Generator) -> Floats:
    y, x = _around(colour, mm)
    across, down = np.tan(np.deg2rad(rng.uniform(-35, 35, 2)))
    return np.asarray(across * x + down * y, np.float32)


def _bend(colour: Image, mm: float, rng: np.random.Generator) -> Floats:
    y, x = _around(colour, mm)
    along, other = (x, y) if rng.random() < 0.7 else (y, x)
    radius = rng.uniform(1.05, 3.0) * float(np.abs(along).max())
    tilt = np.tan(np.deg2rad(rng.uniform(-20, 20)))
    return np.asarray(np.sqrt(radius**2 - along**2) - radius + tilt * other, np.float32)


def _around(colour: Image, mm: float) -> tuple[Floats, Floats]:
    height, width = colour.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return (y - (height - 1) / 2) * np.float32(mm), (x - (width - 1) / 2) * np.float32(mm)


def _sheet(colour: Image, surface: Floats, mm: float, rng: np.random.Generator) -> Shown:
    """Ink on paper in the form of `surface`."""
    black, white = rng.uniform(20, 50), rng.uniform(200, 240)
    ink = black + colour.astype(np.float32) * ((white - black) / 255)
    y, x = np.mgrid[: surface.shape[0], : surface.shape[1]]
    period = rng.uniform(1.8, 3.0)
    ink += rng.uniform(3, 10) * np.cos(2 * np.pi / period * (x + y))[..., None]
    ink *= sensors.facing(surface, mm)[..., None]
    printed = cv2.GaussianBlur(ink.astype(np.float32), (0, 0), rng.uniform(0.4, 0.9))
    seen = np.clip(np.rint(printed), 0, 255).astype(np.uint8)
    ir = sensors.infrared(sensors.of_print(colour, rng), surface, mm, rng)
    return Shown(seen, sensors.depth_picture(surface, rng), ir)


def _displayed(colour: Image, mm: float, rng: np.random.Generator) -> Image:
    """A picture as a camera sees it on a display, as large as life, in a room's light."""
    device = draw(DISPLAYS[int(rng.integers(len(DISPLAYS)))], rng, "train")
    falling = np.exp(rng.normal(0, 0.08, 3)).astype(np.float32) * np.float32(rng.uniform(0.3, 0.9))
    cm = mm / 10
    y, x = _around(colour, cm)
    seen = Seen(x, y, None, None)
    half = np.array([x.max(), y.max()])
    given = display.emitted(colour, device.display, float(falling.mean()))
    given = display.gridded(given, seen, device.display, device.body.pitch, 1 / cm, device.camera)
    given = display.reflected(given, seen, device.glass, falling, half, (0.0, 0.0), rng)
    return to_levels(given)
