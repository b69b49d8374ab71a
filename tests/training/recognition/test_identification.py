"""Open-set figures: searches are the gallery's own, and wrong scorers are caught."""

from __future__ import annotations

import numpy as np
import pytest

from edge.all_pairs import compare
from tests.training.recognition.made_up_people import people
from training.recognition import identification
from training.recognition.identification import Searches, crossed, figures, open_set, search


def test_probes_are_never_what_was_enrolled_and_strangers_are_not_enrolled() -> None:
    """Every picture its own direction: whoever finds a score of 1 has searched for itself."""
    rows, labels = people(0, noise=50.0)
    found = search(rows, labels, 20, galleries=5)
    assert found.score.max() < 0.9
    for g in range(5):
        mine = found.gallery == g
        enrolled = set(found.person[mine & found.mated])
        assert len(enrolled) == 20 and found.rows[g] == 20 * (5 + 1)
        assert not enrolled & set(found.person[mine & ~found.mated])
        assert np.bincount(found.person[mine]).max() <= identification.PROBES
    assert not found.right[~found.mated].any()


def test_good_embeddings_find_everybody_and_noise_finds_nobody() -> None:
    rows, labels = people(1)
    impostor = compare(rows, labels).impostor
    good = open_set(rows, labels, impostor, 0.6, repetitions=200)
    assert [entry["size"] for entry in good] == [1, 5, 20]
    for entry in good:
        assert entry["rank1"]["value"] == 1.0
        assert entry["at_threshold"]["fpir"]["count"] == entry["at_threshold"]["fnir"]["count"] == 0
    noise, _ = people(1, noise=1e6)
    useless = open_set(noise, labels, compare(noise, labels).impostor, 0.6, repetitions=200)
    assert useless[-1]["rank1"]["value"] < 0.15
    assert useless[-1]["at_threshold"]["fnir"]["value"] > 0.9


def test_larger_galleries_let_more_strangers_through() -> None:
    rows, labels = people(2, noise=1.5)
    pairs = compare(rows, labels)
    sizes = open_set(rows, labels, pairs.impostor, pairs.impostor.threshold_at(1e-3))
    rates = [entry["at_threshold"]["fpir"]["value"] for entry in sizes]
    assert rates == sorted(rates) and rates[-1] > 5 * rates[0]
    for entry in sizes:
        curve = entry["curve"]
        assert (np.diff(curve["fpir"]) <= 0).all() and (np.diff(curve["fnir"]) >= 0).all()
        for rule in entry["door_rule"]:
            low, high = rule["fpir"]["people"]
            assert low <= rule["fpir"]["value"] <= high


def test_the_wrong_person_is_a_miss_even_above_the_threshold() -> None:
    found = Searches(
        score=np.array([0.9, 0.9, 0.2, 0.8]),
        right=np.array([True, False, True, False]),
        mated=np.array([True, True, True, False]),
        person=np.array([0, 1, 2, 3]),
        gallery=np.zeros(4, np.int64),
        rows=np.array([6]),
    )
    said = figures(found, np.array([0.8]), 200)
    assert (said["fnir"]["count"], said["fnir"]["trials"]) == (2, 3)
    assert (said["fpir"]["count"], said["fpir"]["trials"]) == (1, 1)
    assert crossed(found.right, np.zeros(4, np.bool_), found, 200) is None


def test_more_cannot_be_enrolled_than_there_are() -> None:
    rows, labels = people(3, count=10, each=2)
    with pytest.raises(ValueError, match="cannot be enrolled"):
        search(rows, labels, 10, galleries=1)
    single = np.arange(len(rows))
    with pytest.raises(ValueError, match="cannot be enrolled"):
        search(rows, single, 1, galleries=1)
    assert open_set(rows, single, compare(rows, single).impostor, 0.5) == []
