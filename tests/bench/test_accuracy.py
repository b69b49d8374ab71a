"""The accuracy measurement on made-up embeddings and on a handful of portraits."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bench import accuracy, verification
from edge.packs.schema import ScoreDistribution


def people(
    seed: int, count: int = 60, each: int = 8, noise: float = 0.05
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Embeddings that scatter around one random direction per person."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(count, 64))
    labels = np.repeat(np.arange(count), each)
    rows = centres[labels] + noise * 8 * rng.normal(size=(count * each, 64))
    return rows.astype(np.float32), labels


def test_a_good_embedder_scores_high_and_a_useless_one_does_not() -> None:
    good = verification.report(*people(0))
    assert good["ten_fold_accuracy"] > 0.999 and good["points"][0]["tar"] > 0.999
    rows, labels = people(0)
    useless = verification.report(
        np.random.default_rng(1).normal(size=rows.shape).astype(np.float32), labels
    )
    assert useless["ten_fold_accuracy"] == pytest.approx(0.5, abs=0.05)
    assert useless["points"][0]["tar"] < 0.01


def test_swapped_labels_are_seen() -> None:
    rows, labels = people(0)
    swapped = labels.copy()
    swapped[::3] = np.roll(swapped[::3], 5)
    assert verification.report(rows, swapped)["points"][0]["tar"] < 0.8


def test_the_curve_is_what_a_manifest_takes_and_errs_on_the_safe_side() -> None:
    rows, labels = people(2, count=200, each=4)
    result = verification.report(rows, labels)
    curve = result["impostor_curve"]
    distribution = ScoreDistribution.model_validate(accuracy.scores({"data": "made up", **result}))
    assert distribution.curve[0].fmr == 0.1 and distribution.curve[-1].fmr >= 1e-4
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    i, j = np.triu_indices(len(rows), 1)
    impostor = np.einsum("ij,ij->i", unit[i], unit[j])[labels[i] != labels[j]]
    for point in curve:
        assert (impostor >= point["score"]).mean() <= point["fmr"]


def test_one_person_alone_is_refused() -> None:
    rows, _ = people(0)
    with pytest.raises(ValueError, match="two people"):
        verification.report(rows, np.zeros(len(rows), np.int64))


def test_bad_arguments_end_with_an_error_and_write_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    assert accuracy.main(["--data", str(tmp_path / "absent"), "--json", str(out)]) != 0
    assert accuracy.main(["--data", str(tmp_path), "--limit", "0", "--json", str(out)]) != 0
    assert not out.exists()


@pytest.mark.shared
@pytest.mark.slow
def test_the_shipped_pack_on_a_part_of_lfw(tmp_path: Path) -> None:
    data = Path(__file__).parents[3] / "shared" / "data" / "lfw.tar"
    if not data.is_file():
        pytest.skip(f"{data} is not there")
    out, toml = tmp_path / "out.json", tmp_path / "scores.toml"
    code = accuracy.main(
        ["--data", str(data), "--limit", "1500", "--json", str(out), "--scores", str(toml)]
    )
    assert code == 0
    result = json.loads(out.read_text())
    assert result["without_face"] / result["pictures"] < 0.08
    assert result["ten_fold_accuracy"] > 0.97
    assert result["points"][0]["tar"] > 0.90
    ScoreDistribution.model_validate(tomllib.loads(toml.read_text()))
