"""The one training loop: any task, any device, one process or many.

Lightning Fabric places model and data, scales mixed precision and averages gradients; so the same
command runs alone or under `torchrun`. Order and content of the samples follow from the seed (see
`training.sampling`), and a checkpoint holds all else that moves, so that a killed run goes on as
if nothing had happened.
"""

from __future__ import annotations

import gc
import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies import DDPStrategy
from torch import Tensor, nn
from torch.utils.data import DataLoader

from training import checkpoint
from training.ema import Ema
from training.errors import CheckpointError, DivergedError
from training.plan import Plan
from training.progress import Reporter
from training.record import Record, draw_curves
from training.regime import Regime, Usual, groups_of
from training.sampling import KeyedSampler
from training.shards import Shard
from training.task import Task

LOG_EVERY = 20
"""Steps whose training figures are averaged into one line."""


@dataclass(frozen=True)
class Result:
    """How a run ended. best_epoch counts from 0; stopped: before the plan's last epoch."""

    best_score: float
    best_epoch: int
    steps: int
    stopped: bool


@dataclass
class _Position:
    epoch: int = 0
    step_in_epoch: int = 0
    step: int = 0
    best_score: float = math.nan
    best_epoch: int = -1
    best_of: dict[str, float] = field(default_factory=dict)
    """Score of each checkpoint that the regime names."""


def fit(task: Task, plan: Plan, *, resume: bool = False, quiet: bool = False) -> Result:
    """Trains `task` and leaves last.ckpt, best.ckpt, metrics.csv and curves.png in `plan.out`.

    Each epoch: steps of `loss` over `train`, then `validate` on the averaged weights, on the first
    process. best.ckpt holds the averaged weights with the best score; the task's regime
    (`training.regime`) may keep others.

    resume: go on from last.ckpt, to the same weights as if the run had never stopped. A task with
    a shard needs as many processes as before, and `plan.out` on a disk that all see.

    Raises CheckpointError (nothing to resume, another network or plan), DivergedError.
    """
    torch.manual_seed(plan.seed)
    world = int(os.environ.get("WORLD_SIZE", "1"))
    strategy = DDPStrategy(find_unused_parameters=True) if world > 1 else "auto"
    fabric = Fabric(
        devices=int(os.environ.get("LOCAL_WORLD_SIZE", "1")) if world > 1 else 1,
        num_nodes=world // int(os.environ.get("LOCAL_WORLD_SIZE", "1")) if world > 1 else 1,
        strategy=strategy,
        precision=plan.precision,  # type: ignore[arg-type]
    )
    fabric.launch()
    run = _Run(fabric, task, plan, resume=resume, quiet=quiet)
    try:
        result = run.all()
    finally:
        run.close()
    if world > 1:
        # Together: a process that leaves while another still draws its curves aborts with it. The
        # gradient buckets go first; without their process group, their end waits forever.
        del run
        gc.collect()
        fabric.barrier()
        torch.distributed.destroy_process_group()
    return result


class _Run:
    def __init__(
        self, fabric: Fabric, task: Task, plan: Plan, *, resume: bool, quiet: bool
    ) -> None:
        self.fabric, self.task, self.plan = fabric, task, plan
        plan.out.mkdir(parents=True, exist_ok=True)
        self.at = _Position()
        groups = groups_of(task.module, plan.weight_decay)
        self.shard = _shard(task, fabric, first=sum(len(g["params"]) for g in groups))
        if self.shard is not None:
            groups += groups_of(self.shard.module, plan.weight_decay)
        self.regime: Regime = getattr(task, "regime", Usual())
        optimiser = self.regime.optimiser(groups, plan)
        self.ema = Ema(task.module, plan.ema)
        self.module, self.optimiser = fabric.setup(task.module, optimiser)
        self.ema.module.to(fabric.device)
        self.sampler = KeyedSampler(
            len(task.train),  # type: ignore[arg-type]
            seed=plan.seed,
            batch=plan.batch,
            rank=fabric.global_rank,
            world=fabric.world_size,
            weights=getattr(task.train, "weights", None),
        )
        self.total = self.sampler.steps * plan.epochs
        if resume:
            self._restore()
        self.record = None
        if fabric.is_global_zero:
            (plan.out / "plan.json").write_text(plan.as_json() + "\n", encoding="utf-8")
            self.record = Record(plan.out, until=self.at.step if resume else None)
        self.reporter = Reporter(
            task.name, self.total, self.at.step, quiet=quiet or not fabric.is_global_zero
        )

    def close(self) -> None:
        self.reporter.close()
        if self.record is not None:
            self.record.close()

    def all(self) -> Result:
        for epoch in range(self.at.epoch, self.plan.epochs):
            self._epoch(epoch)
            figures = self._validate()
            score = figures[self.task.score]
            if self.at.best_epoch < 0 or self._better(score, self.at.best_score):
                self.at.best_score, self.at.best_epoch = score, epoch
                self._save("best.ckpt")
            for name in self.regime.checkpoints(epoch):
                if name not in self.at.best_of or self._better(score, self.at.best_of[name]):
                    self.at.best_of[name] = score
                    self._save(name)
            self.at.epoch, self.at.step_in_epoch = epoch + 1, 0
            self._save("last.ckpt")
            if self.record is not None:
                self.record.add(self.at.step, epoch, "validation", figures)
                draw_curves(self.plan.out, self.task.name)
            self.reporter.validated(
                epoch, self.plan.epochs, figures, best=self.at.best_epoch == epoch
            )
            if 0 < self.plan.patience <= epoch - self.at.best_epoch:
                return self._result(stopped=epoch + 1 < self.plan.epochs)
        return self._result(stopped=False)

    def _better(self, score: float, than: float) -> bool:
        return score < than if self.task.lower_is_better else score > than

    def _result(self, *, stopped: bool) -> Result:
        return Result(self.at.best_score, self.at.best_epoch, self.at.step, stopped)

    def _batches(self, epoch: int) -> Iterator[Any]:
        self.sampler.begin(epoch, self.at.step_in_epoch)
        workers = self.plan.workers
        loader = DataLoader(
            self.task.train,
            batch_size=self.plan.batch,
            sampler=self.sampler,
            num_workers=workers,
            collate_fn=self.task.collate,
            worker_init_fn=_one_thread,
            prefetch_factor=4 if workers else None,
            # Its own, or each epoch would draw from the generator that dropout goes on with.
            generator=torch.Generator().manual_seed(self.plan.seed),
        )
        return iter(self.fabric.setup_dataloaders(loader, use_distributed_sampler=False))

    def _epoch(self, epoch: int) -> None:
        self.module.train()
        sums: dict[str, float] = {}
        seen = 0
        saved = time.monotonic()
        steps = self.sampler.steps
        for batch in self._batches(epoch):
            rate = self.regime.rate(self.plan, self.at.step, steps)
            for group in self.optimiser.param_groups:
                group["lr"] = rate
            # The last step of an epoch always moves the weights: none are left in mid-sum.
            at = self.at.step_in_epoch
            whole = (at + 1) % self.plan.accumulate == 0 or at + 1 == steps
            share = self.plan.accumulate
            if at >= steps - steps % self.plan.accumulate:
                share = steps % self.plan.accumulate
            losses = self._step(batch, rate, whole=whole, share=share)
            for name, value in losses.items():
                sums[name] = sums.get(name, 0.0) + value
            seen += 1
            self.at.step += 1
            self.at.step_in_epoch += 1
            self.reporter.step(self.at.step)
            if seen == LOG_EVERY or self.at.step_in_epoch == steps:
                means = {name: value / seen for name, value in sums.items()}
                if self.record is not None:
                    self.record.add(self.at.step, epoch, "train", {**means, "lr": rate})
                self.reporter.trained(means)
                sums, seen = {}, 0
                due = time.monotonic() - saved > self.plan.checkpoint_s
                if self.shard is not None:
                    due = self.fabric.broadcast(due)
                if whole and due and self.at.step_in_epoch < steps:
                    self.at.epoch = epoch
                    self._save("last.ckpt")
                    saved = time.monotonic()

    def _step(self, batch: Any, rate: float, *, whole: bool, share: int) -> dict[str, float]:
        with self.fabric.no_backward_sync(self.module, enabled=not whole):
            losses = self.task.loss(self.module, batch)
            self.fabric.backward(losses["loss"] / share)
        if whole:
            if self.shard is not None:
                self.shard.agree_on_overflow()
            if self.plan.clip > 0:
                # Not Fabric's own: that takes the norm over all that the optimiser moves. With a
                # shard in it each process would clip differently, and their copies part.
                self.fabric.strategy.precision.unscale_gradients(self.optimiser.optimizer)
                nn.utils.clip_grad_norm_(self.module.parameters(), self.plan.clip)
            self.optimiser.step()
            self.optimiser.zero_grad(set_to_none=True)
            self.ema.update(self.module.module)
        values = {name: value.detach().float() for name, value in losses.items()}
        if self.fabric.world_size > 1:
            reduced = self.fabric.all_reduce(values, reduce_op="mean")
            assert isinstance(reduced, dict)  # as what was given
            values = reduced
        found = {name: float(value) for name, value in values.items()}
        if not math.isfinite(found["loss"]):
            raise DivergedError(
                f"{self.task.name}: loss is {found['loss']} at step {self.at.step} (learning rate "
                f"{rate:.3g}); try a lower --lr. {self.plan.out / 'last.ckpt'} is from before"
            )
        return found

    def _validate(self) -> dict[str, float]:
        figures: dict[str, float] = {}
        if self.fabric.is_global_zero:
            with torch.no_grad():
                figures = self.task.validate(self.ema.module)
        return self.fabric.broadcast(figures)

    def _save(self, name: str) -> None:
        if self.shard is None or name != "last.ckpt":
            return self._save_common(name)
        out, step = self.plan.out, self.at.step
        self.shard.save(out, step, self.optimiser.state_dict())
        self.fabric.barrier()
        self._save_common(name)
        self.fabric.barrier()
        self.shard.forget(out, step)

    def _save_common(self, name: str) -> None:
        if not self.fabric.is_global_zero:
            return
        content: dict[str, Any] = {
            "task": self.task.name,
            "description": self.task.description(),
            "ema": self.ema.module.state_dict(),
            "position": dict(vars(self.at)),
        }
        if name == "last.ckpt":
            optimiser = self.optimiser.state_dict()
            content |= {
                "plan": self.plan.decides | self.regime.decides,
                "module": self.module.module.state_dict(),
                "optimiser": self.shard.common(optimiser) if self.shard else optimiser,
                "updates": self.ema.updates,
                "random": torch.get_rng_state(),
            }
        checkpoint.save(self.plan.out / name, content)

    def _restore(self) -> None:
        path = self.plan.out / "last.ckpt"
        content = checkpoint.read(path)
        if content["task"] != self.task.name or content["description"] != self.task.description():
            raise CheckpointError(f"{path}: is of another network; choose another --out")
        decides = self.plan.decides | self.regime.decides
        for name in content["plan"] | decides:
            was, value = content["plan"].get(name), decides.get(name)
            if was != value:
                raise CheckpointError(
                    f"{path}: was made with {name} {was}, not {value}; a run is "
                    "resumed with the arguments that it was started with"
                )
        self.module.module.load_state_dict(content["module"])
        optimiser = content["optimiser"]
        if self.shard is not None:
            step = content["position"]["step"]
            optimiser = self.shard.restore(path.parent, step, optimiser)
        self.optimiser.load_state_dict(optimiser)
        self.ema.module.load_state_dict(content["ema"])
        self.ema.updates = content["updates"]
        self.at = _Position(**content["position"])
        torch.set_rng_state(content["random"])


def _one_thread(worker: int) -> None:
    """Workers decode with a thread each: more would take the cores of the training itself."""
    import cv2

    torch.set_num_threads(1)
    cv2.setNumThreads(1)


def _shard(task: Task, fabric: Fabric, first: int) -> Shard | None:
    """What this process has for itself, if the task has such a part."""
    make = getattr(task, "shard", None)
    if make is None:
        return None
    module = make(fabric.global_rank, fabric.world_size).to(fabric.device)
    return Shard(module, fabric.global_rank, fabric.world_size, first)


def load(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """A checkpoint's description and averaged weights. Raises CheckpointError."""
    return checkpoint.load(path)
