"""A tree of pictures in people's folders, PERSON/x.jpg, as ImageFolder and LFW have it.

The crops are made by the device's code from 68 points, which a label file of `training.label`
brings.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from training.recognition import faces
from training.recognition.faces import AlignedFace


class ImageFolder:
    """The labelled faces of a folder or tar; one face of each picture, that which it is of.

    Raises DataError naming file and line: no pictures, a malformed label, a label without its
    picture, no face with 68 points.
    """

    def __init__(self, pictures: Path, labels: Path) -> None:
        self.name = str(pictures)
        self._faces = faces.load(pictures, labels, validation=None)
        people, who = np.unique([face.identity for face in self._faces], return_inverse=True)
        self.people = [str(name) for name in people]
        self.who = who.astype(np.int64)
        stored = len(self._faces[0].pictures.names)
        self.notes: list[str] = []
        if stored > len(self._faces):
            self.notes.append(
                f"{stored - len(self._faces)} pictures without a face with 68 points in {labels}"
            )

    def face(self, index: int) -> AlignedFace:
        return self._faces[index]
