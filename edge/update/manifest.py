"""What a bundle says of itself: the signed part, from which all the rest is checked."""

from __future__ import annotations

import re
from functools import total_ordering
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from edge.errors import BadBundle
from edge.packs import describe as describe_error

KERNEL, INITRD, ROOT = "vmlinuz", "initrd.img", "root.squashfs"
PARTS = (KERNEL, INITRD, ROOT)
BOOT = "boot.tar"
"""Further files of a slot's boot partition, for loaders that need them."""
SLOT_WORD = "root=PARTLABEL=root-{slot}"
"""The word of the kernel's line by which the initrd finds the slot's root."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


@total_ordering
class Version:
    """`X.Y.Z+N`: the project's version and the number of the build. Ordered as numbers."""

    PATTERN = re.compile(r"(\d{1,6}(?:\.\d{1,6}){2})\+(\d{1,9})", re.ASCII)

    def __init__(self, text: str) -> None:
        """Raises BadBundle for anything of another form."""
        found = self.PATTERN.fullmatch(text)
        if found is None:
            raise BadBundle(f"{text!r} is no version; one is X.Y.Z+N, such as 1.4.0+321")
        self.text = text
        self._key = tuple(int(n) for n in (*found[1].split("."), found[2]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._key == other._key

    def __lt__(self, other: Version) -> bool:
        return self._key < other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __str__(self) -> str:
        return self.text


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Part(_Closed):
    size: int = Field(gt=0, le=4 << 30, title="Bytes")
    sha256: Sha256


class Parts(_Closed):
    """One per file of a slot."""

    kernel: Part
    initrd: Part
    root: Part
    boot: Part | None = None

    def named(self) -> dict[str, Part]:
        """By the names that the files have in the bundle, in the order in which they lie there."""
        found = dict(zip(PARTS, (self.kernel, self.initrd, self.root), strict=True))
        return found if self.boot is None else {**found, BOOT: self.boot}


class Manifest(_Closed):
    format: Literal[1] = 1
    board: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", title="Board that it is for")
    version: str = Field(title="Version, X.Y.Z+N")
    options: str = Field(
        max_length=2000, pattern=r"^[\x20-\x7e]+$", title="The kernel's line, for slot {slot}"
    )
    parts: Parts

    @model_validator(mode="after")
    def _is_usable(self) -> Self:
        try:
            Version(self.version)
        except BadBundle as error:
            raise ValueError(str(error)) from error
        words = self.options.split(" ")
        roots = [word for word in words if word.startswith("root=")]
        if roots != [SLOT_WORD] or self.options.count("{") != 1:
            raise ValueError(f"options must hold {SLOT_WORD} once, and no other root= or brace")
        return self

    def options_for(self, slot: str) -> str:
        """The kernel's line of that slot."""
        return self.options.replace("{slot}", slot)

    def encoded(self) -> bytes:
        """As it is signed."""
        return (self.model_dump_json(indent=2, exclude_none=True) + "\n").encode()


def decode(data: bytes, where: str) -> Manifest:
    """Raises BadBundle, which names `where`, the field and what was wrong with it."""
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as error:
        raise BadBundle(f"{where}: its manifest is unusable:\n{describe_error(error)}") from error
