"""What the supervisor says of itself: start line, status, first steps in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pymta.config.settings import Settings
from pymta.config.units import format_duration
from pymta.supervisor.listener import Listener

MOST_ITEMS = 10  # a start line with a hundred ports helps nobody (SL-04)


@dataclass(frozen=True, slots=True)
class Figures:
    """Live counts for STATUS=."""

    sessions: int = 0
    deliveries: int = 0
    queue_runs: int = 0
    waiting: int = 0


def listening(listeners: Sequence[Listener]) -> str:
    """``SMTP on port 25 (IPv6 and IPv4) [192.0.2.1]:2525`` (SL-02, SL-04)."""
    items = _items(listeners)
    cut = " ..." if len(items) > MOST_ITEMS else ""
    return "SMTP on " + " ".join(items[:MOST_ITEMS]) + cut


def queue_info(interval: int) -> str:
    return f"-q{format_duration(interval)}" if interval else "no queue runs"


def status(listeners: Sequence[Listener], settings: Settings, figures: Figures) -> str:
    """The text for ``systemctl status``, ASCII only: another byte would lose the datagram."""
    limit = settings.limits.smtp_accept_max
    parts = [
        f"{figures.sessions}/{limit} connections" if limit else f"{figures.sessions} connections",
        f"{figures.deliveries}/{settings.queue.deliver_max} deliveries",
    ]
    if figures.queue_runs:
        parts.append("queue run")
    if figures.waiting:
        parts.append(f"{figures.waiting} waiting for a delivery worker")
    text = (
        f"listening for {listening(listeners)}; {', '.join(parts)};"
        f" configuration {settings.generation}"
    )
    return text.encode("ascii", "replace").decode("ascii")


def stopping(figures: Figures) -> str:
    """The status of a daemon that waits for its children."""
    return f"stopping; {figures.sessions} connections, {figures.deliveries} deliveries to finish"


def welcome(listeners: Sequence[Listener], settings: Settings) -> str:
    """What `pymta serve` prints: how to send a first message, and where it will land."""
    at = next((item for item in listeners if not item.is_ipv6), listeners[0]).at
    mailboxes = ", ".join(settings.routing.local_parts)
    return (
        f"Listening on {' and '.join(str(item.at) for item in listeners)}."
        " Send a first message from another terminal:\n\n"
        f"    swaks --to user@localhost --server {at.address}:{at.port}\n\n"
        f"It will land in {settings.machine.state_directory}/mail/user/new/\n"
        f"Mailboxes: {mailboxes}, at localhost and {settings.hostname}."
        " Stop with Ctrl-C."
    )


def _items(listeners: Sequence[Listener]) -> list[str]:
    items: list[str] = []
    paired: set[int] = set()
    for listener in listeners:
        port = listener.at.port
        if not listener.is_wildcard:
            items.append(str(listener.at))
        elif listener.fd in paired:
            continue
        elif listener.takes_ipv4:
            items.append(f"port {port} (IPv6 with IPv4)")
        else:
            partner = _partner(listener, listeners)
            if partner:
                paired.add(partner.fd)
            family = "IPv6" if listener.is_ipv6 else "IPv4"
            items.append(f"port {port} ({'IPv6 and IPv4' if partner else family})")
    return items


def _partner(one: Listener, listeners: Sequence[Listener]) -> Listener | None:
    return next(
        (
            other
            for other in listeners
            if other.is_wildcard
            and other.at.port == one.at.port
            and other.is_ipv6 != one.is_ipv6
            and not other.takes_ipv4
        ),
        None,
    )
