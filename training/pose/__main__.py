"""`python -m training.pose train|evaluate|predict`: head pose by a network of its own.

The same backbone, data and loop as `training.landmarks`, with the pose head alone.
"""

from __future__ import annotations

from training import cli
from training.landmarks.__main__ import run_verb, verb_parser

EXAMPLES = """\
convention: yaw > 0 nose to the picture's right, pitch > 0 up, roll > 0 clockwise, degrees; see
training/pose/rotation.py. Signs of the public sets are changed to it on reading.

sets (--set KIND PICTURES [KEY=VALUE ...], PICTURES a folder or a tar):
  300wlp                             300W-LP, AFLW2000: NAME.mat beside NAME.jpg (a folder)
  biwi    labels=CSV                 NN/frame_XXXXX_rgb.png, _pose.txt; boxes of training.label
  euler   json=JSON [signs=1,1,1]    [{"file", "bbox", "euler_angle": [yaw, pitch, roll]}, ...]
  labels  labels=CSV                 a teacher's poses, of training.label --pose
  landmarks68, utkface               likewise, with labels=CSV
  and for each: weight=3

examples:
  # 300W-LP as it is unpacked; measured on AFLW2000
  python -m training.pose train --out runs/pose --pose-loss geodesic --set 300wlp 300W_LP
  python -m training.pose evaluate runs/pose/best.ckpt --part all --set 300wlp AFLW2000
  # from a teacher
  python -m training.label lfw.tar --detector yunet.onnx --pose fsanet_1x1.onnx --out lfw.csv
  python -m training.pose train --out runs/pose --set labels lfw.tar labels=lfw.csv
  python -m training.pose predict runs/pose/best.ckpt pictures --json
"""


def main() -> int:
    parser = verb_parser("training.pose", "Trains and measures head pose.", EXAMPLES, ("pose",))
    return run_verb(parser.parse_args(), "pose")


if __name__ == "__main__":
    cli.leave(main)
