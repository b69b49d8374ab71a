"""Presentation attacks, simulated: what a camera would see of a picture of somebody else.

    parameters = INSTRUMENTS["phone"].draw(rng, "train")
    presented = INSTRUMENTS["phone"].still(shown, scene, parameters, rng)

The same parameters and generator give the same frame. `camera.take` is what living faces have to go
through as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from training.liveness.attacks.cutout import CutOut, CutSheet, FaceMask
from training.liveness.attacks.devices import OnMonitor, OnPhone, OnTablet
from training.liveness.attacks.lifesize import LifeSize, LifeSizeSheet
from training.liveness.attacks.mask import Mask
from training.liveness.attacks.prints import Bent, PaperInstrument, Printed
from training.liveness.attacks.screens import Replay, ScreenInstrument
from training.liveness.attacks.things import (
    Instrument,
    Presented,
    Scene,
    Shown,
    ShownFilm,
)

__all__ = ["INSTRUMENTS", "Instrument", "Presented", "Scene", "Shown", "ShownFilm"]

_ALL: tuple[Instrument, ...] = (
    PaperInstrument("print", Printed),
    PaperInstrument("warped", Bent),
    PaperInstrument("lifesize", LifeSize, LifeSizeSheet),
    PaperInstrument("cutout", CutOut, CutSheet),
    PaperInstrument("facemask", FaceMask, CutSheet),
    Mask(),
    ScreenInstrument("phone", OnPhone),
    ScreenInstrument("tablet", OnTablet),
    ScreenInstrument("monitor", OnMonitor),
    Replay(),
)
INSTRUMENTS: Mapping[str, Instrument] = MappingProxyType({one.name: one for one in _ALL})
"""By name."""
