"""How sessions end, and what is told of them (SS-03, SS-04, N-06)."""

from __future__ import annotations

import re
import socket

import pytest

from tests.doubles.house import CONNECTION, HOST, Guest, House, usual_settings

MAIL = ("MAIL FROM:<a@client.example>", "RCPT TO:<user@localhost>", "RCPT TO:<postmaster>")
WHO = "(client.example) [192.0.2.7]"


def house(**options: object) -> House:
    return House(usual_settings(**options))


def texts(made: House) -> list[str]:
    """The log, with durations made equal."""
    return [re.sub(r" D=[0-9.]+s", " D=", text) for text in made.log.texts()]


def begin(guest: Guest, *lines: str) -> None:
    guest.hear()
    guest.ask("EHLO client.example", *lines)


def test_a_session_that_quits_leaves_a_line_for_who_wants_it() -> None:
    """SS-04, N-38"""
    made = house(log_selector=("+smtp_connection",))
    with made.call() as guest:
        begin(guest)
        assert guest.ask("QUIT") == [f"221 2.0.0 {HOST} closing connection"]
        assert guest.status() == 0

    assert texts(made) == [f"SMTP connection from {WHO} D= closed by QUIT"]


def test_a_session_that_is_lost_leaves_a_line_for_who_wants_it() -> None:
    """SS-03, SS-04"""
    made = house(log_selector=("+smtp_connection",))
    with made.call() as guest:
        begin(guest)
        guest.sock.shutdown(socket.SHUT_WR)
        assert guest.hear() == f"421 4.4.2 {HOST} lost input connection"
        assert guest.status() == 1

    assert texts(made) == [f"SMTP connection from {WHO} lost D="]


def test_a_session_that_is_lost_after_mail_leaves_a_line_always() -> None:
    """SS-04"""
    made = house()
    with made.call() as guest:
        begin(guest, MAIL[0])
        guest.sock.shutdown(socket.SHUT_WR)
        guest.hear()

    assert texts(made) == [
        f"unexpected disconnection while reading SMTP command from {WHO} D=",
    ]


def test_the_id_of_a_connection_stands_in_all_its_lines() -> None:
    """N-29"""
    made = house(log_selector=("+smtp_connection", "+connection_id"))
    with made.call() as guest:
        begin(guest, *MAIL[:2], "DATA")
        guest.ask(".")
        guest.ask("QUIT")
        guest.status()

    arrival, end = texts(made)
    assert f" H={WHO} Ci={CONNECTION} P=esmtp " in arrival
    assert end == f"SMTP connection Ci={CONNECTION} from {WHO} D= closed by QUIT"
    assert made.log.events[0].fields["SESSION_ID"] == CONNECTION


@pytest.mark.parametrize(
    ("lines", "cause"),
    [
        pytest.param(["QUIT"], "QUIT", id="QUIT"),
        pytest.param(["RSET"], "RSET", id="RSET"),
        pytest.param(["FOO"] * 4, "unrecognized command", id="unknown"),
        pytest.param(["NOOP"] * 11, "too many non-mail commands", id="nonmail"),
        pytest.param([], "connection lost", id="lost"),
    ],
)
def test_a_transaction_that_comes_to_nothing_is_told(lines: list[str], cause: str) -> None:
    """SS-04"""
    made = house(log_selector=("+smtp_incomplete_transaction",))
    with made.call() as guest:
        begin(guest, *MAIL)
        guest.ask(*lines)
        guest.sock.shutdown(socket.SHUT_WR)
        guest.hear_all()

    assert texts(made)[0] == (
        f"H={WHO} incomplete transaction ({cause}) from <a@client.example>"
        f" for user@localhost postmaster@{HOST}"
    )


@pytest.mark.parametrize("lines", [["RSET"], ["MAIL FROM:<>", "RCPT TO:<postmaster>", "DATA", "."]])
def test_what_was_no_transaction_or_came_to_its_end_is_not(lines: list[str]) -> None:
    made = house(log_selector=("+smtp_incomplete_transaction",))
    with made.call() as guest:
        begin(guest, *lines)
        guest.ask("QUIT")
        guest.status()

    assert "incomplete" not in " ".join(texts(made))


@pytest.mark.parametrize(
    ("sent", "rejected", "following", "advertised"),
    [
        pytest.param("EHLO a.b\r\nNOOP\r\n", "EHLO a.b", "NOOP", " not", id="before EHLO"),
        pytest.param("HELO a.b\r\nMAIL FROM:<>\r\n", "HELO a.b", "MAIL FROM:<>", " not", id="HELO"),
        pytest.param("FOO\r\nNOOP\r\n", "FOO", "NOOP", " not", id="unknown"),
    ],
)
def test_whoever_does_not_wait_for_his_turn_is_sent_away(
    sent: str, rejected: str, following: str, advertised: str
) -> None:
    """SS-04, SS-03: exit status 1."""
    made = house(smtp_enforce_sync=True)
    with made.call() as guest:
        guest.hear()
        guest.send(sent.encode())
        assert guest.hear_all() == "554 SMTP synchronization error\r\n"
        assert guest.status() == 1

    assert texts(made) == [
        (
            "SMTP protocol synchronization error (next input sent too soon: pipelining was"
            f'{advertised} advertised): rejected "{rejected}" H=[192.0.2.7]'
            f' next input="{following}\r\n"'
        )
    ]


@pytest.mark.parametrize(
    ("group", "is_fine"),
    [
        pytest.param((*MAIL, "DATA"), True, id="DATA is last"),
        pytest.param(("RSET", *MAIL, "QUIT"), True, id="QUIT is last"),
        pytest.param((*MAIL, "NOOP", "RSET"), False, id="NOOP is not last"),
        pytest.param((*MAIL, "DATA", "Subject: x"), False, id="DATA is not last"),
    ],
)
def test_pipelining_has_its_order(group: tuple[str, ...], is_fine: bool) -> None:
    """SS-04, RFC 2920 s3.1"""
    made = house(smtp_enforce_sync=True)
    with made.call() as guest:
        begin(guest)
        guest.say(*group)
        heard = [guest.hear() for _ in group[: 4 if is_fine else None]]
        assert ("554 5.5.0 SMTP synchronization error" in heard) is not is_fine

    assert ("pipelining was advertised" in " ".join(texts(made))) is not is_fine


def test_after_helo_nothing_may_be_sent_ahead() -> None:
    """SS-04: what was not offered may not be used."""
    made = house(smtp_enforce_sync=True)
    with made.call() as guest:
        guest.hear()
        guest.ask("HELO client.example")
        guest.say(*MAIL)
        assert guest.hear_all() == "554 SMTP synchronization error\r\n"


@pytest.mark.parametrize(
    ("lines", "commands"),
    [
        ([], ""),
        (["EHLO client.example", "QUIT"], " C=EHLO,QUIT"),
        (["EHLO client.example", "DATA", "RSET"], " C=EHLO,DATA,RSET"),
        (["EHLO client.example", *["RSET"] * 8, "RCPT TO:<x>"] * 2, None),
    ],
)
def test_a_session_without_mail_is_told_with_its_commands(
    lines: list[str], commands: str | None
) -> None:
    """N-06: the last twenty of them."""
    made = house(
        log_selector=("+smtp_no_mail",), smtp_accept_max_nonmail=99, smtp_max_synprot_errors=99
    )
    with made.call() as guest:
        guest.hear()
        guest.ask(*lines)
        if lines and commands is None:
            guest.ask("NOOP", "VRFY x")
            commands = " C=..." + ",".join(
                ["RSET"] * 7 + ["RCPT", "EHLO"] + ["RSET"] * 8 + ["RCPT", "NOOP", "VRFY"]
            )

    who = WHO if lines else "[192.0.2.7]"
    assert texts(made) == [f"no MAIL in SMTP connection from {who} D={commands}"]


def test_a_session_with_mail_is_not_told_as_one_without() -> None:
    """N-06: MAIL was said, whatever came of it."""
    made = house(log_selector=("+smtp_no_mail",))
    with made.call() as guest:
        begin(guest, "MAIL FROM:<a@b@c>")

    assert not made.log.events


def test_of_quiet_hosts_nobody_hears() -> None:
    """N-30, CP-01"""
    made = house(
        log_selector=("+smtp_connection", "+smtp_no_mail"),
        hosts_connection_nolog=("192.0.2.0/24",),
    )
    for caller in ("192.0.2.7", "198.51.100.7"):
        with made.call(caller) as guest:
            begin(guest)
            guest.ask("QUIT")
            guest.status()

    assert len(made.log.events) == 2
    assert all("[198.51.100.7]" in text for text in texts(made))
