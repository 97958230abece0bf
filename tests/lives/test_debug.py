"""A daemon that somebody watches: its lines, in order, byte for byte (DB-01, ST-11)."""

from __future__ import annotations

import os
import re
import signal
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.doubles.daemon import DEADLINE, HOSTNAME, wait_until
from tests.doubles.standalone import Standalone, standalone

CLASSIC = "pymta.cli.classic"
WAIT = "Listening..."
LINE = re.compile(r"^( *\d+) (.*)$")  # five columns of pid; a log line begins with its date


class Watched:
    """What a daemon says on standard error, by process."""

    def __init__(self, made: Standalone) -> None:
        self._path = made.directory / "debug"
        self._path.touch()
        made.said = self._path

    def lines(self) -> list[tuple[int, str]]:
        found = (LINE.match(line) for line in self._path.read_text().splitlines())
        lines = [match for match in found if match and not match[2].startswith(("-", " -"))]
        assert all(len(match[1]) >= 5 for match in lines)
        return [(int(match[1]), match[2]) for match in lines]

    def of(self, pid: int) -> list[str]:
        """One process; several waits in a row are one."""
        said = [text for process, text in self.lines() if process == pid]
        return [text for n, text in enumerate(said) if text != WAIT or said[n - 1 : n] != [WAIT]]

    def wait_for(self, pattern: str, count: int = 1) -> list[tuple[int, re.Match[str]]]:
        def found() -> list[tuple[int, re.Match[str]]]:
            lines = self.lines()
            return [(pid, m) for pid, text in lines if (m := re.fullmatch(pattern, text))]

        wait_until(lambda: len(found()) >= count, lambda: f"{pattern} in {self.lines()}")
        return found()


@contextmanager
def watched(*words: str, **settings: Any) -> Iterator[tuple[Standalone, Watched, int]]:
    """A daemon in front with these words, what it says, and its pid."""
    with standalone(**settings) as made:
        seen = Watched(made)
        with made.in_front(CLASSIC, "-bd", "-C", str(made.config), *words) as process:
            yield made, seen, process.pid


def test_a_start_a_session_a_refusal_a_queue_run_and_their_end() -> None:
    """DB-01, N-37: everything that the daemon itself says, and a session's own lines."""
    with standalone(smtp_accept_max=1, worker_max_connections=1) as made:
        pid_file = made.directory / "pid"
        seen = Watched(made)
        where = f"{made.address}.{made.port}"
        words = ("-bd", "-d+interface", "-q1h", "-oX", where, "-oP", str(pid_file))
        with made.in_front(CLASSIC, "-C", str(made.config), *words) as process:
            daemon = process.pid
            ((run, _),) = seen.wait_for(r"Starting queue-runner: pid (\d+)")
            seen.wait_for("0 queue-runner processes now running")
            with made.connect() as sock:
                sock.recv(1000)
                ((worker, match),) = seen.wait_for(
                    r"Process (\d+) is handling incoming connection from \[(.*)\]"
                )
                with made.connect() as refused:
                    assert refused.recv(1000).startswith(b"421 ")
                caller = sock.getsockname()[1]
                sock.sendall(b"QUIT\r\n")
                sock.recv(1000)
            seen.wait_for(rf"child {worker} ended: status=0x0")
            seen.wait_for("  normal exit, 0", 2)
            said, of_worker = seen.of(daemon), seen.of(worker)

    assert match.groups() == (str(worker), "127.0.0.1")
    ids = f"uid={os.getuid()} gid={os.getgid()} euid={os.geteuid()} egid={os.getegid()}"
    interface = f"interface address={made.address} port={made.port}"
    assert [
        re.sub(r"(?<=127\.0\.0\.1 port )\d+", "PORT", text) for text in said if text != WAIT
    ] == [
        "local_interfaces overridden by -oX:",
        f"  <; {where}",
        f"listening on {made.address} port {made.port}",
        f"pid written to {pid_file}",
        f"daemon running with {ids}",
        "SIGALRM received",
        "1 queue-runner process running",
        f"child {run} ended: status=0x0",
        "  normal exit, 0",
        "0 queue-runner processes now running",
        "Connection request from 127.0.0.1 port PORT",
        interface,
        "1 SMTP accept process running",
        "Connection request from 127.0.0.1 port PORT",
        interface,
        "rejecting SMTP connection: count=1 max=1",
        "0 SMTP accept processes now running",
        f"child {worker} ended: status=0x0",
        "  normal exit, 0",
    ]
    assert said[7] == WAIT
    assert f"Connection request from 127.0.0.1 port {caller}" in said
    assert of_worker[0] == f"Process {worker} is handling incoming connection from [127.0.0.1]"
    assert of_worker[1] == f"Process {worker} is ready for new message"
    assert of_worker[2].startswith(f"SMTP>> 220 {HOSTNAME} ESMTP")
    assert of_worker[3:] == ["SMTP<< QUIT", f"SMTP>> 221 {HOSTNAME} closing connection"]


def test_a_message_is_seen_by_its_envelope_alone() -> None:
    """DB-01: neither its text nor what a client proves itself with is shown."""
    with watched("-d", local_parts=["postmaster", "alice"]) as (made, seen, _):
        with smtplib.SMTP(made.address, made.port, "client.test", timeout=DEADLINE) as client:
            client.ehlo()
            client.docmd("AUTH", "PLAIN AHVzZXIAc2VjcmV0")
            client.docmd("c2VjcmV0")
        with smtplib.SMTP(made.address, made.port, "client.test", timeout=DEADLINE) as client:
            client.sendmail(
                "s@client.test", ["postmaster@localhost", "alice@localhost"], "Private: yes\r\n"
            )
        ((worker, _), *_) = seen.wait_for("Recipients:")
        ((_, forked),) = seen.wait_for(r"forked delivery process (\d+)")
        seen.wait_for(r"delivering \S+")

        said = seen.of(worker)
        start = said.index("Sender: s@client.test")
        assert said[start : start + 5] == [
            "Sender: s@client.test",
            "Recipients:",
            "  postmaster@localhost",
            "  alice@localhost",
            f"Process {worker} is ready for new message",
        ]
        assert seen.wait_for("delivering .*")[0][0] == int(forked[1])
        texts = [text for _, text in seen.lines()]
        assert [text for text in texts if text.startswith("SMTP<< ")][1:4] == [
            "SMTP<< AUTH",
            "SMTP<< (not shown)",
            "SMTP<< (not shown)",
        ]
        assert not [text for text in texts if "c2VjcmV0" in text or "Private" in text]


def test_dd_is_for_the_daemon_alone() -> None:
    """ST-11, CP-05: children fall silent at their points, queue runs too, and show no dialogue."""
    with watched("-dd", "-q1h") as (made, seen, daemon):
        with smtplib.SMTP(made.address, made.port, "client.test", timeout=DEADLINE) as client:
            client.sendmail("s@client.test", ["postmaster@localhost"], "hi\r\n")
        seen.wait_for(r"forked delivery process \d+")
        seen.wait_for(r"0 SMTP accept processes now running")
        seen.wait_for(r"0 queue-runner processes now running")

        others = {text: pid for pid, text in seen.lines() if pid != daemon}
        assert [re.sub(r"\d+", "N", text, count=1) for text in sorted(others)] == [
            "Process N is handling incoming connection from [127.0.0.1]",
            "Starting queue-runner: pid N",
        ]
        assert all(str(pid) in text for text, pid in others.items())


def test_a_child_that_dies_of_a_signal_is_decoded() -> None:
    """N-37"""
    with watched("-d") as (made, seen, daemon), made.connect() as sock:
        sock.recv(1000)
        ((worker, _),) = seen.wait_for(r"Process (\d+) is handling .*")
        os.kill(worker, signal.SIGKILL)
        seen.wait_for("  signal exit, signal 9")

        said = seen.of(daemon)
        end = said.index(f"child {worker} ended: status=0x9")
        assert said[end + 1 : end + 3] == [
            "  signal exit, signal 9",
            "0 SMTP accept processes now running",
        ]


def test_the_limit_of_one_address_is_measured() -> None:
    """DB-01"""
    with watched("-d", smtp_accept_max_per_host=1) as (made, seen, _), made.connect() as sock:
        sock.recv(1000)
        with made.connect() as refused:
            assert refused.recv(1000).startswith(b"421 ")
        seen.wait_for("rejecting SMTP connection: too many from this IP address: count=1 max=1")


@pytest.mark.root
def test_what_binds_without_ox_is_named() -> None:
    """DB-01: both wildcards, in a network of its own."""
    with standalone(local_interfaces=["::0", "0.0.0.0"]) as made:
        seen = Watched(made)
        made.prefix = ["unshare", "--net"]
        with made.in_front(CLASSIC, "-bd", "-d", "-C", str(made.config)) as process:
            said = seen.of(process.pid)

    assert [text for text in said if text.startswith("listening")] == [
        "listening on all interfaces (IPv6) port 2525",
        "listening on all interfaces (IPv4) port 2525",
    ]


def test_a_queue_run_by_hand_may_be_watched() -> None:
    """ST-11"""
    with standalone(queue_only=True) as made, made.in_front():
        with smtplib.SMTP(made.address, made.port, "client.test", timeout=DEADLINE) as client:
            client.sendmail("s@client.test", ["postmaster@localhost"], "hi\r\n")
        (id,) = made.queued()

        done = made.run(CLASSIC, "-q", "-d+queue_run")

        lines = [m[2] for line in done.stderr.splitlines() if (m := LINE.match(line))]
        assert f"delivering {id}" in lines
        assert "trying mailboxes for postmaster@localhost" in lines
        assert any(re.fullmatch(rf"queue running: {id} goes to process \d+", t) for t in lines)


@pytest.mark.parametrize(
    ("environment", "option", "shows_dialogue"),
    [
        ("PYMTA_DEBUG=-all+interface", "", False),
        ("PYMTA_DEBUG=1", "", True),
        ("A=b", "--debug", True),
    ],
)
def test_a_daemon_of_units_may_be_watched(
    environment: str, option: str, shows_dialogue: bool
) -> None:
    """ST-11, section 3.3: a drop-in says so, and nothing else changes."""
    with standalone() as made:
        seen = Watched(made)
        made.prefix = ["env", environment]
        words = ["pymta", "daemon", "--config", str(made.config), option]
        with made.in_front(*filter(None, words)):
            with made.connect() as sock:
                sock.recv(100)
            seen.wait_for(r"0 SMTP accept processes now running")
            texts = [text for _, text in seen.lines()]

    assert any(text.startswith("SMTP>> ") for text in texts) is shows_dialogue
    assert any(text.startswith("interface ") for text in texts) is not shows_dialogue


def test_a_choice_that_makes_no_sense_is_refused_at_once() -> None:
    with standalone() as made:
        made.prefix = ["env", "PYMTA_DEBUG=+nosuch"]
        with made.popen("pymta", "daemon", "--config", str(made.config)) as process:
            _, told = process.communicate(timeout=DEADLINE)

    assert process.returncode == os.EX_USAGE
    assert "PYMTA_DEBUG: unknown debug_selector setting: +nosuch" in told


def test_a_reload_goes_on_being_watched() -> None:
    """HU-02: the command line wins once more."""
    with watched("-d") as (made, seen, _):
        assert made.run("pymta", "reload", "--state", str(made.state)).returncode == 0
        with made.connect() as sock:
            sock.recv(100)
        seen.wait_for(r"Process \d+ is handling incoming connection from .*")
