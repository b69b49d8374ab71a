"""`python -m firmware_configs.bundle`: what it takes out of an image, and what it refuses."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from edge.update.bundle import opened
from edge.update.manifest import PARTS
from firmware_configs.bundle.__main__ import main
from firmware_configs.bundle.image import SQUASHFS

TOOLS = ("minisign", "mksquashfs", "unsquashfs", "mkfs.vfat", "mcopy", "sfdisk")
MIB = 1 << 20
SBIN = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
KERNEL = b"MZ kernel " * 9999
INITRD = b"initrd " * 9999
LINE = "root=PARTLABEL=root-a rootfstype=squashfs ro panic=10 quiet"


def run(*words: str | Path, stdin: str | None = None) -> None:
    program = shutil.which(str(words[0]), path=SBIN)
    assert program is not None
    subprocess.run(
        [program, *map(str, words[1:])], input=stdin, text=True, check=True, capture_output=True
    )


class Maker:
    """Makes images of the real layout with the real tools, a few MiB large."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("update", "other"):
            run("minisign", "-G", "-W", "-p", self.key(name, "pub"), "-s", self.key(name))

    def key(self, name: str, kind: str = "key") -> Path:
        return self.folder / f"{name}.{kind}"

    def image(
        self,
        name: str,
        *,
        public: str | None = "update",
        kernel: bytes = KERNEL,
        release: str = "IMAGE_ID=face-gate-generic-arm64\nIMAGE_VERSION=0.1.0+12\n",
        line: str = LINE,
        label: str = "root-a",
        entry: str = "face-gate-a.conf",
    ) -> Path:
        root = self.folder / f"{name}-root"
        (root / "etc").mkdir(parents=True)
        (root / "etc/os-release").write_text(release)
        if public is not None:
            place = root / "usr/share/face-gate/update.pub"
            place.parent.mkdir(parents=True)
            shutil.copy(self.key(public, "pub"), place)
        squashfs = self.folder / f"{name}.squashfs"
        run(
            "mksquashfs",
            root,
            squashfs,
            "-quiet",
            "-no-progress",
            "-mkfs-time",
            "0",
            "-all-time",
            "0",
        )
        image, esp = self.folder / f"{name}.img", self.folder / f"{name}.esp"
        with esp.open("wb") as file:
            file.truncate(4 * MIB)
        run("mkfs.vfat", "-i", "12345678", esp)
        run("mmd", "-i", esp, "::/slot-a", "::/loader", "::/loader/entries")
        files = {
            "slot-a/vmlinuz": kernel,
            "slot-a/initrd.img": INITRD,
            f"loader/entries/{entry}": f"title x\nversion 1\noptions {line}\n".encode(),
        }
        for path, data in files.items():
            part = self.folder / "part"
            part.write_bytes(data)
            run("mcopy", "-o", "-i", esp, part, f"::/{path}")
        with image.open("wb") as file:
            file.truncate(16 * MIB)
        table = "label: gpt\n" + "".join(
            f"start={start * 2048},size={size * 2048},name={part}\n"
            for part, start, size in (
                ("esp", 1, 4),
                (label, 5, 4),
                ("root-b", 9, 4),
                ("data", 13, 2),
            )
        )
        run("sfdisk", "-q", image, stdin=table)
        with image.open("r+b") as file:
            for start, source in ((1, esp), (5, squashfs)):
                file.seek(start * MIB)
                file.write(source.read_bytes())
        return image


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    missing = [tool for tool in TOOLS if shutil.which(tool, path=SBIN) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed (docs/updates.md)")
    return Maker(tmp_path_factory.mktemp("bundle"))


def made(image: Path, key: Path, out: Path, *more: str) -> int:
    return main(["--image", str(image), "--key", str(key), "--out", str(out), *more])


def test_a_bundle_holds_what_the_image_holds(
    maker: Maker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image, out = maker.image("good"), tmp_path / "x.bundle"
    assert made(image, maker.key("update"), out, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["board"], said["version"]) == ("generic-arm64", "0.1.0+12")
    with opened(out, maker.key("update", "pub")) as bundle:
        kernel, initrd, root = (b"".join(bundle.chunks(name)) for name in PARTS)
        assert bundle.manifest.options_for("a") == LINE
        assert bundle.manifest.options_for("b") == LINE.replace("root-a", "root-b")
    assert (kernel, initrd) == (KERNEL, INITRD)
    squashfs = (maker.folder / "good.squashfs").read_bytes()
    assert root == squashfs
    assert len(root) >= SQUASHFS.unpack(root[: SQUASHFS.size])[1]


def test_the_same_image_gives_the_same_bytes(maker: Maker, tmp_path: Path) -> None:
    image = maker.image("twice")
    for name in ("one", "two"):
        assert made(image, maker.key("update"), tmp_path / name) == 0
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with tarfile.open(tmp_path / "one") as tar:
        assert {(m.mtime, m.uid, m.uname) for m in tar} == {(0, 0, "")}


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("nokey", {"public": None}, "has no update key"),
        ("nokernel", {"kernel": b"\x7fELF"}, "none that UEFI firmware starts"),
        ("noname", {"release": "ID=debian\n"}, "names no board and version"),
        ("oddversion", {"release": "IMAGE_ID=face-gate-x\nIMAGE_VERSION=7\n"}, "'7' is no version"),
        ("noslot", {"label": "rootfs"}, "has no partition root-a"),
        ("noentry", {"entry": "other.conf"}, "has no entry of systemd-boot"),
        ("otherline", {"line": "root=/dev/sda2 ro"}, "options must hold root=PARTLABEL"),
    ],
)
def test_an_image_that_would_make_no_update_is_refused(
    maker: Maker,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    change: dict[str, str],
    said: str,
) -> None:
    out = tmp_path / "x.bundle"
    assert made(maker.image(name, **change), maker.key("update"), out) in (12, 13)  # type: ignore[arg-type]
    assert said in " ".join(capsys.readouterr().err.split())
    assert list(tmp_path.iterdir()) == []


def test_a_change_of_keys_must_be_said(
    maker: Maker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image, out = maker.image("rotated", public="other"), tmp_path / "x.bundle"
    assert made(image, maker.key("update"), out) == 12
    assert "say --other-key" in capsys.readouterr().err
    assert not out.exists()
    assert made(image, maker.key("update"), out, "--other-key") == 0
    with opened(out, maker.key("update", "pub")) as bundle:
        bundle.check(lambda _n: None)


def test_what_is_no_image_or_no_key_is_refused(
    maker: Maker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = tmp_path / "nothing.img"
    assert made(nothing, maker.key("update"), tmp_path / "x") == 12
    nothing.write_bytes(bytes(MIB))
    assert made(nothing, maker.key("update"), tmp_path / "x") == 12
    image = maker.image("keyless")
    assert made(image, tmp_path / "no.key", tmp_path / "x") == 12
    assert "minisign -G" in capsys.readouterr().err
    (tmp_path / "bad.key").write_text("not a key")
    assert made(image, tmp_path / "bad.key", tmp_path / "x") == 12
    assert not (tmp_path / "x").exists()
