"""Several cameras on one face: colour pictures with the depth and infrared ones of their moment.

`set:?colour=URI&depth=URI&ir=URI&within=SECONDS` names them: colour and at least one of the others,
each any URI but a set, with `%` written %25 and `&` written %26. Pictures belong together that were
taken at most `within` (default 0.02) apart.

The colour camera leads: its pictures are the frames, at the moments when they were taken. A colour
picture without a partner is dropped and counted. When none has had one for `LOST_AFTER_S`, or one
of the cameras ends before colour, the set is lost: a missing sensor never turns into a frame
without it.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import unquote

from edge.cameras import uris
from edge.cameras.base import Camera, Companion, Companions, Frame, Image, Plane
from edge.cameras.pictures import is_picture
from edge.cameras.planes import CameraPlanes, Planes, Source, moment
from edge.errors import CameraError, CameraLost, CameraUriError

log = logging.getLogger(__name__)

LOST_AFTER_S = 1.0
WITHIN_S = 0.02
"""Free-running cameras of 30 frames per second are at most 17 ms apart."""
MOST_WITHIN_S = 0.2
COMPANIONS = ("depth", "ir")
_GRAMMAR = "write set:?colour=URI&depth=URI&ir=URI&within=SECONDS, colour and one or two others"


class Opener(Protocol):
    """`edge.cameras.open_camera`."""

    def __call__(
        self,
        uri: str,
        *,
        width: int | None = ...,
        height: int | None = ...,
        fps: float | None = ...,
    ) -> Camera: ...


@dataclass(frozen=True)
class SetUri:
    """members: URIs by role, colour first. within: seconds."""

    members: Mapping[str, str]
    within: float


def parse(uri: str, rest: str) -> SetUri:
    """What stands after `set:`. Raises CameraUriError."""
    if not rest.startswith("?"):
        raise CameraUriError(f"{uri}: {_GRAMMAR}")
    found: dict[str, str] = {}
    for part in rest[1:].split("&"):
        name, _, value = part.partition("=")
        if name not in ("colour", *COMPANIONS, "within") or not value:
            raise CameraUriError(
                f"{uri}: {part!r} is not understood; {_GRAMMAR}; inside a URI `&` is %26"
            )
        if name in found:
            raise CameraUriError(f"{uri}: {name} is given twice")
        found[name] = unquote(value, errors="strict") if name != "within" else value
    within = _seconds(uri, found.pop("within", str(WITHIN_S)))
    members = {role: found[role] for role in ("colour", *COMPANIONS) if role in found}
    if "colour" not in members or len(members) < 2:
        raise CameraUriError(f"{uri}: {_GRAMMAR}")
    if any(uris.split(member)[0] == "set" for member in members.values()):
        raise CameraUriError(f"{uri}: a set cannot be one of a set")
    return SetUri(members, within)


def _seconds(uri: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= MOST_WITHIN_S:
        raise CameraUriError(f"{uri}: within is above 0 and at most {MOST_WITHIN_S} s, not {text}")
    return value


class CameraSet(Camera):
    """Frames with `companions`. `dropped`: colour pictures that had no partner, by role."""

    def __init__(
        self,
        uri: str,
        rest: str,
        opener: Opener,
        *,
        width: int | None = None,
        height: int | None = None,
        fps: float | None = None,
    ) -> None:
        """width, height: pixels asked of the colour camera; fps: asked of every member.

        Raises CameraUriError, and CameraError when a member cannot be opened or live cameras
        and files are mixed: their clocks have nothing to do with each other.
        """
        super().__init__(uri)
        wanted = parse(uri, rest)
        self.within = wanted.within
        self.dropped: dict[str, int] = {}
        self._colour = opener(wanted.members["colour"], width=width, height=height, fps=fps)
        self._others: dict[str, _Follower] = {}
        try:
            self.live = self._colour.live
            self.fps, self.frame_count = self._colour.fps, self._colour.frame_count
            for role in COMPANIONS:
                if role in wanted.members:
                    source = _open(wanted.members[role], opener, fps)
                    self._others[role] = _Follower(source)
                    if source.live != self.live:
                        raise CameraError(f"{uri}: either all of a set are live cameras, or none")
        except BaseException:
            self._release()
            raise
        self.dropped = dict.fromkeys(self._others, 0)
        self._alone_since: float | None = None
        self._together: Companions | None = None

    def read(self) -> Frame | None:
        """The next frame with all its companions; None at the end of films and folders.

        Raises CameraLost as a camera does, and when nothing has come together for
        `LOST_AFTER_S`; CameraError also when files end before those of colour.
        """
        frame = super().read()
        return None if frame is None else replace(frame, companions=self._together)

    @property
    def cut_short(self) -> bool:
        """Whether a member is a film that stopped early (see `edge.cameras.film.Film`)."""
        members = [self._colour, *(f.source for f in self._others.values())]
        return any(getattr(member, "cut_short", False) for member in members)

    def _fetch(self) -> tuple[Image, float] | None:
        while True:
            frame = self._colour.read()
            if frame is None:
                if self._index == 0:
                    raise self._lost("no two pictures belong together")
                return None
            taken = moment(self._colour, frame.t)
            found: dict[str, Companion] = {}
            for role, follower in self._others.items():
                got = follower.at(taken, self.within)
                if follower.ended:
                    raise self._lost(f"{role} ended before colour")
                if got is not None:
                    found[role] = got
                else:
                    self.dropped[role] += 1
            if len(found) == len(self._others):
                self._alone_since = None
                self._together = Companions(**found)
                # The older of the two times: what has waited for another sensor is not fresh.
                return frame.image, taken
            self._alone_since = taken if self._alone_since is None else self._alone_since
            if taken - self._alone_since >= LOST_AFTER_S:
                late = " and ".join(role for role in self._others if role not in found)
                raise self._lost(f"no {late} picture within {self.within:g} s of a colour one")

    def _lost(self, why: str) -> CameraError:
        kind = CameraLost if self.live else CameraError
        return kind(f"{self.uri}: {why}; dropped so far: {self.dropped}")

    def _release(self) -> None:
        if any(self.dropped.values()):
            log.warning("%s: colour pictures without a partner: %s", self.uri, self.dropped)
        closing: list[Callable[[], None]] = [f.source.close for f in self._others.values()]
        for close in (self._colour.close, *closing):
            close()


class _Follower:
    """One companion's pictures, looked through once from front to back."""

    def __init__(self, source: Source) -> None:
        self.source, self.ended = source, False
        self._held: tuple[Plane, float] | None = None

    def at(self, taken: float, within: float) -> Companion | None:
        """The first picture that is not too old, if it is within the bound of the moment `taken`.

        It is kept: a slower sensor's picture may belong to two colour pictures.
        """
        while self._held is None or self._held[1] < taken - within:
            self._held = self.source.read()
            if self._held is None:
                self.ended = True
                return None
        image, when = self._held
        if when > taken + within:
            return None
        return Companion(image, when - taken)


def _open(uri: str, opener: Opener, fps: float | None) -> Source:
    path = uris.path_of(uri)
    if path is not None and (path.is_dir() or is_picture(path)):
        if not path.exists():
            raise CameraError(f"{uri}: no such file or folder")
        return Planes(uri, path, fps)
    return CameraPlanes(opener(uri, fps=fps))
