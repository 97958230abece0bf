"""A session on a port where TLS begins at once (PT-05, CP-04)."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator

import pytest

from pymta.channel.pair import make_pair
from pymta.session.stop import Stop
from pymta.session.stream import Stream
from pymta.tls.asks import Asks
from pymta.tls.certificates import Certificates
from pymta.tls.facts import Facts
from pymta.tls.layer import LARGEST
from tests.doubles.certificates import Certificate
from tests.doubles.house import HOST, House, usual_settings

NEVER = float("inf")
MESSAGE = (
    "EHLO client.example",
    "MAIL FROM:<a@client.example>",
    "RCPT TO:<user@localhost>",
    "DATA",
    "Subject: x\r\n\r\nhello\r\n.",
)


@pytest.fixture(scope="module")
def ours(certificate: Certificate) -> Certificates:
    return certificate.shown()


@pytest.fixture
def house(ours: Certificates) -> House:
    return House(tls=ours)


def old_client(certificate: Certificate) -> ssl.SSLContext:
    theirs = certificate.client()
    theirs.maximum_version = ssl.TLSVersion.TLSv1_2
    return theirs


def test_the_greeting_comes_after_the_handshake(house: House, certificate: Certificate) -> None:
    """CP-08"""
    with house.call() as guest:
        guest.sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            guest.sock.recv(1)
        guest.sock.settimeout(20)
        guest.start_tls(certificate.client())

        assert guest.hear().startswith(f"220 {HOST} ESMTP pymta ")
        assert guest.ask("QUIT") == [f"221 {HOST} closing connection"]
        assert guest.hear_all() == ""  # and not without TLS's own farewell
        assert guest.status() == 0
        assert guest.has_ended_well


@pytest.mark.parametrize(
    ("hello", "selector", "said"),
    [
        ("EHLO", (), "P=esmtps X=TLS1.2:ECDHE-ECDSA-AES256-GCM-SHA384:256 CV=no"),
        ("HELO", (), "P=smtps X=TLS1.2:ECDHE-ECDSA-AES256-GCM-SHA384:256 CV=no"),
        ("EHLO", ("-tls_cipher",), "P=esmtps CV=no"),
        ("EHLO", ("-tls_cipher", "-tls_certificate_verified"), "P=esmtps"),
        ("EHLO", ("+tls_on_connect", "-tls_cipher"), "P=essmtp CV=no"),
        ("HELO", ("+tls_on_connect", "-tls_cipher"), "P=ssmtp CV=no"),
    ],
)
def test_a_message_tells_how_it_came(
    hello: str, selector: tuple[str, ...], said: str, house: House, certificate: Certificate
) -> None:
    """N-39: tls_cipher and tls_on_connect; the Received field does not depend on them."""
    house.settings = usual_settings(log_selector=selector)
    with house.call() as guest:
        guest.start_tls(old_client(certificate))
        guest.hear()
        for text in (f"{hello} client.example", *MESSAGE[1:]):
            assert guest.ask(text)[0][0] in "23"
    (arrival,) = (event for event in house.log.events if event.text.startswith("<= "))
    assert arrival.text.startswith(f"<= a@client.example H=(client.example) [192.0.2.7] {said} S=")
    assert arrival.fields["TLS"] == "TLS1.2:ECDHE-ECDSA-AES256-GCM-SHA384:256"
    (kept,) = house.spool.messages.values()
    words = {"EHLO": "ESMTPS", "HELO": "SMTPS"}
    assert (
        f"with {words[hello]}\r\n\t(TLS1.2) tls TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384\r\n\tid "
    ) in kept.seal.on_top[0]
    assert kept.envelope.client.protocol == words[hello].lower()


def test_refusals_in_the_log_tell_it_too(house: House, certificate: Certificate) -> None:
    with house.call() as guest:
        guest.start_tls(old_client(certificate))
        guest.hear()
        guest.ask(*MESSAGE[:2], "RCPT TO:<nobody@localhost>")
    assert house.log.texts()[0] == (
        "H=(client.example) [192.0.2.7] X=TLS1.2:ECDHE-ECDSA-AES256-GCM-SHA384:256 CV=no"
        " F=<a@client.example> rejected RCPT <nobody@localhost>: Unknown user"
    )


def test_whoever_speaks_plain_smtp_hears_not_a_word_of_it(house: House) -> None:
    """N-40"""
    with house.call() as guest:
        guest.say("EHLO client.example", "QUIT")

        assert b"2" not in guest.sock.recv(100)
        assert guest.status() == 0
        assert not guest.has_ended_well
    assert house.log.texts() == [
        "TLS error on connection from [192.0.2.7] (SSL_accept): wrong version number"
    ]


def test_whoever_says_nothing_holds_his_place_for_one_time_out(house: House) -> None:
    """SS-06"""
    house.settings = usual_settings(smtp_receive_timeout=1)
    with house.call() as guest:
        guest.send(b"\x16\x03\x01\x02\x00\x01")  # a record of 512 octets, and the first of them

        assert guest.sock.recv(100) == b""
        assert guest.status() == 0
        assert not guest.has_ended_well
    assert house.log.texts() == ["TLS error on connection from [192.0.2.7] (SSL_accept): timed out"]


def test_whoever_hangs_up_is_named(house: House) -> None:
    with house.call() as guest:
        guest.sock.shutdown(socket.SHUT_WR)

        assert guest.status() == 0
        assert not guest.has_ended_well
    assert house.log.texts() == [
        "TLS error on connection from [192.0.2.7] (SSL_accept): TCP connection closed by peer"
    ]


@pytest.mark.parametrize(
    ("how", "status", "why"),
    [("terminate", 1, "closed after SIGTERM"), ("drain", 0, "closed: daemon is stopping")],
)
def test_a_handshake_is_no_reason_to_stay(how: str, status: int, why: str, house: House) -> None:
    """SS-06: and no text is sent, because nobody could read it."""
    with house.call() as guest:
        getattr(guest, how)()

        assert guest.sock.recv(100) == b""
        assert guest.status() == status
    assert house.log.texts()[0].endswith(why)


def test_who_is_in_the_middle_of_it_hears_inside_that_we_go(
    house: House, certificate: Certificate
) -> None:
    """SS-06: whoever is cut off in a handshake may come back in clear."""
    with house.call() as guest:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = certificate.client().wrap_bio(incoming, outgoing)
        with pytest.raises(ssl.SSLWantReadError):
            client.do_handshake()
        hello = outgoing.read()
        guest.send(hello[:20])
        guest.drain()
        guest.send(hello[20:])
        incoming.write(guest.sock.recv(65536))
        client.do_handshake()
        guest.send(outgoing.read())
        assert guest.status() == 0
        incoming.write(guest.sock.recv(65536))
        heard = client.read(1000) + client.read(1000)
    assert heard.startswith(f"220 {HOST} ESMTP".encode())
    assert heard.endswith(f"421 {HOST}: Service not available - closing connection\r\n".encode())


def test_who_talks_before_he_is_greeted_is_sent_away_in_tls(
    house: House, certificate: Certificate
) -> None:
    """CP-08: TLS comes before that question; what is inside counts, not the handshake."""
    house.settings = usual_settings(smtp_enforce_sync=True)
    with house.call() as guest:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = certificate.client().wrap_bio(incoming, outgoing)
        with pytest.raises(ssl.SSLWantReadError):
            client.do_handshake()
        guest.send(outgoing.read())
        incoming.write(guest.sock.recv(65536))
        client.do_handshake()
        client.write(b"EHLO client.example\r\n")
        guest.send(outgoing.read())
        assert guest.status() == 0
        incoming.write(guest.sock.recv(65536))
        assert client.read(100) == b"554 SMTP synchronization error\r\n"
    assert 'input="EHLO client.example' in house.log.texts()[0]


@pytest.mark.parametrize(
    ("option", "why"),
    [
        ({"host_reject_connection": ("192.0.2.7",)}, "(host_reject_connection)"),
        ({"smtp_accept_reserve": 20}, "not in reserve list: connected=0 max=20 reserve=20"),
    ],
    ids=["LM-06", "LM-07"],
)
def test_who_is_not_let_in_hears_nothing(option: dict[str, object], why: str, house: House) -> None:
    """N-40"""
    house.settings = usual_settings(**option)
    with house.call() as guest:
        assert guest.sock.recv(100) == b""
        assert guest.status() == 0
    assert house.log.texts()[0].endswith(why)


def test_a_time_out_says_that_it_was_a_tls_connection(
    house: House, certificate: Certificate
) -> None:
    """SS-06"""
    house.settings = usual_settings(smtp_receive_timeout=1)
    with house.call() as guest:
        guest.start_tls(certificate.client())
        guest.hear()

        assert guest.hear() == f"421 {HOST}: SMTP command timeout - closing connection"
        assert guest.status() == 1
    assert house.log.texts()[0].startswith(
        "SMTP command timeout on TLS connection from [192.0.2.7]"
    )


def test_a_stop_is_said_in_tls(house: House, certificate: Certificate) -> None:
    with house.call() as guest:
        guest.start_tls(certificate.client())
        guest.hear()
        guest.drain()

        assert guest.hear() == f"421 {HOST}: Service not available - closing connection"
        assert guest.hear_all() == ""


def test_a_connection_that_was_tampered_with_ends(house: House, certificate: Certificate) -> None:
    with house.call() as guest:
        guest.start_tls(certificate.client())
        guest.hear()
        guest.ask("EHLO client.example", "MAIL FROM:<a@client.example>")
        assert isinstance(guest.sock, ssl.SSLSocket)
        with socket.socket(fileno=guest.sock.detach()) as plain:
            plain.settimeout(20)
            plain.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)
            guest.sock = plain
            assert guest.status() == 1
    assert "bad record mac)" in house.log.texts()[0]


# The stream alone.


class Caller:
    """Both ends of a connection; the client shakes hands when it is asked to."""

    def __init__(self, ours: Certificates, theirs: ssl.SSLContext) -> None:
        self.sock, self.server = socket.socketpair()
        self.supervisor, channel = make_pair()
        self.alarm, bell = socket.socketpair()
        self.stream = Stream(self.server, channel, bell, new_layer=ours.layer, starts_tls=True)
        self.stream.put_inside(Asks.NOTHING)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = theirs.wrap_bio(self._incoming, self._outgoing)
        self.sock.setblocking(False)
        self._ends = (self.sock, self.server, self.alarm, bell, self.supervisor, channel)

    def shake_hands(self, *texts: bytes) -> None:
        """TLS 1.3: our hello, then what we say to theirs; nobody has to wait for anybody.

        `texts` go out in one piece with the end of it.
        """
        with pytest.raises(ssl.SSLWantReadError):
            self.tls.do_handshake()
        self.sock.send(self._outgoing.read())
        assert self.stream.start_tls(time.monotonic()) is Stop.TIMED_OUT
        assert self.stream.start_tls(time.monotonic() + 0.01) is Stop.TIMED_OUT
        self._incoming.write(self.sock.recv(65536))
        self.tls.do_handshake()
        self.sock.send(self._outgoing.read() + self.encrypted(*texts))
        self.stream.error = ""  # of the two that were too short
        assert isinstance(self.stream.start_tls(time.monotonic() + 20), Facts)
        self._incoming.write(self.sock.recv(65536))

    def encrypted(self, *texts: bytes) -> bytes:
        for text in texts:
            self.tls.write(text)
        return self._outgoing.read()

    def close(self) -> None:
        for end in self._ends:
            end.close()


@pytest.fixture
def caller(ours: Certificates, certificate: Certificate) -> Iterator[Caller]:
    made = Caller(ours, certificate.client())
    yield made
    made.close()


def test_nothing_that_is_said_before_the_handshake_goes_out(caller: Caller) -> None:
    """N-40: whoever refuses a caller here closes without a text, even if it writes one."""
    assert caller.stream.write(b"554 SMTP service not available\r\n", NEVER) is None
    caller.stream.drain(linger=False)
    caller.server.close()

    assert caller.sock.recv(100) == b""


def test_what_is_decrypted_already_is_not_waited_for(caller: Caller) -> None:
    caller.shake_hands(b"one", b"two")

    # Nothing more comes from the wire; whoever asked it would find out at the deadline.
    assert caller.stream.read(time.monotonic() - 1, at_command=True) == b"onetwo"
    assert caller.stream.read(time.monotonic() - 1, at_command=True) is Stop.TIMED_OUT


def test_what_came_together_is_read_together(caller: Caller) -> None:
    """As from a plain connection: who sends ahead of his turn is seen to do so."""
    caller.shake_hands()
    caller.sock.send(caller.encrypted(b"one", b"two") + caller.encrypted(b"three")[:-1])

    assert caller.stream.read(time.monotonic() + 20, at_command=True) == b"onetwo"
    assert caller.stream.read(time.monotonic(), at_command=True) is Stop.TIMED_OUT


@pytest.mark.parametrize("early", [True, False], ids=["with the handshake", "behind it"])
def test_what_is_looked_at_stays_to_be_read(early: bool, caller: Caller) -> None:
    texts = (b"EHLO ", b"client.example\r\n")
    caller.shake_hands(*(texts if early else ()))
    if not early:
        assert caller.stream.peek(100) == b""
        caller.sock.send(caller.encrypted(*texts))

    assert caller.stream.peek(6) == b"EHLO c"
    assert caller.stream.peek(100) == b"EHLO client.example\r\n"
    assert caller.stream.read(time.monotonic() - 1, at_command=True) == b"".join(texts)
    assert caller.stream.peek(100) == b""


def test_what_came_before_a_corrupt_record_is_read_first(caller: Caller) -> None:
    caller.shake_hands()
    caller.sock.send(caller.encrypted(b"one") + b"\x17\x03\x03\x00\x20" + b"x" * 32)

    assert caller.stream.read(time.monotonic() + 20, at_command=True) == b"one"
    for _ in range(2):
        assert caller.stream.read(time.monotonic() + 20, at_command=True) is Stop.CLOSED
        assert "bad record mac" in caller.stream.error


def test_an_end_that_is_looked_at_is_still_the_end(caller: Caller) -> None:
    caller.shake_hands()
    with pytest.raises(ssl.SSLWantReadError):
        caller.tls.unwrap()
    caller.sock.send(caller.encrypted())

    assert caller.stream.peek(100) == b""
    assert caller.stream.read(NEVER, at_command=True) is Stop.CLOSED
    assert caller.stream.error == ""


def test_half_a_record_wins_no_time(caller: Caller) -> None:
    caller.shake_hands()
    record = caller.encrypted(b"x" * LARGEST)
    caller.sock.send(record[:-1])
    began = time.monotonic()

    assert caller.stream.read(began + 0.2, at_command=True) is Stop.TIMED_OUT
    assert time.monotonic() - began < 5
    caller.sock.send(record[-1:])
    assert caller.stream.read(began + 20, at_command=True) == b"x" * LARGEST


@pytest.mark.parametrize("at_command", [True, False])
def test_the_channel_and_sigterm_are_heard_while_half_a_record_is_waited_for(
    at_command: bool, caller: Caller
) -> None:
    caller.shake_hands()
    caller.sock.send(caller.encrypted(b"x")[:5])
    (caller.supervisor.close if at_command else lambda: caller.alarm.send(b"\x0f"))()

    wanted = Stop.DRAINING if at_command else Stop.TERMINATED
    assert caller.stream.read(NEVER, at_command=at_command) is wanted


def test_a_client_that_never_reads_is_left(caller: Caller) -> None:
    caller.shake_hands()
    began = time.monotonic()

    assert caller.stream.write(b"x" * (16 << 20), began + 0.2) is Stop.TIMED_OUT
    assert time.monotonic() - began < 5
    assert caller.stream.error == "write timed out"


def test_what_is_written_over_many_records_arrives(caller: Caller) -> None:
    caller.shake_hands()
    text = bytes(range(256)) * 130  # a little more than two records

    assert caller.stream.write(text, time.monotonic() + 20) is None
    caller._incoming.write(caller.sock.recv(1 << 20))
    heard = b""
    while len(heard) < len(text):
        heard += caller.tls.read(LARGEST)
    assert heard == text
