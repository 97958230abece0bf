"""Certificate and key, read from their files; or what is wrong, with which of them.

The text that comes out has what a server needs and nothing else of what the files hold: the key
first, then the certificates in their order.  It is a secret: it goes into no file, no log, no
argument of a program.

Who may read the files is not judged here: systemd shows a credential as a file of root.

Touches: disk, OpenSSL.
"""

from __future__ import annotations

import os
import re
import ssl
import stat
from collections.abc import Iterator

from pymta.tls.context import server_context

_LARGEST = 1 << 20  # bytes; a long chain has 10 000
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)
_CERTIFICATE = b"CERTIFICATE"
_KEY = b"PRIVATE KEY"
# What OpenSSL calls a key that is another certificate's.
_STRANGERS = {"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED"}


class CredentialsError(Exception):
    """One of the two files is of no use; `is_of_key` says which, `is_denied` that we may not read
    it, `is_missing` that it is not there.
    """

    def __init__(
        self,
        path: str,
        why: str,
        *,
        is_of_key: bool = False,
        is_denied: bool = False,
        is_missing: bool = False,
    ) -> None:
        super().__init__(f"{path}: {why}")
        self.why = why
        self.is_of_key = is_of_key
        self.is_denied = is_denied
        self.is_missing = is_missing


def read(certificate: str, key: str) -> bytes:
    """The text for `server_context`; `key` "" means that it stands in the certificate's file.

    Raises CredentialsError, also when OpenSSL would not take them.
    """
    chain = [text for name, text in _blocks(certificate) if name == _CERTIFICATE]
    if not chain:
        raise CredentialsError(certificate, "holds no certificate; want one in PEM form")
    for number, text in enumerate(chain, 1):
        _check_certificate(certificate, number, text)
    pem = b"\n".join([_key(key or certificate), *chain, b""])
    try:
        server_context(pem)
    except ssl.SSLError as error:
        raise _refused(error, certificate, key or certificate) from None
    return pem


def _key(path: str) -> bytes:
    keys = [text for name, text in _blocks(path, is_of_key=True) if name.endswith(_KEY)]
    if not keys:
        raise CredentialsError(path, "holds no private key; want one in PEM form", is_of_key=True)
    if b"ENCRYPTED" in keys[0]:
        why = "the key is encrypted, and nobody is there to be asked; want one that is not"
        raise CredentialsError(path, why, is_of_key=True)
    return keys[0]


def _check_certificate(path: str, number: int, text: bytes) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_verify_locations(cadata=text.decode("ascii", "replace"))
    except ssl.SSLError:
        raise CredentialsError(path, f"certificate {number} in it is damaged") from None


def _refused(error: ssl.SSLError, certificate: str, key: str) -> CredentialsError:
    if error.reason in _STRANGERS:
        why = f"the key does not belong to the certificate in {certificate}"
        return CredentialsError(key, why, is_of_key=True)
    if not error.reason:
        return CredentialsError(key, "the key is damaged", is_of_key=True)
    words = error.reason.lower().replace("_", " ")
    return CredentialsError(certificate, f"OpenSSL does not take it: {words}")


def _blocks(path: str, *, is_of_key: bool = False) -> Iterator[tuple[bytes, bytes]]:
    """The PEM blocks of a file: what each says it is, and its text."""
    try:
        data = _contents(path)
    except PermissionError as error:
        why = f"cannot be read by uid {os.geteuid()}: {error.strerror}"
        raise CredentialsError(path, why, is_of_key=is_of_key, is_denied=True) from None
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
        is_missing = isinstance(error, FileNotFoundError)
        raise CredentialsError(path, why, is_of_key=is_of_key, is_missing=is_missing) from None
    return ((match[1], match[0]) for match in _BLOCK.finditer(data))


def _contents(path: str) -> bytes:
    """Of a plain file; nothing else can be waited for here, or has an end for certain."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(0, "it is no file")
        return os.read(fd, _LARGEST)
    finally:
        os.close(fd)
