"""Recognition as a task of the common loop: class centres with a margin, or pairs of the batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from training.memory import channels_last
from training.recognition import triplet, validation
from training.recognition.dataset import Batch, IdentityDataset, PeopleDataset
from training.recognition.heads import MarginHead
from training.recognition.model import Design, normalised
from training.recognition.partial_fc import PartialFC, rate_in_bounds
from training.recognition.validation import Held


class RecognitionTask:
    """What both ways share. The score is the TAR at the strictest FAR that `held` can measure.

    net: the network of `design`, with its first weights. how: plain values that say how it is
    trained; kept in the checkpoint, so that a run is resumed as it was begun.
    """

    name = "recognition"
    lower_is_better = False
    collate: Callable[[list[Any]], Any] | None = None

    def __init__(
        self,
        design: Design,
        net: nn.Module,
        train: IdentityDataset | PeopleDataset,
        held: Held,
        how: dict[str, Any],
    ) -> None:
        self.design, self.train, self.held, self.how = design, train, held, how
        self.module: nn.Module = channels_last(net)
        self.score = validation.name_of(min(validation.fars(held.label)))

    def embeddings(self, module: nn.Module, image: Tensor) -> Tensor:
        """(N, D) of (N, 3, 112, 112) uint8 RGB."""
        embeddings: Tensor = module(normalised(image, self.design.scale))
        return embeddings

    def validate(self, module: nn.Module) -> dict[str, float]:
        return validation.figures(module, self.held, self.design.scale)

    def description(self) -> dict[str, Any]:
        return {**self.design.plain(), "trained": self.how}


class MarginTask(RecognitionTask):
    """Each person of the training is a class, whose centres the processes share out.

    head: the margin. rate: share of classes in a step (`PartialFC`). seed: of the centres.
    """

    def __init__(
        self,
        *args: Any,
        head: MarginHead,
        rate: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__(*args)
        self._head, self._rate, self._seed = head, rate_in_bounds(rate), seed

    def shard(self, rank: int, world: int) -> nn.Module:
        """This process's class centres, for `training.loop.fit`."""
        assert isinstance(self.train, IdentityDataset)
        self._centres = PartialFC(
            self._head,
            self.train.faces.people,
            self.design.embedding,
            rank=rank,
            world=world,
            rate=self._rate,
            seed=self._seed,
        )
        return self._centres

    def loss(self, module: nn.Module, batch: Batch) -> dict[str, Tensor]:
        found = self._centres(self.embeddings(module, batch.image), batch.label)
        return {"loss": found.loss, "cosine": found.cosine}


class PairsTask(RecognitionTask):
    """Nearer to the same person's pictures than to others'; for any number of people."""

    def __init__(self, *args: Any, loss: triplet.Loss) -> None:
        super().__init__(*args)
        self._pairs = loss

    def loss(self, module: nn.Module, batch: Batch) -> dict[str, Tensor]:
        # People x pictures, as `PeopleDataset` gives them.
        image, label = batch.image.flatten(0, 1), batch.label.flatten()
        return triplet.of_joint_batch(self._pairs, self.embeddings(module, image), label)
