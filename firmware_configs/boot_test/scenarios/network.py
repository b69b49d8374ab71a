"""A site with a network and SSH, which the good update brings: one port, one user, keys alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

from firmware_configs.boot_test.bench import ADMIN, Bench
from firmware_configs.boot_test.machine import ADDRESS
from firmware_configs.boot_test.results import Result
from firmware_configs.image.tools import path_of

SSH_PORT = 22
TIMEOUT_S = 120
HOST_KEY = "/data/system/ssh/ssh_host_ed25519_key.pub"
LISTENING = "cat /proc/net/tcp /proc/net/tcp6 | awk '$4 == \"0A\" {print $2}'"
UNCONNECTED = "cat /proc/net/udp /proc/net/udp6 | awk '$4 == \"07\" {print $2}'"


def prove(bench: Bench, key: Path, work: Path, result: Result) -> None:
    """key: of the administrator. Raises NotProved, ConsoleError, ToolMissing."""
    bench.wait(f"ip -4 -o address | grep -q {ADDRESS}/", 60, "the interface has its address")
    bench.wait("systemctl is-active -q ssh", 60, "SSH runs")
    tcp, udp = _ports(bench, LISTENING), _ports(bench, UNCONNECTED)
    result.check(
        "a site that wants SSH: port 22 is open, and no other",
        tcp == {SSH_PORT} and not udp,
        f"TCP {sorted(tcp)}, UDP {sorted(udp)}, at {ADDRESS}",
    )
    known = work / "known_hosts"
    host_key = " ".join(bench.sh(f"cat {HOST_KEY}").split()[:2])
    port = bench.machine.board.ssh_port
    known.write_text(f"[127.0.0.1]:{port} {host_key}\n", encoding="ascii")
    code, said = _ssh(bench, known, key, ADMIN)
    result.check(
        "its key logs the administrator in from outside; the host's key is the console's",
        code == 0 and said == ADMIN,
        said,
    )
    code, said = _ssh(bench, known, key, "root")
    result.check("root is not let in", code == 255 and "denied" in said, said)
    code, said = _ssh(bench, known, key, ADMIN, "-o", "PubkeyAuthentication=no")
    no_password = "publickey" in said and "password" not in said
    result.check("no password is asked for or taken", code == 255 and no_password, said)


def _ports(bench: Bench, command: str) -> set[int]:
    return {int(line.rsplit(":", 1)[1], 16) for line in bench.sh(command).split()}


def _ssh(bench: Bench, known: Path, key: Path, user: str, *options: str) -> tuple[int, str]:
    """Exit code and the last line of `id -un` over there."""
    words = [path_of("ssh"), "-F", "none", "-i", str(key), "-p", str(bench.machine.board.ssh_port)]
    words += ["-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=yes"]
    words += ["-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "ConnectTimeout=60"]
    done = subprocess.run(
        [*words, *options, f"{user}@127.0.0.1", "id", "-un"],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    lines = (done.stdout or done.stderr).strip().splitlines()
    return done.returncode, lines[-1] if lines else "nothing"
