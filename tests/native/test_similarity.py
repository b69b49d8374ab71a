"""The fitted map is the least-squares similarity, and says why when there is none."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.transform import SimilarityTransform

import native

coordinates = st.floats(-1000, 1000, allow_nan=False, width=32)


def point_sets(count):
    return arrays(np.float64, (count, 2), elements=coordinates)


def pairs_of_sets():
    return st.integers(2, 12).flatmap(lambda k: st.tuples(point_sets(k), point_sets(k)))


def spread(points):
    return np.linalg.norm(points - points.mean(axis=0))


def umeyama(src, dst):
    """The paper's formulas, with the singular value decomposition."""
    mean_src, mean_dst = src.mean(axis=0), dst.mean(axis=0)
    p, q = src - mean_src, dst - mean_dst
    u, d, vt = np.linalg.svd(q.T @ p / len(src))
    sign = np.array([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    linear = (u * sign) @ vt * ((d * sign).sum() / (p**2).sum(axis=1).mean())
    return np.column_stack([linear, mean_dst - linear @ mean_src])


def apply(matrix, points):
    return points @ matrix[:, :2].T + matrix[:, 2]


@given(
    points=st.integers(2, 9).flatmap(point_sets),
    angle=st.floats(-3.14, 3.14),
    scale=st.floats(0.01, 50),
    shift=st.tuples(coordinates, coordinates),
)
def test_recovers_a_similarity(points, angle, scale, shift):
    assume(spread(points) > 1.0)
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    matrix = np.array([[c, -s, shift[0]], [s, c, shift[1]]])
    np.testing.assert_allclose(
        native.similarity(points, apply(matrix, points)), matrix, rtol=1e-9, atol=1e-7
    )


@given(pairs_of_sets())
def test_agrees_with_umeyama(sets):
    src, dst = sets
    assume(spread(src) > 1.0 and spread(dst) > 1.0)
    p, q = src - src.mean(axis=0), dst - dst.mean(axis=0)
    _, d, _ = np.linalg.svd(q.T @ p)
    # Where the two singular values cancel, the rotation is not determined.
    assume(d[0] - d[1] > 1e-6 * spread(p) * spread(q))
    got = native.similarity(src, dst)
    np.testing.assert_allclose(got, umeyama(src, dst), rtol=1e-6, atol=1e-5)


@given(pairs_of_sets(), st.lists(st.floats(-1, 1), min_size=4, max_size=4))
def test_no_nearby_similarity_fits_better(sets, nudge):
    src, dst = sets
    assume(spread(src) > 1.0 and spread(dst) > 1.0)
    try:
        best = native.similarity(src, dst)
    except ValueError as error:
        assume("mirror" not in str(error))
        raise
    a, b, x, y = (1e-3 * np.array(nudge)).tolist()
    other = best + np.array([[a, -b, x], [b, a, y]])
    assert ((apply(best, src) - dst) ** 2).sum() <= ((apply(other, src) - dst) ** 2).sum() + 1e-6


def test_agrees_with_scikit_image_on_a_face():
    template = np.array([[38.3, 51.7], [73.5, 51.5], [56.0, 71.7], [41.5, 92.4], [70.7, 92.2]])
    face = np.array([[301, 210], [352, 204], [330, 236], [311, 268], [349, 262]], float)
    want = SimilarityTransform.from_estimate(face, template).params[:2]
    np.testing.assert_allclose(native.similarity(face, template), want, atol=1e-9)


def test_float32_and_strided_points_are_taken():
    src = np.array([[0, 0], [4, 0], [0, 4], [9, 9]], np.float32)
    dst = src * 2 + 1
    want = native.similarity(src.astype(np.float64), dst.astype(np.float64))
    assert want.dtype == np.float64
    np.testing.assert_array_equal(native.similarity(src, dst), want)
    wide = np.asfortranarray(np.repeat(src, 2, axis=0))
    np.testing.assert_array_equal(native.similarity(wide[::2], dst.astype(np.float64)), want)


SQUARE = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64)


@pytest.mark.parametrize(
    ("src", "dst", "error", "message"),
    [
        (SQUARE * 0 + 5, SQUARE, ValueError, "src: all points coincide"),
        (SQUARE, SQUARE * 0, ValueError, "dst: all points coincide"),
        (SQUARE + 1e9 - 2, SQUARE * 1e-9 + 4e8, ValueError, "dst: all points coincide"),
        (SQUARE, SQUARE * [-1, 1], ValueError, "src: mirror image of dst"),
        (SQUARE[:1], SQUARE[:1], ValueError, "src: need at least 2 points"),
        (SQUARE, SQUARE[:3], ValueError, r"dst: need as many points as src \(4\), got 3"),
        (SQUARE * np.nan, SQUARE, ValueError, "src: element 0 is not finite"),
        (SQUARE, SQUARE + [0, np.inf], ValueError, "dst: element 1 is not finite"),
        (SQUARE * 1e10, SQUARE, ValueError, "src: coordinates beyond 1e9"),
        (SQUARE[:, :1], SQUARE, ValueError, r"src: need .*\(K, 2\), got float64 \(4, 1\)"),
        (SQUARE.ravel(), SQUARE, ValueError, r"src: need .*, got float64 \(8,\)"),
        (SQUARE.astype(int), SQUARE, TypeError, r"src: need a float32 or float64 .*, got int64"),
        (SQUARE.astype(">f8"), SQUARE, TypeError, "src: need .*, got >f8"),
        (SQUARE, SQUARE.tolist(), TypeError, r"dst: need .*, got list"),
    ],
)
def test_bad_input_is_named(src, dst, error, message):
    with pytest.raises(error, match=message):
        native.similarity(src, dst)
