"""`python -m export.zoo`: from a name to a pack, its pin, its licence, and what is refused."""

from __future__ import annotations

import json
import os
import pty
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

sys.path.insert(0, str(Path(__file__).parent))
import standins

sys.path.pop(0)

import tomli_w

from edge import packs
from edge.errors import FaceGateError, PackError, UsageError
from edge.faces.detect import detect
from edge.packs import preprocess
from export import measures
from export.errors import ExportError
from export.pictures import variations
from export.zoo import catalogue, pins
from export.zoo.__main__ import LicenceNotAcceptedError, main
from export.zoo.entry import Entry
from export.zoo.fetch import DownloadError
from export.zoo.models import insightface, opencv
from training.errors import DataError

DATA = standins.data_of(standins.embedder())
NETWORK = standins.network(DATA)
ENTRY = standins.entry(NETWORK)
SHARED = Path(__file__).resolve().parents[4] / "shared"


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One public portrait, varied, as 40 people with two pictures each."""
    from skimage.data import astronaut

    folder = tmp_path_factory.mktemp("pictures") / "people"
    face = np.ascontiguousarray(astronaut()[:300, 80:380, ::-1])
    shades = variations(face)
    for i in range(40):
        for j in range(2):
            place = folder / f"Person_{i}" / f"Person_{i}_{j:04d}.jpg"
            place.parent.mkdir(parents=True, exist_ok=True)
            cut = shades[(i + j) % 6][i // 2 : 280 + i // 2, j : 290 - i // 2]
            cv2.imwrite(str(place), cut)
    return folder


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mirror")
    (folder / "net.onnx").write_bytes(DATA)
    return folder


@pytest.fixture(scope="module")
def made(
    people: Path, mirror: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, Path]]:
    """The pack of the stand-in, searched and measured, and the folder with its pin and report."""
    place = tmp_path_factory.mktemp("made")
    words = ["--calibrate", str(people), "--data", str(people), "--mirror", str(mirror)]
    words += ["--int8", "always", "--report", str(place), "--pin", str(place / "stand-in.toml")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(catalogue.ENTRIES, "stand-in", ENTRY)  # type: ignore[arg-type]
        assert main(["fetch", "stand-in", *words, "--out", str(place / "pack")]) == 0
    yield place / "pack", place


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(catalogue.ENTRIES, "stand-in", ENTRY)  # type: ignore[arg-type]


@pytest.fixture
def pinned(known: None, made: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in as it was made above."""
    monkeypatch.setattr(pins, "FOLDER", made[1])


def test_a_public_network_becomes_a_pack(made: tuple[Path, Path]) -> None:
    pack = packs.load(made[0])
    role = pack.manifest.roles.embedder
    assert pack.manifest.name == "stand-in" and role.licence == "MIT"
    assert role.commercial_use == "allowed"
    assert NETWORK.files[0].sha256 in role.source and "https://example.org" in role.source
    assert role.input == NETWORK.spec
    scores = role.head.scores
    assert scores.same_camera_shift == 0.1 and scores.identities == 40
    assert scores.impostor_pairs == 80 * 79 // 2 - 40
    for name in ("detector", "landmarks"):
        ours, theirs = (f / f"{name}.onnx" for f in (made[0], packs.DEFAULT))
        assert ours.read_bytes() == theirs.read_bytes()


def test_the_report_names_what_it_was_made_of(made: tuple[Path, Path]) -> None:
    data = json.loads((made[1] / "report.json").read_text())
    net = data["networks"]["embedder"]
    assert net["torch_parity"]["what"].startswith("float ONNX against the file as published")
    assert net["int8_errors"]["embedding"]["mean"] <= net["int8_errors"]["embedding"]["bound"]
    assert data["made_of"]["embedder"]["sha256"] == NETWORK.files[0].sha256
    assert net["shipped"] == "int8"
    assert data["accuracy"]["people"] == 40 and 0 <= data["accuracy"]["points"][0]["tar"] <= 1
    assert "against the file as published" in (made[1] / "report.md").read_text()


def test_a_pin_gives_the_same_bytes_without_pictures(
    made: tuple[Path, Path], pinned: None, mirror: Path, tmp_path: Path
) -> None:
    out = tmp_path / "pack"
    assert main(["fetch", "stand-in", "--mirror", str(mirror), "--out", str(out)]) == 0
    for path in made[0].iterdir():
        assert path.read_bytes() == (out / path.name).read_bytes(), path.name
    assert [p.name for p in tmp_path.iterdir()] == ["pack"]


def refused(error: type[FaceGateError], says: str, out: Path, *words: str) -> None:
    before = sorted(out.parent.iterdir())
    with pytest.raises(error, match=says):
        main(["fetch", "stand-in", "--out", str(out), *words])
    assert sorted(out.parent.iterdir()) == before


def test_pinned_scores_are_not_given_to_another_pack(
    made: tuple[Path, Path], pinned: None, mirror: Path, tmp_path: Path
) -> None:
    """Another base cuts other crops: refused before anything is fetched."""
    base = tmp_path / "base"
    base.mkdir()
    for path in packs.DEFAULT.iterdir():
        (base / path.name).write_bytes(path.read_bytes())
    changed = packs.DEFAULT.joinpath("landmarks.onnx").read_bytes() + b"\x00"
    digest = standins.published(changed, "x").sha256
    (base / "landmarks.onnx").write_bytes(changed)
    text = (base / "manifest.toml").read_text()
    was = packs.read_manifest(packs.DEFAULT).roles.landmarks.sha256
    (base / "manifest.toml").write_text(text.replace(was, digest))
    refused(
        ExportError, "scores .* belong to the landmarks", tmp_path / "pack", "--base", str(base)
    )


def test_a_conversion_that_came_out_otherwise_has_no_scores(
    made: tuple[Path, Path], pinned: None, mirror: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """As with another release of the tools: other ranges, other bytes."""
    pin = tomllib.loads((made[1] / "stand-in.toml").read_text())
    network = pin["networks"]["embedder"]
    network["ranges"] = {k: [1.001 * v for v in span] for k, span in network["ranges"].items()}
    pins_folder = tmp_path / "pins"
    pins_folder.mkdir()
    (pins_folder / "stand-in.toml").write_text(tomli_w.dumps(pin))
    monkeypatch.setattr(pins, "FOLDER", pins_folder)
    out = tmp_path / "packs" / "pack"
    out.parent.mkdir()
    refused(ExportError, "belong to the embedder .* measure it", out, "--mirror", str(mirror))


def test_another_file_of_the_network_than_the_pinned_is_said(
    pinned: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = standins.data_of(standins.embedder(seed=3))
    (tmp_path / "net.onnx").write_bytes(other)
    entry = standins.entry(standins.network(other))
    monkeypatch.setitem(catalogue.ENTRIES, "stand-in", entry)  # type: ignore[arg-type]
    out = tmp_path / "out" / "pack"
    out.parent.mkdir()
    refused(ExportError, "pinned for embedder is the file", out, "--mirror", str(tmp_path))


@pytest.mark.parametrize("text", ["", "entry = 3", "[", 'entry = "other"'])
def test_a_malformed_pin_is_refused(
    text: str, known: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stand-in.toml").write_text(text)
    monkeypatch.setattr(pins, "FOLDER", tmp_path)
    with pytest.raises(ExportError, match=r"stand-in\.toml"):
        pins.read("stand-in")


# Refusals before anything is fetched ----------------------------------------------------------
def test_scores_of_others_are_never_carried_over(
    known: None, people: Path, mirror: Path, tmp_path: Path
) -> None:
    out, at = tmp_path / "pack", ("--mirror", str(mirror))
    refused(UsageError, "no pinned conversion: give --calibrate", out, *at)
    refused(UsageError, "must not stand in its pack", out, *at, "--calibrate", str(people))
    refused(UsageError, "--int8 needs", out, *at, "--int8", "never")
    refused(UsageError, "--pin writes down", out, *at, "--calibrate", str(people), "--pin", "x")


def test_an_occupied_folder_is_refused_before_the_download(pinned: None, tmp_path: Path) -> None:
    out = tmp_path / "pack"
    out.mkdir()
    (out / "mine.txt").touch()
    refused(PackError, "not a pack", out, "--mirror", "http://127.0.0.1:1")


def test_an_altered_mirror_leaves_nothing(pinned: None, tmp_path: Path) -> None:
    folder, out = tmp_path / "mirror", tmp_path / "out" / "pack"
    folder.mkdir()
    out.parent.mkdir()
    (folder / "net.onnx").write_bytes(DATA[:-1] + b"?")
    refused(DownloadError, "SHA-256", out, "--mirror", str(folder))


def test_an_unknown_name_is_answered_with_the_names(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="mobilefacenet-ms1m"):
        main(["fetch", "resnet", "--out", str(tmp_path / "pack")])


def test_data_without_people_is_refused(pinned: None, mirror: Path, tmp_path: Path) -> None:
    grey = tmp_path / "grey" / "Nobody"
    grey.mkdir(parents=True)
    cv2.imwrite(str(grey / "a.png"), np.full((120, 120, 3), 90, np.uint8))
    out = tmp_path / "out" / "pack"
    out.parent.mkdir()
    refused(DataError, "fewer than two", out, "--mirror", str(mirror), "--data", str(grey.parent))


# Licences -----------------------------------------------------------------------------------
ASKING = replace(
    ENTRY, asks=True, licence="for non-commercial research only", commercial_use="forbidden"
)


@pytest.fixture
def asking(pinned: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(catalogue.ENTRIES, "stand-in", ASKING)  # type: ignore[arg-type]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A terminal as standard input; what is written to it, somebody has typed."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        yield ours
    os.close(ours)


def test_a_licence_that_asks_is_refused_where_nobody_can_answer(
    asking: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    with open(os.devnull) as nothing:  # noqa: PTH123  a file without a terminal
        monkeypatch.setattr(sys, "stdin", nothing)
        refused(LicenceNotAcceptedError, "--accept-licence", tmp_path / "pack")
    assert "non-commercial" in capsys.readouterr().err


@pytest.mark.parametrize("answer", ["no", "y", "", "yes please"])
def test_anything_but_yes_is_no(asking: None, typed: int, answer: str, tmp_path: Path) -> None:
    os.write(typed, f"{answer}\n".encode())
    refused(LicenceNotAcceptedError, "nothing was fetched", tmp_path / "pack")


def test_yes_makes_a_pack_that_says_what_it_may_not(
    asking: None, typed: int, mirror: Path, tmp_path: Path
) -> None:
    os.write(typed, b"yes\n")
    out = tmp_path / "pack"
    assert main(["fetch", "stand-in", "--mirror", str(mirror), "--out", str(out)]) == 0
    assert packs.read_manifest(out).roles.embedder.forbids_commerce


def test_a_program_accepts_with_an_option(
    asking: None, mirror: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--mirror", str(mirror), "--accept-licence", "--json"]
    assert main(["fetch", "stand-in", *words, "--out", str(tmp_path / "pack")]) == 0
    assert json.loads(capsys.readouterr().out)["commercial_use"] == "forbidden"


# Files ----------------------------------------------------------------------------------------
@pytest.fixture
def file_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(  # type: ignore[misc]
        catalogue.ENTRIES, "stand-in", replace(ENTRY, makes="file")
    )


def test_what_a_pack_cannot_hold_becomes_a_file(
    file_entry: None, mirror: Path, tmp_path: Path
) -> None:
    import onnx

    out = tmp_path / "net.onnx"
    assert main(["fetch", "stand-in", "--mirror", str(mirror), "--out", str(out)]) == 0
    model = onnx.load(out)
    about = {p.key: p.value for p in model.metadata_props}
    assert about["licence"] == "MIT" and json.loads(about["input"])["colour"] == "rgb"
    assert [p.name for p in tmp_path.iterdir()] == ["net.onnx"]
    refused(UsageError, "--force", out, "--mirror", str(mirror))


def test_a_file_is_not_measured_or_put_into_a_folder(
    file_entry: None, mirror: Path, people: Path, tmp_path: Path
) -> None:
    at = ("--mirror", str(mirror))
    refused(UsageError, r"\.onnx", tmp_path / "folder", *at)
    refused(UsageError, "no --data", tmp_path / "a.onnx", *at, "--data", str(people))


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"needs {name} in the optional folder ../shared")
    return path


# Entries whose real files are not here, with weights of our own --------------------------------
def with_weights(entry: Entry, role: str, length: int, folder: Path) -> Entry:
    """The entry with a stand-in's bytes in the file of `role`, put into `folder` as published."""
    inner = standins.data_of(standins.embedder(length, batch="None"))
    (network,) = (n for n in entry.networks if n.role == role)
    file, outer = network.files[0], inner
    more = {}
    if file.member is not None:
        outer = standins.zipped({f"models/{file.member}": inner, "other.onnx": b"other"})
        digest = standins.published(inner, "x").sha256
        more = {"member": file.member, "member_sha256": digest}
    (folder / file.name).write_bytes(outer)
    mine = replace(
        network,
        files=(standins.published(outer, file.name, **more),),
        measures=(measures.angle("embedding", 0.5),),
    )
    return replace(entry, networks=tuple(mine if n is network else n for n in entry.networks))


def fetched(
    entry: Entry, folder: Path, people: Path, monkeypatch: pytest.MonkeyPatch
) -> packs.Pack:
    monkeypatch.setitem(catalogue.ENTRIES, entry.name, entry)  # type: ignore[arg-type]
    out = folder.parent / "pack"
    words = ["--calibrate", str(people), "--data", str(people), "--mirror", str(folder)]
    assert main(["fetch", entry.name, *words, "--accept-licence", "--out", str(out)]) == 0
    return packs.load(out)


def test_buffalo_s_is_taken_out_of_its_archive(
    people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mirror"
    folder.mkdir()
    entry = with_weights(insightface.BUFFALO_S, "embedder", 512, folder)
    role = fetched(entry, folder, people, monkeypatch).manifest.roles.embedder
    assert role.forbids_commerce and role.head.length == 512
    assert role.input.mean == (127.5,) * 3 and "w600k_mbf.onnx" in role.source


@pytest.mark.shared
def test_opencvs_detector_and_recogniser_make_one_pack(
    people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mirror"
    folder.mkdir()
    (folder / "yunet_n_640_640.onnx").symlink_to(shared("models/yunet_n_640_640.onnx"))
    entry = with_weights(opencv.YUNET_SFACE, "embedder", 128, folder)
    roles = fetched(entry, folder, people, monkeypatch).manifest.roles
    assert roles.detector.head.kind == "boxes" and roles.detector.input.colour == "bgr"
    assert roles.embedder.input.std == (1.0,) * 3
    assert roles.embedder.head.scores.identities == 40


# list -----------------------------------------------------------------------------------------
def test_the_list_says_what_is_known_of_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert {"mobilefacenet-ms1m", "opencv-zoo", "minifasnet-v2", "buffalo-s"} <= set(rows)
    assert rows["buffalo-s"]["commercial_use"] == "forbidden" and rows["buffalo-s"]["asks"]
    assert rows["minifasnet-v2"]["makes"] == "file"
    known = rows["mobilefacenet-ms1m"]
    assert known["pinned"] and known["accuracy"]["impostor_pairs"] > 10**7
    assert rows["opencv-zoo"]["needs"] == "--calibrate and --data"


def test_the_list_is_for_people_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "buffalo-s" in said and "non-commercial" in said and "127.6 MB" in said
    assert "at FAR 1e-05" in said


def test_every_pin_is_of_an_entry_and_of_the_default_pack() -> None:
    """A new default pack needs new pins: python -m export.zoo fetch ... --pin."""
    roles = packs.read_manifest(packs.DEFAULT).roles
    found = list(pins.FOLDER.glob("*.toml"))
    assert found
    for path in found:
        entry, pin = catalogue.entry(path.stem), pins.read(path.stem)
        assert pin is not None and pin.scores is not None
        sources = {file.member_sha256 or file.sha256 for n in entry.networks for file in n.files}
        assert {n.source for n in pin.networks.values()} <= sources
        for role in pins.CUTTERS:
            of = pin.networks[role].sha256 if role in pin.networks else getattr(roles, role).sha256
            assert pin.files[role] == of, (path.name, role)


# The real files ---------------------------------------------------------------------------------
@pytest.mark.shared
@pytest.mark.parametrize("name", ["mobilefacenet-ms1m", "yunet"])
def test_a_real_network_comes_out_as_pinned(name: str, tmp_path: Path) -> None:
    out = tmp_path / "pack"
    assert main(["fetch", name, "--mirror", str(shared("models")), "--out", str(out)]) == 0
    pin = pins.read(name)
    assert pin is not None
    roles = packs.load(out).manifest.roles
    assert {role: getattr(roles, role).sha256 for role in pins.CUTTERS} == pin.files


@pytest.mark.shared
@pytest.mark.parametrize("name", ["minifasnet-v2", "minifasnet-v1se"])
def test_a_real_liveness_network_becomes_a_file(name: str, tmp_path: Path) -> None:
    out = tmp_path / f"{name}.onnx"
    assert main(["fetch", name, "--mirror", str(shared("models")), "--out", str(out)]) == 0
    assert out.stat().st_size > 10**6


@pytest.mark.shared
def test_yunet_finds_what_opencv_finds(tmp_path: Path) -> None:
    """`cv2.FaceDetectorYN` on the same 320 x 256 pixels, with the same file at its own size."""
    models, out = shared("models"), tmp_path / "pack"
    assert main(["fetch", "yunet", "--mirror", str(models), "--out", str(out)]) == 0
    pack = packs.load(out)
    role = pack.manifest.roles.detector
    spec = role.input
    theirs = cv2.FaceDetectorYN.create(
        str(models / "yunet_n_640_640.onnx"), "", (spec.width, spec.height),
        role.head.score_threshold, role.head.iou_threshold, 50,
    )  # fmt: skip
    from skimage.data import astronaut

    faces = 0
    for image in variations(np.ascontiguousarray(astronaut()[:, :, ::-1])):
        assert spec.fit.kind == "letterbox"
        matrix = preprocess.frame_matrix(spec.fit, spec, *image.shape[:2])
        small = preprocess.tensor(image, matrix, spec)[0].transpose(1, 2, 0)
        found = theirs.detect(np.rint(small).astype(np.uint8))[1]
        boxes, scores = detect(pack, image)
        if found is None:
            assert len(boxes) == 0
            continue
        faces += len(boxes)
        assert len(found) == len(boxes)
        best = found[np.argmax(found[:, -1])]
        corners = np.stack([best[:2], best[:2] + best[2:4]]) - 0.5
        np.testing.assert_allclose(preprocess.to_frame(corners, matrix).ravel(), boxes[0], atol=2)
        assert best[-1] == pytest.approx(scores[0], abs=0.01)
    assert faces >= 4


@pytest.mark.shared
@pytest.mark.slow
def test_mobilefacenet_in_8_bits_reaches_what_it_is_known_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Through the device's own detector, landmarks and crops, all pairs of half of LFW."""
    words = ["--mirror", str(shared("models")), "--data", str(shared("data/lfw.tar")), "--json"]
    assert main(["fetch", "mobilefacenet-ms1m", *words, "--out", str(tmp_path / "pack")]) == 0
    done = json.loads(capsys.readouterr().out)
    assert done["networks"]["embedder"]["shipped"] == "int8"
    tar = {point["far"]: point["tar"] for point in done["accuracy"]["points"]}
    assert tar[1e-5] >= 0.94
    pin = pins.read("mobilefacenet-ms1m")
    assert pin is not None and pin.accuracy["points"] == done["accuracy"]["points"]
