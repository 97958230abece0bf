"""The line about ETRN, in the classic words."""

from __future__ import annotations

from pymta.journal.event import Event, Kind
from pymta.journal.origin import Origin


def asked_for_mail(origin: Origin, node: str) -> Event:
    text = f"ETRN {node} received from {origin.who}"
    return Event(Kind.ETRN, text, fields=origin.fields | {"DOMAIN": node}, selector="etrn")
