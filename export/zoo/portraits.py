"""What networks see of a public portrait: enough to find a conversion wrong where no data are."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from edge.packs import Pack

from ..errors import ExportError
from ..faces import Tensor, inputs
from ..pictures import variations


def seen(pack: Pack, roles: Collection[str]) -> dict[str, list[Tensor]]:
    """Network inputs by role, from scikit-image's astronaut, varied in side, light and place.

    Raises ExportError where the package is missing or a role sees nothing.
    """
    try:
        from skimage.data import astronaut
    except ImportError as error:
        raise ExportError("install scikit-image: its portrait checks conversions") from error
    face = np.ascontiguousarray(astronaut()[:, :, ::-1])
    found: dict[str, list[Tensor]] = {role: [] for role in roles}
    for cut in (0, 24):
        for image in variations(np.ascontiguousarray(face[: 320 - cut, 80 + cut : 400])):
            for role, tensors in inputs(pack, image, roles).items():
                found[role].extend(tensors)
    if empty := [role for role, tensors in found.items() if not tensors]:
        raise ExportError(f"no face for {empty[0]} was found on the portrait")
    return found
