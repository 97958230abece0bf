"""What a TLSA record says of a certificate (RFC 6698, RFC 7671), as mail uses it (RFC 7672).

    2  DANE-TA    the certificate was signed, by way of others, by this one, and has our name in it
    3  DANE-EE    it is this one, whatever names and dates stand in it

0 and 1 are for those who trust authorities, and with mail as good as no record (RFC 7672 s3.1.3),
like one of a kind that nobody knows yet.  A server whose records are all of that kind gets TLS from
us without a proof; one that has a usable record must match it, or gets no mail.

Whether a certificate was signed by way of others only OpenSSL tells, in a handshake; so for
DANE-TA there is a second one, that trusts nobody but who matched in the first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from pymta.dataclass import dataclass
from pymta.tls.leaf import public_key

TRUST_ANCHOR, END_ENTITY = 2, 3  # usages (RFC 7218 s2.1)
CERTIFICATE, PUBLIC_KEY = 0, 1  # selectors (s2.2)
FULL, SHA_256, SHA_512 = 0, 1, 2  # matching types (s2.3)
_LENGTHS = {SHA_256: 32, SHA_512: 64}
MOST_RECORDS = 16  # a stranger writes them, and each costs a hash


@dataclass(frozen=True, slots=True)
class Tlsa:
    """One record, as it was found."""

    usage: int
    selector: int
    matching: int
    data: bytes

    @property
    def is_usable(self) -> bool:
        """RFC 7672 s3.1, RFC 7671 s4: do we know what it means, and may mail go by it?"""
        return (
            self.usage in {TRUST_ANCHOR, END_ENTITY}
            and self.selector in {CERTIFICATE, PUBLIC_KEY}
            and self.matching in {FULL, SHA_256, SHA_512}
            and len(self.data) == _LENGTHS.get(self.matching, len(self.data) or 1)
        )

    @property
    def text(self) -> str:
        """As a zone file has it, the data cut: ``3 1 1 0123456789abcdef…``."""
        shown = self.data.hex()
        cut = shown if len(shown) <= 16 else f"{shown[:16]}…"
        return f"{self.usage} {self.selector} {self.matching} {cut}"


@dataclass(frozen=True, slots=True)
class Matched:
    """The certificate is the one that the record means."""

    record: Tlsa


@dataclass(frozen=True, slots=True)
class Anchored:
    """It is good if it was signed by way of one of these, in DER form."""

    anchors: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """`why` is for the log."""

    why: str


Judgement = Matched | Anchored | Mismatch


def usable(records: Iterable[Tlsa]) -> tuple[Tlsa, ...]:
    """Those by which mail goes; of digests of the same thing only the best (RFC 7671 s9)."""
    good = [record for record in dict.fromkeys(records) if record.is_usable]
    best: dict[tuple[int, int], int] = {}
    for record in good:
        kind = (record.usage, record.selector)
        best[kind] = max(best.get(kind, FULL), record.matching)
    kept = (r for r in good if r.matching in {FULL, best[r.usage, r.selector]})
    return tuple(kept)[:MOST_RECORDS]


def judge(records: Sequence[Tlsa], chain: Sequence[bytes]) -> Judgement:
    """What usable records say of the certificates that a server showed, its own first."""
    if not chain:
        return Mismatch("it showed no certificate")
    for record in records:
        if record.usage == END_ENTITY and _matches(record, chain[0]):
            return Matched(record)
    anchors = dict.fromkeys(_anchors(records, chain[1:]))
    if anchors:
        return Anchored(tuple(anchors))
    shown = ", ".join(record.text for record in records[:2])
    more = f" and {len(records) - 2} more" if len(records) > 2 else ""
    return Mismatch(f"its certificate is not that of its TLSA records ({shown}{more})")


def _anchors(records: Sequence[Tlsa], above: Sequence[bytes]) -> Iterable[bytes]:
    """A server shows its trust anchor with the others (RFC 7672 s3.1.2), but needs not where we
    have all of it.
    """
    for record in records:
        if record.usage == TRUST_ANCHOR:
            yield from (one for one in above if _matches(record, one))
            if (record.selector, record.matching) == (CERTIFICATE, FULL):
                yield record.data


def _matches(record: Tlsa, certificate: bytes) -> bool:
    try:
        what = certificate if record.selector == CERTIFICATE else public_key(certificate)
    except (ValueError, IndexError):  # nothing that we could have read
        return False
    match record.matching:
        case 1:
            return hashlib.sha256(what).digest() == record.data
        case 2:
            return hashlib.sha512(what).digest() == record.data
    return what == record.data
