"""The line of a message that has arrived, in the classic words.

<= s@x.example H=(client.example) [192.0.2.7] P=esmtp S=1234 id=1@client.example

<= alice@x.example U=alice P=local-esmtp S=1234 id=1@x.example        (a user of this machine)

Log selectors add to it, each at its place (N-39); the fields tell the same whatever they say:

<= s@x.example H=(client.example) [192.0.2.7] P=esmtps L X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no
   S=1234 M8S=8 RT=2s id=1@client.example T="hello" from <s@x.example> for a@x.example b@x.example
"""

from __future__ import annotations

from collections.abc import Mapping

from pymta.config.journal import Journal
from pymta.journal.event import Event, Kind
from pymta.journal.origin import Origin
from pymta.journal.parts import LONGEST_SUBJECT, USUAL, elapsed, quoted, recipients_fields


def arrived(
    origin: Origin,
    id: str,
    sender: str,
    recipients: tuple[str, ...],
    facts: Mapping[str, str],
    *,
    journal: Journal = USUAL,
    is_id_ours: bool = False,
) -> Event:
    """``<= SENDER H=WHO P=PROTOCOL X=TLS S=SIZE Q=QUEUE id=MESSAGE-ID``, and what selectors add.

    `facts` are PROTOCOL, SIZE and RECEIVE_TIME in seconds, and of what the message has QUEUE (a
    named one), MESSAGE_ID_HEADER, BODY as MAIL said it, SUBJECT (decoded), and PIPELINING, ``L``
    where the client sent commands in groups and ``L-`` where it only might have; CHUNKING is ``K``
    where it came with BDAT.
    """
    text = (
        f"<= {sender or '<>'} {origin.mark} P={facts['PROTOCOL']}"
        f"{_pipelining(facts, journal)}{_chunking(facts)}{origin.tls_mark}"
        f"{_proxy(origin, journal)}{origin.login_mark} S={facts['SIZE']}"
        f"{_asked_for(facts, journal, is_id_ours=is_id_ours)}"
        f"{_who_is_named(sender, recipients, journal)}"
    )
    names = {"SENDER": sender} | recipients_fields(recipients)
    return Event(Kind.ARRIVED, text, id, origin.fields | names | dict(facts))


def _pipelining(facts: Mapping[str, str], journal: Journal) -> str:
    is_shown = "PIPELINING" in facts and "pipelining" in journal.selected
    return f" {facts['PIPELINING']}" if is_shown else ""


def _chunking(facts: Mapping[str, str]) -> str:
    return f" {facts['CHUNKING']}" if "CHUNKING" in facts else ""


def _proxy(origin: Origin, journal: Journal) -> str:
    """N-13, N-39"""
    is_shown = origin.proxy and "proxy" in journal.selected
    return f" PRX={origin.proxy.address}" if origin.proxy and is_shown else ""


def _asked_for(facts: Mapping[str, str], journal: Journal, *, is_id_ours: bool) -> str:
    """What stands between the size and the names."""
    on = journal.selected
    text = ""
    if "8bitmime" in on:
        text += f" M8S={facts.get('BODY', '0')[0]}"
    if "receive_time" in on:
        text += f" RT={elapsed(float(facts['RECEIVE_TIME']), journal)}"
    if "QUEUE" in facts:
        text += f" Q={facts['QUEUE']}"
    if "msg_id" in on and "MESSAGE_ID_HEADER" in facts and not is_id_ours:
        text += f" id={facts['MESSAGE_ID_HEADER']}"
    if "msg_id_created" in on and is_id_ours:
        text += f" id*={facts['MESSAGE_ID_HEADER']}"
    if "subject" in on and "SUBJECT" in facts:
        text += f" T={quoted(facts['SUBJECT'][:LONGEST_SUBJECT])}"
    return text


def _who_is_named(sender: str, recipients: tuple[str, ...], journal: Journal) -> str:
    text = f" from <{sender}>" if "received_sender" in journal.selected else ""
    if "received_recipients" in journal.selected:
        text += f" for {' '.join(recipients)}"
    return text
