"""What a delivery worker asks of the helper for system users, and what it hears.

One connection is one delivery, over a SOCK_SEQPACKET socket: a packet is a whole word, as on the
channels of `pymta.channel`, and no side needs a parser.

    worker   deliver     the account, a file name, the lines to put on top; and an open descriptor
                         of the message, with LF line ends, read from its first byte
    helper   taken       a process of its own works on it; nothing but its own limits ends that
             stored      it is in the mailbox, for good
             later       not now; an errno (0 where there is none) and why
             forward     nothing was stored: this is the .forward, which the worker understands

The worker says nothing about a user id, a directory or a mode: all that is the helper's own
knowledge.  What is named is checked to be of the right form, since the helper runs as root.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pymta.accounts.account import is_account_name
from pymta.mail.letters import is_safe

LONGEST_REQUEST = 8192  # bytes
LONGEST_ANSWER = 64 * 1024  # bytes; must exceed `pymta.routing.forward_file.LONGEST`
LONGEST_WHY = 1000  # characters
TAKEN = b"taken"
_STORED = b"stored"
_DELIVER = b"deliver"
# As `pymta.transport.mailboxes.file_name` has it: no path, no name that means something else.
_FILE = re.compile(r"[0-9]{1,12}\.[0-9A-Za-z-]{1,40}\.pymta")
_HEAD = re.compile(r"(?:[!-9;-~]+: [ -~\x80-\U0010ffff]*\n)*")


@dataclass(frozen=True, slots=True)
class Request:
    """`size` is that of the message in the descriptor, in bytes.

    `may_forward`: a .forward is to be told of, where there is one.
    """

    account: str
    file: str
    size: int
    head: bytes
    may_forward: bool = True


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


Answer = Stored | PutOff | Forward


def encode_request(request: Request) -> bytes:
    fields = (
        _DELIVER,
        request.account.encode("ascii"),
        request.file.encode("ascii"),
        b"%d" % request.size,
        b"%d" % request.may_forward,
        request.head,
    )
    return b"\0".join(fields)


def decode_request(packet: bytes) -> Request:
    """ValueError: it is none, or names what cannot be named."""
    deed, *fields = packet.split(b"\0")
    if deed != _DELIVER or len(fields) != 5:
        raise ValueError("not a request")
    account, file, size = (field.decode("ascii") for field in fields[:3])
    may_forward, head = fields[3:]
    if not is_account_name(account):
        raise ValueError(f"no name of an account: {account!r}")
    if not _FILE.fullmatch(file):
        raise ValueError(f"no name of a message: {file!r}")
    if not (size.isdigit() and len(size) < 16 and may_forward in {b"0", b"1"}):
        raise ValueError("not a request")
    lines = head.decode()
    if not _HEAD.fullmatch(lines) or not is_safe(lines):
        raise ValueError("no header lines")
    return Request(account, file, int(size), head, may_forward == b"1")


def encode_answer(answer: Answer) -> bytes:
    match answer:
        case Stored():
            return _STORED
        case PutOff(number, why):
            return b"later %d " % number + why[:LONGEST_WHY].encode("utf-8", "replace")
        case Forward(content):
            return b"forward " + content


def decode_answer(packet: bytes) -> Answer:
    """ValueError: it is none."""
    if packet == _STORED:
        return Stored()
    word, _, rest = packet.partition(b" ")
    if word == b"forward":
        return Forward(rest)
    number, _, why = rest.partition(b" ")
    if word == b"later" and number.isdigit() and len(number) < 10:
        return PutOff(int(number), why.decode("utf-8", "replace"))
    raise ValueError("not an answer")
