"""Films before a gallery in which their person is enrolled: as a whole and in windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from edge.config import Config
from edge.faces.observation import Observation
from edge.gallery import Gallery
from edge.packs import Pack
from edge.pipeline import Pipeline
from training.errors import DataError
from training.liveness.films.verdicts import Judged, Verdict, judged, verdict
from training.recognition.door.trials import Enrolled, windows


@dataclass(frozen=True, eq=False)
class Played:
    """film: its name. label: "live" or the instrument. person: who is shown.

    enrolled_from: the film that the person was enrolled from, None where they could not be.
    """

    film: str
    label: str
    person: str
    enrolled_from: str | None
    whole: Verdict
    windows: tuple[Verdict, ...]


class Player:
    """Plays observations of one pack and configuration.

    enrolled: of the films that enrolment took. Everybody is in the gallery; the person of a film
    from another film than the one that is shown, where there is one.
    """

    def __init__(
        self,
        pack: Pack,
        config: Config,
        enrolled: Sequence[Enrolled],
        *,
        window_s: float,
        step_s: float,
    ) -> None:
        if not enrolled:
            raise DataError("nobody could be enrolled from these films, so nothing is compared")
        self.pack, self.config = pack, config
        self.window_s, self.step_s = window_s, step_s
        self._of: dict[str, list[Enrolled]] = {}
        for one in enrolled:
            self._of.setdefault(one.person.name, []).append(one)
        self._pipeline = lru_cache(maxsize=64)(self._make)

    def _make(self, person: str, number: int) -> Pipeline:
        chosen = [of[number if name == person else 0] for name, of in self._of.items()]
        length = self.pack.manifest.roles.embedder.head.length
        gallery = Gallery([one.person for one in chosen], self.pack.embedder_sha256, length)
        return Pipeline(self.pack, gallery, self.config)

    def play(
        self, film: str, shown: str, person: str, label: str, seen: Sequence[Observation]
    ) -> Played:
        """shown: the film whose frames are seen, not to be enrolled from if there is another.

        Raises UndemonstratedTarget for a gallery too large.
        """
        choices = self._of.get(person, [])
        number = next((i for i, one in enumerate(choices) if one.film != shown), 0)
        pipeline = self._pipeline(person, number)
        enough = self.config.decision.agree

        def run(part: Sequence[Observation]) -> Verdict:
            pipeline.forget()
            return verdict([self._judge(pipeline, one) for one in part], enough)

        spans = windows([one.t for one in seen], self.window_s, self.step_s)
        return Played(
            film,
            label,
            person,
            choices[number].film if choices else None,
            run(seen),
            tuple(run(seen[first:end]) for first, end in spans),
        )

    def _judge(self, pipeline: Pipeline, observation: Observation) -> Judged:
        step = pipeline.judge(observation)
        best = None if step.match is None else step.match.person
        return judged(step.decision, best)


def life_gates(played: Sequence[Played]) -> list[str]:
    """The gates of liveness that were asked, in order."""
    found: Mapping[str, None] = {name: None for p in played for name in p.whole.values}
    return sorted(found)
