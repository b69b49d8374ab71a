"""Figures by slice: what the device measures of a face, and labels where there are some.

A slice's impostor pairs are those whose faces both lie in it, so a slice of alike people is
held against itself (as in NIST's demographic reports); so are its genuine pairs. Age, gender, skin
tone and glasses serve reports alone: nothing on the device reads them.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.all_pairs import compare
from edge.pair_bootstrap import IdentityBootstrap
from training.errors import DataError
from training.recognition.embeddings import MEASURES, Embedded
from training.recognition.verification import false_matches, false_non_matches

YAW_EDGES = (10.0, 20.0, 30.0)
PITCH_EDGES = (10.0, 20.0)
SIZE_EDGES = (60.0, 100.0, 150.0)
AGE_EDGES = (13.0, 20.0, 30.0, 40.0, 50.0, 60.0)
LABELS = ("age", "gender", "glasses", "skin_tone")
GENDERS = ("male", "female")
UTKFACE = re.compile(r"(\d{1,3})_([01])_[0-4]_\d+")
"""AGE_GENDER_RACE_DATE, as UTKFace names its pictures."""

Slices = dict[str, list[tuple[str, NDArray[np.bool_]]]]


def read_labels(path: Path) -> dict[str, dict[str, str]]:
    """Labels by picture from a CSV: `picture` and some of `LABELS`; empty is not known.

    Raises DataError naming file and line.
    """
    found: dict[str, dict[str, str]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            columns = rows.fieldnames or []
            unknown = sorted(set(columns) - {"picture", *LABELS})
            if "picture" not in columns or len(columns) < 2 or unknown:
                what = f"{unknown[0]!r} is not known" if unknown else "some are missing"
                raise DataError(f"{path}:1: columns are picture and {', '.join(LABELS)}; {what}")
            for row in rows:
                where = f"{path}:{rows.line_num}"
                if None in row or None in row.values():
                    raise DataError(f"{where}: not {len(columns)} fields")
                name = row.pop("picture")
                if name in found:
                    raise DataError(f"{where}: {name} has a line already")
                found[name] = {key: text.strip() for key, text in row.items() if text.strip()}
                if "age" in found[name]:
                    _age(found[name]["age"], where)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: {error}") from error
    return found


def _age(text: str, where: str) -> float:
    try:
        age = float(text)
    except ValueError:
        age = -1.0
    if not 0 <= age <= 130:
        raise DataError(f"{where}: {text!r} is no age in years")
    return age


def of_name(name: str) -> dict[str, str]:
    """Age and gender, where a picture is named as UTKFace names them."""
    match = UTKFACE.match(Path(name).name)
    if match is None or int(match[1]) > 130:
        return {}
    return {"age": match[1], "gender": GENDERS[int(match[2])]}


def slices(faces: Embedded, labels: Mapping[str, Mapping[str, str]] | None = None) -> Slices:
    """Which faces lie in which slice; all rows of `faces` have a face.

    labels: by picture; those of the names are taken where a picture has none. Raises DataError when
    labels are given and belong to none of the pictures.
    """
    labels = labels or {}
    if labels and not any(name in labels for name in faces.names):
        raise DataError(f"no picture has a label; labels are of {next(iter(labels))} and others")
    measured = {name: faces.measures[:, i] for i, name in enumerate(MEASURES)}
    out: Slices = {
        "turn (yaw, degrees)": _bands(np.abs(measured["yaw"]), YAW_EDGES),
        "nod (pitch, degrees)": _bands(np.abs(measured["pitch"]), PITCH_EDGES),
        "face height (pixels)": _bands(measured["size"], SIZE_EDGES),
        "sharpness (thirds)": _thirds(measured["sharpness"], 2),
        "light (mean grey, thirds)": _thirds(measured["exposure"], 0),
    }
    known = [{**of_name(name), **labels.get(name, {})} for name in faces.names]
    ages = np.array([float(one.get("age", "nan")) for one in known])
    if np.isfinite(ages).any():
        out["age (years)"] = _bands(ages, AGE_EDGES)
    for key in LABELS[1:]:
        values = sorted({one[key] for one in known if key in one})
        if values:
            masks = [(v, np.array([one.get(key) == v for one in known])) for v in values]
            out[key.replace("_", " ")] = masks
    return out


def _bands(values: NDArray[Any], edges: Sequence[float]) -> list[tuple[str, NDArray[np.bool_]]]:
    """Bands between edges, those that hold somebody; what is not known is in none."""
    sides = [-np.inf, *edges, np.inf]
    out = []
    for low, high in itertools.pairwise(sides):
        mask = (values >= low) & (values < high)
        if mask.any():
            name = f"< {high:g}" if low == -np.inf else f"≥ {low:g}"
            out.append((name if np.isinf(low) or np.isinf(high) else f"{low:g} to {high:g}", mask))
    return out


def _thirds(values: NDArray[Any], digits: int) -> list[tuple[str, NDArray[np.bool_]]]:
    edges = [round(float(np.nanquantile(values, q)), digits) for q in (1 / 3, 2 / 3)]
    return _bands(values, edges)


def figures(
    faces: Embedded,
    people: NDArray[np.int64],
    cut: Slices,
    threshold: float,
    *,
    repetitions: int = 1000,
) -> list[dict[str, Any]]:
    """Both rates of every slice at the threshold; None where a slice has no such pairs."""
    out = []
    for kind, parts in cut.items():
        for name, mask in parts:
            among = people[mask]
            entry: dict[str, Any] = {
                "kind": kind,
                "slice": name,
                "faces": int(mask.sum()),
                "people": int(np.unique(among).size),
                "fmr": None,
                "fnmr": None,
            }
            if entry["people"] > 1:
                pairs = compare(faces.vectors[mask], among, keep_from=threshold)
                boot = IdentityBootstrap(pairs.pairs, repetitions=repetitions)
                entry["fmr"] = false_matches(pairs, boot, threshold)
                entry["fnmr"] = false_non_matches(pairs, boot, threshold)
            out.append(entry)
    return out
