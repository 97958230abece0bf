"""What the supervisor says of itself: start line, process info, status, first steps in a terminal.

A start line names every socket once (SL-02): both wildcards of a port are one item, and all ports
of one address are one (N-19).  Ports that start with TLS come last, in a group of their own
(SL-03), and no group shows more than ten items (SL-04).
"""

from __future__ import annotations

from collections.abc import Sequence

from pymta.config.local_transport import transport_of
from pymta.config.periodic import periodic_runs
from pymta.config.roles import LOCAL
from pymta.config.settings import Settings
from pymta.dataclass import dataclass
from pymta.supervisor.listener import Backlog, Listener, LocalListener

MOST_ITEMS = 10  # a start line with a hundred ports helps nobody (SL-04)


@dataclass(frozen=True, slots=True)
class Figures:
    """Live counts for STATUS=; `backlogs` are those of the listeners, in their order.

    `local` are connections of users of this machine.  `queued` messages were there when they were
    counted last, the oldest for `oldest` seconds; None: they were not counted yet.  `problems` are
    what the operator should know of (AE-04, HU-03, …).
    """

    sessions: int = 0
    local: int = 0
    deliveries: int = 0
    queue_runs: int = 0
    waiting: int = 0
    backlogs: Sequence[Backlog] = ()
    queued: int | None = None
    oldest: int = 0
    problems: Sequence[str] = ()


def started(
    version: str,
    pid: int,
    listeners: Sequence[Listener],
    settings: Settings,
    *,
    by_systemd: bool,
    local: Sequence[LocalListener] = (),
) -> str:
    """SL-01, SL-05 for a daemon that only runs the queue, N-11 for one with a ready socket."""
    text = f"pymta {version} daemon started: pid={pid}, "
    if settings.launch.inherits_listener:
        return text + f"launched with listening socket, {_wait_info(settings.launch.wait)}"
    text += f"{_queue_info(settings)}, "
    text += _where(listeners, local) or "not listening for SMTP"
    return text + (" (socket activation)" if by_systemd else "")


def roles(listeners: Sequence[Listener], local: Sequence[LocalListener]) -> dict[str, str]:
    """Where we listen, by what for."""
    names = dict.fromkeys(one.role for one in listeners)
    found = {name: [one for one in listeners if one.role == name] for name in names}
    told = {name: _first_ten(_items(group)) for name, group in found.items()}
    return told | ({LOCAL: _paths(local)} if local else {})


def process_info(
    version: str,
    listeners: Sequence[Listener],
    settings: Settings,
    local: Sequence[LocalListener] = (),
) -> str:
    """SL-06, N-11, N-15."""
    if settings.launch.inherits_listener:
        return f"daemon({version}): pre-listening socket"
    what = _where(listeners, local) or "not listening"
    return f"daemon({version}): {_queue_info(settings)}, {what}"


def listening(listeners: Sequence[Listener], local: Sequence[LocalListener] = ()) -> str:
    """``SMTP on port 25 (IPv6 and IPv4) [192.0.2.1]:2525 and for SMTPS on port 465 (IPv4)``.

    Behind that, ``and for local mail on /run/pymta/submit``.
    """
    groups = {
        "SMTP": [item for item in listeners if not item.starts_tls],
        "SMTPS": [item for item in listeners if item.starts_tls],
    }
    places = [f"{name} on {_first_ten(_items(group))}" for name, group in groups.items() if group]
    if local:
        places.append(f"local mail on {_paths(local)}")
    return " and for ".join(places)


def status(
    listeners: Sequence[Listener],
    settings: Settings,
    figures: Figures,
    local: Sequence[LocalListener] = (),
) -> str:
    """The text for ``systemctl status``, ASCII only: another byte would lose the datagram."""
    limit = settings.limits.smtp_accept_max
    parts = [
        f"{figures.sessions}/{limit} connections" if limit else f"{figures.sessions} connections",
        f"{figures.deliveries}/{settings.queue.deliver_max} deliveries",
    ]
    if local or figures.local:
        limit = settings.limits.local_accept_max
        parts.insert(1, f"{figures.local}{f'/{limit}' if limit else ''} local connections")
    if figures.queue_runs:
        most = settings.queue.queue_run_max
        parts.append(f"{figures.queue_runs}{f'/{most}' if most else ''} queue runs")
    if figures.waiting:
        parts.append(f"{figures.waiting} waiting for a delivery worker")
    if figures.queued is not None:
        parts.append(_queued(figures.queued, figures.oldest))
    parts += _backlogs(listeners, figures.backlogs)[:MOST_ITEMS]
    what = _where(listeners, local) or "not listening"
    text = f"{what}; {', '.join(parts)}; configuration {settings.generation}"
    return "; ".join((text, *figures.problems)).encode("ascii", "replace").decode("ascii")


def stopping(figures: Figures) -> str:
    """The status of a daemon that waits for its children."""
    connections = figures.sessions + figures.local
    return f"stopping; {connections} connections, {figures.deliveries} deliveries to finish"


def welcome(listeners: Sequence[Listener], settings: Settings) -> str:
    """What `pymta serve` prints: how to send a first message, and where it will land."""
    # A plain one on IPv4, if there is one: the shortest command.
    easiest = min(listeners, key=lambda item: (item.starts_tls, item.is_ipv6))
    tls = " --tls-on-connect" if easiest.starts_tls else ""
    mailboxes = ", ".join(settings.routing.local_parts)
    return (
        f"Listening on {' and '.join(str(item.at) for item in listeners)}."
        " Send a first message from another terminal:\n\n"
        f"    swaks --to user@localhost --server {easiest.at.address}:{easiest.at.port}{tls}\n\n"
        f"It will {_way(settings)}\n"
        f"Mailboxes: {mailboxes}, at localhost and {settings.hostname}."
        " Stop with Ctrl-C."
    )


def _way(settings: Settings) -> str:
    """Where mail for user@localhost goes."""
    state = settings.machine.state_directory
    match transport_of(settings.routing.local_transport, "localhost"):
        case "maildir":
            return f"land in {state}/mail/user/new/"
        case "mbox":
            return f"land in {state}/mbox/user"
        case way:
            return f"go to {way}"


def _backlogs(listeners: Sequence[Listener], backlogs: Sequence[Backlog]) -> list[str]:
    """N-24, where anybody waits."""
    return [
        f"{backlog.waiting}/{backlog.most} waiting at [{one.at.address}]:{one.at.port}"
        for one, backlog in zip(listeners, backlogs, strict=False)
        if backlog.waiting
    ]


def _queued(messages: int, oldest: int) -> str:
    return f"{messages} queued" + (f" (oldest {_age(oldest)})" if messages else "")


def _age(seconds: int) -> str:
    """In the largest unit that gives two or more, since nobody needs it more exactly."""
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _queue_info(settings: Settings) -> str:
    """N-28: every periodic run."""
    return " ".join(run.told for run in periodic_runs(settings)) or "no queue runs"


def _where(listeners: Sequence[Listener], local: Sequence[LocalListener]) -> str:
    """An empty text for nowhere."""
    return f"listening for {listening(listeners, local)}" if listeners or local else ""


def _paths(local: Sequence[LocalListener]) -> str:
    return _first_ten([str(one.at) for one in local])


def _wait_info(seconds: int) -> str:
    return f"terminating after {seconds} seconds" if seconds else "with no wait timeout"


def _first_ten(items: Sequence[str]) -> str:
    return " ".join(items[:MOST_ITEMS]) + (" ..." if len(items) > MOST_ITEMS else "")


def _items(listeners: Sequence[Listener]) -> list[str]:
    """One text per item, in the order of the sockets; `listeners` is one group."""
    items: dict[str, None] = {}  # a dict, for its order: what was said is not said again
    for listener in listeners:
        items[
            _wildcard(listener, listeners) if listener.is_wildcard else _ports(listener, listeners)
        ] = None
    return list(items)


def _wildcard(one: Listener, listeners: Sequence[Listener]) -> str:
    if one.takes_ipv4:
        families = "IPv6 with IPv4"
    elif _has_partner(one, listeners):
        families = "IPv6 and IPv4"
    else:
        families = "IPv6" if one.is_ipv6 else "IPv4"
    return f"port {one.at.port} ({families})"


def _has_partner(one: Listener, listeners: Sequence[Listener]) -> bool:
    return any(
        other.is_wildcard
        and other.at.port == one.at.port
        and other.is_ipv6 != one.is_ipv6
        and not other.takes_ipv4
        for other in listeners
    )


def _ports(one: Listener, listeners: Sequence[Listener]) -> str:
    """An address with all its ports: ``[192.0.2.1]:{25,587}``, or ``[192.0.2.1]:25``."""
    ports = [str(other.at.port) for other in listeners if other.at.address == one.at.address]
    return f"[{one.at.address}]:" + (ports[0] if len(ports) == 1 else f"{{{','.join(ports)}}}")
