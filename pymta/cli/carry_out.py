"""Carry out what an operator orders: one message after another, each under its claim.

What an order says is on disk before the log tells of it.  Where the sender is to be told, the
report is written here and now, by the same code as after a delivery, and the daemon is asked to
deliver it; without a daemon the next queue run does.

Touches: disk, clock, sockets.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pymta.channel.words import HandOn
from pymta.cli.ask_daemon import ask_daemon, runtime_directory
from pymta.cli.command_error import CommandError
from pymta.cli.orders import Answer, Change, Hand, Order, Refused, Unneeded
from pymta.config.settings import Settings
from pymta.dataclass import dataclass
from pymta.journal.delivery_events import completed
from pymta.journal.event import Event
from pymta.journal.log import Log
from pymta.mail.envelope import Envelope
from pymta.spool.files import FileSpool
from pymta.spool.store import Claim, Message, SpoolError

if TYPE_CHECKING:
    from pymta.delivery.world import World

PAUSE = 0.1  # seconds between looks at a message that another process has
PATIENCE = 5.0  # seconds for the daemon to answer


class Word(Enum):
    """What became of an order, as `--json` says it."""

    DONE = "done"
    UNCHANGED = "unchanged"  # it was so already
    REFUSED = "refused"  # it makes no sense for this message
    BUSY = "busy"  # another process has the message
    GONE = "gone"  # no such message (any more), or the filter fits it no more
    FAILED = "failed"  # the disk said no


@dataclass(frozen=True, slots=True)
class Outcome:
    """`text` says why not, "" where all is well."""

    id: str
    word: Word
    text: str = ""


class Operator:
    """`by` is the user who orders; `wait` how many seconds to wait for a message in other hands."""

    def __init__(
        self,
        spool: FileSpool,
        log: Log,
        settings: Settings,
        by: str,
        *,
        wait: float = 0.0,
    ) -> None:
        self._spool = spool
        self._log = log
        self._settings = settings
        self._by = by
        self._wait = wait
        self._written: list[HandOn] = []

    def do(
        self, id: str, order: Order, still_fits: Callable[[Message], bool] = lambda _: True
    ) -> Outcome:
        try:
            claim = self._claim(id)
            if claim is None:
                if self._spool.holds(id):
                    return Outcome(id, Word.BUSY, "another process is handling it, try again")
                return Outcome(id, Word.GONE)
            try:
                outcome = self._under_claim(claim, order, still_fits)
                is_owed = bool(claim.state.owed)
            finally:
                claim.release()
            if is_owed and outcome.word is Word.DONE:
                self._report(id)
        except SpoolError as error:
            return Outcome(id, Word.FAILED, error.strerror or str(error))
        return outcome

    def would_do(self, message: Message, order: Order) -> Outcome:
        """What `do` would say, as far as that can be known."""
        return _outcome(message.id, order(message, self._hand(lambda: "")))

    def hand_on(self) -> None:
        """Have the daemon deliver what was written; a queue run takes what it does not."""
        written, self._written = self._written, []
        directory = runtime_directory(Path(self._settings.machine.state_directory))
        for word in written:
            try:
                ask_daemon(directory, f"deliver {word.id}", wait=PATIENCE, failure=1)
            except (CommandError, OSError):
                return

    def _hand(self, reserve: Callable[[], str]) -> Hand:
        return Hand(self._by, time.time(), reserve)

    def _claim(self, id: str) -> Claim | None:
        until = time.monotonic() + self._wait
        while True:
            claim = self._spool.claim(id)
            if claim or time.monotonic() >= until or not self._spool.holds(id):
                return claim
            time.sleep(PAUSE)

    def _under_claim(
        self, claim: Claim, order: Order, still_fits: Callable[[Message], bool]
    ) -> Outcome:
        message = Message(claim.id, claim.envelope, claim.seal, claim.state)
        if not still_fits(message):
            return Outcome(claim.id, Word.GONE)
        answer = order(message, self._hand(self._spool.reserve))
        if isinstance(answer, Change):
            if answer.records:  # in one go: no stop in between leaves half an order
                claim.note(*answer.records)
            if answer.removes or claim.state.is_finished:
                claim.finish()
            for event in answer.events:
                self._log.write(event)
            if answer.removes or claim.state.is_finished:
                self._log.write(_end(claim.id, claim.envelope))
        return _outcome(claim.id, answer)

    def _report(self, id: str) -> None:
        # Loaded only here: it is all of the delivery.
        from pymta.delivery.one_message import attempt  # noqa: PLC0415

        attempt(id, self._world)

    @cached_property
    def _world(self) -> World:
        from pymta.delivery.real_world import make_world  # noqa: PLC0415 - as above

        hand_on = self._written.append
        return make_world(hand_on, self._settings, self._log, lambda: False, force=False)


def _end(id: str, envelope: Envelope) -> Event:
    return completed(id, envelope.sender, time.time() - envelope.received_at)


def _outcome(id: str, answer: Answer) -> Outcome:
    match answer:
        case Change():
            return Outcome(id, Word.DONE)
        case Refused(why):
            return Outcome(id, Word.REFUSED, why)
        case Unneeded(why):
            return Outcome(id, Word.UNCHANGED, why)
