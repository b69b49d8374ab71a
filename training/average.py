"""The mean of several checkpoints' weights (Izmailov et al. 2018, Wortsman et al. 2022).

Runs that began from the same weights end around the same minimum; their mean lies nearer to its
middle than any of them. It is a checkpoint like each: for evaluation, export and `--init`.

Example:
  python -m training.average runs/a/last.ckpt runs/b/last.ckpt --out runs/mean.ckpt
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from edge.errors import UsageError
from training import checkpoint, cli
from training.errors import CheckpointError

INPUT = ("width", "height")
"""Parts of a description that no weight depends on: a convolution takes any size."""


def average(paths: Sequence[Path], shares: Sequence[float] | None = None) -> dict[str, Any]:
    """The content of a checkpoint with the mean of the averaged weights of `paths`.

    shares: of each, with sum 1; None counts all alike. The size of the input is the first one's.
    Raises CheckpointError when they are not of one network, UsageError for other shares.
    """
    shares = [1 / len(paths)] * len(paths) if shares is None else shares
    if len(shares) != len(paths) or min(shares) <= 0 or abs(sum(shares) - 1) > 1e-6:
        raise UsageError("--shares: one above 0 for each checkpoint, with sum 1")
    first, *others = (checkpoint.read(path) for path in paths)
    for path, other in zip(paths[1:], others, strict=True):
        if (other["task"], _kind(other)) != (first["task"], _kind(first)):
            raise CheckpointError(f"{path}: is of another network than {paths[0]}")
    weights = {}
    for name, value in first["ema"].items():
        same = [value, *(other["ema"][name] for other in others)]
        # Whole numbers count batches; they are the first one's.
        if value.is_floating_point():
            value = torch.stack([v * s for v, s in zip(same, shares, strict=True)]).sum(dim=0)
        weights[name] = value
    return {
        "task": first["task"],
        "description": first["description"],
        "ema": weights,
        "position": first["position"],
    }


def _kind(content: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in content["description"].items() if k not in INPUT}


def main() -> int:
    heading, _, rest = (__doc__ or "").partition("\n\n")
    parser = cli.parser("training.average", heading, rest)
    parser.add_argument("checkpoints", type=Path, nargs="+", metavar="CKPT")
    parser.add_argument(
        "--shares", type=float, nargs="+", metavar="S", help="of each (default: all alike)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="CKPT")
    args = parser.parse_args()
    checkpoint.save(args.out, average(args.checkpoints, args.shares))
    Console(stderr=True).print(f"{len(args.checkpoints)} checkpoints averaged in {args.out}")
    return 0


if __name__ == "__main__":
    cli.leave(main)
