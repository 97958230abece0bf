"""What the host says of its clock, its name servers, its journal and its other mail programs.

Touches: sockets, disk, clock, kernel.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pymta
from pymta.config.routing import Routing
from pymta.config.settings import Settings
from pymta.doctor.ask_kernel import is_listening, who_listens
from pymta.doctor.machine import LOCAL_SOCKET, Clock, Dns, Machine, NameServer
from pymta.mail.caller import Address
from pymta.resolver.answer import Answer, Failed, Found, Nothing
from pymta.resolver.query import Resolver

ONE_ANSWER = 3  # seconds; whoever delivers mail does not wait much longer
MOST_SERVERS = 3  # that resolv.conf(5) takes
RESOLV_CONF = Path("/etc/resolv.conf")
SENDMAIL = Path("/usr/sbin/sendmail")
_TIMEX = 512  # bytes: more than struct timex of adjtimex(2) has anywhere
_NOT_SYNCHRONIZED = 5  # TIME_ERROR, what it answers then
_JOURNALD = Path("/run/systemd/journal/socket")
_PERSISTENT = Path("/var/log/journal")


def ask_machine(settings: Settings, *, is_ours: bool) -> Machine:
    """`is_ours`: a daemon or a socket unit of ours has port 25, or should not."""
    stranger = "" if is_ours else who_listens(25)
    return Machine(
        _clock(),
        _dns(settings.routing),
        _is_persistent(),
        sendmail=str(SENDMAIL.resolve()) if SENDMAIL.exists() else "",
        takes_local_mail=is_listening(LOCAL_SOCKET),
        stranger="" if stranger.startswith("systemd,") else stranger,
    )


def _clock() -> Clock:
    built = Path(pymta.__file__).stat().st_mtime
    return Clock(time.time(), built, is_synchronized=_is_synchronized())


def _is_synchronized() -> bool:
    """What the kernel knows of it; a kernel that does not tell is believed."""
    libc = ctypes.CDLL(None, use_errno=True)
    # All zeros asks, and changes nothing.
    return int(libc.adjtimex(ctypes.create_string_buffer(_TIMEX))) != _NOT_SYNCHRONIZED


def _is_persistent() -> bool | None:
    if not _JOURNALD.exists():
        return None
    machine = Path("/etc/machine-id")
    name = machine.read_text().strip() if machine.exists() else ""
    return bool(name) and (_PERSISTENT / name).is_dir()


def _dns(routing: Routing) -> Dns:
    names = routing.dns_servers or tuple(servers_of(_resolv_conf()))
    asked = [_ask(routing, name) for name in names]
    answer = next((found for server, found in asked if server.seconds is not None), None)
    found = Dns(tuple(server for server, _ in asked), answer or Nothing())
    usable = [name for name, (server, _) in zip(names, asked, strict=True) if server.seconds]
    if not usable or not isinstance(found.own, Found):
        return found
    resolver = Resolver(_asking(routing, usable[0]))
    resolver.start_budget(ONE_ANSWER)
    public = [address for address in found.own.records if address.is_global]
    return replace(found, reverse=tuple((one, resolver.names(one)) for one in public))


def _ask(routing: Routing, server: str) -> tuple[NameServer, Answer[Address]]:
    began = time.monotonic()
    answer = Resolver(_asking(routing, server)).addresses(routing.primary_hostname)
    took = time.monotonic() - began
    if isinstance(answer, Failed):
        return NameServer(server, None, answer.why), answer
    return NameServer(server, took), answer


def _asking(routing: Routing, server: str) -> Routing:
    written = f"[{server}]" if server.count(":") > 1 and not server.startswith("[") else server
    return replace(routing, dns_servers=(written,), dns_timeout=ONE_ANSWER)


def _resolv_conf() -> str:
    try:
        return RESOLV_CONF.read_text(errors="replace")
    except OSError:
        return ""


def servers_of(text: str) -> Iterator[str]:
    """Addresses of name servers in resolv.conf(5), as `dns_servers` has them."""
    found = (line.split() for line in text.splitlines())
    names = [words[1] for words in found if len(words) > 1 and words[0] == "nameserver"]
    yield from (name.partition("%")[0] for name in names[:MOST_SERVERS])
