"""Distillation: a network learns to say of degraded faces what a teacher says of clean ones.

No identities are needed, so any faces will do. The loss is 1 - cosine to the teacher's embedding.
`--start teacher` begins with the teacher's own weights (for a MobileFaceNet): then the training
teaches it to stand bad pictures, badly placed crops and, with `--fake-quantise`, 8 bits.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from torch import Tensor, nn
from torch.nn import functional as F

from edge.errors import UsageError
from training import checkpoint, cli
from training.errors import CheckpointError
from training.loop import fit
from training.memory import channels_last
from training.recognition import crops, faces, mobilefacenet, quantised, teacher
from training.recognition.backbones import BACKBONES
from training.recognition.crops import Image
from training.recognition.faces import AlignedFace, DistilledFaces, Sample, Views
from training.recognition.model import Design, normalised
from training.sampling import Key, rng_of

EXAMPLES = """\
examples:
  # faces as the door finds them, then a student of the public MobileFaceNet from its own weights
  python -m training.label utkface.tar --border 0.4 --detector default --points default \\
      --out utkface.csv
  python -m training.recognition distill --teacher mobilefacenet_ms1m.onnx --start teacher \\
      --set utkface.tar utkface.csv --precision bf16-mixed --lr 3e-4 --out runs/student
  # from nothing
  python -m training.recognition distill --teacher mobilefacenet_ms1m.onnx \\
      --set utkface.tar utkface.csv --precision bf16-mixed --out runs/scratch
"""


class DistillTask:
    """A student as `training.loop.fit` wants it.

    held: faces of people held back, with their targets; half of the score is the cosine on clean
    crops, half on degraded ones, always the same.
    """

    name = "recognition"
    score = "cosine"
    lower_is_better = False
    collate: Callable[[list[Any]], Any] | None = None

    def __init__(
        self,
        design: Design,
        net: nn.Module,
        train: DistilledFaces,
        held: list[AlignedFace],
        held_targets: NDArray[np.float32],
    ) -> None:
        self.design, self.train = design, train
        self.module: nn.Module = channels_last(net)
        self._targets = torch.from_numpy(held_targets)
        self._clean = _stacked([face.crop() for face in held])
        degraded = [
            train.views.draw(face, rng_of(train.seed + 1, Key(0, i))) for i, face in enumerate(held)
        ]
        self._degraded = _stacked(degraded)

    def loss(self, module: nn.Module, batch: Sample) -> dict[str, Tensor]:
        out = module(normalised(batch.image, self.design.scale))
        cosine = F.cosine_similarity(out.float(), batch.target).mean()
        return {"loss": 1 - cosine, "cosine": cosine}

    def validate(self, module: nn.Module) -> dict[str, float]:
        clean, degraded = (self._cosine(module, x) for x in (self._clean, self._degraded))
        return {"cosine": (clean + degraded) / 2, "clean": clean, "degraded": degraded}

    @torch.no_grad()
    def _cosine(self, module: nn.Module, images: Tensor) -> float:
        module.eval()
        device = next(module.parameters()).device
        total = 0.0
        for start in range(0, len(images), 64):
            part = slice(start, start + 64)
            out = module(normalised(images[part].to(device), self.design.scale)).float().cpu()
            total += float(F.cosine_similarity(out, self._targets[part]).sum())
        return total / len(images)

    def description(self) -> dict[str, Any]:
        return self.design.plain()


def _stacked(images: list[Image]) -> Tensor:
    return torch.from_numpy(np.stack([faces.planes(image) for image in images]))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    group = parser.add_argument_group("data")
    group.add_argument(
        "--set",
        nargs=2,
        action="append",
        required=True,
        metavar=("PICTURES", "LABELS"),
        type=Path,
        help="a folder or tar, and its label file with 68 points; may be repeated",
    )
    group.add_argument("--teacher", type=Path, required=True, metavar="ONNX")
    group.add_argument(
        "--teacher-scale", choices=crops.SCALES, default="imagenet", help="default %(default)s"
    )
    group.add_argument("--held", type=int, default=1000, help="validation faces, at most")
    group = parser.add_argument_group("network")
    group.add_argument(
        "--backbone", choices=BACKBONES, default="mobilefacenet", help="default %(default)s"
    )
    group.add_argument(
        "--start",
        default="nothing",
        metavar="nothing|teacher|CKPT",
        help="weights to begin with (default %(default)s)",
    )
    group.add_argument(
        "--fake-quantise",
        action="store_true",
        help="round weights and activations to 8 bits while training, as the device will",
    )
    group = parser.add_argument_group("views")
    base = Views()
    group.add_argument("--strength", type=float, default=base.strength, help="of light and lens")
    group.add_argument("--covered", type=float, default=base.covered, help="share with a hand")
    group.add_argument("--small", type=float, default=base.small, help="share seen from far")
    cli.add_plan_arguments(parser, epochs=20, batch=64, lr=2e-3, weight_decay=0.01)


def student(args: argparse.Namespace, embedding: int) -> tuple[Design, nn.Module]:
    """The network to train, with its first weights. Raises CheckpointError, UsageError."""
    if args.start == "nothing":
        design = Design(args.backbone, embedding, args.teacher_scale)
        return design, design.build()
    if args.start == "teacher":
        if args.backbone != "mobilefacenet":
            raise UsageError("--start teacher is for --backbone mobilefacenet")
        weights = mobilefacenet.weights_of_onnx(args.teacher)
        design = Design("mobilefacenet", embedding, args.teacher_scale, {"norm": False})
    else:
        description, weights = checkpoint.load(Path(args.start))
        design = Design.of(description)
    net = design.build()
    try:
        net.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"--start: weights of another network: {error}") from error
    return design, net


def run(args: argparse.Namespace) -> int:
    """Runs the verb; returns the exit code."""
    console = Console(stderr=True)
    plan = cli.plan_from(args)
    for name in ("covered", "small"):
        if not 0 <= (share := getattr(args, name)) <= 1:
            raise UsageError(f"--{name} is a share, 0 to 1, not {share:g}")
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    training, held = (
        [f for pair in args.set for f in faces.load(*pair, validation=side)]
        for side in (False, True)
    )
    held = held[:: max(1, -(-len(held) // args.held))]
    asked = teacher.Teacher(args.teacher, args.teacher_scale)
    wanted, held_wanted = (
        teacher.targets(asked, part, plan.out / f"{name}.npz", console)
        for part, name in ((training, "targets"), (held, "held-targets"))
    )
    torch.manual_seed(plan.seed)
    design, net = student(args, wanted.shape[1])
    if args.fake_quantise:
        quantised.prepare(net)
    views = Views(strength=args.strength, covered=args.covered, small=args.small)
    task = DistillTask(
        design, net, DistilledFaces(training, wanted, views, plan.seed), held, held_wanted
    )
    console.print(f"{len(training)} faces, {len(held)} held back, {design.plain()}", markup=False)
    if not args.resume:
        figures = task.validate(net)
        console.print("before: " + " ".join(f"{k} {v:.4f}" for k, v in figures.items()))
    result = fit(task, plan, resume=args.resume)
    console.print(f"best cosine {result.best_score:.4f} in epoch {result.best_epoch + 1}")
    return 0
