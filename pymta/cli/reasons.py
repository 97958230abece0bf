"""Why does a message wait?  Reasons, the one that keeps it longest first, as lines and as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pymta.cli.explanation import Explained, Stamp, as_plain, lines
from pymta.cli.listing import age
from pymta.config.queue import Queue
from pymta.dataclass import dataclass
from pymta.journal.line import printable
from pymta.retry.frozen import End, ends_of
from pymta.spool.recipients import NO_FURTHER, written
from pymta.spool.store import Message

_ENDS = {
    End.LAST_TRY: "tried once more (ignore_bounce_errors_after), and gone if that fails",
    End.THAW: "thawed and tried again (auto_thaw)",
    End.CANCEL: "given up (timeout_frozen_after)",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """`what` is a word for programs, `text` says it; `until` in seconds since the epoch, or 0."""

    what: str
    text: str
    until: float = 0.0


def of_message(
    message: Message, now: float, *, is_busy: bool, queue: Queue | None = None
) -> Iterator[Reason]:
    """What goes for all of it.  `is_busy`: a process has it in its hands.

    `queue` are the settings, for whoever wants to know how long a frozen message stays so.
    """
    state = message.state
    if is_busy:
        yield Reason("busy", "a process is at work on it right now")
    if state.held:
        yield Reason("held", f"held by {state.held}: no queue run tries it until it is released")
    if state.frozen:
        why = f"frozen ({state.frozen}): only a run with force tries it until it is thawed"
        yield Reason("frozen", why)
        for end, at in (ends_of(message.envelope, state, queue) if queue else {}).items():
            yield Reason("ends", f"by a queue run it is {_ENDS[end]}", at)
    if state.owed:
        yield Reason("owed", "its sender is still to be told: the next queue run does that")
    if state.held or state.frozen or not state.pending:
        return
    if state.warn:
        yield Reason("late", "its sender is told that it takes long", state.warn)
    if state.due > now:
        yield Reason("retry", "nobody of those who wait is due yet", state.due)
    elif not state.attempts:
        yield Reason(
            "new", "it has not been tried yet: the next delivery process or queue run does"
        )
    else:
        yield Reason("due", "it is due: the next queue run tries it")


def of_recipients(message: Message, now: float) -> Iterator[tuple[int, list[Reason]]]:
    """What goes for each who waits, by index; there may be very many."""
    state = message.state
    firsts, whys, dues = dict(state.first_deferred), dict(state.why), dict(state.dues)
    for n in state.pending:
        yield n, list(_of_recipient(firsts.get(n), whys.get(n), dues.get(n, 0.0), now))


def _of_recipient(first: float | None, why: str | None, due: float, now: float) -> Iterator[Reason]:
    if why is None:
        yield Reason("untried", "not tried yet")
        return
    # Limits of our own, and an order of another way, leave him all of his time.
    since = "" if first is None else f" for the first time {age(now - first).strip()} ago"
    yield Reason("deferred", f"put off{since}; the last reason: {why}")
    if due > now:
        yield Reason("retry", "in retry", due)
    else:
        yield Reason("due", "due")


@dataclass(frozen=True, slots=True)
class Why:
    """`ways` are what an attempt would find now, by address; `queue` are the settings."""

    message: Message
    is_busy: bool
    ways: Mapping[str, Explained]
    queue: Queue | None = None

    def lines(self, now: float, stamp: Stamp) -> Iterator[str]:
        sender = printable(self.message.envelope.sender)
        yield f"{self.message.id} <{sender}>"
        for reason in self._reasons(now):
            yield f"    {_said(reason, stamp)}"
        if self.message.state.reroute:
            yield f"    by order it goes by way of {printable(self.message.state.reroute)}"
        for address, reasons in self._waiting(now):
            yield f"  {printable(address)}"
            for reason in reasons:
                yield f"    {_said(reason, stamp)}"
            if address in self.ways:
                yield from (f"    {line}" for line in list(lines(self.ways[address], stamp))[1:])

    def plain(self, now: float) -> dict[str, Any]:
        return {
            "id": self.message.id,
            "sender": self.message.envelope.sender,
            "reasons": _plain(self._reasons(now)),
            "reroute": self.message.state.reroute,
            "recipients": [
                {
                    "address": address,
                    "reasons": _plain(reasons),
                    "way": as_plain(self.ways[address]) if address in self.ways else None,
                }
                for address, reasons in self._waiting(now)
            ],
        }

    def _reasons(self, now: float) -> Iterator[Reason]:
        return of_message(self.message, now, is_busy=self.is_busy, queue=self.queue)

    def _waiting(self, now: float) -> Iterator[tuple[str, list[Reason]]]:
        addresses = written(self.message.envelope, self.message.state)
        for index, reasons in of_recipients(self.message, now):
            yield addresses[index].removeprefix(NO_FURTHER), reasons


def _said(reason: Reason, stamp: Stamp) -> str:
    until = f", not before {stamp(reason.until)}" if reason.until else ""
    return f"{printable(reason.text)}{until}"


def _plain(reasons: Iterable[Reason]) -> list[dict[str, Any]]:
    return [{"what": one.what, "text": one.text, "until": one.until} for one in reasons]
