"""What to tell the person in front of the camera, from the gates that fail.

One hint at a time, the most basic first: nobody turns their head for a camera in the dark.
"""

from __future__ import annotations

from collections.abc import Sequence

from edge.enrolment.candidate import Candidate
from edge.gates import Gate

MOTION = "motion"
TURN = 8.0
"""Yaw in degrees from which a head counts as turned to a side."""
NOD = 6.0
"""Pitch in degrees above the median from which it counts as raised."""


def failing(gates: Sequence[Gate]) -> str | None:
    """What is wrong with the frame, or None if nothing is."""
    failed = {gate.name: gate.value for gate in gates if not gate.passed}
    if not failed:
        return None
    if "one_face" in failed:
        count = failed["one_face"]
        return "two faces: one person only" if count else "no face: step in front of the camera"
    exposure = failed.get("exposure")
    if exposure is not None:
        return "too dark" if exposure < 128 else "too bright"
    for name, hint in (
        ("clipped", "light too harsh"),
        ("size", "come closer"),
        ("landmarks", "show your whole face"),
        ("yaw", "look at the camera"),
        ("pitch", "look at the camera"),
        ("roll", "hold your head upright"),
        ("sharpness", "hold still"),
        ("passive", "this looks like a print or a screen"),
        (MOTION, "turn your head a little, or talk"),
    ):
        if name in failed:
            return hint
    return "hold still"


def wanted_pose(taken: Sequence[Candidate]) -> str | None:
    """Which way to turn for more variety; None when there is enough.

    Sides are the person's own: a nose that points to the picture's right is turned to the left.
    """
    if not taken:
        return "look at the camera"
    yaws = [c.pose.yaw for c in taken]
    pitches = sorted(c.pose.pitch for c in taken)
    middle = pitches[len(pitches) // 2]
    if max(yaws) < TURN:
        return "turn a little left"
    if min(yaws) > -TURN:
        return "turn a little right"
    # Raised against the person's own habit: where zero pitch lies differs between heads.
    if pitches[-1] - middle < NOD:
        return "look up a little"
    return None
