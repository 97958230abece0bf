"""The life of a sendmail process: read, try, try again, say what came of it.

    0        the server has answered 250 to the message: it is in the spool
    64       words that make no sense, or nobody to send to
    65       an address or the message is wrong
    67, 68   no such user, no such domain, for one recipient at least; the others get it
    69, 70   refused for another reason
    74       the message could not be read
    75       not taken although it was tried for a while; nothing was sent, try again later
    77       no permission to call the server
    78       standard input of -bs is a client somewhere in a network

Whoever is busy, full or restarting is called again for PYMTA_SUBMIT_WAIT seconds.

Touches: sockets, disk, environment, clock.
"""

from __future__ import annotations

import os
import sys
import time

from pymta.mail.listed import is_one_word, listed
from pymta.submit import replies
from pymta.submit.caller import full_name, login_name
from pymta.submit.dialogue import Message, Outcome, hand_over
from pymta.submit.header import MOST, read_header
from pymta.submit.lines import Lines
from pymta.submit.options import Submission
from pymta.submit.store import BLOCK, Store
from pymta.submit.wire import Wire, place

TYPE_CHECKING = False  # as `typing` has it, which is not loaded
if TYPE_CHECKING:
    from collections.abc import Callable

WAIT = 60.0  # seconds
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 5.0
_NOT_FOR_THE_NETWORK = (
    "-bs is for programs of this machine, and would let the network send as one of its users:"
    " use pymta.socket, or -bw where inetd listens; see pymta-sendmail(8)"
)


class _WrongError(Exception):
    """The arguments are the exit status and the line for standard error."""


def main(asked: Submission) -> int:
    """The exit status."""
    try:
        return _pass_on(asked) if asked.speaks_smtp else _submit(asked)
    except _WrongError as error:
        status, line = error.args
        return _end(Outcome(status, [line]))


def _submit(asked: Submission) -> int:
    message, mistakes = _read_message(asked)
    outcome = _until_taken(asked, lambda wire: hand_over(wire, asked, message))
    if outcome.status == replies.OK and mistakes:
        return _end(Outcome(replies.DATA, mistakes))
    return _end(Outcome(outcome.status, [*mistakes, *outcome.lines]))


def _read_message(asked: Submission) -> tuple[Message, list[str]]:
    """The message, and what is wrong with some of its addresses."""
    named = [one for word in asked.recipients for one in listed(os.fsencode(word))]
    sender = os.fsencode(asked.sender or "")
    if sender and not is_one_word(sender):
        raise _WrongError(replies.USAGE, f"-f: no address: {asked.sender}")
    store, lines = Store(), Lines(dot_ends=asked.dot_ends)
    _read_input(store, lines)
    header = read_header(store.start(MOST + 1))
    if header.length > MOST:
        raise _WrongError(replies.DATA, f"the header is longer than {MOST} octets")
    if asked.from_header:
        named += header.recipients()
    wrong = [one.text.decode("utf-8", "replace") for one in named if not one.address]
    recipients = list(dict.fromkeys(one.address for one in named if one.address))
    mistakes = [f"no address, left out: {text}" for text in wrong]
    if not recipients:
        where = "in To, Cc and Bcc" if asked.from_header else "among the words"
        raise _WrongError(replies.DATA, "; ".join([*mistakes, f"nobody to send to {where}"]))
    login = os.fsencode(login_name())
    return (
        Message(
            store=store,
            header=header,
            recipients=recipients,
            sender=sender if asked.sender is not None else login,
            login=login,
            full_name=asked.full_name or full_name(),
            has_eight_bit=lines.has_eight_bit,
        ),
        mistakes,
    )


def _read_input(store: Store, lines: Lines) -> None:
    try:
        while not lines.is_over and (data := os.read(0, BLOCK)):
            store.add(lines.feed(data))
        store.add(lines.finish())
    except OSError as error:
        raise _WrongError(
            replies.CANNOT_READ, f"cannot read the message: {error.strerror or error}"
        ) from None


def _until_taken(asked: Submission, attempt: Callable[[Wire], Outcome]) -> Outcome:
    """Try until there is an answer that lasts, or the time is over."""
    started, wait, pause = time.monotonic(), _wait(), _FIRST_PAUSE
    while True:
        outcome = _try(asked, attempt, max(1.0, started + wait - time.monotonic()))
        left = started + wait - time.monotonic()
        if outcome.status != replies.LATER:
            return outcome
        if left <= 0:
            gave_up = f"gave up after {wait:g} seconds; nothing was sent"
            return Outcome(replies.LATER, [*outcome.lines, gave_up])
        if pause == _FIRST_PAUSE and sys.stderr.isatty():
            _say([*outcome.lines, f"trying for {wait:g} seconds"])
        # A random share of it, that many who were turned away do not come back together.
        time.sleep(min(left, pause * (128 + os.urandom(1)[0]) / 256))
        pause = min(pause * 2, _LONGEST_PAUSE)


def _try(asked: Submission, attempt: Callable[[Wire], Outcome], patience: float) -> Outcome:
    wire = None
    try:
        wire = Wire(place(), patience, shows=asked.shows)
        return attempt(wire)
    except PermissionError as error:
        return Outcome(replies.NO_PERMISSION, [f"{place()}: {error.strerror}"])
    except OSError as error:
        return Outcome(replies.LATER, [f"{place()}: {error.strerror or error}"])
    finally:
        if wire is not None:
            wire.close()


def _pass_on(asked: Submission) -> int:
    from pymta.submit.pass_on import is_from_network, pass_on  # noqa: PLC0415 - few want it

    if is_from_network(0):
        os.write(1, b"421 4.3.5 No service for the network here\r\n")
        raise _WrongError(replies.CONFIG, _NOT_FOR_THE_NETWORK)
    found: list[int] = []

    def connect(wire: Wire) -> Outcome:
        found.append(wire.detach())
        return Outcome(replies.OK, [])

    outcome = _until_taken(asked, connect)
    if found:
        return pass_on(found[0])
    os.write(1, b"421 Temporary local problem - please try later\r\n")
    return _end(outcome)


def _wait() -> float:
    """Seconds."""
    text = os.environ.get("PYMTA_SUBMIT_WAIT", "")
    try:
        return min(max(float(text or WAIT), 0.0), 86_400.0)
    except ValueError:
        return WAIT


def _end(outcome: Outcome) -> int:
    _say(outcome.lines)
    return outcome.status


def _say(lines: list[str]) -> None:
    for line in lines:
        sys.stderr.write(f"pymta: {line}\n")
    sys.stderr.flush()
