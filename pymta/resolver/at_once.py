"""Ask for the addresses of many names at once, as lists of good and bad clients want it.

One time for all of them together, one socket, one packet each: a list whose server is down costs
no more than the one that answers last.  A server that does not answer is asked no more after
`ONE_TRY`, and the next one gets what is still open.  Answers are hostile input: only what fits a
question of ours, from whom we asked, counts; their number is bounded.

Touches: sockets, clock.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, ip_address

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdtypes.IN.A

from pymta.config.addresses import is_host_name
from pymta.resolver.answer import Answer, Failed, Found, NoSuchDomain, Nothing

MOST_RECORDS = 16  # of one answer
ONE_TRY = 1.5  # seconds
LARGEST = 4096  # octets of an answer

Server = tuple[str, int]  # address, port
Listed = Answer[IPv4Address]


def ask_at_once(
    names: Iterable[str],
    servers: Iterable[Server],
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, Listed]:
    """An answer for each name.  Nothing raises."""
    wanted = dict.fromkeys(names)
    answers: dict[str, Listed] = {
        name: Failed("name servers did not answer in time")
        if is_host_name(name)
        else NoSuchDomain()
        for name in wanted
    }
    deadline = clock() + seconds
    open_names = [name for name in wanted if is_host_name(name)]
    for server in servers:
        if open_names and clock() < deadline:
            until = min(deadline, clock() + ONE_TRY)
            answers |= _ask(open_names, server, until, clock)
            open_names = [name for name in open_names if isinstance(answers[name], Failed)]
    return answers


def _ask(
    names: list[str], server: Server, until: float, clock: Callable[[], float]
) -> dict[str, Listed]:
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sock:
        try:
            sock.connect(server)
            return _exchange(sock, names, until, clock)
        except OSError as error:
            why = Failed(f"no answer from a name server: {error.strerror}")
            return dict.fromkeys(names, why)


def _exchange(
    sock: socket.socket, names: list[str], until: float, clock: Callable[[], float]
) -> dict[str, Listed]:
    asked: dict[int, tuple[str, dns.message.QueryMessage]] = {}
    for name in names:
        query = dns.message.make_query(name, "A")
        while query.id in asked:
            query = dns.message.make_query(name, "A")
        asked[query.id] = name, query
        sock.send(query.to_wire())
    answers: dict[str, Listed] = {}
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    while asked and (left := until - clock()) > 0:
        if poll.poll(1000 * left) and (found := _read(sock.recv(LARGEST), asked)):
            name, answer = found
            answers[name] = answer
    return answers


def _read(
    data: bytes, asked: dict[int, tuple[str, dns.message.QueryMessage]]
) -> tuple[str, Listed] | None:
    """What answers a question of ours; that question is open no more."""
    try:
        reply = dns.message.from_wire(data, ignore_trailing=True, raise_on_truncation=False)
    except (dns.exception.DNSException, ValueError):
        return None
    name, query = asked.get(reply.id, ("", None))
    if query is None or not query.is_response(reply):
        return None
    del asked[reply.id]
    return name, _meaning(reply)


def _meaning(reply: dns.message.Message) -> Listed:
    match reply.rcode():
        case dns.rcode.NXDOMAIN:
            return NoSuchDomain()
        case dns.rcode.NOERROR:
            pass
        case other:
            return Failed(f"a name server said {dns.rcode.to_text(other)}")
    found = [
        address
        for rrset in reply.answer
        for record in rrset
        if isinstance(record, dns.rdtypes.IN.A.A)
        and isinstance(address := ip_address(record.address), IPv4Address)
    ]
    if found:
        return Found(tuple(sorted(found[:MOST_RECORDS])))
    return Failed("an answer was cut off") if reply.flags & dns.flags.TC else Nothing()
