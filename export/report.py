"""What an export measured: `report.json` for programs, `report.md` for readers."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .convert import Converted
from .onnx_file import to_bytes


def as_data(found: Sequence[Converted], about: dict[str, Any]) -> dict[str, Any]:
    """All figures as plain values; `about`: of the pack and the pictures."""
    return {**about, "networks": {c.net.role: _network(c) for c in found}}


def _network(c: Converted) -> dict[str, Any]:
    data: dict[str, Any] = {
        "shipped": c.kind,
        "why": c.why,
        "bytes": {"float": len(to_bytes(c.exact)), "shipped": len(c.data)},
        "torch_parity": {
            "what": c.parity.what,
            "largest_difference": c.parity.value,
            "bound": c.parity.bound,
        },
        "kernels": c.kernels,
    }
    if c.errors:
        data["int8_errors"] = {
            m.name: {"mean": c.errors[m.name], "unit": m.unit, "bound": m.bound}
            for m in c.net.measures
        }
    if c.mixed is None or c.latency is None:
        return data
    return data | {
        "calibration": {"method": c.mixed.method, "share_of_bound": c.mixed.methods},
        "int8_share_when_chosen": c.mixed.share,
        "latency": asdict(c.latency),
        "back_to_float": list(c.mixed.floats),
        "left_float": list(c.left_float),
        "sensitivity": [
            {
                "layer": s.layer.name,
                "operators": s.layer.operators,
                "weights": s.layer.weights,
                "errors": s.errors,
                "share_of_bound": s.share,
            }
            for s in c.mixed.sensitivity
        ],
    }


def markdown(data: dict[str, Any]) -> str:
    """The report for a reader."""
    pictures = ", ".join(f"{p['name']} ({p['pictures']})" for p in data["calibrated_on"])
    lines = [
        f"# {data['name']} {data['version']}",
        "",
        f"Replaced in {data['base']}: {', '.join(data['networks']) or 'nothing'}. "
        f"Pictures: {pictures or 'none'}.",
    ]
    for note in data["notes"]:
        lines += ["", note]
    for role, net in data["networks"].items():
        lines += ["", f"## {role}: {net['shipped']}", "", _sentence(net["why"]), ""]
        lines += _figures(net)
        if "sensitivity" in net:
            lines += _eight_bits(net)
    return "\n".join(lines) + "\n"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def _figures(net: dict[str, Any]) -> list[str]:
    parity = net["torch_parity"]
    lines = [
        "| what | value | bound |",
        "| --- | --- | --- |",
        f"| {parity['what']} | {parity['largest_difference']:.2g} | {parity['bound']:g} |",
    ]
    lines += [
        f"| 8 bits against float: {name}, mean, {e['unit']} | {e['mean']:.3g} | {e['bound']:g} |"
        for name, e in net.get("int8_errors", {}).items()
    ]
    sizes = net["bytes"]
    lines.append(f"| file, kB: float | {sizes['float'] / 1000:.0f} | |")
    lines.append(f"| file, kB: shipped | {sizes['shipped'] / 1000:.0f} | |")
    if "latency" in net:
        t = net["latency"]
        lines += [
            f"| ms, one thread: float, median (least) | {t['float_ms']:.2f} "
            f"({t['float_least_ms']:.2f}) | |",
            f"| ms, one thread: 8 bits, median (least) | {t['int8_ms']:.2f} "
            f"({t['int8_least_ms']:.2f}) | |",
            f"| 8 bits over float, median of pairs | {t['ratio']:.2f} | 1 |",
        ]
    return lines


def _eight_bits(net: dict[str, Any]) -> list[str]:
    tried = net["calibration"]["share_of_bound"]
    worst = net["sensitivity"]
    names = list(worst[0]["errors"]) if worst else []
    return [
        "",
        "Calibration, all layers in 8 bits, largest error as a share of its bound: "
        + ", ".join(f"{name} {share:.2f}" for name, share in tried.items())
        + f". Taken: {net['calibration']['method']}.",
        "",
        f"Back to float: {', '.join(net['back_to_float']) or 'nothing'}. In float besides: "
        + (", ".join(f for f in net["left_float"]) or "nothing")
        + ".",
        "",
        "Kernels that ONNX Runtime runs: "
        + ", ".join(f"{kind} {count}" for kind, count in net["kernels"]["int8"].items())
        + ".",
        "",
        "Each layer quantised alone, worst first:",
        "",
        f"| layer | operators | weights | {' | '.join(names)} | share of bound |",
        "| --- " * (4 + len(names)) + "|",
        *(
            f"| {s['layer']} | {s['operators']} | {s['weights']} | "
            + " | ".join(f"{s['errors'][n]:.2g}" for n in names)
            + f" | {s['share_of_bound']:.3f} |"
            for s in worst
        ),
    ]


def write(folder: Path, data: dict[str, Any]) -> None:
    """`report.json` and `report.md` in `folder`, each whole or as before."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (
        ("report.json", json.dumps(data, indent=2) + "\n"),
        ("report.md", markdown(data)),
    ):
        handle, part = tempfile.mkstemp(prefix=f".{name}-", dir=folder)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(part).chmod(0o644)
            Path(part).replace(folder / name)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
