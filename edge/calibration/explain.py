"""A calibration told to people: a table for the administrator, plain words for a locksmith."""

from __future__ import annotations

import math
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from edge.calibration import evidence
from edge.calibration.apply import Outcome
from edge.calibration.derive import Derived
from edge.calibration.lookalikes import Reach


def one_in(rate: float) -> str:
    """ "1 in 1,000", and above a half "60 %"; rounded so that it never promises more."""
    if rate <= 0:
        return "none"
    if rate > 0.5:
        return f"{math.ceil(100 * rate - 1e-9)} %"
    n = 1 / rate
    step = 10.0 ** max(math.floor(math.log10(n)) - 1, 0)
    return f"1 in {math.floor(n * (1 + 1e-9) / step) * step:,.0f}"


def show(out: Console, outcome: Outcome, config_file: str | None) -> None:
    """The result for people."""
    d = outcome.derived
    c, pack = d.calibration, d.pack
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    rows = [
        ("gallery", f"{counted(c.people, 'person', 'people')}, {counted(c.templates, 'template')}; "
                    f"{d.comparisons} comparisons a visit"),
        ("target", f"FPIR {c.target_fpir:g}: {one_in(c.target_fpir)} strangers, each time one of "
                   "them is compared"),
        ("per comparison", f"FMR {d.fmr:.3g}"),
        ("pack's curve", f"cosine {c.curve_bound:.5f}, of it {d.shift:g} for one camera"),
        ("strangers here", _strangers(d)),
        ("[bold]bound[/]", f"[bold]cosine {c.score_bound:.5f}[/] {_change(outcome)}"),
        ("demonstrated", f"for people like the pack's ({pack.impostor_pairs:,} pairs of "
                         f"{pack.identities:,} people): "
                         f"{pack.if_independent[0]:.2g} to {pack.if_independent[1]:.2g} if pairs "
                         f"of people were independent, at most {pack.at_worst:.2g} whatever they "
                         f"share ({evidence.CONFIDENCE:.0%})"),
        ("demonstrated here", _here(d)),
        ("false openings", f"about {one_in(c.target_fpir)} strangers who stand before the door "
                           "long enough, per attempt"),
        ("cost", _cost(d)),
    ]  # fmt: skip
    for name, text in rows:
        table.add_row(name, text)
    out.print(table)
    out.print(
        "nothing was written" if config_file is None else f"written into {escape(config_file)}"
    )


def warnings(outcome: Outcome, decision_target: float) -> list[str]:
    """What the administrator should look at."""
    d = outcome.derived
    told = list(d.dropped)
    told += [
        f"{p.people[0]} and {p.people[1]} look alike: {p.score:.4f}"
        + ("; the door may take one for the other" if p.same else ", close below the bound")
        for p in d.pairs
    ]
    told += [
        f"{person}: none of their own templates reaches the bound against their others; they "
        "will mostly be refused. Enrol them again, in the door's own light"
        for person in d.unreached
    ]
    if d.calibration.target_fpir < decision_target:
        told.append(
            f"the target is stricter than decision.target_fpir = {decision_target:g}; the stricter "
            "of both counts at the door"
        )
    before = outcome.before
    if before is not None and d.calibration.target_fpir > before.target_fpir:
        told.append(
            f"the target was {before.target_fpir:g} until now and is less strict from here on"
        )
    return told


def words(d: Derived) -> list[str]:
    """The reasoning in paragraphs, with this site's numbers and without terms of the trade."""
    c, pack = d.calibration, d.pack
    people = counted(c.people, "person", "people")
    told = [
        f"Think of the door as {d.comparisons} locks side by side. {people[0].upper()}{people[1:]} "
        f"may come in, and for them {counted(c.templates, 'picture')} and "
        f"{counted(d.comparisons - c.templates, 'average')} of them are on file. Whoever stands "
        "before the camera is tried in all of them, and the door takes the one that fits best.",
        f"You asked that of strangers no more than {one_in(c.target_fpir)} fits anywhere. The more "
        f"locks a wrong key may try, the better each must be: here each may give way to no more "
        f"than {one_in(d.fmr)} wrong keys.",
        f"How well a face fits is a number up to 1, which is a perfect fit. The maker of the "
        f"networks tried {pack.impostor_pairs:,} pairs of pictures of different people. Only "
        f"{one_in(d.fmr)} fitted at {c.curve_bound - d.shift:.4f} or better. "
        + (
            f"People before one camera, in one light, look more alike than that, so {d.shift:g} is "
            f"added for safety: {c.curve_bound:.4f}."
            if d.shift
            else "That is what the pack asks for."
        ),
        _site_words(d),
        f"How sure is that? Those pairs come from {pack.identities:,} people, and each of them is "
        "in many pairs. If every pair counted as a trial of its own, the strangers who fit would "
        f"be between {one_in(pack.if_independent[0])} and {one_in(pack.if_independent[1])}. If a "
        "few people look like everybody, trying so many people cannot rule out that even "
        f"{one_in(pack.at_worst)} fits. The truth lies between, and both are for people like the "
        "maker's. " + _own_proof(d) + " To prove your target at your own door you would need "
        f"{evidence.needed(c.target_fpir):,} different strangers with not one that fits.",
        f"So expect about {one_in(c.target_fpir)} strangers to fit, each time one stands before "
        "the door long enough. The door then still asks several pictures to agree and the face "
        "to move like a living one. It does not know who walks in behind somebody.",
        f"What it costs: {_cost(d)}.",
    ]
    for p in d.pairs:
        told.append(
            f"{p.people[0]} and {p.people[1]} look alike to this door ({p.score:.4f}). "
            + (
                "It may take one for the other: both can come in, but the record may name the "
                "wrong one, and often it will refuse both."
                if p.same
                else "It still tells them apart, with little to spare."
            )
        )
    return [text for text in told if text]


def _own_proof(d: Derived) -> str:
    if d.calibration.site is None or d.site_upper is None:
        return "Of your own door nothing is shown yet."
    return (
        "Taken alone, those recorded at your own door cannot rule out that even "
        f"{one_in(d.site_upper)} fits."
    )


def _site_words(d: Derived) -> str:
    c, site = d.calibration, d.calibration.site
    if site is None:
        return (
            f"So a face must fit at {c.score_bound:.4f}. No strangers were recorded at your own "
            "door; with some, this rests on your camera and your light as well."
        )
    seen = (
        f"At your own door {counted(site.strangers, 'stranger')} stood long enough, and a face was "
        f"followed {counted(site.tracks, 'time')}; the best fitted at {site.highest:.4f}. "
    )
    return (
        seen
        + {
            "curve": "That is no reason to change anything: a face must fit at "
            f"{c.score_bound:.4f}.",
            "raised": "More of them would have fitted than you allow, so the door asks for more "
            f"than the maker does: {c.score_bound:.4f}.",
            "lowered": "That is enough to show that your target holds, so part of what was added "
            f"for safety is taken back: {c.score_bound:.4f}. It holds for the people on file "
            "now; with one more or one less the maker's number counts again.",
        }[d.basis]
    )


def _strangers(d: Derived) -> str:
    site = d.calibration.site
    if site is None:
        return "none recorded (`--record`, then `--impostors`)"
    return (
        f"{counted(site.strangers, 'person', 'people')} in {counted(site.tracks, 'track')}, "
        f"best {site.highest:.5f}: "
        + {
            "curve": "no reason to change the bound",
            "raised": "the bound is raised until no more than the target's share reach it",
            "lowered": "they demonstrate the target at a lower bound",
        }[d.basis]
    )


def _here(d: Derived) -> str:
    site, upper = d.calibration.site, d.site_upper
    if site is None or upper is None:
        return "nothing: no stranger was recorded long enough"
    return (
        f"at most {upper:.2g} ({counted(site.strangers, 'stranger')}, "
        f"{counted(site.matched, 'track')} at or above the bound; {evidence.CONFIDENCE:.0%})"
    )


def _cost(d: Derived) -> str:
    known = [r for r in d.reach if r.scores]
    if not known:
        return "not to be told from a single template each"
    told = ", ".join(_kept(r, d.bound) for r in known)
    return (
        f"of the templates, compared with the person's others, would be accepted: {told}. "
        "Templates of one sitting are more alike than visits are, so expect less at the door"
    )


def _kept(r: Reach, bound: float) -> str:
    return f"{r.person} {sum(s >= bound for s in r.scores)} of {len(r.scores)}"


def _change(outcome: Outcome) -> str:
    before = outcome.before
    if before is None:
        return ""
    return f"(calibrated before: {before.score_bound:.5f})"


def counted(count: int, one: str, many: str | None = None) -> str:
    """The number with its word."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def as_json(outcome: Outcome, notes: list[str]) -> dict[str, Any]:
    """What `--json` prints."""
    before = outcome.before
    return {
        **outcome.derived.as_json(),
        "before": None if before is None else before.model_dump(mode="json"),
        "warnings": notes,
        "explanation": words(outcome.derived),
        "written": None if outcome.written is None else str(outcome.written),
    }
