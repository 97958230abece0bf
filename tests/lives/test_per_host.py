"""Limits and names that depend on the hosts at both ends, in a real daemon."""

from __future__ import annotations

import socket
from contextlib import ExitStack

from tests.doubles.daemon import DEADLINE, HOSTNAME, daemon
from tests.doubles.standalone import standalone
from tests.lives.test_session_life import line

REFUSAL = "421 Too many concurrent SMTP connections from this IP address; please try again later."


def call(port: int, source: str, to: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection((to, port), timeout=DEADLINE, source_address=(source, 0))


def test_each_address_has_its_own_limit() -> None:
    """LM-03, LM-04, section 6: none for 127.0.0.2, one for everybody else."""
    limits = {"127.0.0.0/8": 1, "127.0.0.2": 0, "*": 1}
    with daemon(smtp_accept_max=5, smtp_accept_max_per_host=limits) as made, ExitStack() as stack:
        sources = ("127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.2", "127.0.0.3")
        calls = [stack.enter_context(call(made.port, source)) for source in sources]
        greetings = [line(sock) for sock in calls]

        assert [text[:3] for text in greetings] == ["220", "421", "220", "220", "220"]
        assert greetings[1] == REFUSAL
        made.wait_for_log(
            r"Connection from \[127.0.0.1\] refused: too many connections from that IP address$"
        )
        calls[0].sendall(b"QUIT\r\n")
        assert line(calls[0]).startswith("221 ")
        assert calls[0].recv(1) == b""
        with call(made.port, "127.0.0.1") as again:
            assert line(again).startswith("220 ")


def test_a_limit_that_is_no_number_lets_callers_in_and_says_so() -> None:
    """LM-03: `5x` is five, and every call tells."""
    limits = {"127.0.0.2": "1x", "127.0.0.3": "-1", "127.0.0.4": ""}
    text = r"expansion of smtp_accept_max_per_host for \[%s\] contains non-digit: %s$"
    with daemon(smtp_accept_max_per_host=limits) as made, ExitStack() as stack:

        def greeting(source: str) -> str:
            return line(stack.enter_context(call(made.port, source)))[:3]

        assert [greeting("127.0.0.2") for _ in range(2)] == ["220", "421"]
        assert [greeting("127.0.0.3") for _ in range(2)] == ["220", "220"]
        assert [greeting("127.0.0.4") for _ in range(2)] == ["220", "220"]
        made.wait_for_log(text % ("127.0.0.2", "1x"), 2)
        made.wait_for_log(text % ("127.0.0.3", "-1"), 2)
        assert "[127.0.0.4]" not in made.log()


def test_our_name_goes_with_the_address_that_was_called() -> None:
    """CP-04: an empty one is as if it were not set."""
    with standalone() as made:
        second, third = (f"{made.network}.{n}" for n in (2, 3))
        made.write_settings(
            local_interfaces=[made.address, second, third],
            smtp_active_hostname={made.address: "a.example.org", third: "", "*": "all.example.org"},
        )
        with made.in_front():
            assert made.greeting().startswith("220 a.example.org ESMTP ")
            with call(made.port, "127.0.0.1", second) as sock:
                assert line(sock).startswith("220 all.example.org ESMTP ")
                sock.sendall(b"HELO client.test\r\n")
                assert line(sock).startswith("250 all.example.org Hello client.test")
                sock.sendall(b"QUIT\r\n")
                assert line(sock) == "221 all.example.org closing connection"
            with call(made.port, "127.0.0.1", third) as sock:
                assert line(sock).startswith(f"220 {HOSTNAME} ESMTP ")
