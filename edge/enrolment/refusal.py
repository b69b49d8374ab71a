"""Why an enrolment is refused, in words that help: which gates, how often, what to do."""

from __future__ import annotations

from edge.config import Enrolment
from edge.enrolment import choose
from edge.enrolment.candidate import Candidate
from edge.enrolment.look import Look
from edge.errors import EnrolmentRefused


def refusals(look: Look) -> dict[str, int]:
    """Frames by the gate that they failed; `motion` and `consistency` are judged at the end."""
    counts = {name: failures.count for name, failures in look.failures.items()}
    kept = look.candidates()
    agreeing = choose.one_person(kept, look.consistency)
    for name, count in (("motion", look.unmoved()), ("consistency", len(kept) - len(agreeing))):
        if count:
            counts[name] = count
    return counts


def reasons(look: Look) -> str:
    """Why the last picture cannot be used."""
    words = [look.hint or ""]
    for gate in look.last_failed:
        if gate.name == "passive":
            return (
                f"it looks like a print or a screen (score {gate.value:.2f}, "
                f"at least {gate.low:g} is asked for)"
            )
        if gate.value is not None and gate.name != "one_face":
            asked = f"at least {gate.low:g}" if gate.low is not None else f"at most {gate.high:g}"
            if gate.low is not None and gate.high is not None:
                asked = f"{gate.low:g} to {gate.high:g}"
            words.append(f"{gate.name} {gate.value:.3g}, {asked} is asked for")
    return "; ".join(words)


def choose_or_refuse(look: Look, source: str, want: int, bounds: Enrolment) -> list[Candidate]:
    """The templates. Raises EnrolmentRefused, saying how many frames failed at what."""
    kept = look.candidates()
    agreeing = choose.one_person(kept, look.consistency)
    details = {"frames": look.frames, "usable": len(kept), "refused": refusals(look)}
    if kept and 2 * len(agreeing) <= len(kept) and len(kept) > 1:
        raise EnrolmentRefused(
            f"{source}: the usable frames do not show one person: of {len(kept)} only "
            f"{len(agreeing)} are alike (cosine {look.consistency:.3f}); nothing was stored. Use "
            "pictures of one person only"
        ).with_details(**details)
    least = 1 if look.still else min(bounds.least, want)
    if len(agreeing) >= least:
        return choose.spread(agreeing, want, look.consistency)
    lines = [failures.text(name, look.frames) for name, failures in look.failures.items()]
    if look.unmoved():
        lines.append(
            f"motion: {look.unmoved()} views without the motion of a living face, or too short "
            "to tell"
        )
    what = (
        "no frame can be used"
        if not agreeing
        else f"only {len(agreeing)} frames can be used, {least} are needed"
    )
    told = "\n  ".join(lines) or "it is too short"
    raise EnrolmentRefused(
        f"{source}: {what}; nothing was stored. Of {look.frames} frames failed\n  {told}\n"
        f"{_advice(look)}"
    ).with_details(**details)


def _advice(look: Look) -> str:
    # Views that only lacked motion were good otherwise: that is then what stood in the way.
    worst = "motion"
    if not look.unmoved():
        worst = max(refusals(look).items(), key=lambda item: item[1], default=("", 0))[0]
    return {
        "one_face": "One face, and only one, must be in view.",
        "size": "Come closer to the camera, or use pictures with more detail.",
        "sharpness": "Hold still, focus the lens, clean it.",
        "exposure": "Change the light: a lamp in front of the face, no window behind it.",
        "clipped": "Soften the light: parts of the face are black or white.",
        "passive": "Enrol the person, not a print or a screen.",
        "motion": "Film for three seconds or more, let the person talk or turn the head.",
    }.get(worst, "Look straight at the camera, then turn a little to each side.")
