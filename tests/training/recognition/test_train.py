"""The command trains, goes on, and says what is wrong with its input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from edge.errors import FaceGateError
from export import ours
from tests.training.recognition import recs, trees
from training import checkpoint
from training.errors import DivergedError
from training.recognition import validation
from training.recognition.__main__ import main
from training.recognition.heads import HEADS
from training.recognition.model import Design
from training.recognition.sources.rec import RecFolder
from training.recognition.sources.sets import split
from training.recognition.task import RecognitionTask
from training.record import read
from training.split import is_validation

NETWORK = ("--backbone", "resnet18", "--width", "0.05", "--embedding", "128", "--dropout", "0")
CALM = ("--strength", "0", "--covered", "0", "--small", "0", "--workers", "0")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six people for training, five held back, of six pictures each."""
    folder = tmp_path_factory.mktemp("data") / "tree"
    trees.tree(folder, dict.fromkeys(trees.names(6, 5), 6))
    return folder


@pytest.fixture(scope="module")
def rec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of records, whose people have numbers."""
    numbers = range(1000)
    chosen = [n for n in numbers if not is_validation(str(n))][:6]
    chosen += [n for n in numbers if is_validation(str(n))][:5]
    return recs.insightface(tmp_path_factory.mktemp("rec"), dict.fromkeys(sorted(chosen), 6))


def words(tree: Path, out: Path, *more: str) -> list[str]:
    labels = f"labels={tree.with_suffix('.csv')}"
    chosen = ["train", "--set", "folder", str(tree), labels, *NETWORK, *CALM, "--out", str(out)]
    return [*chosen, "--batch", "6", "--epochs", "4", "--ema", "0.5", "--lr", "2e-3", *more]


def values(out: Path, name: str = "loss", kind: str = "train") -> list[float]:
    rows = read(out / "metrics.csv")
    return [float(r["value"]) for r in rows if (r["name"], r["kind"]) == (name, kind)]


@pytest.mark.parametrize(
    "loss",
    [
        ("arcface", "--logit-scale", "16"),
        ("cosface", "--logit-scale", "16", "--rate", "0.6"),
        ("adaface", "--logit-scale", "16", "--margin", "0.3"),
        ("subcentre", "--logit-scale", "16", "--centres", "2"),
        ("triplet", "--pictures", "3", "--margin", "1.5"),
        ("contrastive", "--pictures", "2"),
    ],
)
def test_each_loss_falls_and_the_checkpoint_is_the_network(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], loss: tuple[str, ...]
) -> None:
    assert main(words(tree, tmp_path, "--head", *loss)) == 0
    losses = values(tmp_path)
    assert losses[-1] < 0.8 * losses[0]
    summary = json.loads(capsys.readouterr().out)
    assert summary["score"] == "tar_at_1e-1"
    assert summary["best_score"] == max(values(tmp_path, "tar_at_1e-1", "validation")) > 0.5
    description, weights = checkpoint.load(Path(summary["checkpoint"]))
    net = Design.of(description).build()
    net.load_state_dict(weights)
    assert description["trained"]["head"] == loss[0]
    image = torch.randn(2, 3, 112, 112)
    exported = ours.from_checkpoint("embedder", Path(summary["checkpoint"]), ours.Settings())
    with torch.no_grad():
        (said,) = exported.module(image)
        assert torch.equal(said, net.eval()(image)) and said.shape == (2, 128)
    assert len(list(tmp_path.glob("*.shard-1-of-1.ckpt"))) == (loss[0] in HEADS)


def test_records_and_folders_train_together(tree: Path, rec: Path, tmp_path: Path) -> None:
    more = ("--set", "rec", str(rec), "--epochs", "1", "--logit-scale", "16")
    assert main(words(tree, tmp_path, *more)) == 0
    assert checkpoint.load(tmp_path / "best.ckpt")[0]["trained"]["people"] == 12


class _Killed(Exception):
    pass


@pytest.mark.parametrize("head", [("adaface", "--rate", "0.6"), ("triplet", "--pictures", "2")])
def test_a_resumed_run_goes_on_as_if_it_had_not_stopped(
    tree: Path, tmp_path: Path, head: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    more = ("--head", *head, "--epochs", "2", "--dropout", "0.3")
    main(words(tree, whole, *more))
    real = RecognitionTask.validate

    def dies(task: RecognitionTask, module: torch.nn.Module) -> dict[str, float]:
        if len(values(torn, "tar_at_1e-1", "validation")) == 1:
            raise _Killed
        return real(task, module)

    monkeypatch.setattr(RecognitionTask, "validate", dies)
    with pytest.raises(_Killed):
        main(words(tree, torn, *more))
    monkeypatch.undo()
    main(words(tree, torn, *more, "--resume"))
    (_, one), (_, two) = (checkpoint.load(out / "last.ckpt") for out in (whole, torn))
    assert all(torch.equal(value, two[name]) for name, value in one.items())
    assert values(whole) == values(torn)
    shards = [sorted(out.glob("last.*.shard-*")) for out in (whole, torn)]
    for a, b in zip(*shards, strict=True):
        mine, theirs = (checkpoint.read(path)["shard"] for path in (a, b))
        assert all(torch.equal(value, theirs[name]) for name, value in mine.items())
    with pytest.raises(FaceGateError, match="is of another network"):
        main(words(tree, torn, *more, "--resume", "--margin", "0.1"))


def test_a_run_begins_with_anothers_weights(tree: Path, tmp_path: Path) -> None:
    main(words(tree, tmp_path / "a", "--epochs", "1"))
    best = tmp_path / "a" / "best.ckpt"
    more = ("--epochs", "1", "--lr", "1e-9", "--head", "cosface", "--init", str(best))
    main(words(tree, tmp_path / "b", *more))
    one, two = (checkpoint.load(path)[1] for path in (best, tmp_path / "b" / "best.ckpt"))
    for name, value in one.items():
        if name.endswith("weight"):
            torch.testing.assert_close(value, two[name], atol=1e-6, rtol=0)
    wrong = ("--init", str(best), "--width", "0.5")
    with pytest.raises(FaceGateError, match="weights of another network"):
        main(words(tree, tmp_path / "c", *wrong))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--head", "arcface", "--pictures", "4"), "--pictures is for --head triplet"),
        (("--head", "triplet", "--rate", "0.1"), "--rate is for --head arcface"),
        (("--head", "cosface", "--centres", "2"), "--centres is for --head subcentre"),
        (("--backbone", "mobilefacenet"), "--dropout is for ir100"),
        (("--width", "9"), "--width must be"),
        (("--dropout", "1"), "--dropout must be"),
        (("--covered", "2"), "--covered is a share"),
        (("--strength", "-1"), "--strength must be"),
        (("--margin", "7"), "margin must be 0 to"),
        (("--rate", "0"), "sampling rate must be above 0"),
        (("--logit-scale", "0"), "scale must be above 0"),
        (("--batch", "60"), "--batch: 60 samples a step, but the sets have 36"),
        (("--batch", "1"), "--batch must be at least 2"),
        (("--least-pictures", "0"), "--least-pictures must be at least 1"),
        (("--least-pictures", "7"), "leave 0 people with 7 pictures"),
        (("--validate-faces", "10"), "make 36 impostor pairs; 300 are needed"),
    ],
)
def test_wrong_options_are_said_before_anything_is_written(
    tree: Path, tmp_path: Path, more: tuple[str, ...], message: str
) -> None:
    out = tmp_path / "run"
    with pytest.raises(FaceGateError, match=message):
        main(words(tree, out, *more))
    assert not out.exists()


def test_the_help_shows_public_data_sets(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["train", "--help"])
    said = capsys.readouterr().out
    assert end.value.code == 0
    for word in ("faces_emore/train.rec", "lfw/Aaron_Eckhart/", "n000002/0001_01.jpg", "torchrun"):
        assert word in said


def test_rates_are_measured_where_pairs_allow() -> None:
    assert validation.fars(torch.arange(26).numpy()) == [1e-1]
    assert validation.fars(torch.arange(800).numpy()) == [1e-1, 1e-2, 1e-3, 1e-4]
    assert validation.name_of(1e-3) == "tar_at_1e-3"


class _Says(torch.nn.Module):
    """The same vector of every face, whatever it shows."""

    def __init__(self, vector: list[float]) -> None:
        super().__init__()
        self.vector = torch.nn.Parameter(torch.tensor(vector))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.vector.expand(len(x), -1)


def test_a_network_that_tells_nobody_apart_scores_nothing(rec: Path) -> None:
    held = validation.Held(split([RecFolder(rec)], least=2)[1])
    assert validation.figures(_Says([1.0, 2.0]), held, "grey") == {"tar_at_1e-1": 0.0}
    for vector in ([0.0, 0.0], [float("nan"), 1.0], [float("inf"), 1.0]):
        with pytest.raises(DivergedError, match="zero or not finite"):
            validation.figures(_Says(vector), held, "grey")
