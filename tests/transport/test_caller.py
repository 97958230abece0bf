"""Several messages over one connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

import pytest

from pymta.config.transport import Transport
from pymta.smtp.client_words import Refused, Taken
from pymta.smtp.offers import Offers
from pymta.transport.caller import MOST_IDLE, Caller, portion
from pymta.transport.remote import Heard
from pymta.transport.terms import USUAL, Terms
from pymta.transport.tls_need import CLEAR
from tests.doubles.smtp_host import CLOSE, FRIENDLY, Script, SmtpHost
from tests.transport.test_dialogue import nobody, parcel, where

TIMES = Transport(connect_timeout=5, command_timeout=5, data_timeout=5, final_timeout=5)
EHLO = b"250-mx.example.org\r\n250 PIPELINING\r\n"


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def calling(settings: Transport = TIMES, clock: Clock | None = None) -> Iterator[Caller]:
    with closing(Caller(settings, "we", tell=nobody, clock=clock or Clock())) as caller:
        yield caller


def send(caller: Caller, host: SmtpHost, *recipients: str, terms: Terms = USUAL) -> Heard:
    heard = caller.talk(where(host), parcel(*recipients), terms)
    assert isinstance(heard, Heard)
    return heard


def is_reused(heard: Heard) -> bool:
    assert heard.connection
    return heard.connection.is_reused


def test_the_next_message_goes_over_the_same_connection() -> None:
    with SmtpHost() as host:
        with calling() as caller:
            assert [is_reused(send(caller, host)) for _ in range(3)] == [False, True, True]
        assert len(host.messages()) == 3
    (session,) = host.sessions
    assert [command[:4] for command in session.commands] == [
        "EHLO",
        *["MAIL", "RCPT", "DATA"] * 3,
        "QUIT",
    ]


@pytest.mark.parametrize(
    "script",
    [
        {"MAIL": [b"550 no\r\n", b"250 ok\r\n"]},
        {"RCPT": [b"550 no\r\n", b"250 ok\r\n"], "DATA": [b"503 no\r\n", b"354 go\r\n"]},
        {"FINAL": [b"554 spam\r\n", b"250 ok\r\n"]},
        {"EHLO": b"250 mx\r\n", "RCPT": [b"550 no\r\n", b"250 ok\r\n"]},
    ],
    ids=["MAIL", "RCPT", "final", "one by one"],
)
def test_what_a_refused_message_left_behind_is_reset(script: Script) -> None:
    with SmtpHost({"EHLO": EHLO, **script}) as host:
        with calling() as caller:
            assert isinstance(send(caller, host).results[0], Refused)
            assert isinstance(send(caller, host).results[0], Taken)
        assert len(host.sessions) == 1
    commands = [command[:4] for command in host.sessions[0].commands]
    assert commands[commands.index("RSET") + 1] == "MAIL"
    assert commands.count("RSET") == 1


@pytest.mark.parametrize(
    "stale",
    [
        CLOSE,
        b"421 4.4.2 idle for too long\r\n",
        b"450 4.7.1 too many messages\r\n",
        b"554 5.7.0 too many messages in this session\r\n",
    ],
    ids=["closed", "421", "450", "554"],
)
def test_a_connection_that_will_not_do_any_more_costs_a_message_nothing(stale: bytes) -> None:
    with SmtpHost({"MAIL": [b"250 ok\r\n", stale]}) as host, calling() as caller:
        send(caller, host)
        heard = send(caller, host)
        assert isinstance(heard.results[0], Taken)
        assert not is_reused(heard)
    assert [len(session.commands[-1]) for session in host.sessions[1:]] == [len("QUIT")]
    assert len(host.sessions[1].bodies) == 1


@pytest.mark.parametrize("words", [b"250 2.0.0 queued again\r\n", b"2"], ids=["a reply", "a part"])
def test_what_a_host_says_while_nobody_asks_is_no_answer_to_the_next_message(words: bytes) -> None:
    with SmtpHost() as host, calling() as caller:
        send(caller, host)
        host.interject(words)
        heard = send(caller, host)
        assert isinstance(heard.results[0], Taken)
        assert not is_reused(heard)
        assert len(host.messages()) == 2
    assert [session.commands[-1] for session in host.sessions] == ["QUIT", "QUIT"]


def test_a_permanent_refusal_is_believed_when_a_new_connection_says_the_same() -> None:
    with SmtpHost({"MAIL": b"550 5.7.1 spam\r\n"}) as host, calling() as caller:
        send(caller, host)
        heard = send(caller, host)
        assert isinstance(heard.results[0], Refused)
        assert not is_reused(heard)
        assert len(host.sessions) == 2


def test_silence_behind_the_dot_is_no_reason_to_send_again() -> None:
    """The host may have it."""
    with SmtpHost({"FINAL": [b"250 ok\r\n", CLOSE]}) as host, calling() as caller:
        send(caller, host)
        assert not isinstance(send(caller, host).results[0], Taken)
        assert len(host.sessions) == 1


@pytest.mark.parametrize(
    ("settings", "limit"),
    [
        (replace(TIMES, connection_max_messages=2), b""),
        (replace(TIMES, connection_max_messages=0), b"250-LIMITS MAILMAX=2\r\n"),
    ],
    ids=["ours", "of the host"],
)
def test_the_messages_over_one_connection_are_bounded(settings: Transport, limit: bytes) -> None:
    """RFC 9422: MAILMAX"""
    offers = b"250-mx\r\n" + limit + b"250 PIPELINING\r\n"
    with SmtpHost({"EHLO": offers}) as host:
        with calling(settings) as caller:
            found = [is_reused(send(caller, host)) for _ in range(5)]
        assert found == [False, True, False, True, False]
        assert len(host.messages()) == 5


def test_one_message_each_where_that_is_the_setting() -> None:
    with SmtpHost() as host, calling(replace(TIMES, connection_max_messages=1)) as caller:
        assert [is_reused(send(caller, host)) for _ in range(2)] == [False, False]


def test_an_idle_connection_is_closed_with_quit_when_its_time_is_up() -> None:
    clock = Clock()
    with SmtpHost() as host, calling(clock=clock) as caller:
        assert caller.close_idle() is None
        send(caller, host)
        clock.now += 0.5
        assert caller.close_idle() == TIMES.connection_idle_timeout - 0.5
        clock.now += TIMES.connection_idle_timeout
        assert caller.close_idle() is None
        assert not is_reused(send(caller, host))
    assert host.sessions[0].commands[-1] == "QUIT"


def test_who_asks_for_other_terms_has_a_connection_of_his_own() -> None:
    with SmtpHost() as host, calling() as caller:
        send(caller, host)
        heard = send(caller, host, terms=Terms(CLEAR))
        assert isinstance(heard.results[0], Taken)
        assert not is_reused(heard)
        assert is_reused(send(caller, host))


def test_few_connections_lie_idle_at_once() -> None:
    with calling() as caller:
        for n in range(MOST_IDLE + 3):
            with SmtpHost() as host:
                send(caller, host)
            assert len(caller._idle) <= MOST_IDLE + 1, n
        caller.close_idle()
        assert len(caller._idle) == MOST_IDLE


# How many recipients at once.


def test_no_more_recipients_are_named_than_a_host_takes() -> None:
    """RFC 9422: RCPTMAX"""
    offers = b"250-mx\r\n250-LIMITS RCPTMAX=2\r\n250 PIPELINING\r\n"
    with SmtpHost({"EHLO": offers}) as host, calling() as caller:
        heard = send(caller, host, "a@x.example", "b@x.example", "c@x.example")
        assert len(heard.results) == 2
        assert sum(c.startswith("RCPT") for c in host.sessions[0].commands) == 2


@pytest.mark.parametrize(
    ("offers", "count"),
    [
        (Offers(), 4),
        (Offers(rcpt_max=3), 3),
        (Offers(rcpt_max=9), 4),
        (Offers(rcpt_domain_max=1), 2),
        (Offers(rcpt_domain_max=2, rcpt_max=3), 3),
        (Offers(rcpt_domain_max=3), 4),
    ],
)
def test_the_first_of_them_go_together(offers: Offers, count: int) -> None:
    recipients = ("a@x.example", "b@X.example", "c@y.example", "d@z.example")
    assert portion(recipients, offers) == recipients[:count]


def test_the_friendly_script_takes_a_reset() -> None:
    assert FRIENDLY["RSET"].startswith(b"250")
