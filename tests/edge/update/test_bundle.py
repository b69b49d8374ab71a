"""A bundle that is not, byte for byte, what the key's owner signed is refused."""

from __future__ import annotations

import contextlib
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.errors import BadBundle, BadSignature, SlotError, UpdateError
from edge.update.bundle import MANIFEST, SIGNATURE, opened
from edge.update.manifest import KERNEL, ROOT, Version, decode
from tests.edge.update.conftest import Keys, Recipe, pack

SMALL = {"vmlinuz": b"MZ" * 300, "initrd.img": b"i" * 700, "root.squashfs": b"hsqs" * 500}


def contents(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {m.name: tar.extractfile(m).read() for m in tar}  # type: ignore[union-attr]


def accepted(path: Path, key: Path) -> dict[str, bytes]:
    """What the device would write. Raises as it refuses."""
    with opened(path, key) as bundle:
        bundle.check(lambda _n: None)
        return {n: b"".join(bundle.chunks(n)) for n in bundle.manifest.parts.named()}


def test_a_signed_bundle_gives_its_parts(keys: Keys, recipe: Recipe, tmp_path: Path) -> None:
    assert accepted(recipe.write(tmp_path / "b", keys), keys.public) == recipe.files


def test_another_key_is_refused(
    keys: Keys, other_keys: Keys, recipe: Recipe, tmp_path: Path
) -> None:
    with pytest.raises(BadSignature, match="not signed with this device's update key"):
        accepted(recipe.write(tmp_path / "b", other_keys), keys.public)


@pytest.mark.parametrize("name", [KERNEL, ROOT])
def test_one_flipped_bit_of_a_part_is_found(
    keys: Keys, recipe: Recipe, tmp_path: Path, name: str
) -> None:
    files = contents(recipe.write(tmp_path / "b", keys))
    data = bytearray(files[name])
    data[len(data) // 2] ^= 1
    files[name] = bytes(data)
    with pytest.raises(BadBundle, match=f"{name} is not the file that was signed"):
        accepted(pack(tmp_path / "c", files), keys.public)


def test_an_edited_manifest_is_refused(keys: Keys, recipe: Recipe, tmp_path: Path) -> None:
    files = contents(recipe.write(tmp_path / "b", keys))
    files[MANIFEST] = files[MANIFEST].replace(b"0.1.0+11", b"0.1.0+99")
    with pytest.raises(BadSignature):
        accepted(pack(tmp_path / "c", files), keys.public)


def test_a_signature_of_another_bundle_is_refused(
    keys: Keys, recipe: Recipe, tmp_path: Path
) -> None:
    files = contents(recipe.write(tmp_path / "b", keys))
    other = contents(Recipe(version="9.9.9+1").write(tmp_path / "c", keys))
    with pytest.raises(BadSignature):
        accepted(pack(tmp_path / "d", files | {SIGNATURE: other[SIGNATURE]}), keys.public)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_anywhere_is_refused_or_changes_nothing(
    keys: Keys, tmp_path: Path, where: float, bit: int
) -> None:
    """Bytes that mean nothing, tar's padding, may be anything."""
    path = tmp_path / "b"
    if not path.exists():
        Recipe(files=dict(SMALL)).write(path, keys)
    data = bytearray(path.read_bytes())
    data[int(where * len(data))] ^= 1 << bit
    flipped = tmp_path / "flipped"
    flipped.write_bytes(data)
    with contextlib.suppress(UpdateError):
        assert accepted(flipped, keys.public) == SMALL


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(keep=st.floats(0, 1, exclude_max=True))
def test_a_bundle_cut_short_is_refused(keys: Keys, tmp_path: Path, keep: float) -> None:
    path = tmp_path / "b"
    if not path.exists():
        Recipe(files=dict(SMALL)).write(path, keys)
    end = path.read_bytes().rindex(b"hsqs") + 4  # behind it is padding alone
    short = tmp_path / "short"
    short.write_bytes(path.read_bytes()[: int(keep * end)])
    with pytest.raises(BadBundle):
        accepted(short, keys.public)


def _swapped(files: dict[str, bytes]) -> dict[str, bytes]:
    return dict(reversed(files.items()))


def _more(files: dict[str, bytes]) -> dict[str, bytes]:
    return files | {"extra": b"x"}


def _less(files: dict[str, bytes]) -> dict[str, bytes]:
    return {n: d for n, d in files.items() if n != ROOT}


def _huge_manifest(files: dict[str, bytes]) -> dict[str, bytes]:
    return files | {MANIFEST: bytes(70_000)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_swapped, "manifest.json is missing"),
        (_more, "holds more than the manifest names"),
        (_less, "root.squashfs is missing, nothing stands there"),
        (_huge_manifest, "more than 65536"),
    ],
)
def test_other_members_are_refused(
    keys: Keys,
    recipe: Recipe,
    tmp_path: Path,
    change: Callable[[dict[str, bytes]], dict[str, bytes]],
    said: str,
) -> None:
    files = contents(recipe.write(tmp_path / "b", keys))
    with pytest.raises(BadBundle, match=said):
        accepted(pack(tmp_path / "c", change(files)), keys.public)


def test_a_link_in_the_place_of_a_part_is_refused(
    keys: Keys, recipe: Recipe, tmp_path: Path
) -> None:
    files = contents(recipe.write(tmp_path / "b", keys))
    path = tmp_path / "c"
    pack(path, {n: files[n] for n in (MANIFEST, SIGNATURE)})
    with tarfile.open(path, "a:", format=tarfile.USTAR_FORMAT) as tar:
        about = tarfile.TarInfo(KERNEL)
        about.type, about.linkname = tarfile.SYMTYPE, "/etc/shadow"
        tar.addfile(about)
    with pytest.raises(BadBundle, match="not a plain file"):
        accepted(path, keys.public)


@pytest.mark.parametrize("data", [b"", b"not a tar", b"\x1f\x8b" + bytes(600), bytes(1024)])
def test_what_is_no_bundle_is_said_to_be_none(keys: Keys, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "b"
    path.write_bytes(data)
    with pytest.raises(BadBundle):
        accepted(path, keys.public)
    with pytest.raises(BadBundle, match="No such file"):
        accepted(tmp_path / "missing", keys.public)


def test_without_minisign_nothing_is_accepted(
    keys: Keys, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = recipe.write(tmp_path / "b", keys)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SlotError, match="minisign is not installed"):
        accepted(path, keys.public)


# The manifest --------------------------------------------------------------------------------
def changed(recipe: Recipe, **more: Any) -> bytes:
    return json.dumps(json.loads(recipe.manifest().encoded()) | more).encode()


@pytest.mark.parametrize(
    "more",
    [
        {"format": 2},
        {"board": "../x"},
        {"version": "1.0"},
        {"version": "1.0.0"},
        {"version": "1.0.0+1\n"},
        {"version": "1.0.0-rc1+1"},
        {"unknown": 1},
        {"options": "root=PARTLABEL=root-a ro"},
        {"options": "root=PARTLABEL=root-{slot} root=/dev/sda1"},
        {"options": "root=PARTLABEL=root-{slot} {0.__class__}"},
        {"options": "root=PARTLABEL=root-{slot}\nlinux /evil"},
        {"options": ""},
        {"parts": {}},
    ],
)
def test_a_manifest_outside_its_schema_is_refused_though_signed(
    keys: Keys, recipe: Recipe, tmp_path: Path, more: dict[str, Any]
) -> None:
    with pytest.raises(BadBundle, match="its manifest is unusable"):
        accepted(recipe.write(tmp_path / "b", keys, changed(recipe, **more)), keys.public)


def test_a_manifest_survives_being_written(recipe: Recipe) -> None:
    assert decode(recipe.manifest().encoded(), "here") == recipe.manifest()
    assert recipe.manifest().options_for("b").split()[0] == "root=PARTLABEL=root-b"


@given(st.tuples(*[st.integers(0, 999)] * 4), st.tuples(*[st.integers(0, 999)] * 4))
def test_versions_are_ordered_as_numbers(
    one: tuple[int, int, int, int], two: tuple[int, int, int, int]
) -> None:
    a, b = (Version("{}.{}.{}+{}".format(*v)) for v in (one, two))
    assert (a < b, a == b, a > b) == (one < two, one == two, one > two)
    assert str(a) == a.text


def test_a_version_of_another_form_is_refused() -> None:
    for text in ("", "1", "1.2.3", "1.2.3+", "1.2.3+x", " 1.2.3+1", "1.2.3+1 ", "١.2.3+1"):
        with pytest.raises(BadBundle):
            Version(text)
