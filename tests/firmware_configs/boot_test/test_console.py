"""The console's harness, against a real shell behind a real socket."""

from __future__ import annotations

import os
import pty
import socket
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest

from firmware_configs.boot_test.console import Console
from firmware_configs.boot_test.errors import ConsoleError, NotProved


class Shell:
    """sh on a terminal of its own, joined to a socket as the emulator joins its serial port."""

    def __init__(self) -> None:
        self.ours, theirs = socket.socketpair()
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            ["/bin/sh"], stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)
        self._theirs = theirs
        threading.Thread(target=self._to_console, daemon=True).start()
        threading.Thread(target=self._to_shell, daemon=True).start()

    def _to_console(self) -> None:
        try:
            while data := os.read(self.master, 4096):
                self._theirs.sendall(data)
        except OSError:
            self._theirs.close()

    def _to_shell(self) -> None:
        try:
            while data := self._theirs.recv(4096):
                os.write(self.master, data)
        except OSError:
            return

    def ended(self) -> str | None:
        code = self.process.poll()
        return None if code is None else f"it ended with {code}"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def shell() -> Iterator[Shell]:
    one = Shell()
    yield one
    one.kill()


@pytest.fixture
def console(shell: Shell) -> Console:
    made = Console(shell.ours, shell.ended)
    made.send("stty -echo cols 4000; PS1=\n")
    made.run("true", 10)
    return made


def test_a_commands_output_and_code_come_back(console: Console) -> None:
    answer = console.run("echo one; echo two >&2; (exit 3)", 10)
    assert (answer.text, answer.code) == ("one\ntwo\n", 3)
    with pytest.raises(NotProved, match="ended with 3"):
        answer.ok()


def test_output_without_an_end_of_line_and_none_at_all(console: Console) -> None:
    assert console.run("printf abc", 10).text == "abc"
    assert console.run("true", 10).text == ""


def test_what_looks_like_the_mark_is_not_taken_for_it(console: Console) -> None:
    text = console.run("echo END 0; echo ENDabc 0; sleep 0.2; echo last", 10).text
    assert text.endswith("last\n")


def test_colours_and_carriage_returns_are_taken_out(console: Console) -> None:
    assert console.run(r"printf '\033[1;31mred\033[0m\r\n'", 10).text == "red\n"


def test_characters_and_escapes_in_two_pieces_are_put_together() -> None:
    ours, theirs = socket.socketpair()
    console = Console(ours, lambda: None)
    for piece in (b"caf\xc3", b"\xa9 \x1b[1", b";31mred\x1b", b"[0m end\n"):
        theirs.sendall(piece)
        time.sleep(0.05)
    console.expect("end\n", 5)
    assert console.text == "café red end\n"


def test_a_wait_ends_with_the_last_lines_said(console: Console) -> None:
    console.run("echo a clue", 10)
    with pytest.raises(ConsoleError, match=r"(?s)no 'never' within 0.2 s.*a clue"):
        console.expect("never", 0.2)


def test_a_machine_that_ends_ends_the_wait(console: Console, shell: Shell) -> None:
    shell.kill()
    with pytest.raises(ConsoleError, match="ended"):
        console.expect("never", 30)


def test_a_command_too_long_for_a_terminal_is_refused(console: Console) -> None:
    with pytest.raises(ConsoleError, match="does not fit"):
        console.run("echo " + "x" * 5000, 1)
    with pytest.raises(ConsoleError, match="does not fit"):
        console.run("echo a\necho b", 1)
