"""People of closely framed pictures, put before a door's camera: whole frames of many people.

Collections of photographs end beside the ears; a door's camera sees the room, the shoulders and
whatever is held up. A network that decides by what surrounds a face needs many such frames, of
living people and of attacks alike. So head and shoulders are cut out (GrabCut; Rother, Kolmogorov
and Blake 2004), given a body, and stood before a background. At times a hand is raised that holds
nothing.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from training.liveness.attacks import Shown
from training.liveness.attacks.hold import Hand, draw, hands
from training.liveness.attacks.surface import Surface
from training.liveness.attacks.things import Image

FRAME = (480, 640)
"""Height and width, pixels."""
FACE = (52.0, 150.0)
"""Width of a face in the frame, pixels."""
LEAST_AROUND = 1.6
"""Sides of a picture in face sizes: closer ones show no shoulders to cut out."""
HAND = 0.25
"""Of the people: raise a hand, empty, before their chest or beside their head."""

Floats = NDArray[np.float32]


def can_stage(picture: Shown) -> bool:
    """Whether enough of the person is in the picture."""
    high, wide = picture.image.shape[:2]
    size = picture.box[2:] - picture.box[:2]
    return bool(wide >= LEAST_AROUND * size[0] and high >= LEAST_AROUND * size[1] * 0.9)


def staged(
    picture: Shown, background: Image, rng: np.random.Generator, *, lit: bool = False
) -> Shown:
    """The person of a picture before a background of `FRAME`.

    lit: in the background's light, soft and pale, instead of in the photograph's own, which is
    often a flash.
    """
    high, wide = FRAME
    width = float(np.exp(rng.uniform(*np.log(FACE))))
    scale = width / picture.face_width
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    size = [max(round(n * scale), 8) for n in picture.image.shape[1::-1]]
    person = cv2.resize(picture.image, (size[0], size[1]), interpolation=how).astype(np.float32)
    matte = cv2.resize(_matte(picture), (size[0], size[1]), interpolation=cv2.INTER_LINEAR)
    alpha = np.asarray(matte, np.float32)
    middle = (picture.box[:2] + picture.box[2:]) / 2 * scale
    at = np.array([rng.uniform(0.28, 0.72) * wide, rng.uniform(0.22, 0.66) * high])
    shift = np.round(at - middle).astype(int)

    behind = background.astype(np.float32)
    if rng.random() < 0.5:
        blurred = cv2.GaussianBlur(behind, (0, 0), float(rng.uniform(0.6, 3.0)))
        behind = np.asarray(blurred, np.float32)
    out = behind * np.float32(np.exp(rng.normal(0, 0.2)))
    box = picture.box * scale + np.tile(shift, 2)
    if lit:
        out *= np.float32(min(1.0, 235.0 / float(out.max())))  # no wall without its shades
        person = _lit(person, out, picture.box * scale, rng)
    _body(out, person, alpha, shift, box, rng)
    _lay(out, person, alpha, shift)
    if rng.random() < HAND:
        _raise_hand(out, person, box, rng)
    image = np.asarray(np.clip(out, 0, 255), np.uint8)
    points = picture.points * np.float32(scale) + shift.astype(np.float32)
    return Shown(image, box.astype(np.float32), points, picture.person)


def _lit(person: Floats, behind: Floats, box: Floats, rng: np.random.Generator) -> Floats:
    """The person's picture, skin half the way to the wall's brightness, shadows veiled.

    box: of the face in that picture.
    """
    x1, y1, x2, y2 = (max(round(float(v)), 0) for v in box)
    down, aside = (y2 - y1) // 4, (x2 - x1) // 4
    inner = person[y1 + down : y2 - down, x1 + aside : x2 - aside]
    skin = max(float(np.median(inner)), 20.0)
    veil = float(rng.uniform(8, 55))
    light = behind.reshape(-1, 3).mean(axis=0)
    level = float(light.mean())
    # Half the way to the wall's brightness: dark skin stays darker than pale skin.
    wanted = min((skin * level * rng.uniform(0.65, 1.0)) ** 0.5, 200.0)
    gain = float(np.clip((wanted - veil) / skin, 0.35, 1.5))
    tint = (light / max(level, 1.0)) ** rng.uniform(0.3, 1.0)
    return np.asarray(np.clip(veil + person * gain * tint, 0, 250), np.float32)


def _matte(picture: Shown) -> Floats:
    """(H, W) 0..1: head, hair and shoulders."""
    image, box, points = picture.image, picture.box, picture.points
    small = min(80 / max(image.shape[:2]), 1.0)
    tiny = cv2.resize(image, None, fx=small, fy=small, interpolation=cv2.INTER_AREA)
    high, wide = tiny.shape[:2]
    x1, y1, x2, y2 = (float(v) * small for v in box)
    w, h = x2 - x1, y2 - y1
    y, x = np.mgrid[0:high, 0:wide].astype(np.float32)
    middle = (x1 + x2) / 2
    marks = np.full((high, wide), cv2.GC_BGD, np.uint8)
    # Hair stands around the face or falls beside it; shoulders fall away from the neck.
    aside = abs(x - middle)
    centre = y1 + 0.42 * h
    above = min(0.85 * h, centre)  # where the picture ends the head is round all the same
    head = (aside / (0.8 * w)) ** 2 + ((y - centre) / above) ** 2 < 1
    hair = (aside < 0.72 * w) & (y > centre) & (y < y2)
    chest = (y > y2 - 0.05 * h) & (aside < 0.5 * w + np.maximum(y - y2, 0) * 2.5)
    marks[head | hair | chest] = cv2.GC_PR_BGD
    near = (aside / (0.62 * w)) ** 2 + ((y - centre) / (0.8 * above)) ** 2 < 1
    marks[near | chest] = cv2.GC_PR_FGD
    hull = cv2.convexHull((points * small).round().astype(np.int32))
    cv2.fillConvexPoly(marks, hull, cv2.GC_FGD)
    marks[(y > y2 + 0.15 * h) & (abs(x - middle) < 0.3 * w)] = cv2.GC_FGD
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)  # its clusters start at random: the same picture, the same matte
    cv2.grabCut(tiny, marks, (0, 0, 0, 0), *models, 2, cv2.GC_INIT_WITH_MASK)
    cut = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    count, parts = cv2.connectedComponents(cut)
    if count > 2:  # only the part that the face is in
        inside = parts[hull[:, 0, 1].clip(0, high - 1), hull[:, 0, 0].clip(0, wide - 1)]
        cut = (parts == np.bincount(inside[inside > 0], minlength=2).argmax()).astype(np.uint8)
    whole = cv2.morphologyEx(cut, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    soft = cv2.GaussianBlur(whole.astype(np.float32), (0, 0), 1.0)
    matte = cv2.resize(soft, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(matte, np.float32)


def _body(
    out: Floats,
    person: Floats,
    alpha: Floats,
    shift: NDArray[np.int_],
    box: Floats,
    rng: np.random.Generator,
) -> None:
    """Shoulders, arms and chest below the picture, in the cloth that its lower edge shows."""
    high, wide = out.shape[:2]
    w, h = float(box[2] - box[0]), float(box[3] - box[1])
    middle = float(box[0] + box[2]) / 2
    cloth = _cloth(person, alpha, rng)
    half = w * rng.uniform(1.2, 1.75)
    top = float(box[3]) + h * rng.uniform(0.0, 0.14)
    y, x = np.mgrid[0:high, 0:wide].astype(np.float32)
    # From the neck to the shoulders a quarter of an ellipse, then straight down.
    drop = h * rng.uniform(0.4, 0.7)
    down = np.clip((y - top) / drop, 0, 1)
    reach = half * (0.3 + 0.7 * np.sqrt(np.maximum(1 - (1 - down) ** 2, 0)))
    reach += np.maximum(y - top - drop, 0) * rng.uniform(-0.02, 0.08)
    inside = np.clip((reach - abs(x - middle)) * 0.8 + 0.5, 0, 1) * np.clip(y - top + 0.5, 0, 1)
    light = 1 - 0.35 * (abs(x - middle) / half) ** 2 + rng.normal(0, 0.1) * (x - middle) / half
    pattern = _pattern(x - middle, y - top, w, rng)
    colour = cloth * (light * pattern)[..., None]
    out += (colour - out) * inside[..., None]
    # The picture goes over into the body: its lower end, and where its sides cut the shoulders.
    rows, columns = alpha.shape
    v = np.arange(rows, dtype=np.float32)[:, None] + shift[1]
    u = np.arange(columns, dtype=np.float32)[None, :]
    low = float(shift[1] + rows)
    fade = np.clip((low - v) / (0.25 * h), 0, 1)
    aside = np.clip(np.minimum(u, columns - 1 - u) / (0.2 * w) + 0.15, 0, 1)
    below = np.clip((v - float(box[3])) / (0.2 * h), 0, 1)
    alpha *= np.where(low < high, fade, 1) * (1 - below * (1 - aside))


def _cloth(person: Floats, alpha: Floats, rng: np.random.Generator) -> Floats:
    """(3,) the middle colour of the lowest rows that are person, or any."""
    part = person[-max(len(person) // 12, 2) :]
    own = part[alpha[-len(part) :] > 0.7]
    if len(own) < 8:
        return rng.uniform(15, 200, 3).astype(np.float32)
    return np.asarray(np.median(own, axis=0), np.float32)


def _pattern(x: Floats, y: Floats, width: float, rng: np.random.Generator) -> Floats:
    """Folds, and at times stripes or checks, of a cloth: factors around 1."""
    tilt, period = rng.normal(0, 0.5), width * rng.uniform(0.5, 1.5)
    folds = np.sin((x + tilt * y) * np.float32(2 * np.pi / period) + rng.uniform(0, 6))
    out = 1 + np.float32(rng.uniform(0, 0.12)) * folds
    kind = rng.random()
    if kind < 0.35:
        period = width * rng.uniform(0.1, 0.4)
        depth = np.float32(rng.uniform(0.1, 0.6))
        lines = [x] if kind < 0.1 else [y] if kind < 0.2 else [x, y]
        for line in lines:
            out *= 1 - depth * (np.sin(line * np.float32(2 * np.pi / period)) > rng.uniform(0, 0.8))
    return np.asarray(out, np.float32)


def _lay(out: Floats, person: Floats, alpha: Floats, shift: NDArray[np.int_]) -> None:
    high, wide = out.shape[:2]
    x1, y1 = (int(v) for v in np.maximum(shift, 0))
    x2 = min(int(shift[0]) + person.shape[1], wide)
    y2 = min(int(shift[1]) + person.shape[0], high)
    if x2 <= x1 or y2 <= y1:
        return
    from_y, from_x = y1 - int(shift[1]), x1 - int(shift[0])
    own = (slice(from_y, from_y + y2 - y1), slice(from_x, from_x + x2 - x1))
    part = out[y1:y2, x1:x2]
    part += (person[own] - part) * alpha[own][..., None]


def _raise_hand(out: Floats, person: Floats, box: Floats, rng: np.random.Generator) -> None:
    """A hand and its arm, in the skin of the person's face."""
    w = float(box[2] - box[0])
    centre = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2], float)
    aside = float(rng.choice([-1, 1])) * rng.uniform(0.3, 2.0) * w
    place = centre + (aside, rng.uniform(0.9, 2.4) * w if abs(aside) < 1.2 * w else w)
    half = np.array([rng.uniform(0.5, 3), rng.uniform(0.5, 3)])
    surface = Surface.holding(
        np.zeros(2), place, w / 14.5, 60.0, (0.0, 0.0, float(rng.normal(0, 35))), FRAME
    )
    grip = str(rng.choice(["sides", "below", "left", "right"]))
    behind, front = hands(Hand(grip, rng.uniform(1.4, 2.0), rng.uniform(0.7, 2.4)), half, rng)
    # A picture is at least eight pixels wide and high: there is always something in its middle.
    inner = person[len(person) // 3 : len(person) // 2, person.shape[1] // 3 : -1]
    skin = np.median(inner.reshape(-1, 3), axis=0)
    cloth = rng.uniform(15, 200, 3)
    light = (out / np.float32(255)) ** np.float32(2.2)
    colours = [((c / 255) ** 2.2).astype(np.float32) for c in (skin, cloth)]
    draw(light, [*behind, *front], surface, colours[0], colours[1], rng, 0.7)
    out[:] = 255 * np.clip(light, 0, 1) ** np.float32(1 / 2.2)
