"""The catalogue's own entries: the real files where they are, stand-ins in their form else."""

from __future__ import annotations

import json
import sys
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


from edge import packs
from edge.faces.detect import detect
from edge.packs import preprocess
from export import measures
from export.pictures import variations
from export.zoo import catalogue, pins
from export.zoo.__main__ import main
from export.zoo.entry import Entry
from export.zoo.models import insightface, opencv

SHARED = Path(__file__).resolve().parents[4] / "shared"


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"needs {name} in the optional folder ../shared")
    return path


# Entries whose real files are not here, with weights of our own --------------------------------
def with_weights(entry: Entry, role: str, length: int, folder: Path) -> Entry:
    """The entry with a stand-in's bytes in the file of `role`, put into `folder` as published."""
    (network,) = (n for n in entry.networks if n.role == role)
    scaled = network.spec.std != (1.0,) * 3
    inner = standins.data_of(standins.embedder(length, batch="None", scaled=scaled))
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
