"""STARTTLS (RFC 3207; SS-04, SS-05): who is offered it, and what does not survive it."""

from __future__ import annotations

import pytest

from pymta.tls.certificates import Certificates
from tests.doubles.certificates import Certificate
from tests.doubles.daemon import wait_until
from tests.doubles.house import HOST, Guest, House, usual_settings

NOT_OFFERED = "503 STARTTLS command used when not advertised"
OUT_OF_SYNC = "554 5.5.0 SMTP synchronization error"
SELECTORS = ("+smtp_connection", "+smtp_incomplete_transaction", "+smtp_no_mail")


@pytest.fixture(scope="module")
def ours(certificate: Certificate) -> Certificates:
    return certificate.shown()


@pytest.fixture
def house(ours: Certificates) -> House:
    return House(starttls=ours)


def introduced(guest: Guest) -> Guest:
    guest.hear()
    assert "\n250-STARTTLS\n" in guest.ask("EHLO client.example")[0]
    return guest


def encrypted(guest: Guest, certificate: Certificate) -> Guest:
    assert guest.ask("STARTTLS") == ["220 2.0.0 TLS go ahead"]
    guest.start_tls(certificate.client())
    return guest


def test_mail_comes_encrypted(house: House, certificate: Certificate) -> None:
    """RFC 3848: ESMTPS; and the log says X= as for TLS that began at once."""
    house.settings = usual_settings(log_selector=("+tls_on_connect",))
    with house.call() as guest:
        encrypted(introduced(guest), certificate)
        assert "STARTTLS" not in guest.ask("EHLO inside.example")[0]
        guest.ask("MAIL FROM:<a@client.example>", "RCPT TO:<user@localhost>", "DATA")
        assert guest.ask("Subject: x\r\n\r\nhello\r\n.")[0].startswith("250 ")
        guest.ask("QUIT")
        assert guest.hear_all() == ""
        assert guest.status() == 0
        assert guest.has_ended_well
    (arrival,) = house.log.texts()
    assert arrival.startswith(
        "<= a@client.example H=(inside.example) [192.0.2.7] P=esmtps"
        " X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no S="
    )
    (kept,) = house.spool.messages.values()
    assert "with ESMTPS\r\n\t(TLS1.3) tls TLS_AES_256_GCM_SHA384\r\n\tid " in kept.seal.on_top[0]


def test_nothing_said_in_clear_survives(house: House, certificate: Certificate) -> None:
    """RFC 3207 s4.2: the name, the transaction, the enhanced codes."""
    house.settings = usual_settings(log_selector=SELECTORS)
    with house.call() as guest:
        introduced(guest).ask("MAIL FROM:<a@client.example>", "RCPT TO:<user@localhost>")
        encrypted(guest, certificate)

        assert guest.ask("RCPT TO:<user@localhost>") == ["503 sender not yet given"]
        assert guest.ask("MAIL FROM:<a@client.example>") == ["503 HELO or EHLO required"]
        assert guest.ask("STARTTLS") == [NOT_OFFERED]
        guest.ask("QUIT")
    assert house.log.texts()[0] == (
        "H=(client.example) [192.0.2.7] incomplete transaction (STARTTLS)"
        " from <a@client.example> for user@localhost"
    )
    assert not house.spool.messages


def test_what_was_offered_in_clear_is_not_offered_inside(
    house: House, certificate: Certificate
) -> None:
    """RFC 3207 s4.2, N-25: also not to whoever need not say EHLO again."""
    house.settings = usual_settings(hosts_require_helo=())
    with house.call() as guest:
        encrypted(introduced(guest), certificate)
        assert guest.ask("MAIL FROM:<> RET=HDRS")[0].startswith("555 ")
        assert guest.ask("MAIL FROM:<>") == ["250 OK"]


@pytest.mark.parametrize(
    "options",
    [{}, {"smtp_enforce_sync": True}, {"pipe_connect_advertise_hosts": ("*",)}],
    ids=["may", "must wait", "early"],
)
@pytest.mark.parametrize("injected", ["RSET\r\n", "MA", "\x16\x03\x01"])
def test_what_was_sent_behind_it_is_never_read(
    options: dict[str, object], injected: str, house: House
) -> None:
    """SS-04: CVE-2011-0411; whoever stands on the way gets no command into the session."""
    house.settings = usual_settings(**options)
    with house.call() as guest:
        introduced(guest).send(f"STARTTLS\r\n{injected}".encode("latin-1"))

        assert guest.hear_all() == f"{OUT_OF_SYNC}\r\n"
        assert guest.status() == 1
    (line,) = house.log.texts()
    assert 'rejected "STARTTLS" H=(client.example) [192.0.2.7] next input="' in line


def test_commands_may_stand_before_it(house: House, certificate: Certificate) -> None:
    """RFC 2920 s3.1: it is the last of its group, and all replies come before the handshake."""
    with house.call() as guest:
        answers = introduced(guest).ask("MAIL FROM:<a@client.example>", "RSET", "STARTTLS")
        assert [answer[:3] for answer in answers] == ["250", "250", "220"]
        guest.start_tls(certificate.client())
        assert guest.ask("NOOP") == ["250 OK"]


@pytest.mark.parametrize("hello", ["", "HELO client.example"])
def test_it_is_refused_where_it_was_not_offered(hello: str, house: House) -> None:
    with house.call() as guest:
        introduced(guest) if not hello else guest.hear()
        if not hello:
            guest.ask("HELO client.example")  # which forgets what EHLO was told
        else:
            assert guest.ask("STARTTLS") == [NOT_OFFERED]
            guest.ask(hello)
        assert guest.ask("STARTTLS") == [NOT_OFFERED]


@pytest.mark.parametrize(
    ("has_certificate", "hosts"),
    [(False, ("*",)), (True, ("!192.0.2.7", "*")), (True, ())],
    ids=["no certificate", "not this host", "nobody"],
)
def test_not_everybody_is_offered_it(
    has_certificate: bool, hosts: tuple[str, ...], house: House
) -> None:
    """tls_advertise_hosts"""
    house.settings = usual_settings(tls_advertise_hosts=hosts)
    house.starttls = house.starttls if has_certificate else None
    with house.call() as guest:
        guest.hear()
        assert "STARTTLS" not in guest.ask("EHLO client.example")[0]
        assert guest.ask("STARTTLS") == [NOT_OFFERED.replace("503 ", "503 5.5.1 ")]


def test_a_user_of_this_machine_has_no_need_of_it(house: House) -> None:
    with house.call_from_here() as guest:
        guest.hear()
        assert "STARTTLS" not in guest.ask("EHLO client.example")[0]


def test_inside_tls_it_is_not_offered(house: House, certificate: Certificate) -> None:
    house.tls = house.starttls
    with house.call() as guest:
        guest.start_tls(certificate.client())
        guest.hear()
        assert "STARTTLS" not in guest.ask("EHLO client.example")[0]


def test_it_takes_no_parameters(house: House) -> None:
    """RFC 3207 s4"""
    with house.call() as guest:
        answer = introduced(guest).ask("STARTTLS now")
        assert answer == ["501 5.5.2 STARTTLS takes no argument"]
        assert guest.ask("NOOP") == ["250 2.0.0 OK"]


def test_the_first_one_is_free_and_so_is_the_hello_behind_it(
    house: House, certificate: Certificate
) -> None:
    """SS-05"""
    house.settings = usual_settings(smtp_accept_max_nonmail=1)
    with house.call() as guest:
        encrypted(introduced(guest), certificate)
        assert guest.ask("EHLO client.example")[0].startswith("250-")
        assert guest.ask("NOOP") == ["250 2.0.0 OK"]
        assert guest.ask("STARTTLS") == ["554 5.7.0 Too many nonmail commands"]
        assert guest.status() == 1
    (line,) = house.log.texts()
    assert line.endswith('dropped: too many nonmail commands (last was "STARTTLS")')


@pytest.mark.parametrize("end", ["QUIT", "EOF"])
def test_after_a_handshake_that_failed_everything_is_refused(end: str, house: House) -> None:
    """SS-04, and the process goes with the session."""
    house.settings = usual_settings(log_selector=SELECTORS)
    with house.call() as guest:
        introduced(guest)
        assert guest.ask("STARTTLS") == ["220 2.0.0 TLS go ahead"]
        guest.say("EHLO client.example")  # by somebody who did not listen
        wait_until(house.log.texts, "the handshake has failed")
        for words in ("EHLO client.example", "RSET", "MAIL FROM:<a@client.example>"):
            assert guest.ask(words) == ["554 5.7.0 Security failure"]
        if end == "QUIT":
            assert guest.ask("QUIT") == [f"221 2.0.0 {HOST} closing connection"]
        else:
            guest.hang_up()
        assert guest.status() == 0
        assert not guest.has_ended_well
    failed, closed, no_mail = house.log.texts()
    assert failed == (
        "TLS error on connection from (client.example) [192.0.2.7] (SSL_accept): wrong version"
        " number"
    )
    assert closed.startswith("SMTP connection from (client.example) [192.0.2.7] D=")
    assert closed.endswith(f" closed by {end}")
    assert no_mail.endswith(" C=EHLO,STARTTLS")
    assert not house.spool.messages


def test_a_handshake_has_one_time_out_for_all_of_it(house: House) -> None:
    """SS-06"""
    house.settings = usual_settings(smtp_receive_timeout=1)
    with house.call() as guest:
        introduced(guest).ask("STARTTLS")
        guest.send(b"\x16\x03\x01\x02\x00\x01")  # a record of 512 octets, and the first of them

        assert guest.hear_all() == ""
        assert guest.status() == 0
        assert not guest.has_ended_well
    assert house.log.texts()[0].endswith("(SSL_accept): timed out")


@pytest.mark.parametrize(
    ("how", "status", "why"),
    [("terminate", 1, "closed after SIGTERM"), ("drain", 0, "closed: daemon is stopping")],
)
def test_a_handshake_is_no_reason_to_stay(how: str, status: int, why: str, house: House) -> None:
    """SS-06"""
    with house.call() as guest:
        introduced(guest).ask("STARTTLS")
        getattr(guest, how)()

        assert guest.hear_all() == ""
        assert guest.status() == status
    assert house.log.texts()[0].endswith(why)
