"""Binding for real, where the kernel or the network is not as usual (BL-02…BL-09)."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.doubles.daemon import DEADLINE, Daemon, daemon_after
from tests.doubles.network import greeting, own_network
from tests.doubles.refusing_kernel import prefix
from tests.doubles.standalone import Standalone, standalone
from tests.lives.test_session_life import line

BOTH = ["::0", "0.0.0.0"]
NO_FAMILY = "Address family not supported by protocol"
NO_OPTION = "Protocol not available"


@contextmanager
def alone(before: list[str], *interfaces: str, port: int = 25) -> Iterator[Standalone]:
    """A daemon in a network of its own, not started yet."""
    with standalone(local_interfaces=interfaces or BOTH, daemon_smtp_ports=[port]) as made:
        made.prefix = before
        yield made


def dies(made: Standalone) -> str:
    """Start it; its log, when it has ended as a start that failed."""
    with made.popen("pymta", "daemon", "--config", str(made.config)) as process:
        try:
            assert process.wait(DEADLINE) == 1, made.log()
        finally:
            process.kill()
    assert "daemon started" not in made.log()
    return made.log()


@pytest.mark.root
@pytest.mark.parametrize("settings", [{}, {"ipv6__bindv6only": 1}], ids=["usual", "bindv6only"])
def test_both_families_have_a_socket_of_their_own(settings: dict[str, int]) -> None:
    """BL-01, SL-02: whatever the machine thinks that an IPv6 wildcard takes."""
    with alone(own_network(**settings)) as made, made.in_front() as process:
        assert "listening for SMTP on port 25 (IPv6 and IPv4)\n" in made.log()
        for address in ("127.0.0.1", "::1"):
            assert greeting(process.pid, address, 25).startswith("220 ")


@pytest.mark.root
def test_a_kernel_without_the_family_is_served_by_ipv4() -> None:
    """BL-02"""
    with alone([*own_network(), *prefix("ipv6")]) as made, made.in_front() as process:
        (made_not, will_use, *_) = made.log().splitlines()
        assert made_not.endswith(f" IPv6 socket creation failed: {NO_FAMILY}")
        assert will_use.endswith(
            f" Failed to create IPv6 socket for wildcard listening ({NO_FAMILY}): will use IPv4"
        )
        assert "listening for SMTP on port 25 (IPv4)\n" in made.log()
        assert greeting(process.pid, "127.0.0.1", 25).startswith("220 ")


@pytest.mark.root
@pytest.mark.parametrize("interface", ["::0", "::1"], ids=["wildcard alone", "specific address"])
def test_a_kernel_without_the_family_cannot_serve_ipv6(interface: str) -> None:
    """BL-03"""
    with alone([*own_network(), *prefix("ipv6")], interface) as made:
        assert dies(made).count(f"IPv6 socket creation failed: {NO_FAMILY}\n") == 2


@pytest.mark.root
def test_ipv6_switched_off_by_the_administrator_leaves_the_wildcard_bindable() -> None:
    """BL-01: the family is there, only its addresses are not."""
    network = own_network(ipv6__conf__all__disable_ipv6=1)
    with alone(network) as made, made.in_front() as process:
        assert "listening for SMTP on port 25 (IPv6 and IPv4)\n" in made.log()
        assert greeting(process.pid, "127.0.0.1", 25).startswith("220 ")
        assert "Cannot assign requested address" in greeting(process.pid, "::1", 25)


@pytest.mark.root
def test_ipv6_switched_off_by_the_administrator_leaves_no_specific_address() -> None:
    """BL-06: it is waited for, as for any other."""
    with alone(own_network(ipv6__conf__all__disable_ipv6=1), "::1") as made:
        made.write_settings(daemon_startup_retries=1, daemon_startup_sleep="0s")
        failed = "socket bind() to port 25 for address ::1 failed: Cannot assign requested address"
        log = dies(made)
        assert f"{failed}: waiting 0s before trying again (1 more try)\n" in log
        assert f"{failed}: daemon abandoned\n" in log


@pytest.mark.root
def test_a_socket_that_takes_both_families_is_enough() -> None:
    """BL-04, BL-07, SL-02"""
    with alone([*own_network(), *prefix("v6only")]) as made, made.in_front() as process:
        refused = (
            "Setting IPV6_V6ONLY on daemon's IPv6 wildcard socket failed"
            f" ({NO_OPTION}): carrying on without it\n"
        )
        assert made.log().count(refused) == 1
        assert "failed: Address already in use" not in made.log()
        assert "listening for SMTP on port 25 (IPv6 with IPv4)\n" in made.log()
        for address in ("127.0.0.1", "::1"):
            assert greeting(process.pid, address, 25).startswith("220 ")


@pytest.mark.root
def test_reuseaddr_is_a_must_and_nodelay_is_not() -> None:
    """BL-05"""
    with alone([*own_network(), *prefix("reuseaddr")]) as made:
        line = f"setting SO_REUSEADDR on socket failed when starting daemon: {NO_OPTION}\n"
        assert dies(made).count(line) == 1
    with alone([*own_network(), *prefix("nodelay")]) as made, made.in_front() as process:
        assert greeting(process.pid, "127.0.0.1", 25).startswith("220 ")


def test_a_port_that_is_held_for_a_while_is_waited_for(tmp_path: Path) -> None:
    """BL-06: two lines with what is left of the budget, then the start line; systemd hears too."""
    with (
        standalone(daemon_startup_retries=9, daemon_startup_sleep="1s") as made,
        socket.socket() as busy,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
    ):
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(DEADLINE)
        made.prefix = ["env", f"NOTIFY_SOCKET={tmp_path}/notify"]
        failed = f"socket bind() to port {made.port} for address {made.address} failed"
        waiting = f"{failed}: Address already in use: waiting 1s before trying again"
        busy.bind((made.address, made.port))
        busy.listen()
        with made.popen("pymta", "daemon", "--config", str(made.config)) as process:
            try:
                made.wait_for_log(f"{waiting} (8 more tries)\n")
                busy.close()
                made.wait_for_log("daemon started")
                first, second, started = made.log().splitlines()
                assert first.endswith(f"{waiting} (9 more tries)")
                assert second.endswith(f"{waiting} (8 more tries)")
                assert f"listening for SMTP on [{made.address}]:{made.port}" in started
                assert made.greeting().startswith("220 ")
            finally:
                process.kill()
        said = [manager.recv(4096).decode() for _ in range(6)]
        patience = "EXTEND_TIMEOUT_USEC=11000000"
        status = [f"STATUS={waiting} ({n} more tries)" for n in (9, 8)]
        assert said[:4] == [status[0], patience, status[1], patience]
        assert said[4] == f"FDSTORE=1\nFDNAME=self-{made.port}-{made.address}"
        assert said[5].startswith("READY=1\nSTATUS=listening for SMTP on ")


@pytest.mark.root
@pytest.mark.parametrize(
    ("refused", "served"), [("ipv6", "(IPv4)"), ("v6only", "(IPv6 with IPv4)")]
)
def test_a_reload_does_not_complain_of_a_wildcard_that_is_not_needed(
    refused: str, served: str
) -> None:
    """BL-02, BL-07, HU-05"""
    with alone([*own_network(), *prefix(refused)]) as made, made.in_front() as process:
        process.send_signal(signal.SIGHUP)
        made.wait_for_log(f"listening for SMTP on port 25 {served}\n", 2)
        assert "not served" not in made.log()
        assert "waiting" not in made.log()
        assert greeting(process.pid, "127.0.0.1", 25).startswith("220 ")


def test_an_address_that_a_reload_cannot_have_is_said_once() -> None:
    """BL-06, HU-05: there is no waiting; who is served already must not suffer."""
    with (
        standalone(daemon_startup_retries=9) as made,
        socket.create_server((f"{made.network}.2", made.port)) as busy,
        made.in_front() as process,
    ):
        taken = busy.getsockname()[0]
        made.write_settings(local_interfaces=[made.address, taken])
        process.send_signal(signal.SIGHUP)
        made.wait_for_log("daemon started", 2)
        assert made.log().count(f"for address {taken} failed") == 1
        assert "daemon abandoned: this address is not served\n" in made.log()
        assert made.greeting().startswith("220 ")


def test_a_busy_ipv6_wildcard_is_not_replaced_by_ipv4() -> None:
    """BL-09: although the IPv4 wildcard of the port is free."""
    with socket.socket(socket.AF_INET6) as busy:
        busy.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        busy.bind(("::", 0))
        busy.listen()
        port = busy.getsockname()[1]
        with alone([], port=port) as made:
            made.write_settings(daemon_startup_retries=1, daemon_startup_sleep="0s")
            failed = f"socket bind() to port {port} for address (any IPv6) failed"
            log = dies(made)
            assert f"{failed}: Address already in use: waiting 0s" in log
            assert f"{failed}: Address already in use: daemon abandoned\n" in log
            assert "(any IPv4)" not in log


def test_an_ipv4_wildcard_of_another_program_is_waited_for() -> None:
    """BL-06, BL-07: nobody may believe that we serve IPv4, when somebody else has it."""
    with socket.socket() as busy:
        busy.bind(("0.0.0.0", 0))
        busy.listen()
        port = busy.getsockname()[1]
        with alone([], port=port) as made:
            made.write_settings(daemon_startup_retries=1, daemon_startup_sleep="0s")
            log = dies(made)
            failed = f"socket bind() to port {port} for address (any IPv4) failed"
            assert f"{failed}: Address already in use: waiting 0s" in log
            assert f"{failed}: Address already in use: daemon abandoned\n" in log


def test_an_ipv4_caller_on_a_socket_for_both_families_is_an_ipv4_caller() -> None:
    """HC-01: in limits, tables of networks, the log and the message, under one name."""
    listener = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    limits = {"127.0.0.1": 1, "::/0": 5}
    dual_stack = partial(Daemon.listen_on, sock=listener)
    with daemon_after(dual_stack, smtp_accept_max_per_host=limits) as made:
        made.send("user@localhost")
        assert b"Received: from client.test ([127.0.0.1])" in made.wait_for_mail("user")[0]
        made.wait_for_idle()
        with made.raw() as held, made.raw() as too_many:
            assert line(held).startswith("220 ")
            assert line(too_many).startswith("421 ")
            with socket.create_connection(("::1", made.port), timeout=DEADLINE) as other:
                assert line(other).startswith("220 ")
        made.wait_for_log(r"Connection from \[127\.0\.0\.1\] refused: too many connections")
        made.wait_for_log(r"<= sender@client\.test H=.*\[127\.0\.0\.1\]")
        assert "::ffff" not in made.log()


FAST_CALLER = """
import socket, sys
with socket.socket() as sock:
    sock.settimeout(10)
    sock.sendto(b"EHLO client.test\\r\\n", socket.MSG_FASTOPEN, ("127.0.0.1", 25))
    with sock.makefile("rwb", buffering=0) as file:
        for text in sys.argv[1:]:
            if text:
                file.write(text.encode() + b"\\r\\n")
            while file.readline()[3:4] == b"-":
                pass
"""
SAID = ["", "", "MAIL FROM:<a@b.test>", "RCPT TO:<user@localhost>", "DATA", "x\r\n."]
CLIENT_AND_SERVER_WITHOUT_COOKIES = 0x607  # ip-sysctl of the kernel documentation


@pytest.mark.root
def test_who_has_been_here_before_may_save_a_round_trip() -> None:
    """N-17: only where it is wanted; a reload switches it on and off."""
    network = own_network(ipv4__tcp_fastopen=CLIENT_AND_SERVER_WITHOUT_COOKIES)
    with alone(network, "127.0.0.1") as made:
        made.write_settings(pipe_connect_advertise_hosts=["*"], queue_only=True)
        with made.in_front() as process:
            enter = ["nsenter", "--net", "--target", str(process.pid), "--"]
            for number, wanted in enumerate([True, False], start=2):
                made.write_settings(tcp_fastopen=wanted)
                process.send_signal(signal.SIGHUP)
                made.wait_for_log("daemon started", number)
                call = [*enter, sys.executable, "-c", FAST_CALLER, *SAID]
                subprocess.run(call, check=True, timeout=DEADLINE)
                *_, arrival = (text for text in made.log().splitlines() if "<= a@b.test" in text)
                assert ("[127.0.0.1] TFO* P=esmtp" in arrival) == wanted
