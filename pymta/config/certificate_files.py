"""The certificate and the key that the settings name, read; or which setting is of no use, and why.

Touches: disk, OpenSSL.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from pymta.config.secret import TLS_DIRECTORY, credential, missing, path_of
from pymta.config.tls import Tls
from pymta.tls import credentials
from pymta.tls.asks import SYSTEM
from pymta.tls.context import check_authorities
from pymta.tls.credentials import CredentialsError


class CertificateError(Exception):
    """`key` is the setting to blame, `value` what it says; `is_denied`: we may not read that."""

    def __init__(self, key: str, value: str, why: str, *, is_denied: bool = False) -> None:
        super().__init__(f"{value}: {why}")
        self.key = key
        self.value = value
        self.why = why
        self.is_denied = is_denied


def read_certificate(tls: Tls, directory: str) -> bytes:
    """The text for `pymta.tls.context`; `directory` is where systemd has put credentials, or "".

    Raises CertificateError.
    """
    _check_authorities(tls)
    certificate = _path("tls_certificate", tls.tls_certificate, directory)
    key = _path("tls_privatekey", tls.tls_privatekey, directory)
    try:
        return credentials.read(certificate, key)
    except CredentialsError as error:
        is_of_key = error.is_of_key and bool(key)
        name = "tls_privatekey" if is_of_key else "tls_certificate"
        value = tls.tls_privatekey if is_of_key else tls.tls_certificate
        why = _why_missing(value) if error.is_missing else ""
        raise CertificateError(name, value, why or error.why, is_denied=error.is_denied) from error


def _check_authorities(tls: Tls) -> None:
    """Those who vouch for clients; not asked where no client is."""
    if tls.authorities in {"", SYSTEM}:
        return
    try:
        check_authorities(tls.authorities)
    except OSError as error:
        why = "holds no certificate; want some in PEM form"
        if not isinstance(error, ssl.SSLError):
            why = f"cannot be read: {error.strerror}"
        key = "tls_verify_certificates"
        raise CertificateError(key, tls.tls_verify_certificates, why) from None


def _path(key: str, value: str, directory: str) -> str:
    try:
        return path_of(value, directory)
    except ValueError as error:
        raise CertificateError(key, value, str(error)) from None


def _why_missing(value: str) -> str:
    name = credential(value)
    return missing(name, has_source_directory=Path(TLS_DIRECTORY).is_dir()) if name else ""
