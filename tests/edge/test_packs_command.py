"""`python -m edge.packs`: what it shows, and how it ends."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from edge import packs
from edge.packs.__main__ import main
from edge.packs.schema import forbids_commerce


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    folder = tmp_path / "pack"
    shutil.copytree(packs.DEFAULT, folder)
    return folder


OWN = ["detector", "landmarks", "embedder", "liveness"]
"""What was trained on data for research alone, and may be used for no more."""


def free(text: str) -> str:
    """The manifest as if all its networks were under the MIT licence."""
    text = re.sub(r"^commercial_use = .*\n", "", text, flags=re.MULTILINE)
    return re.sub(r'^licence = (?!"see).*$', 'licence = "MIT"', text, flags=re.MULTILINE)


def test_show_tells_roles_sizes_and_licences(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show"]) == 0
    said = capsys.readouterr().out
    for word in ("detector.onnx", "384×288 RGB", "as the manifest", "MIT", "output 'pose'"):
        assert word in said
    names = ", ".join(OWN)
    assert f"must not be used commercially: the licence of {names} forbids it" in said


def test_show_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "default", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["sound"], data["commercial_use"], data["forbidden_by"]) == (True, "forbidden", OWN)
    assert data["roles"]["embedder"]["bytes"] == (packs.DEFAULT / "embedder.onnx").stat().st_size
    assert data["roles"]["landmarks"]["input"]["fit"]["kind"] == "box"
    assert data["roles"]["liveness"]["file"] == "liveness.onnx"
    assert data["bytes"] == sum(p.stat().st_size for p in packs.DEFAULT.glob("*.onnx"))


def test_a_licence_against_commerce_is_said_plainly(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = copy / "manifest.toml"
    text = free(path.read_text())
    path.write_text(text)
    assert main(["show", str(copy)]) == 0
    assert "commercial" not in capsys.readouterr().out
    path.write_text(text.replace('licence = "MIT"', 'licence = "CC BY-NC 4.0"', 1))
    assert main(["show", str(copy)]) == 0
    said = capsys.readouterr().out
    assert "The licence forbids commercial use." in said
    assert "the licence of detector forbids it" in said
    path.write_text(text.replace('licence = "MIT"', 'licence = "x"\ncommercial_use = "forbidden"'))
    assert main(["show", str(copy), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["forbidden_by"] == [
        "detector",
        "landmarks",
        "embedder",
        "liveness",
        "age_gender",
    ]


def test_a_claim_against_the_licence_is_refused(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = copy / "manifest.toml"
    said = 'licence = "non-commercial research"\ncommercial_use = "allowed"'
    path.write_text(path.read_text().replace('licence = "MIT"', said, 1))
    assert main(["show", str(copy)]) == 3
    assert "commercial_use is 'allowed'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("licence", "forbids"),
    [
        ("MIT", False),
        ("Apache-2.0", False),
        ("CC BY-NC-SA 4.0", True),
        ("UTKFace: non-commercial research", True),
        ("research use only", True),
        ("Boost Software License, once", False),
    ],
)
def test_words_that_shut_commerce_out(licence: str, forbids: bool) -> None:
    assert forbids_commerce(licence) is forbids


def test_a_changed_or_missing_file_ends_with_3(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copy / "detector.onnx").write_bytes(b"other")
    (copy / "age_gender.onnx").unlink()
    assert main(["show", str(copy)]) == 3
    said = capsys.readouterr().out
    assert "CHANGED" in said and "MISSING" in said
    assert main(["check", str(copy), "--json"]) == 3
    error = json.loads(capsys.readouterr().err)["error"]
    assert error["roles"] == {"detector": "changed", "age_gender": "missing"}


def test_check_runs_every_network(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--json"]) == 0
    took = json.loads(capsys.readouterr().out)["ms"]
    assert set(took) == {"detector", "landmarks", "embedder", "liveness", "age_gender"}


def test_wrong_arguments_and_absent_packs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", str(tmp_path / "absent")]) == 3
    assert "manifest.toml" in capsys.readouterr().err
    assert main(["polish"]) == 2
