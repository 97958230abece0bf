"""The certificate that we show to those who speak TLS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pymta.config.secret import SecretFile
from pymta.config.setting import setting
from pymta.config.units import Host
from pymta.tls.asks import SYSTEM


class AuthoritiesFile:
    """Marks a file of certificates; it is no secret."""

    def check(self, value: str) -> str:
        if value != SYSTEM and not (value.startswith("/") and value.isprintable()):
            raise ValueError(
                f'want "{SYSTEM}" or an absolute path, such as "/etc/pymta/clients.pem"'
            )
        return value


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
    tls_verify_hosts: tuple[Host, ...] = setting(
        (),
        "Hosts that must show a certificate of their own that is good, or there is no TLS with"
        " them.",
    )
    tls_try_verify_hosts: tuple[Host, ...] = setting(
        (),
        "Hosts that are asked for one.  They need not have any, but who shows one that is not good"
        " gets no TLS; so name those that you know.",
    )
    tls_verify_certificates: Annotated[str, AuthoritiesFile()] = setting(
        SYSTEM,
        "Who vouches for these certificates: the absolute path of a file in PEM form, or"
        ' "system" for whom this machine trusts.',
    )

    @property
    def authorities(self) -> str:
        """As `pymta.tls.context` wants it; "" where no client is asked."""
        asks = self.tls_verify_hosts or self.tls_try_verify_hosts
        return self.tls_verify_certificates if asks else ""
