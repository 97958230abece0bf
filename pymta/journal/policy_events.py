"""Lines about what policy said, in the classic words, each with the name of the rule.

H=(client.example) [192.0.2.7] F=<s@x.example> rejected RCPT <a@example.org>: no (rule bulk)
H=(client.example) [192.0.2.7] F=<s@x.example> temporarily rejected after DATA: … (rule later)
H=(client.example) [192.0.2.7] Warning: looked at (rule trial)
"""

from __future__ import annotations

from pymta.journal.event import MAIN, MAIN_AND_REJECT, Event, Kind
from pymta.journal.origin import Origin
from pymta.journal.session_events import CONNECTION, duration

REJECT = "connection_reject"  # a log selector


def refused(
    origin: Origin,
    what: str,
    why: str,
    rule: str,
    *,
    id: str = "",
    sender: str | None = None,
    recipient: str = "",
    temporarily: bool = False,
    selector: str = "",
) -> Event:
    """``H=WHO F=<SENDER> [temporarily ]rejected WHAT: WHY (rule NAME)``."""
    mark = "" if sender is None else f" F=<{sender}>"
    how = "temporarily " if temporarily else ""
    text = f"{origin.mark}{origin.tls_mark}{mark} {how}rejected {what}: {why}{_by(rule)}"
    fields = _fields(origin, why, rule, sender, recipient)
    kind = Kind.MESSAGE_REJECTED if id else Kind.REJECTED
    return Event(kind, text, id, fields, MAIN_AND_REJECT, selector)


def dropped_before_tls(origin: Origin, why: str, rule: str) -> Event:
    """N-40: a connection that was to begin with TLS, and ends without a word."""
    text = f"{origin.mark} dropped by 'connect' ACL: {why}{_by(rule)}"
    fields = _fields(origin, why, rule, None, "")
    return Event(Kind.REJECTED, text, "", fields, MAIN_AND_REJECT, REJECT)


def warned(
    origin: Origin, why: str, rule: str, *, sender: str | None = None, recipient: str = ""
) -> Event:
    """A rule that only wants to be told."""
    mark = "" if sender is None else f" F=<{sender}>"
    text = f"{origin.mark}{origin.tls_mark}{mark} Warning: {why or 'noted'}{_by(rule)}"
    return Event(Kind.POLICY_WARNING, text, "", _fields(origin, why, rule, sender, recipient))


def warning_skipped(origin: Origin, why: str, rule: str) -> Event:
    """It could not be found out whether such a rule holds."""
    condition = f"condition test deferred: {why}"
    text = f'{origin.mark} Warning: ACL "warn" statement skipped: {condition}{_by(rule)}'
    fields = _fields(origin, why, rule, None, "")
    return Event(Kind.POLICY_WARNING, text, "", fields, selector="acl_warn_skipped")


def list_in_trouble(origin: Origin, zone: str, why: str) -> Event:
    """A list in the DNS that weighs nothing, because it is of no use."""
    text = f"{origin.mark} Warning: DNS list {zone} is left out: {why}"
    fields = origin.fields | {"ZONE": zone, "WHY": why}
    return Event(Kind.LIST_IN_TROUBLE, text, "", fields, selector="dnslist_defer")


def recipient_discarded(
    origin: Origin, sender: str, recipient: str, why: str, rule: str, *, by: str
) -> Event:
    """The client heard 250; `by` is RCPT, or MAIL for all recipients of a sender."""
    because = f": {why}" if why else ""
    text = (
        f"{origin.mark}{origin.tls_mark} F=<{sender}> RCPT <{recipient}>:"
        f" discarded by {by} ACL{because}{_by(rule)}"
    )
    fields = _fields(origin, why, rule, sender, recipient)
    return Event(Kind.DISCARDED, text, "", fields, MAIN_AND_REJECT)


def message_discarded(
    origin: Origin, id: str, sender: str, why: str, rule: str, *, by: str
) -> Event:
    """Behind the line of its arrival; there will be no other."""
    because = f": {why}" if why else ""
    text = f"=> blackhole ({by} ACL discarded recipients){because}{_by(rule)}"
    return Event(Kind.DISCARDED, text, id, _fields(origin, why, rule, sender, ""))


def queued_by_policy(origin: Origin, id: str, rule: str, queue: str) -> Event:
    """ID-06"""
    where = f" in {queue}" if queue else ""
    text = f"no immediate delivery: queued{where} by ACL{_by(rule)}"
    fields = _fields(origin, "queued by ACL", rule, None, "")
    return Event(Kind.QUEUED, text, id, fields, selector="delay_delivery")


def frozen_by_policy(id: str, sender: str, rule: str) -> Event:
    """ID-06"""
    return Event(
        Kind.FROZEN, f"frozen by ACL{_by(rule)}", id, {"SENDER": sender, "POLICY_RULE": rule}
    )


def closed_by_drop(origin: Origin, seconds: float) -> Event:
    """SS-04"""
    text = f"{origin.connection} D={duration(seconds)} closed by DROP in ACL"
    fields = origin.fields | {"REASON": "acl-drop"}
    return Event(Kind.CONNECTION_CLOSED, text, "", fields, MAIN, CONNECTION)


def _by(rule: str) -> str:
    return f" (rule {rule})" if rule else ""


def _fields(
    origin: Origin, why: str, rule: str, sender: str | None, recipient: str
) -> dict[str, str]:
    more = {"WHY": why, "POLICY_RULE": rule, "RECIPIENT": recipient}
    named = {} if sender is None else {"SENDER": sender}
    return origin.fields | named | {name: text for name, text in more.items() if text}
