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

        def read(self, *, is_last: bool = False, patience: float = ...) -> Reply:
            """The next reply; the last one may take longest."""

        def write(self, data: bytes) -> None: ...

        def ask(self, command: bytes, patience: float = ...) -> Reply: ...

        def ask_together(self, commands: list[bytes]) -> Iterator[Reply]:
            """The reply to each."""

    class Stored(Protocol):
        size: int

        def blocks(self, at: int) -> Iterator[bytes]: ...


GOODBYE = 5.0  # seconds for an answer that changes nothing
BLOCK = 16 << 10  # octets of the message that go out at once, at least
GROUP = 50  # recipients at once; their replies must fit into what the kernel keeps for us


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
    replies = _replies(wire, _groups(asked, message, offers, size))
    said = next(replies)
    if not said.is_good:
        return _not_taken("the sender", said)
    answers = ((one, next(replies)) for one in message.recipients)
    refused = [(one, reply) for one, reply in answers if not reply.is_good]
    for_later = [one for one in refused if one[1].is_for_later]
    if for_later or len(refused) == len(message.recipients):
        _part(wire)
        return _refusals(for_later or refused)
    said = next(replies)
    if said.code != 354:
        return _not_taken("the message", said)
    is_over = "PIPELINING" in offers and not asked.shows
    _write(wire, top, message, goodbye=b"QUIT\r\n" if is_over else b"")
    said = wire.read(is_last=True)
    if said.code != 250:
        return _not_taken("the message", said)
    _part(wire, is_said=is_over)
    return _refusals(refused)


def _groups(
    asked: Submission, message: Message, offers: dict[str, str], size: int
) -> list[list[bytes]]:
    """The commands before the message, those together that may be sent at once (RFC 2920).

    Of several recipients one may have to wait, and then the others must not get it: there DATA is
    not said before all have their reply.
    """
    end = b"> NOTIFY=" + asked.notify.encode() if asked.notify and "DSN" in offers else b">"
    recipients = [b"RCPT TO:<" + one + end for one in message.recipients]
    commands = [_mail(asked, message, offers, size), *recipients]
    if "PIPELINING" not in offers:
        return [[one] for one in (*commands, b"DATA")]
    if len(recipients) == 1:
        return [[*commands, b"DATA"]]
    groups = [commands[at : at + GROUP] for at in range(0, len(commands), GROUP)]
    return [*groups, [b"DATA"]]


def _replies(wire: Wire, groups: list[list[bytes]]) -> Iterator[Reply]:
    """To each command; of a group nothing is sent before somebody wants to know its first."""
    for group in groups:
        yield from wire.ask_together(group)


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


def _write(wire: Wire, top: bytes, message: Message, goodbye: bytes) -> None:
    data, at_start = stuffed(top + b"\r\n", at_start=True), True
    for block in message.store.blocks(message.header.length):
        data += stuffed(block, at_start=at_start)
        at_start = block.endswith(b"\n")
        if len(data) >= BLOCK:
            wire.write(data)
            data = b""
    wire.write(data + b".\r\n" + goodbye)


def _part(wire: Wire, *, is_said: bool = False) -> None:
    """What was decided stays so, whatever becomes of the goodbye.

    Who does not wait for the answer breaks off the session: its process serves nobody else then.
    """
    try:
        if is_said:
            wire.read(patience=GOODBYE)
        else:
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
