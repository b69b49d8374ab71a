"""The benchmark of galleries: what it compares gives the right answers, and it sees wrong ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bench import gallery
from bench.reading import bytes_per_second, readers
from bench.timing import Timed, interleaved


def test_calls_take_turns_and_the_first_round_is_not_counted() -> None:
    order: list[str] = []
    timed = interleaved({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 0.0)
    assert order == ["a", "b"] * 6
    assert timed["a"].rounds == 5
    assert 0 < timed["a"].low <= timed["a"].median <= timed["a"].high


def test_ways_agree_with_float64_and_a_wrong_one_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    ways = {name: gallery.WAYS[name] for name in (gallery.OURS, "numpy")}
    wrong = {"row 0": lambda vectors: lambda probes: np.zeros(len(probes), np.int64)}
    monkeypatch.setattr(gallery, "WAYS", {**ways, **wrong})
    results = gallery.measure(300, [*ways, *wrong], 0.01)
    assert {(r.way, r.probes) for r in results} == {
        (w, b) for w in (*ways, *wrong) for b in (1, 20)
    }
    for r in results:
        assert r.exact < 0.2 if r.way == "row 0" else r.exact == 1.0
        assert r.exact_five == (1.0 if r.way == gallery.OURS else None)
        assert r.of_bandwidth is None  # all of it lies in a cache


def test_the_true_order_is_that_of_a_sort_whatever_the_parts() -> None:
    vectors, probes = gallery.people(120)
    vectors = np.concatenate([vectors] * 500)  # more than a part, every row many times
    scores = probes[:3].astype(np.float64) @ vectors[:120].T.astype(np.float64)
    best = scores.argmax(axis=1)
    np.testing.assert_array_equal(
        gallery.truth(vectors, probes[:3]), best[:, None] + 120 * np.arange(5)
    )


def test_the_share_of_the_bandwidth_is_that_of_reading_in_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gallery, "IN_CACHE", 100)
    [ours] = gallery.measure(640, [gallery.OURS], 0.01, batches=(1,))
    assert ours.bandwidth is not None and ours.of_bandwidth is not None
    copies = 40 * (128 + 16 * gallery.DIM)
    rate = copies / (ours.time.median * 1e-6)
    assert ours.of_bandwidth == pytest.approx(rate / ours.bandwidth)


def test_the_quickest_way_to_read_counts() -> None:
    times = {"read: a": 4.0, "read: b": 2.0, "other": 1.0}
    timed = {name: Timed(us, us, us, 5) for name, us in times.items()}
    assert bytes_per_second(timed, 1000) == pytest.approx(1000 / 2e-6)
    for call in readers(1 << 16).values():
        call()


def test_half_of_the_probes_are_of_somebody() -> None:
    vectors, probes = gallery.people(500)
    best = (probes @ vectors.T).max(axis=1)
    assert best[::2].min() > 0.4 > best[1::2].max()


def test_command_prints_json_and_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "gallery.png"
    assert (
        gallery.main(["--largest", "100", "--seconds", "0.01", "--json", "--plot", str(path)]) == 0
    )
    said = json.loads(capsys.readouterr().out)
    assert {r["rows"] for r in said["results"]} == {100}
    assert path.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(SystemExit):
        gallery.main(["--largest", "7"])
