"""On what terms a host is spoken to: how much TLS, and as whom."""

from __future__ import annotations

from pymta.dataclass import dataclass
from pymta.mail.login import Login, OwnCertificate
from pymta.transport.tls_need import WHERE_OFFERED, Level, Need


@dataclass(frozen=True, slots=True)
class Terms:
    """`tls_on_connect`: TLS begins before the greeting (RFC 8314 s3.3).  `own` is shown to a host
    that asks for a certificate.
    """

    need: Need = WHERE_OFFERED
    login: Login | None = None
    tls_on_connect: bool = False
    own: OwnCertificate | None = None

    @property
    def key(self) -> str:
        """Under which hints remember what a host would not do, "" for what any host does."""
        need = self.need
        words = [need.level.word] if need.level > Level.MAY else []
        words += ["requiretls"] if need.asks_requiretls else []
        words += [f"login {self.login.name}"] if self.login else []
        words += [f"certificate {self.own.certificate}"] if self.own else []
        return " ".join(words)


USUAL = Terms()
