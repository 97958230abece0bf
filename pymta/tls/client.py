"""TLS towards another host: what a connection is begun with, and what came of it.

Whether a certificate is good OpenSSL says; which names it covers we ask ourselves, since there may
be several that will do, and Python has room for one.  A common name counts for nothing, only
alternative names do (RFC 9525 s6.3).

Touches: OpenSSL, descriptors.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from pymta.tls.asks import SYSTEM
from pymta.tls.facts import Facts
from pymta.tls.leaf import Leaf, leaf_of
from pymta.tls.peer import peer
from pymta.tls.trouble import TlsError

NO_PROOF, BY_AUTHORITY, BY_DANE = "no", "yes", "dane"


def client_context(
    authorities: str = "", *, anchors: Sequence[bytes] = (), own: bytes = b""
) -> ssl.SSLContext:
    """Who must have vouched for the host: `authorities`, a file or SYSTEM, or one of `anchors`,
    certificates in DER form; neither: nobody.  `own` is what we show when we are asked, as
    `pymta.tls.credentials` reads it.

    TLS 1.2 is the oldest that is spoken, with Python's choice of ciphers.

    Raises OSError where there is no such file, ssl.SSLError, which is one, for what is of no use.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.verify_mode = ssl.CERT_REQUIRED if authorities or anchors else ssl.CERT_NONE
    if anchors:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(cadata=b"".join(anchors))
    elif authorities == SYSTEM:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    elif authorities:
        context.load_verify_locations(authorities)
    if own:
        _show(context, own)
    return context


def begin(sock: socket.socket, context: ssl.SSLContext, name: str) -> ssl.SSLSocket:
    """The socket in place of the given one, before the handshake; `name` is the host's."""
    try:
        return context.wrap_socket(sock, do_handshake_on_connect=False, server_hostname=_sni(name))
    except ValueError as error:  # a name that cannot stand in a handshake
        raise TlsError(str(error)) from None


def shown(tls: ssl.SSLSocket) -> bytes:
    """The host's own certificate, in DER form; b"" for none."""
    return tls.getpeercert(binary_form=True) or b""


def chain(tls: ssl.SSLSocket) -> tuple[bytes, ...]:
    """All that it showed, its own first, whether they are good or not."""
    if get := getattr(tls, "get_unverified_chain", None):  # Python 3.13
        return tuple(get())
    inner: Any = tls._sslobj  # type: ignore[attr-defined]  # noqa: SLF001 - the only way before it
    return tuple(one.public_bytes(_DER) for one in inner.get_unverified_chain() or ())


_DER: Any = ssl._ssl.ENCODING_DER  # type: ignore[attr-defined]  # noqa: SLF001 - see `chain`


def check_names(certificate: bytes, names: Sequence[str]) -> None:
    """Raises TlsError when it covers none of them."""
    found = _leaf(certificate)
    if found and any(found.covers(name.rstrip(".").strip("[]")) for name in names):
        return
    has = ", ".join(found.names[:3]) if found and found.names else "no name"
    raise TlsError(f"its certificate is for {has}, not for {' or '.join(names)}")


def facts_of(tls: ssl.SSLSocket, proof: str) -> Facts:
    agreed = tls.cipher()
    assert agreed
    name, _, bits = agreed
    version = (tls.version() or "").replace("TLSv", "TLS")
    found = tls.getpeercert() if proof == BY_AUTHORITY else None
    leaf = _leaf(shown(tls))
    return Facts(
        version,
        name,
        bits,
        is_resumed=bool(tls.session_reused),
        peer=peer(found) if found else None,
        end_point=leaf.end_point if leaf else b"",
        proof=proof,
    )


def _show(context: ssl.SSLContext, own: bytes) -> None:
    fd = os.memfd_create("pymta-tls")  # as `pymta.tls.context` does it, and why
    try:
        os.write(fd, own)
        context.load_cert_chain(f"/proc/self/fd/{fd}", password="")
    finally:
        os.close(fd)


def _sni(name: str) -> bytes | None:
    """An address is no name to ask for (RFC 6066 s3).  As octets: a text would go through a codec
    that nobody has loaded.
    """
    name = name.rstrip(".")
    return None if name.startswith("[") or not name else name.encode("ascii")


def _leaf(certificate: bytes) -> Leaf | None:
    with suppress(ValueError, IndexError):
        return leaf_of(certificate)
    return None
