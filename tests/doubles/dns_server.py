"""A small name server on loopback, over UDP and TCP, that answers from a table.

    with DnsServer({("example.org", "MX"): ["10 mx.example.org."]}) as server:
        ... ask 127.0.0.1:server.port ...; server.asked says what was

A name that stands in no row does not exist; with other kinds only, it has no such record.  In
place of a list of records stand SERVFAIL, SILENCE and GARBAGE; a CNAME row is followed within the
table unless `follows_aliases` is false; a name in `truncated` comes whole over TCP only.
Of what is below a name in `signed`, who asks for it hears that it was validated, as a resolver
would say it (AD); see `tests.doubles.peers` for real ones.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Self

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

SERVFAIL = "SERVFAIL"
SILENCE = "SILENCE"
GARBAGE = "GARBAGE"

Zone = Mapping[tuple[str, str], list[str] | str]


class DnsServer:
    def __init__(
        self,
        zone: Zone,
        *,
        truncated: Iterable[str] = (),
        signed: Iterable[str] = (),
        follows_aliases: bool = True,
        family: int = socket.AF_INET,
        port: int = 0,
    ) -> None:
        self.zone = {(name.lower(), kind): rows for (name, kind), rows in zone.items()}
        self.truncated = set(truncated)
        self.signed = tuple(signed)
        self.follows_aliases = follows_aliases
        self.asked: list[tuple[str, str, str]] = []  # name, kind, "udp" or "tcp"
        self.address = "127.0.0.1" if family == socket.AF_INET else "::1"
        self._stop, self._stopped = socket.socketpair()
        self._udp, self._tcp = _bind_both(family, self.address, port)
        self.port: int = self._udp.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def setting(self) -> str:
        """As an item of dns_servers."""
        return f"{self.address}:{self.port}" if ":" not in self.address else f"[::1]:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.close()
        self._thread.join(10)
        for sock in (self._udp, self._tcp, self._stopped):
            sock.close()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            for sock in (self._udp, self._tcp, self._stopped):
                selector.register(sock, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in selector.select()]
                if self._stopped in ready:
                    return
                if self._udp in ready:
                    self._serve_udp()
                if self._tcp in ready:
                    self._serve_tcp()

    def _serve_udp(self) -> None:
        packet, who = self._udp.recvfrom(65_535)
        answer = self._answer(packet, "udp")
        if answer:
            self._udp.sendto(answer, who)

    def _serve_tcp(self) -> None:
        conn, _ = self._tcp.accept()
        with conn, contextlib.suppress(OSError):
            conn.settimeout(5)
            size = int.from_bytes(_read(conn, 2), "big")
            answer = self._answer(_read(conn, size), "tcp")
            conn.sendall(len(answer).to_bytes(2, "big") + answer)

    def _answer(self, packet: bytes, way: str) -> bytes:
        query = dns.message.from_wire(packet)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind, way))
        reply = dns.message.make_response(query, recursion_available=True)
        match self.zone.get((name, kind)):
            case "SERVFAIL":
                reply.set_rcode(dns.rcode.SERVFAIL)
            case "SILENCE":
                return b""
            case "GARBAGE":
                return packet[:2] + b"\xff" * 7
            case _:
                self._fill(reply, name, kind)
        names = [name, *(rrset.name.to_text(omit_final_dot=True) for rrset in reply.answer)]
        if query.flags & dns.flags.AD and all(map(self._is_signed, names)):
            reply.flags |= dns.flags.AD
        if way == "udp" and name in self.truncated:
            reply.answer.clear()
            reply.flags |= dns.flags.TC
        return reply.to_wire(max_size=65_535)

    def _fill(self, reply: dns.message.Message, name: str, kind: str) -> None:
        while rows := self.zone.get((name, "CNAME")):
            assert isinstance(rows, list)
            reply.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "CNAME", rows[0]))
            name = rows[0].rstrip(".").lower()
            if not self.follows_aliases:
                return
        rows = self.zone.get((name, kind))
        if isinstance(rows, list):
            reply.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, *rows))
        elif not self._knows(name):
            reply.set_rcode(dns.rcode.NXDOMAIN)

    def _is_signed(self, name: str) -> bool:
        return any(f".{name}".endswith(f".{zone}") for zone in self.signed)

    def _knows(self, name: str) -> bool:
        return any(known == name for known, _ in self.zone)


def _bind_both(family: int, address: str, port: int) -> tuple[socket.socket, socket.socket]:
    """UDP and TCP on one port; 0: a free one."""
    while True:
        tcp = socket.create_server((address, port), family=family)
        udp = socket.socket(family, socket.SOCK_DGRAM)
        try:
            udp.bind((address, tcp.getsockname()[1]))
        except OSError:
            tcp.close()
            udp.close()
            if port:
                raise
        else:
            return udp, tcp


def _read(conn: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = conn.recv(size - len(data))
        if not more:
            raise ConnectionResetError
        data += more
    return data
