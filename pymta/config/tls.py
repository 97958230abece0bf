"""The certificate that we show to those who speak TLS."""

from __future__ import annotations

from dataclasses import dataclass

from pymta.config.setting import setting


@dataclass(frozen=True, slots=True)
class Tls:
    """Names of files only; what is in them is read when a daemon starts (N-23)."""

    tls_certificate: str = setting(
        "",
        "File with our certificate and those between it and its root, in PEM form; empty: no TLS.",
    )
    tls_privatekey: str = setting(
        "", "File with its key, not encrypted; empty: in the file of the certificate."
    )
