"""Liveness from colour, depth and infrared (FaceBagNet), trained on lists as CASIA-SURF has them.

Each verb has --help with examples.
"""

from __future__ import annotations

from collections.abc import Sequence

from training import cli

VERBS = {
    "train": "train one of the networks A, B and C",
    "infer-test": "score a list with any of the three sensors, and measure it where it has labels",
    "make-set": "make a small set in CASIA-SURF's form, to try the rest without it",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code. Raises FaceGateError."""
    return cli.verbs("training.liveness.fusion", __doc__ or "", VERBS, argv)


if __name__ == "__main__":
    cli.leave(main)
