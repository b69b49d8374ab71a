"""Compiled kernels: one call cuts out a face, one reads a detector, one compares templates.

Types, shapes and errors of each function are described in ``__init__.pyi``.
"""

try:
    from native._native import (
        Index,
        align,
        decode_distances,
        decode_yolo,
        dispatch,
        instruction_sets,
        match,
        nms,
        similarity,
        warp,
        warp_u8,
    )
except ImportError as error:
    raise ImportError(
        f"the compiled part of native is missing or built for another Python ({error}); "
        "run `pip install -e .` in the checkout"
    ) from error

dispatch()  # a wrong FACEGATE_KERNELS is refused now, not at the first frame

__all__ = [
    "Index",
    "align",
    "decode_distances",
    "decode_yolo",
    "dispatch",
    "instruction_sets",
    "match",
    "nms",
    "similarity",
    "warp",
    "warp_u8",
]
