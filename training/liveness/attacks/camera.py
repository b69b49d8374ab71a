"""The camera that takes a presentation, living or not: one distribution for both.

A network that could tell attacks by noise, blur or coding would have learned nothing about attacks.
Light adds up in linear values; the square root stands for a camera's transfer curve (BT.709 is
near it), so that both ways are cheap.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.liveness.attacks.ranges import chance, draw, span
from training.liveness.attacks.things import Image

Floats = NDArray[np.float32]
_TO_LIGHT = ((np.arange(256, dtype=np.float32) / 255) ** 2).astype(np.float32)


@dataclass(frozen=True)
class Camera:
    """One camera's values of one moment.

    exposure: factor on light. warmth, green: white balance, logarithms. vignette: light lost in
    the corners. blur: of the lens, sigma in pixels of a frame 640 wide. motion: pixels of such a
    frame, at `motion_angle` degrees. noise: shot noise at white and dark noise, grey levels.
    grain: whether noise is coarser than a pixel. sharpen: of the camera's processor. smear: its
    noise reduction takes fine texture away. quality: of its JPEG. aperture, softness: size of a
    pixel's light-sensitive part and sigma of lens and filter in pixels; they decide how much of a
    grid finer than a pixel is left to be seen as moiré.
    """

    exposure: float = span([(0.6, 0.95), (1.1, 1.35)], [(0.5, 0.6), (0.95, 1.1)])
    warmth: float = span([(-0.06, 0.02), (0.05, 0.14)], [(-0.1, -0.06), (0.02, 0.05)])
    green: float = span((-0.02, 0.03), (0.03, 0.05))
    vignette: float = span((0.05, 0.2), (0.2, 0.35), share=0.4)
    blur: float = span([(0.2, 0.6), (0.8, 1.3)], [(0.6, 0.8), (1.3, 1.6)], share=0.5)
    motion: float = span((1.5, 4.0), (4.0, 5.5), share=0.15)
    motion_angle: float = span([(0, 60), (90, 180)], (60, 90))
    shot_noise: float = span((1.0, 4.5), (4.5, 6.0), log=True)
    dark_noise: float = span((0.5, 3.0), (3.0, 4.5), log=True)
    grain: bool = chance(0.3)
    sharpen: float = span([(0.15, 0.4), (0.6, 0.9)], (0.4, 0.6), share=0.5)
    smear: bool = chance(0.15)
    quality: float = span([(35, 60), (75, 97)], (60, 75))
    aperture: float = span([(0.12, 0.35), (0.7, 0.95)], (0.35, 0.7))
    softness: float = span([(0.02, 0.1), (0.25, 0.4)], (0.1, 0.25))


def draw_camera(rng: np.random.Generator, range_name: str) -> Camera:
    """A camera of "train" or "test"."""
    return draw(Camera, rng, range_name)


def to_light(image: Image) -> Floats:
    """Linear light 0..1 of grey levels, in the picture's shape."""
    return np.asarray(cv2.LUT(image, _TO_LIGHT), np.float32)


def to_levels(light: Floats) -> Image:
    """Grey levels of linear light; what is too bright is white."""
    return np.asarray(cv2.convertScaleAbs(np.sqrt(np.clip(light, 0, 1)), alpha=255), np.uint8)


def take(image: Image, camera: Camera, rng: np.random.Generator) -> Image:
    """What the camera makes of a frame (H, W, 3) uint8 BGR; a new picture of its size.

    Only the noise comes from `rng`.
    """
    out = _toned(image, camera)
    reach = max(image.shape[:2]) / 640
    out = blurred(out, camera.blur * reach)
    if camera.motion * reach > 1:
        kernel = motion_kernel(camera.motion * reach, camera.motion_angle)
        out = np.asarray(cv2.filter2D(out, -1, kernel), np.uint8)
    if camera.vignette:
        out = _vignetted(out, camera.vignette)
    out = _noisy(out, camera, rng)
    if camera.smear:
        out = np.asarray(cv2.medianBlur(out, 3), np.uint8)
    if camera.sharpen:
        soft = cv2.GaussianBlur(out, (3, 3), 0.9)
        out = np.asarray(
            cv2.addWeighted(out, 1 + camera.sharpen, soft, -camera.sharpen, 0), np.uint8
        )
    return coded(out, camera.quality)


def _toned(image: Image, camera: Camera) -> Image:
    balance = np.exp([-camera.warmth, camera.green, camera.warmth])
    light = _TO_LIGHT[:, None] * np.float32(camera.exposure) * balance.astype(np.float32)
    # A shoulder, as cameras have it: bright parts are compressed before they are cut.
    light = np.where(light > 0.7, 0.7 + 0.3 * np.tanh((light - 0.7) / 0.3 * 0.8) / 0.8, light)
    return np.asarray(cv2.LUT(image, to_levels(light.astype(np.float32))[:, None]), np.uint8)


def blurred(image: Image, sigma: float) -> Image:
    """Gaussian; below a fifth of a pixel nothing happens."""
    if sigma < 0.2:
        return image
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def motion_kernel(length: float, angle: float) -> Floats:
    """A line (n, n) float32 that sums to 1. length: pixels. angle: degrees."""
    half = int(np.ceil(length / 2)) + 1
    across = np.arange(-half, half + 1, dtype=np.float32)
    x, y = np.meshgrid(across, across)
    turn = np.radians(angle)
    along, aside = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    ends = np.clip(length / 2 + 0.5 - abs(along), 0, 1)
    line = ends * np.clip(1 - abs(aside), 0, 1)
    return np.asarray(line / line.sum(), np.float32)


def _vignetted(image: Image, lost: float) -> Image:
    height, width = image.shape[:2]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    kept = (1 - np.float32(lost) * (x * x + y * y) / 2) ** np.float32(0.5)
    return np.asarray(
        cv2.multiply(image, np.repeat(kept[..., None], 3, axis=2), dtype=cv2.CV_8U), np.uint8
    )


def _noisy(image: Image, camera: Camera, rng: np.random.Generator) -> Image:
    """Shot noise grows with the root of light, which is the grey level: both are a table."""
    height, width = image.shape[:2]
    coarse = 2 if camera.grain else 1
    shape = (-(-height // coarse), -(-width // coarse), 3)
    noise = rng.standard_normal(shape, dtype=np.float32)
    if coarse > 1:
        grown = cv2.resize(noise, (width, height), interpolation=cv2.INTER_LINEAR)
        noise = np.asarray(grown, np.float32)
    level = np.arange(256, dtype=np.float32) / 255
    sigma = np.sqrt(camera.dark_noise**2 * (1 - 0.6 * level) + camera.shot_noise**2 * level)
    out = cv2.multiply(noise, cv2.LUT(image, sigma.astype(np.float32)))
    return np.asarray(cv2.add(image, out, dtype=cv2.CV_8U), np.uint8)


def coded(image: Image, quality: float) -> Image:
    """Through a JPEG."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, round(quality)])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
