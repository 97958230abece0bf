"""Debug lines: to whom, and in which form (DB-01, section 3.4)."""

from __future__ import annotations

import os
from dataclasses import replace

from pymta.config.launch import Launch
from pymta.config.settings import Settings
from pymta.journal.debug import Debug
from pymta.journal.event import Event
from pymta.journal.line import entry
from pymta.journal.log import open_hand_log, open_log
from pymta.journal.stderr import DebugSink


def test_a_line_has_the_pid_in_five_columns() -> None:
    """DB-01"""
    reader, writer = os.pipe()
    sink = DebugSink(writer)
    debug = Debug({"receive"}, sink.put)

    debug("Listening...")
    debug("Sender: s@client.example", "receive")
    debug("interface address=192.0.2.1 port=25", "interface")

    sink.close()
    os.close(writer)
    with os.fdopen(reader) as file:
        assert file.read().splitlines() == [
            f"{os.getpid():5} Listening...",
            f"{os.getpid():5} Sender: s@client.example",
        ]


def test_what_a_client_says_cannot_forge_a_line() -> None:
    events: list[Event] = []

    Debug((), events.append)("SMTP<< a\nb\x1b")

    assert dict(entry(events[0]))["MESSAGE"] == "SMTP<< a\\x0ab\\x1b"


def test_in_the_journal_a_line_has_the_priority_of_debugging_and_fields() -> None:
    """Section 3.4"""
    events: list[Event] = []

    Debug((), events.append)("forked delivery process 7", QUEUE_ID="1wIcRd-000000012Tz-1abc")

    found = dict(entry(events[0]))
    assert found["PRIORITY"] == "7"
    assert found["PYMTA_QUEUE_ID"] == "1wIcRd-000000012Tz-1abc"
    assert "PYMTA_STREAM" not in found


def test_nobody_watches_unless_asked_to() -> None:
    """So nothing is put together for nobody."""
    log = open_log(Settings())
    hand = open_hand_log(replace(Settings(), launch=Launch(debug=("receive",))))

    assert log.debug is None
    assert hand.debug is None, "the daemon's command line is not that of the hand"
    log.close()
    hand.close()


def test_a_watched_log_keeps_what_it_needs_over_a_fork() -> None:
    plain = open_log(Settings())
    watched = open_log(replace(Settings(), launch=Launch(debug=("receive",))))

    assert watched.debug is not None
    assert len(watched.descriptors()) > len(plain.descriptors())
    watched.close()
    plain.close()
