"""Take calls: accept, judge, refuse, or give to a session: a worker on standby, or a new one.

One accept per ready listener and turn, so that two flooded ports both get on (ML-05).  Nothing is
read from a caller here and nothing is waited for (HC-05).

Touches: sockets, processes, clock.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Mapping, Sequence

from pymta.channel.call import Call
from pymta.channel.life import Life
from pymta.channel.pair import End
from pymta.channel.words import Serve
from pymta.config.per_host import PerHostTable
from pymta.config.settings import Settings
from pymta.journal import daemon_events
from pymta.journal.log import Log
from pymta.journal.session_events import ends_text
from pymta.load.gauge import Gauge
from pymta.load.reading import Load, reserve
from pymta.mail.caller import Endpoint, endpoint
from pymta.mail.host_list import HostList
from pymta.spool.store import Spool
from pymta.supervisor import accept_faults, debug_lines, fork
from pymta.supervisor.accept_faults import Line, Series
from pymta.supervisor.admission import Admit, House, Refuse, admit
from pymta.supervisor.backlog import backlog_of
from pymta.supervisor.children import Child, Children, Job
from pymta.supervisor.connection_ids import ConnectionIds
from pymta.supervisor.listener import Backlog, Listener
from pymta.supervisor.share import share_of
from pymta.supervisor.standby import Standby

_NO_CALL = (BlockingIOError, InterruptedError, ConnectionAbortedError)


class Reception:
    """The door: listeners, and what happens to whoever comes through.

    `gauge` reads the load, of what has a limit here.
    """

    def __init__(
        self,
        listeners: Sequence[Listener],
        children: Children,
        settings: Settings,
        spool: Spool,
        log: Log,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.listeners = tuple(listeners)
        self._tls = tls
        self._starts_tls = {item.fd for item in listeners if item.starts_tls}
        self._sockets = {item.fd: socket.socket(fileno=item.fd) for item in listeners}
        self._children = children
        self._settings = settings
        self._per_host = PerHostTable(settings.limits.smtp_accept_max_per_host)
        self._spool = spool
        self._log = log
        self._faults = Series()
        self._ids = ConnectionIds()
        self._quiet = HostList(settings.journal.hosts_connection_nolog)
        self.gauge = Gauge(reserve(settings.limits), settings.limits)
        self._load: Load | None = None  # None: not read in this turn
        self.standby = Standby()

    def begin_turn(self) -> None:
        """What was read of the load is old now."""
        self._load = None

    def take_call(self, fd: int, ends: Mapping[int, End]) -> tuple[Child, End] | None:
        """Accept one call.  A worker that was born of it, and our end of its channel.

        `ends` are our ends of all channels by pid.
        """
        most = self._settings.listen.smtp_backlog_monitor
        queue = backlog_of(self._sockets[fd]).waiting if most else 0
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
            call = self._admitted(conn, endpoint(name), starts_tls=fd in self._starts_tls)
            if call and queue > most:
                self._log.write(daemon_events.backlog(queue, call.local))
            if call is None or self._give(call, ends):
                return None
            return self._fork(call)

    def pause(self) -> float:
        """Seconds without an accept, after a shortage of descriptors or memory (AE-04)."""
        return self._faults.pause

    def backlogs(self) -> tuple[Backlog, ...]:
        """What waits at each of `listeners` (N-24)."""
        return tuple(backlog_of(self._sockets[item.fd]) for item in self.listeners)

    def close(self) -> None:
        """No more calls.  Where systemd holds the sockets too, callers wait in its backlog."""
        for sock in self._sockets.values():
            sock.close()
        self._sockets.clear()
        self.listeners = ()

    def _admitted(self, conn: socket.socket, caller: Endpoint, *, starts_tls: bool) -> Call | None:
        """The call to serve; None when it was refused, which it has heard, or seen (N-40)."""
        debug = self._log.debug
        if debug:
            text = f"Connection request from {caller.address} port {caller.port}"
            debug(text, CLIENT=str(caller.address), CLIENT_PORT=str(caller.port))
        try:
            local = endpoint(conn.getsockname())
        except OSError as error:
            text = "getsockname() failed"
            self._log.write(daemon_events.trouble(f"{text}: {error.strerror}"))
            reply = f"421 Local problem: {text}; please try again later"
            say_and_close(conn, "" if starts_tls else reply)
            return None
        if debug:
            debug(f"interface address={local.address} port={local.port}", "interface")
        ends = ends_text(caller, local, self._settings.journal)
        if starts_tls and self._tls is None:  # a reload has just lost the files
            why = "TLS begins at once on this port, and there is no certificate"
            self._log.write(daemon_events.refused(caller, ends, why))
            say_and_close(conn, "")
            return None
        if self._load is None:
            self._load = self.gauge.read()
        house = House(
            sessions=self._children.sessions,
            from_address=self._children.sessions_from(str(caller.address)),
            share=share_of(self._per_host.value(caller.address), f"[{caller.address}]{ends}"),
            load=self._load,
        )
        answer = admit(house, self._settings.limits)
        if answer.trouble:
            self._log.write(daemon_events.settings_unclear(caller, answer.trouble))
        match answer:
            case Refuse(reply, why):
                if debug:
                    debug(f"rejecting SMTP connection: {answer.measured}")
                self._log.write(daemon_events.refused(caller, ends, why))
                say_and_close(conn, "" if starts_tls else reply)
                return None
            case Admit(sessions):
                call = Call(
                    conn, caller, local, sessions - 1, self._ids.next(), house.load, starts_tls
                )
                self._tell_of(call, ends, sessions)
                return call

    def _tell_of(self, call: Call, ends: str, count: int) -> None:
        """CP-01, for those who want to read it of this caller."""
        selected = self._settings.journal.selected
        if "smtp_connection" not in selected or self._quiet.holds_network(call.caller.address):
            return
        shows_id = "connection_id" in selected
        event = daemon_events.connected(call.caller, ends, call.id, count=count, shows_id=shows_id)
        self._log.write(event)

    def _give(self, call: Call, ends: Mapping[int, End]) -> bool:
        """To a worker that is free; one that has just died is passed over."""
        while (pid := self.standby.take()) is not None:
            word = Serve(call.caller, call.local, call.others, call.id, call.load, call.starts_tls)
            if pid in ends and ends[pid].give(word, call.sock.fileno()):
                self._children.occupy(pid, str(call.caller.address))
                self._debug_count()
                return True
        return False

    def _fork(self, call: Call) -> tuple[Child, End] | None:
        def life(channel: End) -> Life:
            return fork.session_life(
                call, self._settings, self._spool, self._log, channel, tls=self._tls
            )

        try:
            keep = (call.sock.fileno(), *self._log.descriptors())
            pid, ours = fork.fork_with_channel(life, keep)
        except OSError as error:
            client = str(call.caller.address)
            event = daemon_events.fork_failed("accept process fork", error, CLIENT=client)
            self._log.write(event)
            say_and_close(call.sock, "" if call.starts_tls else "421 Fork failed")
            return None
        child = Child(
            pid,
            Job.SESSION,
            channel=ours.fileno(),
            address=str(call.caller.address),
            generation=self._settings.generation,
            holds_slot=True,
        )
        self._children.add(child)
        self._debug_count()
        return child, ours

    def _debug_count(self) -> None:
        if self._log.debug:
            self._log.debug(debug_lines.sessions(self._children.sessions))

    def _report(self, line: Line | None) -> None:
        if line:
            self._log.write(daemon_events.accept_failures(line.text, is_panic=line.is_panic))


def say_and_close(conn: socket.socket, reply: str) -> None:
    """One line that is not waited for, then the end; "" where TLS would have come first (N-40).

    What the caller has sent already is read away first: closing with unread input would reset the
    connection, and the caller would see that instead of the reply (HC-05).
    """
    with contextlib.suppress(OSError):
        if reply:
            conn.send(f"{reply}\r\n".encode("ascii"), socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        conn.shutdown(socket.SHUT_WR)
        conn.recv(4096, socket.MSG_DONTWAIT)
    conn.close()
