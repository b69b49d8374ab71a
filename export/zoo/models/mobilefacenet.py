"""MobileFaceNet (Chen et al. 2018) as trained by foamliu on MS-Celeb-1M.

Convolutions with ReLU and ReLU6, batch normalisation folded: all of it runs in 8 bits.
"""

from __future__ import annotations

from training.recognition.crops import input_spec

from ... import measures
from ..entry import Entry, Network, Published

MS1M = Entry(
    name="mobilefacenet-ms1m",
    what="MobileFaceNet, 128 numbers, trained on MS-Celeb-1M",
    page="https://github.com/foamliu/MobileFaceNet",
    licence="Apache-2.0, as its repository states",
    commercial_use=None,
    paper="Chen et al., MobileFaceNets, CCBR 2018",
    networks=(
        Network(
            role="embedder",
            files=(
                Published(
                    "mobilefacenet_ms1m_128d.onnx",
                    "b7120c095d60094f28a4a54ba6a8bf51b297a6273fb40ef6350dfec1f63d9507",
                    3_998_070,
                    # Where the repository's own conversion script puts its result. The bytes that
                    # the hash belongs to reached us another way: see docs/models/zoo.md.
                    "https://raw.githubusercontent.com/foamliu/MobileFaceNet/master/"
                    "weights/MobileFaceNet.onnx",
                ),
            ),
            ours=("embedding",),
            spec=input_spec("imagenet"),
            head={"kind": "embedding", "output": "embedding", "length": 128},
            measures=(measures.angle("embedding", 0.004),),
        ),
    ),
    notes=(
        "MS-Celeb-1M was published for research and has been withdrawn; whether weights trained "
        "on it may be used in commerce is not settled, and this pack claims nothing.",
    ),
    same_camera_shift=0.15,
)
