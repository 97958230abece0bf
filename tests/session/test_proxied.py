"""N-13: a session that begins with a PROXY header, and what comes of it."""

from __future__ import annotations

import socket
import time

import pytest

from pymta.channel.words import Named, Proxied, Verdict
from pymta.journal.event import MAIN, Kind
from pymta.mail.caller import Endpoint, plain_address
from pymta.session.stop import Stop
from tests.doubles.certificates import Certificate
from tests.doubles.house import HOST, Guest, House, usual_settings
from tests.doubles.memory_dns import MemoryDns
from tests.smtp.test_proxy_header import BLOCK_4, LOCAL, PROXY, version_2

PROXIED_BY = "198.51.100.9"
LINE = b"PROXY TCP4 192.0.2.7 203.0.113.1 40999 25\r\n"
CLIENT = Endpoint(plain_address("192.0.2.7"), 40999)
REFUSED = "503 Command refused, required Proxy negotiation failed"
TOO_MANY = "421 Too many concurrent SMTP connections from this IP address; please try again later."
LET_IN = Verdict()
ENVELOPE = ("MAIL FROM:<a@client.example>", "RCPT TO:<user@localhost>", "DATA")


class Proxies(House):
    """Whoever calls is a proxy; `asked` is whom the supervisor was asked about."""

    def __init__(self, answer: Verdict | Stop = LET_IN, **options: object) -> None:
        super().__init__(usual_settings(smtp_enforce_sync=True, **options))
        self.is_proxied = True
        self.asked: list[Proxied] = []
        self._answer = answer
        self.judge = self._judge

    def _judge(self, word: Proxied | Named) -> Verdict | Stop:
        assert isinstance(word, Proxied)
        self.asked.append(word)
        return self._answer

    def through_proxy(self, early: bytes = b"") -> Guest:
        return self.call(PROXIED_BY, early=early)


@pytest.mark.parametrize("header", [LINE, version_2(PROXY, 0x11, BLOCK_4 + b"\x04\x00\x01x")])
def test_the_client_is_whom_the_header_names(header: bytes) -> None:
    """N-39: and PRX= on demand."""
    house = Proxies(log_selector=("+incoming_port", "+proxy"))
    with house.through_proxy(header) as guest:
        assert guest.hear().startswith("220 ")
        assert "[192.0.2.7]" in guest.ask("EHLO client.example")[0]
        guest.ask(*ENVELOPE)
        guest.ask(".")

    (asked,) = house.asked
    assert str(asked.caller.address) == "192.0.2.7"
    assert str(asked.local) == "[198.51.100.1]:25"
    (message,) = house.spool.stored
    assert message.envelope.client.address == "192.0.2.7"
    assert "from client.example ([192.0.2.7])" in message.seal.on_top[0]
    arrival = house.log.events[0]
    assert f" H=(client.example) [192.0.2.7]:{asked.caller.port} P=esmtp PRX=198.51.100.9 S=" in (
        arrival.text
    )
    assert arrival.fields["CLIENT"] == "192.0.2.7"
    assert (arrival.fields["PROXY"], arrival.fields["PROXY_PORT"]) == ("198.51.100.9", "40112")


def test_the_proxy_is_not_shown_unasked() -> None:
    house = Proxies()
    with house.through_proxy(LINE) as guest:
        guest.hear()
        guest.ask("EHLO client.example")
        guest.ask(*ENVELOPE)
        guest.ask(".")

    assert "PRX=" not in house.log.texts()[0]


@pytest.mark.parametrize("header", [b"PROXY UNKNOWN\r\n", version_2(LOCAL, 0, b"")])
def test_a_proxy_that_names_nobody_speaks_for_itself(header: bytes) -> None:
    house = Proxies()
    with house.through_proxy(header) as guest:
        guest.hear()
        assert f"[{PROXIED_BY}]" in guest.ask("EHLO proxy.example")[0]

    assert not house.asked


def test_a_header_may_come_octet_by_octet() -> None:
    with Proxies().through_proxy() as guest:
        guest.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        for octet in LINE:
            guest.send(bytes([octet]))
        assert guest.hear().startswith("220 ")


def test_lists_of_hosts_are_asked_about_the_client() -> None:
    """The mod of N-13: rules hit him, not the proxy."""
    house = Proxies(host_reject_connection=("192.0.2.0/24",))
    with house.through_proxy(LINE) as guest:
        assert guest.hear() == "554 SMTP service not available"
    with house.through_proxy(LINE.replace(b"192.0.2.7", b"203.0.113.7")) as guest:
        assert guest.hear().startswith("220 ")

    house = Proxies(host_reject_connection=(PROXIED_BY,))
    with house.through_proxy(LINE) as guest:
        assert guest.hear().startswith("220 ")


def test_kept_places_are_for_the_client() -> None:
    """LM-07"""
    house = Proxies(smtp_accept_max=1, smtp_accept_reserve=1, smtp_reserve_hosts=("192.0.2.7",))
    with house.through_proxy(LINE) as guest:
        assert guest.hear().startswith("220 ")
    with house.through_proxy(LINE.replace(b"192.0.2.7", PROXIED_BY.encode())) as guest:
        assert guest.hear().startswith("421 ")


def test_names_that_were_found_are_those_of_the_client() -> None:
    house = Proxies(host_lookup=("*",), log_selector=("+smtp_connection",))
    house.dns = MemoryDns(
        {"192.0.2.7": ["mx.client.example"], PROXIED_BY: ["proxy.example"]},
        {"mx.client.example": ["192.0.2.7"], "proxy.example": [PROXIED_BY]},
    )
    with house.through_proxy(LINE) as guest:
        guest.hear()
        guest.ask("QUIT")
        guest.status()

    assert house.log.texts()[0].startswith("SMTP connection from mx.client.example [192.0.2.7] ")


def test_quiet_hosts_are_told_by_the_client() -> None:
    """N-30"""
    quiet = Proxies(log_selector=("+smtp_connection",), hosts_connection_nolog=(PROXIED_BY,))
    for header, lines in ((LINE, 1), (b"PROXY UNKNOWN\r\n", 0)):
        with quiet.through_proxy(header) as guest:
            guest.hear()
            guest.ask("QUIT")
            guest.status()

        assert len(quiet.log.events) == lines
        quiet.log.events.clear()


def test_nobody_asks_the_machine_of_a_client_behind_a_proxy() -> None:
    """CP-07: his connection is not the one that we have."""
    house = Proxies(rfc1413_hosts=("*",), rfc1413_query_timeout=5)
    house.ask_ident = lambda *_: "nobody@nowhere"
    with house.through_proxy(LINE) as guest:
        guest.hear()
        guest.ask("EHLO client.example")
        guest.ask(*ENVELOPE)
        guest.ask(".")

    assert "U=" not in house.log.texts()[0]


def test_who_talks_behind_the_header_talks_too_early() -> None:
    """CP-08: and nothing of it was taken for the header."""
    house = Proxies()
    with house.through_proxy(LINE + b"EHLO bot.example\r\n") as guest:
        assert guest.hear() == "554 SMTP synchronization error"

    assert 'H=[192.0.2.7] input="EHLO bot.example' in house.log.texts()[0]


def test_what_may_be_said_early_is_heard_behind_the_header() -> None:
    house = Proxies(pipe_connect_advertise_hosts=("*",))
    with house.through_proxy(LINE + b"EHLO client.example\r\n") as guest:
        assert guest.hear().startswith("220 ")
        assert guest.hear().startswith("250-")


def test_the_client_hears_what_the_supervisor_says_of_him() -> None:
    house = Proxies(Verdict(TOO_MANY))
    with house.through_proxy(LINE) as guest:
        assert guest.hear_all() == f"{TOO_MANY}\r\n"
        assert guest.status() == 0

    assert not house.log.events  # the supervisor has told


@pytest.mark.parametrize("stop", [Stop.DRAINING, Stop.TERMINATED])
def test_nobody_is_let_in_without_a_verdict(stop: Stop) -> None:
    with Proxies(stop).through_proxy(LINE) as guest:
        assert guest.hear_all() == f"421 {HOST}: Service not available - closing connection\r\n"
        assert not guest.has_ended_well


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"EHLO client.example\r\n", "it does not begin like one"),
        (b"PROXY TCP4 nonsense\r\n", "a line that is none of version 1"),
        (version_2(PROXY, 0x12, BLOCK_4), "another protocol than TCP over IP"),
    ],
)
def test_without_a_header_only_quit_works(said: bytes, why: str) -> None:
    """SS-04: and the log tells how it ends."""
    house = Proxies(log_selector=("+smtp_connection",))
    with house.through_proxy(said) as guest:
        assert guest.hear().startswith(f"220 {HOST} ")
        if said.startswith(b"EHLO"):
            assert guest.hear() == REFUSED
        for command in ("EHLO client.example", "RSET", "NOOP", "MAIL FROM:<>", "STARTTLS", "?"):
            assert guest.ask(command) == [REFUSED]
        assert guest.ask("QUIT") == [f"221 {HOST} closing connection"]
        guest.status()
        assert not guest.has_ended_well

    event, end = house.log.events
    assert end.text.startswith(f"SMTP connection from [{PROXIED_BY}] D=")
    assert end.text.endswith("closed by QUIT")
    assert (event.kind, event.streams) == (Kind.PROXY_FAILED, MAIN)
    assert event.text == f"PROXY protocol error on connection from [{PROXIED_BY}]: {why}"
    assert not house.asked


@pytest.mark.parametrize("said", [b"", b"PROXY TCP4 192.0.2.7"])
def test_a_header_has_its_time(said: bytes) -> None:
    house = Proxies(proxy_protocol_timeout=0.2)
    began = time.monotonic()
    with house.through_proxy(said) as guest:
        assert guest.hear().startswith("220 ")
        assert time.monotonic() - began < 3
        assert guest.ask("EHLO client.example") == [REFUSED]

    assert house.log.texts()[0].endswith(": it did not come in time")


@pytest.mark.parametrize(
    ("end", "reply", "line"),
    [
        ("drain", f"421 {HOST}: Service not available", "daemon is stopping"),
        ("terminate", f"421 {HOST}: Service not available", "closed after SIGTERM"),
        ("hang_up", "", "lost"),
        ("wait", f"421 {HOST}: SMTP command timeout", "SMTP command timeout on connection"),
    ],
)
def test_such_a_session_ends_as_any_other(end: str, reply: str, line: str) -> None:
    """SS-04, SS-06"""
    patience = 0.3 if end == "wait" else 60
    house = Proxies(log_selector=("+all",), smtp_receive_timeout=patience)
    with house.through_proxy(b"EHLO client.example\r\n") as guest:
        assert guest.hear().startswith("220 ")
        assert guest.hear() == REFUSED
        if end != "wait":
            getattr(guest, end)()
        if reply:
            assert guest.hear().startswith(reply)
        guest.status()

    assert any(line in text for text in house.log.texts()), house.log.texts()


def test_a_header_wins_no_time_by_coming_slowly() -> None:
    house = Proxies(proxy_protocol_timeout=0.3)
    with house.through_proxy() as guest:
        guest.sock.settimeout(0.05)
        for octet in LINE[:-1]:
            guest.send(bytes([octet]))
            try:
                assert guest.sock.recv(1) == b"2"  # of 220
                break
            except TimeoutError:
                continue
        else:
            raise AssertionError("nothing was said to a header that would not end")

    assert house.log.texts()[0].endswith(": it did not come in time")


def test_a_proxy_that_only_looks_in_leaves_no_more_than_any_client() -> None:
    house = Proxies(log_selector=("+smtp_connection",))
    with house.through_proxy() as guest:
        guest.sock.shutdown(socket.SHUT_WR)
        assert guest.hear() == f"421 {HOST} lost input connection"
        guest.status()

    assert house.log.texts()[0].startswith(f"SMTP connection from [{PROXIED_BY}] lost D=")


def test_tls_begins_behind_the_header(certificate: Certificate) -> None:
    """And no octet of the ClientHello is missed."""
    house = Proxies()
    house.tls = certificate.shown()
    with house.through_proxy(LINE) as guest:
        guest.start_tls(certificate.client())
        assert guest.hear().startswith("220 ")
        assert "[192.0.2.7]" in guest.ask("EHLO client.example")[0]


@pytest.mark.parametrize("answer", [None, TOO_MANY])
def test_where_tls_comes_first_no_text_is_said(
    answer: str | None, certificate: Certificate
) -> None:
    """N-40"""
    house = Proxies(Verdict(answer or ""))
    house.tls = certificate.shown()
    with house.through_proxy(LINE if answer else b"EHLO client.example\r\n") as guest:
        assert guest.hear_all() == ""
