"""Submission by daemons on sockets of their own, and guesses that several processes count."""

from __future__ import annotations

import smtplib
import subprocess
from base64 import b64encode
from collections.abc import Iterator

import pytest

from tests.doubles.daemon import DEADLINE
from tests.doubles.standalone import Standalone, standalone

PORTS = {"daemon_smtp_ports": [2525, 2587], "submission_ports": [2587]}
IN_CLEAR = {"auth_without_tls_hosts": ["127.0.0.0/8"], "auth_failure_delay": 0}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    passwords = tmp_path_factory.mktemp("logins") / "passwords"
    limits = {"auth_failures_per_address": 2, "worker_max_connections": 1}
    with standalone(
        auth_password_file=str(passwords),
        local_parts=["postmaster", "user"],
        **PORTS,
        **IN_CLEAR,
        **limits,
    ) as daemon:
        words = ("pymta", "user", "--file", str(passwords), "add", "alice")
        with daemon.popen(*words, stdin=subprocess.PIPE) as adding:
            adding.communicate("wonder land\n", timeout=DEADLINE)
        assert adding.returncode == 0
        with daemon.in_front():
            yield daemon


def client(daemon: Standalone, port: int = 2587, *, caller: int = 8) -> smtplib.SMTP:
    source = (f"{daemon.network}.{caller}", 0)
    made = smtplib.SMTP(daemon.address, port, "client.test", DEADLINE, source_address=source)
    made.ehlo()
    return made


def log_in(made: smtplib.SMTP, password: str) -> tuple[int, bytes]:
    return made.docmd("AUTH PLAIN", b64encode(f"\0alice\0{password}".encode()).decode())


def test_a_port_of_users_wants_a_login_and_the_other_one_does_not(made: Standalone) -> None:
    """RFC 6409 s3.1, s4.3"""
    with client(made, 2525) as other:
        assert other.mail("alice@mx.pymta.test")[0] == 250
    with client(made) as user:
        assert user.mail("alice@mx.pymta.test") == (530, b"5.7.0 Authentication required")
        assert log_in(user, "wonder land")[0] == 235
        user.sendmail("alice@mx.pymta.test", ["user@localhost"], b"Subject: x\r\n\r\nhi\r\n")
    made.wait_for_log("<= alice@mx.pymta.test ")
    assert " P=esmtpa A=PLAIN:alice S=" in made.log()


def test_guesses_count_whichever_process_hears_them(made: Standalone) -> None:
    """And a reload forgets none of them."""
    for number in range(2):
        with client(made, caller=9) as guesser:
            assert log_in(guesser, str(number))[0] == 535
    assert made.run("pymta", "reload").returncode == 0
    with client(made, caller=9) as guesser:
        code, text = log_in(guesser, "wonder land")
    assert (code, text[:6]) == (421, b"4.7.0 ")
    assert "dropped: too many authentication failures from its address" in made.log()
