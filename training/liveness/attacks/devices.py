"""Devices with a display: their shapes and sizes, and all that is drawn for a picture on one."""

from __future__ import annotations

from dataclasses import dataclass

from training.liveness.attacks.camera import Camera
from training.liveness.attacks.compose import Focus
from training.liveness.attacks.display import Display, Glass
from training.liveness.attacks.hold import Hand, Hold
from training.liveness.attacks.interface import Interface
from training.liveness.attacks.layout import Portrait
from training.liveness.attacks.motion import Motion
from training.liveness.attacks.ranges import chance, choice, span
from training.liveness.attacks.stand import Standing

COLOURS = {
    "black": (0.012, 0.012, 0.012),
    "graphite": (0.07, 0.065, 0.06),
    "white": (0.72, 0.75, 0.76),
    "silver": (0.38, 0.38, 0.37),
    "blue": (0.28, 0.11, 0.04),
    "red": (0.04, 0.04, 0.35),
}
"""Reflectances, BGR, of frames and covers."""


@dataclass(frozen=True)
class Body:
    """A device. width: of its shorter side, cm; ratio: the longer over it. bezel: cm beside the
    display; ends: cm more above and below it. corner: radius, cm. pitch: of its pixels, cm. colour:
    of its frame. lying: the longer side is level. filling: so near that the display fills the
    frame, where the picture on it is fine enough.
    """

    width: float
    ratio: float
    bezel: float
    ends: float
    corner: float
    pitch: float
    colour: str
    lying: bool
    filling: bool


@dataclass(frozen=True)
class PhoneBody(Body):
    """5 to 7 inches."""

    width: float = span([(6.4, 7.0), (7.4, 8.0)], (7.0, 7.4))
    ratio: float = span([(1.75, 1.95), (2.1, 2.25)], (1.95, 2.1))
    bezel: float = span([(0.15, 0.3), (0.45, 0.7)], (0.3, 0.45))
    ends: float = span((0.6, 1.6), (1.6, 2.0), share=0.35)
    corner: float = span([(0.3, 0.7), (1.0, 1.3)], (0.7, 1.0))
    pitch: float = span([(0.0055, 0.0065), (0.0075, 0.0085)], (0.0065, 0.0075))
    colour: str = choice(["black", "white", "blue"], ["graphite", "red"])
    lying: bool = chance(0.08)
    filling: bool = chance(0.0)


@dataclass(frozen=True)
class TabletBody(Body):
    """8 to 13 inches."""

    width: float = span([(12.5, 15.0), (17.0, 21.0)], (15.0, 17.0))
    ratio: float = span([(1.3, 1.4), (1.5, 1.65)], (1.4, 1.5))
    bezel: float = span([(0.6, 1.0), (1.4, 2.0)], (1.0, 1.4))
    ends: float = span((0.5, 1.2), (1.2, 1.5), share=0.3)
    corner: float = span([(0.3, 0.6), (0.9, 1.3)], (0.6, 0.9))
    pitch: float = span([(0.0085, 0.0096), (0.0115, 0.0135)], (0.0096, 0.0115))
    colour: str = choice(["black", "white", "silver"], ["graphite", "blue"])
    lying: bool = chance(0.25)
    filling: bool = chance(0.08)


@dataclass(frozen=True)
class MonitorBody(Body):
    """Laptops and monitors of 13 to 27 inches."""

    width: float = span([(19.0, 24.0), (29.0, 36.0)], (24.0, 29.0))
    ratio: float = span([(1.58, 1.65), (1.75, 1.8)], (1.65, 1.75))
    bezel: float = span([(0.5, 0.9), (1.6, 2.5)], (0.9, 1.6))
    ends: float = span((0.5, 1.5), (1.5, 2.5), share=0.4)
    corner: float = span([(0.0, 0.2), (0.5, 0.8)], (0.2, 0.5))
    pitch: float = span([(0.016, 0.0215), (0.0245, 0.031)], (0.0215, 0.0245))
    colour: str = choice(["black", "silver"], ["graphite", "white"])
    lying: bool = chance(0.92)
    filling: bool = chance(0.25)


@dataclass(frozen=True, kw_only=True)
class OnScreen:
    """All of a device that is held before the camera, or stands there."""

    body: Body
    portrait: Portrait
    display: Display
    glass: Glass
    interface: Interface
    hold: Hold
    hand: Hand
    focus: Focus
    motion: Motion
    camera: Camera


@dataclass(frozen=True, kw_only=True)
class OnPhone(OnScreen):
    """On a phone."""

    body: PhoneBody


@dataclass(frozen=True, kw_only=True)
class OnTablet(OnScreen):
    """On a tablet."""

    body: TabletBody


@dataclass(frozen=True, kw_only=True)
class OnMonitor(OnScreen):
    """On a monitor or laptop, which stands. stand: what it stands on, if that is seen."""

    body: MonitorBody
    hold: Standing
    stand: str = choice(["foot", "laptop"], ["wide foot", "arm"], share=0.85)
