"""Lines about connections, in the classic words.

`who` is always the text of CP-07, made by `pymta.journal.origin`.  Where `selector` stands, the
line is written only when the operator wants it: a connection that ends well has no line of its own,
unless asked.
"""

from __future__ import annotations

from collections.abc import Iterable

from pymta.config.duration import format_duration
from pymta.journal.event import MAIN, MAIN_AND_PANIC, MAIN_AND_REJECT, Event, Kind, Stream
from pymta.journal.origin import Origin
from pymta.journal.parts import recipients_fields

LOST = "lost_incoming_connection"  # log selectors
CONNECTION = "smtp_connection"
SIZE = "size_reject"

BAD_COMMANDS = "bad-commands"  # reasons of N-08 that several lines have
GONE = "connection-lost"
SIGNAL = "signal-exit"


def not_delivered_now(origin: Origin, id: str, why: str) -> Event:
    """ID-02…04."""
    text = f"no immediate delivery: {why}"
    return Event(Kind.QUEUED, text, id, origin.fields | {"WHY": why}, selector="delay_delivery")


def rejected(
    origin: Origin,
    what: str,
    why: str,
    *,
    sender: str | None = None,
    recipient: str = "",
    selector: str = "",
) -> Event:
    """``H=WHO F=<SENDER> rejected WHAT: WHY``; no F= before there is a sender."""
    mark = "" if sender is None else f" F=<{sender}>"
    fields = origin.fields | {"WHY": why} | ({} if sender is None else {"SENDER": sender})
    if recipient:
        fields["RECIPIENT"] = recipient
    text = f"{origin.mark}{origin.marks}{mark} rejected {what}: {why}"
    return Event(Kind.REJECTED, text, fields=fields, streams=MAIN_AND_REJECT, selector=selector)


def renamed(origin: Origin, asked: str, called: str, *, is_sender: bool) -> Event:
    """``H=WHO MAIL <ASKED> is called <CALLED>``, or RCPT: canonical tables and masquerading."""
    command, field = ("MAIL", "SENDER") if is_sender else ("RCPT", "RECIPIENT")
    text = f"{origin.mark}{origin.marks} {command} <{asked}> is called <{called}>"
    fields = origin.fields | {field: asked, "TO": called}
    return Event(Kind.RENAMED, text, fields=fields, selector="address_rewrite")


def message_refused(origin: Origin, id: str, sender: str, why: str, *, selector: str = "") -> Event:
    """``rejected from <SENDER> H=WHO: WHY``: after the message was seen."""
    text = f"rejected from <{sender}> {origin.mark}{origin.marks}: {why}"
    fields = origin.fields | {"SENDER": sender, "WHY": why}
    return Event(Kind.MESSAGE_REJECTED, text, id, fields, MAIN_AND_REJECT, selector)


def too_many_messages(origin: Origin) -> Event:
    """SS-05, last row."""
    why = "too many messages in one connection"
    text = f"rejected MAIL command {origin.mark}: {why}"
    fields = origin.fields | {"WHY": why}
    return Event(Kind.REJECTED, text, fields=fields, streams=MAIN_AND_REJECT)


def dropped(origin: Origin, why: str, reason: str = BAD_COMMANDS) -> Event:
    """SS-05: `why` ends with the last command."""
    text = f"SMTP call from {origin.who} dropped: {why}"
    fields = origin.fields | {"WHY": why, "REASON": reason}
    return Event(Kind.DROPPED, text, fields=fields, streams=MAIN_AND_REJECT)


def closed_by_quit(origin: Origin, seconds: float) -> Event:
    """SS-04, with the duration of N-38 like all that follow."""
    text = f"{origin.connection} D={duration(seconds)} closed by QUIT"
    return _connection(Kind.CONNECTION_CLOSED, origin, text, selector=CONNECTION)


def closed_by_eof(origin: Origin, seconds: float) -> Event:
    """SS-04: after a STARTTLS that failed."""
    text = f"{origin.connection} D={duration(seconds)} closed by EOF"
    return _connection(Kind.CONNECTION_CLOSED, origin, text, selector=CONNECTION)


def lost(origin: Origin, why: str, seconds: float) -> Event:
    """SS-04: no mail was under way."""
    text = f"{origin.connection} lost{_error(why)} D={duration(seconds)}"
    return _connection(Kind.CONNECTION_LOST, origin, text, selector=CONNECTION, reason=GONE)


def lost_after_mail(origin: Origin, why: str, seconds: float) -> Event:
    """SS-04"""
    what = "unexpected disconnection while reading SMTP command"
    text = f"{what} from {origin.who}{_error(why)} D={duration(seconds)}"
    return _connection(Kind.CONNECTION_LOST, origin, text, selector=LOST, reason=GONE)


def lost_in_data(origin: Origin, id: str, sender: str, why: str, seconds: float) -> Event:
    what = f"{origin.connection} lost while reading message data"
    text = f"{what}{_error(why)} F=<{sender}> D={duration(seconds)}"
    return _connection(
        Kind.CONNECTION_LOST, origin, text, id, sender=sender, selector=LOST, reason=GONE
    )


def no_mail(origin: Origin, seconds: float, verbs: str) -> Event:
    """N-06; `verbs` are the commands of the session, " C=EHLO,QUIT" or ""."""
    text = f"no MAIL in SMTP connection from {origin.who} D={duration(seconds)}"
    text += f"{origin.login_mark}{origin.tls_mark}{verbs}"
    return _connection(Kind.NO_MAIL, origin, text, selector="smtp_no_mail")


def incomplete(origin: Origin, cause: str, sender: str, recipients: Iterable[str]) -> Event:
    """SS-04: a transaction that came to nothing."""
    names = tuple(recipients)
    to = f" for {' '.join(names)}" if names else ""
    text = f"{origin.mark} incomplete transaction ({cause}) from <{sender}>{to}"
    fields = origin.fields | {"SENDER": sender} | recipients_fields(names)
    return Event(Kind.INCOMPLETE, text, fields=fields, selector="smtp_incomplete_transaction")


def fault(origin: Origin, line: str, why: str, *, is_syntax: bool) -> Event:
    """A command that is none, or comes at the wrong time; counted by SS-05."""
    kind = "syntax" if is_syntax else "protocol"
    text = f'SMTP {kind} error in "{line}" {origin.mark} {why}'
    return _connection(Kind.PROTOCOL_ERROR, origin, text, selector=f"smtp_{kind}_error")


def bad_hello(origin: Origin, verb: str, argument: str) -> Event:
    why = f"syntactically invalid argument(s): {argument or '(no argument given)'}"
    text = f"rejected {verb} from {origin.who}: {why}"
    fields = origin.fields | {"WHY": why}
    return Event(Kind.REJECTED, text, fields=fields, streams=MAIN_AND_REJECT)


def sent_before_greeting(origin: Origin, what: str) -> Event:
    """CP-08"""
    text = (
        "SMTP protocol synchronization error (input sent without waiting for greeting):"
        f' rejected connection from {origin.mark} input="{what}"'
    )
    return _out_of_sync(origin, text)


def sent_too_soon(origin: Origin, line: str, following: str, *, is_pipelining: bool) -> Event:
    """SS-04"""
    not_ = "" if is_pipelining else " not"
    text = (
        "SMTP protocol synchronization error (next input sent too soon: pipelining was"
        f'{not_} advertised): rejected "{line}" {origin.mark} next input="{following}"'
    )
    return _out_of_sync(origin, text)


def _out_of_sync(origin: Origin, text: str) -> Event:
    fields = origin.fields | {"REASON": "synchronization-error"}
    return Event(Kind.OUT_OF_SYNC, text, fields=fields, streams=MAIN_AND_REJECT)


def refused_by_list(origin: Origin, option: str) -> Event:
    """LM-06"""
    text = f"refused connection from {origin.who} ({option})"
    return _refusal(origin, text, option, MAIN_AND_REJECT)


def refused_for_now(origin: Origin, why: str) -> Event:
    """LM-07, LM-08"""
    text = f"temporarily refused connection from {origin.who}: {why}"
    return _refusal(origin, text, why, MAIN)


def settings_unclear(origin: Origin, why: str) -> Event:
    """A setting has nothing for this client that could be understood."""
    text = f"{why} (for {origin.who})"
    return Event(Kind.WRONG_SETTING, text, "", origin.fields, MAIN_AND_PANIC)


def no_host_name(origin: Origin) -> Event:
    """`host_lookup` found no name that leads back."""
    text = f"no host name found for IP address {origin.address}"
    return _connection(Kind.LOOKUP_FAILED, origin, text, selector="host_lookup_failed")


def ident_timeout(origin: Origin) -> Event:
    """CP-07"""
    text = f"ident connection to {origin.address} timed out"
    return _connection(Kind.LOOKUP_FAILED, origin, text, selector="ident_timeout")


def command_timeout(origin: Origin, seconds: float) -> Event:
    """SS-06"""
    tls = "TLS " if origin.tls else ""
    text = f"SMTP command timeout on {tls}connection from {origin.who} D={duration(seconds)}"
    return _connection(Kind.TIMEOUT, origin, text, selector=LOST, reason="command-timeout")


def data_timeout(origin: Origin, id: str, sender: str, seconds: float) -> Event:
    text = (
        f"SMTP data timeout (message abandoned) on connection from {origin.who}"
        f" F=<{sender}> D={duration(seconds)}"
    )
    return _connection(
        Kind.TIMEOUT, origin, text, id, sender=sender, selector=LOST, reason="data-timeout"
    )


def speaks_for(origin: Origin, attributes: str) -> Event:
    """XCLIENT: `attributes` are what it said of whom it speaks for."""
    text = f"{origin.connection} speaks for {attributes}"
    return _connection(Kind.SPEAKS_FOR, origin, text, selector=CONNECTION)


def no_proxy_header(origin: Origin, why: str) -> Event:
    """N-13: nobody knows who the client is."""
    text = f"PROXY protocol error on connection from {origin.who}: {why}"
    return Event(Kind.PROXY_FAILED, text, fields=origin.fields | {"WHY": why})


def tls_failed(origin: Origin, why: str) -> Event:
    """No TLS came of it: the client speaks another language, another version, or has gone."""
    text = f"TLS error on connection from {origin.who} (SSL_accept): {why}"
    return _connection(Kind.TLS_FAILED, origin, text, reason="tls-failed")


def terminated(origin: Origin, seconds: float) -> Event:
    text = f"{origin.connection} D={duration(seconds)} closed after SIGTERM"
    return _connection(Kind.CONNECTION_CLOSED, origin, text, reason=SIGNAL)


def stopped(origin: Origin, seconds: float) -> Event:
    """The daemon wants to end, or has gone; this connection waited for its client."""
    text = f"{origin.connection} D={duration(seconds)} closed: daemon is stopping"
    return _connection(Kind.CONNECTION_CLOSED, origin, text, reason=SIGNAL)


def write_failed(origin: Origin, why: str) -> Event:
    text = f"{origin.connection} lost while writing ({why})"
    return _connection(Kind.CONNECTION_LOST, origin, text, reason=GONE)


def spool_trouble(origin: Origin, id: str, why: str) -> Event:
    """The disk said no; the client hears a 4xx and keeps its message."""
    text = f"spool error: {why}: message from {origin.mark} put off"
    return Event(Kind.SPOOL_TROUBLE, text, id, origin.fields, MAIN_AND_PANIC)


def crashed(origin: Origin, trace: str) -> Event:
    """CL-03: our own mistake; the traceback is a field, the last line of it stands in the text."""
    last = trace.strip().rsplit("\n", 1)[-1]
    text = f"Unexpected failure in SMTP connection from {origin.who}: {last}"
    fields = origin.fields | {"TRACEBACK": trace}
    return Event(Kind.PROCESS_FAILED, text, "", fields, MAIN_AND_PANIC)


def duration(seconds: float) -> str:
    """N-38: tenths matter below ten seconds, then units."""
    return f"{seconds:.1f}s" if seconds < 10 else format_duration(seconds)


def _error(why: str) -> str:
    return f" (error: {why})" if why else ""


def _refusal(origin: Origin, text: str, why: str, streams: tuple[Stream, ...]) -> Event:
    fields, selector = origin.fields | {"WHY": why}, "connection_reject"
    return Event(Kind.REFUSED, text, fields=fields, streams=streams, selector=selector)


def _connection(
    kind: Kind,
    origin: Origin,
    text: str,
    id: str = "",
    *,
    sender: str = "",
    selector: str = "",
    reason: str = "",
) -> Event:
    """`reason` is that of an end without QUIT (N-08)."""
    fields = origin.fields | ({"SENDER": sender} if id else {})
    fields |= {"REASON": reason} if reason else {}
    return Event(kind, text, id, fields, MAIN, selector)
