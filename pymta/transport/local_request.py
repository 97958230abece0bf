"""What a delivery worker asks of the helper for system users, and what it hears.

One connection is one delivery, over a SOCK_SEQPACKET socket: a packet is a whole word, as on the
channels of `pymta.channel`, and no side needs a parser.

    worker   store       the account, a file name, sender and recipient; and an open descriptor of
                         the message, with LF line ends, read from its first byte
             forward     likewise; but a .forward, where there is one, is told instead
             look        likewise; and where there is none, nothing is stored
             item        a command or a file, which the .forward must name as it is asked for
             alias       likewise, and a file of aliases of root's must name it
    helper   taken       a process of its own works on it; nothing but its own limits ends that
             stored      it is in the mailbox, for good
             later       not now; an errno (0 where there is none) and why
             forward     nothing was stored: this is the .forward, which the worker understands
             never       not at all; a status of RFC 3463 and why
             nothing     there is no .forward, or it does not name that any more

The worker says nothing about a user id, a directory or a mode: all that is the helper's own
knowledge.  What is named is checked to be of the right form, since the helper runs as root.
"""

from __future__ import annotations

import re
from enum import Enum

from pymta.accounts.account import is_account_name
from pymta.dataclass import dataclass
from pymta.mail.letters import is_safe

LONGEST_REQUEST = 16_384  # bytes
LONGEST_ANSWER = 64 * 1024  # bytes; must exceed `pymta.routing.forward_file.LONGEST`
LONGEST_WHY = 1000  # characters
TAKEN = b"taken"
_STORED = b"stored"
_NOTHING = b"nothing"
LONGEST_ADDRESS = 1000  # characters
# As `pymta.transport.mailboxes.file_name` has it: no path, no name that means something else.
_FILE = re.compile(r"[0-9]{1,12}\.[0-9A-Za-z-]{1,40}\.pymta")
_ITEM = re.compile(r"[|/][^\x00-\x1f\x7f]{1,1000}")
_WITH_ITEM = {"item", "alias"}
_NEVER = re.compile(rb"never (5\.[0-9]{1,3}\.[0-9]{1,3}) (.*)", re.DOTALL)
_ADDRESS = re.compile(r"[^\x00-\x1f\x7f]*")


class Deed(Enum):
    """What is to be done with the message."""

    STORE = "store"
    FORWARD = "forward"
    LOOK = "look"
    ITEM = "item"
    ALIAS = "alias"


@dataclass(frozen=True, slots=True)
class Request:
    """`size` is that of the message in the descriptor, in bytes; `sender` may be "".

    `item` is a command with a bar in front, or a file, see `pymta.routing.target`; "" for deeds
    that name none.
    """

    account: str
    file: str
    size: int
    sender: str
    recipient: str
    deed: Deed = Deed.FORWARD
    item: str = ""

    @property
    def id(self) -> str:
        """Of the message; its file is named after it."""
        return self.file.split(".")[1].rpartition("-")[0]

    @property
    def is_command(self) -> bool:
        return self.item.startswith("|")


@dataclass(frozen=True, slots=True)
class Stored:
    """In the mailbox."""


@dataclass(frozen=True, slots=True)
class PutOff:
    """`number` is an errno, 0 where nothing has one."""

    number: int
    why: str


@dataclass(frozen=True, slots=True)
class Forward:
    """What the .forward of this user says, unread."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is no .forward, or no such item in it; nothing was stored."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A command said so; `enhanced` is a 5.x.x code (RFC 3463)."""

    enhanced: str
    why: str


Answer = Stored | PutOff | Forward | Nothing | Failed


def encode_request(request: Request) -> bytes:
    fields = (
        request.deed.value,
        request.account,
        request.file,
        str(request.size),
        request.sender,
        request.recipient,
        request.item,
    )
    return "\0".join(fields).encode()


def decode_request(packet: bytes) -> Request:
    """ValueError: it is none, or names what cannot be named."""
    deed, *fields = packet.decode().split("\0")
    if len(fields) != 6:
        raise ValueError("not a request")
    account, file, size, sender, recipient, item = fields
    if not is_account_name(account):
        raise ValueError(f"no name of an account: {account!r}")
    if not _FILE.fullmatch(file):
        raise ValueError(f"no name of a message: {file!r}")
    if not (size.isascii() and size.isdigit() and len(size) < 16):
        raise ValueError("not a request")
    for address in (sender, recipient):
        is_short = len(address) <= LONGEST_ADDRESS
        if not (is_short and _ADDRESS.fullmatch(address) and is_safe(address)):
            raise ValueError("not an address")
    if bool(item) != (deed in _WITH_ITEM) or (item and not _ITEM.fullmatch(item)):
        raise ValueError("not an item")
    return Request(account, file, int(size), sender, recipient, Deed(deed), item)


def encode_answer(answer: Answer) -> bytes:
    match answer:
        case Stored():
            return _STORED
        case PutOff(number, why):
            return b"later %d " % number + why[:LONGEST_WHY].encode("utf-8", "replace")
        case Forward(content):
            return b"forward " + content
        case Nothing():
            return _NOTHING
        case Failed(enhanced, why):
            return f"never {enhanced} {why[:LONGEST_WHY]}".encode("utf-8", "replace")


def decode_answer(packet: bytes) -> Answer:
    """ValueError: it is none."""
    if packet == _STORED:
        return Stored()
    if packet == _NOTHING:
        return Nothing()
    word, _, rest = packet.partition(b" ")
    if word == b"forward":
        return Forward(rest)
    if never := _NEVER.fullmatch(packet):
        return Failed(never[1].decode(), never[2].decode("utf-8", "replace"))
    number, _, why = rest.partition(b" ")
    if word == b"later" and number.isdigit() and len(number) < 10:
        return PutOff(int(number), why.decode("utf-8", "replace"))
    raise ValueError("not an answer")
