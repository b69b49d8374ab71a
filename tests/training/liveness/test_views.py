"""What training sees of a list: crops, whose near crop it is, veils, and how often which label."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from rich.console import Console

from training.errors import DataError
from training.liveness import crops, samples
from training.liveness.dataset import Presentations, balanced, veiled
from training.liveness.model import Design
from training.liveness.samples import picture
from training.liveness.store import Store
from training.sampling import Key

Make = Callable[..., Path]


def test_views_from_the_store_are_those_from_the_frame(make_list: Make, tmp_path: Path) -> None:
    found = samples.read(make_list("some", "a", 2))
    spec = Design().spec
    store = Store.of(found, spec, tmp_path / "cache", Console(stderr=True))
    box = found[1].box + np.array([3, -2, 5, 4], np.float32)
    direct = crops.cut(picture(found[1]), box, spec).astype(float)
    assert np.abs(store.cut(1, box) - direct).mean() < 3
    # Another box shows something else, so the figure above says something.
    assert np.abs(store.cut(1, found[1].box) - direct).mean() > 4
    again = Store.of(found, spec, tmp_path / "cache", Console(stderr=True))
    np.testing.assert_array_equal(again.kept, store.kept)
    assert len(list((tmp_path / "cache").glob("*.npz"))) == 1


def test_a_view_follows_from_its_key_alone(make_list: Make, tmp_path: Path) -> None:
    found = samples.read(make_list("some", "a", 3))
    store = Store.of(found, Design().spec, tmp_path, Console(stderr=True))
    data = Presentations(store, seed=1)
    first, same, other = (data[Key(*k)] for k in ((2, 1, 0), (2, 1, 0), (2, 1, 1)))
    assert torch.equal(first.image, same.image)
    assert not torch.equal(first.image, other.image)
    assert torch.isnan(first.teacher)


def test_of_frames_of_few_people_nobodys_face_is_learned(
    make_list: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The near crop comes from another picture of the label; in the others the face is a blot."""
    sheet = samples.read(make_list("some", "a", 4))
    wide = samples.read(make_list("wide", "b", 4, ("print",)))
    for sample in wide:  # the same, small in a wide frame
        image = cv2.copyMakeBorder(picture(sample), 300, 300, 300, 300, cv2.BORDER_REPLICATE)
        cv2.imwrite(str(sample.picture), image)
    moved = [replace(s, box=s.box + 300) for s in wide]
    store = Store.of([*sheet, *moved], Design().spec, tmp_path, Console(stderr=True))
    assert store.surrounded().tolist() == [False] * 8 + [True] * 8
    assert not Presentations(store, seed=1).familiar.any()  # eight frames are few
    monkeypatch.setattr("training.liveness.dataset.OFTEN", 7)
    data = Presentations(store, seed=1)
    assert data.familiar.tolist() == [False] * 8 + [True] * 8
    rng = np.random.default_rng(0)
    own = store.cut(8, moved[0].box)
    bare = store.map(8, moved[0].box)
    seen = [data._of_nobody(own.copy(), bare.copy(), "live", rng)[0] for _ in range(20)]
    assert all(np.abs(s[:72].astype(int) - own[:72]).mean() > 1 for s in seen)
    hides = [bool((s[72:] != own[72:]).any()) for s in seen]
    assert 8 <= sum(hides) <= 19
    blot = seen[hides.index(True)][72:144]
    np.testing.assert_array_equal(blot[:, :8], own[72:144, :8])
    assert np.abs(blot[26:46, 30:42].astype(int) - own[98:118, 30:42]).max() > 3


def test_half_of_the_views_of_few_people_show_what_skin_looks_like_to_that_camera(
    make_list: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Living ones alone: of attacks, each view shows somebody else's near crop."""
    found = samples.read(make_list("wide", "b", 4))
    store = Store.of(found, Design().spec, tmp_path, Console(stderr=True))
    data = Presentations(store, seed=1)
    data.familiar[:] = True
    asked: list[str] = []

    def of_nobody(image: Any, medium: Any, label: str, rng: Any) -> tuple[Any, Any]:
        del rng
        asked.append(label)
        return image, medium

    monkeypatch.setattr(data, "_of_nobody", of_nobody)
    for repeat in range(60):
        for index in (0, 4):
            data[Key(1, index, repeat)]
    assert [found[i].label for i in (0, 4)] == ["live", "print"]
    assert asked.count("print") == 60 and 15 <= asked.count("live") <= 45


def test_of_the_living_who_were_cut_out_another_is_seen_from_near(
    make_list: Make, tmp_path: Path
) -> None:
    plain = samples.read(make_list("plain", "a", 3))
    stood = [
        replace(s, parameters={"scene": {"staged": True}})
        for s in samples.read(make_list("st", "b", 3))
    ]
    store = Store.of([*plain, *stood], Design().spec, tmp_path, Console(stderr=True))
    data = Presentations(store, seed=1, strength=0)
    assert data.others["live"] == [0, 1, 2]
    assert data.others["print"] == [3, 4, 5, 9, 10, 11]
    rng = np.random.default_rng(0)
    own = store.cut(6, stood[0].box)
    seen, _ = data._with_near(own.copy(), store.map(6, stood[0].box), "live", rng)
    np.testing.assert_array_equal(seen[72:], own[72:])
    assert np.abs(seen[:72].astype(int) - own[:72]).mean() > 1


def test_a_veil_takes_contrast_and_colour(make_list: Make) -> None:
    image = picture(samples.read(make_list("one", "a", 1))[0])
    rng = np.random.default_rng(2)
    for _ in range(20):
        pale = veiled(image, rng)
        assert pale.std() < image.std() and pale.shape == image.shape
        assert np.ptp(pale.astype(int), axis=2).mean() < np.ptp(image.astype(int), axis=2).mean()


def test_half_is_live_and_instruments_share_the_rest(make_list: Make) -> None:
    found = samples.read(make_list("mixed", "a", 4, ("print", "phone")))
    weights = balanced(found)
    live = np.array([s.live for s in found])
    assert weights[live].sum() == pytest.approx(0.5)
    phone = np.array([s.label == "phone" for s in found])
    assert weights[phone].sum() == pytest.approx(0.25)
    more = balanced(found, {"phone": 3.0})
    assert more[live].sum() == pytest.approx(0.5)
    assert more[phone].sum() == pytest.approx(0.375) and more.sum() == pytest.approx(1)
    with pytest.raises(DataError, match="both needed"):
        balanced([s for s in found if s.live])


def test_instruments_can_be_kept_from_a_training(make_list: Make, tmp_path: Path) -> None:
    found = samples.read(make_list("mixed", "a", 4, ("print", "phone")))
    store = Store.of(found, Design().spec, tmp_path, Console(stderr=True))
    data = Presentations(store, seed=1, leave_out=["print"])
    assert len(data) == len(data.weights) == 8
    assert {found[i].label for i in data.chosen} == {"live", "phone"}
    last = data[Key(0, 7)]
    assert int(last.live) == 0
