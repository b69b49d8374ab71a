"""Compiled kernels of face-gate.

Arrays are used as they are and never converted: another dtype, or something that is no NumPy
array, raises TypeError; a wrong shape, memory layout or value raises ValueError. The message
names the argument. Results are the caller's own new arrays. The GIL is released while a kernel
runs; do not change its arguments from another thread meanwhile.
"""

from os import PathLike
from typing import Literal

from numpy import float32, float64, int64, uint8
from numpy.typing import NDArray

def similarity(
    src: NDArray[float64] | NDArray[float32],
    dst: NDArray[float64] | NDArray[float32],
) -> NDArray[float64]:
    """Rotation, uniform scale and shift that best carry `src` onto `dst`, never a reflection.

    src, dst: (K, 2), K >= 2, finite, at most 1e9 in magnitude, any strides.
    Returns M (2, 3) such that ``dst ~ M @ [x, y, 1]``, least squares over all points.
    ValueError: all points of one set coincide, or dst is a mirror image that no rotation fits
    better than another.
    """

def warp(
    image: NDArray[uint8],
    matrix: NDArray[float64],
    height: int,
    width: int,
    *,
    mean: tuple[float, float, float],
    std: tuple[float, float, float],
    swap_rb: bool,
    border: float | None,
    out: NDArray[float32] | None = None,
) -> NDArray[float32]:
    """Cut a crop out of an image and normalise it for a network.

    image: (H, W, 3), sides 1..65535; rows may be strided, pixels must be dense.
    matrix: (2, 3), finite and invertible, from image to crop pixels. Pixel centres lie at integer
    coordinates, as for cv2.warpAffine.
    height, width: of the crop, 1..4096.
    mean, std: in grey levels, in the order of the output; std at least 1e-6.
    border: None repeats the edge pixel; a grey level 0..255 fills what lies outside.
    out: (3, height, width), C-contiguous, writeable, not overlapping image; returned if given.

    Returns (3, height, width):
    ``out[c, y, x] = (bilinear(image, inverse(matrix) (x, y))[c, or 2-c if swap_rb] - mean[c])
    / std[c]``, interpolated to within 0.03 grey levels, and the same to the last bit on every
    machine. Where the crop takes more than 2 image pixels per crop pixel, they are averaged
    against aliasing: for a turned crop blocks of the image first, whose means are rounded to whole
    levels, for an upright one several samples (facegate/align.hpp has the rules).
    ValueError: also if the crop would shrink the image more than 64 times.
    """

def align(
    image: NDArray[uint8],
    points: NDArray[float64] | NDArray[float32],
    template: NDArray[float64] | NDArray[float32],
    height: int,
    width: int,
    *,
    mean: tuple[float, float, float],
    std: tuple[float, float, float],
    swap_rb: bool,
    border: float | None,
    out: NDArray[float32] | None = None,
) -> NDArray[float32]:
    """``warp(image, similarity(points, template), ...)`` in one call.

    points: (K, 2) in image pixels; template: (K, 2), where they shall lie in the crop.
    """

def warp_u8(
    image: NDArray[uint8],
    matrix: NDArray[float64],
    height: int,
    width: int,
    *,
    border: int | None,
) -> NDArray[uint8]:
    """Cut a crop out of an image as pixels, (height, width, 3), channels in the image's order.

    Arguments and samples as for `warp`, rounded to the nearest grey level.
    """

def decode_yolo(
    planes: NDArray[float32],
    anchors: NDArray[float32],
    *,
    score_threshold: float,
    iou_threshold: float,
    top_k: int,
    layout: Literal["planes", "rows"] = "planes",
) -> tuple[NDArray[float32], NDArray[float32]]:
    """Boxes and scores out of the raw planes of a one-class YOLO head, best first.

    planes: (A * 5, gh, gw), C-contiguous; per anchor the channels tx, ty, tw, th, to. With
    layout="rows": (gh, gw, A * 5), as networks with channels last write them.
    anchors: (A, 2), C-contiguous: width, height in grid cells, above 0.
    score_threshold: above 0 and below 1; a cell with sigmoid(to) >= score_threshold survives.
    iou_threshold: 0..1, as for `nms`. top_k: at least 1.

    A cell holds x = (col + sigmoid(tx)) / gw, y = (row + sigmoid(ty)) / gh, w = exp(tw) aw / gw,
    h = exp(th) ah / gh. Returns boxes (k, 4) as x1, y1, x2, y2 in [0, 1] of the network's input,
    not clipped, and scores (k,); equal scores in the order of memory: anchor, row, column, or
    row, column, anchor.
    ValueError: also if a surviving cell, or one whose score is NaN, is not finite.
    """

def decode_distances(
    logits: NDArray[float32],
    distances: NDArray[float32],
    *,
    centre: float,
    score_threshold: float,
    iou_threshold: float,
    top_k: int,
    layout: Literal["planes", "rows"] = "planes",
) -> tuple[NDArray[float32], NDArray[float32]]:
    """Boxes and scores out of an anchor-free head (FCOS, Tian et al. 2019), best first.

    logits: (A, gh, gw), C-contiguous; distances: (A * 4, gh, gw), C-contiguous; per anchor the
    channels l, t, r, b in cells. With layout="rows": (gh, gw, A) and (gh, gw, A * 4).
    centre: 0..1, where in its cell a place lies: 0.5 in FCOS, 0 in SCRFD (Guo et al. 2021).
    score_threshold, iou_threshold, top_k: as for `decode_yolo`, and so are what is returned and
    the errors. A cell holds x1 = (col + centre - l) / gw, y1 = (row + centre - t) / gh,
    x2 = (col + centre + r) / gw, y2 = (row + centre + b) / gh, score = sigmoid(logit).
    """

def nms(
    boxes: NDArray[float32],
    scores: NDArray[float32],
    *,
    score_threshold: float,
    iou_threshold: float,
    top_k: int,
) -> NDArray[int64]:
    """Indices of the boxes that greedy non-maximum suppression keeps, best first.

    boxes: (N, 4), C-contiguous, x1, y1, x2, y2, finite. scores: (N,), C-contiguous, finite.
    score_threshold: boxes with score >= float32(score_threshold) take part.
    iou_threshold: 0..1; a box is suppressed if its IoU with a kept one is greater.
    top_k: at least 1; no more than this many are returned. Equal scores: lowest index first.

    A box with x2 <= x1 or y2 <= y1 is dropped: never returned, and it suppresses nothing.
    """

def match(
    probe: NDArray[float32],
    templates: NDArray[float32],
    k: int,
) -> tuple[NDArray[int64], NDArray[float32]]:
    """The k templates most similar to the probe: rows and cosine similarities, best first.

    probe: (D,), C-contiguous, finite, not zero. templates: (N, D), rows dense but possibly
    strided, finite, none zero. Neither needs to be normalised. k: at least 1.
    Returns min(k, N) rows and scores in [-1, 1]; equal scores: lowest row first. N = 0 gives
    empty arrays.
    """

def dispatch() -> dict[str, str]:
    """The instruction set that each kernel uses: the widest variant it has that may be used.

    Kernels without variants are not listed. The environment variable FACEGATE_KERNELS, read at
    import, names the widest that may be used (see `instruction_sets`). RuntimeError, so also at
    import: it names a set that is unknown or that this processor lacks.
    """

def instruction_sets() -> list[str]:
    """Names of the instruction sets that this processor has, from narrow to wide.

    x86-64: baseline, avx2, avx512vnni. aarch64: baseline, neon, dotprod, i8mm.
    """

class Index:
    """Vectors of people, searched by 8-bit copies; the answers are those of float32.

    A scan of the 8-bit copies bounds every similarity from above, and every row whose bound
    reaches the k-th best score is scored from its float32 values, with the same bits as `match`
    gives. Which rows, which order and which scores come back does not depend on the copies or on
    the instruction set.

    Threads may search and change it at once: a search sees all of a change or nothing of it.
    What is removed is overwritten. A removed row is free, and `add` uses the lowest free rows
    first; the other rows keep their numbers.
    """

    def __init__(self, dim: int, model: str) -> None:
        """dim: length of the vectors, 1..4096. model: what made them, 1..64 printable ASCII
        characters, as the SHA-256 of an embedder; a file is opened with the same name only.
        """

    @staticmethod
    def open(path: str | PathLike[str], model: str) -> Index:
        """A saved index, mapped from its file and not read: at once, whatever its size.

        It can be searched, not changed; `copy` gives one that can. Its file must not be shortened
        while it is open; `save` never does that.
        ValueError: the file is no index, is cut off, or was made with another model. OSError: it
        cannot be read.
        """

    def copy(self) -> Index:
        """All of it in memory, to be changed."""

    def add(self, vectors: NDArray[float32], people: NDArray[int64]) -> NDArray[int64]:
        """Adds vectors (N, D), none zero, all finite; returns their rows, (N,).

        people: (N,), 0 or more, whose each is.
        """

    def remove(self, rows: NDArray[int64]) -> None:
        """Removes rows (N,), different and in use, or none if one is not."""

    def replace(self, rows: NDArray[int64], vectors: NDArray[float32]) -> None:
        """Puts vectors (N, D) in the place of rows (N,), different and in use; people stay."""

    def search(self, probes: NDArray[float32], k: int) -> tuple[NDArray[int64], NDArray[float32]]:
        """The k rows most similar to each probe: rows and cosine similarities, best first.

        probes: (B, D), B >= 1, C-contiguous, finite, none zero. k: at least 1.
        Returns (B, min(k, rows in use)) twice; equal scores: lowest row first.
        """

    def search_people(
        self, probes: NDArray[float32], k: int, *, by: Literal["max", "mean"]
    ) -> tuple[NDArray[int64], NDArray[float32]]:
        """The k people most similar to each probe: who, and their scores, best first.

        by: "max", a person's score is that of their best row; "mean", the mean of their rows'
        float32 scores, summed in double. Arguments as for `search`.
        Returns (B, min(k, people)) twice; equal scores: lowest person first.
        """

    def vector(self, row: int) -> NDArray[float32]:
        """A copy of a row in use, (D,)."""

    def save(self, path: str | PathLike[str]) -> None:
        """Writes a file that only its owner may read, and puts it at path once it is on the disk.

        OSError: it cannot be written; what was at path is as before.
        """

    def verify(self) -> None:
        """Reads all of a mapped file. ValueError: it is not what was saved."""

    def __len__(self) -> int:
        """Rows in use."""

    @property
    def people(self) -> NDArray[int64]:
        """A copy: whose each row is, -1 where a row is free."""

    @property
    def dim(self) -> int: ...
    @property
    def model(self) -> str: ...
    @property
    def writable(self) -> bool:
        """False if it is mapped from a file."""
