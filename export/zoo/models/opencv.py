"""OpenCV Zoo: the detector YuNet (Wu et al. 2023) and the recogniser SFace (Zhong et al. 2021).

Fed as `cv2.FaceDetectorYN` and `cv2.FaceRecognizerSF` feed them: grey levels 0..255, YuNet BGR and
SFace RGB, the face laid on ArcFace's five points.
"""

from __future__ import annotations

from dataclasses import replace

from edge.packs.schema import FrameFit, InputSpec
from training.recognition.crops import FIT, SIZE

from ... import measures
from .. import yunet
from ..entry import Entry, Network, Published

_ZOO = (
    "https://media.githubusercontent.com/media/opencv/opencv_zoo/"
    "47534e27c9851bb1128ccc0102f1145e27f23f98/models"
)
_RAW = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}

_OPENCVS = Published(
    "face_detection_yunet_2023mar.onnx",
    "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    232_589,
    f"{_ZOO}/face_detection_yunet/face_detection_yunet_2023mar.onnx",
)
_AUTHORS = Published(
    "yunet_n_640_640.onnx",
    "25a606a145a5b6d7271ae138fbd00eba91dad8b83222ae3f2c7ecd0f4a7b0e31",
    317_466,
    # The bytes that the hash belongs to reached us another way: see docs/models/zoo.md.
    "https://raw.githubusercontent.com/ShiqiYu/libfacedetection.train/master/onnx/"
    "yunet_n_640_640.onnx",
)

_YUNET = Network(
    role="detector",
    files=(_AUTHORS, _OPENCVS),
    theirs=yunet.THEIRS,
    ours=yunet.OURS,
    spec=InputSpec(
        name="image", width=320, height=256, colour="bgr", fit=FrameFit(kind="letterbox"), **_RAW
    ),
    head={
        "kind": "boxes",
        "boxes": "boxes",
        "scores": "scores",
        "score_threshold": 0.6,
        "second_threshold": 0.8,
        "iou_threshold": 0.3,
    },
    measures=measures.boxes(yunet.cells),
    sized=True,
    ending=yunet.ENDING,
)

_SFACE = Network(
    role="embedder",
    files=(
        Published(
            "face_recognition_sface_2021dec.onnx",
            "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
            38_696_353,
            f"{_ZOO}/face_recognition_sface/face_recognition_sface_2021dec.onnx",
        ),
    ),
    ours=("embedding",),
    spec=InputSpec(name="image", width=SIZE, height=SIZE, colour="rgb", fit=FIT, **_RAW),
    head={"kind": "embedding", "output": "embedding", "length": 128},
    measures=(measures.angle("embedding", 0.004),),
)

YUNET = Entry(
    name="yunet",
    what="YuNet face detector, 76 thousand weights, trained on WIDER FACE",
    page="https://github.com/ShiqiYu/libfacedetection.train",
    licence="Apache-2.0, as libfacedetection.train states",
    commercial_use=None,
    paper="Wu et al., YuNet, Machine Intelligence Research 2023",
    networks=(_YUNET,),
    notes=("Its five points are not used: the base pack's landmark network places 68.",),
)

YUNET_SFACE = Entry(
    name="opencv-zoo",
    what="YuNet face detector with SFace, 128 numbers",
    page="https://github.com/opencv/opencv_zoo/tree/main/models/face_recognition_sface",
    licence="MIT (YuNet), Apache-2.0 (SFace), as OpenCV Zoo states",
    commercial_use=None,
    paper="Zhong et al., SFace, IEEE Transactions on Image Processing 2021",
    networks=(replace(_YUNET, files=(_OPENCVS, _AUTHORS)), _SFACE),
    notes=("Its five points are not used: the base pack's landmark network places 68.",),
    same_camera_shift=0.15,
)
