"""Who we are at a host that takes mail for others, such as that of a provider."""

from __future__ import annotations

from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Login:
    """`secret` names what holds the password (`pymta.config.secret`), and is never the password.

    It is read when it is used, so a new password needs no reload.  `mechanisms` are those that may
    be used, the best first; none: whichever the host offers of PLAIN, LOGIN and SCRAM.
    `may_go_in_clear`: also where nothing keeps others from reading along.
    """

    name: str
    secret: str
    mechanisms: tuple[str, ...] = ()
    may_go_in_clear: bool = False


@dataclass(frozen=True, slots=True)
class OwnCertificate:
    """What a host is shown that asks for a certificate.

    Both name a file or a credential, and `key` is "" where it stands in that of the certificate.
    They are read when they are used, as a password is.
    """

    certificate: str
    key: str = ""
