"""The index answers as scoring every row would, whatever is added or removed."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import native

ROOT = Path(__file__).parents[2]
MODEL = "a" * 64


def every_row(probe, vectors):
    """Scores of all rows, (N,), by the kernel that has no copies."""
    rows, scores = native.match(probe, vectors, len(vectors))
    return scores[np.argsort(rows)]


def ranked(scores, ids, k):
    """The k best ids, equal scores by lowest id, and their scores."""
    order = np.lexsort((ids, -scores))[:k]
    return np.asarray(ids)[order], scores[order]


def clustered(random, count, dim, people):
    """Vectors of people, alike within a person, and whose they are; all people occur."""
    centres = random.normal(size=(people, dim))
    who = np.concatenate([np.arange(people), random.integers(0, people, count - people)])
    vectors = centres[who] + random.uniform(0.05, 1) * random.normal(size=(count, dim))
    return (vectors * random.uniform(0.1, 9, (count, 1))).astype(np.float32), who, centres


@settings(deadline=None)
@given(
    count=st.integers(1, 200),
    dim=st.integers(1, 150),
    probes=st.integers(1, 8),
    k=st.integers(1, 30),
    seed=st.integers(0, 10_000),
)
def test_rows_people_and_means_are_those_of_every_row_scored(count, dim, probes, k, seed):
    random = np.random.default_rng(seed)
    vectors, who, centres = clustered(random, count, dim, 1 + count // 4)
    index = native.Index(dim, MODEL)
    assert index.add(vectors, who).tolist() == list(range(count))
    asked = random.normal(size=(probes, dim)) + centres[random.integers(0, len(centres), probes)]
    asked = asked.astype(np.float32)

    rows, scores = index.search(asked, k)
    best, best_scores = index.search_people(asked, k, by="max")
    mean, mean_scores = index.search_people(asked, k, by="mean")
    assert rows.dtype == best.dtype == mean.dtype == np.int64
    assert scores.dtype == best_scores.dtype == mean_scores.dtype == np.float32
    people = np.unique(who)
    for i, probe in enumerate(asked):
        all_scores = every_row(probe, vectors)
        want, want_scores = ranked(all_scores, np.arange(count), k)
        assert rows[i].tolist() == want.tolist()
        assert scores[i].tolist() == want_scores.tolist()
        each = [all_scores[who == person] for person in people]
        want, want_scores = ranked(np.array([s.max() for s in each]), people, k)
        assert best[i].tolist() == want.tolist()
        assert best_scores[i].tolist() == want_scores.tolist()
        means = np.array([np.float32(sum(s.tolist()) / len(s)) for s in each])
        want, want_scores = ranked(means, people, k)
        assert mean[i].tolist() == want.tolist()
        assert mean_scores[i].tolist() == want_scores.tolist()


@settings(deadline=None)
@given(rows=st.integers(1, 60), k=st.integers(1, 60), seed=st.integers(0, 1000))
def test_ties_go_to_the_lowest_row(rows, k, seed):
    vectors = np.random.default_rng(seed).choice([-1.0, 1.0], (rows, 3)).astype(np.float32)
    index = native.Index(3, MODEL)
    index.add(vectors, np.arange(rows))
    probe = np.array([[1, 1, 1]], np.float32)
    want = np.argsort(-(vectors @ probe[0]), kind="stable")[:k]
    assert index.search(probe, k)[0][0].tolist() == want.tolist()
    assert index.search_people(probe, k, by="max")[0][0].tolist() == want.tolist()


def test_rows_closer_than_the_copies_can_tell_are_told_apart():
    random = np.random.default_rng(5)
    base = random.normal(size=512)
    vectors = (base + 1e-5 * random.normal(size=(3000, 512))).astype(np.float32)
    index = native.Index(512, MODEL)
    index.add(vectors, np.arange(3000))
    probe = (base + 1e-5 * random.normal(size=512)).astype(np.float32)
    rows, scores = index.search(probe[None], 20)
    want, want_scores = native.match(probe, vectors, 20)
    assert rows[0].tolist() == want.tolist() and scores[0].tolist() == want_scores.tolist()


FORCED = """
import numpy as np, native
random = np.random.default_rng(3)
vectors = random.normal(size=(3000, 200)).astype(np.float32)
index = native.Index(200, "m")
index.add(vectors, np.arange(3000) // 3)
probes = random.normal(size=(11, 200)).astype(np.float32)
for asked in (probes, probes[:1]):
    for answers in (index.search(asked, 9), index.search_people(asked, 9, by="max"),
                    index.search_people(asked, 9, by="mean")):
        print(*(a.tobytes().hex() for a in answers))
index.save("%s")
print(native.dispatch()["index"])
"""


def test_every_instruction_set_gives_the_same_bytes(tmp_path):
    said, files = [], []
    for name in native.instruction_sets():
        path = tmp_path / name
        done = subprocess.run(
            [sys.executable, "-c", FORCED % path],
            cwd=ROOT,
            env={**os.environ, "FACEGATE_KERNELS": name},
            capture_output=True,
            text=True,
            check=True,
        )
        *answers, used = done.stdout.split("\n")[:-1]
        # Permuting bytes is of no use to a scan.
        assert used == ("avx512vnni" if name == "avx512vbmi" else name)
        said.append(answers)
        files.append(path.read_bytes())
    assert said[0] and all(answers == said[0] for answers in said)
    assert all(file == files[0] for file in files)


def filled(count=40, dim=32, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)
    index = native.Index(dim, MODEL)
    index.add(vectors, np.arange(count) // 2)
    return index, vectors


def test_an_empty_index_gives_empty_answers():
    index = native.Index(8, MODEL)
    probes = np.ones((3, 8), np.float32)
    for ids, scores in (
        index.search(probes, 2),
        index.search_people(probes, 2, by="max"),
        index.search_people(probes, 2, by="mean"),
    ):
        assert ids.shape == scores.shape == (3, 0)
    assert len(index) == 0 and index.people.shape == (0,)


def test_a_removed_row_is_not_found_and_its_place_is_used_again():
    index, vectors = filled()
    index.remove(np.array([4, 5, 30]))
    assert len(index) == 37 and index.people[[4, 5, 30]].tolist() == [-1, -1, -1]
    rows, _ = index.search(vectors[[4, 5, 30]], 40)
    assert rows.shape == (3, 37) and not {4, 5, 30} & set(rows.ravel().tolist())
    assert 2 not in index.search_people(vectors[[4]], 40, by="mean")[0]
    assert index.add(vectors[[30, 5]], np.array([7, 8])).tolist() == [4, 5]
    assert index.search(vectors[[30]], 1)[0].tolist() == [[4]]
    with pytest.raises(ValueError, match="row 30 is not in use"):
        index.vector(30)


def test_a_replaced_row_is_found_by_its_new_vector_alone():
    index, vectors = filled()
    index.replace(np.array([3]), -vectors[[3]])
    assert index.search(-vectors[[3]], 1)[0].tolist() == [[3]]
    assert index.search(vectors[[3]], 40)[0][0, -1] == 3
    np.testing.assert_array_equal(index.vector(3), -vectors[3])
    assert index.people[3] == 1


def test_a_change_is_seen_whole_or_not_at_all():
    """All rows are replaced at once, to and fro; every search must fit one of the two states."""
    index, first = filled(200, 64)
    second = np.random.default_rng(1).normal(size=first.shape).astype(np.float32)
    rows = np.arange(200)
    probe = first[:1] + second[:1]
    wanted = {}
    for name, vectors in (("first", first), ("second", second)):
        index.replace(rows, vectors)
        wanted[index.search(probe, 200)[1].tobytes()] = name
    assert len(wanted) == 2
    seen, stop = [], threading.Event()

    def look():
        while not stop.is_set():
            seen.append(wanted.get(index.search(probe, 200)[1].tobytes(), "torn"))

    readers = [threading.Thread(target=look) for _ in range(3)]
    for reader in readers:
        reader.start()
    end = time.monotonic() + 30
    i = 0
    while i < 400 or (len(set(seen)) < 2 and time.monotonic() < end):
        index.replace(rows, (first, second)[i % 2])
        i += 1
    stop.set()
    for reader in readers:
        reader.join()
    assert set(seen) == {"first", "second"}


def test_a_writer_gets_in_between_searches_that_never_pause():
    index, vectors = filled(20_000, 64)
    stop = threading.Event()

    def look():
        while not stop.is_set():
            index.search(vectors[:4], 5)

    readers = [threading.Thread(target=look) for _ in range(3)]
    for reader in readers:
        reader.start()
    removing = threading.Thread(target=index.remove, args=(np.array([0]),))
    removing.start()
    removing.join(20)
    alive = removing.is_alive()
    stop.set()
    for thread in (*readers, removing):
        thread.join()
    assert not alive and index.people[0] == -1


ONE = np.ones((1, 3), np.float32)
WHO = np.zeros(1, np.int64)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda i: native.Index(0, "m"), ValueError, "dim: need at least 1, got 0"),
        (lambda i: native.Index(4097, "m"), ValueError, "dim: need 1..4096, got 4097"),
        (lambda i: native.Index(3, ""), ValueError, "model: need 1..64 printable"),
        (lambda i: native.Index(3, "x" * 65), ValueError, "model: need 1..64 printable"),
        (lambda i: native.Index(3, "\n"), ValueError, "model: need 1..64 printable"),
        (lambda i: i.add(ONE[0], WHO), ValueError, r"vectors: need a float32 array \(N, D\)"),
        (lambda i: i.add(ONE[:, :2].copy(), WHO), ValueError, "vectors: need .*got float32"),
        (lambda i: i.add(ONE.astype(np.float64), WHO), TypeError, "vectors: .*got float64"),
        (lambda i: i.add(np.ones((2, 6), np.float32)[:, ::2], WHO), ValueError, "C-contiguous"),
        (lambda i: i.add(ONE * 0, WHO), ValueError, "vectors: row 0 is a zero vector or not fin"),
        (lambda i: i.add(ONE * np.float32(np.nan), WHO), ValueError, "vectors: row 0 is a zero"),
        (lambda i: i.add(ONE * np.float32(np.inf), WHO), ValueError, "vectors: row 0 is a zero"),
        (lambda i: i.add(ONE, WHO - 1), ValueError, "people: element 0 is below 0"),
        (lambda i: i.add(ONE, WHO[:0]), ValueError, "people: need one for each vector"),
        (lambda i: i.add(ONE, [0]), TypeError, "people: need an int64 array .*got list"),
        (lambda i: i.remove(WHO + 1), ValueError, "rows: row 1 is not in use"),
        (lambda i: i.remove(WHO - 1), ValueError, "rows: row -1 is not in use"),
        (lambda i: i.remove(WHO + 2**62), ValueError, "rows: row 4611686018427387904 is not"),
        (lambda i: i.remove(np.zeros(2, np.int64)), ValueError, "rows: row 0 is named twice"),
        (lambda i: i.replace(WHO + 1, ONE), ValueError, "rows: row 1 is not in use"),
        (lambda i: i.replace(WHO, ONE[:0]), ValueError, "vectors: need one for each row"),
        (lambda i: i.vector(1), ValueError, "rows: row 1 is not in use"),
        (lambda i: i.search(ONE, 0), ValueError, "k: need at least 1, got 0"),
        (lambda i: i.search(ONE[:0], 1), ValueError, "probes: need at least one"),
        (lambda i: i.search(ONE * 0, 1), ValueError, "probes: row 0 is a zero vector"),
        (lambda i: i.search(ONE[0], 1), ValueError, r"probes: need a float32 array \(N, D\)"),
        (lambda i: i.search_people(ONE, 1, by="median"), ValueError, "by: need 'max' or 'mean'"),
    ],
)
def test_bad_input_is_named_and_changes_nothing(call, error, message):
    index = native.Index(3, MODEL)
    index.add(ONE, WHO)
    with pytest.raises(error, match=message):
        call(index)
    assert index.people.tolist() == [0, *[-1] * 15] and index.vector(0).tolist() == [1, 1, 1]


def test_a_search_is_called_as_it_says():
    index = native.Index(4, MODEL)
    probe = np.ones((1, 4), np.float32)
    index.add(probe, np.array([7]))
    for found in (index.search(probe, 1), index.search(k=1, probes=probe)):
        assert found[0].tolist() == [[0]] and found[1].tolist() == [[1]]
    for call, message in (
        (lambda: index.search(probe), "needs 'k'"),
        (lambda: index.search(probe, 1, 2), "takes 2 arguments without a name, got 3"),
        (lambda: index.search(probe, n=1), "no argument 'n'"),
        (lambda: index.search(probe, 1, k=1), "got 'k' twice"),
        (lambda: index.search(probe, "1"), "k: need an integer, got str"),
        (lambda: native.Index.search(probe, probe, 1), "Index"),
        (lambda: native.Index.__new__(native.Index).search(probe, 1), "never initialised"),
    ):
        with pytest.raises(TypeError, match=message):
            call()
