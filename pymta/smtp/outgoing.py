"""What we say of one message to a host that offers this and not that: before MAIL, and in it.

    the host has no SMTPUTF8     a header in UTF-8 cannot go there: 5.6.7; of addresses, those whose
                                 local part is ASCII go with the domain as the DNS knows it
                                 (RFC 6531 s3.2)
    the host has no 8BITMIME     nor can 8-bit mail that nobody has converted: 5.6.3 (RFC 6152 s3)
    the host has no BINARYMIME   nor such binary mail: 5.6.1 (RFC 3030 s3)
    the host has DSN             what the sender asked for goes on (RFC 3461 s5.2.1)
    REQUIRETLS is wanted         it goes on; hosts without it are not spoken to (RFC 8689 s4.2.1)

A recipient who cannot be named there holds up no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from pymta.dataclass import dataclass
from pymta.mail.address import BadPath, parse_mailbox
from pymta.mail.envelope import BINARYMIME, Recipient
from pymta.mail.letters import is_safe
from pymta.mail.reply import Reply
from pymta.smtp.notifications import envid_parameter, recipient_parameters

_NO_8BIT = Reply(554, "message has 8-bit data, which the remote host does not take", "5.6.3")
_NO_BINARY = Reply(554, "message has binary data, which the remote host does not take", "5.6.1")
_NO_UTF8_HEADER = Reply(554, "header is in UTF-8, which the remote host does not take", "5.6.7")
_NO_UTF8_SENDER = Reply(553, "sender is in UTF-8, which the remote host does not take", "5.6.7")
_NO_UTF8 = Reply(553, "address is in UTF-8, which the remote host does not take", "5.6.7")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a message asks for beyond its addresses.

    `is_international`: its header is in UTF-8.  `asked` has the recipients about whom its sender
    said what he wants to be told, by address.  `requires_tls`: so does the next host.
    """

    is_international: bool = False
    ret: str = ""
    envid: str = ""
    asked: Mapping[str, Recipient] = field(default_factory=dict)
    requires_tls: bool = False


NO_WISHES = Wishes()


@dataclass(frozen=True, slots=True)
class Opening:
    """MAIL, a RCPT for each recipient by index, and those who cannot be named at this host."""

    mail: str
    rcpt: dict[int, str]
    refused: dict[int, Reply]


def opening(
    sender: str,
    recipients: tuple[str, ...],
    wishes: Wishes,
    offers: frozenset[str],
    *,
    size: int,
    eight_bit: bool,
    is_binary: bool = False,
) -> Opening | Reply:
    """The commands, or why the message cannot go to a host that made these offers."""
    takes_utf8 = {"SMTPUTF8", "8BITMIME"} <= offers
    if wishes.is_international and not takes_utf8:
        return _NO_UTF8_HEADER
    if not goes_as_it_is(offers, eight_bit=eight_bit, is_binary=is_binary):
        return _NO_BINARY if is_binary else _NO_8BIT
    from_whom = sender if takes_utf8 else _in_ascii(sender)
    if from_whom is None:
        return _NO_UTF8_SENDER
    rcpt: dict[int, str] = {}
    refused: dict[int, Reply] = {}
    for n, address in enumerate(recipients):
        to_whom = address if takes_utf8 else _in_ascii(address)
        if to_whom is None:
            refused[n] = _NO_UTF8
        else:
            rcpt[n] = f"RCPT TO:<{to_whom}>{_of_recipient(address, wishes, offers)}"
    needs_utf8 = wishes.is_international or not all(map(str.isascii, (sender, *recipients)))
    words = (
        f" SIZE={size}" if "SIZE" in offers else "",
        _body(eight_bit=eight_bit, is_binary=is_binary),
        " SMTPUTF8" if takes_utf8 and needs_utf8 else "",
        " REQUIRETLS" if wishes.requires_tls else "",
        _of_message(wishes, offers),
    )
    return Opening(f"MAIL FROM:<{from_whom}>{''.join(words)}", rcpt, refused)


def goes_as_it_is(offers: frozenset[str], *, eight_bit: bool, is_binary: bool) -> bool:
    """Does such a host take these octets?"""
    if is_binary:
        return {"CHUNKING", "BINARYMIME"} <= offers
    return not eight_bit or "8BITMIME" in offers


def check_word(text: str) -> None:
    """ValueError: it cannot stand in a command."""
    if text.isascii() and text.isprintable():
        return
    if not is_safe(text) or any(c < " " or c == "\x7f" for c in text):
        raise ValueError(f"cannot stand in an SMTP command: {text!r}")


def _body(*, eight_bit: bool, is_binary: bool) -> str:
    if is_binary:
        return f" BODY={BINARYMIME}"
    return " BODY=8BITMIME" if eight_bit else ""


def _of_message(wishes: Wishes, offers: frozenset[str]) -> str:
    if "DSN" not in offers:
        return ""
    return (f" RET={wishes.ret}" if wishes.ret else "") + envid_parameter(wishes.envid)


def _of_recipient(address: str, wishes: Wishes, offers: frozenset[str]) -> str:
    asked = wishes.asked.get(address)
    return recipient_parameters(asked) if asked and "DSN" in offers else ""


def _in_ascii(address: str) -> str | None:
    if address.isascii():
        return address
    mailbox = parse_mailbox(address)
    plain = None if isinstance(mailbox, BadPath) else mailbox.for_old_servers
    return str(plain) if plain else None
