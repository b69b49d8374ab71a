"""Open and closed eyes, and blinks.

`eye_aspect` is the ratio of Soukupová and Čech (2016), from landmarks. Landmark networks draw what
a face usually looks like, and that has open eyes: with the default pack closed eyes lower the ratio
by a sixth on large faces and not at all on small ones. So blinks are counted from the pixels.

`openness` compares each eye with the skin below it: an open eye is darker (iris, lashes) and has
more contrast. A blink is a dip of *both* eyes below the level before *and* after it; that level is
the person's own, so glasses, make-up and a turned head shift it without being a blink, eyes that
are closed from the start give none, and a print has none. Eyes also look less open while a face,
or a picture, is turned: a dip within a turn is no blink.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

CLOSED = 0.70
"""Aspect ratio of closed eyes, as a fraction of the same person's open ones."""

DIP = 0.15
"""A closed eye's openness is less than its open level by this share at least ..."""
NOISES = 5.0
"""... and by so many standard deviations of what noise changes from frame to frame."""
OPEN_S = 0.6
"""The open level is that of so much time before, and of so much after; the lower one counts."""
APART_S = 0.06
"""... less what lies so close to the frame that it may belong to the same blink."""
LONGEST_S = 0.4
"""Longer than this is not a blink. (Blinks last 0.1 to 0.4 s: Schiffman, Sensation and
Perception, 2001.)"""
LEAST_FRAMES = 2
"""A single frame may be noise; fewer than 15 frames a second show no blinks."""
STEADY = 7.0
"""Degrees of yaw that the head may turn from `STEADY_S` before a blink to as long after it. Prints
that were swung by 45 degrees and more dipped only where it was 10 or more; living blinks had 5."""
STEADY_S = 0.3
LEAST_OPEN = 3
"""Frames on each side that tell the open level."""
MIN_EYE = 6.0
"""Width of an eye on the patch, pixels; a smaller one is a landmark failure."""

_EYES = (36, 42)
Floats = NDArray[np.float32]


def eye_aspect(landmarks: Floats) -> float:
    """Mean over both eyes of (|p2 p6| + |p3 p5|) / (2 |p1 p4|), for iBUG 68 points (68, 2)."""

    def one(first: int) -> float:
        p = landmarks[first : first + 6].astype(np.float64)
        width = float(np.linalg.norm(p[0] - p[3]))
        height = float(np.linalg.norm(p[1] - p[5]) + np.linalg.norm(p[2] - p[4]))
        return height / (2 * width) if width > 0 else 0.0

    return (one(36) + one(42)) / 2


def openness(
    patch: Floats, matrix: NDArray[np.float64], landmarks: Floats
) -> tuple[float, float] | None:
    """How open each eye looks, grey levels: above 0, and in no unit that two people share.

    patch: (64, 64) of the upright face, matrix: (2, 3) frame to patch, landmarks: (68, 2) frame.
    Geometric mean of two: how much darker the eye's darkest third is than the skin below it, and
    the spread of its grey levels. None where an eye cannot be read.
    """
    points = landmarks.astype(np.float64) @ matrix[:, :2].T + matrix[:, 2]
    y, x = np.mgrid[0 : patch.shape[0], 0 : patch.shape[1]]
    found = []
    for first in _EYES:
        corners = points[first : first + 6]
        centre = corners.mean(axis=0)
        width = float(np.linalg.norm(corners[3] - corners[0]))
        if not width >= MIN_EYE:
            return None
        dx, dy = (x - centre[0]) / width, (y - centre[1]) / width
        eye = patch[(dx / 0.55) ** 2 + (dy / 0.32) ** 2 < 1]
        skin = patch[((dx / 0.80) ** 2 + (dy / 0.75) ** 2 < 1) & (dy > 0.35)]
        if len(eye) < 9 or len(skin) < 9:
            return None
        dark = np.partition(eye, len(eye) // 3)[: len(eye) // 3 + 1].mean()
        depth = float(np.median(skin) - dark)
        found.append(float(np.sqrt(max(depth, 0.1) * max(float(eye.std()), 0.1))))
    return found[0], found[1]


def noise(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation of noise, relative to the median, of each column of (n, 2).

    From second differences, which a turn of the head leaves small; their median absolute value,
    which a blink leaves as it is.
    """
    bends = np.abs(values[2:] - 2 * values[1:-1] + values[:-2])
    return np.asarray(1.4826 * np.median(bends, axis=0) / 6**0.5 / np.median(values, axis=0))


def blinks(
    times: Sequence[float], eyes: Sequence[tuple[float, float]], yaws: Sequence[float]
) -> tuple[tuple[float, float], ...]:
    """(begin, end) of each blink in a track, seconds; frames without eyes are left out before.

    eyes: `openness`. yaws: of the head, degrees.
    A blink shows only after the eyes are open again, some tenths of a second later.
    """
    if len(times) < 2 * LEAST_OPEN + LEAST_FRAMES:
        return ()
    t, v = np.asarray(times, np.float64), np.asarray(eyes, np.float64)
    yaw = np.asarray(yaws, np.float64)
    bound = 1 - np.maximum(DIP, NOISES * noise(v))
    levels = [_level(t, v, i) for i in range(len(t))]
    found: list[tuple[float, float]] = []
    i = 0
    while i < len(t):
        level = levels[i]
        if level is None or not (v[i] < level * bound).all():
            i += 1
            continue
        # All that is shut against this frame's level, whatever their own: else eyes that stay
        # closed for long would look like a short blink in the middle of it.
        first = last = i
        while first > 0 and (v[first - 1] < level * bound).all():
            first -= 1
        while last + 1 < len(t) and (v[last + 1] < level * bound).all():
            last += 1
        around = yaw[(t >= t[first] - STEADY_S) & (t <= t[last] + STEADY_S)]
        brief = last - first + 1 >= LEAST_FRAMES and t[last] - t[first] <= LONGEST_S
        if brief and np.ptp(around) <= STEADY:
            found.append((float(t[first]), float(t[last])))
        i = last + 1
    return tuple(found)


def _level(t: NDArray[np.float64], v: NDArray[np.float64], i: int) -> NDArray[np.float64] | None:
    """(2,) how open the eyes are around frame i; None where too little is known of either side."""
    before = v[(t >= t[i] - OPEN_S) & (t < t[i] - APART_S)]
    after = v[(t > t[i] + APART_S) & (t <= t[i] + OPEN_S)]
    if len(before) < LEAST_OPEN or len(after) < LEAST_OPEN:
        return None
    sides = np.percentile(before, 75, axis=0), np.percentile(after, 75, axis=0)
    return np.asarray(np.minimum(*sides))
