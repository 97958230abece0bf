"""What may follow the path of MAIL and RCPT (RFC 5321 s4.1.2).

    MAIL    SIZE         RFC 1870
            BODY         RFC 6152, RFC 3030
            SMTPUTF8     RFC 6531
            RET, ENVID   RFC 3461
            REQUIRETLS   RFC 8689
            AUTH         RFC 4954
            XDELIVERY    our own, for users of this machine: QUEUE or LOCAL (sendmail -odq, -odqs)
    RCPT    NOTIFY, ORCPT   RFC 3461

Strict: a parameter that we did not offer is 555 (RFC 5321 s4.1.1.11), one that is malformed or
given twice is 501.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pymta.dataclass import dataclass
from pymta.mail.address import Mailbox, parse_mailbox
from pymta.mail.envelope import BINARYMIME
from pymta.mail.reply import Reply
from pymta.mail.xtext import decode_xtext
from pymta.smtp import notifications
from pymta.smtp.extensions import NO_OFFER, Offer

NOBODY = "<>"
QUEUE_ONLY = "QUEUE"
LOCAL_ONLY = "LOCAL"
_BLANKS = re.compile(rb"[ \t]+")
_SIZE = re.compile(rb"[0-9]{1,20}")  # RFC 1870 s6.1; the length is bounded before int()
_BODIES = {body.encode(): body for body in ("7BIT", "8BITMIME", BINARYMIME)}


@dataclass(frozen=True, slots=True)
class MailParameters:
    """`size` in octets, 0 when the client did not say; the texts are "" likewise.

    `ret` is FULL or HDRS, `envid` in plain text.  `auth` is who first handed the message in, as far
    as the client can tell: an address, or ``<>`` where it cannot (RFC 4954 s5).  `delivery` is what
    waits for a queue run: all of it (QUEUE_ONLY), what goes over SMTP (LOCAL_ONLY), "" nothing.
    """

    size: int = 0
    body: str = ""
    smtputf8: bool = False
    ret: str = ""
    envid: str = ""
    requires_tls: bool = False
    auth: str = ""
    delivery: str = ""


NOTHING_ASKED = MailParameters()


@dataclass(frozen=True, slots=True)
class RcptParameters:
    """As `pymta.mail.envelope.Recipient` has them."""

    notify: tuple[str, ...] = ()
    orcpt: str = ""


_NOTHING_ASKED_FOR_ONE = RcptParameters()


@dataclass(frozen=True, slots=True)
class _Word:
    """One parameter: the field it fills, how it is read, and what must have been offered.

    `read` gets the value, None when there is no "=", and gives None for what is malformed.
    """

    field: str
    read: Callable[[bytes | None], Any]
    is_offered: Callable[[Offer], bool] = lambda _: True


def _size(value: bytes | None) -> int | None:
    return int(value) if value is not None and _SIZE.fullmatch(value) else None


def _body(value: bytes | None) -> str | None:
    return _BODIES.get((value or b"").upper())


def _flag(value: bytes | None) -> bool | None:
    return True if value is None else None


def _delivery(value: bytes | None) -> str | None:
    text = (value or b"").upper()
    return text.decode() if text in (QUEUE_ONLY.encode(), LOCAL_ONLY.encode()) else None


def _auth(value: bytes | None) -> str | None:
    text = decode_xtext(value) if value else None
    if text is None or text == NOBODY:
        return text
    mailbox = parse_mailbox(text)
    return str(mailbox) if isinstance(mailbox, Mailbox) and mailbox.domain else None


_MAIL = {
    b"SIZE": _Word("size", _size),
    b"BODY": _Word("body", _body),
    b"SMTPUTF8": _Word("smtputf8", _flag, lambda offer: offer.smtputf8),
    b"RET": _Word("ret", notifications.read_ret, lambda offer: offer.dsn),
    b"ENVID": _Word("envid", notifications.read_envid, lambda offer: offer.dsn),
    b"REQUIRETLS": _Word("requires_tls", _flag, lambda offer: offer.requiretls),
    b"AUTH": _Word("auth", _auth, lambda offer: bool(offer.mechanisms)),
    b"XDELIVERY": _Word("delivery", _delivery, lambda offer: offer.delivery),
}
_RCPT = {
    b"NOTIFY": _Word("notify", notifications.read_notify, lambda offer: offer.dsn),
    b"ORCPT": _Word("orcpt", notifications.read_orcpt, lambda offer: offer.dsn),
}


def parse_mail_parameters(rest: bytes, offer: Offer = NO_OFFER) -> MailParameters | Reply:
    """`rest` is what stands behind the closing bracket, `offer` what EHLO was answered with."""
    if not rest:
        return NOTHING_ASKED
    found = _read(rest, _MAIL, offer)
    if isinstance(found, Reply):
        return found
    if found.get("body") == BINARYMIME and not offer.chunking:
        return _invalid("BODY")
    return MailParameters(**found)


def parse_rcpt_parameters(
    rest: bytes, offer: Offer = NO_OFFER, *, smtputf8: bool = False
) -> RcptParameters | Reply:
    """`smtputf8`: MAIL asked for it, so that the original recipient may be in UTF-8."""
    if not rest:
        return _NOTHING_ASKED_FOR_ONE
    if not smtputf8 and not rest.isascii():
        return Reply(501, "non-ASCII parameter", "5.5.4")
    found = _read(rest, _RCPT, offer)
    return found if isinstance(found, Reply) else RcptParameters(**found)


def _read(rest: bytes, known: Mapping[bytes, _Word], offer: Offer) -> dict[str, Any] | Reply:
    words = _split(rest)
    if isinstance(words, Reply):
        return words
    found = {}
    for keyword, text in words.items():
        word = known.get(keyword)
        if word is None or not word.is_offered(offer):
            return Reply(555, "unknown parameter", "5.5.4")
        value = word.read(text)
        if value is None:
            return _invalid(keyword.decode())
        found[word.field] = value
    return found


def _invalid(keyword: str) -> Reply:
    return Reply(501, f"invalid value of parameter {keyword}", "5.5.4")


def _split(rest: bytes) -> dict[bytes, bytes | None] | Reply:
    if rest and rest[:1] not in (b" ", b"\t"):
        return Reply(501, "text follows the closing angle bracket", "5.5.2")
    words: dict[bytes, bytes | None] = {}
    for word in filter(None, _BLANKS.split(rest)):
        keyword, equals, value = word.partition(b"=")
        keyword = keyword.upper()
        if keyword in words:
            return Reply(501, "parameter given twice", "5.5.4")
        words[keyword] = value if equals else None
    return words
