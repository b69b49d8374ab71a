"""Who is enrolled from which film, which film is the probe, and the door's decisions on it.

Everything is the door's and enrolment's own code: `edge.enrolment.look` chooses the templates,
`edge.pipeline` matches, tracks and decides. Only the networks are not run again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.config import Config
from edge.enrolment import taken
from edge.enrolment.look import Look
from edge.enrolment.refusal import choose_or_refuse
from edge.errors import EnrolmentRefused
from edge.faces.observation import Observation
from edge.gallery import Gallery, Person
from edge.packs import Pack
from edge.pipeline import Pipeline, Step
from training.errors import DataError
from training.recognition.door.films import Film
from training.recognition.door.outcomes import Outcome, Seen, Window, outcome

CLOCK_S = 1e-3
"""Containers round the times of their frames to milliseconds."""


@dataclass(frozen=True, eq=False, slots=True)
class Enrolled:
    """A person as enrolled from one film. frames: indices of those that became templates."""

    film: str
    person: Person
    frames: tuple[int, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Trial:
    """A film before a gallery. right: whom to admit; None where the film's person is left out.

    sources: the film that each person of the gallery was enrolled from.
    """

    probe: Film
    right: str | None
    gallery: Gallery
    sources: Mapping[str, str]


@dataclass(frozen=True, eq=False, slots=True)
class Played:
    """A trial: the whole film from its first frame, and its windows.

    bound: the score that the gallery asks for. windows: the door starts afresh with each.
    ongoing: the same windows of the whole play, where the door has watched from the film's begin.
    """

    trial: Trial
    bound: float
    frames: tuple[Seen, ...]
    whole: Outcome
    windows: tuple[Window, ...]
    ongoing: tuple[Window, ...]


def enrol(pack: Pack, config: Config, film: Film, templates: int) -> Enrolled:
    """The templates that enrolment takes of a film. Raises EnrolmentRefused as it does."""
    look = Look(pack, config, still=False, want=templates)
    for observation in film.observations:
        look.weigh(observation)
    chosen = choose_or_refuse(look, film.name, templates, config.enrolment)
    made = taken.templates(chosen, film.name, {}, pack.embedder_sha256)
    person = Person(film.person, tuple(made), time.time())
    return Enrolled(film.name, person, tuple(c.index for c in chosen))


def enrol_all(
    pack: Pack, config: Config, films: Sequence[Film], templates: int
) -> tuple[list[Enrolled], dict[str, str]]:
    """Every film as enrolment, and why those were refused that were: first line, by film."""
    done, refused = [], {}
    for film in films:
        try:
            done.append(enrol(pack, config, film, templates))
        except EnrolmentRefused as error:
            refused[film.name] = str(error).splitlines()[0]
    return done, refused


def plan(pack: Pack, films: Sequence[Film], enrolled: Sequence[Enrolled]) -> list[Trial]:
    """Each film before each choice of enrolment film of its person, then with its person left out.

    The others are enrolled too, in the k-th trial from their k-th film, cyclically: so each film of
    everybody is enrolled from. Raises DataError when fewer than two people could be enrolled.
    """
    choices: dict[str, list[Enrolled]] = {}
    for one in enrolled:
        choices.setdefault(one.person.name, []).append(one)
    if len(choices) < 2:
        raise DataError(
            f"only {len(choices)} people could be enrolled from their films; two are needed"
        )
    trials = []
    for probe in films:
        others = {name: of for name, of in choices.items() if name != probe.person}
        for k, own in enumerate(choices.get(probe.person, ())):
            if own.film != probe.name:
                trials.append(_trial(pack, probe, probe.person, [own, *_kth(others, k)]))
        for k in range(max(len(of) for of in others.values())):
            trials.append(_trial(pack, probe, None, _kth(others, k)))
    return trials


def _kth(choices: Mapping[str, Sequence[Enrolled]], k: int) -> list[Enrolled]:
    return [of[k % len(of)] for of in choices.values()]


def _trial(pack: Pack, probe: Film, right: str | None, enrolled: Sequence[Enrolled]) -> Trial:
    length = pack.manifest.roles.embedder.head.length
    gallery = Gallery([one.person for one in enrolled], pack.embedder_sha256, length)
    return Trial(probe, right, gallery, {one.person.name: one.film for one in enrolled})


def windows(times: Sequence[float], window_s: float, step_s: float) -> Iterator[tuple[int, int]]:
    """(first, one past the last) of the frames of each whole window.

    A window is all frames from its first up to and including `window_s` later; it is whole where
    the film lasts that long. Windows begin `step_s` apart or at the next frame after that.
    """
    start, due = 0, times[0] if times else 0.0
    while start < len(times) and times[-1] >= times[start] + window_s - CLOCK_S:
        end = start
        while end < len(times) and times[end] <= times[start] + window_s + CLOCK_S:
            end += 1
        yield start, end
        due = max(due + step_s, times[start] + 2 * CLOCK_S)
        while start < len(times) and times[start] < due - CLOCK_S:
            start += 1


def play(pack: Pack, config: Config, trial: Trial, *, window_s: float, step_s: float) -> Played:
    """The door's decisions on a trial. Raises UndemonstratedTarget for a gallery too large."""
    pipeline = Pipeline(pack, trial.gallery, config)
    assert pipeline.bound is not None  # nobody plays before an empty gallery
    seen = trial.probe.observations
    enough = config.decision.agree

    def run(part: Sequence[Observation]) -> tuple[Seen, ...]:
        pipeline.forget()
        return tuple(_seen(pipeline.judge(one), trial) for one in part)

    def window(frames: Sequence[Seen]) -> Window:
        told = outcome(frames, trial.right, enough)
        return Window(trial.probe.name, trial.probe.person, trial.right, frames[0].t, told)

    whole = run(seen)
    places = tuple(windows([one.t for one in seen], window_s, step_s))
    return Played(
        trial,
        pipeline.bound,
        whole,
        outcome(whole, trial.right, enough),
        tuple(window(run(seen[first:end])) for first, end in places),
        tuple(window(whole[first:end]) for first, end in places),
    )


def play_all(
    pack: Pack,
    config: Config,
    trials: Sequence[Trial],
    *,
    window_s: float,
    step_s: float,
    watch: Callable[[], None],
) -> list[Played]:
    """Every trial. watch: called after each."""
    done = []
    for trial in trials:
        done.append(play(pack, config, trial, window_s=window_s, step_s=step_s))
        watch()
    return done


def _seen(step: Step, trial: Trial) -> Seen:
    decision, match = step.decision, step.match
    right = wrong = None
    face = step.observation.face
    if face is not None and face.embedding is not None:
        scores = person_scores(trial.gallery, face.embedding)
        right = scores.pop(trial.right, None) if trial.right is not None else None
        wrong = max(scores.values(), default=None)
    return Seen(
        t=decision.t,
        failed=decision.failed,
        grant=decision.person,
        best=None if match is None else match.person,
        right=right,
        wrong=wrong,
        motion=next((g.value for g in decision.gates if g.name == "motion"), None),
    )


def person_scores(gallery: Gallery, probe: NDArray[np.float32]) -> dict[str, float]:
    """Cosine of a probe (D,) of unit length with each person's best row, for people to look at."""
    rows = gallery.matrix @ probe
    return {
        name: float(rows[gallery.row_person == number].max())
        for number, name in enumerate(gallery.names)
    }
