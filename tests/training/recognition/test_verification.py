"""1:1 figures of made-up people: what is good, what is useless, and what may be claimed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.all_pairs import compare
from edge.pair_bootstrap import IdentityBootstrap
from tests.training.recognition.made_up_people import people
from training.recognition import text, verification


def figures(rows: NDArray[np.float32], labels: NDArray[np.int64]) -> dict[str, Any]:
    pairs = compare(rows, labels)
    boot = IdentityBootstrap(pairs.pairs, repetitions=200)
    draws = boot.replicates()
    return {
        **verification.summary(pairs, draws),
        "ten_fold": verification.folds_accuracy(rows, labels),
        "points": verification.operating_points(pairs, boot, draws),
        "claims": verification.claims(pairs, boot, draws),
        "curve": verification.impostor_curve(pairs),
        "chosen": verification.confusion(pairs, boot, pairs.impostor.threshold_at(1e-3)),
    }


def test_a_good_embedder_scores_high_and_a_useless_one_does_not() -> None:
    rows, labels = people(0)
    good = figures(rows, labels)
    assert good["ten_fold"]["accuracy"] > 0.999 and good["points"][0]["tar"]["value"] > 0.999
    assert good["auc"]["value"] > 0.9999 and good["eer"]["value"] < 0.01
    noise = np.random.default_rng(1).normal(size=rows.shape).astype(np.float32)
    useless = figures(noise, labels)
    assert useless["ten_fold"]["accuracy"] == pytest.approx(0.5, abs=0.05)
    assert useless["points"][0]["tar"]["value"] < 0.01
    low, high = useless["auc"]["people"]
    assert low < 0.5 < high and useless["eer"]["value"] == pytest.approx(0.5, abs=0.05)


def test_swapped_labels_are_seen() -> None:
    rows, labels = people(0)
    swapped = labels.copy()
    swapped[::3] = np.roll(swapped[::3], 5)
    assert figures(rows, swapped)["points"][0]["tar"]["value"] < 0.8


def test_the_confusion_adds_up() -> None:
    rows, labels = people(3, noise=1.2)
    chosen = figures(rows, labels)["chosen"]
    genuine = chosen["true_match"] + chosen["false_non_match"]
    impostor = chosen["false_match"] + chosen["true_non_match"]
    assert (genuine, impostor) == (60 * 28, 480 * 479 // 2 - 60 * 28)
    assert chosen["fmr"]["count"] == chosen["false_match"] <= impostor / 1000
    assert chosen["fnmr"]["value"] == pytest.approx(chosen["false_non_match"] / genuine)
    right = chosen["true_match"] + chosen["true_non_match"]
    assert chosen["accuracy"] == pytest.approx(right / (genuine + impostor))


def test_a_rate_is_only_claimed_where_the_data_show_it() -> None:
    """120 people make 114,240 impostor pairs: enough for 1e-3, never for 1e-6."""
    result = figures(*people(2, count=120, each=4, noise=1.2))
    claims = {claim["far"]: claim for claim in result["claims"]}
    assert claims[1e-3]["verdict"] == "demonstrated"
    assert claims[1e-3]["fmr"]["upper"] <= 1e-3 and claims[1e-3]["people_upper"] <= 1e-3
    assert claims[1e-3]["worst_upper"] > 0.04  # 60 pairs of people that share nobody show no less
    assert claims[1e-3]["people_pairs"] >= verification.LEAST_PEOPLE_PAIRS
    assert claims[1e-6]["verdict"] == "not demonstrated" and "threshold" not in claims[1e-6]
    assert claims[1e-6]["needed"] == 2_995_731
    assert [point["far"] for point in result["points"]] == [1e-3, 1e-4, 1e-5]


def test_errors_of_few_people_show_nothing_of_how_people_differ() -> None:
    """All false matches are between two people: pairs would show 1e-4, people do not."""
    rng = np.random.default_rng(4)
    rows, labels = people(4, count=150, each=3, noise=0.2)
    rows[labels == 1] = rows[labels == 0] + 0.02 * rng.normal(size=(3, 64)).astype(np.float32)
    claims = {claim["far"]: claim for claim in figures(rows, labels)["claims"]}
    assert claims[1e-4]["verdict"] == "if pairs were independent"
    assert claims[1e-4]["people_pairs"] < verification.LEAST_PEOPLE_PAIRS


def test_the_curve_errs_on_the_safe_side() -> None:
    rows, labels = people(2, count=200, each=4)
    curve = figures(rows, labels)["curve"]
    assert curve[0]["fmr"] == 0.1 and curve[-1]["fmr"] >= 1e-4
    i, j = np.triu_indices(len(rows), 1)
    impostor = np.einsum("ij,ij->i", rows[i], rows[j])[labels[i] != labels[j]]
    for point in curve:
        assert (impostor >= point["score"]).mean() <= point["fmr"]


def test_no_error_at_all_is_told_as_a_bound() -> None:
    none, every = verification.rate(0, 71, None), verification.rate(71, 71, None)
    assert text.figure(none) == "none in 71; below 4.13 % not demonstrated"
    assert text.figure(every) == "all of 71; above 95.87 % not demonstrated"
    assert text.figure(verification.rate(1, 71, None)) == "1.41 %"
    assert verification.rate(0, 0, None) is None and text.figure(None) == text.people(none) == "–"
    assert [text.power(v) for v in (0.0, 1e-6, 8.54e-4)] == ["0", "1e-6", "8.54e-4"]


def test_stated_thresholds_are_held_against_the_data() -> None:
    pairs = compare(*people(5, noise=1.2))
    boot = IdentityBootstrap(pairs.pairs, repetitions=200)
    (entry,) = verification.of_pack(pairs, boot, [("curve", 1e-3, 0.4)])
    assert entry["fmr"]["count"] == pairs.impostor.at_or_above(0.4)
    assert entry["fnmr"]["count"] == pairs.genuine.total - pairs.genuine.at_or_above(0.4)
