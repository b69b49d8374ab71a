"""The simulated camera's film: raw pictures to /dev/video0, forwards and backwards without a jump.

/run/boot-test-state/film names the folder entry that is shown; it may change at any time. Standard
library only, so that next to nothing runs beside what is tested.
"""

import fcntl
import mmap
import os
import struct
import time
from pathlib import Path

WIDTH, HEIGHT, FPS = 640, 480, 15
FILM_FPS = 30
EMPTY, EMPTY_FPS = "empty", 1
"""Nobody there: an emulated board spares its breath for what else it is asked to do."""
SIZE = WIDTH * HEIGHT * 2
FILMS = Path("/run/boot-test/films")
STATE = Path("/run/boot-test-state")
WANTED = STATE / "film"
VIDIOC_S_FMT = 0xC0D05605
OUTPUT, YUYV, NO_FIELDS = 2, 0x56595559, 1


def opened() -> int:
    device = os.open("/dev/video0", os.O_RDWR)
    pixels = struct.pack("6I", WIDTH, HEIGHT, YUYV, NO_FIELDS, WIDTH * 2, SIZE)
    form = bytearray(struct.pack("II", OUTPUT, 0) + pixels.ljust(200, b"\0"))
    fcntl.ioctl(device, VIDIOC_S_FMT, form)
    if bytes(form[8:20]) != pixels[:12]:
        raise SystemExit("the camera took another format")
    return device


def film(name: str) -> list[memoryview]:
    with (FILMS / f"{name}.yuyv").open("rb") as file:
        content = memoryview(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ))
    pictures = [content[at : at + SIZE] for at in range(0, len(content), SIZE)]
    return pictures + pictures[-2:0:-1]


def main() -> None:
    device = opened()
    shown, pictures, number = "", [], 0
    due = time.monotonic()
    while True:
        wanted = WANTED.read_text().strip() if WANTED.exists() else EMPTY
        if wanted != shown:
            shown, pictures, number = wanted, film(wanted), 0
        os.write(device, pictures[number % len(pictures)])
        number += FILM_FPS // FPS
        (STATE / "feeding").touch()
        due = max(due + 1 / (EMPTY_FPS if shown == EMPTY else FPS), time.monotonic() - 1)
        time.sleep(max(due - time.monotonic(), 0))


if __name__ == "__main__":
    main()
