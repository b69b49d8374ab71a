"""`python -m training.landmarks train|evaluate|predict`"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from training import cli
from training.landmarks import evaluate, predict, train

EXAMPLES = """\
sets (--set KIND PICTURES [KEY=VALUE ...], PICTURES a folder or a tar):
  labels      labels=CSV                a label file of training.label; people by folder
  landmarks68 points=CSV [labels=CSV]   header file,x0,y0,...,x67,y67; PERSON_NN.jpg
  utkface     labels=CSV                AGE_GENDER_RACE_DATE.jpg
  wflw        list=TXT                  list_98pt_rect_attr_*.txt
  wiki        json=JSON                 [{"file", "age", "gender", "landmarks", "box"}, ...]
  300wlp, biwi, euler                   see python -m training.pose --help
  and for each: weight=3, embeddings=NPZ (of training.landmarks.teacher),
  convention=CSV (of training.landmarks.convention), turned=3 (heads turned aside more often)

examples:
  # WFLW as it is unpacked
  python -m training.landmarks train --layout wflw98 --heads points,confidence --out runs/wflw \\
      --set wflw WFLW_images list=list_98pt_rect_attr_train_test/list_98pt_rect_attr_train.txt
  # several sets: what one lacks is masked
  python -m training.landmarks train --out runs/landmarks --precision bf16-mixed \\
      --set landmarks68 landmarks68.tar points=landmarks.csv labels=boxes.csv weight=3 \\
      --set labels lfw.tar labels=lfw.csv --set utkface utkface.tar labels=utkface.csv
  # its validation people, by the label's boxes; then a pack, behind its own detector
  python -m training.landmarks evaluate runs/landmarks/best.ckpt \\
      --set landmarks68 landmarks68.tar points=landmarks.csv labels=boxes.csv
  python -m training.landmarks evaluate default --border 0.4 --json \\
      --set landmarks68 landmarks68.tar points=landmarks.csv labels=boxes.csv
  python -m training.landmarks predict runs/landmarks/best.ckpt pictures --sheets out
"""


def verb_parser(
    prog: str, description: str, examples: str, heads: Sequence[str]
) -> argparse.ArgumentParser:
    """The parser of train, evaluate and predict. heads: trained by default."""
    parser = cli.parser(prog, description, examples)
    verbs = parser.add_subparsers(dest="verb", required=True)
    own = verbs.add_parser("train", **_as(parser))
    train.add_arguments(own, heads, epochs=30, batch=64, lr=2e-3)
    own = verbs.add_parser("evaluate", **_as(parser))
    train.add_data_arguments(own)
    evaluate.add_arguments(own)
    own = verbs.add_parser("predict", **_as(parser))
    predict.add_arguments(own)
    return parser


def run_verb(args: argparse.Namespace, name: str) -> int:
    """What the arguments ask for. name: of the training."""
    if args.verb == "train":
        return train.train(args, name)
    return evaluate.evaluate(args) if args.verb == "evaluate" else predict.predict(args)


def main() -> int:
    what = "Trains and measures the face network."
    parser = verb_parser("training.landmarks", what, EXAMPLES, train.NAMED_HEADS)
    return run_verb(parser.parse_args(), "landmarks")


def _as(parser: argparse.ArgumentParser) -> dict[str, Any]:
    """The verbs show the examples too, as they are written."""
    return {
        "epilog": parser.epilog,
        "formatter_class": parser.formatter_class,
        "allow_abbrev": False,
    }


if __name__ == "__main__":
    cli.leave(main)
