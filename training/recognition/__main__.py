"""Training and evaluation of face recognition.

Each verb has --help with examples.
"""

from __future__ import annotations

from collections.abc import Sequence

from training import cli

VERBS = {
    "train": "train a network on pictures of many people",
    "distill": "train a network to say what a teacher says, without identities",
    "evaluate": "measure a pack: 1:1 and 1:N, with intervals, as a report",
    "robust": "compare networks on faces seen badly: far, dark, covered, badly laid",
    "windows": "measure the door's own decision on films: N of M frames of one track",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code. Raises FaceGateError."""
    return cli.verbs("training.recognition", __doc__ or "", VERBS, argv)


if __name__ == "__main__":
    cli.leave(main)
