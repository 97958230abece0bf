"""Recipients to groups: who travels together?

Local mailboxes go first, and Maildirs in one group: they are quick, and a delivery repeated after a
crash replaces itself, so nothing is lost by recording them together.  The same goes for system
users, who come next, since a home directory may hang.  What would be there twice, in an mbox or by
a command, is a group of its own and so recorded before the next one begins.  Then one group for
each LMTP server, and one for each destination, because one transaction can serve all its
recipients.  Those without a route come first of all, with those who are only names for others; they
cost nothing.

Who has the mail by way of an alias or a .forward gets it with a line that says so (Delivered-To),
and perhaps from another sender, and so does not travel with others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pymta.dataclass import dataclass
from pymta.delivery.outcome import Addressee
from pymta.routing.route import Defer, Discard, Expanded, Fail, Lmtp, Local, Remote, Route, User

Came = tuple[tuple[str, ...], str]  # as `Addressee.came`
Nowhere = Fail | Defer | Discard

_TOGETHER = -1  # in place of the index of one who goes alone

# Every server must take a hundred (RFC 5321 s4.5.3.1.8); more is asking for 452.
MOST_RECIPIENTS = 100


@dataclass(frozen=True, slots=True)
class Unrouted:
    """Recipients that go nowhere, each with the reason; an alias may say so."""

    recipients: tuple[tuple[Addressee, Nowhere], ...]


@dataclass(frozen=True, slots=True)
class ToOthers:
    """Recipients in place of whom others get the message."""

    recipients: tuple[tuple[Addressee, Expanded], ...]


@dataclass(frozen=True, slots=True)
class ToMailboxes:
    recipients: tuple[tuple[Addressee, Local], ...]


@dataclass(frozen=True, slots=True)
class ToUsers:
    """System users, each with the route; all have come here the same way."""

    recipients: tuple[tuple[Addressee, User], ...]


@dataclass(frozen=True, slots=True)
class ToLmtp:
    recipients: tuple[Addressee, ...]
    lmtp: Lmtp


@dataclass(frozen=True, slots=True)
class ToHosts:
    """`is_sent_on`: to strangers, by somebody here, so from a sender of ours (SRS)."""

    recipients: tuple[Addressee, ...]
    remote: Remote
    is_sent_on: bool = False


Group = Unrouted | ToOthers | ToMailboxes | ToUsers | ToLmtp | ToHosts


def plan(
    routes: Iterable[tuple[Addressee, Route]],
    *,
    is_mbox: bool = False,
    is_outside: Callable[[str], bool] = lambda _: True,
) -> tuple[Group, ...]:
    """The groups in the order in which they are to be carried; `is_mbox`: users have such ones.

    `is_outside` says of an address at another host that it is a stranger's.
    """
    unrouted: list[tuple[Addressee, Nowhere]] = []
    others: list[tuple[Addressee, Expanded]] = []
    local: dict[int, list[tuple[Addressee, Local]]] = {}
    users: dict[tuple[int, Came], list[tuple[Addressee, User]]] = {}
    lmtp: dict[tuple[Lmtp, Came], list[Addressee]] = {}
    remote: dict[tuple[Remote, Came, bool], list[Addressee]] = {}
    for addressee, route in routes:
        match route:
            case Fail() | Defer() | Discard():
                unrouted.append((addressee, route))
            case Expanded():
                others.append((addressee, route))
            case Local():
                alone = addressee.index if route.is_mbox else _TOGETHER
                local.setdefault(alone, []).append((addressee, route))
            case User():
                alone = addressee.index if route.item or is_mbox else _TOGETHER
                users.setdefault((alone, addressee.came), []).append((addressee, route))
            case Lmtp():
                lmtp.setdefault((route, addressee.came), []).append(addressee)
            case Remote():
                by_us = bool(addressee.via) and not addressee.sender
                is_sent_on = by_us and is_outside(addressee.address)
                remote.setdefault((route, addressee.came, is_sent_on), []).append(addressee)
    groups: list[Group] = []
    if unrouted:
        groups.append(Unrouted(tuple(unrouted)))
    if others:
        groups.append(ToOthers(tuple(others)))
    groups += [ToMailboxes(tuple(some)) for some in local.values()]
    groups += [ToUsers(tuple(some)) for some in users.values()]
    for (server, _), addressees in lmtp.items():
        groups += [ToLmtp(part, server) for part in _parts(addressees)]
    for (way, _, is_sent_on), addressees in remote.items():
        groups += [ToHosts(part, way, is_sent_on) for part in _parts(addressees)]
    return tuple(groups)


def shown(group: Group) -> str:
    """For whoever watches."""
    match group:
        case Unrouted(recipients):
            return f"no way for {_addresses(who for who, _ in recipients)}"
        case ToOthers(recipients):
            return f"others in place of {_addresses(who for who, _ in recipients)}"
        case ToMailboxes(recipients):
            return f"mailboxes for {_addresses(who for who, _ in recipients)}"
        case ToUsers(recipients):
            return f"home directories for {_addresses(who for who, _ in recipients)}"
        case ToLmtp(recipients, lmtp):
            return f"LMTP at {', '.join(map(str, lmtp.servers))} for {_addresses(recipients)}"
        case ToHosts(recipients, remote):
            return f"{', '.join(map(str, remote.hosts))} for {_addresses(recipients)}"


def _addresses(addressees: Iterable[Addressee]) -> str:
    return ", ".join(who.address for who in addressees)


def _parts(addressees: list[Addressee]) -> Iterator[tuple[Addressee, ...]]:
    for start in range(0, len(addressees), MOST_RECIPIENTS):
        yield tuple(addressees[start : start + MOST_RECIPIENTS])
