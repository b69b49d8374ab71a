"""`python -m training.landmarks train|evaluate|predict`"""

from __future__ import annotations

from training import cli
from training.landmarks.train import NAMED_HEADS, add_arguments, train

EXAMPLES = """\
sets (--set KIND PICTURES [KEY=VALUE ...], PICTURES a folder or a tar):
  labels      labels=CSV                a label file of training.label; people by folder
  landmarks68 points=CSV [labels=CSV]   header file,x0,y0,...,x67,y67; PERSON_NN.jpg
  utkface     labels=CSV                AGE_GENDER_RACE_DATE.jpg
  wflw        list=TXT                  list_98pt_rect_attr_*.txt
  wiki        json=JSON                 [{"file", "age", "gender", "landmarks", "box"}, ...]
  and for each: weight=3, embeddings=NPZ (of training.landmarks.teacher)

examples:
  # WFLW as it is unpacked
  python -m training.landmarks train --layout wflw98 --heads points,confidence --out runs/wflw \\
      --set wflw WFLW_images list=list_98pt_rect_attr_train_test/list_98pt_rect_attr_train.txt
  # several sets: what one lacks is masked
  python -m training.landmarks train --out runs/landmarks --precision bf16-mixed \\
      --set landmarks68 landmarks68.tar points=landmarks.csv labels=boxes.csv weight=3 \\
      --set labels lfw.tar labels=lfw.csv --set utkface utkface.tar labels=utkface.csv
"""


def main() -> int:
    parser = cli.parser("training.landmarks", "Trains and measures the face network.", EXAMPLES)
    verbs = parser.add_subparsers(dest="verb", required=True)
    own = verbs.add_parser("train")
    add_arguments(own, NAMED_HEADS, epochs=30, batch=64, lr=2e-3)
    args = parser.parse_args()
    return train(args, "landmarks")


if __name__ == "__main__":
    cli.leave(main)
