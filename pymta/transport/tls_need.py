"""How much TLS a message owes to one host, and on whose word.

    NONE       in clear, whatever the host offers
    MAY        TLS where it can be had, in clear otherwise (RFC 7435)
    MUST       TLS, with whatever certificate: who only listens hears nothing
    VERIFIED   a certificate that an authority of ours vouches for and that names the host
    DANE       one that the zone of the host vouches for by TLSA records (RFC 7672)

Each is safer than the one before.  What is asked for and cannot be had is trouble of the host,
never of the message: it waits, and no word of it is said there.

The need of a host is found for each connection afresh: settings, TLSA records and policies change
while a message waits.  Then the message has its word: REQUIRETLS raises the need, and who wrote
"TLS-Required: No" waives what the receiving side asks for, not what an operator of ours does
(RFC 8689 s4.2).
"""

from __future__ import annotations

from dataclasses import replace
from enum import IntEnum

from pymta.dataclass import dataclass
from pymta.tls.dane import Tlsa


class Level(IntEnum):
    NONE = 0
    MAY = 1
    MUST = 2
    VERIFIED = 3
    DANE = 4

    @property
    def word(self) -> str:
        """As settings, logs and answers to operators have it."""
        return _WORDS[self]


_WORDS = {
    Level.NONE: "none",
    Level.MAY: "may",
    Level.MUST: "encrypt",
    Level.VERIFIED: "verify",
    Level.DANE: "dane",
}


@dataclass(frozen=True, slots=True)
class Need:
    """`because` says in a few words who wants it so, for logs and `pymta explain`; "" for nobody.

    `names` are those of which the certificate must cover one; none: the name of the host.
    `is_theirs`: the receiving side asks for it (DANE, MTA-STS), so the sender may waive it.
    `is_name_sure`: nobody can have put another host in its place, because the DNS answer was
    signed, a policy names it, or an operator of ours does; REQUIRETLS asks for that.
    `asks_requiretls`: the host has to offer REQUIRETLS besides.
    `records` are the TLSA records, usable ones, by which a certificate is judged with DANE; the
    names count where one of them is a trust anchor.
    """

    level: Level = Level.MAY
    because: str = ""
    names: tuple[str, ...] = ()
    is_theirs: bool = False
    is_name_sure: bool = False
    asks_requiretls: bool = False
    records: tuple[Tlsa, ...] = ()

    def __str__(self) -> str:
        return f"{self.level.word} ({self.because})" if self.because else self.level.word

    def at_least(self, level: Level, because: str) -> Need:
        """Raised to this; what is more already stays.  From now on it is ours, whoever else wants
        it: nothing of it is waived.
        """
        ours = replace(self, is_theirs=False)
        return ours if self.level >= level else replace(ours, level=level, because=because)


CLEAR = Need(Level.NONE)
WHERE_OFFERED = Need(Level.MAY)


@dataclass(frozen=True, slots=True)
class Unsure:
    """What the receiving side asks for could not be found out: this host is not called now.

    `lacks_requiretls`: nor will be, for a message with REQUIRETLS, as long as it is set up so.
    """

    why: str
    lacks_requiretls: bool = False


REQUIRETLS = "REQUIRETLS"
WAIVED = "TLS-Required: No"


NOT_SURE = Unsure(
    "REQUIRETLS asks for a host whose name was signed in the DNS, or that a policy names",
    lacks_requiretls=True,
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the sender of a message has said of TLS (RFC 8689); REQUIRETLS goes before."""

    requires_tls: bool = False
    is_tls_optional: bool = False

    @property
    def waives(self) -> bool:
        """He does without what the receiving side asks for."""
        return self.is_tls_optional and not self.requires_tls


NO_WISH = Wish()


def of_message(need: Need, wish: Wish) -> Need | Unsure:
    """The same for one message."""
    if wish.requires_tls and not need.is_name_sure:
        return NOT_SURE
    if wish.requires_tls:
        return replace(need.at_least(Level.VERIFIED, REQUIRETLS), asks_requiretls=True)
    if wish.waives and need.is_theirs:
        return Need(Level.MAY, WAIVED)
    return need
