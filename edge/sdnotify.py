"""Telling systemd how the daemon is: ready, alive, stopping.

The protocol is one datagram of text to a socket named in the environment. Written out here because
a dependency for it would be more to trust and update on the device than these lines.
"""

from __future__ import annotations

import os
import socket
import time

from edge.errors import NotifyError


class Notifier:
    """A sender of notifications; does nothing where systemd did not ask for any.

    Without `NOTIFY_SOCKET` in the environment (started by hand) every call returns False. With
    it, a notification that cannot be sent raises NotifyError: a daemon that believes that it is
    watched, and is not, is worse than one that stops.
    """

    def __init__(self) -> None:
        """Reads `NOTIFY_SOCKET`. Raises NotifyError if it names no Unix socket."""
        name = os.environ.get("NOTIFY_SOCKET", "")
        if name and name[0] not in "/@":
            raise NotifyError(f"NOTIFY_SOCKET is {name!r}; only Unix sockets are known")
        # "@" stands for the zero byte that begins a name in the abstract namespace.
        self._address = "\0" + name[1:] if name.startswith("@") else name

    @property
    def wanted(self) -> bool:
        """Whether anyone asked to be notified."""
        return bool(self._address)

    def ready(self) -> bool:
        """Starting, or reloading, is done."""
        return self._send("READY=1")

    def alive(self) -> bool:
        """The work goes on: feeds the watchdog. Call it after work done, never from a timer."""
        return self._send("WATCHDOG=1")

    def status(self, text: str) -> bool:
        """One line for `systemctl status`."""
        return self._send("STATUS=" + " ".join(text.split()))

    def reloading(self) -> bool:
        """The configuration is being read again; `ready()` ends it."""
        # systemd (Type=notify-reload) wants to know that this is the reload it just asked for.
        microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        return self._send(f"RELOADING=1\nMONOTONIC_USEC={microseconds}")

    def stopping(self) -> bool:
        """The daemon is on its way out."""
        return self._send("STOPPING=1")

    def _send(self, message: str) -> bool:
        if not self._address:
            return False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.connect(self._address)
                sender.sendall(message.encode())
        except OSError as error:
            shown = self._address.replace("\0", "@")
            raise NotifyError(f"cannot notify systemd at {shown}: {error}") from error
        return True


def watchdog_interval() -> float | None:
    """Seconds within which systemd wants to hear `alive()`; None if no watchdog watches us.

    Feed it at half of that. Raises NotifyError if systemd's variables are not numbers.
    """
    limit = os.environ.get("WATCHDOG_USEC", "")
    watched = os.environ.get("WATCHDOG_PID", "")
    if not limit:
        return None
    try:
        if watched and int(watched) != os.getpid():
            return None  # meant for the process that started us
        microseconds = int(limit)
    except ValueError as error:
        raise NotifyError(f"WATCHDOG_USEC={limit!r} WATCHDOG_PID={watched!r}: {error}") from error
    if microseconds <= 0:
        raise NotifyError(f"WATCHDOG_USEC={limit!r} is not above 0")
    return microseconds / 1e6
