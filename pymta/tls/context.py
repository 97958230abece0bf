"""What all connections of one generation have in common: certificate, protocols, ticket keys.

It is made before the first fork.  So every worker has the same ticket keys, and a client that
comes back resumes its session whichever of them it meets; and no worker reads a key.

TLS 1.2 is the oldest that is spoken (RFC 8996).  Its ciphers are Python's choice, and a good one:
forward secrecy only, nothing with SHA-1, our order before the client's.

Touches: OpenSSL, descriptors.
"""

from __future__ import annotations

import os
import ssl

from pymta.tls.asks import SYSTEM


def check_authorities(file: str) -> None:
    """Raises OSError when it is not there, ssl.SSLError, which is one, when it is of no use."""
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(file)


def check_ciphers(ciphers: str) -> None:
    """Raises ssl.SSLError when it means none."""
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).set_ciphers(ciphers)


def server_context(pem: bytes, authorities: str = "", ciphers: str = "") -> ssl.SSLContext:
    """For a certificate, its chain and its key in one text; see `credentials`.

    `authorities` is a file of those who vouch for clients, SYSTEM for those of this machine, ""
    where no client is asked for a certificate.  `ciphers` are those of TLS 1.2 in the words of
    OpenSSL, "" for the usual ones.

    Raises ssl.SSLError when they are not that or do not belong together, OSError when there is no
    such file.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION  # CVE-2009-3555, and it costs us more than them
    if ciphers:
        context.set_ciphers(ciphers)
    # OpenSSL reads files only.  This one has no name, and nobody else sees it.
    fd = os.memfd_create("pymta-tls")
    try:
        os.write(fd, pem)
        # Without a password OpenSSL would ask the terminal for one.
        context.load_cert_chain(f"/proc/self/fd/{fd}", password="")
    finally:
        os.close(fd)
    if authorities == SYSTEM:
        context.load_default_certs(ssl.Purpose.CLIENT_AUTH)
    elif authorities:
        context.load_verify_locations(authorities)
    return context
