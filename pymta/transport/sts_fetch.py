"""Get the policy of a domain from its web server: one GET over HTTPS (RFC 8461 s3.3).

The server must prove its name to whom this machine trusts, answer itself (no redirect is followed)
with 200, and be done in time, all of it together, with no more octets than a policy may have.

Touches: sockets, OpenSSL, clock.
"""

from __future__ import annotations

import errno
import os
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from pymta.mail.caller import Address
from pymta.mail.host import Host
from pymta.resolver.answer import Answer, Found
from pymta.tls.mta_sts import LARGEST
from pymta.transport.connect import connect
from pymta.transport.http_answer import Head, NoHttpError, read_head

HTTPS = 443
SECONDS = 20.0  # a worker waits no longer, and the standard allows a minute (s3.3)
MOST_ADDRESSES = 4
BLOCK = 16_384  # octets
MOST_OCTETS = 4 * LARGEST  # with the head, and whatever stands around chunks
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
            except NoHttpError as error:
                why = f"{name} speaks no HTTP: {error}"
        raise NoPolicyError(why)

    def _fetch(self, host: Host, deadline: float) -> str:
        with connect(host, self._left(deadline)) as sock:
            sock.settimeout(self._left(deadline))  # of a handshake, and of all that is sent
            with self._trusting.wrap_socket(
                sock, server_hostname=host.name, suppress_ragged_eofs=False
            ) as tls:
                tls.settimeout(self._left(deadline))
                tls.sendall(_request(host.name))
                return self._text(tls, host.name, deadline)

    def _text(self, tls: ssl.SSLSocket, name: str, deadline: float) -> str:
        """The whole answer may take until the deadline."""
        octets, is_over = b"", False
        while True:
            head = read_head(octets)
            if head and (text := _whole(head, octets, name, is_over=is_over)) is not None:
                return text.decode("utf-8", "replace")
            if is_over:
                raise NoPolicyError(f"{name} closed connection without response")
            tls.settimeout(self._left(deadline))
            more = tls.recv(BLOCK)
            octets, is_over = octets + more, not more

    @cached_property
    def _trusting(self) -> ssl.SSLContext:
        """It takes a while to make, and most workers never need it."""
        made = self.context()
        made.hostname_checks_common_name = False  # s3.3: names of hosts only
        return made

    def _left(self, deadline: float) -> float:
        left = deadline - self.clock()
        if left <= 0:
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        return left


def _request(name: str) -> bytes:
    lines = (f"GET {_PATH} HTTP/1.1", f"Host: {name}", "Accept: text/plain", "Connection: close")
    return "\r\n".join((*lines, "", "")).encode()


def _whole(head: Head, octets: bytes, name: str, *, is_over: bool) -> bytes | None:
    """The text, None while there is more to come.  Raises NoPolicyError and NoHttpError."""
    if head.status != 200:
        raise NoPolicyError(f"{name} answered {head.status}")
    if head.kind != "text/plain":
        raise NoPolicyError(f"what {name} has is not of type text/plain")
    text, is_whole = head.body(octets)
    if len(text) > LARGEST or len(octets) > MOST_OCTETS:
        raise NoPolicyError(f"what {name} has is larger than {LARGEST} octets")
    if is_over and not is_whole and (head.is_chunked or head.length is not None):
        raise NoPolicyError(f"what {name} sent was cut off")
    return text if is_whole or is_over else None
