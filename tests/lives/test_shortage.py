"""No descriptors, no processes: really taken away from a daemon at work, and given back."""

from __future__ import annotations

import itertools
import os
import pwd
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pymta.config import generation
from pymta.config.listen import Listen
from pymta.config.queue import Queue
from pymta.config.settings import Machine, Settings
from tests.doubles.daemon import daemon, wait_until
from tests.doubles.standalone import Standalone, standalone, status_of
from tests.doubles.tired_selector import FAILURES
from tests.doubles.ways_in import readable
from tests.lives.test_crowd import settled_descriptors
from tests.lives.test_session_life import descriptors, line

NO_ROOM = "421 Insufficient system resources; please try again later."
WATCHED = 1.5  # seconds
NOFILE, NPROC = "nofile", "nproc"


@contextmanager
def limited(pid: int, name: str, soft: int) -> Iterator[None]:
    """The soft limit of another process, which prlimit(1) calls `name`."""
    before = prlimit(pid, f"--{name}", "--output=SOFT", "--noheadings", "--raw")
    prlimit(pid, f"--{name}={soft}:")
    try:
        yield
    finally:
        prlimit(pid, f"--{name}={before}:")


def prlimit(pid: int, *options: str) -> str:
    """As its own user: root alone, without CAP_SYS_RESOURCE, may not say anything about others."""
    uid, gid = status_of(pid, "Uid")[0], status_of(pid, "Gid")[0]
    command = ["prlimit", f"--pid={pid}", *options]
    if int(uid) != os.geteuid():
        command = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", *command]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def room_for(pid: int, count: int) -> int:
    """The limit under which this process can open `count` descriptors more."""
    used = {int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir()}
    free = (number for number in itertools.count() if number not in used)
    return next(itertools.islice(free, count, None))


def processor_seconds(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def assert_rests(pid: int) -> None:
    """For a while it turns, if at all, at a leisurely pace."""
    before = processor_seconds(pid)
    time.sleep(WATCHED)
    assert processor_seconds(pid) - before < WATCHED / 10


def test_without_a_free_descriptor_callers_hear_so_and_commands_are_answered() -> None:
    """AE-04: the spare descriptor is for whoever comes."""
    with daemon(worker_idle_timeout="1s") as made:
        idle = settled_descriptors(made.pid)
        with limited(made.pid, NOFILE, room_for(made.pid, 0)):
            for _ in range(3):
                with made.raw() as sock:
                    assert line(sock) == NO_ROOM
                    assert sock.recv(1) == b""
            made.wait_for_log(r"Connection from \[127\.0\.0\.1\] refused: too many open files$", 3)
            assert "; last accept() failed: Too many open files" in made.status()
            assert_rests(made.pid)
        with made.raw() as sock:
            assert line(sock).startswith("220")
        made.wait_for_log(r"[0-9] accept\(\) failures?: Too many open files$")
        made.wait_for_idle()
        assert "failed" not in made.status()
        wait_until(lambda: len(descriptors(made.pid)) == idle, "no descriptor stays behind")


def test_where_even_the_spare_descriptor_does_not_help_callers_wait_and_the_loop_rests() -> None:
    """AE-04: a caller and a command wait at the door all the time, and nobody spins."""
    with daemon() as made, ThreadPoolExecutor() as threads, made.raw() as served:
        assert line(served).startswith("220")
        with limited(made.pid, NOFILE, 3):
            sock = made.raw()
            status = threads.submit(made.status)
            assert_rests(made.pid)
            assert not status.done()
            served.sendall(b"QUIT\r\n")  # children are heard and reaped meanwhile
            assert line(served).startswith("221")
        with sock:
            assert line(sock).startswith("220")
        assert "listening for" in status.result()
        made.wait_for_log(r"[0-9]+ accept\(\) failures?: Too many open files$")


def test_callers_get_in_again_as_soon_as_somebody_has_left() -> None:
    """AE-04, CL-01: a descriptor that comes back is used."""
    with daemon() as made, ExitStack() as stack:
        idle = settled_descriptors(made.pid)
        first = stack.enter_context(made.raw())
        assert line(first).startswith("220")
        wait_until(lambda: len(descriptors(made.pid)) == idle + 1, "its channel alone is held")
        # Room for one call and the two ends of a channel, of which one stays.
        with limited(made.pid, NOFILE, room_for(made.pid, 3)):
            second = stack.enter_context(made.raw())
            assert line(second).startswith("220")
            with made.raw() as third:
                assert line(third).startswith("421 ")
            second.sendall(b"QUIT\r\n")
            assert line(second).startswith("221 ")
            wait_until(lambda: greeting(made.port).startswith("220"), "somebody is let in")


def greeting(port: int) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        return line(sock)


def visit(made: Standalone) -> str:
    """A call that ends in good order, if it is taken; the code of its greeting."""
    with made.connect() as sock:
        code = line(sock)[:3]
        if code == "220":
            sock.sendall(b"QUIT\r\n")
            assert line(sock).startswith("221 ")
            assert sock.recv(1) == b""
    return code


@contextmanager
def unprivileged(tmp_path: Path) -> Iterator[tuple[Standalone, int]]:
    """A daemon whose account has no say about limits, and its pid."""
    somebody = pwd.getpwuid(os.geteuid()).pw_name if os.geteuid() else "nobody"
    with standalone(pymta_user=somebody, smtp_accept_max=100) as made:
        made.prefix = readable(tmp_path)
        with made.in_front() as process:
            yield made, process.pid


def test_without_processes_callers_hear_so_and_the_log_stays_short(tmp_path: Path) -> None:
    """CP-02: a process limit of 0; the daemon lives, rests, and takes up again."""
    text = "daemon: accept process fork failed: Resource temporarily unavailable"
    with unprivileged(tmp_path) as (made, pid):
        idle = settled_descriptors(pid)
        with limited(pid, NPROC, 0):
            for _ in range(120):
                assert made.greeting() == "421 Fork failed"
            made.wait_for_log(f"{text}\n")
            made.wait_for_log(f"{text} (50 more calls)\n", 2)
            assert made.log().count(text) == 3
            wait_until(lambda: len(descriptors(pid)) == idle, "no descriptor stays behind")
            assert_rests(pid)
        assert made.greeting().startswith("220 ")
        made.wait_for_log(f"{text} (19 more calls)\n")
        assert made.log().count(text) == 4


def test_a_worker_who_is_free_serves_also_while_nobody_can_be_born(tmp_path: Path) -> None:
    """CP-02, and decision 3: who is there already costs no process."""
    with unprivileged(tmp_path) as (made, pid):
        assert visit(made) == "220"
        with limited(pid, NPROC, 0):
            assert visit(made) == "220"
            with made.connect() as sock:
                assert line(sock).startswith("220 ")
                assert visit(made) == "421"


def test_a_loop_that_cannot_even_wait_lives_on(tmp_path: Path) -> None:
    """AE-01, AE-03: counted as `select()`, told with the first success, and survived."""
    made = Standalone(tmp_path)
    address = made.address
    current = generation.current_file(made.state)
    machine = Machine(state_directory=str(made.state), runtime_directory=str(tmp_path))
    listen = Listen(local_interfaces=(address,), daemon_smtp_ports=("2525",))
    made.state.mkdir()
    generation.store(
        current, Settings(machine=machine, listen=listen, queue=Queue(queue_run="timer"))
    )
    with (
        (tmp_path / "log").open("wb") as log,
        made.popen("tests.doubles.tired_selector", str(current), stderr=log) as process,
    ):
        try:

            def is_served() -> bool:
                with socket.socket() as sock:
                    sock.settimeout(10)
                    return not sock.connect_ex((address, 2525)) and line(sock)[:3] == "220"

            wait_until(is_served, (tmp_path / "log").read_text)
            failures = f"{FAILURES} select() failures: Cannot allocate memory"
            assert failures in (tmp_path / "log").read_text()
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
        finally:
            process.kill()


def test_a_limit_that_is_too_low_is_told_at_the_start() -> None:
    """ST-09: and the daemon serves all the same."""
    with standalone(smtp_accept_max=1500) as made:
        made.prefix = ["prlimit", "--nofile=1200:1200"]
        with made.in_front():
            assert "smtp_accept_max = 1500 may take 1668 open files" in made.log()
            assert made.greeting().startswith("220 ")
