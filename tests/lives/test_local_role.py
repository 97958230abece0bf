"""The socket for users of this machine: who calls is known by the kernel, and has a place."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.doubles.daemon import Daemon, daemon, daemon_after, wait_until
from tests.doubles.local_client import LocalSmtp, talk_as
from tests.doubles.standalone import Standalone, standalone
from tests.doubles.ways_in import readable
from tests.lives.test_session_life import line

ME = os.getuid()
STRANGER = 4242  # nobody has an account of this number
MESSAGE = ("DATA", "Subject: from cron\r\n\r\nhi\r\n.")


def local_socket(path: Path) -> socket.socket:
    """As a unit makes it."""
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(path))
    path.chmod(0o666)
    sock.listen(128)
    return sock


def with_local(made: Daemon) -> None:
    made.more_sockets.append(("local", local_socket(submit(made))))


def submit(made: Daemon) -> Path:
    return made.directory / "run" / "submit"


def raw(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(20)
    sock.connect(str(path))
    return sock


@pytest.fixture
def activated() -> Iterator[Daemon]:
    with daemon_after(with_local, log_selector=["+smtp_connection"]) as made:
        yield made


def self_bound(made: Standalone, **settings: object) -> Path:
    path = made.directory / "run" / "submit"
    made.write_settings(local_socket=str(path), **settings)
    return path


def test_a_message_from_a_user_of_this_machine_arrives_and_says_whose_it_is(
    activated: Daemon,
) -> None:
    """Section 3.3: no address in the log nor in Received; the account of the kernel in both."""
    with LocalSmtp(submit(activated)) as client:
        assert client.ehlo()[0] == 250
        client.mail("anybody@client.test")
        client.rcpt("user@localhost")
        code, text = client.data(b"Subject: hello\r\n\r\nhi\r\n")
    assert code == 250
    id = text.decode().rpartition("id=")[2]

    (mail,) = activated.wait_for_mail("user")
    received = mail.decode().partition("Received: ")[2].partition(";")[0].replace("\n\t", " ")
    assert received.startswith(f"from root (uid {ME}) by mx.pymta.test (pymta ")
    assert f" with local-esmtp id {id} " in received
    (arrival,) = activated.wait_for_log(rf"{id} <= ")
    assert f"{id} <= anybody@client.test U=root P=local-esmtp S=" in arrival
    assert "H=" not in arrival
    activated.wait_for_log(rf"SMTP connection from uid {ME} \(local connection count = 1\)")
    activated.wait_for_log("SMTP connection from root D=.* closed by QUIT")


def test_the_start_says_what_each_socket_is_for(activated: Daemon) -> None:
    """Check 5, first half."""
    log = activated.log()
    assert f"listener smtp: [127.0.0.1]:{activated.port}" in log
    assert f"listener local: {submit(activated)}" in log
    assert (
        f"listening for SMTP on [127.0.0.1]:{activated.port} and for local mail on"
        f" {submit(activated)} (socket activation)"
    ) in log


def test_a_user_of_this_machine_may_send_anywhere_and_nobody_is_looked_up() -> None:
    """Without an address he is in no list of hosts; not even one that refuses everybody."""
    refused = {"host_reject_connection": ["*"], "relay_from_hosts": [], "host_lookup": ["*"]}
    with daemon_after(with_local, queue_only=True, **refused) as made:
        with LocalSmtp(submit(made)) as client:
            client.ehlo()
            assert client.mail("me@client.test")[0] == 250
            assert client.rcpt("far@away.example") == (250, b"2.1.5 Accepted")
            assert client.rcpt("nobody.such@localhost")[0] == 550
        with made.raw() as sock:
            assert line(sock).startswith("554 ")
        wait_until(
            lambda: "U=root F=<me@client.test> rejected RCPT <nobody.such@localhost>" in made.log(),
            made.log,
        )


@pytest.mark.root
def test_who_calls_is_whom_the_kernel_names_whatever_he_says() -> None:
    """Section 3.3: a name in HELO, in MAIL and in a field changes nothing."""
    with standalone(queue_only=True) as made:
        path = self_bound(made)
        with made.in_front():
            said = talk_as(
                65534,
                path,
                "EHLO root",
                "MAIL FROM:<root@localhost>",
                "RCPT TO:<postmaster@localhost>",
                "DATA",
                "Received: from root (uid 0)\r\n\r\nhi\r\n.",
                "QUIT",
            )
            assert "Hello nobody at root" in " ".join(said)
            assert said[-1].startswith("221 ")
            made.wait_for_log("<= nobody@mx.pymta.test U=nobody P=local-esmtp ")
            unknown = talk_as(STRANGER, path, "EHLO x.test", "QUIT")
            assert f"Hello {STRANGER} at x.test" in " ".join(unknown)
        (id,) = made.queued()
        shown = made.run("pymta", "queue", "show", id)
        assert "from nobody by local-esmtp" in shown.stdout, shown
        listed = (made.state / "spool" / "queue" / id).read_bytes()
        assert b"from nobody (uid 65534)" in listed


def test_full_is_full_on_each_side_and_neither_takes_places_of_the_other() -> None:
    """Decision 9: callers from the network cannot keep the mail of cron out."""
    with daemon_after(with_local, smtp_accept_max=1, local_accept_max=2) as made:
        with made.raw() as host, raw(submit(made)) as one, raw(submit(made)) as two:
            assert [line(sock)[:4] for sock in (host, one, two)] == ["220 "] * 3
            with made.raw() as more:
                assert line(more).startswith("421 Too many concurrent SMTP connections;")
            with raw(submit(made)) as more:
                assert line(more) == (
                    "421 Too many concurrent local connections; please try again later."
                )
            made.wait_for_log(f"Connection from uid {ME} refused: too many local connections")
            assert "; 1/1 connections, 2/2 local connections, " in made.status()
            report = json.loads(made.ask("status-json").partition(" ")[2])
            assert report["connections"]["now"] == 1
            assert report["local_connections"] == {"now": 2, "max": 2, "by_uid": {str(ME): 2}}
            assert report["local_listeners"] == [{"path": str(submit(made)), "role": "local"}]
            shown = made.run("status", "--state", str(made.state)).stdout
            assert "\nlocal          2/2\n" in shown
            assert str(submit(made)) in shown
        wait_until(lambda: "; 0/1 connections, 0/2 local connections, " in made.status(), "free")
        with raw(submit(made)) as again:
            assert line(again).startswith("220 ")


def test_a_place_is_free_for_the_next_call_as_soon_as_the_last_has_ended() -> None:
    """ML-04, with workers that stay."""
    with daemon_after(with_local, local_accept_max=1) as made:
        for _ in range(20):
            with raw(submit(made)) as sock:
                assert line(sock).startswith("220 ")
                sock.sendall(b"QUIT\r\n")
                assert line(sock).startswith("221 ")
                assert sock.recv(1) == b""


def test_under_load_his_mail_is_taken_and_waits() -> None:
    """LM-02: a host would hear 421, and come again; cron does not."""
    with daemon_after(with_load(99), smtp_load_reserve=5.0) as made:
        with made.raw() as host:
            assert line(host) == "421 Too much load; please try again later."
        with LocalSmtp(submit(made)) as client:
            client.sendmail("me@client.test", ["user@localhost"], "Subject: x\r\n\r\nhi\r\n")
        made.wait_for_log("no immediate delivery: load average 99.00")
        assert len(made.queued()) == 1


def with_load(load: int) -> Callable[[Daemon], None]:
    def prepare(made: Daemon) -> None:
        with_local(made)
        file = made.directory / "loadavg"
        file.write_text(f"{load}.00 0.00 0.00 1/100 1234\n")
        made.write_settings(load_average_file=str(file))

    return prepare


def test_a_reload_keeps_the_socket_the_session_and_its_place(activated: Daemon) -> None:
    """HU-04, HU-05"""
    with raw(submit(activated)) as held:
        assert line(held).startswith("220 ")
        activated.write_settings(local_accept_max=1)
        assert activated.run("reload", "--state", str(activated.state)).returncode == 0
        with raw(submit(activated)) as more:
            assert line(more).startswith("421 Too many concurrent local connections")
        held.sendall(b"NOOP\r\n")
        assert line(held).startswith("250 ")
        held.sendall(b"QUIT\r\n")
        assert line(held).startswith("221 ")
    wait_until(lambda: ", 0/1 local connections, " in activated.status(), "the place is free")
    with raw(submit(activated)) as again:
        assert line(again).startswith("220 ")


def test_a_local_session_is_told_when_the_daemon_stops(activated: Daemon) -> None:
    """SS-06; what a unit has made stays."""
    with raw(submit(activated)) as held:
        assert line(held).startswith("220 ")
        activated.send_signal(signal.SIGTERM)
        assert line(held).startswith("421 ")
    assert activated.wait_for_end() == 0
    assert submit(activated).exists()


def test_a_daemon_for_this_machine_alone_has_no_other_socket() -> None:
    """A host that only sends: whatever its settings say of TLS ports, nobody asks for a key."""

    def only_local(made: Daemon) -> None:
        made.listen_on(local_socket(submit(made)))
        made.socket_name = "local"

    with daemon_after(only_local, tls_on_connect_ports=[]) as made:
        assert f"listening for local mail on {submit(made)} (socket activation)" in made.log()
        with LocalSmtp(submit(made)) as client:
            assert client.noop()[0] == 250
        assert made.run("reload", "--state", str(made.state)).returncode == 0


# Without systemd


def test_a_daemon_without_units_binds_it_for_everybody_and_takes_it_away_again() -> None:
    """Item 10: a file that a killed daemon left is no obstacle."""
    with standalone() as made:
        path = self_bound(made)
        path.parent.mkdir()
        with closing(local_socket(path)):
            pass
        with made.in_front():
            assert stat.S_IMODE(path.stat().st_mode) == 0o666
            with LocalSmtp(path) as client:
                client.sendmail("a@b.test", ["postmaster@localhost"], "Subject: x\r\n\r\nhi\r\n")
            wait_until(made.mail, "the mail")
        assert not path.exists()


@pytest.mark.root
def test_a_daemon_that_root_starts_owns_it_as_its_account_and_keeps_it_over_a_reload(
    tmp_path: Path,
) -> None:
    """PV-01, HU-05, item 10: what root binds must be ours to take away."""
    with standalone(pymta_user="nobody") as made:
        made.prefix = readable(tmp_path)
        path = self_bound(made)
        with made.in_front():
            before = path.stat()
            with raw(path) as held:
                assert line(held).startswith("220 ")
                done = made.run("pymta", "reload", "--state", str(made.state))
                assert done.returncode == 0, done.stderr
                held.sendall(b"NOOP\r\n")
                assert line(held).startswith("250 ")
            assert (path.stat().st_ino, path.stat().st_uid) == (before.st_ino, 65534)
            assert stat.S_IMODE(path.stat().st_mode) == 0o666
            said = talk_as(STRANGER, path, "QUIT")
            assert [reply[:3] for reply in said] == ["220", "221"]
        assert not path.exists()


@pytest.mark.parametrize("kind", ["a file", "a socket that somebody has"])
def test_what_lies_in_its_place_stays_and_ends_the_start(kind: str) -> None:
    with standalone() as made:
        path = self_bound(made)
        path.parent.mkdir()
        if kind == "a file":
            path.write_text("precious")
            why = "something else than a socket lies there"
        else:
            other = local_socket(path)
            why = "another program listens there"
        done = made.run("pymta", "daemon", "--config", str(made.config))
        assert done.returncode == 1
        assert f"pymta cannot start: local_socket {path}: {why}" in made.log() + done.stderr
        assert path.exists()
        if kind != "a file":
            other.close()


def test_a_reload_binds_moves_and_closes_it() -> None:
    """HU-05"""
    with standalone() as made, made.in_front():
        first = self_bound(made)
        second = made.directory / "run" / "other"

        def reload() -> None:
            done = made.run("pymta", "reload", "--state", str(made.state))
            assert done.returncode == 0, done.stderr

        reload()
        with LocalSmtp(first) as client:
            assert client.noop()[0] == 250
        made.write_settings(local_socket=str(second))
        reload()
        assert not first.exists()
        with LocalSmtp(second) as client:
            assert client.noop()[0] == 250
        made.write_settings(local_socket="")
        reload()
        assert not second.exists()
        assert made.greeting().startswith("220 ")


def test_a_reload_that_cannot_bind_it_serves_the_others_and_says_so() -> None:
    with standalone() as made, made.in_front():
        path = self_bound(made)
        path.write_text("precious")
        assert made.run("pymta", "reload", "--state", str(made.state)).returncode == 0
        made.wait_for_log(f"local_socket {path}: something else than a socket lies there: users of")
        assert made.greeting().startswith("220 ")


def test_beside_another_daemon_there_is_none() -> None:
    """N-22, OX-04: -oX stands beside another one, whose socket it is."""
    with standalone() as made:
        path = self_bound(made)
        words = ("pymta.cli.classic", "-C", str(made.config), "-bdf", "-oX")
        with made.in_front(*words, f"{made.address}.2626"):
            assert made.greeting(2626).startswith("220 ")
            assert not path.exists()


# What contradicts sockets from systemd


def test_ports_that_no_unit_opens_are_told_of_once() -> None:
    """Section 3.1, rule 1"""
    with daemon(
        daemon_smtp_ports=["25", "2525"],
        local_interfaces=["127.0.0.1"],
        local_socket="/run/elsewhere/submit",
    ) as made:
        (told,) = [text for text in made.log().splitlines() if "come from systemd" in text]
        assert (
            "sockets come from systemd: daemon_smtp_ports, local_interfaces, local_socket have no"
            " effect, and nobody listens on [127.0.0.1]:25 [127.0.0.1]:2525 /run/elsewhere/submit"
        ) in told


def test_a_command_line_that_contradicts_the_units_is_refused() -> None:
    """Section 3.1, rule 1: before anything is made."""
    with standalone() as made:
        made.prefix = ["bash", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', "bash"]
        with made.popen("pymta.cli.classic", "-bdf", "-oX", "2526", "-C", str(made.config)) as one:
            _, said = one.communicate(timeout=30)
        assert one.returncode == 1
        assert said == "pymta: -oX contradicts the sockets that systemd hands in\n"
        assert not made.state.exists()


def test_sockets_for_another_process_are_nothing_to_us() -> None:
    """sd_listen_fds(3): LISTEN_PID names the one that they are for."""
    with standalone() as made:
        made.prefix = ["env", "LISTEN_PID=1", "LISTEN_FDS=1", "LISTEN_FDNAMES=smtp"]
        with made.in_front():
            assert made.greeting().startswith("220 ")
            assert "(socket activation)" not in made.log()


def test_settings_that_agree_with_the_units_are_not_worth_a_word() -> None:
    def agree(made: Daemon) -> None:
        made.write_settings(daemon_smtp_ports=[str(made.port)], local_interfaces=["127.0.0.1"])

    with daemon_after(agree) as made:
        assert "come from systemd" not in made.log()
    with daemon() as made:
        assert "come from systemd" not in made.log()


def test_a_socket_of_no_use_ends_the_start_with_its_name() -> None:
    """Section 3.1, rule 2"""

    def spoil(made: Daemon) -> None:
        datagrams = socket.socket(type=socket.SOCK_DGRAM)
        datagrams.bind(("127.0.0.1", 0))
        made.more_sockets.append(("submission", datagrams))
        made.more_sockets.append(("submision", socket.create_server(("127.0.0.1", 0))))

    with pytest.raises(AssertionError) as raised, daemon_after(spoil):
        pass
    assert 'socket "submission" (descriptor 4) carries no streams: want ListenStream=' in str(
        raised.value
    )
    assert 'socket "submision" (descriptor 5) has a name that says nothing to us' in str(
        raised.value
    )
