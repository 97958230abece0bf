"""One attempt to hand the message over, by SMTP as any client would (RFC 5321).

Nothing is sent to anybody before the last reply: an attempt that ends earlier leaves nothing, and
the next one is the first again.  Where the connection is lost after the last octet nobody knows
whether the message was taken; then it is said again, for twice is better than never.
"""

from __future__ import annotations

from pymta.submit import replies
from pymta.submit.header import Header, author
from pymta.submit.lines import stuffed
from pymta.submit.options import Submission
from pymta.submit.replies import Reply

TYPE_CHECKING = False  # as `typing` has it, which is not loaded
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    class Wire(Protocol):
        """What carries the dialogue.  Both raise OSError when the connection is lost."""

        def read(self, *, is_last: bool = False) -> Reply:
            """The next reply; the last one may take longest."""

        def write(self, data: bytes) -> None: ...

        def ask(self, command: bytes, patience: float = ...) -> Reply: ...

    class Stored(Protocol):
        size: int

        def blocks(self, at: int) -> Iterator[bytes]: ...


GOODBYE = 5.0  # seconds for an answer that changes nothing


class Message:
    """`recipients` and `sender` as octets; `body` is behind the first `header.length` of `store`.

    `login` and `full_name` are who hands it in.
    """

    __slots__ = (
        "full_name",
        "has_eight_bit",
        "header",
        "login",
        "recipients",
        "sender",
        "store",
    )

    def __init__(
        self,
        *,
        store: Stored,
        header: Header,
        recipients: list[bytes],
        sender: bytes,
        login: bytes,
        full_name: str,
        has_eight_bit: bool,
    ) -> None:
        self.store = store
        self.header = header
        self.recipients = recipients
        self.sender = sender
        self.login = login
        self.full_name = full_name
        self.has_eight_bit = has_eight_bit


class Outcome:
    """`status` is that of the process; `lines` say why, to people.  Nothing was sent if LATER."""

    __slots__ = ("lines", "status")

    def __init__(self, status: int, lines: list[str]) -> None:
        self.status = status
        self.lines = lines


def hand_over(wire: Wire, asked: Submission, message: Message) -> Outcome:
    """The whole dialogue.  Raises OSError."""
    greeting = wire.read()
    if not greeting.is_good:
        return _not_taken("the server", greeting)
    hello = wire.ask(b"EHLO localhost")
    if not hello.is_good:
        return _not_taken("EHLO", hello)
    offers = {line.partition(" ")[0].upper(): line.partition(" ")[2] for line in hello.lines[1:]}
    domain = offers.get("XQUALIFY") or hello.lines[0].partition(" ")[0]
    top = message.header.completed(domain.encode(), _author(message, domain.encode()))
    size = len(top) + 2 + message.store.size - message.header.length
    said = wire.ask(_mail(asked, message, offers, size))
    if not said.is_good:
        return _not_taken("the sender", said)
    refused = _name_recipients(wire, asked, message, offers)
    for_later = [one for one in refused if one[1].is_for_later]
    if for_later or len(refused) == len(message.recipients):
        _part(wire)
        return _refusals(for_later or refused)
    said = wire.ask(b"DATA")
    if said.code != 354:
        return _not_taken("the message", said)
    _write(wire, top, message)
    said = wire.read(is_last=True)
    if said.code != 250:
        return _not_taken("the message", said)
    _part(wire)
    return _refusals(refused)


def _author(message: Message, domain: bytes) -> bytes:
    address = message.sender or message.login
    if b"@" not in address:
        address += b"@" + domain
    return author(address, message.full_name)


def _mail(asked: Submission, message: Message, offers: dict[str, str], size: int) -> bytes:
    words = [b"MAIL FROM:<" + message.sender + b">"]
    if "SIZE" in offers:
        words.append(b"SIZE=%d" % size)
    if message.has_eight_bit and "8BITMIME" in offers:
        words.append(b"BODY=8BITMIME")
    if "SMTPUTF8" in offers and not all(map(bytes.isascii, [message.sender, *message.recipients])):
        words.append(b"SMTPUTF8")
    if asked.ret and "DSN" in offers:
        words.append(b"RET=" + asked.ret.encode())
    if asked.envid and "DSN" in offers:
        words.append(b"ENVID=" + _xtext(asked.envid))
    if asked.delivery and "XDELIVERY" in offers:
        words.append(b"XDELIVERY=" + asked.delivery.upper().encode())
    return b" ".join(words)


def _name_recipients(
    wire: Wire, asked: Submission, message: Message, offers: dict[str, str]
) -> list[tuple[bytes, Reply]]:
    """Those who are refused, with the reply."""
    end = b"> NOTIFY=" + asked.notify.encode() if asked.notify and "DSN" in offers else b">"
    said = [(one, wire.ask(b"RCPT TO:<" + one + end)) for one in message.recipients]
    return [(one, reply) for one, reply in said if not reply.is_good]


def _write(wire: Wire, top: bytes, message: Message) -> None:
    wire.write(stuffed(top + b"\r\n", at_start=True))
    at_start = True
    for block in message.store.blocks(message.header.length):
        wire.write(stuffed(block, at_start=at_start))
        at_start = block.endswith(b"\n")
    wire.write(b".\r\n")


def _part(wire: Wire) -> None:
    """What was decided stays so, whatever becomes of the goodbye."""
    try:
        wire.ask(b"QUIT", patience=GOODBYE)
    except OSError:
        return


def _not_taken(what: str, reply: Reply) -> Outcome:
    status = reply.exit_status or replies.SOFTWARE  # a good one that makes no sense here
    return Outcome(status, [f"{what} was not accepted: {reply.text}"])


def _refusals(refused: list[tuple[bytes, Reply]]) -> Outcome:
    lines = [f"<{one.decode('utf-8', 'replace')}>: {reply.text}" for one, reply in refused]
    return Outcome(refused[0][1].exit_status if refused else replies.OK, lines)


def _xtext(text: str) -> bytes:
    """RFC 3461 s4"""
    octets = text.encode("utf-8", "surrogateescape")
    return b"".join(
        b"%c" % o if 0x21 <= o <= 0x7E and o not in b"+=" else b"+%02X" % o for o in octets
    )
