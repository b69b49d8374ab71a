"""InsightFace's pack buffalo_s: its recogniser, a MobileFaceNet trained on WebFace600K.

The detector and the landmark networks of the archive are not taken.
"""

from __future__ import annotations

from training.recognition.crops import input_spec

from ... import measures
from ..entry import Entry, Network, Published

BUFFALO_S = Entry(
    name="buffalo-s",
    what="InsightFace w600k_mbf of buffalo_s: MobileFaceNet, 512 numbers, trained on WebFace600K",
    page="https://github.com/deepinsight/insightface/tree/master/model_zoo",
    licence="InsightFace models: non-commercial research purposes only",
    commercial_use="forbidden",
    paper="Deng et al., ArcFace, CVPR 2019",
    networks=(
        Network(
            role="embedder",
            files=(
                Published(
                    "buffalo_s.zip",
                    "d85a87f503f691807cd8bb97128bdf7a0660326cd9cd02657127fa978bab8b5e",
                    127_607_557,
                    "https://github.com/deepinsight/insightface/releases/download/v0.7/"
                    "buffalo_s.zip",
                    member="w600k_mbf.onnx",
                    member_sha256=(
                        "9cc6e4a75f0e2bf0b1aed94578f144d15175f357bdc05e815e5c4a02b319eb4f"
                    ),
                ),
            ),
            ours=("embedding",),
            spec=input_spec("grey"),
            head={"kind": "embedding", "output": "embedding", "length": 512},
            measures=(measures.angle("embedding", 0.004),),
        ),
    ),
    asks=True,
    same_camera_shift=0.15,
)
