"""Rows of section 6 of the catalogue that stand in no other file, replayed as they are written."""

from __future__ import annotations

import os
import re
import signal
import socket
from contextlib import ExitStack

from tests.doubles.daemon import DEADLINE, HOSTNAME, daemon
from tests.doubles.standalone import standalone
from tests.lives.test_session_life import line

CLASSIC = "pymta.cli.classic"


def test_two_addresses_one_with_a_limit_and_one_without() -> None:
    """LM-04, HC-04: 2 x 127.0.0.1, 2 x 127.0.0.2, 1 x ::1; only the second is refused."""
    six = 10_000 + os.getpid() % 20_000  # there is one ::1 for all tests that run now
    with standalone(
        smtp_accept_max=5,
        smtp_accept_max_per_host={"127.0.0.2": 0, "*": 1},
        log_selector=["+incoming_port", "+incoming_interface"],
    ) as made:
        made.write_settings(local_interfaces=[made.address, f"[::1]:{six}"])
        with made.in_front(), ExitStack() as stack:

            def call(source: str) -> socket.socket:
                to = ("::1", six) if source == "::1" else (made.address, made.port)
                return stack.enter_context(_call(to, source))

            calls = [call(f"127.0.0.{number}") for number in (1, 1, 2, 2)]
            heard = [line(sock)[:3] for sock in (*calls, call("::1"))]
            refused = calls[1].getsockname()[1]

            assert heard == ["220", "421", "220", "220", "220"]
            made.wait_for_log(
                f"Connection from [127.0.0.1]:{refused} I=[{made.address}]:{made.port} refused:"
                " too many connections from that IP address"
            )


def _call(to: tuple[str, int], source: str) -> socket.socket:
    return socket.create_connection(to, timeout=DEADLINE, source_address=(source, 0))


def test_the_fourth_unknown_verb_is_the_last() -> None:
    """SS-05"""
    with daemon() as made, made.raw() as sock:
        line(sock)
        heard = []
        for number in range(4):
            sock.sendall(b"FOO%d\r\n" % number)
            heard.append(line(sock))

        assert heard == ["500 unrecognized command"] * 3 + ["500 Too many unrecognized commands"]
        assert sock.recv(1) == b""
        made.wait_for_log(
            r"SMTP call from \[127\.0\.0\.1\] dropped: too many unrecognized commands"
            r' \(last was "FOO3"\)$'
        )


def test_the_eleventh_noop_is_the_last() -> None:
    """SS-05"""
    with daemon() as made, made.raw() as sock:
        line(sock)
        heard = []
        for _ in range(11):
            sock.sendall(b"NOOP\r\n")
            heard.append(line(sock))

        assert heard == ["250 OK"] * 10 + ["554 Too many nonmail commands"]
        made.wait_for_log(r'dropped: too many nonmail commands \(last was "NOOP"\)$')


def test_a_session_lives_through_a_hangup_and_counts_on() -> None:
    """HU-02, HU-04, QR-01: same pid, a queue run at once, and the next connection is the second."""
    with standalone(log_selector=["+smtp_connection"], queue_run_max=0) as made:
        with (
            made.in_front(CLASSIC, "-bdf", "-q1h", "-C", str(made.config)) as process,
            made.connect() as idle,
        ):
            assert line(idle).startswith("220 ")
            made.wait_for_log("End queue run")

            os.kill(process.pid, signal.SIGHUP)
            made.wait_for_log("End queue run", 2)
            idle.sendall(b"NOOP\r\n")
            assert line(idle) == "250 OK"
            assert made.greeting().startswith(f"220 {HOSTNAME}")
            made.wait_for_log("(TCP/IP connection count = 2)")

        told = re.findall(
            r"(pid \d+: SIGHUP received: re-exec daemon|daemon started: pid=\d+, -q1h"
            r"|Start queue run|connection count = \d)",
            made.log(),
        )
    pid = process.pid
    assert told == [
        f"daemon started: pid={pid}, -q1h",
        *sorted(["Start queue run", "connection count = 1"], key=told.index),
        f"pid {pid}: SIGHUP received: re-exec daemon",
        f"daemon started: pid={pid}, -q1h",
        "Start queue run",
        "connection count = 2",
    ]


def test_of_twelve_ports_ten_are_named() -> None:
    """SL-04"""
    with standalone() as made:
        places = [f"{made.network}.{1 + number}" for number in range(12)]
        made.write_settings(local_interfaces=places)
        with made.in_front():
            (started,) = re.findall(r"listening for (SMTP on .*)", made.log())
            for place in places:
                with _call((place, made.port), "127.0.0.1") as sock:
                    assert line(sock).startswith("220 ")

    assert started == "SMTP on" + "".join(f" [{at}]:{made.port}" for at in places[:10]) + " ..."
