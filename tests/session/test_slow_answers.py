"""Commands that come in one packet, each of which takes us long: the client must still be there."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from pymta.resolver.answer import Answer, Failed, Mx
from pymta.session import patience
from tests.doubles.house import PATIENCE, House
from tests.doubles.memory_dns import MemoryDns
from tests.doubles.ruled_house import ruled

MANY = [f"MAIL FROM:<a@d{n}.example>" for n in range(200)]
LATER = "451 4.7.1 Temporary local problem - please try later"


class SlowDns(MemoryDns):
    """Before it fails each time, something happens."""

    happens: Callable[[], object] = staticmethod(lambda: None)

    def mx(self, domain: str) -> Answer[Mx]:
        self.asked.append(domain)
        self.happens()
        return Failed("no answer")


@pytest.fixture
def dns() -> SlowDns:
    return SlowDns()


@pytest.fixture(autouse=True)
def _everything_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "SLOW", 0.0)


def asking(dns: SlowDns, **settings: object) -> House:
    place = ruled("mail", {"sender_verified": False, "action": "refuse"}, **settings)
    place.dns = dns
    return place


def test_each_is_answered_before_the_next_is_begun(dns: SlowDns) -> None:
    """Or a client with many of them would give up waiting for the first answer."""
    has_heard = threading.Event()

    def wait() -> None:
        assert len(dns.asked) == 1 or has_heard.wait(PATIENCE)

    dns.happens = wait
    with asking(dns).call() as guest:
        guest.hear()
        guest.say("EHLO client.example", *MANY[:2])
        assert [guest.hear() for _ in range(2)][1] == LATER
        has_heard.set()
        assert guest.hear() == LATER


def test_nothing_is_looked_up_for_a_client_that_has_gone(dns: SlowDns) -> None:
    place = asking(dns)
    with place.call() as guest:
        guest.hear()
        has_gone = threading.Event()
        dns.happens = lambda: has_gone.wait(PATIENCE)
        guest.say("EHLO client.example", *MANY)
        guest.hang_up()
        has_gone.set()
        guest.status()
    assert len(dns.asked) < 5


def test_nor_for_one_that_has_been_here_too_long(dns: SlowDns) -> None:
    dns.happens = lambda: threading.Event().wait(0.05)
    with asking(dns, smtp_session_timeout=0.3).call() as guest:
        guest.hear()
        guest.say("EHLO client.example", *MANY)
        assert guest.hear_all().splitlines()[-1] == (
            "421 4.4.2 mx.example.org: SMTP command timeout - closing connection"
        )
    assert len(dns.asked) < 20


def test_nor_while_we_have_to_go(dns: SlowDns) -> None:
    place = asking(dns)
    with place.call() as guest:
        guest.hear()

        def drain_at_the_third() -> None:
            if len(dns.asked) == 3:
                guest.drain()

        dns.happens = drain_at_the_third
        guest.say("EHLO client.example", *MANY)
        assert guest.hear_all().splitlines()[-1].startswith("421 4.3.2 ")
    assert len(dns.asked) == 3
