"""What happens before 220, in its order (CP-08), and how a session ends that never saw it."""

from __future__ import annotations

import pytest

from pymta.load.reading import Load
from pymta.mail.caller import Endpoint
from pymta.session.ident import TimedOutError
from tests.doubles.house import HOST, House, usual_settings
from tests.doubles.memory_dns import MemoryDns

REJECTED = "554 SMTP service not available"
OUT_OF_TURN = "554 SMTP synchronization error"
DNS = MemoryDns({"192.0.2.7": ["mx.client.example"]}, {"mx.client.example": ["192.0.2.7"]})


def strict(**options: object) -> House:
    return House(usual_settings(smtp_enforce_sync=True, **options), dns=DNS)


def test_a_refused_session_says_one_thing_and_ends_with_0() -> None:
    """SS-01: and no line about missing mail."""
    house = strict(host_reject_connection=("192.0.2.0/24",), log_selector=("+all",))
    with house.call() as guest:
        assert guest.hear_all() == f"{REJECTED}\r\n"
        assert guest.status() == 0

    assert len(house.log.events) == 1


@pytest.mark.parametrize("caller", ["192.0.2.7", "198.51.100.7"])
def test_a_host_is_rejected_by_its_name(caller: str) -> None:
    """LM-06: by the name that its address has, and nobody else by that."""
    house = strict(host_reject_connection=("*.client.example",))
    with house.call(caller) as guest:
        assert guest.hear().startswith(REJECTED if caller == "192.0.2.7" else "220 ")


def test_a_session_knows_how_many_others_there_were() -> None:
    """LM-07"""
    house = strict(smtp_accept_max=3, smtp_accept_reserve=2)
    house.others = 1
    with house.call() as guest:
        assert guest.hear() == (
            f"421 {HOST}: Too many concurrent SMTP connections; please try again later"
        )


def test_a_session_knows_the_load_of_the_machine() -> None:
    """LM-08"""
    house = strict(smtp_load_reserve=1.0, smtp_reserve_hosts=("198.51.100.0/24",))
    house.load = Load(1.5)
    with house.call() as guest:
        assert guest.hear() == f"421 {HOST}: Too much load; please try again later"
    with house.call("198.51.100.7") as guest:
        assert guest.hear().startswith("220 ")


def test_a_name_that_leads_back_is_shown_everywhere() -> None:
    """CP-07, CP-08: in the log, and in the Received field."""
    house = strict(host_lookup=("*",))
    with house.call() as guest:
        guest.hear()
        guest.ask("EHLO client.example")
        guest.ask("MAIL FROM:<a@client.example>", "RCPT TO:<user@localhost>", "DATA")
        guest.ask(".")

    assert house.log.texts()[0].startswith(
        "<= a@client.example H=mx.client.example (client.example) [192.0.2.7] P=esmtp"
    )
    assert house.log.events[0].fields["CLIENT_NAME"] == "mx.client.example"
    assert (
        house.spool.stored[0]
        .seal.on_top[0]
        .startswith("Received: from client.example (mx.client.example [192.0.2.7])\r\n")
    )


def test_an_address_without_a_name_leaves_a_line() -> None:
    """CP-08: and no harm is done."""
    house = strict(host_lookup=("*",))
    with house.call("198.51.100.7") as guest:
        assert guest.hear().startswith("220 ")

    assert house.log.texts() == ["no host name found for IP address 198.51.100.7"]


def test_nobody_is_looked_up_unasked() -> None:
    """N-14: with the settings as they come the DNS hears nothing of a caller."""
    house = House(usual_settings(smtp_enforce_sync=True))
    with house.call() as guest:
        assert guest.hear().startswith("220 ")

    assert not house.dns.asked


def test_the_caller_is_asked_who_he_is() -> None:
    """CP-07"""
    asked: list[tuple[Endpoint, Endpoint, float]] = []

    def ask(caller: Endpoint, local: Endpoint, seconds: float) -> str:
        asked.append((caller, local, seconds))
        return "root"

    house = strict(
        rfc1413_hosts=("*",), rfc1413_query_timeout=5, log_selector=("+smtp_connection",)
    )
    house.ask_ident = ask
    with house.call() as guest:
        guest.hear()
        guest.ask("QUIT")
        guest.status()

    assert house.log.texts() == ["SMTP connection from [192.0.2.7] U=root D=0.0s closed by QUIT"]
    (question,) = asked
    assert (str(question[0]), str(question[1])) == ("[192.0.2.7]:40112", "[198.51.100.1]:25")
    assert question[2] == 5


def test_a_caller_who_does_not_say_who_he_is_is_greeted() -> None:
    """CP-07"""

    def ask(*_: object) -> str:
        raise TimedOutError

    house = strict(rfc1413_hosts=("*",), rfc1413_query_timeout=5, log_selector=("+ident_timeout",))
    house.ask_ident = ask
    with house.call() as guest:
        assert guest.hear().startswith("220 ")

    assert house.log.texts() == ["ident connection to 192.0.2.7 timed out"]


@pytest.mark.parametrize("options", [{}, {"rfc1413_query_timeout": 5}])
def test_strangers_are_not_asked_who_they_are(options: dict[str, object]) -> None:
    """N-14: rfc1413_hosts is this machine alone."""
    house = strict(**options)
    house.ask_ident = lambda *_: "nobody asked"
    with house.call() as guest:
        guest.hear()
        guest.ask("RCPT TO:<x@y.example>")

    assert "nobody asked" not in " ".join(house.log.texts())


def test_whoever_talks_before_the_greeting_is_sent_away() -> None:
    """CP-08: with what he said in the log, but for passwords."""
    house = strict()
    early = b"EHLO bot\r\nAUTH PLAIN c2VjcmV0\r\n"
    with house.call(early=early) as guest:
        assert guest.hear_all() == f"{OUT_OF_TURN}\r\n"
        assert guest.status() == 0

    assert house.log.texts() == [
        (
            "SMTP protocol synchronization error (input sent without waiting for greeting):"
            ' rejected connection from H=[192.0.2.7] input="EHLO bot\r\nAUTH"'
        )
    ]


@pytest.mark.parametrize(
    "options",
    [{"smtp_enforce_sync": False}, {"pipe_connect_advertise_hosts": ("192.0.2.0/24",)}],
)
def test_talking_early_can_be_allowed(options: dict[str, object]) -> None:
    """CP-08, N-35"""
    house = House(usual_settings(**({"smtp_enforce_sync": True} | options)))
    with house.call(early=b"EHLO client.example\r\nNOOP\r\n") as guest:
        assert guest.hear().startswith("220 ")
        offered = guest.hear()
        assert offered.startswith(("250-", "250 "))
        assert ("PIPECONNECT" in offered) == ("pipe_connect_advertise_hosts" in options)
        assert guest.hear() == "250 2.0.0 OK"


def test_a_rejected_host_is_not_told_to_wait_for_his_turn() -> None:
    """CP-08: the list comes before the early talker."""
    house = strict(host_reject_connection=("*",))
    with house.call(early=b"EHLO bot\r\n") as guest:
        assert guest.hear() == REJECTED
