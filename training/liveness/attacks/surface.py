"""Where a flat or bent medium lies in space, and which of its points a camera pixel sees.

Medium coordinates are centimetres from its middle, x to the right, y down. The camera is a pinhole
at the origin that looks along z. A bent medium is a cylinder; its points are distances on the
paper, so that bending neither stretches nor shrinks it. Rays are intersected exactly: no mesh.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def rotation(yaw: float, pitch: float, roll: float) -> NDArray[np.float64]:
    """(3, 3); degrees: about the vertical, the horizontal, and the camera's axis, in that order."""
    (cy, sy), (cp, sp), (cr, sr) = ((np.cos(a), np.sin(a)) for a in np.radians([yaw, pitch, roll]))
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_x @ about_y)


@dataclass(frozen=True)
class Seen:
    """What a rectangle of camera pixels sees. x, y: (h, w) centimetres on the medium. shade: (h, w)
    light that falls on it, 1 where it is flat. hit: (h, w) bool, None where every ray hits.
    """

    x: Floats
    y: Floats
    shade: Floats | None
    hit: NDArray[np.bool_] | None


@dataclass(frozen=True, eq=False)
class Surface:
    """A medium in space.

    focal: pixels. centre: (2,) pixel on the camera's axis. turned: (3, 3) rotation. at: (3,) cm,
    the medium's middle. bend: 1 / radius in 1/cm, positive when the middle comes towards the
    camera, 0: flat. axis: radians, direction across the cylinder's axis. light: (3,) unit vector
    from the medium to the lamp, in the medium's own axes (z < 0 is in front of it).
    """

    focal: float
    centre: NDArray[np.float64]
    turned: NDArray[np.float64]
    at: NDArray[np.float64]
    bend: float = 0.0
    axis: float = 0.0
    light: tuple[float, float, float] = (0.0, 0.0, -1.0)

    @classmethod
    def holding(
        cls,
        point: NDArray[np.floating],
        pixel: NDArray[np.floating],
        scale: float,
        distance: float,
        angles: tuple[float, float, float],
        frame: tuple[int, int],
        *,
        bend: float = 0.0,
        axis: float = 0.0,
        light: tuple[float, float, float] = (0.0, 0.0, -1.0),
    ) -> Surface:
        """The medium whose `point` (2,) in cm is seen at `pixel`, at `scale` pixels a cm there.

        distance: cm from the camera to that point. angles: yaw, pitch, roll in degrees. frame:
        height and width in pixels.
        """
        focal = scale * distance
        centre = np.array([(frame[1] - 1) / 2, (frame[0] - 1) / 2])
        turned = rotation(*angles)
        ray = np.array([*((np.asarray(pixel, float) - centre) / focal), 1.0])
        flat = cls(focal, centre, turned, np.zeros(3), bend, axis, light)
        return cls(
            focal,
            centre,
            turned,
            ray * distance - turned @ flat._in_space(np.asarray(point, float)[None])[0],
            bend,
            axis,
            light,
        )

    def _in_space(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n, 3) in the medium's axes of (n, 2) on it."""
        if self.bend == 0:
            return np.hstack([points, np.zeros((len(points), 1))])
        e = np.array([np.cos(self.axis), np.sin(self.axis)])
        f = np.array([-e[1], e[0]])
        s, along = points @ e, points @ f
        across = np.sin(s * self.bend) / self.bend
        depth = (1 - np.cos(s * self.bend)) / self.bend
        return np.column_stack([across[:, None] * e + along[:, None] * f, depth])

    def project(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n, 2) pixels of (n, 2) centimetres on the medium."""
        space = self._in_space(np.asarray(points, float)) @ self.turned.T + self.at
        depth = np.maximum(space[:, 2:], 1e-3)
        return np.asarray(space[:, :2] / depth * self.focal + self.centre)

    def scale(self, point: tuple[float, float] | NDArray[np.floating]) -> float:
        """Pixels a centimetre around a point, the mean of both directions."""
        p = np.asarray(point, float)
        near = self.project(np.array([p, p + (0.5, 0), p + (0, 0.5)]))
        return float(np.linalg.norm(near[1:] - near[0], axis=1).mean() / 0.5)

    def see(self, x1: int, y1: int, x2: int, y2: int) -> Seen:
        """What the pixels x1 <= x < x2, y1 <= y < y2 see."""
        px = ((np.arange(x1, x2) - self.centre[0]) / self.focal).astype(np.float32)[None, :]
        py = ((np.arange(y1, y2) - self.centre[1]) / self.focal).astype(np.float32)[:, None]
        back = self.turned.T.astype(np.float32)
        dx, dy, dz = (back[i, 0] * px + (back[i, 1] * py + back[i, 2]) for i in range(3))
        ox, oy, oz = (float(v) for v in -self.turned.T @ self.at)
        if self.bend == 0:
            # Behind the horizon of a strongly tilted medium rays meet it behind the camera.
            reach = np.float32(-oz) / np.maximum(dz, np.float32(1e-3))
            return Seen(reach * dx + np.float32(ox), reach * dy + np.float32(oy), None, None)
        return self._see_bent((dx, dy, dz), (ox, oy, oz))

    def _see_bent(
        self, ray: tuple[Floats, Floats, Floats], origin: tuple[float, float, float]
    ) -> Seen:
        (dx, dy, dz), (ox, oy, oz) = ray, origin
        e1, e2 = float(np.cos(self.axis)), float(np.sin(self.axis))
        da, oa = e1 * dx + e2 * dy, e1 * ox + e2 * oy
        bend = self.bend
        c = 1 / bend
        a = da * da + dz * dz
        b = oa * da + (oz - c) * dz
        rest = b * b - a * (oa * oa + (oz - c) ** 2 - c * c)
        root = np.sqrt(np.maximum(rest, 0))
        reach = (-b - np.sign(bend) * root) / a
        turn = np.arctan2((oa + reach * da) * bend, 1 - (oz + reach * dz) * bend)
        s = turn / bend
        along = (-e2 * ox + e1 * oy) + reach * (-e2 * dx + e1 * dy)
        lx, ly, lz = self.light
        shade = np.maximum(np.sin(turn) * (e1 * lx + e2 * ly) - np.cos(turn) * lz, 0.05) / -lz
        f = np.float32
        return Seen(
            (s * e1 - along * e2).astype(f),
            (s * e2 + along * e1).astype(f),
            shade.astype(f),
            np.asarray(rest > 0),
        )
