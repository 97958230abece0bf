"""Lines about connections and arriving messages, in the classic words.

`who` is always the text of CP-07, made by `who`.  Lines that the classic daemon writes only when
a log selector asks for them are not written: a connection that ends well has no line of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pymta.config.duration import format_duration
from pymta.journal.event import MAIN, MAIN_AND_PANIC, MAIN_AND_REJECT, Event, Kind, Stream

LOST = "lost_incoming_connection"  # a log selector


@dataclass(frozen=True, slots=True)
class Origin:
    """The client, as far as it is known; `helo` is "" before it has said its name."""

    address: str
    port: int
    helo: str = ""

    @property
    def who(self) -> str:
        """CP-07: the name is left out where it is just the address."""
        literals = ("", f"[{self.address}]".lower(), f"[ipv6:{self.address}]".lower())
        if self.helo.lower() in literals:
            return f"[{self.address}]"
        return f"({self.helo}) [{self.address}]"

    @property
    def fields(self) -> dict[str, str]:
        named = {"HELO": self.helo} if self.helo else {}
        return {"CLIENT": self.address, "CLIENT_PORT": str(self.port)} | named


def arrived(
    origin: Origin, id: str, sender: str, recipients: tuple[str, ...], facts: Mapping[str, str]
) -> Event:
    """``<= SENDER H=WHO P=PROTOCOL S=SIZE id=MESSAGE-ID``.

    `facts` are PROTOCOL, SIZE and, where the message has one, MESSAGE_ID_HEADER.
    """
    text = f"<= {sender or '<>'} H={origin.who} P={facts['PROTOCOL']} S={facts['SIZE']}"
    if "MESSAGE_ID_HEADER" in facts:
        text += f" id={facts['MESSAGE_ID_HEADER']}"
    names = {"SENDER": sender, "RECIPIENTS": " ".join(recipients)}
    return Event(Kind.ARRIVED, text, id, origin.fields | names | dict(facts))


def not_delivered_now(id: str, why: str) -> Event:
    """ID-02…04."""
    text = f"no immediate delivery: {why}"
    return Event(Kind.QUEUED, text, id, selector="delay_delivery")


def rejected(
    origin: Origin, what: str, why: str, *, sender: str | None = None, recipient: str = ""
) -> Event:
    """``H=WHO F=<SENDER> rejected WHAT: WHY``; no F= before there is a sender."""
    mark = "" if sender is None else f" F=<{sender}>"
    fields = origin.fields | ({} if sender is None else {"SENDER": sender})
    if recipient:
        fields["RECIPIENT"] = recipient
    text = f"H={origin.who}{mark} rejected {what}: {why}"
    return Event(Kind.REJECTED, text, fields=fields, streams=MAIN_AND_REJECT)


def message_refused(origin: Origin, id: str, sender: str, why: str) -> Event:
    """``rejected from <SENDER> H=WHO: WHY``: after the message was seen."""
    text = f"rejected from <{sender}> H={origin.who}: {why}"
    fields = origin.fields | {"SENDER": sender}
    return Event(Kind.REJECTED, text, id, fields, MAIN_AND_REJECT)


def too_many_messages(origin: Origin) -> Event:
    """SS-05, last row."""
    text = f"rejected MAIL command H={origin.who}: too many messages in one connection"
    return Event(Kind.REJECTED, text, fields=origin.fields, streams=MAIN_AND_REJECT)


def dropped(origin: Origin, why: str) -> Event:
    """SS-05: `why` ends with the last command."""
    text = f"SMTP call from {origin.who} dropped: {why}"
    return Event(Kind.REJECTED, text, fields=origin.fields, streams=MAIN_AND_REJECT)


def lost_after_mail(origin: Origin, why: str) -> Event:
    """SS-04."""
    tail = f" (error: {why})" if why else ""
    text = f"unexpected disconnection while reading SMTP command from {origin.who}{tail}"
    return _connection(origin, text, selector=LOST)


def lost_in_data(origin: Origin, id: str, sender: str, why: str) -> Event:
    tail = f" (error: {why})" if why else ""
    text = f"SMTP connection from {origin.who} lost while reading message data{tail} F=<{sender}>"
    return _connection(origin, text, id, selector=LOST)


def command_timeout(origin: Origin, seconds: float) -> Event:
    """SS-06 with the duration of N-38, like all that follow."""
    text = f"SMTP command timeout on connection from {origin.who} D={duration(seconds)}"
    return _connection(origin, text, selector=LOST)


def data_timeout(origin: Origin, id: str, sender: str, seconds: float) -> Event:
    text = (
        f"SMTP data timeout (message abandoned) on connection from {origin.who}"
        f" F=<{sender}> D={duration(seconds)}"
    )
    return _connection(origin, text, id, selector=LOST)


def terminated(origin: Origin, seconds: float) -> Event:
    return _connection(
        origin, f"SMTP connection from {origin.who} D={duration(seconds)} closed after SIGTERM"
    )


def stopped(origin: Origin, seconds: float) -> Event:
    """The daemon wants to end, or has gone; this connection waited for its client."""
    return _connection(
        origin,
        f"SMTP connection from {origin.who} D={duration(seconds)} closed: daemon is stopping",
    )


def write_failed(origin: Origin, why: str) -> Event:
    return _connection(origin, f"SMTP connection from {origin.who} lost while writing ({why})")


def spool_trouble(origin: Origin, id: str, why: str) -> Event:
    """The disk said no; the client hears a 4xx and keeps its message."""
    text = f"spool error: {why}: message from H={origin.who} put off"
    return Event(Kind.TROUBLE, text, id, origin.fields, MAIN_AND_PANIC)


def crashed(origin: Origin, trace: str) -> Event:
    """CL-03: our own mistake; the traceback is a field, the last line of it stands in the text."""
    last = trace.strip().rsplit("\n", 1)[-1]
    text = f"Unexpected failure in SMTP connection from {origin.who}: {last}"
    return Event(Kind.TROUBLE, text, "", origin.fields | {"TRACEBACK": trace}, MAIN_AND_PANIC)


def duration(seconds: float) -> str:
    """N-38: tenths matter below ten seconds, then units."""
    return f"{seconds:.1f}s" if seconds < 10 else format_duration(seconds)


def _connection(
    origin: Origin,
    text: str,
    id: str = "",
    streams: tuple[Stream, ...] = MAIN,
    selector: str = "",
) -> Event:
    return Event(Kind.CONNECTION, text, id, origin.fields, streams, selector)
