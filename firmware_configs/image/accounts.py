"""The image's users and groups, with numbers that stay: the data partition outlives the root."""

from __future__ import annotations

from dataclasses import dataclass

from firmware_configs.errors import BuildError
from firmware_configs.image.tree import Entry, Tree

FACE_GATE = 901
GPIO = 902
ADMIN = 1000
SHADOW = 42


@dataclass(frozen=True)
class Account:
    name: str
    number: int
    about: str
    home: str
    shell: str
    groups: tuple[str, ...]


ACCOUNTS = (
    Account(
        "face-gate",
        FACE_GATE,
        "the door's daemon",
        "/var/lib/face-gate",
        "/usr/sbin/nologin",
        ("video", "gpio"),
    ),
    Account(
        "admin", ADMIN, "administrator", "/data/admin", "/bin/bash", ("adm", "systemd-journal")
    ),
)


def add(tree: Tree, password_hash: str | None) -> None:
    """Add the accounts; nobody can log in but `admin` with `password_hash`, if there is one.

    /etc/shadow becomes a link to the data partition; what goes there at the first boot is
    /usr/share/face-gate/shadow. Raises BuildError if a number is taken.
    """
    passwd, group = tree.text("etc/passwd"), tree.text("etc/group")
    shadow = [line for line in tree.text("etc/shadow").splitlines() if line]
    gshadow = [line for line in tree.text("etc/gshadow").splitlines() if line]
    groups = [line.split(":") for line in group.splitlines() if line]
    for name, number in (("gpio", GPIO), *((a.name, a.number) for a in ACCOUNTS)):
        groups.append([name, "x", str(number), ""])
        gshadow.append(f"{name}:!::")
    users = [line.split(":") for line in passwd.splitlines() if line]
    for user in ACCOUNTS:
        own = str(user.number)
        users.append([user.name, "x", own, own, user.about, user.home, user.shell])
        for name in user.groups:
            _join(groups, name, user.name)
    for what, rows in (("user", users), ("group", groups)):
        for key in (0, 2):
            values = [row[key] for row in rows]
            twice = sorted({v for v in values if values.count(v) > 1})
            if twice:
                raise BuildError(f"{what} {', '.join(twice)} is there twice in the image")
    # What adduser, or root, was given while packages were installed is not taken along.
    locked = [_locked(line.split(":")[0]) for line in shadow]
    locked.append(_locked("face-gate"))
    locked.append(f"admin:{password_hash or '!'}:20000:0:99999:7:::")
    tree.write("etc/passwd", _lines(users))
    tree.write("etc/group", _lines(groups))
    tree.put("etc/gshadow", Entry("file", 0o640, 0, SHADOW, _joined(gshadow).encode()))
    text = _joined(locked).encode()
    tree.put("usr/share/face-gate/shadow", Entry("file", 0o640, 0, SHADOW, text))
    tree.remove("etc/shadow")
    tree.link("etc/shadow", "/data/system/shadow")


def _join(groups: list[list[str]], name: str, user: str) -> None:
    for row in groups:
        if row[0] == name:
            row[3] = ",".join([*filter(None, row[3].split(",")), user])
            return
    raise BuildError(f"the image has no group {name!r} for {user}")


def _locked(name: str) -> str:
    return f"{name}:!*:20000:0:99999:7:::"


def _lines(rows: list[list[str]]) -> str:
    return _joined([":".join(row) for row in rows])


def _joined(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
