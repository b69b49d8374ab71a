"""Margin losses by name: what a class's own logit becomes."""

from __future__ import annotations

from training.recognition.heads.adaface import AdaFace
from training.recognition.heads.arcface import ArcFace
from training.recognition.heads.cosface import CosFace
from training.recognition.heads.margin import MarginHead
from training.recognition.heads.subcentre import SubCentreArcFace

HEADS: dict[str, type[MarginHead]] = {
    "arcface": ArcFace,
    "cosface": CosFace,
    "adaface": AdaFace,
    "subcentre": SubCentreArcFace,
}
"""HEADS[name](scale=..., margin=...): see each for its own defaults."""
