"""Ranges, layers, sensitivity and mixed precision, on a small network made of known parts."""

from __future__ import annotations

import copy

import numpy as np
import onnxruntime as ort
import pytest
import torch
from numpy.typing import NDArray
from onnx import ModelProto
from onnx.numpy_helper import to_array
from torch import Tensor, nn

from edge.errors import PackError
from edge.packs.runtime import session_options
from export import measures, mixed
from export.convert import _verdict
from export.latency import Latency, compare
from export.layers import integer_nodes, kernels, layers
from export.mixed import quantised, sensitivity
from export.onnx_file import from_torch
from export.parity import float_parity
from export.quantise import quantise
from export.ranges import METHODS, Statistics, collect
from export.simplify import simplify


class Net(nn.Module):
    """A stem, a residual, an upsampled branch, and a linear head with a sigmoid behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU()
        )
        self.body = nn.Sequential(
            nn.Conv2d(8, 8, 3, 1, 1),
            nn.ReLU(),
            nn.Conv2d(8, 8, 3, 1, 1, bias=False),
            nn.BatchNorm2d(8),
        )
        self.down = nn.Sequential(nn.Conv2d(8, 8, 3, 2, 1), nn.ReLU())
        self.merge = nn.Conv2d(8, 4, 1)
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.stem(x)
        x = torch.relu(x + self.body(x))
        deep = self.down(x)
        low = x + nn.functional.interpolate(deep, scale_factor=2.0)
        return self.merge(low), torch.sigmoid(self.head(deep.mean((2, 3)))) * 30


OUTPUTS = ("map", "said")
MEASURES = (
    measures.difference("map", "units", 0.05),
    measures.difference("said", "degrees", 0.5),
)


@pytest.fixture(scope="module")
def module() -> nn.Module:
    torch.manual_seed(0)
    net = Net().train()
    for _ in range(20):
        net(torch.randn(4, 3, 32, 32))
    return net.eval()


@pytest.fixture(scope="module")
def model(module: nn.Module) -> ModelProto:
    return simplify(from_torch(module, 32, 32, OUTPUTS, "net"))


@pytest.fixture(scope="module")
def inputs() -> list[NDArray[np.float32]]:
    rng = np.random.default_rng(0)
    return [rng.normal(0, 1, (1, 3, 32, 32)).astype(np.float32) for _ in range(8)]


@pytest.fixture(scope="module")
def statistics(model: ModelProto, inputs: list[NDArray[np.float32]]) -> Statistics:
    return collect(model, inputs)


def test_simplifying_folds_normalisation_and_changes_nothing(
    module: nn.Module, model: ModelProto, inputs: list[NDArray[np.float32]]
) -> None:
    assert not {n.op_type for n in model.graph.node} & {"BatchNormalization", "Identity"}
    names = [n.name for n in model.graph.node]
    assert all(names) and len(set(names)) == len(names)
    assert float_parity(module, model, inputs).value < 1e-5


def test_layers_are_kernels_and_tails_stay_in_float(model: ModelProto) -> None:
    found = {layer.operators: layer for layer in layers(model)}
    assert {"Conv+Relu", "Conv", "Add+Relu", "Resize", "Add"} <= set(found)
    # What follows the linear head reads float values: nothing there is quantised for its own sake.
    assert not {"Mul", "Sigmoid", "Gemm", "MatMul", "ReduceMean"} & set(found)
    assert found["Conv+Relu"].weights >= 8 * 8 * 9


def test_an_operator_that_reads_floats_goes_to_float_with_them(model: ModelProto) -> None:
    down = next(la for la in layers(model) if la.operators == "Conv+Relu" and la.weights > 580)
    chain = {la.operators for la in layers(model)}
    every, fewer = set(integer_nodes(model, ())), set(integer_nodes(model, [down.name]))
    gone = {n for n in every - fewer}
    assert set(down.nodes) <= gone and "Add" in chain
    ops = {n.name: n.op_type for n in model.graph.node}
    assert {ops[n] for n in gone} >= {"Conv", "Relu"}


def test_nothing_is_quantised_twice_and_no_pair_is_stray(
    model: ModelProto, statistics: Statistics
) -> None:
    """One quantisation of the picture; values leave 8 bits only for an output or a float layer."""
    run_ = kernels(quantise(model, statistics.ranges("minmax"), integer_nodes(model, ())))
    assert run_["QLinearConv"] == 5 and "Conv" not in run_ and "Relu" not in run_
    assert run_["QLinearAdd"] == 2 and "Add" not in run_
    assert run_["QuantizeLinear"] == 1 and run_["DequantizeLinear"] <= 2


def test_ranges_hold_what_they_promise(statistics: Statistics) -> None:
    full = statistics.ranges("minmax")
    for method in METHODS:
        for name, (low, high) in statistics.ranges(method).items():
            assert full[name][0] - 1e-6 <= low <= 0 <= high <= full[name][1] + 1e-6


def test_percentile_and_entropy_leave_out_what_is_rare(statistics: Statistics) -> None:
    counts = np.zeros(2048, np.int64)
    rng = np.random.default_rng(0)
    values = rng.normal(0, 1, 200_000)
    low, high = -5.0, 100.0
    counts += np.histogram(np.r_[values, 100.0], 2048, (low, high))[0]
    one = Statistics({"t": (low, high)}, {"t": counts})
    assert one.ranges("minmax")["t"] == (low, high)
    assert 3 < one.ranges("percentile")["t"][1] < 6
    assert one.ranges("entropy")["t"][1] < 30


def test_entropy_is_not_swamped_by_a_rectifiers_zeros() -> None:
    rng = np.random.default_rng(0)
    values = np.maximum(rng.normal(-1, 1, 400_000), 0)  # five of six are exactly 0
    high = float(values.max())
    counts = np.histogram(values, 2048, (0.0, high))[0].astype(np.int64)
    assert Statistics({"t": (0.0, high)}, {"t": counts}).ranges("entropy")["t"][1] > 0.7 * high


def test_calibration_needs_pictures_that_are_numbers(model: ModelProto) -> None:
    with pytest.raises(PackError, match="no calibration pictures"):
        collect(model, [])
    with pytest.raises(PackError, match="not finite"):
        collect(model, [np.full((1, 3, 32, 32), np.nan, np.float32)])


def test_an_unknown_node_is_refused(model: ModelProto, statistics: Statistics) -> None:
    with pytest.raises(PackError, match="no node 'ghost'"):
        quantise(model, statistics.ranges("minmax"), ["ghost"])


@pytest.fixture(params=[0, 2], ids=["first", "second"])
def damaged(module: nn.Module, request: pytest.FixtureRequest) -> tuple[ModelProto, str]:
    """A network with one layer that 8 bits ruin, and the layer's name.

    A channel that is always 0 has weights so large that the others' steps vanish; in float they
    change nothing.
    """
    bad = copy.deepcopy(module)
    dead = bad.stem[1] if request.param == 0 else None
    with torch.no_grad():
        if dead is not None:
            dead.weight[0], dead.bias[0] = 0.0, -1.0
        else:
            bad.body[0].weight[0], bad.body[0].bias[0] = 0.0, -1.0
        bad.body[request.param].weight[:, 0] = 200.0
    model = simplify(from_torch(bad, 32, 32, OUTPUTS, "net"))
    huge = {t.name for t in model.graph.initializer if np.abs(to_array(t)).max() > 100}
    return model, next(n.name for n in model.graph.node if huge & set(n.input))


def test_a_damaged_layer_is_ranked_first(
    damaged: tuple[ModelProto, str], inputs: list[NDArray[np.float32]]
) -> None:
    model, bad = damaged
    ranges = collect(model, inputs).ranges("minmax")
    ranked = sensitivity(model, ranges, OUTPUTS, MEASURES, inputs)
    assert len(ranked) == len(layers(model))
    assert ranked[0].layer.name == bad
    assert ranked[0].share > 3 * ranked[1].share


def test_the_damaged_layer_goes_back_to_float(
    damaged: tuple[ModelProto, str], inputs: list[NDArray[np.float32]]
) -> None:
    model, bad = damaged
    found = quantised(model, OUTPUTS, MEASURES, inputs[:4], inputs[4:], method="minmax")
    assert found.methods["minmax"] > 1 and found.within
    assert found.floats == (bad,)
    assert kernels(found.model)["QLinearConv"] == 4


def test_a_float_layer_stays_one_when_the_file_is_loaded(
    damaged: tuple[ModelProto, str], inputs: list[NDArray[np.float32]]
) -> None:
    """ONNX Runtime would quantise the weights of a float layer between 8-bit ones on its own."""
    model, bad = damaged
    small = quantise(model, collect(model, inputs).ranges("minmax"), integer_nodes(model, [bad]))
    said = []
    for level in (ort.GraphOptimizationLevel.ORT_DISABLE_ALL, None):
        options = session_options()
        if level is not None:
            options.graph_optimization_level = level
        session = ort.InferenceSession(
            small.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        said.append(session.run(None, {"image": inputs[0]}))
    for plain, fast in zip(*said, strict=True):
        # One step of 8 bits may fall to the other side; a ruined layer differs by far more.
        assert np.abs(plain - fast).mean() < 0.01 * np.abs(plain).mean()


def test_a_sound_network_is_in_8_bits_throughout(
    model: ModelProto, inputs: list[NDArray[np.float32]]
) -> None:
    good = quantised(model, OUTPUTS, MEASURES, inputs[:4], inputs[4:])
    assert good.within and good.floats == () and set(good.methods) == set(METHODS)
    assert good.share == min(good.methods.values())


def test_a_network_that_cannot_be_made_good_is_told(
    model: ModelProto, inputs: list[NDArray[np.float32]]
) -> None:
    strict = (measures.difference("map", "units", 1e-9),)
    found = quantised(model, OUTPUTS, strict, inputs[:4], inputs[4:], method="minmax")
    assert not found.within
    assert len(found.floats) <= mixed.MOST_FLOAT * len(found.sensitivity)
    fast = Latency(2.0, 2.0, 1.0, 1.0, 0.5)
    assert _verdict(found, fast, "auto")[0] is False
    good = quantised(model, OUTPUTS, MEASURES, inputs[:4], inputs[4:], method="minmax")
    slow = Latency(1.0, 1.0, 2.0, 2.0, 2.0)
    assert _verdict(good, fast, "auto")[0] and not _verdict(good, slow, "auto")[0]
    assert _verdict(good, slow, "always")[0]


def test_latency_compares_in_pairs(model: ModelProto, inputs: list[NDArray[np.float32]]) -> None:
    took = compare(model, model, inputs[0], runs=30)
    assert 0 < took.float_least_ms <= took.float_ms
    assert 0.5 < took.ratio < 2


# Measures -----------------------------------------------------------------------------------
def test_detector_errors_are_those_of_scores_and_boxes() -> None:
    score, box = measures.detector([("p", [[1.0, 2.0]])])
    planes = np.full((1, 5, 2, 2), 0.0, np.float32)
    planes[0, 4] = -20.0
    planes[0, 4, 0, 0] = 4.0
    same = {"p": planes}
    assert score.error(same, same) == 0 == box.error(same, same)
    weaker = planes.copy()
    weaker[0, 4, 0, 0] = 0.0
    assert score.error(same, {"p": weaker}) == pytest.approx(0.982 - 0.5, abs=5e-3)
    wider = planes.copy()
    wider[0, 2, 0, 0] = np.log(1.3)
    # Each side moves by 0.15 cells of a box of mean side 1.5: half of the coordinates, so 0.05.
    assert box.error(same, {"p": wider}) == pytest.approx(0.05, abs=1e-3)
    empty = planes.copy()
    empty[0, 2, 1, 1] = 3.0
    assert box.error(same, {"p": empty}) < 1e-3


def test_point_errors_are_in_eye_distances() -> None:
    points = np.zeros((1, 136), np.float32).reshape(1, 68, 2)
    points[0, 36], points[0, 45] = (0.3, 0.4), (0.7, 0.4)
    moved = points + np.array([0.03, 0.04], np.float32)
    a, b = ({"points": p.reshape(1, -1)} for p in (points, moved))
    assert measures.points("points").error(a, b) == pytest.approx(0.05 / 0.4, rel=1e-5)


def test_what_is_no_number_is_outside_every_bound() -> None:
    assert measures.share(MEASURES, {"map": float("nan"), "said": 0.0}) == np.inf
    logits = {"said": np.array([[2.0, 0.0]], np.float32)}
    equal = {"said": np.array([[0.0, 0.0]], np.float32)}
    assert measures.classes("said", 0.1).error(logits, equal) == pytest.approx(0.3808, abs=1e-3)
