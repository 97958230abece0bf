"""Section 6 of the catalogue, the rows about who is let in, replayed against a real daemon."""

from __future__ import annotations

import re
import socket
import subprocess
from contextlib import ExitStack

from tests.doubles.daemon import DEADLINE, HOSTNAME, daemon, wait_until
from tests.doubles.standalone import standalone
from tests.lives.test_session_life import line

RESERVED = f"421 {HOSTNAME}: Too many concurrent SMTP connections; please try again later"


def call(port: int, source: str, to: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection((to, port), timeout=DEADLINE, source_address=(source, 0))


def test_every_connection_is_counted_in_the_log() -> None:
    """CP-01, LM-01, CH-02: two are let in, the third is not until one of them has gone."""
    with (
        daemon(smtp_accept_max=2, log_selector=["+smtp_connection"]) as made,
        made.raw() as one,
        made.raw() as two,
        made.raw() as three,
    ):
        assert line(one).startswith("220 ")
        assert line(two).startswith("220 ")
        assert line(three) == "421 Too many concurrent SMTP connections; please try again later."
        assert three.recv(1) == b""
        one.close()
        made.wait_for_log(r"SMTP connection from \[127\.0\.0\.1\] lost D=")
        wait_until(lambda: "; 1/2 connections" in made.status(), made.status)
        with made.raw() as four:
            assert line(four).startswith("220 ")
        told = re.findall(r"SMTP connection from .* count = .*|Connection .* refused.*", made.log())

    assert told == [
        "SMTP connection from [127.0.0.1] (TCP/IP connection count = 1)",
        "SMTP connection from [127.0.0.1] (TCP/IP connection count = 2)",
        "Connection from [127.0.0.1] refused: too many connections",
        "SMTP connection from [127.0.0.1] (TCP/IP connection count = 2)",
    ]


def test_ports_and_interfaces_are_shown_on_demand() -> None:
    """HC-04, LM-04, N-29"""
    selectors = ["+smtp_connection", "+incoming_port", "+incoming_interface", "+connection_id"]
    with daemon(smtp_accept_max_per_host=1, log_selector=selectors) as made:
        with made.raw() as one, made.raw() as two:
            assert line(one).startswith("220 ")
            assert line(two).startswith("421 ")
            ports = [sock.getsockname()[1] for sock in (one, two)]
            one.sendall(b"QUIT\r\n")
            line(one)
        ends = [rf"\[127\.0\.0\.1\]:{port} I=\[127\.0\.0\.1\]:{made.port}" for port in ports]
        made.wait_for_log(
            rf"Connection from {ends[1]} refused: too many connections from that IP address$"
        )
        (begin,) = made.wait_for_log(
            rf"SMTP connection from {ends[0]} Ci=(\S+) \(TCP/IP connection"
        )
        id = re.findall(r"Ci=(\S+)", begin)[0]
        made.wait_for_log(rf"SMTP connection Ci={id} from {ends[0]} D=\S+ closed by QUIT$")


def test_the_last_places_are_kept_for_some() -> None:
    """LM-07"""
    with (
        daemon(smtp_accept_max=3, smtp_accept_reserve=2, smtp_reserve_hosts=["127.0.0.9"]) as made,
        ExitStack() as stack,
    ):
        sources = ("127.0.0.1", "127.0.0.1", "127.0.0.9")
        heard = [line(stack.enter_context(call(made.port, source))) for source in sources]

        assert [text[:4] for text in heard] == ["220 ", "421 ", "220 "]
        assert heard[1] == RESERVED
        made.wait_for_log(
            r"temporarily refused connection from \[127\.0\.0\.1\]:"
            r" not in reserve list: connected=1 max=3 reserve=2$"
        )


def test_a_refused_session_frees_its_slot() -> None:
    """LM-06, SS-01"""
    with daemon(smtp_accept_max=1, host_reject_connection=["127.0.0.2"]) as made:
        for _ in range(5):
            with call(made.port, "127.0.0.2") as sock:
                assert line(sock) == "554 SMTP service not available"
                assert sock.recv(1) == b""
            made.wait_for_idle()
        with made.raw() as sock:
            assert line(sock).startswith("220 ")
        made.wait_for_log(r"refused connection from \[127\.0\.0\.2\] \(host_reject_connection\)", 5)


def test_whoever_talks_first_is_sent_away() -> None:
    """CP-08"""
    with daemon() as made:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            sock.settimeout(DEADLINE)
            made.pause()  # so that what he says is there before anybody looks
            sock.connect(("127.0.0.1", made.port))
            sock.sendall(b"EHLO bot.example\r\n")
            made.resume()
            assert line(sock) == "554 SMTP synchronization error"
        made.wait_for_log(r'rejected connection from H=\[127.0.0.1\] input="EHLO bot.example')


def test_the_daemon_tells_how_many_wait() -> None:
    """N-24"""
    with daemon(smtp_backlog_monitor=2) as made, ExitStack() as stack:
        made.pause()
        calls = [stack.enter_context(made.raw()) for _ in range(5)]
        made.resume()
        for sock in calls:
            assert line(sock).startswith("220 ")
        numbers = [
            int(text.split()[4]) for text in made.wait_for_log("listen backlog [0-9]+ I=", 3)
        ]

    assert numbers == [5, 4, 3]


def test_a_machine_is_asked_for_its_user() -> None:
    """CP-07: by a real ident server on port 113 of the caller."""
    with standalone(
        rfc1413_hosts=["127.0.0.0/8"],
        rfc1413_query_timeout="20s",
        log_selector=["+smtp_connection"],
    ) as made:
        source = f"{made.network}.254"
        with socket.create_server((source, 113)) as ident, made.in_front():
            with call(made.port, source, made.address) as sock:
                conn, peer = ident.accept()
                assert peer[0] == made.address
                with conn:
                    asked = conn.recv(100)
                    assert asked == b"%d , %d\r\n" % (sock.getsockname()[1], made.port)
                    conn.sendall(asked.removesuffix(b"\r\n") + b" : USERID : UNIX : alice\r\n")
                assert line(sock).startswith("220 ")
                sock.sendall(b"QUIT\r\n")
                line(sock)
            made.wait_for_log(f"SMTP connection from [{source}] U=alice D=0.")


def test_a_client_that_is_slow_to_say_who_it_is_delays_nobody_else() -> None:
    """CP-07: it waits itself, for the time-out."""
    with standalone(
        rfc1413_hosts=["127.0.0.0/8"],
        rfc1413_query_timeout="1s",
        log_selector=["+ident_timeout"],
    ) as made:
        source = f"{made.network}.254"
        with socket.create_server((source, 113)), made.in_front():
            with call(made.port, source, made.address) as slow:
                assert made.greeting().startswith("220 ")
                slow.setblocking(False)
                assert not _has_input(slow)
                slow.settimeout(DEADLINE)
                assert line(slow).startswith("220 ")
            made.wait_for_log(f"ident connection to {source} timed out")


def _has_input(sock: socket.socket) -> bool:
    try:
        return bool(sock.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return False


def test_swaks_finds_nothing_wrong_with_our_insisting_on_turns() -> None:
    """SS-04: a real client with pipelining."""
    with daemon() as made:
        done = subprocess.run(
            ["swaks", "--to", "user@localhost", "--server", f"127.0.0.1:{made.port}", "--pipeline"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        made.wait_for_mail("user")
