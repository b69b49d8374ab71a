"""The figures of films as tables, and the words that they need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.liveness.reports.text import short
from training.recognition.text import DASH, exact, people
from training.tables import Row, Table


def title(result: Mapping[str, Any]) -> str:
    """What was measured."""
    return f"Liveness at the door, films: {result['pack']} {result['pack_version']}"


def tables(result: Mapping[str, Any]) -> list[Table]:
    """All of `training.liveness.door`'s data."""
    found = []
    if result["attacks"]:
        found += [_alone(result), _joint(result)]
    found.append(_living(result))
    found.append(_refused(result))
    return found


def _alone(result: Mapping[str, Any]) -> Table:
    rows: list[Row] = []
    for label, told in result["attacks"].items():
        f, w = told["films"], told["windows"]
        rows.append(
            (label + (" (worst)" if label == result["worst"] else ""), str(f["trials"]))
            + (short(f["apnrr"]), short(f["apcer"]), exact(f["apcer"]), people(f["apcer"]))
            + (short(w["apnrr"]), short(w["apcer"]), people(w["apcer"]))
        )
    heads: Row = ("instrument", "films", "APNRR", "APCER of films", "95 % exact")
    heads += ("95 % over people", "APNRR of windows", "APCER of windows", "95 % over people")
    return Table(
        f"SIMULATED attacks, gates of liveness alone ({', '.join(result['gates'])})",
        heads,
        rows,
        (
            f"A film or a window of {result['window_s']:g} s is answered where "
            f"{result['agree']} of its frames or more pass each gate of one frame's quality; the "
            "others are non-responses (APNRR) and no trials of the APCER. An attack is taken for "
            "live where all gates of liveness pass at a frame at which the door could open.",
        ),
    )


def _joint(result: Mapping[str, Any]) -> Table:
    rows: list[Row] = []
    for label, told in result["attacks"].items():
        f, w = told["films"], told["windows"]
        rows.append(
            (label, short(f["iapmr"]), short(f["iapar"]), exact(f["iapar"]), people(f["iapar"]))
            + (short(w["iapmr"]), short(w["iapar"]))
        )
    heads: Row = ("instrument", "IAPMR: recognised", "IAPAR: door opens", "95 % exact")
    heads += ("95 % over people", "IAPMR of windows", "IAPAR of windows")
    return Table(
        "SIMULATED attacks with recognition, of all films",
        heads,
        rows,
        (
            "The shown person is enrolled, from another film than the one shown where there is "
            "one. Recognised: the door would open if it did not ask whether the face lives.",
        ),
    )


def _living(result: Mapping[str, Any]) -> Table:
    rows: list[Row] = []
    kinds = {"": result["living"], ", simulated camera": result["living_taken"]}
    for kind, name in ((k, n) for k, of in kinds.items() if of for n in ("films", "windows")):
        told = kinds[kind][name]
        after = DASH if told["median_s"] is None else f"{told['median_s']:.2f}"
        rows.append(
            (name + kind, str(told["trials"]), short(told["bpnrr"]), short(told["bpcer"]))
            + (exact(told["bpcer"]), people(told["bpcer"]), after)
            + (short(told["refused_whole"]), people(told["refused_whole"]))
            + (str(told["wrong_person"]),)
        )
    heads: Row = ("living", "trials", "BPNRR", "BPCER", "95 % exact", "95 % over people")
    heads += ("s to live, median", "door stays shut", "95 % over people", "wrong person")
    return Table(
        "Living faces",
        heads,
        rows,
        (
            "BPCER: gates of liveness alone. The door stays shut: the whole decision, of people "
            "enrolled from another film. Windows overlap, and films of one person are alike: "
            "intervals over people count.",
        ),
    )


def _refused(result: Mapping[str, Any]) -> Table:
    parts = {"live": result["living"], **result["attacks"]}
    names = sorted({name for part in parts.values() for name in part["refused"]})
    rows = [(label, *(str(p["refused"].get(n, 0)) for n in names)) for label, p in parts.items()]
    return Table(
        "Which gates refused, of answered films",
        ("", *names),
        rows,
        ("Of several frames that which lacked the fewest gates.",),
    )


def limits(result: Mapping[str, Any]) -> list[str]:
    """What a reader must know."""
    who = sorted({film["person"] for film in result["living_films"]})
    found = [
        f"{len(who)} people ({', '.join(who)}) on {len(result['living_films'])} films: no rate of "
        "people in general follows.",
    ]
    if result["living_taken"]:
        found.append(
            "Living films by simulated cameras are the same films, taken again by other cameras, "
            "there and back where they are shorter than an attack: they say what noise, blur and "
            "JPEG do, and nothing of other people."
        )
    if result["attacks"]:
        coded = sum(film["coded"] for film in result["attack_films"])
        found += [
            "The attacks are SIMULATED: rendered from frames of these films, with parameters of "
            f"the {result['range']} range; nobody held paper or a screen before a camera. How real "
            "ones fare is not demonstrated.",
            f"{coded} of {len(result['attack_films'])} attack films went through a video coder "
            "(MPEG-4); the living films had been coded by their makers.",
        ]
    return [
        *found,
        *(f"{f}: not enrolled from. {why}" for f, why in result["not_enrolled"].items()),
    ]
