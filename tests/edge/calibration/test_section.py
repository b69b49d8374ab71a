"""The configuration file keeps every byte that is not ours, whatever is in it and happens to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.calibration import section
from edge.config import load
from edge.errors import ConfigError, OutputError
from tests.edge.calibration.helpers import calibration, gallery, person, site

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "firmware_configs" / "face-gate.toml"
ADA = gallery(person("Ada", 1))
FIRST = calibration(ADA, 0.75, 1e-3)
SECOND = calibration(ADA, 0.8125, 1e-4, site=site(ADA, demonstrated_bound=0.7))
HERE = Path("face-gate.toml")

FILES = [
    "",
    "# nothing but a remark",
    "# no newline at the end\n[lock]\npulse_s = 2.5 # seconds",
    "[lock]\r\npulse_s = 2.5\r\n\r\n[log]\r\nlevel = 'debug'\r\n",
    'decision.agree = 7 # dotted\n[lock]\nuri = """simulated:"""\n\n\n',
    EXAMPLE.read_text(encoding="utf-8"),
]


@pytest.mark.parametrize("text", FILES)
def test_the_section_is_put_in_and_replaced_and_the_rest_stays(text: str) -> None:
    once = section.replaced(text, FIRST, HERE)
    assert once.startswith(text)
    twice = section.replaced(once, SECOND, HERE)
    assert twice.startswith(text)
    assert section.replaced(twice, FIRST, HERE) == once  # nothing gathers
    for new, made in ((once, FIRST), (twice, SECOND)):
        assert section.parse(new, HERE).calibration == made
        assert ("\r\n" in text) == ("\r\n" in new) and new.count("\r\n") in (0, new.count("\n"))


def test_it_may_stand_anywhere() -> None:
    block = section.rendered(FIRST)
    text = f"# before\n[lock]\npulse_s = 1 # s\n\n{block}\n# after\n[log]\nlevel = 'debug'"
    new = section.replaced(text, SECOND, HERE)
    head, tail = text.split(block)
    assert new == head + section.rendered(SECOND) + tail


comments = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], include_characters="\t"), max_size=60
).map(lambda words: "#" + words)
lines = st.lists(
    st.one_of(
        comments,
        st.just(""),
        st.sampled_from(["   ", "\t", section.BEGIN[:20], " " + section.BEGIN, section.END + "!"]),
    ).filter(lambda line: not line.strip() or line.strip().startswith("#")),
    max_size=6,
)
tables = st.lists(
    st.sampled_from(
        [
            "[lock]\npulse_s = 2.5   # so long",
            '[state]\n"dir" = "/srv/\\u00fc"',
            "[zone]\nleft=0.2\nright = 0.9",
            "[ log ]\nlevel='debug'",
            "[camera]\nuri = '''\nv4l2:///dev/video1'''",
        ]
    ),
    unique=True,
    max_size=4,
)


@settings(deadline=None, max_examples=150)
@given(tables, st.lists(lines, min_size=5, max_size=5), st.sampled_from(["\n", "\r\n"]))
def test_every_other_byte_is_left_alone(
    chosen: list[str], remarks: list[list[str]], newline: str
) -> None:
    parts = ["\n".join(remarks[0])]
    for number, table in enumerate(chosen):
        parts += [table, "\n".join(remarks[number + 1])]
    text = "\n".join(parts).replace("\n", newline)
    once = section.replaced(text, FIRST, HERE)
    assert once.encode().startswith(text.encode())
    middle = once + newline.join(["", "# below", "[enrolment]", "most = 21"])
    twice = section.replaced(middle, SECOND, HERE)
    assert twice.startswith(text) and twice.endswith(middle[len(once) :])
    again = section.replaced(twice, FIRST, HERE)
    assert again.startswith(text) and again.endswith(middle[len(once) :])
    assert section.replaced(again, SECOND, HERE) == twice
    assert section.parse(twice, HERE).calibration == SECOND


@pytest.mark.parametrize(
    "text",
    [
        section.rendered(FIRST).replace(section.BEGIN + "\n", ""),
        section.rendered(FIRST).replace(section.END, ""),
        section.rendered(FIRST).replace(section.BEGIN, "").replace(section.END, ""),
        section.rendered(FIRST) + section.rendered(FIRST).replace("[calibration]", "[log]"),
        section.rendered(FIRST).replace(section.END, "[log]\nlevel = 'debug'\n" + section.END),
        section.rendered(FIRST) + "site.strangers = 4\n",
        f"{section.END}\n{section.BEGIN}\n",
        f"[log]\nlevel = 'info'\n{section.BEGIN}\n[lock]\npulse_s = 2\n{section.END}\n",
        f"[camera]\nuri = '''\n{section.BEGIN}\n'''\n",
        f"[camera]\nuri = '''\n{section.BEGIN}\n{section.END}\n'''\n",
        "[lock]\npulse_s = 'long'\n",
        "[lock\n",
    ],
)
def test_what_cannot_be_replaced_safely_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text(text)
    for act in (section.check, section.put):
        with pytest.raises(ConfigError, match=r"c\.toml"):
            act(file, SECOND)
    assert file.read_text() == text and list(tmp_path.iterdir()) == [file]


def test_mode_owner_and_links_are_kept(tmp_path: Path) -> None:
    real, link = tmp_path / "real.toml", tmp_path / "link.toml"
    real.write_text("[lock]\npulse_s = 2.5\n")
    real.chmod(0o640)
    link.symlink_to(real)
    if os.geteuid() == 0:
        os.chown(real, 1234, 4321)
    before = real.stat()
    with section.locked(link):
        section.put(link, FIRST)
    after = real.stat()
    assert link.is_symlink() and load(link).calibration == FIRST
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode, before.st_uid, before.st_gid,
    )  # fmt: skip
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link.toml", "real.toml"]


def test_a_read_only_file_stays_as_it_is_for_root_too(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("# mine\n")
    file.chmod(0o444)
    for act in (section.check, section.put):
        with pytest.raises(OutputError, match="read-only"):
            act(file, FIRST)
    assert file.read_text() == "# mine\n" and list(tmp_path.iterdir()) == [file]


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"), section.locked(tmp_path / "none"):
        pass
    (tmp_path / "c.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="utf-8"):
        section.put(tmp_path / "c.toml", FIRST)


def test_somebody_elses_change_is_not_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "c.toml"
    file.write_text("# old\n")
    derive = section.replaced

    def slow(text: str, *rest: object) -> str:
        file.write_text("# edited meanwhile\n")
        return derive(text, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(section, "replaced", slow)
    with pytest.raises(OutputError, match="somebody else"):
        section.put(file, FIRST)
    assert file.read_text() == "# edited meanwhile\n" and list(tmp_path.iterdir()) == [file]


KILLED = """
import os, signal, sys
from pathlib import Path
from edge.calibration import section
from tests.edge.calibration.test_section import SECOND
calls, sync, last = 0, os.fsync, int(sys.argv[2])
def fsync(handle):
    global calls
    calls += 1
    if calls == last:
        os.kill(os.getpid(), signal.SIGKILL)
    sync(handle)
os.fsync = fsync
section.put(Path(sys.argv[1]), SECOND)
"""


@pytest.mark.parametrize(("at", "new"), [(1, False), (2, True)])
def test_killed_in_the_middle_the_file_is_whole(tmp_path: Path, at: int, new: bool) -> None:
    """SIGKILL before the new file is on disk, and after it has taken the old one's place."""
    file = tmp_path / "c.toml"
    file.write_text(section.replaced("# mine\n[lock]\npulse_s = 2.5\n", FIRST, HERE))
    old = file.read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(file), str(at)], cwd=ROOT, check=False, timeout=60
    )
    assert done.returncode == -signal.SIGKILL
    assert (file.read_bytes() != old) == new
    assert load(file).calibration == (SECOND if new else FIRST)
    section.put(file, SECOND)  # and what was left behind does not stand in the way
    assert load(file).calibration == SECOND and file.read_text().startswith("# mine\n[lock]")
