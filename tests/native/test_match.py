"""Matching ranks templates by cosine similarity as float64 would."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import native


def cosines(probe, templates):
    probe, templates = probe.astype(np.float64), templates.astype(np.float64)
    norms = np.linalg.norm(probe) * np.linalg.norm(templates, axis=1)
    return templates @ probe / norms


@settings(deadline=None)
@given(
    count=st.integers(1, 40),
    dim=st.integers(1, 70),
    k=st.integers(1, 50),
    seed=st.integers(0, 10_000),
)
def test_agrees_with_sorted_float64(count, dim, k, seed):
    random = np.random.default_rng(seed)
    probe = random.normal(size=dim).astype(np.float32)
    templates = (random.normal(size=(count, dim)) * random.uniform(0.1, 9)).astype(np.float32)
    rows, scores = native.match(probe, templates, k)
    want = cosines(probe, templates)
    assert rows.dtype == np.int64 and scores.dtype == np.float32
    assert rows.shape == scores.shape == (min(k, count),)
    assert len(set(rows.tolist())) == len(rows)
    np.testing.assert_allclose(scores, want[rows], atol=1.2e-7)
    assert (np.diff(scores) <= 0).all()
    # Nothing left out beats what was returned, beyond what float32 can tell apart.
    np.testing.assert_allclose(scores, -np.sort(-want)[: len(rows)], atol=1.2e-7)


@given(
    st.integers(1, 4).flatmap(
        lambda dim: st.tuples(
            arrays(np.float32, dim, elements=st.sampled_from([-1.0, 1.0])),
            arrays(np.float32, (9, dim), elements=st.sampled_from([-1.0, 1.0])),
        )
    ),
    st.integers(1, 9),
)
def test_ties_go_to_the_lowest_row(pair, k):
    # All norms are equal, so equal dot products are equal scores to the last bit.
    probe, templates = pair
    rows, _ = native.match(probe, templates, k)
    assert rows.tolist() == np.argsort(-(templates @ probe), kind="stable")[:k].tolist()


def test_length_does_not_matter():
    probe = np.array([3, 4], np.float32)
    templates = np.array([[4, 3], [0.3, 0.4], [3e30, 4e30], [-3e-30, -4e-30]], np.float32)
    rows, scores = native.match(probe, templates, 4)
    np.testing.assert_allclose(scores, [1, 1, 0.96, -1], atol=1e-7)
    assert rows.tolist()[2:] == [0, 3]


def test_row_strided_gallery_needs_no_copy():
    wide = np.random.default_rng(1).normal(size=(20, 50)).astype(np.float32)
    probe = wide[3, 4:36].copy()
    for part in (wide[:, 4:36], wide[::2, 4:36], wide[::-1, 4:36]):
        got = native.match(probe, part, 5)
        want = native.match(probe, part.copy(), 5)
        np.testing.assert_array_equal(got[0], want[0])
        np.testing.assert_array_equal(got[1], want[1])


def test_empty_gallery_gives_empty_answers():
    rows, scores = native.match(np.ones(8, np.float32), np.empty((0, 8), np.float32), 3)
    assert rows.shape == scores.shape == (0,)
    assert rows.dtype == np.int64 and scores.dtype == np.float32


PROBE = np.array([1, 2, 3], np.float32)
ROWS = np.array([[1, 0, 0], [0, 1, 0]], np.float32)


def spoilt(value):
    rows = ROWS.copy()
    rows[1] = value
    return rows


@pytest.mark.parametrize(
    ("probe", "templates", "k", "error", "message"),
    [
        (PROBE.astype(np.float64), ROWS, 1, TypeError, "probe: need a float32 .*got float64"),
        (PROBE.tolist(), ROWS, 1, TypeError, "probe: need .*, got list"),
        (PROBE[None], ROWS, 1, ValueError, r"probe: need .*\(D,\), got float32 \(1, 3\)"),
        (PROBE[::-1], ROWS, 1, ValueError, "probe: must be C-contiguous"),
        (PROBE * 0, ROWS, 1, ValueError, "probe: is a zero vector"),
        (PROBE[:0], ROWS[:, :0], 1, ValueError, "probe: is a zero vector"),
        (PROBE * np.float32(np.nan), ROWS, 1, ValueError, "probe: element 0 is not finite"),
        (PROBE, ROWS.astype(np.float16), 1, TypeError, "templates: need .*, got float16"),
        (PROBE, ROWS[:, :2], 1, ValueError, r"templates: need .*, got float32 \(2, 2\)"),
        (PROBE, ROWS[0], 1, ValueError, r"templates: need .*, got float32 \(3,\)"),
        (PROBE, np.asfortranarray(ROWS), 1, ValueError, "templates: rows must be contiguous"),
        (PROBE, spoilt(0), 1, ValueError, "templates: row 1 is a zero vector or not finite"),
        (PROBE, spoilt(np.nan), 1, ValueError, "templates: row 1 is a zero vector or not finite"),
        (PROBE, spoilt(np.inf), 1, ValueError, "templates: row 1 is a zero vector or not finite"),
        (PROBE, ROWS, 0, ValueError, "k: need at least 1, got 0"),
        (PROBE, ROWS[:0], 0, ValueError, "k: need at least 1, got 0"),
    ],
)
def test_bad_input_is_named(probe, templates, k, error, message):
    with pytest.raises(error, match=message):
        native.match(probe, templates, k)


def test_unaligned_memory_is_refused():
    raw = np.zeros(13, np.uint8)
    with pytest.raises(ValueError, match="probe: elements must be aligned"):
        native.match(raw[1:].view(np.float32), ROWS, 1)
