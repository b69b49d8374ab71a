"""Training pictures made on the fly: faces of all sizes on canvases of the network's input.

A canvas is one region or a mosaic of two to four. A region shows a whole picture, moved so that
its face has the size and place that were drawn, or a tight crop of a face laid on a background,
or a background alone. What is cut from a picture is never told by its edge: backgrounds are laid
on with the same masks as faces.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from training import augment
from training.detector import geometry
from training.detector.backgrounds import Backgrounds, scrambled
from training.detector.canvas import MASKS, Canvas, Image, Region, lay
from training.detector.geometry import Boxes, Turn
from training.detector.sources import Entry, FaceSet

SMALLEST, LARGEST = 16.0, 1.15
"""Height of a drawn face: pixels, and share of the region's height."""
GREY = 127
SMALL = 36.0
"""A face of less than this many pixels is small; `small` asks for more of them."""
COVERED = 16.0
"""A face of at least this many pixels may get a hand or a bar before it."""


class Composer:
    """Makes canvases of width x height from faces and backgrounds.

    empty: share of canvases without a face. mosaic: share made of several regions.
    turned: share of faces turned evenly within 38 degrees (`geometry.Turn.draw`). small: share of
    canvases whose face is small for certain, beside those that come out small by chance.
    """

    def __init__(
        self,
        faces: list[FaceSet],
        backgrounds: Backgrounds,
        width: int,
        height: int,
        *,
        empty: float = 0.25,
        mosaic: float = 0.25,
        turned: float = geometry.TURNED,
        small: float = 0.0,
    ) -> None:
        self.faces, self.backgrounds = faces, backgrounds
        self.width, self.height = width, height
        self.empty, self.mosaic, self.turned, self.small = empty, mosaic, turned, small
        self._shares = np.array([f.weight for f in faces]) / sum(f.weight for f in faces)

    def compose(self, rng: np.random.Generator) -> tuple[Image, Boxes, NDArray[np.bool_]]:
        """(H, W, 3) uint8 BGR, boxes (n, 4) in its pixels, and which are sure; the rest of the
        boxes are ignore regions."""
        canvas = Canvas(np.full((self.height, self.width, 3), GREY, np.uint8))
        face = rng.random() >= self.empty
        regions = self._regions(rng)
        for region in regions:
            if face and (len(regions) == 1 or rng.random() < 0.75):
                self._faces_into(canvas, region, rng)
            else:
                self._background_into(canvas, region, rng)
        if rng.random() < 0.35:
            self._patches(canvas, rng)
        if face and rng.random() < 0.5:
            self._small_faces(canvas, rng)
        self._cover(canvas, rng)
        canvas.image = augment.photometric(canvas.image, rng)
        if rng.random() < 0.35:
            self._letterbox(canvas, rng)
        return canvas.image, *canvas.arrays()

    def _regions(self, rng: np.random.Generator) -> list[Region]:
        w, h = self.width, self.height
        if rng.random() >= self.mosaic:
            return [(0, 0, w, h)]
        x, y = round(w * rng.uniform(0.3, 0.7)), round(h * rng.uniform(0.3, 0.7))
        kind = rng.random()
        if kind < 0.5:
            return [(0, 0, x, y), (x, 0, w, y), (0, y, x, h), (x, y, w, h)]
        if kind < 0.8:
            return [(0, 0, x, h), (x, 0, w, h)]
        return [(0, 0, w, y), (0, y, w, h)]

    def _background_into(self, canvas: Canvas, region: Region, rng: np.random.Generator) -> None:
        x1, y1, x2, y2 = region
        canvas.image[y1:y2, x1:x2] = self.backgrounds.fill(rng, x2 - x1, y2 - y1)

    def _pick(self, rng: np.random.Generator) -> tuple[FaceSet, Entry]:
        chosen = self.faces[int(rng.choice(len(self.faces), p=self._shares))]
        return chosen, chosen.entries[int(rng.integers(len(chosen.entries)))]

    def _faces_into(self, canvas: Canvas, region: Region, rng: np.random.Generator) -> None:
        source, entry = self._pick(rng)
        x1, y1, x2, y2 = region
        most = LARGEST * (y2 - y1)
        height = float(np.exp(rng.uniform(np.log(SMALLEST), np.log(max(most, SMALLEST + 1)))))
        if rng.random() < 0.15:
            height = rng.uniform(0.5, LARGEST) * (y2 - y1)
        if self.small and rng.random() < self.small:
            height = rng.uniform(SMALLEST, SMALL)
        # A large face stands about the middle, a small one anywhere.
        room = [max((end - begin) - 0.8 * height, 0.15 * (end - begin)) for begin, end in
                ((x1, x2), (y1, y2))]  # fmt: skip
        centre = tuple(
            (begin + end) / 2 + span * rng.uniform(-0.5, 0.5)
            for (begin, end), span in zip(((x1, x2), (y1, y2)), room, strict=True)
        )
        self._lay_face(canvas, region, source, entry, height, centre, rng, bare=True)

    def _lay_face(
        self,
        canvas: Canvas,
        region: Region,
        source: FaceSet,
        entry: Entry,
        height: float,
        centre: tuple[float, ...],
        rng: np.random.Generator,
        *,
        bare: bool,
    ) -> None:
        """bare: the region is empty yet, and gets a background where the picture ends. Else nothing
        is laid where the picture would hide a face."""
        chosen = int(rng.choice(np.flatnonzero(entry.sure)))
        box = entry.boxes[chosen]
        matrix = geometry.placed(box, Turn.draw(rng, self.turned), height, (centre[0], centre[1]))
        scale = height / float(box[3] - box[1])
        reduce = next((r for r in (8, 4, 2) if scale * r <= 1.1), 1)
        picture = source.read(entry.name, reduce)
        high, wide = picture.shape[:2]
        # From pixels of the reduced picture to those of the file.
        grown = np.array([[reduce, 0, (reduce - 1) / 2], [0, reduce, (reduce - 1) / 2], [0, 0, 1]])
        onto = matrix @ grown
        masks: list[tuple[str, NDArray[np.floating]]] = []
        if not bare and not self._free(canvas, geometry.bounds(onto, wide, high)):
            return
        if not geometry.covers(onto, wide, high, region):
            if bare and rng.random() < 0.85:
                self._background_into(canvas, region, rng)
            masks = self._masks(source, box, reduce, wide, high, rng)
        lay(canvas.image, region, picture, onto, masks)
        canvas.add(geometry.carried(entry.boxes, matrix), entry.sure, region)

    def _masks(
        self,
        source: FaceSet,
        box: NDArray[np.floating],
        reduce: int,
        wide: int,
        high: int,
        rng: np.random.Generator,
    ) -> list[tuple[str, NDArray[np.floating]]]:
        frame = np.array([-0.5, -0.5, wide - 0.5, high - 0.5])
        if source.tight and rng.random() < 0.6:
            small = (np.asarray(box, np.float64) + 0.5) / reduce - 0.5
            middle, half = (small[:2] + small[2:]) / 2, (small[2:] - small[:2]) / 2
            half = half * rng.uniform(1.15, 1.6)
            around = np.concatenate([middle - half, middle + half])
            return [("ellipse", around), ("soft", frame)]
        return [("hard" if rng.random() < 0.5 else "soft", frame)]

    def _free(self, canvas: Canvas, box: NDArray[np.floating]) -> bool:
        boxes, _ = canvas.arrays()
        return not len(boxes) or float(geometry.visible(boxes, box).max()) < 0.05

    def _small_faces(self, canvas: Canvas, rng: np.random.Generator) -> None:
        """People further back."""
        for _ in range(int(rng.integers(1, 4))):
            source, entry = self._pick(rng)
            height = float(np.exp(rng.uniform(np.log(SMALLEST), np.log(90.0))))
            centre = (rng.uniform(0, self.width), rng.uniform(0, self.height))
            whole = (0, 0, self.width, self.height)
            self._lay_face(canvas, whole, source, entry, height, centre, rng, bare=False)

    def _patches(self, canvas: Canvas, rng: np.random.Generator) -> None:
        """Things that are laid on as faces are and are none."""
        for _ in range(int(rng.integers(1, 4))):
            h = float(np.exp(rng.uniform(np.log(SMALLEST), np.log(0.9 * self.height))))
            w = h * rng.uniform(0.6, 1.3)
            x, y = rng.uniform(0, self.width), rng.uniform(0, self.height)
            around = np.array([x - w / 2, y - h / 2, x + w / 2, y + h / 2])
            if not self._free(canvas, around):
                continue
            size = (max(int(w), 8), max(int(h), 8))
            if rng.random() < 0.5:
                patch = self._shuffled_face(rng, *size)
            else:
                patch = self.backgrounds.patch(rng, *size)
            name = str(rng.choice(list(MASKS)))
            linear = Turn.draw(rng).linear(1.0)
            middle = np.array([(size[0] - 1) / 2, (size[1] - 1) / 2])
            matrix = np.column_stack([linear, np.array([x, y]) - linear @ middle])
            frame = np.array([-0.5, -0.5, size[0] - 0.5, size[1] - 0.5])
            whole = (0, 0, self.width, self.height)
            lay(canvas.image, whole, np.ascontiguousarray(patch), matrix, [(name, frame)])

    def _shuffled_face(self, rng: np.random.Generator, width: int, height: int) -> Image:
        source, entry = self._pick(rng)
        image = source.read(entry.name)
        high, wide = image.shape[:2]
        box = entry.boxes[0]
        x1, y1 = np.clip(np.floor(box[:2]), 0, (wide - 8, high - 8)).astype(int)
        x2, y2 = np.clip(np.ceil(box[2:]), (x1 + 8, y1 + 8), (wide, high)).astype(int)
        face = cv2.resize(image[y1:y2, x1:x2], (width, height), interpolation=cv2.INTER_AREA)
        return scrambled(np.asarray(face, np.uint8), rng)

    def _cover(self, canvas: Canvas, rng: np.random.Generator) -> None:
        """Hands and bars, before faces and, as often, where there is none."""
        if rng.random() >= 0.22:
            return
        boxes, sure = canvas.arrays()
        large = boxes[sure & (boxes[:, 3] - boxes[:, 1] >= 28)] if len(boxes) else boxes
        if not len(boxes):
            h = rng.uniform(30, 200)
            x, y = rng.uniform(0, self.width), rng.uniform(0, self.height)
            large = np.array([[x - h * 0.4, y - h / 2, x + h * 0.4, y + h / 2]], np.float32)
        if len(large):
            chosen = rng.permutation(len(large))[:2]
            canvas.image = augment.occlude(canvas.image, rng, large[chosen])

    def _letterbox(self, canvas: Canvas, rng: np.random.Generator) -> None:
        """Grey bars, as around a frame of another shape; most often those of 4:3 or square."""
        w, h = self.width, self.height
        kind = rng.random()
        if kind < 0.45:
            pad = (
                (0, round((h - w * 3 / 4) / 2))
                if w * 3 / 4 < h
                else (round((w - h * 4 / 3) / 2), 0)
            )
        elif kind < 0.75:
            pad = (max(round((w - h) / 2), 0), 0)
        elif kind < 0.9:
            pad = (round(w * rng.uniform(0, 0.35)), 0)
        else:
            pad = (0, round(h * rng.uniform(0, 0.3)))
        x, y = pad
        image = canvas.image
        image[:y], image[h - y :], image[:, :x], image[:, w - x :] = (GREY,) * 4
        canvas.hidden_outside((x, y, w - x, h - y))
