"""The certificate that we show to those who speak TLS."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from pymta.config.certificate_table import Files, SecretFiles, table
from pymta.config.setting import setting
from pymta.config.units import Host
from pymta.dataclass import dataclass
from pymta.tls.asks import SYSTEM


class Pair(NamedTuple):
    """Names of files or credentials; `key` "" for one in the file of the certificate."""

    certificate: str
    key: str


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
    """Names only, see `secret`; what they name is read at a start, and when it changes (N-23)."""

    tls_certificate: Annotated[Files, SecretFiles("fullchain.pem")] = setting(
        "",
        "Our certificate and those between it and its root, in PEM form: an absolute path, or"
        ' "credential:NAME" for what systemd hands over; empty: no TLS.  For several, a table by'
        ' names that clients ask for, addresses of ours and roles of sockets, and "*" for all'
        " others.",
    )
    tls_privatekey: Annotated[Files, SecretFiles("privkey.pem")] = setting(
        "",
        "Its key, not encrypted, named in the same way; empty: in the file of the certificate.  For"
        " several, a table with the same entries.",
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

    tls_require_ciphers: str = setting(
        "",
        "Ciphers of TLS 1.2 that may be used, as ciphers(1) writes them; empty: those with forward"
        " secrecy and without SHA-1.  TLS 1.3 has its own.",
    )

    @property
    def pairs(self) -> dict[str, Pair]:
        """Certificate and key, by who is to see them; none: no TLS."""
        keys = table(self.tls_privatekey)
        common = self.tls_privatekey if isinstance(self.tls_privatekey, str) else ""
        return {
            entry: Pair(file, keys.get(entry, common))
            for entry, file in table(self.tls_certificate).items()
        }

    @property
    def authorities(self) -> str:
        """As `pymta.tls.context` wants it; "" where no client is asked."""
        asks = self.tls_verify_hosts or self.tls_try_verify_hosts
        return self.tls_verify_certificates if asks else ""
