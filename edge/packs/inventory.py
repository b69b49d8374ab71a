"""What a pack says of itself, and whether its files are those that it names."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from edge.packs import pack_path, read_manifest
from edge.packs.schema import InputSpec, LivenessArtefactsRole, Manifest, NetworkRole, PointsHead

FORBIDDEN = "The licence forbids commercial use."
OURS = "no network: computed by edge.faces.artefacts"


def roles_of(manifest: Manifest) -> dict[str, NetworkRole | LivenessArtefactsRole]:
    """The roles that the pack has, by name, in the order of a frame's way."""
    found = {name: getattr(manifest.roles, name) for name in type(manifest.roles).model_fields}
    return {name: role for name, role in found.items() if role is not None}


def description(name_or_path: str | Path) -> dict[str, Any]:
    """A pack as plain values: `roles` by name, each file's `state` "ok", "changed" or "missing".

    sound: whether all files are those of the manifest. Raises PackError when the manifest cannot
    be read or is outside its schema.
    """
    folder = pack_path(name_or_path)
    manifest = read_manifest(folder)
    roles = {
        name: {"file": None, "note": OURS, "licence": role.licence, "source": role.source}
        if isinstance(role, LivenessArtefactsRole)
        else _network(folder, role)
        for name, role in roles_of(manifest).items()
    }
    return {
        "name": manifest.name,
        "version": manifest.version,
        "summary": manifest.summary,
        "folder": str(folder),
        "bytes": sum(role.get("bytes") or 0 for role in roles.values()),
        "commercial_use": "forbidden" if _forbidding(roles) else None,
        "forbidden_by": _forbidding(roles),
        "sound": all(role.get("state", "ok") == "ok" for role in roles.values()),
        "roles": roles,
    }


def _forbidding(roles: dict[str, dict[str, Any]]) -> list[str]:
    return [name for name, role in roles.items() if role.get("commercial_use") == "forbidden"]


def _network(folder: Path, role: NetworkRole) -> dict[str, Any]:
    try:
        data = (folder / role.file).read_bytes()
    except OSError:
        size, state = None, "missing"
    else:
        size = len(data)
        state = "ok" if hashlib.sha256(data).hexdigest() == role.sha256 else "changed"
    head: Any = role.head  # type: ignore[attr-defined]  # each role has its own kind of head
    return {
        "file": role.file,
        "bytes": size,
        "sha256": role.sha256,
        "state": state,
        "licence": role.licence,
        "commercial_use": "forbidden" if role.forbids_commerce else role.commercial_use,
        "source": role.source,
        "input": role.input.model_dump(mode="json"),
        "head": head.model_dump(mode="json", exclude_none=True, exclude={"scores": {"curve"}}),
        "pose": _pose(head) if isinstance(head, PointsHead) else None,
    }


def _pose(head: PointsHead) -> str:
    return "computed from the points" if head.pose is None else f"output {head.pose!r}"


def contract(spec: InputSpec) -> str:
    """The input in one line: size, colour, scaling, crop."""
    mean, std = (", ".join(f"{v:g}" for v in dict.fromkeys(t)) for t in (spec.mean, spec.std))
    fit = spec.fit
    where = {
        "letterbox": "whole frame",
        "boxes": "squares of "
        + " and ".join(f"{crop.scale:g}" for crop in getattr(fit, "crops", ()))
        + " × the face box",
        "box": f"square of {getattr(fit, 'scale', 0):g} × the face box",
        "template": f"face laid on {len(getattr(fit, 'template', ()))} points",
    }[fit.kind]
    size = f"{spec.width}×{spec.height}"
    return f"{size} {spec.colour.upper()}, (x − [{mean}]) / [{std}], {where}"
