"""Connections through a proxy, in a real daemon and through a real one (N-13)."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.doubles import peers
from tests.doubles.certificates import Certificate
from tests.doubles.daemon import DEADLINE, Daemon, daemon, wait_until
from tests.lives.test_session_life import line, workers

PROXY = "127.0.0.9"
SETTINGS: dict[str, Any] = {
    "hosts_proxy": [PROXY],
    "smtp_accept_max_per_host": 1,
    "proxy_protocol_timeout": "20s",
}
TOO_MANY = "421 Too many concurrent SMTP connections from this IP address; please try again later."


def through(made: Daemon, client: str = "", source: str = PROXY) -> socket.socket:
    """A connection of the proxy, with its header when it names a client."""
    sock = socket.create_connection(
        ("127.0.0.1", made.port), timeout=DEADLINE, source_address=(source, 0)
    )
    if client:
        sock.sendall(f"PROXY TCP4 {client} 192.0.2.1 40999 25\r\n".encode())
    return sock


def holders(made: Daemon) -> dict[str, int]:
    """How many slots each address holds."""
    answer = json.loads(made.run("status", "--json").stdout)
    found: dict[str, int] = answer["connections"]["by_address"]
    return found


def test_each_client_has_his_own_limit_and_the_proxy_none() -> None:
    with daemon(**SETTINGS, log_selector=["+smtp_connection"]) as made, ExitStack() as stack:
        names = ("192.0.2.7", "192.0.2.8", "192.0.2.7", "192.0.2.9")
        calls = [stack.enter_context(through(made, name)) for name in names]
        greetings = [line(sock) for sock in calls]

        assert [text[:3] for text in greetings] == ["220", "220", "421", "220"]
        assert greetings[2] == TOO_MANY
        assert calls[2].recv(1) == b""
        wait_until(lambda: len(holders(made)) == 3, made.log)
        assert holders(made) == {"192.0.2.7": 1, "192.0.2.8": 1, "192.0.2.9": 1}
        made.wait_for_log(
            r"Connection from \[192\.0\.2\.7\] refused: too many connections from that IP address$"
        )
        calls[0].sendall(b"QUIT\r\n")
        assert line(calls[0]).startswith("221 ")
        assert calls[0].recv(1) == b""
        with through(made, "192.0.2.7") as again:
            assert line(again).startswith("220 ")


def test_other_hosts_send_no_header() -> None:
    """What they send in its place is what any client sends too early."""
    with daemon(**SETTINGS) as made:
        with through(made, source="127.0.0.8") as sock:
            assert line(sock).startswith("220 ")
        with socket.create_connection(("127.0.0.1", made.port), timeout=DEADLINE) as sock:
            assert line(sock).startswith("220 ")
            sock.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.1 40999 25\r\n")
            assert line(sock) == "500 unrecognized command"


def test_a_reused_worker_reads_the_header_of_its_next_connection() -> None:
    """CL-02"""
    with daemon(**SETTINGS, worker_idle_timeout="30s") as made:
        for number in range(5):
            with through(made, f"192.0.2.{number}") as sock:
                assert line(sock).startswith("220 ")
                sock.sendall(b"HELO client.test\r\n")
                assert f"[192.0.2.{number}]" in line(sock)
                sock.sendall(b"QUIT\r\n")
                assert line(sock).startswith("221 ")
                assert sock.recv(1) == b""
            made.wait_for_idle()
        assert len(workers(made)) == 1
        with through(made, source="127.0.0.8") as sock:
            assert line(sock).startswith("220 ")


def test_slots_are_exact_whenever_a_session_is_killed() -> None:
    """CH-02: before its header, while it waits for the verdict, and behind it."""
    with daemon(**SETTINGS | {"smtp_accept_max": 2}) as made:
        with through(made):
            made.wait_for_sessions(1)
            os.kill(workers(made)[0], signal.SIGKILL)
            made.wait_for_idle()
        with through(made) as sock:
            made.wait_for_sessions(1)
            (worker,) = workers(made)
            made.pause()
            sock.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.1 40999 25\r\n")
            wait_until(lambda: not _unread(made, sock), "it has read the header")
            os.kill(worker, signal.SIGKILL)
            made.resume()
            made.wait_for_idle()
        with through(made, "192.0.2.7") as sock:
            assert line(sock).startswith("220 ")
            os.kill(workers(made)[0], signal.SIGKILL)
            made.wait_for_idle()
        assert holders(made) == {}
        with through(made, "192.0.2.7") as one, through(made, "192.0.2.8") as two:
            assert line(one).startswith("220 ")
            assert line(two).startswith("220 ")


def _unread(made: Daemon, sock: socket.socket) -> int:
    """Octets that have come from this client and that nobody has read (proc(5), net/tcp)."""
    ends = [f":{port:04X}" for port in (made.port, sock.getsockname()[1])]
    for words in map(str.split, Path("/proc/net/tcp").read_text().splitlines()):
        if [end[-5:] for end in words[1:3]] == ends:
            return int(words[4].partition(":")[2], 16)
    raise AssertionError("there is no such connection")


@pytest.mark.parametrize("has_spoken", [False, True])
def test_a_session_that_asks_across_a_reload_is_judged_by_the_new_settings(
    has_spoken: bool,
) -> None:
    """HU-04: it belongs to the generation before, and its slot is carried over."""
    with daemon(**SETTINGS) as made, through(made, "192.0.2.7") as held, through(made) as sock:
        assert line(held).startswith("220 ")
        made.wait_for_sessions(2)
        made.write_settings(smtp_accept_max_per_host=2)
        if has_spoken:
            made.pause()
            sock.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.1 40999 25\r\n")
            made.send_signal(signal.SIGHUP)
            made.resume()
            heard = line(sock)
            assert heard.startswith("220 ") or heard == TOO_MANY
            made.wait_for_log("daemon started", 2)
        else:
            assert made.run("reload").returncode == 0
            sock.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.1 40999 25\r\n")
            assert line(sock).startswith("220 ")
            assert holders(made) == {"192.0.2.7": 2}
            with through(made, "192.0.2.7") as third:
                assert line(third) == TOO_MANY
        for one in (held, sock):
            one.close()
        made.wait_for_idle()
        assert holders(made) == {}


def test_a_daemon_that_stops_sends_home_who_has_not_said_who_he_is() -> None:
    with daemon(**SETTINGS) as made, through(made) as sock:
        made.wait_for_sessions(1)
        assert made.stop() == 0
        assert line(sock).startswith("421 ")


@contextmanager
def haproxy(directory: Path, made: Daemon, how: str) -> Iterator[int]:
    """A running HAProxy in front of the daemon; the port to call."""
    port = peers.free_port()
    (directory / "haproxy.cfg").write_text(
        f"""
defaults
    mode tcp
    timeout connect 10s
    timeout client 60s
    timeout server 60s
listen smtp
    bind 127.0.0.1:{port}
    source {PROXY}
    server pymta 127.0.0.1:{made.port} {how}
"""
    )
    with peers.running("haproxy", "-db", "-f", str(directory / "haproxy.cfg"), port=port):
        yield port


@pytest.mark.parametrize("how", ["send-proxy", "send-proxy-v2", "send-proxy-v2-ssl-cn"])
def test_haproxy_tells_who_the_client_is(how: str, tmp_path: Path) -> None:
    """Both versions, and version 2 with records behind the addresses."""
    selectors = ["+proxy", "+incoming_port"]
    with (
        daemon(**SETTINGS, log_selector=selectors) as made,
        haproxy(tmp_path, made, how) as port,
    ):
        said = peers.run(
            "swaks",
            *("--server", f"127.0.0.1:{port}", "--local-interface", "127.0.0.5"),
            *("--helo", "client.test", "--from", "a@client.test", "--to", "user@mx.pymta.test"),
        )
        assert said.returncode == 0, said.stdout + made.log()
        (arrival,) = made.wait_for_log(" <= a@client.test ")
        assert " H=(client.test) [127.0.0.5]:" in arrival
        assert f" PRX={PROXY} " in arrival
        (mail,) = made.wait_for_mail("user")
        assert b"from client.test ([127.0.0.5])" in mail


def test_haproxy_looks_whether_we_are_alive(tmp_path: Path) -> None:
    """Version 2 LOCAL: its own check, greeted as a client of its own address."""
    how = "send-proxy-v2 check inter 100ms check-send-proxy"
    with daemon(**SETTINGS, log_selector=["+smtp_connection"]) as made:
        with haproxy(tmp_path, made, how) as port:
            made.wait_for_log(r"SMTP connection from \[127\.0\.0\.9\] (lost|D=)", 3)
            with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE) as sock:
                assert line(sock).startswith("220 ")
        made.wait_for_idle()
        assert "PROXY protocol error" not in made.log()


def test_haproxy_brings_tls_to_where_it_begins_at_once(
    certificate: Certificate, tmp_path: Path
) -> None:
    """PT-05: its header comes in clear, and the ClientHello right behind it."""
    with (
        daemon("submissions-tls", **SETTINGS, **certificate.settings) as made,
        haproxy(tmp_path, made, "send-proxy-v2") as port,
    ):
        said = peers.run(
            "swaks",
            *("--server", f"127.0.0.1:{port}", "--local-interface", "127.0.0.5"),
            *("--tls-on-connect", "--helo", "client.test"),
            *("--from", "a@client.test", "--to", "user@mx.pymta.test"),
        )
        assert said.returncode == 0, said.stdout + made.log()
        made.wait_for_log(r" <= a@client\.test H=\(client\.test\) \[127\.0\.0\.5\] P=esmtps ")


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 20))]
)
def test_no_slot_is_lost_or_won_however_sessions_are_killed(seed: int) -> None:
    """CH-02, HU-04: at any moment, with a reload among it."""
    chance = random.Random(seed)
    limits = {"smtp_accept_max_per_host": 3, "smtp_accept_max": 40}
    with daemon(**SETTINGS | limits, worker_idle_timeout="30s") as made, ExitStack() as stack:
        for number in range(30):
            client = f"192.0.2.{number % 7}" if chance.random() < 0.8 else ""
            stack.enter_context(through(made, client))
            if chance.random() < 0.4 and (alive := workers(made)):
                with suppress(ProcessLookupError):
                    os.kill(chance.choice(alive), signal.SIGKILL)
            if number == 15:
                made.send_signal(signal.SIGHUP)
        made.wait_for_log("daemon started", 2)
        for pid in workers(made)[::2]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        stack.close()
        # Whoever hung up before he was taken may have his turn, and a slot, only now.
        wait_until(lambda: not holders(made), made.status)
        with ExitStack() as again:  # and each address has its whole share
            calls = [again.enter_context(through(made, "192.0.2.1")) for _ in range(4)]
            assert sorted(line(sock)[:3] for sock in calls) == ["220", "220", "220", "421"]


def test_swaks_may_play_the_proxy() -> None:
    with daemon(**SETTINGS) as made:
        said = peers.run(
            "swaks",
            *("--server", f"127.0.0.1:{made.port}", "--local-interface", PROXY),
            *("--proxy-version", "2", "--proxy-family", "AF_INET6", "--proxy-protocol", "STREAM"),
            *("--proxy-command", "PROXY", "--proxy-source", "2001:db8::7"),
            *("--proxy-source-port", "40999", "--proxy-dest", "2001:db8::1"),
            *("--proxy-dest-port", "25", "--helo", "client.test"),
            *("--from", "a@client.test", "--to", "user@mx.pymta.test"),
        )
        assert said.returncode == 0, said.stdout + made.log()
        made.wait_for_log(r" <= a@client\.test H=\(client\.test\) \[2001:db8::7\] ")
