"""MiniFASNet of Silent-Face-Anti-Spoofing: passive liveness from one crop (Minivision 2020).

Grey levels 0..255, BGR, 80 x 80; class 1 of three is a living face. Upstream averages both
networks. A crop is the box times the scale, no larger than the picture, moved into it, and
stretched to a square: what `edge.packs.inputs.BoxFit` does not say.
"""

from __future__ import annotations

from edge.packs.schema import BoxFit, InputSpec

from ... import measures
from ..entry import Entry, Network, Published

_ONNX = (
    "https://raw.githubusercontent.com/QingHeYang/Silent-Face-Anti-Spoofing-onnx/"
    "584d4421d7ac42c59e640796f46e886b0095367a/onnx"
)


def _entry(
    name: str, what: str, scale: float, measured: str, files: tuple[Published, ...]
) -> Entry:
    return Entry(
        name=name,
        what=what,
        page="https://github.com/minivision-ai/Silent-Face-Anti-Spoofing",
        licence="Apache-2.0",
        commercial_use=None,
        paper="Silent-Face-Anti-Spoofing, Minivision 2020",
        networks=(
            Network(
                role="liveness",
                files=files,
                ours=("classes",),
                spec=InputSpec(
                    name="image",
                    width=80,
                    height=80,
                    colour="bgr",
                    mean=(0.0, 0.0, 0.0),
                    std=(1.0, 1.0, 1.0),
                    fit=BoxFit(kind="box", scale=scale),
                ),
                head={
                    "kind": "classes",
                    "output": "classes",
                    "classes": 3,
                    "live": 1,
                    "softmax": True,
                    "bound": 0.5,
                },
                measures=(measures.classes("classes", 0.02),),
            ),
        ),
        makes="file",
        notes=(
            "Makes an ONNX file and no pack: it was trained on crops of the box's own shape, moved "
            "into the picture, and a pack's crops are squares around the box. " + measured,
            "Which attacks it refuses was not measured: not demonstrated.",
        ),
    )


V2 = _entry(
    "minifasnet-v2",
    "MiniFASNetV2, passive liveness, crop of 2.7 times the face",
    2.7,
    "With squares 0.83 of the living faces in 81 film frames pass, with its own crops 0.99.",
    (
        Published(
            "2.7_80x80_MiniFASNetV2.onnx",
            "0cbe5caec95c31de9d2ef845cb85407d76aecd1b6a2c0e343f7d35306bfbccb8",
            1_744_126,
            f"{_ONNX}/2.7_80x80_MiniFASNetV2.onnx",
        ),
        Published(
            "minifasnet_v2_2.7_80x80.onnx",
            "7886c41bcbcc1be00cf8700eddbd8cbd4b1ad138e69010790de2a57a3b01d7e5",
            1_743_495,
            None,
        ),
    ),
)

V1SE = _entry(
    "minifasnet-v1se",
    "MiniFASNetV1SE, passive liveness, crop of 4 times the face",
    4.0,
    "With squares 0.64 of the living faces in 81 film frames pass, with its own crops 0.96.",
    (
        Published(
            "4_0_0_80x80_MiniFASNetV1SE.onnx",
            "a25886a85cdcfa2c4ea23edb71de35f250c17827b4cadd253a972b28c80fdf1e",
            1_743_294,
            f"{_ONNX}/4_0_0_80x80_MiniFASNetV1SE.onnx",
        ),
        Published(
            "minifasnet_v1se_4.0_80x80.onnx",
            "e67aedf72df3e1912dbf6baa5f7406b8b30c3cb43234170a70dd9d143fea358e",
            1_742_663,
            None,
        ),
    ),
)
