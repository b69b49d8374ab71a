"""A published file's bytes, from its address or a mirror: all of them, the right ones, or an error.

The bytes stay in memory until their SHA-256 has been found right, so that nothing is left behind
by whatever interrupts a download, and nothing is used that is not the file of the catalogue.
"""

from __future__ import annotations

import hashlib
import http.client
import io
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import quote, urlsplit

from edge.errors import UsageError

from ..errors import ExportError
from .entry import Network, Published

TIMEOUT_S = 30.0
"""A server that is silent for so long has failed."""
BLOCK = 1 << 16
ADVICE = "fetch it again, or take it from --mirror"


class DownloadError(ExportError):
    """A file of the zoo cannot be had, or is not the one whose hash the catalogue states."""


class _MissingError(DownloadError):
    """There is no file of that name."""


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects within the schemes that are allowed: never to a file, or out of TLS."""

    def __init__(self, schemes: frozenset[str]) -> None:
        self._schemes = schemes

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme not in self._schemes:
            raise DownloadError(
                f"{req.full_url}: the server redirects to {newurl}, which is not "
                f"{' or '.join(sorted(self._schemes))}"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def obtain(
    network: Network, mirror: str | None, advance: Callable[[int], object] = lambda _: None
) -> tuple[bytes, Published]:
    """The ONNX file of a network and which of its published files it is of.

    mirror: folder or http(s) address that has the files by their names, instead of the publishers.
    advance: called with the number of bytes of each part that has come.

    Raises DownloadError (which names both hashes where they differ), UsageError.
    """
    data, published = _any_of(network.files, mirror, advance)
    return _member(data, published), published


def _any_of(
    files: tuple[Published, ...], mirror: str | None, advance: Callable[[int], object]
) -> tuple[bytes, Published]:
    names = ", ".join(f.name for f in files)
    if mirror is None:
        for published in files:
            if published.url is not None:
                return _checked(published, published.url, _https(published.url), advance), published
        raise DownloadError(f"no address is known of {names}: give a --mirror that has it")
    for published in files:
        try:
            return _checked(published, *_mirrored(mirror, published), advance), published
        except _MissingError:
            continue
    raise DownloadError(f"{mirror}: has none of {names}")


def _https(url: str) -> Callable[[], IO[bytes]]:
    return lambda: _open(url, frozenset({"https"}))


def _mirrored(mirror: str, published: Published) -> tuple[str, Callable[[], IO[bytes]]]:
    scheme = urlsplit(mirror).scheme if "://" in mirror else ""
    if scheme in ("http", "https"):
        url = f"{mirror.rstrip('/')}/{quote(published.name)}"
        allowed = frozenset({"https"} if scheme == "https" else {"http", "https"})
        return url, lambda: _open(url, allowed)
    if scheme:
        raise UsageError(f"--mirror: {mirror!r} is neither a folder nor an http or https address")
    folder = Path(mirror)
    if not folder.is_dir():
        raise UsageError(f"--mirror: {mirror} is not a folder")
    path = folder / published.name
    if not path.exists():
        raise _MissingError(f"{path}: no such file")
    return str(path), lambda: path.open("rb")


def _open(url: str, schemes: frozenset[str]) -> IO[bytes]:
    if urlsplit(url).scheme not in schemes:
        raise DownloadError(f"{url}: is not {' or '.join(sorted(schemes))}")
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        _Redirects(schemes),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
    ):
        opener.add_handler(handler)
    request = urllib.request.Request(url, headers={"User-Agent": "face-gate"})
    try:
        answer: IO[bytes] = opener.open(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        kind = _MissingError if error.code in (404, 410) else DownloadError
        raise kind(f"{url}: the server answers {error.code} {error.reason}") from error
    return answer


def _checked(
    published: Published,
    where: str,
    source: Callable[[], IO[bytes]],
    advance: Callable[[int], object],
) -> bytes:
    parts: list[bytes] = []
    digest, come = hashlib.sha256(), 0
    with _explained(where), source() as stream:
        for part in _parts(stream):
            come += len(part)
            if come > published.size:
                raise DownloadError(
                    f"{where}: more than the {published.size:,} bytes of {published.name}: "
                    f"another file; {ADVICE}"
                )
            digest.update(part)
            parts.append(part)
            advance(len(part))
    if come < published.size:
        raise DownloadError(f"{where}: ended after {come:,} of {published.size:,} bytes; {ADVICE}")
    if digest.hexdigest() != published.sha256:
        raise DownloadError(
            f"{where}: SHA-256 is {digest.hexdigest()}, the zoo's {published.name} has "
            f"{published.sha256}: another or a changed file; {ADVICE}"
        )
    return b"".join(parts)


@contextmanager
def _explained(where: str) -> Iterator[None]:
    try:
        yield
    except DownloadError:
        raise
    except http.client.IncompleteRead as error:
        raise DownloadError(f"{where}: the connection ended early; {ADVICE}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise DownloadError(f"{where}: cannot be read: {reason}; {ADVICE}") from error


def _parts(stream: IO[bytes]) -> Iterator[bytes]:
    while part := stream.read(BLOCK):
        yield part


def _member(data: bytes, published: Published) -> bytes:
    if published.member is None:
        return data
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            held = [n for n in archive.namelist() if Path(n).name == published.member]
            if len(held) != 1:
                raise DownloadError(f"{published.name}: holds {len(held)} of {published.member}")
            content = archive.read(held[0])
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
        raise DownloadError(
            f"{published.name}: not an archive that can be read: {error}"
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != published.member_sha256:
        raise DownloadError(
            f"{published.name}: {published.member} in it has SHA-256 {found}, not "
            f"{published.member_sha256}"
        )
    return content
