"""Pictures and films on displays: `phone`, `tablet`, `monitor`, and `replay` (a film on any)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.liveness.attacks import compose, display, light
from training.liveness.attacks import hold as holding
from training.liveness.attacks.camera import take, to_levels, to_light
from training.liveness.attacks.devices import COLOURS, OnMonitor, OnPhone, OnScreen, OnTablet
from training.liveness.attacks.interface import screen
from training.liveness.attacks.layout import lay
from training.liveness.attacks.motion import Path, Sway
from training.liveness.attacks.optics import softened
from training.liveness.attacks.prints import filling
from training.liveness.attacks.ranges import draw
from training.liveness.attacks.stand import draw_stand
from training.liveness.attacks.surface import Seen, Surface
from training.liveness.attacks.things import Presented, Scene, Shown, ShownFilm


class Device:
    """One device before one scene: rendered frame by frame."""

    def __init__(
        self, shown: Shown, first: Shown, p: OnScreen, there: bool, rng: np.random.Generator
    ) -> None:
        self.p, self.first, self.there = p, first, there
        self._steady = int(rng.integers(2**62))
        body = p.body
        size = np.array([body.width, body.width * body.ratio])
        edge = np.array([body.bezel, body.bezel + body.ends])
        if body.lying:
            size, edge = size[::-1], edge[::-1]
        self.half = size / 2
        self.lit_half = self.half - edge
        area = np.concatenate([-self.lit_half, self.lit_half])
        self.laid = lay(shown, p.portrait, area)
        self.face = self.laid.face(shown)
        self.falling = light.falling(first, there)
        made = self.surface(Sway())
        self.per_cm = float(np.clip(1.7 * made.scale((self.face[:2] + self.face[2:]) / 2), 2, 60))
        self._on: tuple[Shown, NDArray[np.float32]] | None = None

    def surface(self, sway: Sway) -> Surface:
        """Where the device is."""
        hold = sway.moved(self.p.hold)
        if self.p.body.filling:
            near = filling(self.laid, self.face, self.first, hold)
            if near is not None:
                return near
        return hold.surface(self.face, self.half, self.first)

    def _texture(self, shown: Shown) -> NDArray[np.float32]:
        """Light (h, w, 3) of the display alone; a picture that stays is drawn once."""
        if self._on is not None and self._on[0] is shown:
            return self._on[1]
        steady = np.random.default_rng(self._steady + 2)
        image = screen(shown.image, self.laid, self.lit_half, self.per_cm, self.p.interface, steady)
        white = float(self.falling.mean())
        made = display.emitted(image, self.p.display, white)
        self._on = (shown, made)
        return made

    def frame(
        self, shown: Shown, now: Shown, sway: Sway, seconds: float, rng: np.random.Generator
    ) -> Presented:
        """One camera frame."""
        p, steady = self.p, np.random.default_rng(self._steady)
        size = now.image.shape[:2]
        reach = max(size) / 640
        surface = self.surface(sway)
        frame = softened(to_light(now.image), p.focus.scene * reach)
        skin = light.skin(now) if self.there else light.some_skin(steady, self.falling)
        cloth = light.cloth(self.first, steady, self.falling)
        behind, front = holding.hands(p.hand, self.half, steady)
        medium = np.zeros(size, np.float32)
        roi = compose.covered(surface, self.half, size)
        if roi is not None:
            seen = surface.see(*roi)
            scale = surface.scale((0, 0))
            alpha = compose.inside(seen, self.half, p.body.corner, scale)
            front_light = self._front(shown, seen, scale, roi[1], size[0], seconds, steady, sway)
            blur = p.focus.medium * reach
            front_light, alpha = softened(front_light, blur), softened(alpha, blur)
            if p.focus.shadow:
                compose.shadow(frame, roi, alpha, p.focus.shadow_size * scale, p.focus.shadow)
            if isinstance(p, OnMonitor):
                behind, front = [], []
                colour = np.array(COLOURS[p.body.colour], np.float32) * self.falling
                draw_stand(frame, surface, self.half, p.stand, colour)
            holding.draw(frame, behind, surface, skin, cloth, steady, blur)
            compose.lay_on(frame, roi, front_light, alpha)
            medium = compose.over_frame(alpha, roi, size)
            holding.draw(frame, front, surface, skin, cloth, steady, blur)
        image = take(to_levels(frame), p.camera, rng)
        return Presented(image, compose.face_box(surface, self.laid.face(shown)), medium)

    def _front(
        self,
        shown: Shown,
        seen: Seen,
        scale: float,
        top: int,
        high: int,
        seconds: float,
        steady: np.random.Generator,
        sway: Sway,
    ) -> NDArray[np.float32]:
        """Light of the front: display, frame around it, glass over both."""
        p = self.p
        given = compose.sampled(self._texture(shown), seen, self.lit_half, self.per_cm)
        given = display.gridded(given, seen, p.display, p.body.pitch, scale, p.camera)
        given = display.banded(given, top, p.display, high, seconds)
        aside = np.float32(steady.uniform(-1, 1)) * seen.x / np.float32(self.half[0])
        given = given * (1 - np.float32(p.display.falloff) * (0.5 + 0.5 * aside))[..., None]
        shows = compose.inside(seen, self.lit_half, p.body.corner * 0.6, scale)
        frame = np.array(COLOURS[p.body.colour], np.float32) * self.falling
        edge = compose.inside(seen, self.half - 0.12, p.body.corner, scale)
        rim = frame * (1 + 0.7 * (1 - edge))[..., None]
        out = rim + (given - rim) * shows[..., None]
        # Tilting a mirror by an angle moves what it shows by twice that angle.
        moved = np.radians([2 * sway.yaw, -2 * sway.pitch]) * p.hold.distance
        return display.reflected(
            out, seen, p.glass, self.falling, self.half, (moved[0], moved[1]), steady
        )


class ScreenInstrument:
    """Devices. A film shows the first frame of what it is given, as a still picture."""

    def __init__(self, name: str, of: type[OnScreen]) -> None:
        self.name, self._of = name, of

    def draw(self, rng: np.random.Generator, range_name: str) -> OnScreen:
        """Parameters of "train" or "test"."""
        return draw(self._of, rng, range_name)

    def still(
        self, shown: Shown, scene: Scene, parameters: Any, rng: np.random.Generator
    ) -> Presented:
        """One frame."""
        first = scene.frames[0]
        seconds = float(rng.uniform(0, 10))
        device = Device(shown, first, parameters, scene.person_there, rng)
        return device.frame(shown, first, Sway(), seconds, rng)

    def film(
        self,
        shown: ShownFilm,
        scene: Scene,
        parameters: Any,
        rng: np.random.Generator,
        *,
        frames: int,
        fps: float,
    ) -> Iterator[Presented]:
        """Consecutive frames of a still picture on the device."""
        return _film(shown, scene, parameters, rng, frames, fps, moving=False)


class Replay:
    """A film on a phone, tablet or monitor."""

    name = "replay"

    def draw(self, rng: np.random.Generator, range_name: str) -> OnScreen:
        """Parameters of "train" or "test"; also which device it is."""
        of = (OnPhone, OnTablet, OnMonitor)[int(rng.integers(3))]
        return draw(of, rng, range_name)

    def still(
        self, shown: Shown, scene: Scene, parameters: Any, rng: np.random.Generator
    ) -> Presented:
        """One frame of one of the film's."""
        return ScreenInstrument(self.name, type(parameters)).still(shown, scene, parameters, rng)

    def film(
        self,
        shown: ShownFilm,
        scene: Scene,
        parameters: Any,
        rng: np.random.Generator,
        *,
        frames: int,
        fps: float,
    ) -> Iterator[Presented]:
        """Consecutive frames; the film runs at its own rate."""
        return _film(shown, scene, parameters, rng, frames, fps, moving=True)


def _film(
    shown: ShownFilm,
    scene: Scene,
    p: OnScreen,
    rng: np.random.Generator,
    frames: int,
    fps: float,
    *,
    moving: bool,
) -> Iterator[Presented]:
    path = Path(p.motion, rng)
    seconds = float(rng.uniform(0, 10))
    first = scene.frames[0]
    device = Device(shown.frames[0], first, p, scene.person_there, rng)
    still = isinstance(p, OnMonitor)
    for i in range(frames):
        sway = Sway() if still else path.at(i / fps)
        picture = shown.at(i / fps) if moving else shown.frames[0]
        yield device.frame(picture, scene.at(i / fps), sway, seconds + i / fps, rng)
