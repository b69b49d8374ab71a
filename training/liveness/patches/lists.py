"""Lists on disk as this network takes them: our own, or CASIA-SURF's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge.errors import UsageError
from training.liveness import samples
from training.liveness.samples import LIVE, Sample
from training.liveness.sources import casia_surf
from training.split import is_validation


def read(paths: Sequence[Path]) -> list[Sample]:
    """The samples of all lists: .csv is ours, .txt CASIA-SURF's colour pictures.

    Raises DataError, UsageError.
    """
    found: list[Sample] = []
    for path in paths:
        if path.suffix == ".csv":
            found += samples.read(path)
        elif path.suffix == ".txt":
            found += casia_surf.colour(path)
        else:
            raise UsageError(
                f"{path}: a list is a .csv of training.liveness or a .txt of CASIA-SURF; "
                "`python -m training.liveness.sources` makes lists of other sets"
            )
    return found


def split(found: Sequence[Sample]) -> tuple[list[Sample], list[Sample]]:
    """To train on and to choose epochs by, of different people. Raises UsageError."""
    train = [s for s in found if not is_validation(s.person)]
    held = [s for s in found if is_validation(s.person)]
    for part, samples_of in (("training", train), ("validation", held)):
        labels = {s.label for s in samples_of}
        if LIVE not in labels or len(labels) < 2:
            raise UsageError(
                f"held back by the names of people, the {part} has only "
                f"{', '.join(sorted(labels)) or 'nothing'}: give --held LIST"
            )
    return train, held


def apart(train: Sequence[Sample], held: Sequence[Sample]) -> None:
    """Raises UsageError where people of the one are in the other."""
    if people := {s.person for s in train} & {s.person for s in held}:
        raise UsageError(f"{min(people)} is in the training and held back from it as well")
