"""Carry the listen plan out: create, set options, bind, listen (BL-01), as `bind_faults` decides.

The socket layer and the pause are passed in, so that every combination of failures can be played.

Touches: sockets, clock.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from pymta.config.listen import Listen
from pymta.journal.debug import Debug
from pymta.mail.caller import endpoint
from pymta.supervisor import debug_lines
from pymta.supervisor.bind_faults import CarryOn, Drop, Fault, GiveUp, Step, Wait, judge
from pymta.supervisor.listen_plan import ListenAt
from pymta.supervisor.listener import Listener

Say = Callable[[str], None]
Root = Callable[[], AbstractContextManager[None]]  # the right to bind any port, for a moment


class Layer(Protocol):
    """The part of the socket module that can fail before there is a socket."""

    def create(self, family: int) -> socket.socket: ...


class _BoundByRoot(socket.socket):
    """A socket whose bind, and nothing else of it, is done as root where we were root (PV-01)."""

    root: Root

    def bind(self, address: Any, /) -> None:
        with self.root():
            super().bind(address)


class Kernel:
    """The real one."""

    def __init__(self, root: Root = contextlib.nullcontext) -> None:
        self._root = root

    def create(self, family: int) -> socket.socket:
        sock = _BoundByRoot(family, socket.SOCK_STREAM)
        sock.root = self._root
        return sock


def set_fast_open(listener: Listener, queue: int) -> str:
    """N-17: so many callers may be served before their handshake is over, 0 means none.

    "" or why not; a slower start of a connection is no trouble.
    """
    sock = socket.socket(fileno=listener.fd)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, queue)
    except OSError as error:
        return error.strerror or str(error)
    finally:
        sock.detach()
    return ""


class CannotListenError(Exception):
    """The daemon cannot start; the argument is the line that says why."""


class _StepError(Exception):
    """One step failed; caught where the answer is carried out."""

    def __init__(self, step: Step, error: OSError) -> None:
        super().__init__(step, error)
        self.fault = Fault(step, error)


class Opening:
    """One start: the plan, what has been opened of it, and the one budget of bind tries.

    `others` are wanted as well, but opened elsewhere.
    """

    def __init__(
        self,
        plan: Sequence[ListenAt],
        listen: Listen,
        *,
        say: Say,
        sleep: Callable[[float], None] = time.sleep,
        layer: Layer,
        others: Sequence[ListenAt] = (),
        debug: Debug | None = None,
    ) -> None:
        self._plan = plan
        self._others = others
        self._listen = listen
        self._say = say
        self._sleep = sleep
        self._layer = layer
        self._debug = debug
        self._tries_left = listen.daemon_startup_retries
        self._open: dict[ListenAt, socket.socket] = {}
        self._dual: set[ListenAt] = set()  # open, and could not be kept from taking IPv4
        self._takes_ipv4: set[ListenAt] = set()
        self._hints: set[str] = set()  # told already

    def open_all(self) -> tuple[Listener, ...]:
        """Listen on every address, in order.  Raises CannotListenError; nothing stays open then."""
        try:
            for at in self._plan:
                self._open_one(at)
        except CannotListenError:
            for sock in self._open.values():
                sock.close()
            raise
        return tuple(self._listener(at, sock) for at, sock in self._open.items())

    def _open_one(self, at: ListenAt) -> None:
        try:
            sock = self._created(at)
        except _StepError as failed:
            self._carry_out(self._judge(failed.fault, at), at)
            return
        again = True
        while again:
            try:
                self._listening(at, sock)
            except _StepError as failed:
                answer = self._judge(failed.fault, at)
                if not isinstance(answer, Wait):
                    sock.close()
                if self._debug and isinstance(answer, Drop) and answer.includes_ipv4:
                    self._debug(debug_lines.covered(failed.fault.step.value))
                again = self._carry_out(answer, at)
            else:
                self._open[at] = sock
                return

    def _created(self, at: ListenAt) -> socket.socket:
        """A socket with its options set; a refused IPV6_V6ONLY is no obstacle (BL-04)."""
        try:
            sock = self._layer.create(socket.AF_INET6 if at.is_ipv6 else socket.AF_INET)
        except OSError as error:
            raise _StepError(Step.CREATE, error) from error
        if at.is_wildcard and at.is_ipv6:
            try:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            except OSError as error:
                self._carry_out(self._judge(Fault(Step.V6ONLY, error), at), at)
                self._dual.add(at)
        return sock

    def _listening(self, at: ListenAt, sock: socket.socket) -> None:
        step = Step.REUSEADDR
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if self._listen.tcp_nodelay:
                with contextlib.suppress(OSError):  # BL-05: a slower socket is still a socket
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            step = Step.BIND
            sock.bind(_name(at))
            if self._debug:
                self._debug(debug_lines.listening(at))
            step = Step.LISTEN
            sock.listen(self._listen.smtp_connect_backlog)
        except OSError as error:
            raise _StepError(step, error) from error
        sock.setblocking(False)

    def _judge(self, fault: Fault, at: ListenAt) -> CarryOn | Drop | Wait | GiveUp:
        return judge(
            fault,
            at,
            dual=self._dual & self._open.keys(),
            later=(*self._plan[self._plan.index(at) + 1 :], *self._others),
            tries_left=self._tries_left,
            pause=self._listen.daemon_startup_sleep,
        )

    def _carry_out(self, answer: CarryOn | Drop | Wait | GiveUp, at: ListenAt) -> bool:
        """True: try this address again."""
        match answer:
            case CarryOn(log):
                self._say(log)
                return False
            case Wait(seconds, log, hint):
                self._tell_once(hint)
                self._say(log)
                self._tries_left -= 1
                self._sleep(seconds)
                return True
            case Drop(logs, includes_ipv4):
                for line in logs:
                    self._say(line)
                if includes_ipv4:
                    self._takes_ipv4 |= {
                        other
                        for other in self._open
                        if other.is_wildcard and other.is_ipv6 and other.port == at.port
                    }
                return False
            case GiveUp(log, earlier):
                for line in earlier:
                    self._tell_once(line)
                raise CannotListenError(log)

    def _tell_once(self, line: str) -> None:
        if line and line not in self._hints:
            self._hints.add(line)
            self._say(line)

    def _listener(self, at: ListenAt, sock: socket.socket) -> Listener:
        bound = endpoint(sock.getsockname())
        return Listener(sock.detach(), bound, takes_ipv4=at in self._takes_ipv4)


def _name(at: ListenAt) -> tuple[str, int] | tuple[str, int, int, int]:
    if not at.is_ipv6:
        return (str(at.address), at.port)
    scope = socket.if_nametoindex(at.scope) if at.scope else 0
    return (str(at.address), at.port, 0, scope)
