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

from training import checkpoint, cli
from training.errors import CheckpointError


def average(paths: Sequence[Path]) -> dict[str, Any]:
    """The content of a checkpoint with the mean of the averaged weights of `paths`.

    Raises CheckpointError when they are not of one network.
    """
    first, *others = (checkpoint.read(path) for path in paths)
    for path, other in zip(paths[1:], others, strict=True):
        if (other["task"], other["description"]) != (first["task"], first["description"]):
            raise CheckpointError(f"{path}: is of another network than {paths[0]}")
    weights = {}
    for name, value in first["ema"].items():
        same = [value, *(other["ema"][name] for other in others)]
        # Whole numbers count batches; they are the first one's.
        weights[name] = torch.stack(same).mean(dim=0) if value.is_floating_point() else value
    return {
        "task": first["task"],
        "description": first["description"],
        "ema": weights,
        "position": first["position"],
    }


def main() -> int:
    heading, _, rest = (__doc__ or "").partition("\n\n")
    parser = cli.parser("training.average", heading, rest)
    parser.add_argument("checkpoints", type=Path, nargs="+", metavar="CKPT")
    parser.add_argument("--out", type=Path, required=True, metavar="CKPT")
    args = parser.parse_args()
    checkpoint.save(args.out, average(args.checkpoints))
    Console(stderr=True).print(f"{len(args.checkpoints)} checkpoints averaged in {args.out}")
    return 0


if __name__ == "__main__":
    cli.leave(main)
