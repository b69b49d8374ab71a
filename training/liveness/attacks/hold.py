"""How a medium is held before the camera, and the hand that holds it.

The face on it is about as large in the picture as the face that it covers, so that size says
nothing. A hand is made of rounded bones in centimetres of the medium, seen through the same camera.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.liveness.attacks.ranges import choice, span
from training.liveness.attacks.surface import Floats, Surface
from training.liveness.attacks.things import Shown


@dataclass(frozen=True)
class Hold:
    """distance: cm from the camera. size: of the shown face over the covered one. yaw, pitch, roll:
    degrees. right, down: of the shown face from the covered one, in face widths.
    """

    distance: float = span([(22, 40), (55, 90)], (40, 55))
    size: float = span([(0.72, 0.9), (1.0, 1.25)], (0.9, 1.0))
    yaw: float = span([(-28, -12), (-6, 9), (16, 24)], [(-12, -6), (9, 16)])
    pitch: float = span([(-18, -9), (-4, 10)], [(-9, -4), (10, 15)])
    roll: float = span([(-9, -4), (-1.5, 6)], [(-4, -1.5), (6, 9)])
    right: float = span([(-0.2, -0.08), (0.0, 0.16)], (-0.08, 0.0))
    down: float = span([(-0.12, 0.02), (0.1, 0.2)], (0.02, 0.1))

    def surface(
        self,
        face: NDArray[np.floating],
        half: NDArray[np.floating],
        covered: Shown,
        *,
        bend: float = 0.0,
        axis: float = 0.0,
        light: tuple[float, float, float] = (0.0, 0.0, -1.0),
    ) -> Surface:
        """Where the medium is. face: (4,) box on it, cm; half: (2,) its half width and height, cm.

        It is brought nearer where it would not hide the whole covered face.
        """
        box = covered.box.astype(float)
        wide, high = box[2] - box[0], box[3] - box[1]
        scale = self.size * wide / (face[2] - face[0])
        scale = max(scale, 1.05 * wide / (2 * half[0]), 1.05 * high / (2 * half[1]))
        middle = (box[:2] + box[2:]) / 2 + np.array([self.right, self.down]) * wide
        return Surface.holding(
            (face[:2] + face[2:]) / 2,
            middle,
            scale,
            self.distance,
            (self.yaw, self.pitch, self.roll),
            covered.image.shape[:2],
            bend=bend,
            axis=axis,
            light=light,
        )


@dataclass(frozen=True)
class Hand:
    """grip: where fingers hold. thick: of a finger, cm. reach: of fingers over the edge, cm."""

    grip: str = choice(["sides", "below", "left"], ["right", "corners"], share=0.75)
    thick: float = span([(1.3, 1.6), (1.8, 2.1)], (1.6, 1.8))
    reach: float = span([(0.7, 1.4), (2.0, 2.6)], (1.4, 2.0))


@dataclass(frozen=True, eq=False)
class Bone:
    """A rounded rod between two points: cm, radii at both ends. sleeve: in cloth."""

    start: tuple[float, float]
    end: tuple[float, float]
    thick: tuple[float, float]
    nail: bool = False
    sleeve: bool = False


def hands(
    hand: Hand, half: NDArray[np.floating], rng: np.random.Generator
) -> tuple[list[Bone], list[Bone]]:
    """What lies behind the medium (palms, arms) and what before it (fingers)."""
    w, h = (float(v) for v in half)
    behind: list[Bone] = []
    front: list[Bone] = []
    low = rng.uniform(0.1, 0.8)
    grips: dict[str, list[tuple[float, float, float]]] = {
        # Where on the edge, and the direction from outside to inside, degrees.
        "sides": [(-w, h * low, 0), (w, h * np.clip(low + rng.normal(0, 0.1), 0, 0.9), 180)],
        "below": [(w * rng.uniform(-0.4, 0.4), h, -90)],
        "left": [(-w, h * low, 0)],
        "right": [(w, h * low, 180)],
        "corners": [(-w * 0.95, h * 0.85, -35), (w * 0.95, h * 0.85, 215)],
        "none": [],
    }
    for x, y, degrees in grips[hand.grip]:
        _grip(behind, front, hand, half, (x, y), degrees + rng.normal(0, 9), rng)
    return behind, front


def _grip(
    behind: list[Bone],
    front: list[Bone],
    hand: Hand,
    half: NDArray[np.floating],
    at: tuple[float, float],
    degrees: float,
    rng: np.random.Generator,
) -> None:
    """A thumb before the medium; the other fingers, the palm and the arm behind it."""
    turn = np.radians(degrees)
    inward, along = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    if along[1] < 0:
        along = -along  # towards the wrist
    edge, r = np.array(at), hand.thick / 2
    reach = min(hand.reach, 0.45 * float(half.min()))  # nobody covers the face that he shows
    tip = edge + inward * (reach - r) - along * rng.uniform(0, 0.8)
    knuckle = edge - inward * rng.uniform(0.8, 1.6) + along * rng.uniform(0, 0.6)
    base = knuckle - inward * rng.uniform(1.2, 2.2) + along * rng.uniform(1.5, 2.8)
    front.append(Bone(_at(tip), _at(knuckle), (r * 0.92, r * 1.08), nail=True))
    front.append(Bone(_at(knuckle), _at(base), (r * 1.06, r * 1.3)))
    palm = edge - inward * rng.uniform(1.5, 2.5) + along * rng.uniform(3, 4.5)
    behind.append(Bone(_at(base), _at(palm), (r * 1.4, 3.0)))
    behind.append(Bone(_at(edge - inward * 1.0 - along * 0.8), _at(palm), (2.0, 3.4)))
    elbow = palm - inward * rng.uniform(2, 12) + np.array([0, rng.uniform(18, 30)])
    wrist = palm + (elbow - palm) * rng.uniform(0.15, 0.5)
    behind.append(Bone(_at(palm), _at(elbow), (2.4, 2.9)))
    if rng.random() < 0.75:
        behind.append(Bone(_at(wrist), _at(elbow), (3.2, 3.7), sleeve=True))
    if rng.random() < 0.3:  # a finger or two around the edge beside the thumb
        for i in range(int(rng.integers(1, 3))):
            root = edge - inward * 1.2 + along * (i + 1) * r * 2.1
            end = edge + inward * rng.uniform(0.2, 0.2 + reach * 0.6) + along * (i + 1) * r * 2.0
            front.append(Bone(_at(end), _at(root), (r * 0.85, r * 0.95)))


def _at(point: NDArray[np.floating]) -> tuple[float, float]:
    return float(point[0]), float(point[1])


def draw(
    light: Floats,
    bones: list[Bone],
    surface: Surface,
    skin: NDArray[np.float32],
    cloth: NDArray[np.float32],
    rng: np.random.Generator,
    blur: float = 0.0,
) -> None:
    """Paints bones over a frame (H, W, 3) of linear light. skin, cloth: (3,) their light."""
    scale = surface.scale((0, 0))
    for bone in bones:
        ends = surface.project(np.array([bone.start, bone.end]))
        colour = cloth if bone.sleeve else skin
        _rod(light, ends, np.array(bone.thick) * scale, colour, rng, bone, max(blur, 0.5))


def _rod(
    light: Floats,
    ends: NDArray[np.floating],
    radii: NDArray[np.floating],
    skin: NDArray[np.float32],
    rng: np.random.Generator,
    bone: Bone,
    soft: float,
) -> None:
    high, wide = light.shape[:2]
    reach = float(radii.max()) + 2 * soft
    x1, y1 = (int(v) for v in np.clip(np.floor(ends.min(axis=0) - reach), 0, (wide, high)))
    x2, y2 = (int(v) for v in np.clip(np.ceil(ends.max(axis=0) + reach), 0, (wide, high)))
    if x2 <= x1 or y2 <= y1:
        return
    f = np.float32
    x = np.arange(x1, x2, dtype=f)[None, :] - f(ends[0, 0])
    y = np.arange(y1, y2, dtype=f)[:, None] - f(ends[0, 1])
    to = (ends[1] - ends[0]).astype(f)
    length = float(np.hypot(*to)) + 1e-6
    t = np.clip((x * to[0] + y * to[1]) / f(length * length), 0, 1)
    aside = (x * to[1] - y * to[0]) / f(length)  # signed: which side of the rod
    far = np.hypot(x - t * to[0], y - t * to[1])
    radius = f(radii[0]) + t * f(radii[1] - radii[0])
    share = np.minimum(far / radius, 1)
    alpha = np.clip((radius - far) / f(2 * soft) + f(0.5), 0, 1)
    # Round, lit from above; blood shows in the tips.
    relief = 0.5 + 0.5 * np.sqrt(1 - share * share) + 0.12 * aside / radius * f(np.sign(to[0]) or 1)
    colour = skin * np.exp(rng.normal(0, 0.05, 3)).astype(f)
    shade = (relief[..., None] * colour).astype(f)
    if bone.sleeve:  # folds
        along = t * f(length / max(radii[0], 1)) * f(rng.uniform(1.5, 3)) + aside / radius
        shade *= 1 + f(0.06) * np.sin(along + f(rng.uniform(0, 6)))[..., None]
    if bone.nail and radii[0] > 3:
        sx, sy = x - 0.15 * to[0], y - 0.15 * to[1]
        inside = 1 - ((sx * to[0] + sy * to[1]) / f(length * 0.75 * radii[0])) ** 2
        inside -= ((sx * to[1] - sy * to[0]) / f(length * 0.55 * radii[0])) ** 2
        plate = np.clip(inside * 3, 0, 1)[..., None]
        shade = shade * (1 - plate) + plate * (shade * f(1.15) + f(0.03) * colour.mean())
    part = light[y1:y2, x1:x2]
    part += (shade - part) * alpha[..., None]
