"""What both sides of a TLS connection have agreed on."""

from __future__ import annotations

from pymta.dataclass import dataclass
from pymta.tls.cipher_name import standard_name
from pymta.tls.peer import Peer


@dataclass(frozen=True, slots=True)
class Facts:
    """`version` is written ``TLS1.3``; `cipher` is OpenSSL's name, and `bits` its strength.

    `is_resumed`: the client went on with a session that it had before, of whichever worker.
    `sni` is the name that it asked for, made safe, "" for none (RFC 6066 s3).
    `peer` is whom its certificate names; None where it showed none that is good.
    `end_point` binds a login to our own certificate: tls-server-end-point (RFC 5929 s4), b"" where
    that is not defined; towards another host, to its certificate.  `proof` is by what a host proved
    its name, ``yes`` for authorities that we trust, ``dane``, or ``no``; "" for a client.
    """

    version: str
    cipher: str
    bits: int
    is_resumed: bool = False
    sni: str = ""
    peer: Peer | None = None
    end_point: bytes = b""
    proof: str = ""

    @property
    def text(self) -> str:
        """As the classic log has it: ``TLS1.3:TLS_AES_256_GCM_SHA384:256``."""
        return f"{self.version}:{self.cipher}:{self.bits}"

    @property
    def clause(self) -> str:
        """For a Received field (RFC 8314 s4.3), with the version in front as Exim writes it."""
        return f"({self.version}) tls {standard_name(self.cipher)}"
