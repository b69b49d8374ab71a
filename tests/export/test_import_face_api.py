"""The importer on the real package: parity on faces, refusals, nothing half-written."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from edge import packs
from edge.errors import PackError
from edge.faces import detect, embed, landmarks
from export import import_face_api, pictures
from export.face_api import recipe
from export.face_api.weights import Package


def image(portraits: Path, name: str) -> pictures.Image:
    return next(image for path, image in pictures.read(portraits) if path.endswith("/" + name))


def listing(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


@pytest.fixture(scope="session")
def imported(face_api_tgz: Path, portraits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "pack"
    assert (
        import_face_api.main([str(face_api_tgz), "--out", str(out), "--calibrate", str(portraits)])
        == 0
    )
    return out


def test_the_imported_pack_is_valid_and_small(imported: Path) -> None:
    pack = packs.load(imported, optional=("age_gender",))
    assert pack.age_gender is not None
    assert sum(p.stat().st_size for p in imported.iterdir()) < 12e6
    assert listing(imported) == sorted(["manifest.toml", *(f"{role}.onnx" for role in recipe.NETS)])
    assert listing(imported.parent) == ["pack"]


def test_the_same_input_gives_the_same_bytes(
    imported: Path, face_api_tgz: Path, portraits: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    import_face_api.import_package(face_api_tgz, again, calibrate=portraits)
    for path in imported.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes(), path.name


def test_networks_agree_with_torch_on_a_face(
    face_api_tgz: Path, imported: Path, portraits: Path
) -> None:
    torch = pytest.importorskip("torch")
    pack = packs.load(imported)
    frame = image(portraits, "obama.jpg")
    boxes, _ = detect.detect(pack, frame)
    points = landmarks.locate(pack, frame, boxes[0]).points
    source = Package(face_api_tgz)
    roles = pack.manifest.roles
    spec = roles.detector.input
    inputs = {
        "detector": packs.preprocess.tensor(
            frame, packs.preprocess.frame_matrix(spec.fit, spec, *frame.shape[:2]), spec
        ),
        "landmarks": packs.preprocess.tensor(
            frame,
            packs.preprocess.box_matrix(roles.landmarks.input.fit, roles.landmarks.input, boxes[0]),
            roles.landmarks.input,
        ),
        "embedder": embed.aligned(pack, frame, points),
    }
    for role, value in inputs.items():
        net = recipe.NETS[role]
        module = recipe.build(net, source.network(net.stored_as))
        with torch.no_grad():
            wanted = module(torch.from_numpy(value)).numpy()
        session = ort.InferenceSession(
            imported / f"{role}.onnx", providers=["CPUExecutionProvider"]
        )
        got = session.run(None, {"image": value})[0]
        if net.quantise:
            cosine = (got @ wanted.T) / (np.linalg.norm(got) * np.linalg.norm(wanted))
            assert cosine.item() > 0.99
        else:
            assert np.abs(got - wanted).max() < 1e-3 * np.abs(wanted).max()


def test_one_person_is_alike_and_two_are_not(imported: Path, portraits: Path) -> None:
    pack = packs.load(imported)
    vectors = {}
    for name in ("obama.jpg", "obama2.jpg", "biden.jpg"):
        frame = image(portraits, name)
        boxes, _ = detect.detect(pack, frame)
        vectors[name] = embed.embed(pack, frame, landmarks.locate(pack, frame, boxes[0]).points)
    curve = {p.fmr: p.score for p in pack.manifest.roles.embedder.head.scores.curve}
    assert float(vectors["obama.jpg"] @ vectors["obama2.jpg"]) > curve[1e-3]
    assert float(vectors["obama.jpg"] @ vectors["biden.jpg"]) < curve[1e-1]


# Refusals, which need no network -------------------------------------------------------------
def fails(tmp_path: Path, *args: str) -> int:
    before = listing(tmp_path)
    code = import_face_api.main([*args, "--out", str(tmp_path / "pack")])
    assert listing(tmp_path) == before
    return code


def test_another_package_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fake = tmp_path / "fake.tgz"
    with tarfile.open(fake, "w:gz"):
        pass
    assert fails(tmp_path, str(fake)) == PackError.exit_code
    assert "SHA-256" in capsys.readouterr().err


def test_an_absent_package_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fails(tmp_path, str(tmp_path / "absent.tgz")) == PackError.exit_code
    assert "cannot read" in capsys.readouterr().err


def test_bad_scores_and_limits_are_refused(tmp_path: Path) -> None:
    (tmp_path / "scores.toml").write_text("curve = [")
    for extra in (("--scores", str(tmp_path / "scores.toml")), ("--pictures", "0")):
        assert fails(tmp_path, str(tmp_path / "absent.tgz"), *extra) == PackError.exit_code


def test_pictures_without_faces_leave_nothing(
    face_api_tgz: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import cv2

    (tmp_path / "grey").mkdir()
    cv2.imwrite(str(tmp_path / "grey" / "a.png"), np.full((200, 200, 3), 90, np.uint8))
    args = (str(face_api_tgz), "--calibrate", str(tmp_path / "grey"))
    assert fails(tmp_path, *args) == PackError.exit_code
    assert "no face" in capsys.readouterr().err


def test_an_interruption_leaves_nothing(
    face_api_tgz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(import_face_api, "static_int8", interrupted)
    monkeypatch.setattr(import_face_api, "_faces", lambda *a: {role: [] for role in recipe.NETS})
    assert fails(tmp_path, str(face_api_tgz)) == 130


def test_a_conversion_that_changed_something_is_refused(
    face_api_tgz: Path, portraits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An 8-bit embedder with a wrong scale must not pass for the float one."""
    real = import_face_api.static_int8

    def damaged(model: object, inputs: list[np.ndarray]) -> object:
        return real(model, [value * 0.02 for value in inputs])

    monkeypatch.setattr(import_face_api, "static_int8", damaged)
    args = (str(face_api_tgz), "--calibrate", str(portraits))
    assert fails(tmp_path, *args) == PackError.exit_code
