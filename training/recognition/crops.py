"""The recogniser's crop: 112 x 112, five points of a face laid on ArcFace's template.

The same `InputSpec` goes into the manifest of a pack, and `edge.packs.preprocess` makes the crop
from it in training as on the device.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.faces.landmarks import LEFT_EYE, MOUTH_LEFT, MOUTH_RIGHT, NOSE_TIP, RIGHT_EYE
from edge.packs import preprocess
from edge.packs.schema import InputSpec, TemplateFit

SIZE = 112
FIVE = (LEFT_EYE, RIGHT_EYE, NOSE_TIP, MOUTH_LEFT, MOUTH_RIGHT)
ARCFACE = (
    (38.2946, 51.6963),
    (73.5318, 51.5014),
    (56.0252, 71.7366),
    (41.5493, 92.3655),
    (70.7299, 92.2041),
)
"""Eyes, nose, mouth corners in pixels of 112 x 112 (Deng et al. 2019), those at the left first."""
FIT = TemplateFit(kind="template", points=FIVE, template=ARCFACE)
GREY = ((127.5,) * 3, (127.5,) * 3)
IMAGENET = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
"""Mean and standard deviation in grey levels; what the public MobileFaceNet was trained on."""
SCALES = {"grey": GREY, "imagenet": IMAGENET}

Image = NDArray[np.uint8]
Matrix = NDArray[np.float64]


def input_spec(scale: str = "imagenet") -> InputSpec:
    """RGB, 112 x 112, `SCALES[scale]`."""
    mean, std = SCALES[scale]
    return InputSpec(
        name="image", width=SIZE, height=SIZE, colour="rgb", mean=mean, std=std, fit=FIT
    )


PIXELS = InputSpec(
    name="image",
    width=SIZE,
    height=SIZE,
    colour="bgr",
    mean=(0.0,) * 3,
    std=(1.0,) * 3,
    fit=FIT,
)
"""The crop as grey levels, BGR: what augmentation works on."""


@dataclass(frozen=True)
class Jitter:
    """How far a crop strays from where the landmarks lay it: standard deviations.

    turn: degrees. scale: share. shift: pixels of the crop. The landmarks' own error is about a
    pixel and two degrees.
    """

    turn: float = 2.5
    scale: float = 0.025
    shift: float = 1.2

    def draw(self, rng: np.random.Generator) -> Matrix:
        """(2, 3) from crop to crop, about its middle."""
        angle = math.radians(rng.normal(0, self.turn))
        scale = math.exp(rng.normal(0, self.scale))
        c, s = scale * math.cos(angle), scale * math.sin(angle)
        linear = np.array([[c, -s], [s, c]])
        middle = np.full(2, (SIZE - 1) / 2)
        return np.column_stack([linear, middle - linear @ middle + rng.normal(0, self.shift, 2)])


def matrix(points: NDArray[np.floating]) -> Matrix:
    """(2, 3) from picture to crop, as the device lays 68 points (68, 2)."""
    return preprocess.template_matrix(FIT, np.asarray(points, np.float32))


def crop(image: Image, onto: Matrix) -> Image:
    """(112, 112, 3) uint8 BGR."""
    planes = preprocess.tensor(image, onto, PIXELS)[0]
    return np.ascontiguousarray(np.rint(planes).clip(0, 255).astype(np.uint8).transpose(1, 2, 0))


def after(first: Matrix, then: Matrix) -> Matrix:
    """The map that does `first`, then `then`; all (2, 3)."""
    return np.column_stack([then[:, :2] @ first[:, :2], then[:, :2] @ first[:, 2] + then[:, 2]])
