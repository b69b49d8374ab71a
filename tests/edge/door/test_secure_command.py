"""`python -m edge.door`: what systemd runs after the daemon ended, however it ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.door import SimulatedClock, SimulatedLock, Transition, __main__


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, SimulatedLock]]:
    """Every lock that the command claimed, with its URI."""
    locks: list[tuple[str, SimulatedLock]] = []

    def claim(uri: str) -> SimulatedLock:
        locks.append((uri, SimulatedLock(SimulatedClock())))
        return locks[-1][1]

    monkeypatch.setattr(__main__, "open_lock", claim)
    return locks


def file(folder: Path, text: str) -> list[str]:
    path = folder / "face-gate.toml"
    path.write_text(text)
    return ["--config", str(path)]


def test_the_lock_of_the_configuration_is_claimed_secured(
    tmp_path: Path, opened: list[tuple[str, SimulatedLock]]
) -> None:
    uri = "gpiod:chip/GPIO17?active_low=1"
    assert __main__.main(file(tmp_path, f'[lock]\nuri = "{uri}"\n')) == 0
    ((claimed, lock),) = opened
    assert claimed == uri
    assert lock.history and all(t.secured for t in lock.history)
    assert isinstance(lock.history[0], Transition)


def test_a_mistake_elsewhere_in_the_file_does_not_keep_the_lock_open(
    tmp_path: Path, opened: list[tuple[str, SimulatedLock]]
) -> None:
    text = '[decision]\nagree = "many"\n[lock]\nuri = "gpiod:chip/4"\npulse_s = -1\n'
    assert __main__.main(file(tmp_path, text)) == 0
    assert [uri for uri, _ in opened] == ["gpiod:chip/4"]


def test_a_file_without_a_lock_has_nothing_to_secure(
    tmp_path: Path, opened: list[tuple[str, SimulatedLock]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert __main__.main(file(tmp_path, "[lock]\npulse_s = 2.0\n")) == 0
    assert not opened
    assert "nothing to secure" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["lock = 3\n", "[lock]\nuri = 3\n", "[lock\n"])
def test_a_file_that_cannot_be_understood_is_said(
    tmp_path: Path,
    opened: list[tuple[str, SimulatedLock]],
    capsys: pytest.CaptureFixture[str],
    text: str,
) -> None:
    assert __main__.main(file(tmp_path, text)) == 78
    assert "face-gate.toml" in capsys.readouterr().err
    assert not opened


def test_a_missing_file_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["--config", str(tmp_path / "none.toml")]) == 78
    assert "none.toml: no such configuration file" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["--config"], ["-x"], ["simulated:", "simulated:"]])
def test_other_words_are_a_usage_error(words: list[str]) -> None:
    assert __main__.main(words) == 64


def test_a_uri_can_be_given_directly() -> None:
    assert __main__.main(["simulated:"]) == 0
    assert __main__.main(["gpio:wrong"]) != 0
