"""The first start of a card that was just written, as an installer sees it."""

from __future__ import annotations

import re

from firmware_configs.boot_test.bench import Bench, failed_units, memory
from firmware_configs.boot_test.results import Result

MAX_EXPOSURE = 2.0
MAX_MEMORY_MB = 450
MAX_READY_S = 60.0
SETTLE_S = 20.0


def prove(bench: Bench, result: Result, *, after_s: float) -> None:
    """after_s: real seconds from power-on to the login. Raises NotProved, ConsoleError."""
    bench.wait_ready(120)
    result.figures["image's version"] = bench.sh(". /etc/os-release; echo $IMAGE_VERSION")
    ready = bench.ready_after_power_on()
    result.check(
        "the service is READY within 60 s of the machine's clock",
        ready <= MAX_READY_S,
        f"{ready:.1f} s after power-on ({ready - bench.ready_at():.1f} s firmware and loader)",
    )
    result.figures["first boot to READY, machine's clock"] = f"{ready:.1f} s"
    result.figures["first boot to login, real time, busy workstation"] = f"{after_s:.0f} s"
    bench.wait("! systemctl is-system-running | grep -q starting", 120, "the boot is over")
    failed = failed_units(bench)
    result.check("no unit has failed", not failed, ", ".join(failed) or "none")
    security = bench.sh("systemd-analyze security face-gate --no-pager", 300)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+) (\w+)", security)
    result.require(
        "systemd-analyze rates the service", found is not None, security.splitlines()[-1]
    )
    assert found is not None
    result.check(
        f"its exposure is at most {MAX_EXPOSURE}",
        float(found[1]) <= MAX_EXPOSURE,
        f"{found[1]} {found[2]}",
    )
    result.figures["exposure (systemd-analyze security)"] = found[1]
    root = bench.sh("findmnt -no SOURCE,FSTYPE,OPTIONS /")
    result.check("the root is a read-only squashfs", _read_only(root), root)
    data = bench.sh("findmnt -no SOURCE,FSTYPE,OPTIONS /data")
    result.check("data is a journalled ext4", "ext4" in data and "data=ordered" in data, data)
    size = int(bench.sh("df -k --output=size /data | tail -1")) / 1024
    result.check("the data partition has grown", size > 200, f"{size:.0f} MB usable")
    listening = bench.sh("cat /proc/net/tcp /proc/net/tcp6 | grep ' 0A ' || true")
    result.check("no port is open", not listening, listening or "none")
    level = bench.lock_level()
    result.check("LOCK is low", level == 0, f"level {level}")
    status = bench.property("StatusText")
    result.check("the service watches", status.startswith("watching"), status)
    bench.pause(SETTLE_S)
    used, total = memory(bench)
    result.check(
        f"the idle system uses at most {MAX_MEMORY_MB} MB",
        used / 1024 <= MAX_MEMORY_MB,
        f"{used / 1024:.0f} of {total / 1024:.0f} MB, the daemon watching an empty doorstep",
    )
    result.figures["memory of the idle system"] = f"{used / 1024:.0f} MB"
    own = int(bench.property("MemoryCurrent")) / 2**20
    result.figures["of it the service's control group"] = f"{own:.0f} MB"
    analyze = bench.says("systemd-analyze time")
    result.screens["systemd-analyze, and the service"] = analyze + "\n\n" + bench.state()


def _read_only(line: str) -> bool:
    source, kind, options = line.split(maxsplit=2)
    return kind == "squashfs" and "ro" in options.split(",") and source.startswith("/dev/")
