"""Get the policy of a domain from its web server: one GET over HTTPS (RFC 8461 s3.3).

The server must prove its name to whom this machine trusts, answer itself (no redirect is followed)
with 200, and be done in time, all of it together, with no more octets than a policy may have.

Touches: sockets, OpenSSL, clock.
"""

from __future__ import annotations

import errno
import io
import os
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPException, HTTPResponse
from typing import Any

from pymta.mail.caller import Address
from pymta.mail.host import Host
from pymta.resolver.answer import Answer, Found
from pymta.tls.mta_sts import LARGEST
from pymta.transport.connect import connect

HTTPS = 443
SECONDS = 20.0  # a worker waits no longer, and the standard allows a minute (s3.3)
MOST_ADDRESSES = 4
_PATH = "/.well-known/mta-sts.txt"


class NoPolicyError(ValueError):
    """There is none to be had.  The argument says why; no stranger has written it."""


@dataclass(frozen=True)
class Fetcher:
    """`addresses` asks the DNS, `context` makes what knows whom this machine trusts."""

    addresses: Callable[[str], Answer[Address]]
    context: Callable[[], ssl.SSLContext] = ssl.create_default_context
    port: int = HTTPS
    seconds: float = SECONDS
    clock: Callable[[], float] = time.monotonic

    def fetch(self, domain: str) -> str:
        """Its text.  Raises NoPolicyError."""
        name = f"mta-sts.{domain}"
        deadline = self.clock() + self.seconds
        found = self.addresses(name)
        if not isinstance(found, Found):
            raise NoPolicyError(f"{name} has no address that we could find")
        why = ""
        for address in found.records[:MOST_ADDRESSES]:
            try:
                return self._fetch(Host(name, address, self.port), deadline)
            except ssl.SSLCertVerificationError as error:
                why = f"certificate of {name}: {error.verify_message}"
            except ssl.SSLError as error:
                why = f"TLS with {name}: {(error.reason or 'failed').lower().replace('_', ' ')}"
            except OSError as error:
                why = f"{name}: {error.strerror or error}"
            except HTTPException as error:
                why = f"{name} speaks no HTTP: {type(error).__name__}"
        raise NoPolicyError(why)

    def _fetch(self, host: Host, deadline: float) -> str:
        with connect(host, self._left(deadline)) as sock:
            sock.settimeout(self._left(deadline))  # of a handshake, and of all that is sent
            with self._trusting.wrap_socket(
                sock, server_hostname=host.name, suppress_ragged_eofs=False
            ) as tls:
                tls.settimeout(self._left(deadline))
                tls.sendall(_request(host.name))
                reader = _Reader(tls, lambda: self._left(deadline))
                return _text(HTTPResponse(reader), host.name)  # type: ignore[arg-type]

    @cached_property
    def _trusting(self) -> ssl.SSLContext:
        """It takes a while to make, and most workers never need it."""
        made = self.context()
        made.hostname_checks_common_name = False  # s3.3: names of hosts only
        made.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # set by some, such as Debian 12's
        return made

    def _left(self, deadline: float) -> float:
        left = deadline - self.clock()
        if left <= 0:
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        return left


class _Reader(io.RawIOBase):
    """A socket as `HTTPResponse` wants it, whose reads share one deadline."""

    def __init__(self, sock: socket.socket, left: Callable[[], float]) -> None:
        self._sock = sock
        self._left = left

    def makefile(self, *_: object) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._left())
        return self._sock.recv_into(buffer)


def _request(name: str) -> bytes:
    lines = (f"GET {_PATH} HTTP/1.1", f"Host: {name}", "Accept: text/plain", "Connection: close")
    return "\r\n".join((*lines, "", "")).encode()


def _text(response: HTTPResponse, name: str) -> str:
    response.begin()
    if response.status != 200:
        raise NoPolicyError(f"{name} answered {response.status}")
    kind = response.headers.get_content_type()
    if kind != "text/plain":
        raise NoPolicyError(f"what {name} has is not of type text/plain")
    data = response.read(LARGEST + 1)
    if response.length and len(data) <= LARGEST:
        raise NoPolicyError(f"what {name} sent was cut off")
    if len(data) > LARGEST:
        raise NoPolicyError(f"what {name} has is larger than {LARGEST} octets")
    return data.decode("utf-8", "replace")
