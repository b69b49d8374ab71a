"""The machine's serial console, from outside: what it printed and when, and commands typed into it.

A command is framed by marks that the machine itself puts together, so that neither the echo of what
was typed nor the kernel's messages between can be taken for its answer.
"""

from __future__ import annotations

import codecs
import re
import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from firmware_configs.boot_test.errors import ConsoleError, NotProved

_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_]|\][^\x07\x1b]*(?:\x07|\x1b\\))|[\x00\x0e\x0f]"
)
_BEGUN = re.compile(r"\x1b(?:\[[0-?]*[ -/]*)?\Z")
MAX_LINE = 4000
"""Bytes that a terminal's line editor takes at once."""
KEPT_LINES = 40
ENDING_S = 2.0
PROMPT = r"[$#] ?\Z"
"""Of a shell that waits for a command."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command printed (standard error included) and its exit code."""

    command: str
    text: str
    code: int

    def ok(self) -> str:
        """The text. Raises NotProved if the command failed."""
        if self.code != 0:
            raise NotProved(f"`{self.command}` ended with {self.code}:\n{self.text}")
        return self.text


class Console:
    """One connection; reads all the time, so that the machine never waits for us.

    alive: says why the machine cannot answer any more, or None while it runs.
    """

    def __init__(self, connection: socket.socket, alive: Callable[[], str | None]) -> None:
        self._connection = connection
        self._alive = alive
        self._text = ""
        self._seen = 0
        self._arrived = threading.Condition()
        self._closed = False
        self._reader = threading.Thread(target=self._read, name="console", daemon=True)
        self._reader.start()

    @property
    def text(self) -> str:
        """All that was printed so far, without terminal escapes."""
        with self._arrived:
            return self._text

    def _read(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        held = ""
        while True:
            try:
                data = self._connection.recv(65536)
            except OSError:
                data = b""
            with self._arrived:
                # An escape sequence may arrive in two pieces; a character too.
                text = held + decoder.decode(data)
                begun = _BEGUN.search(text)
                held = begun[0] if begun and data else ""
                self._text += _clean(text[: len(text) - len(held)])
                if not data:
                    self._closed = True
                self._arrived.notify_all()
                if not data:
                    return

    def send(self, text: str) -> None:
        """Type `text`, without a newline of its own. Raises ConsoleError."""
        try:
            self._connection.sendall(text.encode())
        except OSError as error:
            raise self._error(f"cannot be typed into: {error}") from error

    def expect(self, pattern: str, seconds: float) -> re.Match[str]:
        """Wait until `pattern` (multi-line) shows in what was printed since the last match.

        Raises ConsoleError when `seconds` have passed, or the machine has ended.
        """
        wanted = re.compile(pattern, re.M)
        end = time.monotonic() + seconds
        with self._arrived:
            while True:
                found = wanted.search(self._text, self._seen)
                if found is not None:
                    self._seen = found.end()
                    return found
                left = end - time.monotonic()
                reason = self._why_silent()
                if reason is not None:
                    raise self._error(f"{reason} while {pattern!r} was waited for")
                if left <= 0:
                    raise self._error(f"no {pattern!r} within {seconds:g} s")
                self._arrived.wait(min(left, 0.5))

    def _why_silent(self) -> str | None:
        if not self._closed:
            return self._alive()
        # What closed it is about to end: then it says why.
        end = time.monotonic() + ENDING_S
        while (reason := self._alive()) is None and time.monotonic() < end:
            time.sleep(0.05)
        return reason or "has ended"

    def run(self, command: str, seconds: float = 60.0) -> Answer:
        """A shell command's output and exit code. Needs `prepare` before. Raises ConsoleError."""
        token = secrets.token_hex(6)
        # Single words here, put together by the machine: the echo does not look like the mark.
        line = f"printf '%s%s\\n' BEGIN {token}; ({command}) 2>&1 </dev/null; "
        line += f"printf '\\n%s%s %d\\n' END {token} $?"
        if len(line.encode()) >= MAX_LINE or "\n" in command:
            raise ConsoleError(f"a command of {len(line)} bytes does not fit into one typed line")
        self.send(line + "\n")
        self.expect(f"BEGIN{token}\n", seconds)
        begin = self._seen
        found = self.expect(rf"\n?END{token} (\d+)\n", seconds)
        return Answer(command, self._text[begin : found.start()], int(found[1]))

    def prepare(self) -> None:
        """After a login: a plain shell, no echo, no prompt, no chatter of kernel and systemd."""
        # One step at a time: a shell with a line editor throws away what is typed ahead.
        self.send("exec sh\n")
        self.expect(PROMPT, 120)
        self.send("stty -echo -onlcr cols 4000; PS1= PS2=; export LC_ALL=C.UTF-8 TERM=dumb\n")
        self.run("dmesg -n 1; kill -s RTMIN+21 1 || true", 60)

    def close(self) -> None:
        self._connection.close()

    def last_lines(self) -> str:
        return "\n".join(self._text.splitlines()[-KEPT_LINES:])

    def _error(self, what: str) -> ConsoleError:
        return ConsoleError(
            f"the machine's console: {what}\n--- its last lines:\n{self.last_lines()}"
        )


def _clean(text: str) -> str:
    return _ESCAPES.sub("", text).replace("\r", "")


def connect(path: Path, alive: Callable[[], str | None], seconds: float = 30.0) -> Console:
    """The console behind a Unix socket, once it is there. Raises ConsoleError."""
    end = time.monotonic() + seconds
    while True:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(path))
        except OSError as error:
            connection.close()
            reason = alive()
            if reason is not None:
                raise ConsoleError(f"the machine has not started: {reason}") from error
            if time.monotonic() >= end:
                raise ConsoleError(f"{path}: no console within {seconds:g} s") from error
            time.sleep(0.05)
        else:
            return Console(connection, alive)
