"""InsightFace's files are read, and what is broken in them is named with file and place."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.recognition import recs
from training.errors import DataError
from training.recognition.sources import rec
from training.recognition.sources.rec import RecFolder
from training.recognition.sources.recordio import Records

PEOPLE = {0: 3, 1: 1, 2: 4}


@pytest.mark.parametrize("table", [True, False])
def test_people_and_pictures_are_those_that_were_written(tmp_path: Path, table: bool) -> None:
    source = RecFolder(recs.insightface(tmp_path, PEOPLE, table=table))
    assert list(source.people) == ["0", "1", "2"]
    assert source.who.tolist() == [0, 0, 0, 1, 2, 2, 2, 2]
    image = source.face(5).crop()
    assert image.shape == (112, 112, 3) and image.dtype == np.uint8
    assert np.abs(image.astype(int) - recs.picture(2, 1)).mean() < 6
    assert np.abs(image.astype(int) - recs.picture(0, 1)).mean() > 20


def test_a_table_that_cannot_count_its_pictures_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Float32 labels leave out every second number from 2^24 on: each picture is asked then."""
    folder = recs.insightface(tmp_path / "a", PEOPLE)
    monkeypatch.setattr(rec, "EXACT", 8)
    source = RecFolder(folder)
    assert source.who.tolist() == [0, 0, 0, 1, 2, 2, 2, 2]
    assert all(source.face(i).crop().shape == (112, 112, 3) for i in range(8))
    monkeypatch.undo()
    pictures = {i: recs.header(i // 3, i) + recs.jpeg(recs.picture(0, i)) for i in range(1, 7)}
    alone = recs.write(tmp_path / "b", {0: recs.header([7.0, 9.0], 0), **pictures})
    assert RecFolder(alone).who.tolist() == [0, 0, 1, 1, 1, 2], "no records behind the pictures"


def test_an_aligned_picture_is_taken_as_it_is_and_can_be_moved(tmp_path: Path) -> None:
    face = RecFolder(recs.insightface(tmp_path, PEOPLE)).face(0)
    plain = face.crop()
    still = face.crop(np.array([[1.0, 0, 0], [0, 1, 0]]))
    moved = face.crop(np.array([[1.0, 0, 3], [0, 1, 0]]))
    assert np.array_equal(plain, still)
    assert np.array_equal(moved[:, 3:], plain[:, :-3])


PARTS = st.lists(st.sampled_from([recs.MAGIC, b"\n#\xd7\xce", b"a", b"bcd", b"\0" * 4]), max_size=9)


@settings(max_examples=60, deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=4))
def test_the_magic_number_within_a_picture_is_no_new_record(
    tmp_path_factory: pytest.TempPathFactory, contents: list[list[bytes]]
) -> None:
    data = {i: recs.header(float(i), i) + b"".join(parts) for i, parts in enumerate(contents)}
    records = Records(recs.write(tmp_path_factory.mktemp("rec"), data))
    for i, parts in enumerate(contents):
        record = records.read(records.place(i))
        assert (record.content, record.label.tolist()) == (b"".join(parts), [float(i)])
        assert records.read(i, label_only=True).label.tolist() == [float(i)]


def damaged(folder: Path, at: int, value: bytes) -> Path:
    path = folder / "train.rec"
    data = bytearray(path.read_bytes())
    data[at : at + len(value)] = value
    path.write_bytes(bytes(data))
    return folder


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (0, b"abcd", "begins with 0x64636261"),
        (4, struct.pack("<I", 0x1FFFFFFF), "claims 536870911 bytes"),
        (4, struct.pack("<I", 2 << 29 | 24), "part 2 of a record where it may not be"),
        (4, struct.pack("<I", 12), "has 12 bytes, fewer than a header"),
        (8, struct.pack("<I", 9999), "a label of 9999 numbers"),
        (12, struct.pack("<f", float("nan")), "label that is not a number"),
        (12, struct.pack("<f", 1.5), r"1\.5 is no person's number"),
        (12, struct.pack("<f", -2), "-2 is no person's number"),
    ],
)
def test_a_broken_record_is_named_with_its_offset(
    tmp_path: Path, at: int, value: bytes, message: str
) -> None:
    folder = recs.insightface(tmp_path, PEOPLE)
    offset = int(Records(folder / "train.rec").offsets[1])
    with pytest.raises(DataError, match=rf"train\.rec: record 1 at byte {offset}: .*{message}"):
        RecFolder(damaged(folder, offset + at, value))


def test_a_broken_picture_is_named_when_it_is_read(tmp_path: Path) -> None:
    folder = recs.insightface(tmp_path / "a", PEOPLE)
    offset = int(Records(folder / "train.rec").offsets[2])
    source = RecFolder(damaged(folder, offset + 32, b"\0" * 200))
    with pytest.raises(DataError, match=rf"record 2 at byte {offset}: not a picture"):
        source.face(1).crop()
    folder = recs.insightface(tmp_path / "b", PEOPLE)
    offset = int(Records(folder / "train.rec").offsets[3])
    source = RecFolder(damaged(folder, offset + 12, struct.pack("<f", 7)))
    with pytest.raises(DataError, match=rf"record 3 at byte {offset}: is of person 7, not 0"):
        source.face(2).crop()


def test_a_file_cut_off_is_refused(tmp_path: Path) -> None:
    folder = recs.insightface(tmp_path, PEOPLE)
    path = folder / "train.rec"
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(DataError, match=r"train\.idx:\d+: record \d+ at byte \d+ lies outside"):
        RecFolder(folder)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("3 100", "not a key and an offset"),
        ("a\t0", "not a key and an offset"),
        ("", "not a key and an offset"),
        ("-1\t0", "lies outside"),
        ("3\t-4", "lies outside"),
    ],
)
def test_a_malformed_index_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    folder = recs.insightface(tmp_path, PEOPLE)
    index = folder / "train.idx"
    lines = index.read_text().splitlines()
    lines[2] = line
    index.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match=rf"train\.idx:3: .*{message}"):
        RecFolder(folder)


def test_a_table_that_points_nowhere_is_refused(tmp_path: Path) -> None:
    for number, ends in enumerate(([0.0, 5.0], [5.0, 5.0], [8.0, 99.0])):
        records = {0: recs.header(ends, 0)}
        records |= {i: recs.header(0.0, i) + recs.jpeg(recs.picture(0, i)) for i in range(1, 9)}
        with pytest.raises(DataError, match=r"record 0 at byte 0: a range of records"):
            RecFolder(recs.write(tmp_path / str(number), records).parent)


def test_wrong_paths_sizes_and_doubles_are_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere.*no such file.*train\.rec"):
        RecFolder(tmp_path / "nowhere")
    folder = recs.insightface(tmp_path / "a", PEOPLE)
    (folder / "property").write_text("3,128,128")
    with pytest.raises(DataError, match=r"property:1: 128 x 128, not an aligned picture"):
        RecFolder(folder)
    (folder / "property").write_text("three")
    with pytest.raises(DataError, match=r"property:1: not people,height,width"):
        RecFolder(folder)
    (folder / "property").unlink()
    index = folder / "train.idx"
    text = index.read_text()
    index.write_text(text + "2\t0\n")
    with pytest.raises(DataError, match=r"train\.idx: names record 2 twice"):
        RecFolder(folder)
    index.unlink()
    with pytest.raises(DataError, match=r"train\.idx: no such file"):
        RecFolder(folder)
    large = {i: recs.header(0.0, i) + recs.jpeg(recs.picture(0, i, 96)) for i in range(3)}
    source = RecFolder(recs.write(tmp_path / "b", large))
    with pytest.raises(DataError, match=r"record 1 at byte \d+: 96 x 96, not an aligned"):
        source.face(1).crop()
    empty = recs.write(tmp_path / "c", {i: recs.header(0.0, i) for i in range(3)})
    with pytest.raises(DataError, match=r"train\.rec: holds no picture"):
        RecFolder(empty)
