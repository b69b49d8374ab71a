"""Programs for tests that need several processes, and how to start them.

python tests/training/recognition/processes.py step OUT       one step of each head, to OUT/RANK.pt
python tests/training/recognition/processes.py overflow OUT   who has finite gradients afterwards
python tests/training/recognition/processes.py fit OUT BATCH [--resume] [--slow] [--rate R]
python tests/training/recognition/processes.py faces OUT BATCH REC HEAD
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from tests.training.toy import SEED, Toy, plan
from training.loop import fit
from training.recognition import triplet
from training.recognition.dataset import IdentityDataset, PeopleDataset
from training.recognition.faces import Views
from training.recognition.heads import HEADS, CosFace
from training.recognition.model import Design
from training.recognition.partial_fc import PartialFC
from training.recognition.sources.rec import RecFolder
from training.recognition.sources.sets import split
from training.recognition.task import MarginTask, PairsTask, RecognitionTask
from training.recognition.validation import Held
from training.shards import Shard

ROOT = Path(__file__).resolve().parents[3]
CLASSES, BATCH, INPUTS, EMBEDDING = 11, 12, 6, 8
"""Classes that two processes cannot share evenly."""
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def start(count: int, *words: object) -> subprocess.CompletedProcess[str]:
    """Runs a program of this file as `count` processes."""
    command = arguments(count, *words)
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=240)


def arguments(count: int, *words: object) -> list[str]:
    """The command line of a program of this file as `count` processes."""
    several = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}"]
    return [sys.executable, *(several if count > 1 else []), __file__, *map(str, words)]


def backbone() -> nn.Linear:
    torch.manual_seed(SEED)
    return nn.Linear(INPUTS, EMBEDDING)


def joint_batch() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(SEED)
    labels = torch.randint(0, CLASSES, (BATCH,), generator=generator)
    labels[1] = labels[0]
    return torch.randn(BATCH, INPUTS, generator=generator), labels


def step(out: Path) -> None:
    """Loss and gradients of each head and of the triplets, as this process has them."""
    rank, world = dist.get_rank(), dist.get_world_size()
    x, labels = (part.chunk(world)[rank] for part in joint_batch())
    found: dict[str, Any] = {}
    for name, head in HEADS.items():
        net = DistributedDataParallel(backbone())
        centres = PartialFC(head(), CLASSES, EMBEDDING, rank=rank, world=world, seed=SEED)
        said = centres(net(x), labels)
        said.loss.backward()
        found[name] = {
            "loss": said.loss.detach(),
            "cosine": said.cosine,
            "weight": centres.weight.detach(),
            "weight_gradient": centres.weight.grad,
            "backbone_gradient": net.module.weight.grad,
            "buffers": dict(centres.head.named_buffers()),
        }
    net = DistributedDataParallel(backbone())
    loss = triplet.of_joint_batch(triplet.triplets, net(x), labels)["loss"]
    loss.backward()
    found["triplet"] = {"loss": loss.detach(), "backbone_gradient": net.module.weight.grad}
    torch.save(found, out / f"{rank}.pt")


def overflow(out: Path) -> None:
    """The second process's gradient is infinite."""
    net, rank = nn.Linear(2, 2), dist.get_rank()
    shard = Shard(net, rank, dist.get_world_size(), 0)
    finite = []
    for value in (1.0, float("inf") if rank == 1 else 1.0):
        net.weight.grad = torch.full((2, 2), value)
        shard.agree_on_overflow()
        finite.append(bool(torch.isfinite(net.weight.grad).all()))
    torch.save(finite, out / f"{rank}.pt")


class ShardedToy(Toy):
    """The toy with its last layer as class centres of the processes."""

    def __init__(self, *, wait: float, rate: float) -> None:
        super().__init__(wait=wait, dropout=0.0, width=8)
        self.module = nn.Sequential(*list(self.module)[:-1], nn.Linear(8 * 16, EMBEDDING))
        self.rate = rate

    def shard(self, rank: int, world: int) -> PartialFC:
        head = CosFace(scale=8, margin=0.1)
        self.centres = PartialFC(
            head, 4, EMBEDDING, rank=rank, world=world, rate=self.rate, seed=SEED
        )
        return self.centres

    def loss(self, module: nn.Module, batch: Any) -> dict[str, Tensor]:
        pictures, quarters = batch
        said = self.centres(module(pictures), quarters)
        return {"loss": said.loss, "cosine": said.cosine}

    def validate(self, module: nn.Module) -> dict[str, float]:
        return {"error": float(sum(p.square().sum() for p in module.parameters()))}

    def description(self) -> dict[str, Any]:
        return {"rate": self.rate}


def train(words: list[str]) -> None:
    rate = float(words[words.index("--rate") + 1]) if "--rate" in words else 1.0
    toy = ShardedToy(wait=0.01 if "--slow" in words else 0.0, rate=rate)
    chosen = plan(Path(words[0]), batch=int(words[1]), epochs=2, checkpoint_s=0)
    fit(toy, chosen, resume="--resume" in words, quiet=True)


def untrained() -> nn.Module:
    """Faces to 128 numbers, without batch normalisation, whose statistics are a process's own."""
    torch.manual_seed(SEED)
    return nn.Sequential(nn.AvgPool2d(8), nn.Flatten(), nn.Linear(3 * 14 * 14, 128))


def faces(words: list[str]) -> None:
    """The recognition training, under a margin head or a pair loss."""
    training, held, _ = split([RecFolder(Path(words[2]))], least=2)
    design, net = Design(), untrained()
    if words[3] in HEADS:
        data = IdentityDataset(training, Views(), SEED)
        head = HEADS[words[3]](scale=8)
        task: RecognitionTask = MarginTask(design, net, data, Held(held), {}, head=head)
    else:
        people = PeopleDataset(training, Views(), SEED, 2)
        loss = triplet.loss_of(words[3], margin=1.5)
        task = PairsTask(design, net, people, Held(held), {}, loss=loss)
    chosen = plan(Path(words[0]), batch=int(words[1]), epochs=1, lr=1e-3, clip=0.5)
    fit(task, chosen, quiet=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    if sys.argv[1] == "fit":
        train(sys.argv[2:])
    elif sys.argv[1] == "faces":
        faces(sys.argv[2:])
    else:
        dist.init_process_group("gloo")
        {"step": step, "overflow": overflow}[sys.argv[1]](Path(sys.argv[2]))
        dist.destroy_process_group()
