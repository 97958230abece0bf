"""The entrance: accept whoever calls, and live through it when nobody can be accepted.

Failures are counted and the pause after one is told (AE-01…AE-04); who takes the pause is the loop.
While every descriptor is taken, callers are let in one by one on a spare one, hear so, and leave.

Touches: sockets, descriptors.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Callable, Sequence
from typing import Any

from pymta.channel.peer import peer_of
from pymta.config.journal import Journal
from pymta.config.roles import SMTP
from pymta.config.settings import Settings
from pymta.dataclass import dataclass
from pymta.journal import daemon_events
from pymta.journal.log import Log
from pymta.journal.origin import ends_text
from pymta.mail.caller import Endpoint, LocalCaller, endpoint
from pymta.supervisor import accept_faults
from pymta.supervisor.accept_faults import Line, Series
from pymta.supervisor.backlog import backlog_of
from pymta.supervisor.listener import Backlog, Listener, LocalListener
from pymta.supervisor.spare import Spare

NO_ROOM = "421 Insufficient system resources; please try again later."
# The reply waits for what `shutdown` sends, so both go out as one segment: a fifth of the time that
# the kernel takes for a refusal.
_WITH_THE_END = socket.MSG_MORE | socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL
_MOST_TURNED_AWAY = 50  # callers per pause who hear it, so that a flood keeps nobody from reaping


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody is in.  `queue` callers, this one included, had been waiting; 0: nobody asked.

    `starts_tls`: he expects TLS at once, and no text before it (N-40).  `role` is that of the
    socket, `family` that of its addresses.
    """

    sock: socket.socket
    caller: Endpoint | LocalCaller
    queue: int = 0
    starts_tls: bool = False
    role: str = SMTP
    family: int = 0

    def answer(self, reply: str) -> None:
        """The last thing that he hears."""
        say(self.sock, "" if self.starts_tls else reply)


def _socket_of(listener: Listener | LocalListener) -> socket.socket:
    return socket.socket(fileno=listener.fd)


class Entrance:
    """`socket_of` gives the socket of a listener; `spare` is the descriptor for bad times.

    `local` are the listeners for users of this machine.
    """

    def __init__(
        self,
        listeners: Sequence[Listener],
        settings: Settings,
        log: Log,
        socket_of: Callable[[Listener | LocalListener], socket.socket] = _socket_of,
        local: Sequence[LocalListener] = (),
    ) -> None:
        self.listeners = tuple(listeners)
        self.local = tuple(local)
        self.spare = Spare()
        self._sockets = {item.fd: socket_of(item) for item in listeners}
        self._sockets |= {item.fd: socket_of(item) for item in local}
        self._local = {item.fd for item in local}
        self._roles = {item.fd: item.role for item in listeners}
        self._roles |= {item.fd: item.role for item in local}
        self._families = {fd: int(sock.family) for fd, sock in self._sockets.items()}
        self._starts_tls = {item.fd for item in listeners if item.starts_tls}
        self._settings = settings
        self._log = log
        self._faults = Series()

    def accept(self, fd: int) -> Arrival | None:
        """One caller; None when he has gone, or cannot be had."""
        self.spare.take()
        most = self._settings.listen.smtp_backlog_monitor
        queue = backlog_of(self._sockets[fd]).waiting if most else 0
        try:
            sock, name = self._sockets[fd].accept()
        except (BlockingIOError, InterruptedError):
            return None
        except OSError as error:
            self._count(accept_faults.ACCEPT, error)
            if error.errno in accept_faults.NO_DESCRIPTOR and self.spare.give_up():
                self._turn_away(fd)
                self.spare.take()
            return None
        if self._faults.count:
            self.all_is_well()
        caller = self._caller(fd, sock, name)
        facts = (fd in self._starts_tls, self._roles[fd], self._families[fd])
        return Arrival(sock, caller, queue, *facts)

    def descriptors(self) -> tuple[int, ...]:
        """What to wait at for callers."""
        return tuple(self._sockets)

    def roles(self) -> tuple[tuple[str, int], ...]:
        """Role and port of each listener; one in the file system has port 0."""
        network = ((item.role, item.at.port) for item in self.listeners)
        return (*network, *((item.role, 0) for item in self.local))

    def wait_failed(self, error: OSError) -> None:
        """AE-01: the loop could not even wait for callers."""
        self._count(accept_faults.WAIT, error)

    def all_is_well(self) -> None:
        """A call got through, or a signal came: what there was to tell is told (AE-02)."""
        self._faults, line = accept_faults.over(self._faults)
        self._report(line)

    def pause(self) -> float:
        """Seconds to leave the listeners alone after a shortage (AE-04)."""
        return self._faults.pause

    def trouble(self) -> str:
        """Why nobody could be accepted the last time; "" when somebody was."""
        return self._faults.last

    def backlogs(self) -> tuple[Backlog, ...]:
        """What waits at each of `listeners` (N-24)."""
        return tuple(backlog_of(self._sockets[item.fd]) for item in self.listeners)

    def close(self) -> None:
        """No more calls.  Where systemd holds the sockets too, callers wait in its backlog."""
        for sock in self._sockets.values():
            sock.close()
        self._sockets.clear()
        self.listeners = ()
        self.local = ()
        self.spare.give_up()

    def _caller(self, fd: int, sock: socket.socket, name: Any) -> Endpoint | LocalCaller:
        """`name` is what accept(2) gives; of a user of this machine it says nothing."""
        return peer_of(sock) if fd in self._local else endpoint(name)

    def _turn_away(self, fd: int) -> None:
        for _ in range(_MOST_TURNED_AWAY):
            try:
                sock, name = self._sockets[fd].accept()
            except OSError:
                return
            with contextlib.suppress(OSError):  # he has gone before we could look at him
                caller = self._caller(fd, sock, name)
                ends = ends_of(sock, caller, self._settings.journal)
                self._log.write(daemon_events.refused(caller, ends, "too many open files"))
                say(sock, "" if fd in self._starts_tls else NO_ROOM)
            hang_up(sock, self._log)

    def _count(self, kind: str, error: OSError) -> None:
        self._faults, line = accept_faults.failed(self._faults, kind, error)
        self._report(line)

    def _report(self, line: Line | None) -> None:
        if line:
            self._log.write(daemon_events.accept_failures(line.text, is_panic=line.is_panic))


def ends_of(sock: socket.socket, caller: Endpoint | LocalCaller, journal: Journal) -> str:
    """What the log shows of ports and interfaces.  Raises OSError when he has gone."""
    if isinstance(caller, LocalCaller):
        return ""
    return ends_text(caller, endpoint(sock.getsockname()), journal)


def say(sock: socket.socket, reply: str) -> None:
    """One line that is not waited for, and the last one; "" where TLS would have come first.

    What the caller has sent already is read away first: closing with unread input would reset the
    connection, and the caller would see that instead of the reply (HC-05).
    """
    try:
        if reply:
            sock.send(f"{reply}\r\n".encode("ascii"), _WITH_THE_END)
        sock.shutdown(socket.SHUT_WR)
        sock.recv(4096, socket.MSG_DONTWAIT)
    except OSError:  # he has said nothing, or has gone
        pass


def hang_up(sock: socket.socket, log: Log) -> None:
    """CL-01, N-01: that the caller has gone already is no error."""
    try:
        sock.close()
    except OSError as error:
        if error.errno not in {errno.ECONNRESET, errno.EPIPE}:
            text = f"daemon: close(smtp_out_fd) failed: {error.strerror}"
            log.write(daemon_events.trouble(text))
