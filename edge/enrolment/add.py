"""One enrolment from beginning to end: look, choose, compare, record, store.

Whatever can be refused is refused before anything is written, and what is written is one
transaction. The audit line comes first: what cannot be recorded does not happen.
"""

from __future__ import annotations

import time
from typing import Any

from edge import packs
from edge.audit import Audit
from edge.calibration.bound import of_embedder, standing
from edge.config import Config
from edge.console import AUDIT_FILE, Output
from edge.enrolment import choose, compare, taken
from edge.enrolment.candidate import Candidate
from edge.enrolment.compare import same_name
from edge.enrolment.read import look_at
from edge.enrolment.recorded import recorded
from edge.enrolment.refusal import choose_or_refuse, refusals
from edge.enrolment.request import Request, Way
from edge.errors import AlreadyEnrolled, EnrolmentRefused, PersonExists, PersonNotFound
from edge.gallery import Gallery, Person, Template, clean_name
from edge.outputs import write_picture
from edge.packs import Pack
from edge.vault import Vault


def add(request: Request, config: Config, output: Output) -> dict[str, Any]:
    """Enrol; returns what `--json` prints.

    Raises EnrolmentRefused, AlreadyEnrolled, PersonExists, PersonNotFound and what camera, pack,
    vault and record raise. Nothing is stored then.
    """
    name = clean_name(request.name)
    state = config.state.dir
    with Vault(state) as vault:
        # Asked first: nobody should pose in front of a camera only to hear that a name is taken.
        _require_way(vault, name, request.way)
        with Audit(state / AUDIT_FILE):
            pass  # nor to hear that the record cannot be written
        inference = config.inference
        pack = packs.load(inference.pack, threads=inference.threads, provider=inference.provider)
        started = time.monotonic()
        look, names = look_at(request, pack, config, output)
        chosen = choose_or_refuse(look, request.source, request.frames, config.enrolment)
        likeness, unknown = _compare(vault, pack, name, request, chosen, config)
        new = taken.templates(chosen, request.source, names, pack.embedder_sha256)
        templates = _all_templates(vault, name, request.way, new, config, pack)
        if request.sheet is not None:
            write_picture(request.sheet, taken.sheet(name, chosen))
        mean, turned = choose.mean_vector(chosen), choose.pose_spread(chosen)
        noted = likeness is not None and (likeness.lookalike or likeness.same)
        report: dict[str, Any] = {
            "person": name,
            "way": request.way,
            "templates": [taken.about(c, cosine=choose.cosine_to(mean, c)) for c in chosen],
            "pose_spread": turned,
            "varied": turned >= config.enrolment.pose_spread,
            "frames": look.frames,
            "cut_short": look.cut_short,
            "refused": refusals(look),
            "lookalike": likeness.as_json() if likeness is not None and noted else None,
            "not_compared": unknown,
            "seconds": time.monotonic() - started,
            "sheet": None if request.sheet is None else str(request.sheet),
        }
        forced = likeness is not None and likeness.same
        about = {"person": name, "way": request.way, "templates": len(new), "forced": forced}
        with recorded(state, "enrol", source=new[0].source, **about):
            _store(vault, name, request.way, templates)
    return report


def _require_way(vault: Vault, name: str, way: Way) -> None:
    known = any(same_name(person.name, name) for person in vault.people())
    if known and way == "new":
        raise PersonExists(
            f"{name!r} is enrolled already; --add-templates adds to what is stored, --replace "
            "puts new templates in its place, or choose another name"
        )
    if not known and way != "new":
        option = "--add-templates" if way == "add" else "--replace"
        raise PersonNotFound(f"nobody named {name!r} is enrolled; leave out {option} to enrol them")


def _compare(
    vault: Vault,
    pack: Pack,
    name: str,
    request: Request,
    chosen: list[Candidate],
    config: Config,
) -> tuple[compare.Likeness | None, list[str]]:
    """Whom else they resemble, and who could not be compared."""
    probes = [c.vector for c in chosen]
    people, unknown = compare.comparable(vault.people(), pack.embedder_sha256)
    own = [p for p in people if same_name(p.name, name)]
    others = [p for p in people if not same_name(p.name, name)]
    found = compare.likeness(pack, others, probes, config)
    if found is not None and found.same and not request.force:
        raise AlreadyEnrolled(
            f"this face is enrolled already, as {found.person!r} (score {found.score:.3f}, the "
            f"door admits from {found.bound:.3f}); nothing was stored. Rename or remove "
            f"{found.person!r}; for two people who look this much alike there is "
            "--force-lookalike, but the door will often refuse both"
        ).with_details(person=found.person, score=found.score, bound=found.bound)
    if request.way == "add" and own:
        same = compare.likeness(pack, own, probes, config)
        if same is not None and not same.same:
            raise EnrolmentRefused(
                f"these pictures do not look like {name!r} (score {same.score:.3f}, at least "
                f"{same.bound:.3f} is asked for); nothing was stored. --replace enrols anew"
            ).with_details(person=name, score=same.score, bound=same.bound)
    return found, [n for n in unknown if not same_name(n, name)]


def _all_templates(
    vault: Vault, name: str, way: Way, new: list[Template], config: Config, pack: Pack
) -> list[Template]:
    """All templates the person will have, after checking that the door can work with them.

    A gallery too large for the pack's evidence, or with two embedders in it, would lock
    everybody out; that is found here and not at the door.
    """
    people = list(vault.people())
    own = next((p for p in people if same_name(p.name, name)), None)
    templates = [*(own.templates if own is not None and way == "add" else ()), *new]
    most = config.enrolment.most
    if len(templates) > most:
        raise EnrolmentRefused(
            f"{name!r} would have {len(templates)} templates, more than enrolment.most = {most}; "
            "use --replace, or fewer --frames"
        )
    if any(t.embedder_sha256 != pack.embedder_sha256 for t in templates):
        raise EnrolmentRefused(
            f"{name!r} was enrolled with another model pack; use --replace: templates of two packs "
            "cannot be mixed"
        )
    others, _ = compare.comparable(
        [p for p in people if not same_name(p.name, name)], pack.embedder_sha256
    )
    after = [*others, Person(name, tuple(templates), time.time())]
    embedder = pack.manifest.roles.embedder
    gallery = Gallery(after, pack.embedder_sha256, embedder.head.length)
    calibration = of_embedder(config.calibration, pack.embedder_sha256)
    standing(embedder, gallery, config.decision.target_fpir, calibration)
    return templates


def _store(vault: Vault, name: str, way: Way, templates: list[Template]) -> None:
    if way == "new":
        vault.add(name, templates)
    else:
        vault.replace(name, templates)
