"""Published files become the device's: same function, our names, and what is none is refused."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

import onnx
from onnx import ModelProto, helper

sys.path.insert(0, str(Path(__file__).parent))
import standins

sys.path.pop(0)

from export.errors import ExportError
from export.onnx_file import OPSET, to_bytes
from export.parity import float_parity
from export.zoo import yunet
from export.zoo.models import opencv
from export.zoo.standard import net, original, read, standard


def pictures(count: int, height: int, width: int) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.uniform(0, 255, (1, 3, height, width)).astype(np.float32) for _ in range(count)]


@pytest.mark.parametrize("batch", [1, "None"])
def test_an_old_exporters_file_becomes_ours(batch: int | str) -> None:
    data = standins.data_of(standins.embedder(batch=batch))
    made = net(data, standins.network(data), "net.onnx", {"licence": "MIT"})
    assert made.given is not None and made.manifest["licence"] == "MIT"
    assert [i.name for i in made.given.graph.input] == ["image"]
    assert {o.version for o in made.given.opset_import} == {OPSET}
    assert "BatchNormalization" not in {n.op_type for n in made.given.graph.node}
    theirs = ort.InferenceSession(data, providers=["CPUExecutionProvider"])
    ours = ort.InferenceSession(to_bytes(made.given), providers=["CPUExecutionProvider"])
    assert ours.get_inputs()[0].shape == [1, 3, 112, 112]
    assert ours.get_outputs()[0].shape == [1, 32]
    for value in pictures(3, 112, 112):
        (want,), (got,) = (
            theirs.run(None, {"data": value}),
            ours.run(["embedding"], {"image": value}),
        )
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


def test_the_reference_is_the_file_as_it_came() -> None:
    """Not our copy of it: a fault of the conversion would be in both."""
    data = standins.data_of(standins.embedder())
    made = net(data, standins.network(data), "net.onnx", {})
    other = net(standins.data_of(standins.embedder(seed=1)), standins.network(data), "x", {})
    assert made.given is not None and other.given is not None
    assert float_parity(made.module, made.given, pictures(2, 112, 112)).value < 1e-5
    with pytest.raises(Exception, match="largest difference"):
        float_parity(made.module, other.given, pictures(2, 112, 112))


def without_output(model: ModelProto) -> None:
    model.graph.output[0].name = "r1"


def with_input(model: ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("more", 1, [1]))


def larger(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 128


def flat(model: ModelProto) -> None:
    del model.graph.input[0].type.tensor_type.shape.dim[3:]


@pytest.mark.parametrize(
    ("damage", "theirs", "says"),
    [
        (with_input, None, "2 inputs"),
        (larger, None, r"\[1, 3, 128, 112\]"),
        (flat, None, "3 dimensions"),
        (without_output, ("fc1",), "no output 'fc1'"),
        (lambda model: None, ("fc1", "r1"), "no output 'r1'"),
    ],
)
def test_another_network_than_stated_is_refused(
    damage: Callable[[ModelProto], None], theirs: tuple[str, ...] | None, says: str
) -> None:
    model = standins.embedder()
    damage(model)
    data = to_bytes(model)
    with pytest.raises(ExportError, match=says):
        original(read(data, "x.onnx"), standins.network(data, theirs=theirs), "x.onnx")


@pytest.mark.parametrize("data", [b"", b"no model", bytes(1000)])
def test_what_is_no_model_is_refused(data: bytes) -> None:
    with pytest.raises(ExportError, match=r"x\.onnx: not an ONNX file"):
        read(data, "x.onnx")


def test_a_name_that_is_taken_is_refused() -> None:
    model = standins.embedder()
    for node in model.graph.node:
        for values in (node.input, node.output):
            values[:] = ["image" if v == "f" else v for v in values]
    data = standins.data_of(model)
    network = standins.network(data)
    with pytest.raises(ExportError, match="'image' already"):
        standard(original(read(data, "x"), network, "x"), network)


# YuNet --------------------------------------------------------------------------------------
def yunet_network() -> standins.Network:
    return opencv.YUNET.networks[0]


def test_yunet_says_boxes_and_scores_at_our_size() -> None:
    data = standins.data_of(standins.yunet())
    network = yunet_network()
    made = net(data, network, "yunet.onnx", {})
    assert made.given is not None
    spec = network.spec
    shapes = [
        tuple(d.dim_value for d in o.type.tensor_type.shape.dim) for o in made.given.graph.output
    ]
    count = sum((spec.height // s) * (spec.width // s) for s in yunet.STRIDES)
    assert shapes == [(1, count, 4), (1, count)]
    assert float_parity(made.module, made.given, pictures(3, spec.height, spec.width)).value < 1e-5


def test_yunet_is_decoded_as_opencv_does() -> None:
    """The formulas of `cv2.FaceDetectorYN`, cell by cell."""
    data = standins.data_of(standins.yunet(64))
    spec = yunet_network().spec.model_copy(update={"width": 64, "height": 64})
    network = replace(yunet_network(), spec=spec)
    made = net(data, network, "yunet.onnx", {})
    assert made.given is not None
    (value,) = pictures(1, 64, 64)
    theirs = ort.InferenceSession(data, providers=["CPUExecutionProvider"])
    outputs = dict(
        zip([o.name for o in theirs.get_outputs()], theirs.run(None, {"input": value}), strict=True)
    )
    ours = ort.InferenceSession(to_bytes(made.given), providers=["CPUExecutionProvider"])
    boxes, scores = ours.run(["boxes", "scores"], {"image": value})
    k = 0
    for s in yunet.STRIDES:
        for i in range((64 // s) ** 2):
            row, column = divmod(i, 64 // s)
            dx, dy, dw, dh = outputs[f"bbox_{s}"][0, i]
            x, y, w, h = (column + dx) * s, (row + dy) * s, np.exp(dw) * s, np.exp(dh) * s
            want = np.array([x - w / 2, y - h / 2, x + w / 2, y + h / 2]) / 64
            np.testing.assert_allclose(boxes[0, k], want, atol=1e-5)
            score = np.sqrt(outputs[f"cls_{s}"][0, i, 0] * outputs[f"obj_{s}"][0, i, 0])
            assert scores[0, k] == pytest.approx(score, abs=1e-6)
            k += 1
    assert boxes.shape[1] == k


def test_another_detectors_outputs_are_refused() -> None:
    model = standins.yunet()
    model.graph.output.remove(model.graph.output[0])
    data = standins.data_of(model)
    with pytest.raises(ExportError, match="no output 'cls_8'"):
        net(data, yunet_network(), "yunet.onnx", {})


def test_the_given_model_is_left_as_it_is() -> None:
    model = onnx.load_from_string(standins.data_of(standins.yunet()))
    kept = original(read(to_bytes(model), "y"), yunet_network(), "y")
    before = to_bytes(kept)
    standard(kept, yunet_network())
    assert to_bytes(kept) == before
