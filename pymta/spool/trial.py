"""A life of several messages on a spool, what was promised in it, and whether that holds.

The life has everything that happens to messages.  It may end at any call of the disk; whoever opens
the spool next must find what was promised until then.  `pymta.spool.torture` runs it on a real
disk, the tests in tests/crash on one in memory, and programs that are wrong on purpose beside ours.

Touches: disk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field, replace

from pymta.dataclass import dataclass
from pymta.mail.envelope import Client, Envelope, Recipient
from pymta.spool.claim import FileClaim
from pymta.spool.files import FileSpool
from pymta.spool.journal_lines import encode
from pymta.spool.outcomes import (
    Deferred,
    Delivered,
    Edited,
    Failed,
    Frozen,
    Record,
    Redirected,
    Reported,
    Thawed,
)
from pymta.spool.store import Seal

NOW = 1_700_000_000.0
LATER = 4e9  # everything that a stopped process left is old enough to be swept
NAMED = "slow"
ENVELOPE = Envelope(
    "sender@example.org",
    (Recipient("one@example.net"), Recipient("two@example.net")),
    NOW,
    Client("192.0.2.1", 1025, "client.example.org", "esmtp"),
)
AN_ORDER = (Edited(NOW, (1,), (2,), ("four@example.net",), "root"), Thawed(NOW, "root"))
PIECES = 8  # that the body arrives in


class BrokenPromiseError(Exception):
    """The spool has not kept what it promised; the argument says what."""


@dataclass(frozen=True, slots=True)
class Body:
    """What every message of the life has behind its envelope."""

    text: bytes = b"Subject: test\r\n\r\n" + b"0123456789abcdef\r\n" * 16_000  # some blocks

    def pieces(self) -> list[bytes]:
        size = len(self.text) // PIECES + 1
        return [self.text[start : start + size] for start in range(0, len(self.text), size)]


@dataclass(slots=True)
class Promises:
    """What the program was told it may count on, until it was stopped."""

    accepted: set[str] = field(default_factory=set)
    settling: set[str] = field(default_factory=set)  # removal has begun
    settled: set[str] = field(default_factory=set)
    noted: dict[str, list[bytes]] = field(default_factory=dict)

    def make(self, kind: str, id: str, line: bytes = b"") -> None:
        match kind:
            case "accepted":
                self.accepted.add(id)
            case "settling":
                self.settling.add(id)
            case "settled":
                self.settled.add(id)
            case "noted":
                self.noted.setdefault(id, []).append(line)


@dataclass(frozen=True, slots=True)
class Life:
    """`make(kind, id, line)` hears each promise as soon as it is one."""

    spool: FileSpool
    make: Callable[..., None]
    body: Body = Body()

    def live(self) -> None:
        """Every kind of thing that happens to messages."""
        put_off = self.accept()
        at_once = self.accept()
        in_parts = self.accept(queue=NAMED)
        slow = self.accept(queue=NAMED)
        self.spool.begin(ENVELOPE).write(self.body.text)  # its client hangs up: nobody abandons it
        abandoned = self.spool.begin(ENVELOPE)
        abandoned.write(self.body.text)
        abandoned.abandon()

        busy, away = (Deferred(NOW, (n,), NOW + 900, why) for n, why in enumerate(("busy", "away")))
        self.attempt(put_off, busy, away)
        self.attempt(put_off, *AN_ORDER)
        self.settle(at_once)
        self.attempt(in_parts, Delivered(NOW, (0,)))
        bounce = self.spool.reserve()
        self.attempt(in_parts, Failed(NOW, (1,), "no such user", bounce))
        self.accept(id=bounce, queue=NAMED)
        self.settle(in_parts, Reported(NOW, bounce))
        self.attempt(put_off, Redirected(NOW, (0,), (3,), ("three@example.net",)))
        self.attempt(put_off, Delivered(NOW, (3,)))
        self.attempt(put_off, Frozen(NOW, "by hand"))
        self.settle(slow)
        self.accept()
        self.spool.clear()
        self.spool.sweep()

    def accept(self, *, id: str = "", queue: str = "") -> str:
        intake = self.spool.begin(replace(ENVELOPE, queue_name=queue), id=id)
        for piece in self.body.pieces():
            intake.write(piece)
        intake.commit(Seal(on_top=("Received: by us\r\n",)))
        self.make("accepted", intake.id)
        return intake.id

    def attempt(self, id: str, *records: Record) -> None:
        claim = self.claimed(id)
        claim.prepare()
        claim.note(*records)
        for record in records:
            self.make("noted", id, encode(record))
        claim.release()

    def settle(self, id: str, *records: Record) -> None:
        claim = self.claimed(id)
        self._must_be_whole(claim)
        claim.prepare()
        for record in records:
            claim.note(record)
            self.make("noted", id, encode(record))
        if not claim.is_mine():
            raise BrokenPromiseError(f"the claim on {id} was lost")
        self.make("settling", id)
        claim.finish()
        self.make("settled", id)

    def claimed(self, id: str) -> FileClaim:
        claim = self.spool.claim(id)
        if claim is None:
            raise BrokenPromiseError(f"nobody can claim {id}")
        return claim

    def check(self, promises: Promises, *, was_cut: bool) -> None:
        """All that was promised holds for whoever opens the spool next, before and after a sweep.

        Empties the spool.  Raises BrokenPromiseError.
        """
        before = self.present(promises)
        self.spool.sweep()
        after = self.present(promises)
        _demand(before == after, f"a sweep changed the queue: {before ^ after}")
        lost = promises.accepted - promises.settling - after
        _demand(not lost, f"accepted and not there: {lost}")
        if not was_cut:  # a removal without a journal is not synced: see `states`
            back = promises.settled & after
            _demand(not back, f"settled and there again: {back}")
        for id in sorted(after):  # and life goes on
            record = Deferred(LATER, (0,), LATER + 1, "tried again")
            self.attempt(id, record)
            _demand(self.history(id)[-1] == encode(record), f"{id}: a record was not kept")
            self.claimed(id).finish()
        _demand(not self.all_waiting(), "what was settled at last is still there")

    def present(self, promises: Promises) -> set[str]:
        """Ids of all that waits, each whole and with all that was recorded."""
        found = self.all_waiting()
        ids = [id for _, id in found]
        _demand(len(set(ids)) == len(ids), f"a message is in two queues: {ids}")
        for queue, id in found:
            claim = self.claimed(id)
            mine = replace(ENVELOPE, queue_name=queue)
            _demand(claim.envelope == mine, f"{id} has another envelope")
            self._must_be_whole(claim)
            claim.release()
            noted = promises.noted.get(id, [])
            history = self.history(id)
            _demand(history[: len(noted)] == noted, f"{id}: what was recorded is lost")
            obeyed = [encode(record) in history for record in AN_ORDER]
            _demand(all(obeyed) or not any(obeyed), f"{id}: half an order is there")
        return set(ids)

    def all_waiting(self) -> list[tuple[str, str]]:
        """Queue and id of every message."""
        spool = self.spool
        return [(queue, message.id) for queue in spool.queues() for message in spool.waiting(queue)]

    def history(self, id: str) -> list[bytes]:
        message = self.spool.peek(id)
        _demand(message is not None, f"{id} has gone")
        return [encode(record) for record in message.history] if message else []

    def _must_be_whole(self, claim: FileClaim) -> None:
        _demand(b"".join(claim.blocks()) == self.body.text, f"{claim.id} has another text")


def _demand(is_so: bool, what: str) -> None:
    if not is_so:
        raise BrokenPromiseError(what)
