"""Who is held back: one rule for all trainings, so that nobody trains one net and tests another."""

from __future__ import annotations

import hashlib

SHARE = 0.15
"""Of the identities, for validation."""


def is_validation(identity: str, share: float = SHARE) -> bool:
    """Whether a person is held back, by the SHA-256 of their name: stable, and blind to data sets.

    `identity`: a person's name as LFW spells it (`First_Last`), or whatever names a person in a
    set without names.
    """
    digest = hashlib.sha256(identity.strip().lower().encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def half(identity: str) -> int:
    """0 or 1, whoever else is there: those held back who choose a bound, and those who test it."""
    digest = hashlib.sha256(identity.strip().lower().encode()).digest()
    return digest[8] & 1
