"""The program is replaced at a reload, and something is not as it should be: the file of the new
one, or the table that the old one leaves."""

from __future__ import annotations

import os
import shutil
import site
import sys
import time
from pathlib import Path

from tests.doubles.daemon import DEADLINE, HOSTNAME, Daemon, daemon_after, wait_until
from tests.doubles.peers import CHECKOUT
from tests.lives.test_session_life import line

# Python runs a module of this name first, in every process that is started.
CUSTOM = "sitecustomize.py"

# A validating child takes the interpreter's place away when it ends, as somebody might who removes
# a package at just that moment.
UNEXECUTABLE = """
import atexit, os, sys
if "accept" in sys.orig_argv and os.path.exists({flag!r}):
    atexit.register(os.chmod, sys.executable, 0o644)
"""

# What the image before has left is not for the one that starts now.
FOREIGN = """
import os
if os.path.exists({flag!r}) and (number := os.environ.get("PYMTA_HANDOVER")):
    table = os.pread(int(number), 1 << 20, 0)
    os.ftruncate(int(number), 0)
    os.pwrite(int(number), table.replace(b'{{"version": ', b'{{"version": 99'), 0)
"""


def customize(made: Daemon, text: str) -> Path:
    """Have all processes of this daemon run `text`; the file whose existence switches it on."""
    custom, flag = made.directory / "custom", made.directory / "flag"
    custom.mkdir()
    (custom / CUSTOM).write_text(text.format(flag=str(flag)))
    packages = [str(custom), str(CHECKOUT), *site.getsitepackages()]
    made.extra_environment = {"PYTHONPATH": ":".join(packages)}
    return flag


def foreign(made: Daemon) -> None:
    """Once the flag is there, no image understands the one before it."""
    customize(made, FOREIGN)


def private_interpreter(made: Daemon) -> Path:
    """A copy of this one that the test may spoil."""
    base = Path(sys.executable).resolve()
    place = made.directory / "python" / "bin" / "python"
    place.parent.mkdir(parents=True)
    shutil.copy(base, place)
    place.with_name("pyvenv.cfg").write_text(f"home = {base.parent}\n")
    made.interpreter = str(place)
    return place


def test_a_program_that_cannot_be_started_leaves_the_old_one_serving() -> None:
    """HU-03: the line in M and P, `pymta reload` says it, and so does the status."""
    interpreter = Path()

    def prepare(made: Daemon) -> None:
        nonlocal interpreter
        customize(made, UNEXECUTABLE).touch()
        interpreter = private_interpreter(made)

    with daemon_after(prepare, smtp_banner="the old one") as made:
        wanted = f"exec of {interpreter} failed: Permission denied"
        with made.raw() as held:
            assert line(held) == "220 the old one"
            made.write_settings(smtp_banner="the new one")

            done = made.run("reload")

            assert done.returncode == os.EX_CONFIG
            assert done.stderr == f"pymta: {wanted}\n"
            assert f" pid {made.pid}: {wanted}\n" in made.log()
            assert f"reload refused: {wanted}" in made.status()
            held.sendall(b"QUIT\r\n")
            assert line(held).startswith("221 ")
        for _ in range(3):
            with made.raw() as sock:
                assert line(sock) == "220 the old one"
        made.send("user@localhost")
        made.wait_for_mail("user")

        interpreter.chmod(0o755)
        (made.directory / "flag").unlink()
        assert made.run("reload").returncode == 0
        with made.raw() as sock:
            assert line(sock) == "220 the new one"


def test_a_table_of_another_version_costs_nobody_his_connection() -> None:
    """HU-04: children are counted, each holds a slot until it ends; HU-05: sockets stay."""
    with daemon_after(foreign, smtp_accept_max=3) as made:
        with made.raw() as first, made.raw() as second:
            assert line(first).startswith("220")
            assert line(second).startswith("220")
            for text in (b"HELO x", b"MAIL FROM:<>", b"RCPT TO:<user@localhost>", b"DATA"):
                first.sendall(text + b"\r\n")
                assert line(first)[0] in "23"
            (made.directory / "flag").touch()

            done = made.run("reload")

            assert (done.returncode, done.stdout) == (0, "generation 2 serves\n"), done.stderr
            wanted = "handover table has version 991: 2 child processes hold a connection slot"
            assert wanted in made.log()
            assert "; 2/3 connections" in made.status()
            with made.raw() as third, made.raw() as fourth:
                assert line(third).startswith("220")
                assert line(fourth).startswith("421 Too many concurrent SMTP connections")

            # What the old ones hand on is delivered at once, and then they go.
            first.sendall(b"Subject: before and after\r\n\r\n.\r\n")
            assert line(first).startswith("250 ")
            first.sendall(b"QUIT\r\n")
            assert line(first).startswith("221 ")
            assert b"before and after" in made.wait_for_mail("user")[0]
            wait_until(lambda: "; 1/3 connections" in made.status(), made.status)

            # From here on reloads are as they always are, also for who is still unknown.
            (made.directory / "flag").unlink()
            assert made.run("reload").returncode == 0
            assert "; 1/3 connections" in made.status()
            second.sendall(b"NOOP\r\n")
            assert line(second).startswith("250 ")
            second.sendall(b"QUIT\r\n")
            assert line(second).startswith("221 ")
            wait_until(lambda: "; 0/3 connections" in made.status(), made.status)
        assert made.log().count("hold a connection slot") == 1
        assert "killed by" not in made.log()
        assert "listening for SMTP on [127.0.0.1]" in made.status()


def test_whoever_is_unknown_may_be_a_queue_run() -> None:
    """HU-04, QR-03: so the clock waits, where only one may go on."""
    with (
        daemon_after(foreign, queue_run_interval="1s", queue_run_max=1) as made,
        made.raw() as held,
    ):
        assert line(held).startswith("220")
        made.wait_for_log("Start queue run", 2)
        (made.directory / "flag").touch()
        assert made.run("reload").returncode == 0
        began = time.monotonic()
        wait_until(lambda: time.monotonic() - began > 2.5, "two runs would have been due")
        runs = made.log().partition("hold a connection slot")[2].count("Start queue run")
        held.sendall(b"QUIT\r\n")
        assert line(held).startswith("221 ")
        made.wait_for_log(r"Start queue run: pid=\d+$", 4)

        assert runs <= 1  # that over first deliveries, which no clock starts


def test_those_who_were_idle_do_not_hold_slots_for_ever() -> None:
    """HU-04: the old image sends them away before it goes."""
    with daemon_after(foreign, smtp_accept_max=5, worker_idle_timeout="1h") as made:
        for _ in range(3):
            made.send("user@localhost")
        made.wait_for_mail("user", 3)
        made.wait_for_idle()
        assert len(made.family()) > 2
        (made.directory / "flag").touch()

        assert made.run("reload").returncode == 0

        made.wait_for_idle()
        wait_until(lambda: len(made.family()) == 1, lambda: str(made.family()), DEADLINE)


def test_a_stop_reaches_those_that_nobody_can_name() -> None:
    """HU-04: an idle session of the image before is told, and the daemon waits for its end."""
    with daemon_after(foreign) as made, made.raw() as held:
        assert line(held).startswith("220")
        (made.directory / "flag").touch()
        assert made.run("reload").returncode == 0

        made.send_signal(15)

        assert line(held) == f"421 {HOSTNAME}: Service not available - closing connection"
        assert made.wait_for_end() == 0
        assert not made.family()
