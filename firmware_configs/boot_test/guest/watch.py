"""Writes down when the LOCK line changes, as gpio-sim itself shows it: `seconds level` a line."""

import os
import time

STATE = "/run/boot-test-state"
EVERY_S = 0.005


def main() -> None:
    value = os.open(f"{STATE}/lock", os.O_RDONLY)
    log = os.open(f"{STATE}/lock.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    before = b""
    while True:
        now = os.pread(value, 8, 0).strip()
        if now != before:
            os.write(log, b"%.4f %s\n" % (time.monotonic(), now))
            before = now
        time.sleep(EVERY_S)


if __name__ == "__main__":
    main()
