"""Trees and records become numbered people, split by name; samples follow from their key."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch

from edge.errors import UsageError
from tests.training.recognition import recs, trees
from training.errors import DataError
from training.recognition.dataset import IdentityDataset, PeopleDataset
from training.recognition.faces import Views
from training.recognition.sources.image_folder import ImageFolder
from training.recognition.sources.sets import Faces, read_set, split, thinned
from training.sampling import Key
from training.split import is_validation


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five people for training, three held back; the first has one picture, the others 2 or 3."""
    folder = tmp_path_factory.mktemp("data") / "tree"
    trees.tree(folder, {n: 1 if i == 0 else 2 + i % 2 for i, n in enumerate(trees.names(5, 3))})
    return folder


def source_of(folder: Path) -> ImageFolder:
    return ImageFolder(folder, folder.with_suffix(".csv"))


def test_the_crop_is_the_aligned_face(tree: Path) -> None:
    source = source_of(tree)
    for index in range(len(source.who)):
        person = trees.names(5, 3).index(source.people[source.who[index]])
        apart = [
            np.abs(source.face(index).crop()[10:-10, 10:-10].astype(int) - other).mean()
            for other in (recs.picture(p, 0)[10:-10, 10:-10] for p in range(8))
        ]
        assert int(np.argmin(apart)) == person and min(apart) < 12


def test_a_tar_is_as_good_as_its_folder(tree: Path, tmp_path: Path) -> None:
    path = tmp_path / "tree.tar"
    with tarfile.open(path, "w") as tar:
        tar.add(tree, "lfw")
    packed, plain = ImageFolder(path, tree.with_suffix(".csv")), source_of(tree)
    assert list(packed.people) == list(plain.people)
    assert np.array_equal(packed.face(3).crop(), plain.face(3).crop())


def test_people_are_split_by_name_and_numbered_without_gaps(tree: Path) -> None:
    source = source_of(tree)
    training, held, notes = split([source], least=2)
    assert (training.people, held.people) == (4, 3)
    assert notes == ["1 people with fewer than 2 pictures are left out"]
    for faces, side in ((training, False), (held, True)):
        assert sorted(set(faces.label.tolist())) == list(range(faces.people))
        whose = {source.people[source.who[i]] for i in faces.index}
        assert {is_validation(name) for name in whose} == {side}
        of_label = {
            label: {source.people[source.who[i]] for i in faces.index[faces.label == label]}
            for label in range(faces.people)
        }
        assert all(len(people) == 1 for people in of_label.values())
    assert len(split([source], least=1)[0]) == len(training) + 1


def test_people_of_different_sets_are_different(tree: Path, tmp_path: Path) -> None:
    rec = recs.insightface(tmp_path, dict.fromkeys(range(80), 2))
    numbered = [read_set(["rec", str(rec)]), source_of(tree), source_of(tree)]
    training, held, _ = split(numbered, least=2)
    each = [split([source], least=2)[:2] for source in numbered]
    assert training.people == sum(t.people for t, _ in each)
    assert held.people == sum(h.people for _, h in each)
    for i in range(0, len(training), 7):
        assert training.face(i).crop().shape == (112, 112, 3)


def test_too_few_people_are_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="leave 1 people with 2 pictures or more for training"):
        split([source_of_tree(tmp_path / "a", 1, 3)], least=2)
    with pytest.raises(DataError, match="hold back 1 people"):
        split([source_of_tree(tmp_path / "b", 3, 1)], least=2)


def source_of_tree(folder: Path, training: int, held: int) -> ImageFolder:
    trees.tree(folder, dict.fromkeys(trees.names(training, held), 2))
    return source_of(folder)


def test_pictures_without_a_labelled_face_are_counted(tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    path = trees.tree(folder, dict.fromkeys(trees.names(3, 2), 2))
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:-3]) + "\n")
    assert source_of(folder).notes == [
        f"3 pictures without a face with 68 points in {folder.with_suffix('.csv')}"
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["folder"], "takes KIND PATH"),
        (["lfw", "x"], "takes KIND PATH"),
        (["folder", "x"], r"needs labels=CSV, of python -m training\.label x"),
        (["folder", "x", "label=a.csv"], r"'label=a\.csv': takes labels="),
        (["rec", "x", "labels=a.csv"], "takes no options"),
    ],
)
def test_words_of_a_set_that_are_wrong_are_said(words: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_set(words)


def test_wrong_files_and_lines_are_named(tree: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    with pytest.raises(DataError, match="nowhere"):
        read_set(["folder", str(tmp_path / "nowhere"), f"labels={tree.with_suffix('.csv')}"])
    with pytest.raises(DataError, match=r"labels\.csv"):
        read_set(["folder", str(tree), f"labels={labels}"])
    lines = tree.with_suffix(".csv").read_text().splitlines()
    for number, line, message in (
        (2, "a.png,1,2,x", r"labels\.csv:3: 4 fields"),
        (3, lines[3].replace("Person", "Nobody"), "names 'Nobody_"),
    ):
        labels.write_text("\n".join([*lines[:number], line, *lines[number + 1 :]]))
        with pytest.raises(DataError, match=message):
            read_set(["folder", str(tree), f"labels={labels}"])


def numbered(counts: list[int]) -> Faces:
    label = np.repeat(np.arange(len(counts)), counts)
    return Faces([], np.zeros_like(label), np.arange(len(label)), label)


def test_validation_is_thinned_by_whole_people() -> None:
    counts = [1] * 50 + [4] * 30
    some = thinned(numbered(counts), 60)
    assert sorted(np.bincount(some.label).tolist()) == [4] * 15
    more = thinned(numbered(counts), 140)
    assert np.bincount(more.label).tolist().count(4) == 30 and len(more) == 140
    assert thinned(numbered(counts), 1000).people == 80


def test_a_sample_follows_from_its_key(tree: Path) -> None:
    training, _, _ = split([source_of(tree)], least=2)
    one, two = (IdentityDataset(training, Views(), seed=4) for _ in range(2))
    first, again, later = one[Key(0, 2)], two[Key(0, 2)], one[Key(1, 2)]
    assert torch.equal(first.image, again.image) and not torch.equal(first.image, later.image)
    assert (first.image.shape, first.image.dtype) == ((3, 112, 112), torch.uint8)
    assert int(first.label) == training.label[2]


def test_a_batch_of_people_shows_everybodys_pictures_once_an_epoch() -> None:
    people = PeopleDataset(numbered([2, 3, 8, 9]), Views(), seed=1, count=4)
    assert len(people) == 1 + 1 + 2 + 2
    shown = [people.chosen(Key(5, i)) for i in range(len(people))]
    for i, indices in enumerate(shown):
        assert len(indices) == 4
        assert set(people.single.faces.label[indices]) == {people.person[i]}
    eight = np.concatenate(shown[2:4])
    assert sorted(eight) == list(range(5, 13)), "each of the eight once"
    assert len(set(np.concatenate(shown[4:6]))) == 8
    other = [people.chosen(Key(6, i)) for i in range(len(people))]
    assert any(not np.array_equal(a, b) for a, b in zip(shown, other, strict=True))
    with pytest.raises(UsageError, match="at least 2 pictures"):
        PeopleDataset(numbered([2, 3]), Views(), seed=1, count=1)


def test_a_person_of_a_batch_is_seen_in_several_views(tree: Path) -> None:
    training, _, _ = split([source_of(tree)], least=2)
    sample = PeopleDataset(training, Views(), seed=1, count=4)[Key(0, 1)]
    assert sample.image.shape == (4, 3, 112, 112) and sample.label.tolist() == [1] * 4
    assert all(not torch.equal(sample.image[0], other) for other in sample.image[1:])
