"""Liveness from small patches of a face: ResNet-18, warm restarts, snapshots of each cycle.

Each verb has --help with examples. `python -m export.liveness` makes an ONNX file of a checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence

from training import cli

VERBS = {
    "train": "train on lists of presentations",
    "infer-test": "score a list: CSV of scores, JSON of error rates per attack instrument",
    "predict": "draw box, score and decision on the frames of a film",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code. Raises FaceGateError."""
    return cli.verbs("training.liveness.patches", __doc__ or "", VERBS, argv)


if __name__ == "__main__":
    cli.leave(main)
