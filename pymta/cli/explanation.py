"""Where mail for an address would go, and what stands in its way: as lines, and as plain data.

delivers    into a mailbox, or to a host that may be asked now
waits       nobody can say, or no host may be asked yet
fails       never; the sender is told
goes on     to others, each with a way of his own
vanishes    an operator wants it so
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pymta.dataclass import dataclass
from pymta.hints.store import HostHint
from pymta.journal.line import printable

DELIVERS, WAITS, FAILS = "delivers", "waits", "fails"
GOES_ON, VANISHES = "goes on", "vanishes"

Stamp = Callable[[float], str]  # seconds since the epoch, as local time


@dataclass(frozen=True, slots=True)
class HostView:
    """One host of a route, in the order in which they are asked; `tls` is what it is owed.

    `hint` is what is remembered of it, None when nothing is wrong; `until`: not asked before, in
    seconds since the epoch, 0: it may be asked now.  `login` is as whom we log in there,
    `certificate` names the one that we show.  `trouble`: nobody knows how much TLS it is owed, so
    it is not called now.
    """

    host: str
    tls: str = ""
    hint: HostHint | None = None
    until: float = 0.0
    login: str = ""
    certificate: str = ""
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Explained:
    """`way` says in words by which router and transport, or why not; `where` in which file.

    `status` is an enhanced code (RFC 3463) of what fails or waits.  `next_try` is in seconds since
    the epoch, 0: at once.  `rule` says which retry schedule is for it, `limits` what else keeps it
    for now.
    """

    address: str
    verdict: str
    way: str
    router: str = ""
    transport: str = ""
    where: str = ""
    status: str = ""
    hosts: tuple[HostView, ...] = ()
    onward: tuple[Explained, ...] = ()
    next_try: float = 0.0
    rule: str = ""
    limits: tuple[str, ...] = ()

    @property
    def worst(self) -> str:
        """Of it and all to whom it goes on: whether somebody fails, or else waits."""
        found = {self.verdict, *(one.worst for one in self.onward)}
        return next((verdict for verdict in (FAILS, WAITS) if verdict in found), DELIVERS)


def lines(explained: Explained, stamp: Stamp, depth: int = 0) -> Iterator[str]:
    """A tree, four columns for each step on the way."""
    left = "    " * depth
    yield left + printable(explained.address)
    more = left + "    "
    status = f" ({explained.status})" if explained.status else ""
    yield f"{more}{explained.verdict}: {printable(explained.way)}{status}"
    if explained.router or explained.transport:
        router = f"router {explained.router}" if explained.router else ""
        transport = f"transport {explained.transport}" if explained.transport else ""
        yield more + ", ".join(word for word in (router, transport) if word)
    if explained.where:
        yield f"{more}said in {printable(explained.where)}"
    for host in explained.hosts:
        yield from (more + line for line in _host_lines(host, stamp))
    for limit in explained.limits:
        yield f"{more}limit: {printable(limit)}"
    if explained.rule:
        yield f"{more}retry rule: {printable(explained.rule)}"
    if explained.hosts:
        now = "when the retry rule says" if explained.verdict == WAITS else "now"
        when = f"not before {stamp(explained.next_try)}" if explained.next_try else now
        yield f"{more}next attempt: {when}"
    for one in explained.onward:
        yield from lines(one, stamp, depth + 1)


def as_plain(explained: Explained) -> dict[str, Any]:
    """For `--json`: times in seconds since the epoch."""
    return {
        "address": explained.address,
        "verdict": explained.verdict,
        "way": explained.way,
        "router": explained.router,
        "transport": explained.transport,
        "where": explained.where,
        "status": explained.status,
        "hosts": [_plain_host(host) for host in explained.hosts],
        "next_try": explained.next_try,
        "rule": explained.rule,
        "limits": list(explained.limits),
        "onward": [as_plain(one) for one in explained.onward],
    }


def hint_lines(hint: HostHint, until: float, stamp: Stamp) -> Iterator[str]:
    """What is remembered of a host that failed."""
    yield f"failing since {stamp(hint.first_failed)}, last tried {stamp(hint.last_tried)}:"
    yield f"    {printable(hint.why)}"
    word = "given up by its retry rule" if hint.is_expired else "in retry"
    when = f"{word}, not asked before {stamp(until)}" if until else f"{word}, may be asked now"
    yield when + (f" ({printable(hint.rule)})" if hint.rule else "")


def plain_hint(hint: HostHint) -> dict[str, Any]:
    return {
        "first_failed": hint.first_failed,
        "last_tried": hint.last_tried,
        "next_try": hint.next_try,
        "why": hint.why,
        "is_expired": hint.is_expired,
        "rule": hint.rule,
    }


def _host_lines(view: HostView, stamp: Stamp) -> Iterator[str]:
    tls = f", TLS {view.tls}" if view.tls else ""
    login = f", login {view.login}" if view.login else ""
    certificate = f", certificate {view.certificate}" if view.certificate else ""
    yield printable(f"host {view.host}{tls}{login}{certificate}")
    if view.trouble:
        yield f"    not called now: {printable(view.trouble)}"
    if view.hint:
        yield from (f"    {line}" for line in hint_lines(view.hint, view.until, stamp))


def _plain_host(view: HostView) -> dict[str, Any]:
    return {
        "host": view.host,
        "tls": view.tls,
        "retry": plain_hint(view.hint) if view.hint else None,
        "not_before": view.until,
        "login": view.login,
        "certificate": view.certificate,
        "trouble": view.trouble,
    }
