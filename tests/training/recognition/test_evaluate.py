"""The command as it is typed: on kept embeddings of made-up people, and on a part of LFW."""

from __future__ import annotations

import json
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge import packs
from edge.errors import FaceGateError
from edge.packs.schema import ScoreDistribution
from tests.training.recognition.made_up_people import kept
from training import cli
from training.pictures import Pictures
from training.recognition import embeddings
from training.recognition.__main__ import VERBS, main
from training.split import is_validation


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return kept(tmp_path_factory.mktemp("made-up"), packs.load("default"), count=90)


def evaluate(*words: object) -> int:
    return main(["evaluate", *(str(word) for word in words), "--repetitions", "200"])


class Seen(HTMLParser):
    """What a browser is given: open tags, pictures, links to elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.pictures: list[str] = []
        self.outside: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag not in ("meta", "img"):
            self.open.append(tag)
        if tag == "img":
            self.pictures.append(named["src"] or "")
        self.outside += [v for k, v in attrs if k in ("href", "src") and v and "data:" not in v]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_everything_is_reported(
    tmp_path: Path, made_up: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    data, vectors = made_up
    report, out, scores = tmp_path / "report", tmp_path / "all.json", tmp_path / "scores.toml"
    words = ("--data", data, "--embeddings", vectors, "--report", report, "--json", out)
    assert evaluate(*words, "--scores", scores, "--markdown", tmp_path / "all.md") == 0
    said = json.loads(out.read_text())
    assert (said["pictures"], said["people"], said["without_face"]) == (360, 90, 0)
    assert said["genuine_pairs"] + said["impostor_pairs"] == 360 * 359 // 2
    assert said["embedder_sha256"] == packs.load("default").embedder_sha256
    assert capsys.readouterr().out == (tmp_path / "all.md").read_text()
    ScoreDistribution.model_validate(tomllib.loads(scores.read_text()))
    page = Seen()
    page.feed((report / "report.html").read_text(encoding="utf-8"))
    assert page.open == [] and page.outside == []
    assert "not demonstrated: 2,995,731 independent comparisons" in page.text
    names = {"roc.png", "det.png", "scores.png", "galleries.png", "slices.png"}
    assert {path.name for path in report.glob("*.png")} == names
    assert len(page.pictures) == len(names)
    for name in names:
        image = cv2.imread(str(report / name))
        assert image is not None and image.std() > 10


def test_very_few_people_give_wide_intervals_and_no_claims(tmp_path: Path) -> None:
    data, vectors = kept(tmp_path, packs.load("default"), count=3, each=2)
    out = tmp_path / "out.json"
    words = ("--data", data, "--embeddings", vectors, "--json", out, "--threshold", 0.9)
    assert evaluate(*words, "--report", tmp_path / "report") == 0
    said = json.loads(out.read_text())
    assert said["ten_fold"] is None and said["points"] == []
    assert {claim["verdict"] for claim in said["claims"]} == {"not demonstrated"}
    assert said["chosen"]["fmr"]["people"][1] > 0.2
    with pytest.raises(FaceGateError, match="more people are needed"):
        evaluate(*words, "--scores", tmp_path / "scores.toml")
    assert not (tmp_path / "scores.toml").exists()


def test_the_same_seed_gives_the_same_figures(tmp_path: Path, made_up: tuple[Path, Path]) -> None:
    data, vectors = made_up
    texts = []
    for name in ("one.json", "two.json"):
        evaluate("--data", data, "--embeddings", vectors, "--json", tmp_path / name)
        texts.append((tmp_path / name).read_text())
    assert texts[0] == texts[1]


def test_held_back_people_are_those_of_the_trainings(
    tmp_path: Path, made_up: tuple[Path, Path]
) -> None:
    data, vectors = made_up
    counts = {}
    for part in ("held-back", "training", "all"):
        out = tmp_path / f"{part}.json"
        evaluate("--data", data, "--embeddings", vectors, "--people", part, "--json", out,
                 "--threshold", 0.5)  # fmt: skip
        counts[part] = json.loads(out.read_text())["people"]
    held = sum(is_validation(folder.name) for folder in data.iterdir())
    assert counts == {"held-back": held, "training": 90 - held, "all": 90} and 0 < held < 45


def test_pictures_that_are_there_twice_under_two_names_leave_rates_out(tmp_path: Path) -> None:
    pack = packs.load("default")
    data, path = kept(tmp_path, pack, count=90, each=2)
    pictures = Pictures(data)
    faces = embeddings.load(path, pack, pictures, pictures.names)
    faces.vectors[2:10] = faces.vectors[0]  # people 1 to 4 are person 0
    embeddings.save(path, pack, pictures, faces)
    out = tmp_path / "out.json"
    words = ("--data", data, "--embeddings", path, "--json", out, "--threshold", 0.5)
    assert evaluate(*words) == 0
    said = json.loads(out.read_text())
    assert said["points"] == [] and said["impostor_curve"][-1]["fmr"] > 1e-3
    with pytest.raises(FaceGateError, match="very same picture"):
        evaluate("--data", data, "--embeddings", path)


def test_a_set_without_names_shows_strangers_alone(tmp_path: Path) -> None:
    data, vectors = kept(tmp_path, packs.load("default"), count=50, each=1)
    out, report = tmp_path / "out.json", tmp_path / "report"
    words = ("--data", data, "--embeddings", vectors, "--json", out, "--threshold", 0.2)
    assert evaluate(*words, "--identity", "picture", "--report", report) == 0
    said = json.loads(out.read_text())
    assert (said["people"], said["genuine_pairs"], said["impostor_pairs"]) == (50, 0, 50 * 49 // 2)
    assert said["auc"] is said["eer"] is said["ten_fold"] is said["chosen"]["fnmr"] is None
    assert 0 < said["chosen"]["fmr"]["value"] < 0.2 and said["open_set"] == []
    assert {path.name for path in report.glob("*.png")} == {"scores.png", "slices.png"}
    with pytest.raises(FaceGateError, match="at least two people"):
        evaluate(*words)  # by folder nobody comes twice, which is more likely a mistake
    with pytest.raises(FaceGateError, match="who is who"):
        evaluate(*words, "--identity", "picture", "--scores", tmp_path / "scores.toml")


def test_a_chosen_threshold_and_labels(tmp_path: Path, made_up: tuple[Path, Path]) -> None:
    data, vectors = made_up
    labels, out = tmp_path / "labels.csv", tmp_path / "out.json"
    names = sorted(str(path.relative_to(data)) for path in data.rglob("*.png"))
    rows = [f"{name},{'yes' if i % 2 else 'no'}" for i, name in enumerate(names)]
    labels.write_text("\n".join(["picture,glasses", *rows]) + "\n")
    evaluate("--data", data, "--embeddings", vectors, "--json", out, "--labels", labels,
             "--threshold", 0.512345)  # fmt: skip
    said = json.loads(out.read_text())
    assert said["chosen"]["threshold"] == pytest.approx(0.51234)
    cut = {s["slice"]: s for s in said["slices"] if s["kind"] == "glasses"}
    assert cut["yes"]["faces"] == cut["no"]["faces"] == 180


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--limit", "0"), "at least 1"),
        (("--far", "1.5"), "between 0 and 1"),
        (("--far", "1e-9"), "no threshold for it"),
        (("--threshold", "2"), "a cosine"),
        (("--embeddings", "x.txt"), "end in .npz"),
        (("--json", "absent/x.json"), "does not exist"),
        (("--pack", "absent"), "no such file"),
        (("--labels", "absent.csv"), "absent.csv"),
        (("--limit", "1"), "at least two people"),
    ],
)
def test_bad_arguments_end_with_an_error_and_write_nothing(
    made_up: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    data, vectors = made_up
    with pytest.raises(FaceGateError, match=message) as caught:
        evaluate("--data", data, "--embeddings", vectors, "--markdown", "out.md", *words)
    assert caught.value.exit_code != 0 and list(tmp_path.iterdir()) == []


def test_data_that_cannot_be_used_end_with_an_error(tmp_path: Path) -> None:
    with pytest.raises(FaceGateError, match="neither a folder nor a tar"):
        evaluate("--data", tmp_path / "absent")
    cv2.imwrite(str(tmp_path / "loose.png"), np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(FaceGateError, match="lies in no folder"):
        evaluate("--data", tmp_path)
    (tmp_path / "loose.png").unlink()
    (tmp_path / "Ada").mkdir()
    cv2.imwrite(str(tmp_path / "Ada" / "1.png"), np.zeros((90, 90, 3), np.uint8))
    with pytest.raises(FaceGateError, match="no face was found"):
        evaluate("--data", tmp_path)


def test_every_verb_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in VERBS:
        with pytest.raises(SystemExit) as leaving:
            main([verb, "--help"])
        assert leaving.value.code == 0
        said = capsys.readouterr().out
        assert "examples:" in said and "exit codes:" in said
    assert cli.run(lambda: evaluate("--data", "absent")) == 3


@pytest.mark.shared
@pytest.mark.slow
def test_the_shipped_pack_on_a_part_of_lfw(tmp_path: Path) -> None:
    data = Path(__file__).parents[4] / "shared" / "data" / "lfw.tar"
    if not data.is_file():
        pytest.skip(f"{data} is not there")
    out, toml = tmp_path / "out.json", tmp_path / "scores.toml"
    assert evaluate("--data", data, "--limit", 1500, "--json", out, "--scores", toml) == 0
    said = json.loads(out.read_text())
    assert said["without_face"] / said["pictures"] < 0.01
    assert said["ten_fold"]["accuracy"] > 0.97
    assert said["points"][0]["tar"]["value"] > 0.90
    ScoreDistribution.model_validate(tomllib.loads(toml.read_text()))
