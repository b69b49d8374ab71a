"""Small ONNX files as public exporters write them, entries of a zoo of them, and a server."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from edge.errors import FaceGateError
from edge.packs.schema import InputSpec
from export import measures
from export.onnx_file import to_bytes
from export.zoo.__main__ import main
from export.zoo.entry import Entry, Network, Published
from training.recognition.crops import input_spec


def _tensor(name: str, value: np.ndarray) -> TensorProto:
    return numpy_helper.from_array(np.asarray(value, np.float32), name)


def embedder(
    length: int = 32, *, batch: int | str = 1, seed: int = 0, scaled: bool = False
) -> ModelProto:
    """As MXNet exported in 2021: operators of set 9, weights listed as inputs, the input's scaling
    in the graph unless it comes `scaled`, PReLU, names of its own."""
    rng = np.random.default_rng(seed)
    weights = {
        "half": np.array(0.0 if scaled else 127.5),
        "scale": np.array(1.0 if scaled else 1 / 128),
        "conv0_w": rng.normal(0, 0.3, (8, 3, 3, 3)),
        "bn_g": rng.uniform(0.5, 1.5, 8),
        "bn_b": rng.normal(0, 0.2, 8),
        "bn_m": rng.normal(0, 0.2, 8),
        "bn_v": rng.uniform(0.5, 1.5, 8),
        "slope": rng.uniform(0, 0.3, (8, 1, 1)),
        "conv1_w": rng.normal(0, 0.2, (16, 8, 3, 3)),
        "conv1_b": rng.normal(0, 0.1, 16),
        "fc_w": rng.normal(0, 0.05, (length, 16 * 14 * 14)),
        "fc_b": rng.normal(0, 0.01, length),
    }
    node = helper.make_node
    nodes = [
        node("Sub", ["data", "half"], ["m0"]),
        node("Mul", ["m0", "scale"], ["m1"]),
        node("Conv", ["m1", "conv0_w"], ["c0"], strides=[4, 4], pads=[1, 1, 1, 1]),
        node("BatchNormalization", ["c0", "bn_g", "bn_b", "bn_m", "bn_v"], ["b0"], epsilon=1e-3),
        node("PRelu", ["b0", "slope"], ["p0"]),
        node("Conv", ["p0", "conv1_w", "conv1_b"], ["c1"], strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Relu", ["c1"], ["r1"]),
        node("Flatten", ["r1"], ["f"]),
        node("Gemm", ["f", "fc_w", "fc_b"], ["fc1"], transB=1),
    ]
    stored = [_tensor(name, value) for name, value in weights.items()]
    inputs = [helper.make_tensor_value_info("data", TensorProto.FLOAT, [batch, 3, 112, 112])]
    inputs += [helper.make_tensor_value_info(t.name, TensorProto.FLOAT, t.dims) for t in stored]
    outputs = [helper.make_tensor_value_info("fc1", TensorProto.FLOAT, [batch, length])]
    graph = helper.make_graph(nodes, "mxnet_converted_model", inputs, outputs, stored)
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 9)], ir_version=4, producer_name="mxnet"
    )


def published(data: bytes, name: str, url: str | None = None, **more: Any) -> Published:
    return Published(name, hashlib.sha256(data).hexdigest(), len(data), url, **more)


def network(data: bytes, name: str = "net.onnx", **changes: Any) -> Network:
    spec = input_spec("grey").model_copy(update={"mean": (0.0,) * 3, "std": (1.0,) * 3})
    made = Network(
        role="embedder",
        files=(published(data, name),),
        ours=("embedding",),
        spec=InputSpec.model_validate(spec),
        head={"kind": "embedding", "output": "embedding", "length": 32},
        measures=(measures.angle("embedding", 0.05),),
    )
    return replace(made, **changes)


def entry(of: Network, name: str = "stand-in", **changes: Any) -> Entry:
    made = Entry(
        name=name,
        what="a stand-in",
        page="https://example.org/stand-in",
        licence="MIT",
        commercial_use="allowed",
        paper="none",
        networks=(of,),
        same_camera_shift=0.1,
    )
    return replace(made, **changes)


def data_of(model: ModelProto) -> bytes:
    onnx.checker.check_model(model)
    return to_bytes(model)


DATA = data_of(embedder())
NETWORK = network(DATA)
ENTRY = entry(NETWORK)
"""What the fixtures make a pack of, under the name `stand-in`."""


def zipped(files: Mapping[str, bytes]) -> bytes:
    """An archive of these files."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return held.getvalue()


Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def server(answer: Answer) -> Iterator[str]:
    """The address of a server on this machine that answers each GET with `answer`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name is http.server's
            answer(self)

        def log_message(self, *args: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_address[1]}"
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


def sends(data: bytes, *, stated: int | None = None) -> Answer:
    """200 with `data`; `stated`: the length that the server claims."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(data) if stated is None else stated))
        request.end_headers()
        request.wfile.write(data)

    return answer


def yunet(side: int = 640, seed: int = 0) -> ModelProto:
    """Twelve outputs named as YuNet's, of three strides, for a fixed square input."""
    rng = np.random.default_rng(seed)
    nodes, stored, outputs = [], [_reshape(1), _reshape(4), _reshape(10)], []
    node = helper.make_node
    for stride in (8, 16, 32):
        for kind, channels in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
            name = f"{kind}_{stride}"
            size = 0.002 if channels == 1 else 0.0005
            stored.append(_tensor(f"{name}_w", rng.normal(0, size, (channels, 3, stride, stride))))
            stored.append(_tensor(f"{name}_b", rng.normal(0, 0.3, channels)))
            parts = ["input", f"{name}_w", f"{name}_b"]
            nodes.append(node("Conv", parts, [f"{name}_c"], strides=[stride, stride]))
            nodes.append(node("Transpose", [f"{name}_c"], [f"{name}_t"], perm=[0, 2, 3, 1]))
            flat = f"{name}_r" if channels == 1 else name
            nodes.append(node("Reshape", [f"{name}_t", f"as_{channels}"], [flat]))
            if channels == 1:
                nodes.append(node("Sigmoid", [flat], [name]))
            shape = [1, (side // stride) ** 2, channels]
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, side, side])]
    graph = helper.make_graph(nodes, "torch-jit-export", inputs, outputs, stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)


def _reshape(channels: int) -> TensorProto:
    return numpy_helper.from_array(np.array([1, -1, channels], np.int64), f"as_{channels}")


def refused(error: type[FaceGateError], says: str, out: Path, *words: str) -> None:
    """`fetch stand-in` ends with this error, and beside `out` nothing has changed."""
    before = sorted(out.parent.iterdir())
    with pytest.raises(error, match=says):
        main(["fetch", "stand-in", "--out", str(out), *words])
    assert sorted(out.parent.iterdir()) == before
