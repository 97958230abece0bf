"""SIGUSR1 to a whole family: each process says what it is doing, and goes on with it (SL-06)."""

from __future__ import annotations

import os
import re
import signal
import smtplib
from contextlib import ExitStack
from pathlib import Path

from tests.doubles.daemon import DEADLINE, wait_until
from tests.doubles.smtp_host import SILENCE, SmtpHost
from tests.doubles.standalone import Standalone, standalone


def ask(made: Standalone, info: Path | None = None) -> dict[int, str]:
    """What each process of the daemon says, by pid."""
    info = info or made.state / "pymta-process.info"
    info.unlink(missing_ok=True)
    family = made.family()
    for pid in family:
        os.kill(pid, signal.SIGUSR1)

    def lines() -> list[str]:
        return info.read_text().splitlines() if info.exists() else []

    wait_until(lambda: len(lines()) >= len(family), lambda: f"{family}: {lines()}")
    assert all(re.match(r" *\d+ ", line) and len(line.split()[0]) <= 7 for line in lines())
    return {int(line.split()[0]): line[6:] for line in lines()}


def test_the_daemon_and_its_sessions_say_what_they_do() -> None:
    """SL-06, ST-10, section 5: and nothing else happens, to no process of it."""
    with standalone() as made, made.in_front() as process:
        daemon = f"daemon(0.1.0): no queue runs, listening for SMTP on [{made.address}]:{made.port}"
        with made.connect() as sock:
            assert sock.recv(100).startswith(b"220 ")
            said = ask(made)
            assert said.pop(process.pid) == daemon
            assert list(said.values()) == ["handling incoming connection from [127.0.0.1]"]
            sock.sendall(b"EHLO client.example\r\n")
            sock.recv(1000)
            said = ask(made)
            assert "handling incoming connection from (client.example) [127.0.0.1]" in said.values()
            sock.sendall(b"QUIT\r\n")
            assert sock.recv(100).startswith(b"221 ")
        wait_until(lambda: "waiting for a connection" in ask(made).values(), "a free worker")
        with made.connect() as sock:
            assert sock.recv(100).startswith(b"220 ")


def test_a_message_under_way_is_not_disturbed() -> None:
    """SS-06: only SIGTERM ends it."""
    with standalone() as made, made.in_front():
        with smtplib.SMTP(made.address, made.port, "client.test", timeout=DEADLINE) as client:
            client.ehlo()
            client.mail("s@client.test")
            client.rcpt("postmaster@localhost")
            assert client.docmd("DATA")[0] == 354
            for _ in range(3):
                client.send(b"a line\r\n")
                ask(made)
            assert client.docmd(".")[0] == 250
        wait_until(lambda: len(made.mail()) == 1, "a delivery")


def test_deliveries_and_queue_runs_say_what_they_wait_for() -> None:
    """SL-06, section 5"""
    with standalone(queue_only=True) as made, ExitStack() as silence:
        host = silence.enter_context(SmtpHost({"GREETING": SILENCE}))
        made.write_settings(smarthost=f"127.0.0.1:{host.port}")
        with made.in_front():
            with smtplib.SMTP(made.address, made.port, "client.test", timeout=DEADLINE) as client:
                client.sendmail("s@client.test", ["x@far.example"], "hi\r\n")
            (id,) = made.queued()
            with made.popen("pymta", "queue", "run") as run:
                wait_until(lambda: host.sessions, "a call")
                said = ask(made)
                worker = next(pid for pid, text in said.items() if text == f"delivering {id}")
                assert said[run.pid] == f"running queue: waiting for {id} ({worker})"
                silence.close()  # it hangs up
                run.communicate(timeout=DEADLINE)
                assert run.returncode == 0
            made.wait_for_log(f"{id} == x@far.example R=smarthost T=smtp defer")


def test_the_process_info_goes_where_it_is_wanted() -> None:
    """SL-06"""
    with standalone() as made:
        wanted = made.directory / "info"
        made.write_settings(process_log_path=str(wanted))
        with made.in_front() as process:
            assert list(ask(made, wanted)) == [process.pid]
