"""Where the listeners come from: systemd, the image before us, systemd's store, or our own plan.

Touches: sockets, clock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from pymta.config import launch
from pymta.config.listen import Listen
from pymta.config.services import port_of
from pymta.config.settings import Settings
from pymta.dataclass import dataclass
from pymta.journal import daemon_events
from pymta.journal.event import Kind
from pymta.journal.log import Log
from pymta.supervisor import activation, fd_store, local_socket
from pymta.supervisor.activation import HandedIn
from pymta.supervisor.handover import Handover
from pymta.supervisor.listen_match import in_order, match
from pymta.supervisor.listen_plan import ONLY_OWN, ListenAt, not_served, plan
from pymta.supervisor.listener import Listener, Listeners, LocalListener
from pymta.supervisor.notify import Notify
from pymta.supervisor.sockets import (
    CannotListenError,
    Kernel,
    Opening,
    Root,
    Say,
    set_fast_open,
)

PATIENCE = 10.0  # seconds beyond a pause before the service manager may give up on us


class CannotStartError(Exception):
    """The argument is the line that says why."""


def find_listeners(
    settings: Settings, table: Handover | None, notify: Notify, log: Log, root: Root
) -> Listeners:
    """The sockets to serve.  Raises CannotStartError.

    Which of them start with TLS is asked anew at every reload (PT-05).
    """
    found = _found(settings, table, notify, log, root)
    _arrange_fast_open(found.network, settings, log)
    if found.by_systemd and not settings.launch.inherits_listener:  # N-11 ignores them in silence
        _tell_of_contradiction(settings, found, log)
    if not found.by_systemd:
        own = (replace(item, role=settings.own_role(item.at.port)) for item in found.network)
        found = replace(found, network=tuple(own))
    network = (
        replace(item, starts_tls=settings.starts_tls(item.role, item.at.port))
        for item in found.network
    )
    return replace(found, network=tuple(network))


def _tell_of_contradiction(settings: Settings, found: Listeners, log: Log) -> None:
    """Ports and addresses that somebody has set, and that nobody opens."""
    path = settings.listen.local_socket
    unserved = [
        *(f"[{want.address}]:{want.port}" for want in not_served(settings.listen, found, port_of)),
        *([path] if path and path not in {str(one.at) for one in found.local} else []),
    ]
    if not unserved:
        return
    text = (
        f"sockets come from systemd: {', '.join(ONLY_OWN)} have no effect, and nobody listens on"
        f" {' '.join(unserved)}; what is open stands in the socket units"
    )
    log.write(daemon_events.remark(text, Kind.SOCKET))


def _arrange_fast_open(listeners: Sequence[Listener], settings: Settings, log: Log) -> None:
    """N-17: on or, where they were bound under other settings, off again."""
    queue = settings.listen.smtp_connect_backlog if settings.listen.tcp_fastopen else 0
    debug = log.debug
    for item in listeners:
        why = set_fast_open(item, queue)
        if why and debug:
            debug(f"failed to set TCP_FASTOPEN on {item.at}: {why}")


def _found(
    settings: Settings, table: Handover | None, notify: Notify, log: Log, root: Root
) -> Listeners:
    """Handed-in sockets are taken as they are: ports and interfaces in the settings say nothing
    about them, before a reload and after it.
    """
    if not settings.launch.listens:
        return Listeners()  # ML-06: a daemon for queue runs alone
    if table and (table.by_systemd or table.keeps_listeners):
        return Listeners(table.listeners, table.local, table.by_systemd)
    try:
        given = HandedIn() if table and table.listeners else activation.handed_in()
        held = table.listeners if table else fd_store.take_back(given.stored, notify, log)
        if given.listeners:
            fd_store.drop(held, notify, log)
            return given.listeners
        wanted = plan(settings.listen, port_of)
    except (activation.UnusableSocketError, ValueError) as error:
        raise CannotStartError(str(error)) from error
    binding = _Binding(wanted, settings, log, root)
    bind = binding.now if table else partial(binding.patiently, notify)
    network = _arranged(held, binding, bind, notify)
    local = _local_again(table.local, settings, log) if table else _local(settings)
    return Listeners(network, local)


def _local(settings: Settings) -> tuple[LocalListener, ...]:
    """The one for users of this machine, where it is wanted.  Raises CannotStartError."""
    path = launch.local_socket(settings.launch, settings.listen.local_socket)
    if not path:
        return ()
    try:
        return (local_socket.listen(path),)
    except OSError as error:
        raise CannotStartError(f"local_socket {path}: {error.strerror}") from error


def _local_again(
    held: Sequence[LocalListener], settings: Settings, log: Log
) -> tuple[LocalListener, ...]:
    """After a reload, as `_Binding.now` does it."""
    path = launch.local_socket(settings.launch, settings.listen.local_socket)
    if kept := tuple(one for one in held if str(one.at) == path):
        return kept
    for one in held:
        local_socket.remove(one)
        os.close(one.fd)
    try:
        return _local(settings)
    except CannotStartError as error:
        text = f"{error}: users of this machine are not served"
        log.write(daemon_events.trouble(text, Kind.SOCKET))
        return ()


def _arranged(
    held: Sequence[Listener],
    binding: _Binding,
    bind: Callable[[Sequence[ListenAt]], tuple[Listener, ...]],
    notify: Notify,
) -> tuple[Listener, ...]:
    """Keep what is wanted, close what is not, bind what is new; and let systemd have them all."""
    found = match(held, binding.wanted)
    fd_store.drop(found.dropped, notify, binding.log)
    fd_store.listen_again(found.kept, binding.settings.listen)
    listeners = in_order((*found.kept, *bind(found.missing)), binding.wanted)
    fd_store.keep(listeners, notify)
    return listeners


@dataclass(frozen=True, slots=True)
class _Binding:
    """`wanted` is the whole plan; what is to be bound may be a part of it."""

    wanted: Sequence[ListenAt]
    settings: Settings
    log: Log
    root: Root

    def patiently(self, notify: Notify, missing: Sequence[ListenAt]) -> tuple[Listener, ...]:
        """At a start: what another process still holds is waited for (BL-06)."""

        def say(line: str) -> None:
            self._say(line)
            notify.starting(line)

        def sleep(seconds: float) -> None:
            notify.extend(seconds + PATIENCE)
            time.sleep(seconds)

        try:
            return self._opening(missing, self.settings.listen, say, sleep).open_all()
        except CannotListenError as error:
            raise CannotStartError(str(error)) from error

    def now(self, missing: Sequence[ListenAt]) -> tuple[Listener, ...]:
        """After a reload: what cannot be bound is reported and left out, without a pause.

        Those who are served must not suffer.
        """
        at_once = replace(self.settings.listen, daemon_startup_retries=0)
        listeners: list[Listener] = []
        for want in missing:
            try:
                listeners += self._opening([want], at_once, self._say).open_all()
            except CannotListenError as error:
                text = f"{error}: this address is not served"
                self.log.write(daemon_events.trouble(text, Kind.SOCKET))
        return tuple(listeners)

    def _opening(
        self,
        part: Sequence[ListenAt],
        listen: Listen,
        say: Say,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Opening:
        return Opening(
            part,
            listen,
            say=say,
            sleep=sleep,
            layer=Kernel(self.root),
            others=[other for other in self.wanted if other not in part],
            debug=self.log.debug,
        )

    def _say(self, line: str) -> None:
        self.log.write(daemon_events.remark(line, Kind.SOCKET))
