"""Lines for whoever watches, byte for byte (DB-01, N-37)."""

from __future__ import annotations

import os
import signal
from ipaddress import ip_address

import pytest

from pymta.config.launch import Launch
from pymta.supervisor import debug_lines
from pymta.supervisor.listen_plan import ListenAt


def test_processes_are_counted_in_good_english() -> None:
    """DB-01"""
    assert debug_lines.sessions(0, now=True) == "0 SMTP accept processes now running"
    assert debug_lines.sessions(1) == "1 SMTP accept process running"
    assert debug_lines.queue_runs(2) == "2 queue-runner processes running"
    assert debug_lines.queue_runs(1, now=True) == "1 queue-runner process now running"


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("::", "listening on all interfaces (IPv6) port 25"),
        ("0.0.0.0", "listening on all interfaces (IPv4) port 25"),
        ("192.0.2.1", "listening on 192.0.2.1 port 25"),
        ("2001:db8::1", "listening on 2001:db8::1 port 25"),
    ],
)
def test_a_listener_is_named(address: str, line: str) -> None:
    """DB-01"""
    assert debug_lines.listening(ListenAt(ip_address(address), 25)) == line


def test_what_ox_replaces_is_listed() -> None:
    """DB-01"""
    assert debug_lines.overridden(Launch()) == []
    assert debug_lines.overridden(Launch(ports=("25", "587"), interfaces=("::1",))) == [
        "daemon_smtp_port overridden by -oX:",
        "  <; 25 ; 587",
        "local_interfaces overridden by -oX:",
        "  <; ::1",
    ]


def status_of(how: int) -> int:
    """How the kernel tells of a child that exits so, or, below zero, dies of that signal."""
    pid = os.fork()
    if pid == 0:
        if how < 0:
            os.kill(os.getpid(), -how)
        os._exit(how)
    return os.waitpid(pid, 0)[1]


@pytest.mark.parametrize(
    ("how", "shown", "decoded"),
    [
        (0, "0x0", "  normal exit, 0"),
        (1, "0x100", "  normal exit, 1"),
        (75, "0x4b00", "  normal exit, 75"),
        (-signal.SIGKILL, "0x9", "  signal exit, signal 9"),
        (-signal.SIGTERM, "0xf", "  signal exit, signal 15"),
    ],
)
def test_the_end_of_a_child_is_decoded(how: int, shown: str, decoded: str) -> None:
    """N-37"""
    status = status_of(how)

    assert debug_lines.ended(4711, status) == (f"child 4711 ended: status={shown}", decoded)


def test_a_core_is_mentioned() -> None:
    """N-37"""
    assert debug_lines.ended(1, 0x8B)[1] == "  signal exit, signal 11 (core dumped)"
