"""Named layouts of landmarks: how many points, what mirrors onto what, which parts are meant.

`ibug68`: Sagonas et al. 2013. `wflw98`: Wu et al. 2018. `pfld106`: 106 points in the order of the
public PFLD network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.errors import DataError


@dataclass(frozen=True)
class Layout:
    """count: points. flip: `flip[i]` is the point that i becomes in a mirrored picture. corners:
    outer corners of the eyes, the one at the picture's left first. five: groups whose means are
    eyes, nose, mouth corners, those at the picture's left first, as alignment wants them.
    """

    name: str
    count: int
    flip: tuple[int, ...]
    corners: tuple[int, int]
    five: tuple[tuple[int, ...], ...]

    def five_of(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """The five points (5, 2) of (count, 2)."""
        means = [points[list(group)].mean(axis=0) for group in self.five]
        return np.stack(means).astype(np.float32)

    def mirrored(self, points: NDArray[np.floating], width: float) -> NDArray[np.float32]:
        """Points (count, 2) of a picture `width` pixels wide in its mirror image."""
        out = np.asarray(points, np.float32)[list(self.flip)].copy()
        out[:, 0] = width - 1 - out[:, 0]
        return out


def _flip(count: int, pairs: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    out = list(range(count))
    for a, b in pairs:
        out[a], out[b] = b, a
    return tuple(out)


def _mirror(first: int, last: int) -> list[tuple[int, int]]:
    """A run of points that mirrors onto itself, end to end."""
    return [(first + i, last - i) for i in range((last - first + 1) // 2)]


IBUG68 = Layout(
    "ibug68",
    68,
    _flip(
        68,
        _mirror(0, 16)  # jaw
        + _mirror(17, 26)  # brows
        + _mirror(31, 35)  # nostrils
        + [(36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)]  # eyes
        + [*_mirror(48, 54), (55, 59), (56, 58)]  # lips, outside
        + [*_mirror(60, 64), (65, 67)],  # lips, inside
    ),
    (36, 45),
    (tuple(range(36, 42)), tuple(range(42, 48)), (30,), (48,), (54,)),
)

WFLW98 = Layout(
    "wflw98",
    98,
    _flip(
        98,
        _mirror(0, 32)  # jaw
        + [(33, 46), (34, 45), (35, 44), (36, 43), (37, 42)]  # brows, upper edge
        + [(38, 50), (39, 49), (40, 48), (41, 47)]  # brows, lower edge
        + _mirror(55, 59)  # nostrils
        + [(60, 72), (61, 71), (62, 70), (63, 69), (64, 68), (65, 75), (66, 74), (67, 73)]
        + [*_mirror(76, 82), (83, 87), (84, 86)]  # lips, outside
        + [*_mirror(88, 92), (93, 95)]  # lips, inside
        + [(96, 97)],  # pupils
    ),
    (60, 72),
    (tuple(range(60, 68)), tuple(range(68, 76)), (54,), (76,), (82,)),
)

WFLW98_TO_IBUG68 = (
    *range(0, 33, 2),
    *range(33, 38),
    *range(42, 47),
    *range(51, 60),
    *(60, 61, 63, 64, 65, 67),
    *(68, 69, 71, 72, 73, 75),
    *range(76, 96),
)
"""For each of the 68 points the one of the 98 that lies there."""

PFLD106 = Layout(
    "pfld106",
    106,
    _flip(
        106,
        [(i, i + 16) for i in range(1, 17)]  # jaw, 0 is the chin
        # Eyes. 34 and 38, and 88 and 92, lie within a thousandth of the crop of each other, at the
        # pupil; which of them mirror which was told by that alone.
        + [(33, 87), (34, 88), (35, 93), (36, 91), (37, 90), (38, 92), (39, 89), (40, 94)]
        + [(41, 96), (42, 95)]
        + [(43, 101), (44, 100), (45, 99), (46, 97), (47, 98)]  # brows, lower edge
        + [(48, 105), (49, 104), (50, 102), (51, 103)]  # brows, upper edge
        + [(52, 61), (54, 57), (55, 58), (56, 59)]  # lips; 53, 60, 62 and 71 in the middle
        + [(63, 67), (64, 68), (65, 69), (66, 70)]
        + [(75, 81), (76, 82), (77, 83), (78, 84), (79, 85)],  # nose; 72-74, 80, 86 in the middle
    ),
    (35, 93),
    (tuple(range(33, 43)), tuple(range(87, 97)), (86,), (52,), (61,)),
)
"""Numbers and mirror pairs were found by matching what the network says of 300 near-frontal faces
with what it says of their mirror images."""

LAYOUTS = {layout.name: layout for layout in (IBUG68, WFLW98, PFLD106)}


def layout(name: str) -> Layout:
    """Raises DataError for an unknown name."""
    try:
        return LAYOUTS[name]
    except KeyError:
        raise DataError(f"no layout {name!r}; known: {', '.join(LAYOUTS)}") from None


def convert(points: NDArray[np.floating], target: Layout) -> NDArray[np.float32]:
    """Points of a known layout, told by their number, in `target`. Raises DataError."""
    points = np.asarray(points, np.float32)
    if len(points) == target.count:
        return points
    if len(points) == 98 and target.count == 68:
        return points[list(WFLW98_TO_IBUG68)]
    raise DataError(f"{len(points)} points cannot be brought into {target.name}")
