"""Made-up people for the recognition trainings: pictures, labels, a teacher."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from edge.faces.observation import Floats
from export.onnx_file import from_torch, to_bytes
from training import labels
from training.labels import FaceLabel
from training.recognition.mobilefacenet import MobileFaceNet

SIDE = 140


def points(rng: np.random.Generator) -> Floats:
    """68 points whose five lie about where a face's do in a picture of `SIDE` pixels."""
    places = np.array([[0.0, 0.0]] * 68)
    places[36:42], places[42:48] = (50, 60), (90, 60)
    places[30], places[48], places[54] = (70, 80), (54, 104), (86, 104)
    return (places + rng.normal(0, 0.7, (68, 2))).astype(np.float32)


def picture(rng: np.random.Generator, person: int) -> NDArray[np.uint8]:
    """A texture that is the person's own, in changing light."""
    own = np.random.default_rng(person).integers(0, 256, (10, 10, 3)).astype(np.float32)
    large = cv2.resize(own, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    return np.clip(large * rng.uniform(0.7, 1.3) + rng.normal(0, 3), 0, 255).astype(np.uint8)


def people(folder: Path, count: int = 12, each: int = 3) -> tuple[Path, Path]:
    """(pictures, label file): PERSON/NN.png of `count` people."""
    rng = np.random.default_rng(0)
    found = []
    for person in range(count):
        (folder / "pictures" / f"person{person}").mkdir(parents=True, exist_ok=True)
        for i in range(each):
            name = f"person{person}/{i:02d}.png"
            cv2.imwrite(str(folder / "pictures" / name), picture(rng, person))
            box = np.array([30, 30, 110, 120], np.float32)
            unknown = np.full((5, 2), np.nan, np.float32)
            pose = np.zeros(3, np.float32)
            found.append(FaceLabel(name, box, 1.0, unknown, pose, points(rng)))
    labels.write(folder / "labels.csv", found)
    return folder / "pictures", folder / "labels.csv"


class _Tuple(torch.nn.Module):
    def __init__(self, net: torch.nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor]:
        return (self.net(x),)


def onnx_of(net: torch.nn.Module, path: Path) -> Path:
    """The network as an ONNX file."""
    model = from_torch(_Tuple(net).eval(), 112, 112, ("embedding",), "teacher")
    path.write_bytes(to_bytes(model))
    return path


def teacher(path: Path) -> tuple[Path, MobileFaceNet]:
    """A MobileFaceNet that was never trained, as a file and as it is."""
    torch.manual_seed(7)
    net = MobileFaceNet(128, norm=False).eval()
    return onnx_of(net, path), net
