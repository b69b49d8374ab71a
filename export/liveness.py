"""Writes a liveness network that no pack holds yet as an ONNX file, for tests of one's own.

The file is held against torch before it is written. The door's network goes into a pack instead:
python -m export.pack --liveness.

Examples:
  python -m export.liveness runs/fusion-a/best.ckpt --out fusion-a.onnx
  python -m export.liveness runs/patches/best.ckpt --out patches.onnx
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import torch
from onnx import ModelProto

from edge.outputs import replacing
from training import checkpoint, cli
from training.errors import CheckpointError
from training.liveness.patches.model import TASK

from . import fusion, patches
from .onnx_file import to_bytes
from .parity import Parity

Exporter: TypeAlias = Callable[
    [Mapping[str, Any], Mapping[str, torch.Tensor]], tuple[ModelProto, Parity]
]
EXPORTERS: Mapping[str, Exporter] = {"fusion": fusion.exported, TASK: patches.exported}
"""By the task that made the checkpoint: of its description and weights."""


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code, or raises one of our errors (see `training.cli.run`)."""
    args = _parser().parse_args(argv)
    torch.set_num_threads(1)  # one order of summation: the same bytes on every machine
    content = checkpoint.read(args.checkpoint)
    if content["task"] not in EXPORTERS:
        raise CheckpointError(
            f"{args.checkpoint}: is of the training {content['task']!r}; here are exported: "
            f"{', '.join(sorted(EXPORTERS))}"
        )
    model, parity = EXPORTERS[content["task"]](content["description"], content["ema"])
    data = to_bytes(model)
    with replacing(args.out) as part:
        part.write_bytes(data)
    inputs = {
        value.name: [d.dim_value for d in value.type.tensor_type.shape.dim]
        for value in model.graph.input
    }
    told = {
        "file": str(args.out),
        "bytes": len(data),
        "inputs": inputs,
        "outputs": [value.name for value in model.graph.output],
        parity.what: parity.value,
    }
    print(json.dumps(told))
    return 0


def _parser() -> argparse.ArgumentParser:
    heading, _, rest = (__doc__ or "").partition("\n\n")
    parser = cli.parser("export.liveness", heading, rest)
    parser.add_argument("checkpoint", type=Path, metavar="CKPT")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.onnx")
    return parser


if __name__ == "__main__":
    cli.leave(main)
