"""`pymta-sendmail` as a daemon: in the background, on its own sockets, on a schedule."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.doubles import warm
from tests.doubles.daemon import DEADLINE, wait_until
from tests.doubles.queued import put
from tests.doubles.smtp_host import SmtpHost
from tests.doubles.standalone import Standalone, standalone

CLASSIC = "pymta.cli.classic"


def start(made: Standalone, *words: str) -> int:
    """Start it in the background; its pid, when the command has returned."""
    done = made.run(CLASSIC, *words, "-C", str(made.config))
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return int(made.log().rpartition("daemon started: pid=")[2].partition(",")[0])


def stop(pid: int) -> None:
    os.kill(pid, 15)
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the end of the daemon")


def test_when_the_command_returns_the_daemon_serves() -> None:
    """ST-01, ST-02, BG-01, BG-02, BL-10: nothing has to be waited for."""
    with standalone() as made:
        pid = start(made, "-bd")

        assert made.greeting().startswith("220 ")
        assert [Path(f"/proc/{pid}/fd/{fd}").readlink() for fd in range(3)] == [
            Path("/dev/null")
        ] * 3
        assert os.getsid(pid) != os.getsid(0)
        assert os.getpgid(pid) == os.getsid(pid)
        assert f"pid={pid}, no queue runs, listening for SMTP on" in made.log()
        assert (made.state / "pymta-daemon.pid").read_text() == f"{pid}\n"
        stop(pid)
        assert not (made.state / "pymta-daemon.pid").exists()


def test_no_descriptor_of_the_caller_is_kept() -> None:
    """BG-01: a pipe that the caller waits on would never end."""
    read, write = os.pipe()
    with standalone() as made:
        done = warm.run(
            [sys.executable, "-P", "-m", CLASSIC, "-bd", "-C", str(made.config)],
            env=made.environment,
            pass_fds=(write,),
            timeout=DEADLINE,
            check=False,
        )
        os.close(write)
        assert done.returncode == 0
        assert os.read(read, 1) == b""
    os.close(read)


def test_a_busy_port_fails_the_command() -> None:
    """BL-10: the classic one returned 0 and said it in a log."""
    with standalone(daemon_startup_retries=1, daemon_startup_sleep="1s") as made:
        with socket.socket() as busy:
            busy.bind((made.address, made.port))
            busy.listen()
            done = made.run(CLASSIC, "-bd", "-C", str(made.config))
        assert done.returncode == 1
        assert "Address already in use: daemon abandoned" in done.stderr
        assert "waiting 1s before trying again (1 more try)" in made.log()
        assert "Address already in use: daemon abandoned" in made.log()
        wait_until(lambda: not made.family(), "nobody left")


@pytest.mark.parametrize("option", ["-bdf", "-v", "-d", "-dd"])
def test_in_front_it_does_not_return(option: str) -> None:
    """ST-02, ST-11: the log is on standard error as well; a signal ends it."""
    words = ("-bdf",) if option == "-bdf" else ("-bd", option)
    with standalone() as made, made.in_front(CLASSIC, *words, "-C", str(made.config)) as process:
        assert made.greeting().startswith("220 ")
        assert f"daemon started: pid={process.pid}" in made.log()
        process.terminate()
        assert process.stderr
        said = process.stderr.read()
        assert ("daemon started" in said) == (option != "-bdf")


def test_ports_of_the_command_line_survive_a_reload() -> None:
    """OX-01, OX-04, HU-02: the daemon is started again as it was, with no pid file.

    N-22: and with no control socket, so the wish comes as a signal.
    """
    with standalone(daemon_smtp_ports=[9]) as made:
        pid = start(made, "-bd", "-oX", f"<; {made.address}.2600 ; {made.address} ; 2601 ; 2602")
        wanted = f"[{made.address}]:{{2600,2601,2602}}"
        assert wanted in made.log()

        assert made.run("pymta", "reload").returncode == os.EX_UNAVAILABLE
        os.kill(pid, signal.SIGHUP)
        made.wait_for_log(f"pid={pid}, no queue runs, listening for SMTP on {wanted}", 2)
        assert made.greeting(2600).startswith("220 ")
        assert made.greeting(2602).startswith("220 ")
        assert not (made.state / "pymta-daemon.pid").exists()


def test_ipv6_under_the_default_separator() -> None:
    """OX-02"""
    with standalone() as made, socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        port = probe.getsockname()[1]
        probe.close()
        start(made, "-bd", "-oX", f"::::1 : {port}")
        assert f"listening for SMTP on [::1]:{port}" in made.log()


def test_a_pid_file_of_the_command_line() -> None:
    """BG-03, BG-04: with -oX only where -oP says so."""
    with standalone() as made:
        path = made.directory / "own.pid"
        pid = start(made, "-bd", "-oX", str(made.port), "-oP", str(path))
        assert path.read_text() == f"{pid}\n"
        assert made.run("pymta", "reload").returncode == 0  # N-22


def test_several_daemons_share_a_runtime_directory_where_one_has_a_control_socket() -> None:
    """N-22: -oY; the state directory is never shared."""
    with standalone() as made, standalone() as other:
        run = made.directory / "run"
        start(made, "-bd")
        words = (CLASSIC, "-bd", "-oY", "-C", str(other.config))

        done = warm.run(
            [sys.executable, "-P", "-m", *words],
            env=other.environment | {"RUNTIME_DIRECTORY": str(run)},
            timeout=DEADLINE,
            check=False,
        )

        assert done.returncode == 0
        assert other.greeting().startswith("220 ")
        status = made.run("pymta", "status", "--json")
        assert json.loads(status.stdout)["listeners"][0]["address"] == made.address
        other.end()
        assert (run / "control").exists()

        other.write_settings()
        again = warm.run(
            [sys.executable, "-P", "-m", *words],
            env=made.environment,
            timeout=DEADLINE,
            capture_output=True,
            text=True,
            check=False,
        )
        assert again.returncode == 1
        assert "pymta: another pymta daemon, process " in again.stderr


def test_without_a_log_file_the_background_has_one() -> None:
    with standalone(log_file_path="") as made:
        done = made.run(CLASSIC, "-bd", "-C", str(made.config))
        assert done.returncode == 0, done.stderr
        has_journal = Path("/run/systemd/journal/socket").exists()
        assert has_journal or "daemon started" in (made.state / "mainlog").read_text()


def test_queue_runs_alone_on_a_schedule() -> None:
    """ML-06, QR-01, QR-02, SL-05: the first at once, then from start to start."""
    with standalone() as made:
        began = time.monotonic()
        pid = start(made, "-q1s")
        assert f"pid={pid}, -q1s, not listening for SMTP" in made.log()
        made.wait_for_log("Start queue run", 3)
        assert time.monotonic() - began >= 1.9
        assert not (made.state / "pymta-daemon.pid").exists()
        with pytest.raises(ConnectionRefusedError):
            made.connect()
        os.kill(pid, 10)
        info = made.state / "pymta-process.info"
        wait_until(info.exists, "process info")
        assert info.read_text() == f"{pid:5} daemon(0.1.0): -q1s, not listening\n"


def test_runs_of_a_daemon_take_what_its_command_line_says() -> None:
    """QR-09, N-03: a selector reaches every run; the rest is left alone."""
    with standalone(local_domains=["a.example", "b.example"]) as made:
        made.state.mkdir(mode=0o700)
        later = time.time() + 9999
        wanted = put(made.state, "user@a.example", due=later)
        other = put(made.state, "user@b.example")
        start(made, "-q1s", "-R", "@a.example")
        made.wait_for_log(f"{wanted} Completed")
        made.wait_for_log("End queue run", 2)
        assert "Start queue run: pid=" in made.log()
        assert " -R @a.example" in made.log()
        assert other not in made.log()


def test_everything_waits_for_the_queue_when_it_is_told_so() -> None:
    """ST-08, ID-05: no line says why."""
    with standalone() as made:
        start(made, "-bd", "-odq")
        id = send(made)
        assert (made.state / "spool/queue" / id).exists()
        assert f"{id} <= " in made.log()
        assert "no immediate delivery" not in made.log()
        assert f"{id} =>" not in made.log()


def test_a_no_of_the_command_line_wins_over_the_settings() -> None:
    """ST-08"""
    with standalone(queue_only=True) as made:
        start(made, "-bd", "-odb")
        made.wait_for_log(f"{send(made)} Completed")


def test_a_no_that_may_not_win_does_not() -> None:
    """ST-08"""
    with standalone(queue_only=True, queue_only_override=False) as made:
        start(made, "-bd", "-odb")
        id = send(made)
        assert f"{id} =>" not in made.log()


def test_with_odqs_only_smtp_waits_whatever_the_settings_say() -> None:
    """ST-08, N-42"""
    with (
        SmtpHost() as host,
        standalone(smarthost=f"127.0.0.1:{host.port}", queue_only=True) as made,
    ):
        start(made, "-bd", "-odqs")
        remote = send(made, "x@remote.example")
        local = send(made)
        made.wait_for_log(f"{local} Completed")
        made.wait_for_log(f"{remote} == x@remote.example R=smarthost T=smtp defer (0): first-pass")
        assert host.messages() == []
        assert made.run("pymta", "queue", "run").returncode == 0
        made.wait_for_log(f"{remote} Completed")
        assert len(host.messages()) == 1


def send(made: Standalone, recipient: str = "user@localhost") -> str:
    """One message over SMTP; its id."""
    with made.connect() as sock, sock.makefile("rb") as replies:
        replies.readline()
        for command in ("HELO client.test", "MAIL FROM:<>", f"RCPT TO:<{recipient}>", "DATA"):
            sock.sendall(f"{command}\r\n".encode())
            assert replies.readline()[:1] in {b"2", b"3"}
        sock.sendall(b"Subject: x\r\n\r\nhi\r\n.\r\nQUIT\r\n")
        return replies.readline().decode().strip().rpartition("id=")[2]


def on_descriptor_0(made: Standalone, word: str) -> subprocess.Popen[str]:
    with socket.socket() as sock:
        sock.bind((made.address, made.port))
        sock.listen()
        return warm.Popen(
            [sys.executable, "-P", "-m", CLASSIC, word, "-C", str(made.config)],
            env=made.environment,
            stdin=sock.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )


def test_a_socket_of_inetd_is_served_until_nobody_calls() -> None:
    """N-11: the time counts from a call, and no connection is cut for it."""
    with standalone() as made, on_descriptor_0(made, "-bw1s") as process:
        try:
            with made.connect() as held:
                assert held.recv(100).startswith(b"220 ")
                assert "launched with listening socket, terminating after 1 seconds" in made.log()
                assert made.greeting().startswith("220 ")
                began = time.monotonic()
                with pytest.raises(subprocess.TimeoutExpired):
                    process.wait(1.5)
                held.sendall(b"QUIT\r\n")
                assert held.recv(100).startswith(b"221 ")
            assert process.wait(DEADLINE) == 0
            assert time.monotonic() - began >= 1
            assert "daemon terminating, inetd wait timeout reached." in made.log()
        finally:
            process.kill()


def test_a_socket_of_systemd_is_served_until_nobody_calls() -> None:
    """N-11: sockets may also come as LISTEN_FDS; and only a call starts the time."""
    hand_in = 'exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"'
    with standalone() as made, socket.socket() as sock:
        sock.bind((made.address, made.port))
        sock.listen()
        made.prefix = ["bash", "-c", hand_in, "bash"]
        with made.popen(CLASSIC, "-bw1s", "-C", str(made.config), stdin=sock.fileno()) as process:
            try:
                made.wait_for_log("launched with listening socket, terminating after 1 seconds")
                with pytest.raises(subprocess.TimeoutExpired):
                    process.wait(1.5)
                assert made.greeting().startswith("220 ")
                assert process.wait(DEADLINE) == 0
            finally:
                process.kill()
        made.wait_for_log("daemon terminating, inetd wait timeout reached.")
        assert not (made.state / "pymta-daemon.pid").exists()


def test_what_is_no_listening_socket_is_refused() -> None:
    """N-11"""
    with standalone() as made:
        done = made.run(CLASSIC, "-bw", "-C", str(made.config))
        assert done.returncode == 1
        assert done.stderr == "pymta: -bw: descriptor 0 is no listening socket\n"
