"""All pairs, block by block, against the plain double loop."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from edge import all_pairs
from edge.all_pairs import Comparisons, compare
from edge.metrics import auc
from edge.score_histogram import BINS, bins_of, edge_of

Floats = NDArray[np.float32]


def embeddings(
    seed: int, count: int, people: int, length: int = 8
) -> tuple[Floats, NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, length)).astype(np.float32), rng.integers(0, people, count)


def plain(rows: Floats, people: NDArray[np.int64]) -> dict[bool, list[tuple[float, int, int]]]:
    """Score and people of all pairs, by whether they are of one person."""
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    out: dict[bool, list[tuple[float, int, int]]] = {True: [], False: []}
    labels = np.unique(people, return_inverse=True)[1]
    for i in range(len(rows)):
        for j in range(i + 1, len(rows)):
            pair = float(unit[i] @ unit[j]), *sorted((int(labels[i]), int(labels[j])))
            out[bool(people[i] == people[j])].append(pair)
    return out


@pytest.mark.parametrize("block", [(1, 1), (7, 5), (16, 100), (256, 2048)])
def test_every_pair_is_counted_once_whatever_the_block(
    block: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(all_pairs, "ROWS", block[0])
    monkeypatch.setattr(all_pairs, "COLUMNS", block[1])
    rows, people = embeddings(0, 60, 12)
    found, wanted = compare(rows, people + 100), plain(rows, people)
    for histogram, pairs in ((found.genuine, wanted[True]), (found.impostor, wanted[False])):
        assert histogram.total == len(pairs)
        seen = np.repeat(edge_of(np.arange(BINS + 1)), histogram.counts)
        assert np.abs(np.sort([p[0] for p in pairs]) - seen).max() <= 2.1 / BINS
    kept = found.pairs
    assert kept.complete_from == -np.inf
    listed = zip(kept.impostor, kept.first, kept.second, strict=True)
    for mine, theirs in zip(
        sorted((int(min(a, b)), int(max(a, b)), float(s)) for s, a, b in listed),
        sorted((a, b, s) for s, a, b in wanted[False]),
        strict=True,
    ):
        assert mine[:2] == theirs[:2] and mine[2] == pytest.approx(theirs[2], abs=2.1 / BINS)
    own = sorted(zip(kept.genuine_person.tolist(), kept.genuine.tolist(), strict=True))
    assert [p for p, _ in own] == sorted(a for _, a, _ in wanted[True])


def test_a_score_from_which_to_keep_and_a_number_to_keep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(all_pairs, "ROWS", 16)
    rows, people = embeddings(1, 300, 40)
    whole = compare(rows, people)
    above = compare(rows, people, keep_from=0.5)
    count = int((whole.pairs.impostor >= 0.5).sum())
    assert above.pairs.complete_from == 0.5 and len(above.pairs.impostor) == count
    assert (above.pairs.impostor == whole.pairs.impostor[:count]).all()
    monkeypatch.setattr(all_pairs, "LEAST", 500)
    monkeypatch.setattr(all_pairs, "SHARE", 0.0)
    few = compare(rows, people)
    kept = len(few.pairs.impostor)
    assert 490 <= kept <= 500
    assert (few.pairs.impostor == whole.pairs.impostor[:kept]).all()
    assert (whole.pairs.impostor >= few.pairs.complete_from).sum() == kept
    assert few.impostor.counts.sum() == whole.impostor.counts.sum()


def without(rows: Floats, people: NDArray[np.int64], person: int) -> Comparisons:
    return compare(rows[people != person], people[people != person])


def test_area_and_influence_of_people_are_those_of_the_scores() -> None:
    rng = np.random.default_rng(2)
    people = np.repeat(np.arange(80), 3)
    rows = (rng.normal(size=(80, 16))[people] + 0.9 * rng.normal(size=(240, 16))).astype(np.float32)
    found = compare(rows, people)
    assert found.auc == pytest.approx(auc(found.pairs.genuine, found.pairs.impostor), abs=1e-9)
    assert found.auc_influence.sum() == pytest.approx(0, abs=1e-9)
    # leaving a person out moves the area by minus their influence, to first order
    moved = np.array([found.auc - without(rows, people, p).auc for p in range(80)])
    assert np.corrcoef(moved, found.auc_influence)[0, 1] > 0.99
    assert np.std(moved) == pytest.approx(np.std(found.auc_influence), rel=0.1)


def test_memory_does_not_grow_with_the_pairs() -> None:
    rows, people = embeddings(3, 4000, 1500, 16)
    tracemalloc.start()
    compare(rows, people, keep_from=0.99)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64e6  # all scores alone are 64 MB, their bins twice that


def test_no_pairs_of_a_kind() -> None:
    rows, _ = embeddings(4, 6, 2)
    alone, strangers = compare(rows, np.zeros(6, np.int64)), compare(rows, np.arange(6))
    assert alone.genuine.total == 15 and alone.impostor.total == 0 and np.isnan(alone.auc)
    assert strangers.genuine.total == 0 and strangers.impostor.total == 15
    assert len(strangers.pairs.impostor) == 15 and not strangers.auc_influence.any()


def test_identical_pictures_match_at_one() -> None:
    rows = np.ones((4, 5), np.float32)
    found = compare(rows, np.array([0, 0, 1, 1]))
    assert found.impostor.at_or_above(1.0 - 2 / BINS) == 4
    assert found.pairs.impostor == pytest.approx(1.0, abs=2 / BINS)
    assert bins_of(np.array([1.0, 1.1])).tolist() == [BINS, BINS]


def test_bad_embeddings_are_refused() -> None:
    good = np.ones((3, 4), np.float32)
    for bad in (good * np.nan, good * 0):
        with pytest.raises(ValueError, match="zero or not finite"):
            compare(bad, np.arange(3))
    with pytest.raises(ValueError, match="do not go with"):
        compare(good, np.arange(2))
