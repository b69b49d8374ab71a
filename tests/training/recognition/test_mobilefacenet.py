"""The network's shape, and that a file of it is read back as what it was."""

from __future__ import annotations

import sys
from pathlib import Path

import onnxruntime as ort
import pytest
import torch
from torch import nn

from training.errors import CheckpointError
from training.recognition.mobilefacenet import MobileFaceNet, convolutions, weights_of_onnx

sys.path.insert(0, str(Path(__file__).parent))
import made_up

sys.path.pop(0)


def test_it_has_the_papers_size() -> None:
    count = sum(p.numel() for p in MobileFaceNet(128).parameters())
    assert 0.95e6 < count < 1.1e6  # Chen et al. 2018: 0.99 million
    assert not any(isinstance(m, nn.PReLU) for m in MobileFaceNet(128).modules())
    assert MobileFaceNet(64, width=0.25)(torch.zeros(2, 3, 112, 112)).shape == (2, 64)


def test_a_file_is_read_back(tmp_path: Path) -> None:
    path, net = made_up.teacher(tmp_path / "net.onnx")
    again = MobileFaceNet(128, norm=False).eval()
    again.load_state_dict(weights_of_onnx(path))
    x = torch.randn(2, 3, 112, 112)
    with torch.no_grad():
        torch.testing.assert_close(again(x), net(x))


def test_other_networks_are_refused(tmp_path: Path) -> None:
    narrow = made_up.onnx_of(MobileFaceNet(128, norm=False, width=0.5), tmp_path / "narrow.onnx")
    with pytest.raises(CheckpointError, match=r"convolution 0 is \(32, 3, 3, 3\)"):
        weights_of_onnx(narrow)
    short = made_up.onnx_of(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten()), tmp_path / "s.onnx")
    with pytest.raises(CheckpointError, match="1 convolutions, not"):
        weights_of_onnx(short)
    (tmp_path / "no.onnx").write_bytes(b"no network")
    with pytest.raises(CheckpointError, match="not an ONNX file"):
        weights_of_onnx(tmp_path / "no.onnx")


PUBLIC = Path(__file__).resolve().parents[4] / "shared/models/mobilefacenet_ms1m_128d.onnx"


@pytest.mark.shared
@pytest.mark.skipif(not PUBLIC.exists(), reason="no ../shared/models beside the checkout")
def test_the_public_network_is_read() -> None:
    net = MobileFaceNet(128, norm=False).eval()
    net.load_state_dict(weights_of_onnx(PUBLIC))
    x = torch.randn(1, 3, 112, 112)
    session = ort.InferenceSession(PUBLIC, providers=["CPUExecutionProvider"])
    (want,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    with torch.no_grad():
        torch.testing.assert_close(net(x), torch.from_numpy(want), rtol=1e-4, atol=1e-4)
    assert len(list(convolutions(net))) == 51
