"""What the log tells of an arriving message, as far as it is asked to (N-39)."""

from __future__ import annotations

import pytest

from tests.doubles.house import House, usual_settings

BODY = ("Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Message-ID: <1@client.example>", "", "hi", ".")
SIZE = sum(len(line) + 2 for line in BODY[:-1])
ASKED = ("-all", "+pipelining", "+8bitmime", "+subject", "+received_recipients", "+receive_time")


def arrival(*commands: tuple[str, ...], hello: str = "EHLO client.example") -> str:
    """The line of one message; each group of commands goes out in one piece."""
    house = House(usual_settings(log_selector=ASKED))
    with house.call() as guest:
        guest.hear()
        guest.ask(hello)
        for group in commands:
            guest.ask(*group)
        guest.say(*BODY)
        assert guest.hear().startswith("250")
    return house.log.texts()[0]


def test_a_client_that_sends_in_groups_and_says_what_it_sends() -> None:
    """N-39"""
    mail = "MAIL FROM:<s@client.example> BODY=8BITMIME"

    assert arrival((mail, "RCPT TO:<user@localhost>", "DATA")).endswith(
        f' P=esmtp L S={SIZE} M8S=8 RT=0s T="Grüße" for user@localhost'
    )


def test_a_client_that_waits_for_each_reply() -> None:
    """N-39"""
    commands = ("MAIL FROM:<s@client.example>", "RCPT TO:<user@localhost>", "DATA")

    assert f" P=esmtp L- S={SIZE} M8S=0 RT=" in arrival(*((one,) for one in commands))


def test_a_client_that_was_offered_nothing() -> None:
    """N-39"""
    commands = ("MAIL FROM:<s@client.example>", "RCPT TO:<user@localhost>", "DATA")

    line = arrival(*((one,) for one in commands), hello="HELO client.example")
    assert f" P=smtp S={SIZE} M8S=0 RT=" in line


def test_no_subject_is_kept_that_nobody_asked_for() -> None:
    house = House()
    with house.call() as guest:
        guest.hear()
        for command in ("EHLO c.example", "MAIL FROM:<>", "RCPT TO:<user@localhost>", "DATA"):
            guest.ask(command)
        guest.say(*BODY)
        guest.hear()

    assert "SUBJECT" not in house.log.events[0].fields


@pytest.mark.parametrize("size", ["100", "1"])
def test_a_refusal_for_size_may_stay_out_of_the_main_log(size: str) -> None:
    """N-39 size_reject: whether MAIL says it or the message shows it."""
    house = House(usual_settings(message_size_limit=50))
    with house.call() as guest:
        guest.hear()
        guest.ask("EHLO c.example", f"MAIL FROM:<s@c.example> SIZE={size}")
        if size == "1":
            guest.ask("RCPT TO:<user@localhost>", "DATA")
            guest.say(*BODY)
            guest.hear()

    assert [event.selector for event in house.log.events] == ["size_reject"]
