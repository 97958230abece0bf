"""The certificate that we show to those who speak TLS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pymta.config.secret import SecretFile
from pymta.config.setting import setting


@dataclass(frozen=True, slots=True)
class Tls:
    """Names only, see `secret`; what they name is read when a daemon starts (N-23)."""

    tls_certificate: Annotated[str, SecretFile("fullchain.pem")] = setting(
        "",
        "Our certificate and those between it and its root, in PEM form: an absolute path, or"
        ' "credential:NAME" for what systemd hands over; empty: no TLS.',
    )
    tls_privatekey: Annotated[str, SecretFile("privkey.pem")] = setting(
        "",
        "Its key, not encrypted, named in the same way; empty: in the file of the certificate.",
    )
