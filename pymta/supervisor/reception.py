"""Take calls: accept, judge, refuse or fork a session (HC-05).

One accept per ready listener and turn, so that two flooded ports both get on (ML-05).  Nothing is
read from a caller here and nothing is waited for.

Touches: sockets, processes, clock.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Sequence

from pymta.channel.call import Call
from pymta.channel.pair import End, make_pair
from pymta.config.settings import Settings
from pymta.journal import daemon_events
from pymta.journal.log import Log
from pymta.mail.caller import Endpoint, endpoint
from pymta.spool.store import Spool
from pymta.supervisor import accept_faults, fork
from pymta.supervisor.accept_faults import Line, Series
from pymta.supervisor.admission import Admit, House, Refuse, admit
from pymta.supervisor.children import Child, Children, Job
from pymta.supervisor.listener import Listener

_NO_CALL = (BlockingIOError, InterruptedError, ConnectionAbortedError)


class Reception:
    """The door: listeners, and what happens to whoever comes through."""

    def __init__(
        self,
        listeners: Sequence[Listener],
        children: Children,
        settings: Settings,
        spool: Spool,
        log: Log,
    ) -> None:
        self.listeners = tuple(listeners)
        self._sockets = {item.fd: socket.socket(fileno=item.fd) for item in listeners}
        self._children = children
        self._settings = settings
        self._spool = spool
        self._log = log
        self._faults = Series()

    def take_call(self, fd: int) -> tuple[Child, End] | None:
        """Accept one call; the new session and our end of its channel, None when there is none."""
        try:
            conn, name = self._sockets[fd].accept()
        except _NO_CALL:
            return None
        except OSError as error:
            self._faults, line = accept_faults.failed(self._faults, "accept", error)
            self._report(line)
            return None
        self._faults, line = accept_faults.succeeded(self._faults)
        self._report(line)
        with conn:  # the session has its own copy
            return self._judge(conn, endpoint(name))

    def pause(self) -> float:
        """Seconds without an accept, after a shortage of descriptors or memory (AE-04)."""
        return self._faults.pause

    def close(self) -> None:
        """No more calls.  Where systemd holds the sockets too, callers wait in its backlog."""
        for sock in self._sockets.values():
            sock.close()
        self._sockets.clear()
        self.listeners = ()

    def _judge(self, conn: socket.socket, caller: Endpoint) -> tuple[Child, End] | None:
        try:
            local = endpoint(conn.getsockname())
        except OSError as error:
            text = "getsockname() failed"
            self._log.write(daemon_events.trouble(f"{text}: {error.strerror}"))
            say_and_close(conn, f"421 Local problem: {text}; please try again later")
            return None
        house = House(
            sessions=self._children.sessions,
            from_address=self._children.sessions_from(str(caller.address)),
            load=self._load(),
        )
        match admit(house, self._settings.limits):
            case Refuse(reply, why):
                self._log.write(daemon_events.refused(caller, why))
                say_and_close(conn, reply)
                return None
            case Admit():
                return self._fork(Call(conn, caller, local, self._children.sessions))

    def _fork(self, call: Call) -> tuple[Child, End] | None:
        ours, theirs = make_pair()
        life = fork.session_life(call, self._settings, self._spool, self._log, theirs)
        keep = (call.sock.fileno(), theirs.fileno(), *self._log.descriptors())
        try:
            pid = fork.fork(life, keep)
        except OSError as error:
            ours.close()
            text = f"daemon: accept process fork failed: {error.strerror}"
            self._log.write(daemon_events.trouble(text))
            say_and_close(call.sock, "421 Fork failed")
            return None
        finally:
            theirs.close()
        child = Child(
            pid,
            Job.SESSION,
            channel=ours.fileno(),
            address=str(call.caller.address),
            generation=self._settings.generation,
            holds_slot=True,
        )
        self._children.add(child)
        return child, ours

    def _load(self) -> float | None:
        if self._settings.limits.smtp_load_reserve is None:
            return None
        with contextlib.suppress(OSError):
            return os.getloadavg()[0]
        return None

    def _report(self, line: Line | None) -> None:
        if line:
            self._log.write(daemon_events.accept_failures(line.text, is_panic=line.is_panic))


def say_and_close(conn: socket.socket, reply: str) -> None:
    """One line that is not waited for, then the end.

    What the caller has sent already is read away first: closing with unread input would reset the
    connection, and the caller would see that instead of the reply (HC-05).
    """
    with contextlib.suppress(OSError):
        conn.send(f"{reply}\r\n".encode("ascii"), socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        conn.shutdown(socket.SHUT_WR)
        conn.recv(4096, socket.MSG_DONTWAIT)
    conn.close()
