"""Senders of others as addresses of ours, and back: the Sender Rewriting Scheme (SRS).

    alice@example.com                                  sends to a user here, who has it sent on
    SRS0=HHHH=TT=example.com=alice@we.example          is the sender of what we send on
    SRS1=GGGG=we.example==HHHH=TT=example.com=alice@next.example
                                                       of what the next one sends on

TT is the day, HHHH says that we have made it: nobody else can have reports sent to whom he likes.
Who sends on what was sent on before signs the host of the first one, and a report skips all between
them.  The form is that of libsrs2 and postsrsd, so that their secrets and addresses stay good:
HMAC-SHA1 over the parts in small letters, the first letters of it in base64; the day, modulo 1024,
in two letters of base32.  It has to survive programs that change letter case, so the hash is
compared without it.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Iterable

from pymta.dataclass import dataclass
from pymta.mail.address import BadPath, Mailbox, parse_mailbox
from pymta.mail.domain import in_ascii
from pymta.mail.sizes import PATH

DAY = 86_400  # seconds
DAYS = 1024  # after that they begin anew
HASH = 4  # letters
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"  # RFC 4648 s6
_HASH = r"([A-Za-z0-9+/]{4,27})"
_ONCE = re.compile(rf"SRS0[=+-]{_HASH}=([A-Za-z2-7]{{2}})=([^=]+)=(.+)", re.IGNORECASE)
_AGAIN = re.compile(rf"SRS1[=+-]{_HASH}=([^=]+)=([=+-].+)", re.IGNORECASE)
_ANY_ONCE = re.compile(r"SRS0([=+-].+)", re.IGNORECASE)
_ANY_AGAIN = re.compile(r"SRS1[=+-][^=]+=([^=]+)=([=+-].+)", re.IGNORECASE)
_TOMORROW = 1  # days: the clocks of two hosts differ


@dataclass(frozen=True, slots=True)
class Signed:
    """Whose mail it was.  `day` is that of the signature, modulo DAYS; None: it tells none."""

    sender: Mailbox
    day: int | None

    def is_older_than(self, days: int, today: int) -> bool:
        """`today` is in days since the epoch."""
        if self.day is None:
            return False
        age = (today + _TOMORROW - self.day) % DAYS - _TOMORROW
        return age > days


@dataclass(frozen=True, slots=True)
class Forged:
    """It looks like one, and none of our secrets has made it."""


def sign(sender: Mailbox, domain: str, secret: bytes, today: int) -> Mailbox | None:
    """The address of ours, at `domain`; None: it would be longer than an address may be."""
    if again := _ANY_AGAIN.fullmatch(sender.local):
        host, rest = again[1], again[2]
    elif once := _ANY_ONCE.fullmatch(sender.local):
        host, rest = sender.domain, once[1]
    else:
        host, rest = _name(sender.domain), ""
    if rest:
        local = f"SRS1={_hash(secret, host, rest)}={host}={rest}"
    else:
        day = _letters(today)
        local = f"SRS0={_hash(secret, day, host, sender.local)}={day}={host}={sender.local}"
    made = Mailbox(local, domain)
    return made if len(f"<{made}>".encode()) <= PATH else None


def read(local: str, secrets: Iterable[bytes]) -> Signed | Forged | None:
    """Whose mail an address of ours stands for; None: for nobody's, it is any local part."""
    if once := _ONCE.fullmatch(local):
        found, day, host, name = once.groups()
        sender = _mailbox(name, host)
        parts: tuple[str, ...] = (day, host, name)
        signed = Signed(sender, _day(day)) if sender else None
    elif again := _AGAIN.fullmatch(local):
        found, host, rest = again.groups()
        sender = _mailbox(f"SRS0{rest}", host)
        parts, signed = (host, rest), Signed(sender, None) if sender else None
    else:
        return None
    if signed is None:
        return Forged()
    is_ours = any(_is(found, _hash(secret, *parts, length=len(found))) for secret in secrets)
    return signed if is_ours else Forged()


def _mailbox(local: str, domain: str) -> Mailbox | None:
    """One that may stand in MAIL and RCPT."""
    found = parse_mailbox(str(Mailbox(local, domain)))
    return None if isinstance(found, BadPath) else found


def _is(said: str, wanted: str) -> bool:
    return hmac.compare_digest(said.lower(), wanted.lower())


def _hash(secret: bytes, *parts: str, length: int = HASH) -> str:
    made = hmac.new(secret, digestmod="sha1")
    for part in parts:
        made.update(part.encode().lower())  # octets: only the letters of ASCII
    return b64encode(made.digest()).decode("ascii")[:length]


def _name(domain: str) -> str:
    """As every server can have it; what is ASCII stays as it was written."""
    return domain if domain.isascii() else in_ascii(domain) or domain


def _letters(today: int) -> str:
    return _LETTERS[today // 32 % 32] + _LETTERS[today % 32]


def _day(letters: str) -> int:
    high, low = (_LETTERS.index(letter) for letter in letters.upper())
    return high * 32 + low
