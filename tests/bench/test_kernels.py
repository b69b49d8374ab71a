"""What is timed gives the right answers, and the figures are put together rightly."""

import json

import numpy as np
import pytest

from bench import kernel_boxes, kernel_crops, kernels
from bench.timing import Timed, interleaved
from bench.ways import OURS, Result, ratios


def result(size, way, us):
    return Result("work", size, way, Timed(us, us, us, 5))


def test_the_ratio_is_that_of_the_best_peer():
    results = [result(1, OURS, 2.0), result(1, "a", 30.0), result(1, "b", 8.0), result(2, "a", 1.0)]
    assert ratios(results) == {("work", 1): 4.0}


def test_a_warm_call_follows_those_that_are_not_timed():
    calls = []
    timed = interleaved({way: lambda w=way: calls.append(w) for way in "ab"}, 0.001, warm=2)
    assert timed["a"].rounds == timed["b"].rounds >= 5
    assert "".join(calls) == "ab" + "aaabbb" * timed["a"].rounds


def test_crops_agree_with_those_of_others():
    image, out = kernel_crops.frame(480, 640), np.empty((3, 112, 112), np.float32)
    at = kernel_crops.points(150, centre=(320, 240))
    ours = kernel_crops.with_native(image, at, out) * kernel_crops.STD
    for way, levels in (
        (kernel_crops.with_numpy, 0.05),
        (kernel_crops.with_skimage, 0.05),
        (kernel_crops.with_cv2, 255 * 2 / 64 + 0.5),  # positions of 1/32 pixel
    ):
        assert np.abs(ours - way(image, at) * kernel_crops.STD).max() <= levels, way.__name__


def test_suppression_agrees_with_onnx_runtime():
    # The generator compares before it yields.
    assert len(list(kernel_boxes.nms_cases(most=1_200))) == 4


def test_report_and_plot(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(kernels.WORKS, "nms", lambda: kernel_boxes.nms_cases(most=1_200))
    plot = tmp_path / "kernels.png"
    assert kernels.main(["--only", "nms", "--seconds", "0.01", "--json", "--plot", str(plot)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {r["size"] for r in report["results"]} == {300, 1_200}
    assert all(r["time"]["median"] > 0 for r in report["results"])
    assert all(r["ratio"] > 0 for r in report["best_peer_over_native"])
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("seconds", ["0", "-1", "nan"])
def test_no_time_is_refused(seconds, capsys):
    with pytest.raises(SystemExit):
        kernels.main(["--seconds", seconds])
    assert "--seconds: need more than 0" in capsys.readouterr().err
