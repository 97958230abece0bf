"""Where the listeners come from: systemd, the image before us, or our own plan.

Touches: sockets, clock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace

from pymta.config import launch
from pymta.config.services import port_of
from pymta.config.settings import Settings
from pymta.journal import daemon_events
from pymta.journal.event import Kind
from pymta.journal.log import Log
from pymta.supervisor import activation, local_socket
from pymta.supervisor.handover import Handover
from pymta.supervisor.listen_plan import ONLY_OWN, ListenAt, not_served, plan
from pymta.supervisor.listener import Listener, Listeners, LocalListener
from pymta.supervisor.notify import Notify
from pymta.supervisor.sockets import CannotListenError, Kernel, Opening, Root, set_fast_open

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
    if settings.listen.tcp_fastopen or table:
        _arrange_fast_open(found.network, settings, log)
    if found.by_systemd and not settings.launch.inherits_listener:  # N-11 ignores them in silence
        _tell_of_contradiction(settings, found, log)
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
    """N-17: on or, after a reload, off again."""
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
        if not (table and table.listeners) and (given := activation.handed_in()):
            return given
        wanted = plan(settings.listen, port_of)
    except (activation.UnusableSocketError, ValueError) as error:
        raise CannotStartError(str(error)) from error
    if table:
        network = _rearranged(table.listeners, wanted, settings, log, root)
        return Listeners(network, _local_again(table.local, settings, log))
    network = _opened(wanted, settings, notify, log, root)
    return Listeners(network, _local(settings))


def _opened(
    wanted: Sequence[ListenAt], settings: Settings, notify: Notify, log: Log, root: Root
) -> tuple[Listener, ...]:

    def say(line: str) -> None:
        log.write(daemon_events.remark(line, Kind.SOCKET))
        notify.starting(line)

    def sleep(seconds: float) -> None:
        notify.patience(seconds + PATIENCE)
        time.sleep(seconds)

    opening = Opening(
        wanted, settings.listen, say=say, sleep=sleep, layer=Kernel(root), debug=log.debug
    )
    try:
        return opening.open_all()
    except CannotListenError as error:
        raise CannotStartError(str(error)) from error


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
    """After a reload, as `_rearranged` does it."""
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


def _rearranged(
    held: Sequence[Listener],
    wanted: Sequence[ListenAt],
    settings: Settings,
    log: Log,
    root: Root,
) -> tuple[Listener, ...]:
    """After a reload: keep what is still wanted, close what is not, bind what is new.

    What cannot be bound now is reported and left out: those who are served must not suffer.
    """

    def say(line: str) -> None:
        log.write(daemon_events.remark(line, Kind.SOCKET))

    at = {(item.at.address, item.at.port): item for item in held}
    places = {(want.address, want.port): want for want in wanted}
    for place, item in at.items():
        if place not in places:
            os.close(item.fd)
    at_once = replace(settings.listen, daemon_startup_retries=0)
    listeners: list[Listener] = []
    for place, want in places.items():
        if place in at:
            listeners.append(at[place])
            continue
        if _is_covered(want, held):
            continue
        others = [other for other in wanted if other != want]
        opening = Opening(
            [want], at_once, say=say, layer=Kernel(root), others=others, debug=log.debug
        )
        try:
            listeners += opening.open_all()
        except CannotListenError as error:
            text = f"{error}: this address is not served"
            log.write(daemon_events.trouble(text, Kind.SOCKET))
    return tuple(listeners)


def _is_covered(want: ListenAt, held: Sequence[Listener]) -> bool:
    """BL-07: the IPv6 wildcard of the port takes its calls."""
    return (
        want.is_wildcard
        and not want.is_ipv6
        and any(item.takes_ipv4 and item.at.port == want.port for item in held)
    )
