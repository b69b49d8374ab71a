"""Where dlib's face recogniser expects the landmarks to lie.

The numbers are dlib's average positions of landmarks 17-67 of a face (dlib 20.0,
`image_transforms/interpolation.h`, Boost Software License), in a square that a margin then
surrounds. dlib aligns on nose, eyes and the still part of the mouth only: brows move with the
expression, the lower lip with speech.
"""

from __future__ import annotations

MARGIN = 0.20
"""Margin on each side, as a fraction of the square.

dlib itself uses 0.25 with its own landmark predictor. This package's landmarks lie a little
differently, and 0.20 was measured to be better with them, and 0.15 and 0.30 worse.
"""

FIRST = 17
"""The first landmark of `MEAN_FACE`."""

MEAN_FACE = (
    (0.000213256, 0.106454),
    (0.0752622, 0.038915),
    (0.18113, 0.0187482),
    (0.29077, 0.0344891),
    (0.393397, 0.0773906),
    (0.586856, 0.0773906),
    (0.689483, 0.0344891),
    (0.799124, 0.0187482),
    (0.904991, 0.038915),
    (0.98004, 0.106454),
    (0.490127, 0.203352),
    (0.490127, 0.307009),
    (0.490127, 0.409805),
    (0.490127, 0.515625),
    (0.36688, 0.587326),
    (0.426036, 0.609345),
    (0.490127, 0.628106),
    (0.554217, 0.609345),
    (0.613373, 0.587326),
    (0.121737, 0.216423),
    (0.187122, 0.178758),
    (0.265825, 0.179852),
    (0.334606, 0.231733),
    (0.260918, 0.245099),
    (0.182743, 0.244077),
    (0.645647, 0.231733),
    (0.714428, 0.179852),
    (0.793132, 0.178758),
    (0.858516, 0.216423),
    (0.79751, 0.244077),
    (0.719335, 0.245099),
    (0.254149, 0.780233),
    (0.340985, 0.745405),
    (0.428858, 0.727388),
    (0.490127, 0.742578),
    (0.551395, 0.727388),
    (0.639268, 0.745405),
    (0.726104, 0.780233),
    (0.642159, 0.864805),
    (0.556721, 0.902192),
    (0.490127, 0.909281),
    (0.423532, 0.902192),
    (0.338094, 0.864805),
    (0.290379, 0.784792),
    (0.428096, 0.778746),
    (0.490127, 0.785343),
    (0.552157, 0.778746),
    (0.689874, 0.784792),
    (0.553364, 0.824182),
    (0.490127, 0.831803),
    (0.42689, 0.824182),
)

_BROWS = range(17, 27)
_LOWER_LIP = (*range(55, 60), *range(65, 68))
USED = tuple(i for i in range(FIRST, 68) if i not in _BROWS and i not in _LOWER_LIP)
"""The landmarks that take part, in iBUG numbering."""


def template(size: int) -> tuple[tuple[float, float], ...]:
    """Pixel (x, y) of each landmark of `USED` in a square crop of `size` pixels.

    Counted from pixel centres, as everywhere in face-gate; rounded to a ten-thousandth.
    """
    span = 2 * MARGIN + 1
    return tuple(
        (round((MARGIN + x) / span * size, 4), round((MARGIN + y) / span * size, 4))
        for x, y in (MEAN_FACE[i - FIRST] for i in USED)
    )
