"""The figures as tables, with the words that they need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.recognition.door.figures import USABLE, WANTED
from training.tables import Row, Table


def tables(data: Mapping[str, Any]) -> list[Table]:
    """Of the data of `figures.data`."""
    return [
        _claims(data),
        _readings(data),
        _shares(data),
        _trials(data),
        _strangers(data),
        *_single(data),
    ]


def _claims(data: Mapping[str, Any]) -> Table:
    c = data["claims"]
    people, share = c["people_with_a_wrong_grant"], c["right_share"]
    wrong = f"{c['wrong_windows']} of {c['windows']} windows, {c['wrong_films']} of "
    wrong += f"{c['films_played']} whole plays"
    limit = (
        f"{people['hits']} of {people['people']} people were let in for somebody else: "
        f"{people['low']:.0%} to {people['high']:.0%} of people, at 95 %."
    )
    met = "not played" if share is None else "met" if c["right_share_met"] else "not met"
    shown = "demonstrated" if c["right_share_demonstrated"] else "as a rate: not demonstrated"
    right = "no enrolled person was played" if share is None else _share(share)
    return Table(
        "What the door is held to, on these films",
        ("line", "measured", "verdict"),
        (
            ("never a wrong person", wrong, "met" if c["never_wrong"] else "NOT met"),
            (f"the right one in {WANTED:.0%} of windows", right, f"{met}; {shown}"),
        ),
        (
            f"Windows of which {USABLE:.0%} of the frames or more pass the quality gates; the door "
            "goes on from one to the next.",
            limit,
        ),
    )


_STARTS = {"afresh": "afresh in each window", "ongoing": "at the film's begin"}


def _readings(data: Mapping[str, Any]) -> Table:
    enough = data["decision"]["agree"]
    rows: list[Row] = [
        (
            _STARTS[r["start"]],
            f"{enough} frames" if not r["usable"] else f"{r['usable']:.0%} of the frames",
            f"{r['qualifying']}/{r['windows']}",
            _share(r["admitted"]),
            _reasons(r["reasons"]),
        )
        for r in data["readings"]
    ]
    return Table(
        "The right person admitted by the door, by how a window is read",
        ("the door starts", "usable, at least", "windows", "admitted", "why not (windows)"),
        rows,
        (
            "Usable: the frame passes every gate that one frame can be held against. A door that "
            "starts afresh has the window's own second to gather evidence of life in; one that "
            "goes on has seen what came before, as when somebody walks up to it.",
        ),
    )


def _shares(data: Mapping[str, Any]) -> Table:
    e, s, d = data["enrolled_people"], data["strangers"], data["decision"]
    names = (
        ("right person admitted by the door", "admitted"),
        ("right person by recognition alone", "recognised"),
        ("wrong person admitted by the door", "wrong"),
        ("wrong person by recognition alone", "wrongly_recognised"),
    )
    rows: list[Row] = [
        ("windows", str(e["windows"]), str(s["windows"])),
        ("... that pass the quality gates", str(e["qualifying"]), str(s["qualifying"])),
        *((title, _share(e[key]), _share(s[key])) for title, key in names),
        ("why not (windows)", _reasons(e["reasons"]), ""),
    ]
    return Table(
        f"Windows of {data['window_s']:g} s, each from a fresh start",
        ("", "enrolled", "left out of the gallery"),
        rows,
        (
            f"A window passes the quality gates where {d['agree']} of its frames or more pass each "
            "gate that one frame can be held against: one face, size, fit, sharpness, exposure, "
            "clipping, pose, landmarks. Liveness, motion, match, margin and agreement have no part "
            "in that. Recognition alone: the same decision with liveness and motion left aside.",
            f"Windows begin {data['step_s']:g} s apart and overlap, and one film is a probe of "
            "several enrolments: they are no independent trials. Intervals (95 %) draw people; "
            "where all windows went one way they take each person as one trial.",
        ),
    )


def _trials(data: Mapping[str, Any]) -> Table:
    rows = []
    for t in data["trials"]:
        if t["right"] is None:
            continue
        whole = t["whole_film"]
        after = (
            "not: " + str(whole["reason"])
            if whole["after_s"] is None
            else f"{whole['after_s']:.2f} s"
        )
        rows.append(
            (
                f"{t['film']} ({t['person']})",
                t["enrolled_from"][t["person"]],
                f"{t['qualifying']}/{t['windows']}",
                str(t["admitted"]),
                str(t["recognised"]),
                str(t["wrong"]),
                _reasons(t["reasons"]),
                after,
                "" if t["least_motion"] is None else f"{t['least_motion']:.2f}",
                _score(t["least_right"]),
                _score(t["median_right"]),
                _score(t["highest_wrong"]),
                _score(t["bound"]),
            )
        )
    headings: Row = ("film", "enrolled from", "passing", "door", "recognised", "wrong", "why not")
    headings += (
        "whole film",
        "least motion",
        "least right",
        "median right",
        "highest wrong",
        "bound",
    )
    notes = (
        f"Least motion: the strongest of the stillest window, 0 where it gave no evidence; "
        f"{data['min_motion']:g} is asked for.",
        *(f"{film}: not enrolled from. {why}" for film, why in data["refused"].items()),
    )
    return Table("Enrolled people", headings, rows, notes)


def _strangers(data: Mapping[str, Any]) -> Table:
    rows = []
    of: dict[str, list[Any]] = {}
    for t in data["trials"]:
        if t["right"] is None:
            of.setdefault(f"{t['film']} ({t['person']})", []).append(t)
    for film, found in of.items():
        highest = [t["highest_wrong"] for t in found if t["highest_wrong"] is not None]
        windows = sum(t["windows"] for t in found)
        rows.append(
            (
                film,
                str(len(found)),
                f"{sum(t['qualifying'] for t in found)}/{windows}",
                str(sum(t["wrong"] for t in found)),
                str(sum(t["wrongly_recognised"] for t in found)),
                ", ".join(sorted({n for t in found for n in t["whole_film"]["granted"]}))
                or "nobody",
                _score(max(highest, default=None)),
                _score(min(t["bound"] for t in found)),
            )
        )
    headings = ("film", "galleries", "passing", "wrong", "recognised", "whole film")
    return Table("Strangers: their person is left out", (*headings, "highest", "bound"), rows)


def _single(data: Mapping[str, Any]) -> list[Table]:
    s = data["single_frames"]
    point_rows = [_point(p, "with" if p["shifted"] else "without") for p in s["thresholds"]]
    if s["at_least_shift"] is not None:
        point_rows.append(_point(s["at_least_shift"], f"least, {s['least_shift']:g}"))
    shift = s["least_shift"]
    suggestion = (
        "The pack's curve does not reach 1e-5, or nobody can be compared: no shift is suggested."
        if shift is None
        else f"Smallest shift at which no two people here match at 1e-5: {shift:g} (the pack has "
        f"{data['same_camera_shift']:g})."
    )
    at_door = s["least_shift_at_door"]
    door = (
        "No frame was compared with a wrong person."
        if at_door is None
        else f"At which no frame reaches the door's own bound for a wrong person: {at_door:g}."
    )
    few = f"{s['people']} people are {len(data['films'])} films and no sample: no rate follows."
    headings = ("pairs", "number", "least", "5 %", "median", "95 %", "highest")
    spreads = [
        (name, f"{s[key + '_pairs']:,}", *(_score((s[key] or {}).get(q)) for q in _QUANTILES))
        for name, key in (("one person, two films", "genuine"), ("two people", "impostor"))
    ]
    closest = [
        (" and ".join(c["people"]), " and ".join(c["films"]), _score(c["score"]))
        for c in s["closest"]
    ]
    return [
        Table("Single frames that pass every frame gate: cosine", headings, spreads),
        Table(
            "The pack's thresholds on them",
            ("rate", "same_camera_shift", "threshold", "FMR here", "FNMR here", "pairs of people"),
            point_rows,
            (suggestion, door, few),
        ),
        Table("Closest strangers", ("people", "films", "highest cosine"), closest),
    ]


_QUANTILES = ("least", "q05", "median", "q95", "highest")


def _point(p: Mapping[str, Any], shift: str) -> Row:
    fmr, fnmr = ("none" if v is None else f"{v:.2%}" for v in (p["fmr"], p["fnmr"]))
    matched = f"{p['matched']} of {p['people']} match"
    return f"{p['rate']:g}", shift, _score(p["threshold"]), fmr, fnmr, matched


def _share(s: Mapping[str, Any] | None) -> str:
    if s is None:
        return "none played"
    ends = f"[{s['low']:.1%}, {s['high']:.1%}]"
    return f"{s['value']:.1%} {ends} ({s['hits']}/{s['trials']}, {s['people']} people)"


def _score(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _reasons(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
