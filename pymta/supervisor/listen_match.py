"""Sockets that are open already, against the listen plan: kept, dropped, or missing (HU-05).

They come from the image before us or from systemd's store, where what we bound waits while we are
restarted.  There each has a name of ours; which place it serves, it says itself.  systemd allows
no ":" in such a name, so an IPv6 address is written with "-" for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from pymta.dataclass import dataclass
from pymta.mail.caller import Address, Endpoint, plain_address
from pymta.supervisor.listen_plan import ListenAt
from pymta.supervisor.listener import Listener

STORED = "self-"  # how the names begin; no socket unit has one like it


@dataclass(frozen=True, slots=True)
class Match:
    """`kept` are in the order of the plan, `missing` is what is to be bound."""

    kept: tuple[Listener, ...]
    dropped: tuple[Listener, ...]
    missing: tuple[ListenAt, ...]


def match(held: Sequence[Listener], wanted: Sequence[ListenAt]) -> Match:
    """Each socket serves one place of the plan; who was bound twice in one stays twice."""
    free = list(held)
    kept: list[Listener] = []
    missing: list[ListenAt] = []
    for want in wanted:
        found = next((item for item in free if _place(item.at) == _place(want)), None)
        if found:
            free.remove(found)
            kept.append(found)
        else:
            missing.append(want)
    unserved = tuple(want for want in missing if not _is_covered(want, kept))
    return Match(tuple(kept), tuple(free), unserved)


def in_order(listeners: Sequence[Listener], wanted: Sequence[ListenAt]) -> tuple[Listener, ...]:
    """As the plan has them, so that a restart does not change what the log says."""
    places = [_place(want) for want in wanted]
    return tuple(sorted(listeners, key=lambda item: places.index(_place(item.at))))


def _place(at: Endpoint | ListenAt) -> tuple[Address, int]:
    """A mapped IPv4 address is plain as soon as it is bound (HC-01)."""
    return plain_address(str(at.address)), at.port


def _is_covered(want: ListenAt, held: Sequence[Listener]) -> bool:
    """BL-07: the IPv6 wildcard of the port takes its calls."""
    return (
        want.is_wildcard
        and not want.is_ipv6
        and any(item.takes_ipv4 and item.at.port == want.port for item in held)
    )


def stored_name(listener: Listener) -> str:
    """FDNAME: ASCII, at most 255 characters (sd_pid_notify_with_fds(3))."""
    return f"{STORED}{listener.at.port}-{str(listener.at.address).replace(':', '-')}"


def is_stored(name: str) -> bool:
    return name.startswith(STORED)
