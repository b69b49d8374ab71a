"""A face lands in the right cell, and what is learned there decodes to it on the device."""

from __future__ import annotations

import numpy as np
import torch

from training.detector.finder import of_outputs
from training.detector.model import STRIDES, Design
from training.detector.targets import Layout, assign, decode, flatten

DESIGN = Design()
LAYOUT = Layout.of(DESIGN, DESIGN.height, DESIGN.width, torch.device("cpu"))


def empty_planes() -> list[torch.Tensor]:
    planes = []
    for stride, anchors in zip(STRIDES, DESIGN.anchors, strict=True):
        level = torch.zeros(1, len(anchors) * 5, DESIGN.height // stride, DESIGN.width // stride)
        level[:, 4::5] = -12
        planes.append(level)
    return planes


def write(planes: list[torch.Tensor], place: int, box: torch.Tensor) -> None:
    """Sets the outputs of a place so that they say `box` (area pixels)."""
    stride = int(LAYOUT.stride[place])
    level = STRIDES.index(stride)
    kind = int((LAYOUT.first <= place).sum()) - 1
    anchor = kind - sum(len(a) for a in DESIGN.anchors[:level])
    row, column = int(LAYOUT.row[place]), int(LAYOUT.column[place])
    middle, size = (box[:2] + box[2:]) / 2 / stride, box[2:] - box[:2]
    inside = middle - torch.tensor([column, row])
    values = torch.cat(
        [torch.logit(inside), (size / LAYOUT.anchor[place]).log(), torch.tensor([5.0])]
    )
    planes[level][0, anchor * 5 : anchor * 5 + 5, row, column] = values


def test_faces_of_all_sizes_come_back_through_the_device() -> None:
    rng = np.random.default_rng(3)
    for height in (16, 24, 40, 60, 90, 140, 200, 250):
        x, y = rng.uniform(30, 290), rng.uniform(30, 226)
        box = torch.tensor([x - 0.38 * height, y - height / 2, x + 0.38 * height, y + height / 2])
        given = assign(box[None, None], torch.tensor([[True]]), LAYOUT, also=1.0)
        assert given.place.shape == (1,)
        planes = empty_planes()
        write(planes, int(given.place[0]), box)
        found = of_outputs([level.numpy() for level in planes], DESIGN, 0.5)
        assert np.allclose(found.boxes, box.numpy()[None] - 0.5, atol=1e-2)
        ours = decode(flatten(planes), LAYOUT)[0, given.place[0]]
        assert torch.allclose(ours, box, atol=1e-2)


def test_the_best_anchor_takes_the_face() -> None:
    # As the second anchor of stride 16, in its column 5 and row 3.
    w, h = DESIGN.anchors[1][1]
    middle = torch.tensor([5.4 * 16, 3.7 * 16])
    box = torch.cat([middle - torch.tensor([w, h]) / 2, middle + torch.tensor([w, h]) / 2])
    given = assign(box[None, None], torch.tensor([[True]]), LAYOUT, also=1.0)
    place = int(given.place[0])
    assert int(LAYOUT.stride[place]) == 16
    assert (int(LAYOUT.column[place]), int(LAYOUT.row[place])) == (5, 3)
    assert torch.allclose(LAYOUT.anchor[place], torch.tensor([w, h]))


def test_similar_anchors_take_it_too_and_ignored_faces_have_no_place() -> None:
    box = torch.tensor([100.0, 80, 150, 146])
    alone = assign(box[None, None], torch.tensor([[True]]), LAYOUT, also=1.0)
    shared = assign(box[None, None], torch.tensor([[True]]), LAYOUT, also=0.4)
    assert len(alone.place) == 1 and len(shared.place) > 1
    assert alone.place[0] in shared.place
    none = assign(box[None, None], torch.tensor([[False]]), LAYOUT)
    assert len(none.place) == 0


def test_a_face_whose_middle_is_outside_has_no_place() -> None:
    box = torch.tensor([-60.0, 50, 20, 150])
    assert len(assign(box[None, None], torch.tensor([[True]]), LAYOUT).place) == 0


def test_two_faces_that_want_one_place_give_it_to_the_smaller() -> None:
    large, small = torch.tensor([40.0, 40, 90, 100]), torch.tensor([42.0, 42, 88, 98])
    for order in ([large, small], [small, large]):
        given = assign(torch.stack(order)[None], torch.ones(1, 2, dtype=torch.bool), LAYOUT, also=1)
        assert given.place.shape == (1,)
        assert torch.equal(given.box[0], small)


def test_images_do_not_mix() -> None:
    boxes = torch.tensor([[[40.0, 40, 90, 100]], [[200.0, 40, 250, 100]]])
    given = assign(boxes, torch.ones(2, 1, dtype=torch.bool), LAYOUT, also=1)
    assert given.image.tolist() == [0, 1]
    assert torch.equal(given.box, boxes[:, 0])
