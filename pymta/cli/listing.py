"""How messages look to people: the classic listing, one message in full, and JSON.

Senders, recipients and replies were written by strangers; what would not print is made visible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pymta.journal.line import printable
from pymta.mail.envelope import Envelope
from pymta.spool.outcomes import (
    Deferred,
    Delivered,
    Edited,
    Failed,
    Frozen,
    Held,
    Record,
    Redirected,
    Released,
    Reported,
    Rerouted,
    Thawed,
    Warned,
)
from pymta.spool.recipients import written
from pymta.spool.store import Glance, Message

Stamp = Callable[[float], str]  # seconds since the epoch, as local time


def listed(message: Glance, now: float, *, shows_settled: bool = True) -> str:
    """Age, size, id, sender, queue; then a recipient per line, D before one that is settled."""
    text = (
        f"{age(now - message.received_at)} {size(message.size)}"
        f" {message.id} <{printable(message.sender)}>"
    )
    if message.queue:
        text += f" Q={message.queue}"
    if message.frozen or message.held:
        text += " *** frozen ***" if message.frozen else " *** held ***"
    for address, waits in message.recipients:
        if waits:
            text += f"\n          {printable(address)}"
        elif shows_settled:
            text += f"\n        D {printable(address)}"
    return text + "\n"


def as_plain(message: Message) -> dict[str, Any]:
    """For `--json`: times in seconds since the epoch, sizes in bytes."""
    state = message.state
    reasons, pending = dict(state.why), frozenset(state.pending)  # there may be very many
    return {
        "id": message.id,
        "queue": message.envelope.queue_name,
        "arrived": message.envelope.received_at,
        "size": message.seal.size,
        "sender": message.envelope.sender,
        "asks_for": _asked(message.envelope),
        "recipients": [
            {
                "address": address,
                "settled": number not in pending,
                "reason": reasons.get(number, "") if number in pending else "",
            }
            for number, address in written(message.envelope, state).items()
        ],
        "frozen": state.frozen,
        "held": state.held,
        "reroute": state.reroute,
        "due": state.due,
        "attempts": state.attempts,
    }


def shown(message: Message, header: bytes | None, now: float, stamp: Stamp) -> Iterator[str]:
    """Everything about one message, line by line; `header` None: it has gone meanwhile."""
    envelope, state = message.envelope, message.state
    arrived = f"{stamp(envelope.received_at)}, {age(now - envelope.received_at).strip()} ago"
    yield f"Message     {message.id}"
    yield f"Arrived     {arrived}, {_origin(message)}"
    yield f"Sender      <{printable(envelope.sender)}>"
    yield f"Size        {message.seal.size} bytes, {envelope.body}"
    if envelope.queue_name:
        yield f"Queue       {envelope.queue_name}"
    if asked := _asked(envelope):
        yield f"Asks for    {', '.join(asked)}"
    yield f"State       {_state(message, now, stamp)}"
    if state.reroute:
        yield f"By way of   {printable(state.reroute)}"
    reasons, pending = dict(state.why), frozenset(state.pending)
    addresses = written(envelope, state)
    yield "Recipients"
    for number, address in addresses.items():
        word = "waiting" if number in pending else "settled"
        why = reasons.get(number, "") if number in pending else ""
        reason = f"  ({printable(why)})" if why else ""
        if number < len(envelope.recipients) and envelope.recipients[number].notify:
            reason = f"  NOTIFY={','.join(envelope.recipients[number].notify)}{reason}"
        yield f"  {word}   {printable(address)}{reason}"
    if message.history:
        yield "History"
        for record in message.history:
            yield f"  {stamp(record.at)}  {printable(told(record, addresses, stamp))}"
    yield "Header"
    yield from _header_lines(header)


def told(record: Record, addresses: Mapping[int, str], stamp: Stamp) -> str:
    """One record in words; `addresses` are those of the recipients, by index."""
    match record:
        case Delivered(recipients=numbers, how=how):
            return f"delivered {_names(addresses, numbers)}{_because(how)}"
        case Failed(recipients=numbers, why=why):
            return f"failed {_names(addresses, numbers)}{_because(why)}"
        case Deferred(recipients=numbers, due=due, why=why):
            return f"put off until {stamp(due)} {_names(addresses, numbers)}{_because(why)}"
        case Warned(recipients=numbers, report_id=report_id):
            who = _names(addresses, numbers)
            return f"the sender is told of the delay of {who}" if report_id else "no word of delay"
        case Redirected(recipients=numbers, to=to):
            return f"{_names(addresses, numbers)} has it sent on to {_names(addresses, to)}"
        case Reported(report_id=report_id):
            return f"the sender was told in message {report_id}"
        case Frozen(why=why):
            return f"frozen{_because(why)}"
        case Thawed(by=by):
            return f"thawed by {by}" if by else "thawed"
        case Held(by=by):
            return f"held by {by}"
        case Released(by=by):
            return f"released by {by}"
        case Edited(recipients=numbers, to=to, by=by):
            out = f", without {_names(addresses, numbers)}" if numbers else ""
            new = f", now to {_names(addresses, to)}" if to else ""
            return f"recipients edited by {by}{out}{new}"
        case Rerouted(host=host, by=by):
            return f"sent by way of {host or 'its own hosts again'}, by order of {by}"


def age(seconds: float) -> str:
    """Minutes below 90 of them, hours below 72, then days."""
    minutes = int(seconds) // 60 if seconds > 0 else 0
    if minutes < 90:
        return f"{minutes:2d}m"
    hours = minutes // 60
    return f"{hours:2d}h" if hours < 72 else f"{hours // 24:2d}d"


def size(count: int) -> str:
    """Bytes in five columns."""
    if count < 1024:
        return f"{count:5d}"
    for unit in "KMG":
        count_in_unit = count / 1024
        if count_in_unit < 10:
            return f"{count_in_unit:4.1f}{unit}"
        if count_in_unit < 1024 or unit == "G":
            return f"{count_in_unit:4.0f}{unit}"
        count //= 1024
    raise AssertionError("the last unit takes everything")


def _asked(envelope: Envelope) -> list[str]:
    """Parameters of MAIL that go with the message."""
    asked = [
        word
        for word, is_so in (("SMTPUTF8", envelope.smtputf8), ("REQUIRETLS", envelope.requires_tls))
        if is_so
    ]
    asked += [f"RET={envelope.ret}"] if envelope.ret else []
    return asked + ([f"ENVID={envelope.envid}"] if envelope.envid else [])


def _origin(message: Message) -> str:
    client = message.envelope.client
    if client.user:
        return f"from {printable(client.user)} by {client.protocol}"
    if not client.address:
        return "written by pymta itself"
    return f"from {printable(client.helo)} [{client.address}]:{client.port} by {client.protocol}"


def _state(message: Message, now: float, stamp: Stamp) -> str:
    state = message.state
    if state.frozen:
        return f"frozen: {printable(state.frozen)}"
    if state.held:
        return f"held by {printable(state.held)}"
    if not state.attempts:
        return "not tried yet"
    when = f"next attempt {stamp(state.due)}" if state.due > now else "due"
    tries = "1 attempt" if state.attempts == 1 else f"{state.attempts} attempts"
    return f"{tries} so far, {when}"


def _header_lines(header: bytes | None) -> Iterator[str]:
    if header is None:
        yield "  (not to be seen any more: the message has gone meanwhile)"
        return
    for line in header.decode("utf-8", "surrogateescape").split("\n"):
        yield f"  {printable(line.removesuffix(chr(13)))}"


def _names(addresses: Mapping[int, str], numbers: tuple[int, ...]) -> str:
    return ", ".join(addresses[n] for n in numbers if n in addresses)


def _because(why: str) -> str:
    return f": {why}" if why else ""
