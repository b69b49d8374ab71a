"""The verbs besides `add`, and input that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.vault import Vault
from tests.edge.enrolment.helpers import kinds, names, refused, run, told


def test_list_show_rename_remove(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", "--state", state, "--json") == 0
    (person,) = told(capsys)["people"]
    assert person["person"] == "Ada" and person["templates"] == 5 and person["fits_pack"] is True
    assert run("show", "ada", "--state", state, "--json") == 0
    shown = told(capsys)
    assert len(shown["templates"]) == 5
    assert {"yaw", "pitch", "roll", "quality", "source", "cosine_to_mean"} <= shown["templates"][
        0
    ].keys()
    assert run("rename", "Ada", "Zoë", "--state", state, "--json") == 0
    assert told(capsys) == {"renamed": "Ada", "to": "Zoë"}
    assert run("rename", "Ada", "Bob", "--state", state, "--json") == 5
    assert refused(capsys)["type"] == "PersonNotFound"
    assert run("remove", "zoë", "--state", state, "--json") == 2
    assert "--yes" in refused(capsys)["message"]
    assert names(state) == ["Zoë"]
    assert run("remove", "zoë", "--yes", "--state", state, "--json") == 0
    assert told(capsys) == {"removed": "Zoë", "templates": 5}
    assert names(state) == []
    assert kinds(state) == ["enrol", "rename", "remove"]


def test_a_change_that_failed_is_recorded_as_failed(state: Path) -> None:
    with Vault(state) as vault:
        vault.add("Bob", vault.person("Ada").templates)
    assert run("rename", "Bob", "Ada", "--state", state) == 5
    assert kinds(state)[-2:] == ["rename", "rename_failed"]


def test_tables_are_for_people(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for verb in (("list",), ("show", "Ada")):
        assert run(*verb, "--state", state) == 0
        out = capsys.readouterr().out
        assert "Ada" in out and not out.startswith("{")


@pytest.mark.parametrize(
    ("source", "code", "says"),
    [
        ("missing.mp4", 4, "no such file"),
        ("text.mp4", 4, "not a film"),
        ("empty", 4, "no picture"),
        ("xyz:abc", 4, "unknown kind of camera"),
        ("broken.png", 4, "not a picture"),
    ],
)
def test_a_source_that_is_none(
    source: str,
    code: int,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.mp4").write_text("this is no film")
    (tmp_path / "broken.png").write_text("this is no picture")
    (tmp_path / "empty").mkdir()
    assert run("add", "Ada", "--source", source, "--state", tmp_path / "s", "--json") == code
    error = refused(capsys)
    assert says in error["message"] and error["exit_code"] == code


def test_a_state_folder_that_cannot_be_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "state"
    assert run("add", "Ada", "--source", "x.mp4", "--state", place, "--json") == 5
    assert str(place) in refused(capsys)["message"]
    assert run("list", "--state", tmp_path / "nowhere", "--json") == 5
    assert "enrol someone first" in refused(capsys)["message"]
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("fly",),
        ("add", "Ada"),
        ("add", "Ada", "--source", "x", "--frames", "0"),
        ("add", "Ada", "--source", "x", "--frames", "many"),
        ("add", "Ada", "--source", "x", "--timeout", "-1"),
        ("add", "Ada", "--source", "x", "--limit-s", "nan"),
        ("add", "Ada", "--source", "x", "--sheet", "x.pdf"),
        ("add", "Ada", "--source", "x", "--sheet", "/nowhere/x.png"),
        ("add", "Ada", "--source", "x", "--replace", "--add-templates"),
        ("list", "--sta", "x"),
    ],
)
def test_arguments_that_make_no_sense(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words, "--json") == 2
    assert refused(capsys)["type"] == "UsageError"


def test_a_name_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("add", "a/b", "--source", "x", "--state", tmp_path / "s", "--json") == 5
    assert refused(capsys)["type"] == "BadName"
    assert not (tmp_path / "s").exists()


def test_a_configuration_that_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[enrolment]\ntemplates = 99\n")
    assert run("--config", file, "list", "--json") == 78
    assert "enrolment.templates" in refused(capsys)["message"]
