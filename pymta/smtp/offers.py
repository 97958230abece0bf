"""What a host offers in its answer to EHLO (RFC 5321 s4.1.1.1), as far as a client cares.

What is written in a way that makes no sense is not there.
"""

from __future__ import annotations

import re

from pymta.dataclass import dataclass

_LIMIT = re.compile(r"(MAILMAX|RCPTMAX|RCPTDOMAINMAX)=([1-9][0-9]{0,5})")  # RFC 9422 s3


@dataclass(frozen=True, slots=True)
class Offers:
    """`words` are the keywords in capitals, `mechanisms` those of AUTH.

    `mail_max` messages go over one connection, `rcpt_max` recipients into one message, of
    `rcpt_domain_max` domains; 0: the host sets no bound (RFC 9422).
    """

    words: frozenset[str] = frozenset()
    mechanisms: tuple[str, ...] = ()
    mail_max: int = 0
    rcpt_max: int = 0
    rcpt_domain_max: int = 0

    def __contains__(self, word: str) -> bool:
        return word in self.words


NO_OFFERS = Offers()


def parse_offers(text: str) -> Offers:
    """`text` is that of the reply; its first line is a greeting."""
    found: dict[str, str] = {}
    for line in text.split("\n")[1:]:
        word, _, rest = line.partition(" ")
        found.setdefault(word.upper(), rest)
    limits = {match[1]: match[2] for match in _LIMIT.finditer(found.get("LIMITS", "").upper())}
    return Offers(
        words=frozenset(found),
        mechanisms=tuple(found.get("AUTH", "").upper().split()),
        mail_max=int(limits.get("MAILMAX", 0)),
        rcpt_max=int(limits.get("RCPTMAX", 0)),
        rcpt_domain_max=int(limits.get("RCPTDOMAINMAX", 0)),
    )
