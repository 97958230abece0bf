"""The certificates and keys that the settings name, read; or which of them are of no use, and why.

Touches: disk, OpenSSL.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import field
from pathlib import Path

from pymta.config.certificate_table import is_name
from pymta.config.secret import TLS_DIRECTORY, credential, missing, path_of
from pymta.config.smarthosts import Tables, own_certificate
from pymta.config.tls import Pair, Tls
from pymta.dataclass import dataclass
from pymta.tls import credentials
from pymta.tls.asks import SYSTEM
from pymta.tls.context import check_authorities, check_ciphers
from pymta.tls.credentials import CredentialsError
from pymta.tls.expiry import expiry
from pymta.tls.leaf import leaf
from pymta.tls.which import EVERYBODY


class CertificateError(Exception):
    """`key` is the setting to blame, `value` what it says; `is_denied`: we may not read that."""

    def __init__(self, key: str, value: str, why: str, *, is_denied: bool = False) -> None:
        super().__init__(f"{value}: {why}")
        self.key = key
        self.value = value
        self.why = why
        self.is_denied = is_denied


@dataclass(frozen=True, slots=True)
class Found:
    """`texts` are for `pymta.tls.certificates`, by entry; `errors` are of the others."""

    texts: dict[str, bytes] = field(default_factory=dict)
    errors: tuple[CertificateError, ...] = ()


def read_certificates(tls: Tls, directory: str | None) -> Found:
    """`directory` is where systemd has put credentials, "" when it has not; None: they are for
    another process than us, and entries that name some are passed over.
    """
    texts: dict[str, bytes] = {}
    errors = [*_ciphers(tls), *_authorities(tls)]
    for entry, pair in tls.pairs.items():
        if directory is None and any(map(credential, pair)):
            continue
        try:
            text = read_pair(pair, directory or "")
            _check_name(entry, pair, text)
            texts[entry] = text
        except CertificateError as error:
            errors.append(error)
    return Found(texts, tuple(errors))


def read_pair(pair: Pair, directory: str) -> bytes:
    """The text of one certificate with its key; `directory` as above.  Raises CertificateError."""
    certificate = _path("tls_certificate", pair.certificate, directory)
    key = _path("tls_privatekey", pair.key, directory)
    try:
        return credentials.read(certificate, key)
    except CredentialsError as error:
        is_of_key = error.is_of_key and bool(key)
        name = "tls_privatekey" if is_of_key else "tls_certificate"
        value = pair.key if is_of_key else pair.certificate
        why = _why_missing(value) if error.is_missing else ""
        raise CertificateError(name, value, why or error.why, is_denied=error.is_denied) from error


def read_own(tables: Tables, directory: str | None) -> dict[str, bytes | CertificateError]:
    """Those that smarthosts are shown, by the names of their tables; `directory` as above."""
    found: dict[str, bytes | CertificateError] = {}
    for name, table in tables.items():
        own = own_certificate(table)
        if own is None or (directory is None and any(map(credential, (own.certificate, own.key)))):
            continue
        try:
            found[name] = read_pair(Pair(own.certificate, own.key), directory or "")
        except CertificateError as error:
            found[name] = error
    return found


def own_dates(tables: Tables, directory: str | None, now: float) -> Iterator[str]:
    """As `dates`, of those."""
    own = read_own(tables, directory).items()
    texts = {f"smarthosts.{name}": text for name, text in own if isinstance(text, bytes)}
    yield from dates(texts, now)


def dates(texts: Mapping[str, bytes], now: float) -> Iterator[str]:
    """What an operator should know of those that are good no more, not yet, or not for long."""
    for entry, text in texts.items():
        with suppress(ValueError):  # one that OpenSSL takes and we cannot read
            if words := expiry(leaf(text), now):
                where = "" if entry == EVERYBODY else f" for {entry}"
                yield f"certificate{where} {words}"


def files_of(tls: Tls, directory: str) -> tuple[str, ...]:
    """The paths of certificates and keys; `directory` as above."""
    names = {name for pair in tls.pairs.values() for name in pair if name}
    paths = [path_of(name, directory) for name in names if directory or not credential(name)]
    return tuple(sorted(paths))


def _check_name(entry: str, pair: Pair, text: bytes) -> None:
    """Who asks for a name would refuse a certificate of another; what cannot be read is let be."""
    if not is_name(entry):
        return
    try:
        found = leaf(text)
    except ValueError:
        return
    if not found.covers(entry):
        names = ", ".join(found.names) or "no name at all"
        why = f"the certificate for {entry} is for {names}"
        raise CertificateError("tls_certificate", pair.certificate, why)


def _ciphers(tls: Tls) -> Iterator[CertificateError]:
    if not tls.tls_require_ciphers:
        return
    try:
        check_ciphers(tls.tls_require_ciphers)
    except ssl.SSLError:
        why = 'OpenSSL knows no such cipher; want a list as in ciphers(1), such as "ECDHE+AESGCM"'
        yield CertificateError("tls_require_ciphers", tls.tls_require_ciphers, why)


def _authorities(tls: Tls) -> Iterator[CertificateError]:
    """Those who vouch for clients; not asked where no client is."""
    if tls.authorities in {"", SYSTEM}:
        return
    try:
        check_authorities(tls.authorities)
    except OSError as error:
        why = "holds no certificate; want some in PEM form"
        if not isinstance(error, ssl.SSLError):
            why = f"cannot be read: {error.strerror}"
        yield CertificateError("tls_verify_certificates", tls.tls_verify_certificates, why)


def _path(key: str, value: str, directory: str) -> str:
    try:
        return path_of(value, directory)
    except ValueError as error:
        raise CertificateError(key, value, str(error)) from None


def _why_missing(value: str) -> str:
    name = credential(value)
    return missing(name, has_source_directory=Path(TLS_DIRECTORY).is_dir()) if name else ""
