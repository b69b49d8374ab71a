"""Liveness: simulated attacks, training of the door's network, and reports.

Each verb has --help with examples. Other networks have commands of their own:
training.liveness.patches (one small patch, ResNet-18), training.liveness.fusion (colour, depth and
infrared).
"""

from __future__ import annotations

from collections.abc import Sequence

from training import cli

VERBS = {
    "stage": "put people of closely framed pictures before a door's camera, in whole frames",
    "generate": "make a list of bona fide pictures and simulated attacks from pictures of faces",
    "train": "train the door's network: three crops around the face, one score",
    "allow": "measure anew what the surface's answer is allowed, of averaged weights",
    "evaluate": "measure a pack or network on a list, in the words of ISO/IEC 30107-3",
    "door": "measure the door's decision over frames, on living films and simulated attacks",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code. Raises FaceGateError."""
    return cli.verbs("training.liveness", __doc__ or "", VERBS, argv)


if __name__ == "__main__":
    cli.leave(main)
