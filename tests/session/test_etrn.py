"""ETRN from the client's line to the supervisor's ear."""

from __future__ import annotations

from pymta.channel.words import Etrn
from tests.doubles.house import House, usual_settings


def test_a_host_that_may_has_the_mail_for_a_domain_delivered() -> None:
    """RFC 1985 s5.2: with an @ its subdomains are meant as well."""
    house = House(usual_settings(smtp_etrn_hosts=("192.0.2.0/24",)))
    with house.call() as guest:
        guest.hear()
        hello, *replies = guest.ask("EHLO client.example", "ETRN Far.Example", "ETRN @far.example")

    assert "250-ETRN" in hello.splitlines()
    assert replies == [
        "250 2.0.0 OK, queuing for node Far.Example started",
        "250 2.0.0 OK, queuing for node @far.example started",
    ]
    assert house.runs == [Etrn("far.example"), Etrn("@far.example")]
    assert house.log.texts() == [
        "ETRN Far.Example received from (client.example) [192.0.2.7]",
        "ETRN @far.example received from (client.example) [192.0.2.7]",
    ]


def test_nobody_is_put_off_when_the_name_is_not_known() -> None:
    """A list that needs a name which the DNS does not tell holds nobody."""
    house = House(usual_settings(smtp_etrn_hosts=("*.client.example",)))
    with house.call() as guest:
        guest.hear()
        hello, reply = guest.ask("EHLO client.example", "ETRN far.example")

    assert "ETRN" not in hello
    assert reply.startswith("459 ")
    assert not house.runs
