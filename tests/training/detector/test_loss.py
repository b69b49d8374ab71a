"""The loss falls, ignores what nobody knows, and is a mean over images."""

from __future__ import annotations

import pytest
import torch

from training.detector.backgrounds import Backgrounds
from training.detector.compose import Composer
from training.detector.dataset import FACE, IGNORED, NOTHING, Batch, Canvases, collate
from training.detector.loss import Loss, ciou, ignored
from training.detector.model import Design, Detector
from training.detector.sources import FaceSet
from training.detector.targets import Layout, assign, flatten
from training.detector.train import normalised
from training.sampling import Key

DESIGN = Design(width=160, height=128)


def batch_of(boxes: list, kinds: list) -> Batch:
    n = len(boxes)
    image = torch.zeros(n, 3, DESIGN.height, DESIGN.width, dtype=torch.uint8)
    return Batch(image, torch.tensor(boxes, dtype=torch.float32), torch.tensor(kinds))


def quiet_planes(n: int) -> list[torch.Tensor]:
    with torch.no_grad():
        planes = Detector(DESIGN).eval()(torch.zeros(n, 3, DESIGN.height, DESIGN.width))
    return [torch.zeros_like(level) for level in planes]


def test_ciou_of_known_boxes() -> None:
    same = torch.tensor([[10.0, 10, 30, 50]])
    assert ciou(same, same).item() == pytest.approx(0, abs=1e-5)
    # Side by side: no overlap, middles 20 apart, the box around both has the sides 40 and 40.
    apart = torch.tensor([[30.0, 10, 50, 50]])
    assert ciou(same, apart).item() == pytest.approx(1 + 400 / 3200, abs=1e-5)
    # Same middle and area, other aspect: 2:1 against 1:2.
    wide = torch.tensor([[0.0, 20, 40, 40]])
    iou = 400 / 1200
    v = 4 / torch.pi**2 * (torch.atan(torch.tensor(2.0)) - torch.atan(torch.tensor(0.5))) ** 2
    assert ciou(same, wide).item() == pytest.approx(
        float(1 - iou + v * v / (1 - iou + v)), abs=1e-4
    )


@pytest.mark.parametrize("box", ["ciou", "xywh"])
@pytest.mark.parametrize("focal", [0.0, 2.0])
def test_falls_on_made_up_pictures(scenes: FaceSet, box: str, focal: float) -> None:
    torch.manual_seed(0)
    composer = Composer([scenes], Backgrounds([scenes], []), DESIGN.width, DESIGN.height)
    canvases = Canvases(composer, 8, seed=0)
    batch = collate([canvases[Key(0, i)] for i in range(8)])
    module, loss = Detector(DESIGN), Loss(DESIGN, box=box, focal=focal)
    optimiser = torch.optim.AdamW(module.parameters(), 2e-3)
    losses = []
    for _ in range(12):
        found = loss(module(normalised(batch.image)), batch)
        optimiser.zero_grad()
        found["loss"].backward()
        optimiser.step()
        losses.append(found["loss"].item())
    assert losses[-1] < 0.7 * losses[0]


def test_is_a_mean_over_images() -> None:
    """Two halves average to the whole: so do two processes, whatever faces each of them sees."""
    boxes = [[[20.0, 20, 50, 60]], [[0.0, 0, 0, 0]], [[60.0, 30, 150, 120]], [[90.0, 10, 110, 40]]]
    kinds = [[FACE], [NOTHING], [FACE], [FACE]]
    torch.manual_seed(1)
    planes = [torch.randn_like(level) for level in quiet_planes(4)]
    loss = Loss(DESIGN)
    whole = loss(planes, batch_of(boxes, kinds))
    halves = [
        loss([level[part] for level in planes], batch_of(boxes[part], kinds[part]))
        for part in (slice(0, 2), slice(2, 4))
    ]
    for name in ("loss", "box", "objectness"):
        assert whole[name].item() == pytest.approx(
            (halves[0][name].item() + halves[1][name].item()) / 2, rel=1e-5
        )


def test_pictures_without_faces_have_a_loss_and_a_gradient() -> None:
    planes = [level.requires_grad_() for level in quiet_planes(2)]
    found = Loss(DESIGN)(planes, batch_of([[[0.0] * 4]] * 2, [[NOTHING]] * 2))
    assert found["box"].item() == 0 and found["iou"].item() == 0
    found["loss"].backward()
    assert all(torch.isfinite(level.grad).all() for level in planes)
    assert planes[0].grad[:, 4].min() > 0, "objectness is pushed down everywhere"


def test_close_predictions_of_a_face_are_not_called_wrong() -> None:
    planes = quiet_planes(1)
    w, h = DESIGN.anchors[1][0]
    # A face as large as an anchor, in the middle of a cell: the cell predicts it without learning.
    middle = torch.tensor([4.5 * 16, 3.5 * 16])
    box = torch.cat([middle - torch.tensor([w, h]) / 2, middle + torch.tensor([w, h]) / 2])
    layout = Layout.of(DESIGN, DESIGN.height, DESIGN.width, torch.device("cpu"))
    raw = flatten(planes)
    mask = ignored(raw, box[None, None], torch.tensor([[FACE]]), layout, 0.6)
    place = int(assign(box[None, None], torch.tensor([[True]]), layout, also=1).place[0])
    assert mask[0, place]
    beside = ~mask[0] & (layout.stride == 16)
    assert beside.any()
    nothing = ignored(raw, box[None, None], torch.tensor([[NOTHING]]), layout, 0.6)
    assert not nothing.any()


def test_what_nobody_knows_costs_nothing() -> None:
    planes = [level.requires_grad_() for level in quiet_planes(1)]
    box = [30.0, 30, 110, 110]
    Loss(DESIGN)(planes, batch_of([[box]], [[IGNORED]]))["objectness"].backward()
    gradient = planes[0].grad[0, 4]
    inside, outside = gradient[8, 8], gradient[1, 1]
    assert inside == 0 and outside > 0
