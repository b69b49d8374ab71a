"""Crops equal exact bilinear interpolation, whatever the frame's layout or the crop's place."""

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import native

IDENTITY = np.array([[1, 0, 0], [0, 1, 0]], np.float64)
PLAIN = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0), "swap_rb": False, "border": None}
LEVEL = 0.03
"""Grey levels by which a crop may differ from exact interpolation."""
TEMPLATE = np.array([[38.3, 51.7], [73.5, 51.5], [56.0, 71.7], [41.5, 92.4], [70.7, 92.2]])


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def turn(angle, scale, x=0.0, y=0.0):
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[c, -s, x], [s, c, y]])


def bilinear(image, matrix, height, width, border):
    """(height, width, 3) in float64, one sample per pixel."""
    inverse = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2]
    y, x = np.mgrid[:height, :width].astype(np.float64)
    u, v = np.einsum("ij,jhw->ihw", inverse, np.stack([x, y, np.ones_like(x)]))
    left, top = np.floor(u).astype(int), np.floor(v).astype(int)

    def at(row, column):
        inside = (row >= 0) & (row < image.shape[0]) & (column >= 0) & (column < image.shape[1])
        near = image[row.clip(0, image.shape[0] - 1), column.clip(0, image.shape[1] - 1)]
        return near if border is None else np.where(inside[..., None], near, border)

    fx, fy = (u - left)[..., None], (v - top)[..., None]
    upper = (1 - fx) * at(top, left) + fx * at(top, left + 1)
    lower = (1 - fx) * at(top + 1, left) + fx * at(top + 1, left + 1)
    return (1 - fy) * upper + fy * lower


@settings(deadline=None)
@given(
    size=st.tuples(st.integers(1, 50), st.integers(1, 50)),
    crop=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    angle=st.floats(-3.14, 3.14),
    scale=st.floats(0.51, 8),
    shift=st.tuples(st.floats(-60, 60), st.floats(-60, 60)),
    border=st.none() | st.integers(0, 255),
    swap=st.booleans(),
    seed=st.integers(0, 99),
)
def test_equals_exact_bilinear(size, crop, angle, scale, shift, border, swap, seed):
    image, matrix = noise(*size, seed), turn(angle, scale, *shift)
    mean, std = (104.0, 117.0, 123.0), (57.0, 58.0, 128.0)
    want = bilinear(image, matrix, *crop, border)
    got = native.warp(image, matrix, *crop, mean=mean, std=std, swap_rb=swap, border=border)
    assert got.shape == (3, *crop) and got.dtype == np.float32
    ordered = want[..., ::-1] if swap else want
    np.testing.assert_allclose(got, np.moveaxis((ordered - mean) / std, 2, 0), atol=LEVEL / 57)
    pixels = native.warp_u8(image, matrix, *crop, border=border)
    assert pixels.shape == (*crop, 3) and pixels.dtype == np.uint8
    np.testing.assert_allclose(pixels, want, atol=0.5 + LEVEL)


def block_side(step_x, step_y):
    """Side of the blocks that are averaged before a turned crop is sampled; 1: none."""
    least = min(step_x, step_y)
    side = min(16, int(least + 0.5)) if least > 2 else 1
    return side if max(step_x, step_y) < 1.75 * side else 1


def averaged(image, matrix, height, width, border, side):
    """Means of blocks, rounded, and one sample of that: (height, width, 3) in float64."""
    around = side * 40
    mode = {"mode": "edge"} if border is None else {"constant_values": int(border + 0.5)}
    far = np.pad(image, ((around, around), (around, around), (0, 0)), **mode)
    far = far[: len(far) // side * side, : far.shape[1] // side * side]
    sums = far.reshape(far.shape[0] // side, side, -1, side, 3).sum(axis=(1, 3), dtype=np.int64)
    picture = (2 * sums + side**2) // (2 * side**2)
    # From pixels of the picture, whose centres lie in the middle of blocks, to those of the image.
    up = np.array([[side, 0, (side - 1) / 2 - around], [0, side, (side - 1) / 2 - around]])
    return bilinear(picture, matrix @ np.vstack([up, [0, 0, 1]]), height, width, border)


@settings(deadline=None)
@given(
    size=st.tuples(st.integers(1, 120), st.integers(1, 120)),
    crop=st.tuples(st.integers(1, 12), st.integers(1, 20)),
    angle=st.floats(0.01, 3.1),
    shrink=st.floats(2.01, 27),
    at=st.tuples(st.floats(-0.2, 1.2), st.floats(-0.2, 1.2)),
    border=st.none() | st.floats(0, 255),
    seed=st.integers(0, 99),
)
def test_turned_crops_that_shrink_average_blocks(size, crop, angle, shrink, at, border, seed):
    image = noise(*size, seed)
    matrix = turn(angle, 1 / shrink)
    matrix[:, 2] = np.array(crop[::-1]) / 2 - matrix[:, :2] @ (np.array(at) * size[::-1])
    side = block_side(shrink, shrink)
    assert side >= 2
    want = averaged(image, matrix, *crop, border, side)
    got = native.warp(image, matrix, *crop, **{**PLAIN, "border": border})
    np.testing.assert_allclose(got, np.moveaxis(want, 2, 0), atol=LEVEL)


@pytest.mark.parametrize("border", [None, 30])
def test_agrees_with_opencv(border):
    image, matrix = noise(60, 80), turn(0.3, 1.4, -25, -20)
    mode = cv2.BORDER_REPLICATE if border is None else cv2.BORDER_CONSTANT
    level = (border or 0,) * 3
    want = cv2.warpAffine(image, matrix, (48, 40), borderMode=mode, borderValue=level)
    got = native.warp(image, matrix, 40, 48, **{**PLAIN, "border": border})
    # OpenCV rounds positions to 1/32 pixel: up to 1/64 of a full-range step per axis, and 0.5.
    assert np.abs(got - np.moveaxis(want, 2, 0)).max() <= 255 * 2 / 64 + 0.5


def test_identity_keeps_every_pixel():
    image = noise(9, 7)
    np.testing.assert_array_equal(native.warp_u8(image, IDENTITY, 9, 7, border=None), image)


def test_pixel_centres_lie_at_integers():
    image = np.repeat(np.array([[[0], [100]]], np.uint8), 3, axis=2)
    shifted = native.warp(image, turn(0, 1, x=0.25), 1, 2, **PLAIN)
    np.testing.assert_allclose(shifted[0, 0], [0, 75])


def test_edges_of_the_frame():
    image = np.full((4, 4, 3), 200, np.uint8)
    matrix = turn(0, 1, x=2, y=1)
    filled = native.warp_u8(image, matrix, 6, 7, border=9)[..., 0]
    assert (filled[1:5, 2:6] == 200).all()
    assert (filled[0] == 9).all() and (filled[5] == 9).all()
    assert (filled[:, :2] == 9).all() and (filled[:, 6] == 9).all()
    assert (native.warp_u8(image, matrix, 6, 7, border=None) == 200).all()
    # Half a pixel out, half of the value is the border's.
    half = native.warp(image, turn(0, 1, x=0.5), 1, 1, **{**PLAIN, "border": 0})
    np.testing.assert_allclose(half, 100)


@pytest.mark.parametrize("shrink", [2.01, 3.0, 4.0, 6.5, 20.0])
def test_fine_patterns_do_not_alias(shrink):
    y, x = np.mgrid[:400, :400]
    board = np.repeat(((x + y) % 2 * 255).astype(np.uint8)[..., None], 3, axis=2)
    got = native.warp(board, turn(0, 1 / shrink), 15, 15, **PLAIN)[:, 2:, 2:]
    # A box of 3 pixels leaves a third of such a pattern per axis, so a ninth of 127.5.
    assert np.abs(got - 127.5).max() < 127.5 / 9 + 0.01
    # The pattern is one that plain sampling does alias; else this would prove nothing.
    plain = bilinear(board, turn(0, 1 / shrink), 15, 15, None)
    assert np.abs(plain[2:, 2:] - 127.5).max() > 20


@pytest.mark.parametrize("angle", [0.15, 0.8, -2.0])
@pytest.mark.parametrize("shrink", [2.01, 2.6, 3.0, 4.0, 6.5, 15.0, 20.0])
def test_fine_patterns_do_not_alias_in_turned_crops(shrink, angle):
    y, x = np.mgrid[:600, :600]
    matrix = turn(angle, 1 / shrink)
    matrix[:, 2] = 7 - matrix[:, :2] @ [300, 300]
    for pattern in ((x + y) % 2, x % 2, y % 2):
        board = np.repeat((pattern * 255).astype(np.uint8)[..., None], 3, axis=2)
        got = native.warp(board, matrix, 15, 15, **PLAIN)
        # A block of 3 pixels leaves a third of such a pattern, and means are rounded.
        assert np.abs(got - 127.5).max() < 127.5 / 3 + 0.51
        plain = bilinear(board, matrix, 15, 15, None)
        assert np.abs(plain - 127.5).max() > 80


def test_shrinking_averages_areas():
    image = noise(64, 64)
    centre = 1.5
    matrix = np.array([[0.25, 0, -centre / 4], [0, 0.25, -centre / 4]])
    want = image.reshape(16, 4, 16, 4, 3).mean(axis=(1, 3))
    got = native.warp(image, matrix, 16, 16, **PLAIN)
    np.testing.assert_allclose(got, np.moveaxis(want, 2, 0), atol=1e-3)


@pytest.mark.parametrize(
    "view",
    [
        lambda f: f[5:45, 10:50],
        lambda f: f[:40, :40],
        lambda f: f[20:60, 40:80],
        lambda f: f[::2, :40],
        lambda f: f[40:0:-1, :40],
        lambda f: np.broadcast_to(f[:1, :40], (40, 40, 3)),
    ],
    ids=["inner", "top-left", "bottom-right", "every-other-row", "upside-down", "one-row"],
)
def test_row_strided_views_need_no_copy(view):
    frame = noise(60, 80)
    frame.flags.writeable = False
    part, matrix = view(frame), turn(0.2, 0.9, 3, -2)
    dense = np.ascontiguousarray(part)
    assert part.strides != dense.strides
    for border in (None, 0):
        options = {**PLAIN, "border": border}
        np.testing.assert_array_equal(
            native.warp(part, matrix, 33, 31, **options),
            native.warp(dense, matrix, 33, 31, **options),
        )


def test_out_is_filled_and_returned():
    image, out = noise(20, 20), np.full((3, 8, 9), np.nan, np.float32)
    assert native.warp(image, IDENTITY, 8, 9, **PLAIN, out=out) is out
    np.testing.assert_array_equal(out, native.warp(image, IDENTITY, 8, 9, **PLAIN))


def test_align_is_similarity_then_warp():
    image = noise(200, 200)
    points = TEMPLATE @ turn(0.2, 1.3)[:, :2].T + [20, 30]
    matrix = native.similarity(points, TEMPLATE)
    options = {"mean": (1, 2, 3), "std": (4, 5, 6), "swap_rb": True, "border": 12.5}
    want = native.warp(image, matrix, 112, 96, **options)
    out = np.empty((3, 112, 96), np.float32)
    assert native.align(image, points, TEMPLATE, 112, 96, **options, out=out) is out
    np.testing.assert_array_equal(out, want)


IMAGE = noise(16, 16)
BUFFER = np.zeros((3, 4, 4), np.float32)
LOCKED = BUFFER.copy()
LOCKED.flags.writeable = False


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"image": IMAGE.astype(np.float32)}, TypeError, r"image: need a uint8 .*, got float32"),
        ({"image": IMAGE.astype(np.int8)}, TypeError, r"image: .*, got int8 \(16, 16, 3\)"),
        ({"image": None}, TypeError, "image: .*, got NoneType"),
        ({"image": IMAGE.tolist()}, TypeError, "image: .*, got list"),
        ({"image": IMAGE[..., 0]}, ValueError, r"image: .*, got uint8 \(16, 16\)"),
        ({"image": IMAGE[..., :2]}, ValueError, r"image: .*, got uint8 \(16, 16, 2\)"),
        ({"image": IMAGE[..., ::-1]}, ValueError, "image: rows must be contiguous"),
        ({"image": IMAGE[:, ::2]}, ValueError, "image: rows must be contiguous"),
        ({"image": IMAGE[:0]}, ValueError, "image: sides must be 1..65535"),
        ({"image": IMAGE[:, :0]}, ValueError, "image: sides must be 1..65535"),
        ({"matrix": IDENTITY.astype(np.float32)}, TypeError, "matrix: need a float64"),
        ({"matrix": np.eye(3)}, ValueError, r"matrix: .*\(2, 3\), got float64 \(3, 3\)"),
        ({"matrix": IDENTITY * np.nan}, ValueError, "matrix: element 0 is not finite"),
        ({"matrix": IDENTITY + [0, 0, np.inf]}, ValueError, "matrix: element 2 is not finite"),
        ({"matrix": IDENTITY * 0}, ValueError, "matrix: .* no inverse"),
        ({"matrix": np.ones((2, 3))}, ValueError, "matrix: .* no inverse"),
        ({"matrix": IDENTITY / 65}, ValueError, "matrix: .*more than 64 times"),
        ({"height": 0}, ValueError, r"height, width: need 1..4096, got 0, 4"),
        ({"width": 4097}, ValueError, r"height, width: need 1..4096, got 4, 4097"),
        ({"width": 4.5}, TypeError, "width: need an integer, got float"),
        ({"border": -1}, ValueError, "border: need None or a grey level"),
        ({"border": 255.5}, ValueError, "border: need None or a grey level"),
        ({"border": float("nan")}, ValueError, "border: need None or a grey level"),
        ({"mean": (0, np.nan, 0)}, ValueError, "mean: must be finite"),
        ({"std": (1, 0, 1)}, ValueError, "std: must be finite and at least"),
        ({"std": (1, np.inf, 1)}, ValueError, "std: must be finite and at least"),
        ({"std": (1, -1, 1)}, ValueError, "std: must be finite and at least"),
        ({"std": (1, 1)}, TypeError, "std: need three numbers, got tuple"),
        ({"std": 1.0}, TypeError, "std: need three numbers, got float"),
        ({"mean": (1, 2, "3")}, TypeError, "mean: need a number, got str"),
        ({"swap_rb": 1}, TypeError, "swap_rb: need True or False, got int"),
        ({"swap_rb": None}, TypeError, "swap_rb: need True or False, got NoneType"),
        ({"border": "black"}, TypeError, "border: need a number, got str"),
        ({"colour": 1}, TypeError, r"warp\(\) has no argument 'colour'"),
        ({"out": np.zeros((3, 4, 5), np.float32)}, ValueError, r"out: need .*\(3, 4, 5\)"),
        ({"out": np.zeros((3, 4, 4))}, TypeError, "out: need a float32"),
        ({"out": BUFFER.transpose(0, 2, 1)}, ValueError, "out: must be C-contiguous"),
        ({"out": LOCKED}, ValueError, "out: is read-only"),
    ],
)
def test_bad_input_is_named(change, error, message):
    arguments = {"image": IMAGE, "matrix": IDENTITY, "height": 4, "width": 4, **PLAIN, **change}
    with pytest.raises(error, match=message):
        native.warp(**arguments)


def test_calls_that_do_not_fit_are_refused():
    with pytest.raises(TypeError, match=r"warp\(\) needs 'matrix'"):
        native.warp(IMAGE, height=4, width=4, **PLAIN)
    with pytest.raises(TypeError, match=r"warp\(\) takes 4 arguments without a name, got 5"):
        native.warp(IMAGE, IDENTITY, 4, 4, (0, 0, 0), **PLAIN)
    with pytest.raises(TypeError, match=r"warp\(\) got 'image' twice"):
        native.warp(IMAGE, IDENTITY, 4, 4, **PLAIN, image=IMAGE)
    with pytest.raises(TypeError, match=r"align\(\) needs 'std'"):
        native.align(IMAGE, TEMPLATE, TEMPLATE, 4, 4, mean=(0, 0, 0), swap_rb=False, border=None)
    names = {"height": np.int64(4), "width": 4, "swap_rb": np.True_, "border": np.float32(3)}
    options = {"".join(list(name)): value for name, value in {**PLAIN, **names}.items()}
    assert native.warp(matrix=IDENTITY, image=IMAGE, **options).shape == (3, 4, 4)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"image": IMAGE.astype(np.float32)}, TypeError, "image: need a uint8"),
        ({"matrix": IDENTITY * 0}, ValueError, "matrix: .* no inverse"),
        ({"border": 256}, ValueError, "border: need None or a grey level"),
        ({"border": 1.5}, TypeError, "incompatible function arguments"),
    ],
)
def test_bad_input_of_warp_u8_is_named(change, error, message):
    arguments = {"image": IMAGE, "matrix": IDENTITY, "height": 4, "width": 4, "border": None}
    with pytest.raises(error, match=message):
        native.warp_u8(**{**arguments, **change})


@pytest.mark.parametrize(
    ("points", "template", "message"),
    [
        (TEMPLATE * 0 + 3, TEMPLATE, "points: all points coincide"),
        (TEMPLATE, TEMPLATE[:3], "template: need as many points as points"),
        (TEMPLATE * np.nan, TEMPLATE, "points: element 0 is not finite"),
        (TEMPLATE * 70, TEMPLATE, "points: the crop shrinks the image more than 64 times"),
    ],
)
def test_bad_points_are_named(points, template, message):
    with pytest.raises(ValueError, match=message):
        native.align(IMAGE, points, template, 112, 112, **PLAIN)


@settings(deadline=None, max_examples=60)
@given(
    size=st.tuples(st.integers(1, 90), st.sampled_from([1, 2, 60, 511, 512, 513, 1100])),
    crop=st.tuples(st.integers(1, 12), st.integers(1, 40)),
    shrink=st.tuples(st.floats(0.2, 60), st.floats(0.2, 60)),
    mirrored=st.booleans(),
    at=st.tuples(st.floats(-0.5, 1.5), st.floats(-0.5, 1.5)),
    border=st.none() | st.integers(0, 255),
    seed=st.integers(0, 99),
)
def test_upright_crops_are_those_of_the_general_path(
    size, crop, shrink, mirrored, at, border, seed
):
    """A turn too small to move anything keeps a crop out of the path for upright ones.

    Where turned crops take blocks, the two differ.
    """
    assume(block_side(*shrink) == 1)
    image = noise(*size, seed)
    a, d = (-1 if mirrored else 1) / shrink[0], 1 / shrink[1]
    x, y = at[0] * size[1], at[1] * size[0]
    upright = np.array([[a, 0, crop[1] / 2 - a * x], [0, d, crop[0] / 2 - d * y]])
    turned = upright.copy()
    turned[0, 1] = turned[1, 0] = 1e-13
    got, want = (
        native.warp(image, m, *crop, **{**PLAIN, "border": border}) for m in (upright, turned)
    )
    np.testing.assert_allclose(got, want, atol=LEVEL)
