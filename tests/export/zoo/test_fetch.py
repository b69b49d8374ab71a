"""Downloads from a real server on this machine: whole, or an error that says what is wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

sys.path.insert(0, str(Path(__file__).parent))
import standins

sys.path.pop(0)

from edge.errors import UsageError
from export.zoo import fetch
from export.zoo.fetch import DownloadError, obtain

DATA = bytes(range(256)) * 1000


def net(data: bytes = DATA, **changes: object) -> standins.Network:
    return standins.network(data, **changes)


def test_the_file_comes_whole_and_each_part_is_told() -> None:
    seen: list[int] = []
    with standins.server(standins.sends(DATA)) as url:
        data, file = obtain(net(), url, seen.append)
    assert data == DATA and file.name == "net.onnx"
    assert sum(seen) == len(DATA) and len(seen) > 1


def test_an_altered_file_is_refused_with_both_hashes() -> None:
    changed = DATA[:-1] + b"!"
    wanted, got = (standins.published(d, "x").sha256 for d in (DATA, changed))
    with standins.server(standins.sends(changed)) as url, pytest.raises(DownloadError) as caught:
        obtain(net(), url)
    assert wanted in str(caught.value) and got in str(caught.value)


@pytest.mark.parametrize("stated", [None, len(DATA)])
def test_a_truncated_file_is_refused(stated: int | None) -> None:
    with (
        standins.server(standins.sends(DATA[:1000], stated=stated)) as url,
        pytest.raises(DownloadError, match=r"1,000 of 256,000|ended early"),
    ):
        obtain(net(), url)


def test_a_file_that_does_not_end_is_not_read_to_its_end() -> None:
    sent = 0

    def endless(request: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        request.send_response(200)
        request.end_headers()
        while sent < 10**9:
            try:
                request.wfile.write(DATA)
            except OSError:
                return
            sent += len(DATA)

    with standins.server(endless) as url, pytest.raises(DownloadError, match="more than"):
        obtain(net(), url)
    assert sent < 10**8


def test_a_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "TIMEOUT_S", 0.2)

    def silent(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.flush()
        time.sleep(1)

    with standins.server(silent) as url, pytest.raises(DownloadError, match="timed out"):
        obtain(net(), url)


def test_nobody_at_the_address_is_said() -> None:
    with standins.server(standins.sends(DATA)) as url:
        pass
    with pytest.raises(DownloadError, match=r"cannot be read: .*refused"):
        obtain(net(), url)


def redirect(to: str) -> standins.Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", to)
        request.end_headers()

    return answer


@pytest.mark.parametrize("scheme", ["file", "ftp", "gopher"])
def test_a_redirect_to_another_scheme_is_refused(scheme: str, tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(DATA)
    to = f"{scheme}://{'' if scheme == 'file' else 'localhost'}{tmp_path}/net.onnx"
    with (
        standins.server(redirect(to)) as url,
        pytest.raises(DownloadError, match=f"(?i)redirect.*{scheme}:"),
    ):
        obtain(net(), url)


def test_a_redirect_to_another_server_is_followed() -> None:
    with (
        standins.server(standins.sends(DATA)) as there,
        standins.server(redirect(f"{there}/elsewhere")) as url,
    ):
        assert obtain(net(), url)[0] == DATA


def test_a_publisher_is_never_asked_without_tls() -> None:
    """An address of the catalogue that is or leads to plain http is refused."""
    with standins.server(standins.sends(DATA)) as url:
        file = standins.published(DATA, "net.onnx", url)
        with pytest.raises(DownloadError, match="is not https"):
            obtain(net(files=(file,)), None)
    schemes = fetch._Redirects(frozenset({"https"}))
    with pytest.raises(DownloadError, match="redirects to http:"):
        schemes.redirect_request(
            fetch.urllib.request.Request("https://example.org/a"), None, 302, "", {}, "http://b/c"
        )


def test_the_first_file_that_the_mirror_has_is_taken() -> None:
    other = DATA[::-1]

    def answer(request: BaseHTTPRequestHandler) -> None:
        if request.path == "/second.onnx":
            standins.sends(other)(request)
        else:
            request.send_error(404)

    files = (standins.published(DATA, "first.onnx"), standins.published(other, "second.onnx"))
    with standins.server(answer) as url:
        data, file = obtain(net(files=files), url)
        assert (data, file.name) == (other, "second.onnx")
        with pytest.raises(DownloadError, match=r"none of first\.onnx"):
            obtain(net(files=files[:1]), url)


def test_a_server_in_trouble_is_not_a_missing_file() -> None:
    files = (standins.published(DATA, "first.onnx"), standins.published(DATA, "second.onnx"))
    with (
        standins.server(lambda request: request.send_error(500)) as url,
        pytest.raises(DownloadError, match="answers 500"),
    ):
        obtain(net(files=files), url)


def test_a_folder_is_a_mirror_too(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"none of net\.onnx"):
        obtain(net(), str(tmp_path))
    (tmp_path / "net.onnx").write_bytes(DATA)
    assert obtain(net(), str(tmp_path))[0] == DATA
    (tmp_path / "net.onnx").write_bytes(DATA[:-5])
    with pytest.raises(DownloadError, match="ended after"):
        obtain(net(), str(tmp_path))


@pytest.mark.parametrize("mirror", ["ftp://example.org/x", "file:///tmp", "/no/such/folder"])
def test_what_is_no_mirror_is_said(mirror: str) -> None:
    with pytest.raises(UsageError, match="--mirror"):
        obtain(net(), mirror)


def test_a_file_without_an_address_needs_a_mirror() -> None:
    with pytest.raises(DownloadError, match=r"no address is known of net\.onnx"):
        obtain(net(), None)


# Archives -----------------------------------------------------------------------------------
def zipped(**files: bytes) -> bytes:
    return standins.zipped({f"{name}.onnx": data for name, data in files.items()})


def in_archive(archive: bytes, member: bytes) -> standins.Network:
    digest = standins.published(member, "x").sha256
    file = standins.published(archive, "a.zip", member="one.onnx", member_sha256=digest)
    return net(files=(file,))


def test_a_member_is_taken_out_of_an_archive(tmp_path: Path) -> None:
    archive = zipped(one=DATA, two=b"2")
    (tmp_path / "a.zip").write_bytes(archive)
    assert obtain(in_archive(archive, DATA), str(tmp_path))[0] == DATA


@pytest.mark.parametrize("archive", [zipped(one=b"other"), zipped(two=DATA), b"no archive"])
def test_a_wrong_member_is_refused(archive: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(archive)
    with pytest.raises(DownloadError, match=r"a\.zip"):
        obtain(in_archive(archive, DATA), str(tmp_path))


# Interruptions of the real command -----------------------------------------------------------
COMMAND = [sys.executable, "-m", "export.zoo"]
ROOT = Path(__file__).parents[3]


def names(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*")}


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> set[Path]:
    """What the libraries themselves leave among temporary files."""
    folder = tmp_path_factory.mktemp("usual")
    environment = {**os.environ, "TMPDIR": str(folder)}
    subprocess.run(
        [*COMMAND, "list", "--json"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return names(folder)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_download_leaves_nothing_behind(
    how: signal.Signals, usual: set[Path], tmp_path: Path
) -> None:
    """In the folder of the pack, and in that of temporary files no more than after `list`."""
    from export.zoo.catalogue import ENTRIES

    begun, leave = tmp_path / "begun", tmp_path / "leave"
    out, temporary = tmp_path / "out", tmp_path / "temporary"
    out.mkdir()
    temporary.mkdir()
    size = ENTRIES["mobilefacenet-ms1m"].networks[0].files[0].size

    def slow(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(size))
        request.end_headers()
        request.wfile.write(DATA)
        begun.touch()
        while not leave.exists():
            time.sleep(0.02)

    with standins.server(slow) as url:
        words = ["fetch", "mobilefacenet-ms1m", "--mirror", url, "--out", str(out / "pack")]
        command = subprocess.Popen(
            [*COMMAND, *words],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(temporary)},
            stderr=subprocess.PIPE,
            # A run in the background hands on that Ctrl-C is ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        try:
            until = time.monotonic() + 60
            while not begun.exists() and command.poll() is None and time.monotonic() < until:
                time.sleep(0.02)
            assert begun.exists(), command.stderr and command.stderr.read()
            time.sleep(0.2)
            command.send_signal(how)
            code = command.wait(30)
        finally:
            command.kill()
            leave.touch()
    assert code == (-signal.SIGKILL if how == signal.SIGKILL else 130)
    assert list(out.iterdir()) == []
    assert names(temporary) == usual


def test_the_catalogue_states_whole_hashes_and_addresses() -> None:
    from export.zoo.catalogue import ENTRIES

    for entry in ENTRIES.values():
        for network in entry.networks:
            assert network.files[0].url is not None, entry.name
            for file in network.files:
                assert file.url is None or file.url.startswith("https://")
                for digest in filter(None, (file.sha256, file.member_sha256)):
                    assert len(digest) == 64 and set(digest) <= set("0123456789abcdef")
                assert (file.member is None) == (file.member_sha256 is None)


def test_equal_names_are_equal_files() -> None:
    """A mirror has one file of a name."""
    from export.zoo.catalogue import ENTRIES

    known: dict[str, standins.Published] = {}
    for entry in ENTRIES.values():
        for network in entry.networks:
            for file in network.files:
                assert replace(known.setdefault(file.name, file)) == file
