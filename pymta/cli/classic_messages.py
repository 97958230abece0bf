"""Messages on the classic command line: -Mf, -Mt, -Mg, -Mrm, -Mar, -Mmd, -Mmad, -Mv….

The words of the answers are close to the classic ones, one line for each message.

Touches: disk, clock.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from pymta.cli import orders
from pymta.cli.carry_out import Outcome, Word
from pymta.cli.classic_orders import Manage
from pymta.cli.command_error import CommandError
from pymta.cli.identity import become_owner
from pymta.cli.listing import told
from pymta.cli.orders import Edit, Order
from pymta.cli.queue_orders import checked_address, give
from pymta.journal.line import printable
from pymta.journal.local_time import stamp
from pymta.mail.edits import edited
from pymta.spool.files import FileSpool
from pymta.spool.recipients import written
from pymta.spool.scan import Reading
from pymta.spool.store import SpoolError

FAILED = 1
_SAID = {
    "-Mf": "is now frozen",
    "-Mt": "is no longer frozen",
    "-Mg": "has been given up",
    "-Mrm": "has been removed",
    "-Mmad": "has been modified",
    "-Mar": "has been modified",
    "-Mmd": "has been modified",
}


def change(state: str, wanted: Manage) -> int:
    """0, or 1 when something could not be done."""
    status = 0
    for outcome in give(state, _order(wanted), wanted.ids):
        sys.stdout.write(f"Message {outcome.id} {_answer(outcome, wanted.word)}\n")
        if outcome.word not in {Word.DONE, Word.UNCHANGED}:
            status = FAILED
    return status


def show(state: str, wanted: Manage) -> int:
    """Part of one message, as it is: who looks at it with a program wants every octet."""
    (id,) = wanted.ids
    become_owner(state)
    spool = FileSpool(Path(state, "spool"))
    if wanted.word == "-Mvl":
        _show_history(spool, id)
        return 0
    with spool.reading(id) as message:
        if message is None:
            raise CommandError(f"message {id} does not exist", FAILED)
        for block in _with_lf(_part(message, wanted.word)):
            sys.stdout.buffer.write(block)
    return 0


def _order(wanted: Manage) -> Order:
    match wanted.word:
        case "-Mf":
            return orders.freeze
        case "-Mt":
            return orders.thaw
        case "-Mg":
            return orders.bounce("")
        case "-Mrm":
            return orders.remove
        case "-Mmad":
            return orders.mark_all
        case "-Mmd":
            return orders.edit(Edit(remove=wanted.addresses))
    return orders.edit(Edit(add=tuple(map(checked_address, wanted.addresses))))


def _answer(outcome: Outcome, word: str) -> str:
    match outcome.word:
        case Word.DONE:
            return _SAID[word]
        case Word.GONE:
            return "does not exist"
        case Word.BUSY:
            return "is being delivered by another process"
    return outcome.text if outcome.word is Word.UNCHANGED else f"- {outcome.text}"


def _show_history(spool: FileSpool, id: str) -> None:
    message = spool.peek(id)
    if message is None:
        raise CommandError(f"message {id} does not exist", FAILED)

    sender = printable(message.envelope.sender)
    sys.stdout.write(f"{stamp(message.envelope.received_at)} Received from <{sender}>\n")
    addresses = written(message.envelope, message.state)
    for record in message.history:
        sys.stdout.write(f"{stamp(record.at)} {printable(told(record, addresses, stamp))}\n")


def _part(message: Reading, word: str) -> Iterator[bytes]:
    if word != "-Mvb":
        yield "".join(message.seal.on_top).encode("utf-8", "surrogateescape")
    is_header, rest = True, b""
    try:
        for block in edited(message.blocks, message.seal.edits):
            if not is_header:
                yield block
                continue
            rest += block
            head, empty, body = _split(rest)
            if empty:
                is_header = False
                if word != "-Mvb":
                    yield head + (empty if word == "-Mvc" else b"")
                if word == "-Mvh":
                    return
                yield body
    except SpoolError as error:
        raise CommandError(error.strerror or str(error), FAILED) from None
    if is_header and word != "-Mvb":  # it is all header
        yield rest


def _with_lf(blocks: Iterable[bytes]) -> Iterator[bytes]:
    kept = b""
    for block in blocks:
        text = kept + block
        kept = b"\r" if text.endswith(b"\r") else b""  # its LF may begin the next one
        yield text[: len(text) - len(kept)].replace(b"\r\n", b"\n")
    yield kept


def _split(received: bytes) -> tuple[bytes, bytes, bytes]:
    """Header with the end of its last line, the empty line, the body."""
    if received.startswith(b"\r\n"):
        return b"", b"\r\n", received[2:]
    head, end, body = received.partition(b"\r\n\r\n")
    return (head + b"\r\n", b"\r\n", body) if end else (received, b"", b"")
