"""Maps of where the medium is: they go with the pictures' crops, and teach where they are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from rich.console import Console

from training.liveness import crops, samples
from training.liveness.dataset import Batch, Presentations
from training.liveness.model import Design, normalised
from training.liveness.samples import picture
from training.liveness.store import Store
from training.liveness.task import BPCER, LiveTask, allowance, located, margins, scores, visible
from training.sampling import Key

Make = Callable[..., Path]


def test_maps_are_cut_as_their_pictures_are(make_list: Make, tmp_path: Path) -> None:
    """Where a crop shows paper its map is white, for any box; off the frame it is not."""
    found = samples.read(make_list("some", "a", 2))
    paper, bare = next(s for s in found if not s.live), next(s for s in found if s.live)
    unknown = next(s for s in found if not s.live and s is not paper)
    image = np.zeros_like(picture(paper))
    x1, y1, x2, y2 = (round(float(v)) for v in paper.box)
    image[y1 - 8 : y2 + 12, x1 - 10 : x2 + 5] = 255
    cv2.imwrite(str(paper.picture.with_suffix(".png")), image)
    paper = replace(paper, picture=paper.picture.with_suffix(".png"))
    samples.write_medium(paper.picture, image[..., 0] / np.float32(255))
    store = Store.of([paper, bare, unknown], Design().spec, tmp_path, Console(stderr=True))
    assert store.known.tolist() == [True, True, False]
    assert np.isnan(store.map(2, unknown.box)).all() and (store.map(1, bare.box) == 0).all()
    for moved in (np.zeros(4), np.array([6, -4, 9, 3])):
        box = paper.box + moved.astype(np.float32)
        crop, got = store.cut(0, box), store.map(0, box)
        assert got.shape == (27, 9) and got.min() == 0 and got.max() == 1
        outside = (crop == crops.BORDER).all(axis=2)
        white = np.where(outside, 0, crop[..., 0] / 255).astype(np.float32)
        wanted = cv2.resize(white, (9, 27), interpolation=cv2.INTER_AREA)
        assert np.abs(got - wanted).mean() < 0.05
        assert np.corrcoef(got.ravel(), wanted.ravel())[0, 1] > 0.97


def test_where_no_map_is_known_none_is_learned() -> None:
    logits = torch.tensor([[2.0, -2.0, 5.0]])
    sure = located(logits, torch.tensor([[1.0, 0.0, torch.nan]]))
    assert float(sure) == pytest.approx(float(np.log1p(np.exp(-2))), abs=1e-6)
    assert located(logits, torch.tensor([[0.0, 1.0, torch.nan]])) > 2
    assert located(logits, torch.full((1, 3), torch.nan)) == 0


def _batch(live: list[int], medium: torch.Tensor) -> Batch:
    n = len(live)
    image = torch.randint(0, 255, (n, 3, 96, 32), dtype=torch.uint8)
    surface = torch.zeros(n, dtype=torch.bool)
    return Batch(image, torch.tensor(live), torch.full((n,), torch.nan), medium, surface)


def test_a_crop_that_shows_no_medium_teaches_its_tower_nothing() -> None:
    """But for the living, and where nobody knows."""
    medium = torch.zeros(5, 12, 4)
    medium[0, :8] = 1  # an attack, unseen on the widest crop
    medium[2] = torch.nan
    medium[3, 8:, :1] = 1
    medium[4, :4], medium[4, 4:] = 1, torch.inf  # it fills both wide crops
    batch = _batch([0, 1, 0, 0, 0], medium)
    seen = visible(batch, 3).tolist()
    assert seen[:3] == [[True, True, False], [True] * 3, [True] * 3]
    assert seen[3:] == [[False, False, True], [True, False, False]]
    seen = visible(batch, 3)
    net = Design(size=32).build()
    answers = net.answers(normalised(batch.image[:1]), seen[:1])
    loss = torch.nn.functional.cross_entropy(answers.joint, batch.live[:1])
    loss.backward()
    moved = [tower.stem[0].weight.grad for tower in net.towers]
    assert moved[0] is not None and moved[1] is not None
    assert moved[0].abs().sum() > 0 and moved[1].abs().sum() > 0
    assert moved[2] is None or not moved[2].any()


def test_a_view_and_its_map_are_mirrored_together(make_list: Make, tmp_path: Path) -> None:
    sample = samples.read(make_list("some", "a", 1))
    left = np.zeros(picture(sample[1]).shape[:2], np.float32)
    left[:, : round(float(sample[1].box[[0, 2]].mean()))] = 1
    samples.write_medium(sample[1].picture, left)
    cv2.imwrite(str(sample[1].picture), np.repeat((left * 255)[..., None], 3, axis=2))
    store = Store.of(sample, Design().spec, tmp_path, Console(stderr=True))
    data = Presentations(store, seed=1, strength=0)
    sides = set()
    for epoch in range(12):
        view = data[Key(epoch, 1, 0)]
        bright, white = view.image[:, :72].float().mean(0), view.medium[:9]
        left_is_bright = bool(bright[:, :24].mean() > bright[:, -24:].mean())
        assert left_is_bright == bool(white[:, :3].mean() > white[:, -3:].mean())
        sides.add(left_is_bright)
    assert sides == {True, False}


def test_a_sheet_that_fills_the_picture_is_told_by_its_surface_alone(
    make_list: Make, tmp_path: Path
) -> None:
    """Its wide crops teach nothing, and the joint answer learns nothing of it."""
    sheet, room = (s for s in samples.read(make_list("some", "a", 2)) if not s.live)
    bare = next(s for s in samples.read(make_list("more", "b", 1)) if s.live)
    high, wide = picture(sheet).shape[:2]
    samples.write_medium(sheet.picture, np.ones((high, wide), np.float32))
    part = np.ones((high, wide), np.float32)
    part[:, : round(float(room.box[0]) * 0.6)] = 0
    samples.write_medium(room.picture, part)
    store = Store.of([sheet, room, bare], Design().spec, tmp_path, Console(stderr=True))
    assert store.beside[0].max() == 0 and store.beside[2].min() == 1
    assert 0.04 < store.beside[1, -1] < 0.96
    data = Presentations(store, seed=1, strength=0)
    views = [data[Key(0, i, 0)] for i in range(3)]
    assert [bool(v.surface) for v in views] == [True, False, False]
    assert torch.isinf(views[0].medium[9:]).all() and (views[0].medium[:9] == 1).all()
    assert torch.isfinite(views[1].medium[18:]).all()
    task = LiveTask(Design(), data, [sheet, bare])
    batch = Batch(*(torch.stack([part, part]) for part in views[0]))
    task.loss(task.module, batch)["loss"].backward()
    assert not task.module.net.joint.bias.grad.any(), "the sheet taught the joint answer"
    assert task.module.net.surface[0].bias.grad.any()


def test_what_is_worn_is_told_by_its_surface_alone(make_list: Make, tmp_path: Path) -> None:
    found = samples.read(make_list("some", "a", 1))
    worn = [replace(s, label="mask") if not s.live else s for s in found]
    store = Store.of(worn, Design().spec, tmp_path, Console(stderr=True))
    data = Presentations(store, seed=1)
    said = {s.label: bool(data[Key(0, i, 0)].surface) for i, s in enumerate(worn)}
    assert said == {"mask": True, "live": False}


def test_both_answers_must_be_live() -> None:
    """The lower margin counts, the surface's with its allowance."""
    net = Design(size=32).build().eval()
    net.allowance.fill_(0.2)
    images = torch.randint(0, 255, (20, 3, 96, 32), dtype=torch.uint8)
    joint, surface = margins(net, images)
    lower = np.minimum(joint, surface + 0.2)
    assert scores(net, images) == pytest.approx(1 / (1 + np.exp(-lower)), abs=1e-5)
    net.allowance.fill_(-9)
    assert scores(net, images) == pytest.approx(1 / (1 + np.exp(9 - surface)), abs=1e-5)


def test_the_surface_refuses_a_tenth_of_what_may_be_refused() -> None:
    rng = np.random.default_rng(0)
    joint, surface = rng.normal(4, 1, 4000), rng.normal(9, 3, 4000)
    lower = surface + allowance(joint, surface)
    bound = np.quantile(np.minimum(joint, lower), BPCER)
    assert float((np.minimum(joint, lower) < bound).mean()) == pytest.approx(BPCER, abs=5e-4)
    assert float((lower < bound).mean()) == pytest.approx(0.1 * BPCER, abs=5e-4)
    # Whatever units its margins come in.
    moved = (surface - 20) + allowance(joint, surface - 20)
    np.testing.assert_allclose(moved, lower, atol=1e-9)
