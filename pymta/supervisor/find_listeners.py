"""Where the listeners come from: systemd, the image before us, or our own plan.

Touches: sockets, clock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace

from pymta.config.services import port_of
from pymta.config.settings import Settings
from pymta.journal import daemon_events
from pymta.journal.event import Kind
from pymta.journal.log import Log
from pymta.supervisor import activation
from pymta.supervisor.handover import Handover
from pymta.supervisor.listen_plan import ListenAt, plan
from pymta.supervisor.listener import Listener
from pymta.supervisor.notify import Notify
from pymta.supervisor.sockets import CannotListenError, Kernel, Opening, Root, set_fast_open

PATIENCE = 10.0  # seconds beyond a pause before the service manager may give up on us


class CannotStartError(Exception):
    """The argument is the line that says why."""


def find_listeners(
    settings: Settings, table: Handover | None, notify: Notify, log: Log, root: Root
) -> tuple[tuple[Listener, ...], bool]:
    """The sockets to serve, and whether systemd made them.  Raises CannotStartError.

    Which of them start with TLS is asked anew at every reload (PT-05).
    """
    found, by_systemd = _found(settings, table, notify, log, root)
    if settings.listen.tcp_fastopen or table:
        _arrange_fast_open(found, settings, log)
    return tuple(
        replace(item, starts_tls=settings.starts_tls(item.role, item.at.port)) for item in found
    ), by_systemd


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
) -> tuple[tuple[Listener, ...], bool]:
    """Handed-in sockets are taken as they are: ports and interfaces in the settings say nothing
    about them, before a reload and after it.
    """
    if not settings.launch.listens:
        return (), False  # ML-06: a daemon for queue runs alone
    if table and (table.by_systemd or table.keeps_listeners):
        return table.listeners, table.by_systemd
    try:
        if not (table and table.listeners) and (given := activation.handed_in()):
            return given, True
        wanted = plan(settings.listen, port_of)
    except (activation.UnusableSocketError, ValueError) as error:
        raise CannotStartError(str(error)) from error
    if table:
        return _rearranged(table.listeners, wanted, settings, log, root), False

    def say(line: str) -> None:
        log.write(daemon_events.remark(line, Kind.SOCKET))
        notify.starting(line)

    def sleep(seconds: float) -> None:
        notify.extend(seconds + PATIENCE)
        time.sleep(seconds)

    opening = Opening(
        wanted, settings.listen, say=say, sleep=sleep, layer=Kernel(root), debug=log.debug
    )
    try:
        return opening.open_all(), False
    except CannotListenError as error:
        raise CannotStartError(str(error)) from error


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
