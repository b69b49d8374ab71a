"""The pictures that a network gets most wrong, as contact sheets. They show faces."""

from __future__ import annotations

import cv2
import numpy as np

from edge.render.sheet import contact_sheet, crop
from training.liveness.reports.curves import slug
from training.liveness.reports.scored import Scored
from training.liveness.samples import LIVE, picture

EACH, SIDE = 6, 150
WIDER = 1.6
"""How much more than the face is shown, so that the edge of a sheet or a screen can be seen."""


def sheets(scored: Scored, network: str) -> dict[str, bytes]:
    """worst-NETWORK-LABEL.jpg: of attacks those with the highest scores, of faces the lowest."""
    found = {}
    scores = scored.scores[network]
    for label in (LIVE, *scored.attacks(network)):
        rows = np.nonzero((scored.labels == label) & scored.answered)[0]
        order = np.argsort(scores[rows] if label == LIVE else -scores[rows], kind="stable")
        shown = []
        for i in rows[order[:EACH]]:
            sample = scored.samples[i]
            box = sample.box
            middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2 * WIDER
            wide = np.concatenate([middle - half, middle + half])
            shown.append((crop(picture(sample), wide, SIDE), f"{scores[i]:.3f}"))
        whole = contact_sheet(shown, EACH, title=f"{network}: {label}", width=SIDE)
        found[f"worst-{slug(network)}-{slug(label)}.jpg"] = cv2.imencode(".jpg", whole)[1].tobytes()
    return found
