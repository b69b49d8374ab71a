"""The gallery: what it refuses to hold, and its search against a plain reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.errors import BadName, BadTemplate, EmbedderMismatch, NumericError
from edge.gallery import Gallery, Match, Person, Template, clean_name
from edge.vault import Vault

SHA, OTHER = "ab" * 32, "cd" * 32
D = 32


def template(vector: NDArray[np.float32], sha: str = SHA) -> Template:
    return Template(vector, sha, 0.0, 0.0, 0.0, 0.0, 1.0, "test")


def axis(*weights: float, length: int = D) -> NDArray[np.float32]:
    """A vector with these first values, the rest zero."""
    vector = np.zeros(length, np.float32)
    vector[: len(weights)] = weights
    return vector


def person(name: str, *vectors: NDArray[np.float32], sha: str = SHA) -> Person:
    return Person(name, tuple(template(v, sha) for v in vectors), 0.0)


def test_an_empty_gallery_matches_nobody() -> None:
    gallery = Gallery([], SHA, D)
    assert len(gallery) == 0 and gallery.matrix.shape == (0, D)
    assert gallery.search(axis(1)) is None


def test_rows_are_every_template_and_the_renormalised_mean() -> None:
    gallery = Gallery([person("Ada", axis(3), axis(0, 5)), person("Bob", axis(0, 0, 2))], SHA, D)
    half = np.sqrt(0.5)
    expected = np.stack([axis(1), axis(0, 1), axis(half, half), axis(0, 0, 1), axis(0, 0, 1)])
    np.testing.assert_allclose(gallery.matrix, expected, atol=1e-7)
    assert gallery.matrix.dtype == np.float32
    assert gallery.row_person.tolist() == [0, 0, 0, 1, 1]
    assert gallery.is_mean.tolist() == [False, False, True, False, True]
    assert gallery.names == ("Ada", "Bob")


def test_a_snapshot_cannot_be_changed() -> None:
    given_vector = axis(1)
    stored = template(given_vector)
    gallery = Gallery([Person("Ada", (stored,), 0.0)], SHA, D)
    given_vector[:] = 7  # the caller's buffer is the caller's
    assert stored.vector[0] == 1
    for array in (gallery.matrix, gallery.row_person, gallery.is_mean, stored.vector):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_a_persons_score_is_their_best_row_and_the_margin_is_to_the_next_person() -> None:
    gallery = Gallery(
        [person("Ada", axis(1), axis(0.9, 0.1)), person("Bob", axis(0, 1)), person("Cy", axis(-1))],
        SHA,
        D,
    )
    match = gallery.search(axis(2, 1))  # Ada's other rows come before Bob's
    assert match is not None
    ada = np.dot([2, 1], [0.9, 0.1]) / np.linalg.norm([2, 1]) / np.linalg.norm([0.9, 0.1])
    bob = 1 / np.sqrt(5)
    assert (match.person, match.second_person) == ("Ada", "Bob")
    assert match.score == pytest.approx(ada, abs=1e-6)
    assert match.second_score == pytest.approx(bob, abs=1e-6)
    assert match.margin == pytest.approx(ada - bob, abs=1e-6)


def test_the_mean_can_be_the_best_row() -> None:
    gallery = Gallery([person("Ada", axis(1), axis(0, 1))], SHA, D)
    match = gallery.search(axis(1, 1))
    assert match is not None and match.score == pytest.approx(1.0, abs=1e-6)


def test_a_score_keeps_its_sign() -> None:
    match = Gallery([person("Ada", axis(1))], SHA, D).search(axis(-3))
    assert match is not None and match.score == pytest.approx(-1.0, abs=1e-6)


def test_alone_in_the_gallery_there_is_no_second_and_the_margin_is_finite() -> None:
    match = Gallery([person("Ada", axis(1), axis(1, 0.2))], SHA, D).search(axis(1))
    assert match is not None
    assert (match.second_person, match.second_score) == (None, None)
    assert match.margin == pytest.approx(2.0, abs=1e-6)


def reference(gallery: Gallery, people: list[Person], probe: NDArray[np.float32]) -> Match:
    """Scores of everyone in double precision, person by person."""
    scores = []
    for someone in people:
        rows = [
            t.vector.astype(float) / np.linalg.norm(t.vector.astype(float))
            for t in someone.templates
        ]
        rows.append(np.mean(rows, axis=0) / np.linalg.norm(np.mean(rows, axis=0)))
        unit = probe.astype(float) / np.linalg.norm(probe.astype(float))
        scores.append(max(float(row @ unit) for row in rows))
    order = sorted(range(len(people)), key=lambda i: -scores[i])
    first, second = order[0], order[1]
    return Match(
        people[first].name,
        scores[first],
        people[second].name,
        scores[second],
        scores[first] - scores[second],
    )


@given(seed=st.integers(0, 2**32 - 1), counts=st.lists(st.integers(1, 9), min_size=2, max_size=12))
@settings(max_examples=150, deadline=None)
def test_search_agrees_with_the_reference(seed: int, counts: list[int]) -> None:
    rng = np.random.default_rng(seed)
    people = []
    for number, count in enumerate(counts):
        centre = rng.standard_normal(D)
        vectors = (centre + rng.standard_normal((count, D))).astype(np.float32)
        vectors *= np.float32(10.0 ** rng.uniform(-3, 3))
        people.append(person(f"person {number}", *vectors))
    gallery = Gallery(people, SHA, D)
    probe = (people[0].templates[0].vector + rng.standard_normal(D)).astype(np.float32)
    got, wanted = gallery.search(probe), reference(gallery, people, probe)
    assert got is not None and got.second_score is not None and wanted.second_score is not None
    assert got.score == pytest.approx(wanted.score, abs=1e-5)
    assert got.second_score == pytest.approx(wanted.second_score, abs=1e-5)
    assert got.margin == pytest.approx(wanted.margin, abs=2e-5)
    if wanted.margin > 1e-5:
        assert got.person == wanted.person


def test_templates_of_another_embedder_are_refused_naming_who_and_both() -> None:
    people = [
        person("Ada", axis(1)),
        person("Bob", axis(1), sha=OTHER),
        person("Cy", axis(1), sha=OTHER),
    ]
    with pytest.raises(EmbedderMismatch) as caught:
        Gallery(people, SHA, D)
    said = str(caught.value)
    assert all(word in said for word in ("Bob", "Cy", SHA, OTHER)) and "Ada" not in said


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_vectors_that_are_not_finite_are_refused(value: float) -> None:
    with pytest.raises(BadTemplate, match="finite"):
        template(axis(1, value))
    with pytest.raises(NumericError):
        Gallery([person("Ada", axis(1))], SHA, D).search(axis(1, value))


def test_zero_vectors_are_refused() -> None:
    with pytest.raises(BadTemplate, match="zeros"):
        template(axis(0))
    with pytest.raises(NumericError):
        Gallery([person("Ada", axis(1))], SHA, D).search(axis(0))


@pytest.mark.parametrize(
    "vector", [axis(1).astype(np.float64), axis(1).reshape(1, D), axis(1, length=15)]
)
def test_vectors_of_another_form_are_refused(vector: NDArray[np.float32]) -> None:
    with pytest.raises(BadTemplate, match="float32"):
        template(vector)


def test_a_vector_or_probe_of_another_length_is_refused() -> None:
    with pytest.raises(BadTemplate, match=r"Ada has 16 values.*32"):
        Gallery([person("Ada", axis(1, length=16))], SHA, D)
    gallery = Gallery([person("Ada", axis(1))], SHA, D)
    for probe in (axis(1, length=31), axis(1).astype(np.float64)):
        with pytest.raises(BadTemplate, match="the probe is"):
            gallery.search(probe)


def test_templates_that_cancel_out_are_refused() -> None:
    with pytest.raises(BadTemplate, match="cancel"):
        Gallery([person("Ada", axis(1), axis(-1))], SHA, D)
    with pytest.raises(BadTemplate, match="no template"):
        Gallery([Person("Ada", (), 0.0)], SHA, D)


def test_extreme_magnitudes_are_only_directions() -> None:
    tiny, huge = axis(1e-38, 1e-38), axis(3e38, -3e38)
    gallery = Gallery([person("Tiny", tiny), person("Huge", huge)], SHA, D)
    np.testing.assert_allclose(np.linalg.norm(gallery.matrix, axis=1), 1, atol=1e-6)
    match = gallery.search(axis(1, 1))
    assert match is not None and match.person == "Tiny" and match.score == pytest.approx(1)


@pytest.mark.parametrize(
    "field, value",
    [
        ("embedder_sha256", "AB" * 32),
        ("embedder_sha256", "ab" * 31),
        ("created", float("nan")),
        ("yaw", 181.0),
        ("pitch", float("inf")),
        ("roll", -180.5),
        ("quality", float("nan")),
        ("source", "x" * 257),
        ("source", "two\nlines"),
    ],
)
def test_a_template_checks_what_is_said_of_it(field: str, value: object) -> None:
    about: dict[str, object] = {
        "embedder_sha256": SHA,
        "created": 0.0,
        "yaw": 0.0,
        "pitch": 0.0,
        "roll": 0.0,
        "quality": 1.0,
        "source": "",
    }
    Template(axis(1), **about)  # type: ignore[arg-type]
    with pytest.raises(BadTemplate):
        Template(axis(1), **(about | {field: value}))  # type: ignore[arg-type]


def test_names_are_composed_and_checked() -> None:
    assert clean_name("Zoe\u0308 O'Neil-李") == "Zoë O'Neil-李"
    assert clean_name("x" * 64) == "x" * 64
    with pytest.raises(BadName):
        clean_name("x" * 65)


def test_an_enrolment_by_another_process_arrives_as_a_new_gallery(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Vault(state) as daemon, Vault(state) as enroller:
        gallery = Gallery.load(daemon, SHA, D)
        assert (len(gallery), gallery.generation) == (0, 0)
        assert gallery.reload_if_changed(daemon) is gallery
        enroller.add("Ada", [template(axis(1))])
        newer = gallery.reload_if_changed(daemon)
        assert (newer.names, newer.generation) == (("Ada",), 1)
        assert gallery.names == ()  # who still searches the old one is not disturbed
        assert newer.reload_if_changed(daemon) is newer
        enroller.remove("Ada")
        assert newer.reload_if_changed(daemon).search(axis(1)) is None
        enroller.add("Bob", [template(axis(1), OTHER)])
        with pytest.raises(EmbedderMismatch, match="Bob"):
            newer.reload_if_changed(daemon)


def test_numpy_scalars_rest_in_the_vault_as_plain_numbers(tmp_path: Path) -> None:
    measured = Template(
        axis(1),
        SHA,
        np.float64(1.0),  # type: ignore[arg-type]
        np.float32(2.0),  # type: ignore[arg-type]
        0.0,
        0.0,
        np.float32(0.5),  # type: ignore[arg-type]
        "",
    )
    with Vault(tmp_path / "state") as vault:
        vault.add("Ada", [measured])
        (stored,) = vault.person("Ada").templates
    assert (stored.created, stored.yaw, stored.quality) == (1.0, 2.0, 0.5)
