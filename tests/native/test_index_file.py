"""A saved index opens as it was; one that is cut off, damaged or another's is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import native

MODEL = "a" * 64


def filled(count=40, dim=32, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)
    index = native.Index(dim, MODEL)
    index.add(vectors, np.arange(count) // 2)
    return index, vectors


def test_a_saved_index_opens_as_it_was(tmp_path):
    index, vectors = filled()
    index.remove(np.array([7]))
    index.save(tmp_path / "gallery")
    assert (tmp_path / "gallery").stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["gallery"]
    mapped = native.Index.open(tmp_path / "gallery", MODEL)
    mapped.verify()
    assert (mapped.dim, mapped.model, mapped.writable, len(mapped)) == (32, MODEL, False, 39)
    for one in (mapped, mapped.copy()):
        for got, want in zip(one.search(vectors, 5), index.search(vectors, 5), strict=True):
            np.testing.assert_array_equal(got, want)
        np.testing.assert_array_equal(one.people, index.people)
    copy = mapped.copy()
    assert copy.add(vectors[:1], np.array([0])).tolist() == [7]
    with pytest.raises(ValueError, match="mapped from a file and cannot be changed"):
        mapped.add(vectors[:1], np.array([0]))


def test_an_open_index_stays_when_its_file_is_replaced(tmp_path):
    index, vectors = filled()
    index.save(tmp_path / "gallery")
    mapped = native.Index.open(tmp_path / "gallery", MODEL)
    filled(3)[0].save(tmp_path / "gallery")
    assert mapped.search(vectors[:1], 1)[0].tolist() == [[0]] and len(mapped) == 40
    assert len(native.Index.open(tmp_path / "gallery", MODEL)) == 3


def test_an_empty_index_can_be_saved(tmp_path):
    native.Index(5, MODEL).save(tmp_path / "gallery")
    mapped = native.Index.open(tmp_path / "gallery", MODEL)
    mapped.verify()
    assert mapped.search(np.ones((1, 5), np.float32), 1)[0].shape == (1, 0)


def test_every_way_to_cut_a_file_off_is_refused(tmp_path):
    filled()[0].save(tmp_path / "gallery")
    whole = (tmp_path / "gallery").read_bytes()
    for size in (0, 1, 100, 4095, 4096, 4097, len(whole) // 2, len(whole) - 1, len(whole) + 1):
        (tmp_path / "cut").write_bytes((whole + b"\0")[:size])
        with pytest.raises(ValueError, match=r"too short|is cut off|has a damaged header"):
            native.Index.open(tmp_path / "cut", MODEL)


@settings(deadline=None, max_examples=40)
@given(at=st.integers(0, 119), bit=st.integers(0, 7))
def test_a_damaged_header_is_refused(tmp_path_factory, at, bit):
    folder = tmp_path_factory.mktemp("index")
    filled(3)[0].save(folder / "gallery")
    raw = bytearray((folder / "gallery").read_bytes())
    raw[at] ^= 1 << bit
    (folder / "gallery").write_bytes(raw)
    with pytest.raises(ValueError, match="path: "):
        native.Index.open(folder / "gallery", MODEL)


def test_damaged_data_are_found_by_verify(tmp_path):
    filled()[0].save(tmp_path / "gallery")
    whole = (tmp_path / "gallery").read_bytes()
    for at in (4096, 5000, len(whole) // 2, len(whole) - 1):
        raw = bytearray(whole)
        raw[at] ^= 1
        (tmp_path / "gallery").write_bytes(raw)
        with pytest.raises(ValueError, match="its file is damaged"):
            native.Index.open(tmp_path / "gallery", MODEL).verify()


def test_a_file_of_another_model_or_kind_is_refused(tmp_path):
    filled()[0].save(tmp_path / "gallery")
    with pytest.raises(ValueError, match=f"was made with model '{MODEL}', in use is 'b'"):
        native.Index.open(tmp_path / "gallery", "b")
    (tmp_path / "foreign").write_bytes(b"SQLite format 3\0" + bytes(9000))
    with pytest.raises(ValueError, match="foreign is not an index"):
        native.Index.open(tmp_path / "foreign", MODEL)
    with pytest.raises(FileNotFoundError, match="missing"):
        native.Index.open(tmp_path / "missing", MODEL)
    with pytest.raises(ValueError, match="is not a file"):
        native.Index.open(tmp_path, MODEL)


def test_what_cannot_be_saved_leaves_what_was_there(tmp_path):
    index = filled()[0]
    with pytest.raises(FileNotFoundError, match="nowhere"):
        index.save(tmp_path / "nowhere" / "gallery")
    (tmp_path / "gallery").mkdir()
    with pytest.raises(IsADirectoryError):
        index.save(tmp_path / "gallery")
    assert [p.name for p in tmp_path.iterdir()] == ["gallery"]
