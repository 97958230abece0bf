"""Queue runs of a real daemon: their pace, their number, their death, and those beside them."""

from __future__ import annotations

import os
import pwd
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.doubles import warm
from tests.doubles.daemon import Daemon, command, daemon, wait_until
from tests.doubles.queued import put, waiting
from tests.doubles.standalone import Standalone, standalone, status_of

CLASSIC = "pymta.cli.classic"
NOBODY = pwd.getpwnam("nobody")
START = re.compile(r"Start queue run: pid=(\d+)")


@contextmanager
def hung_host() -> Iterator[str]:
    """A mail host that takes calls and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as sock:
        yield f"127.0.0.1:{sock.getsockname()[1]}"


def runs(made: Standalone) -> list[int]:
    """The pids of all runs over the default queue that have begun."""
    return [int(match[1]) for match in START.finditer(made.log())]


def wait_for_runs(made: Standalone, count: int) -> list[int]:
    wait_until(lambda: len(runs(made)) >= count, lambda: f"{count} runs in {made.log()}")
    return runs(made)


def is_running(pid: int) -> bool:
    """Not even a zombie."""
    return Path(f"/proc/{pid}").exists()


def start(made: Standalone, *words: str) -> int:
    """A classic daemon in the background; its pid.  It ends with `made`."""
    done = made.run(CLASSIC, *words, "-C", str(made.config))
    assert done.returncode == 0, done.stderr
    return int(made.log().rpartition("daemon started: pid=")[2].partition(",")[0])


def fill(made: Standalone, messages: int, recipient: str = "x@remote.example") -> list[str]:
    made.state.mkdir(mode=0o700, exist_ok=True)
    return [put(made.state, recipient) for _ in range(messages)]


def test_runs_every_two_seconds_and_nothing_else() -> None:
    """QR-01, QR-02, SL-05: `-q2s` only."""
    with standalone() as made:
        began = time.monotonic()
        start(made, "-q2s")
        made.wait_for_log("End queue run", 3)
        assert time.monotonic() - began >= 4.0
        first, *rest = made.log().splitlines()[:7]
        assert first.endswith(", -q2s, not listening for SMTP")
        pids = wait_for_runs(made, 3)
        assert [line.split(" ", 2)[2] for line in rest] == [
            f"{word} queue run: pid={pid}" for pid in pids[:3] for word in ("Start", "End")
        ]


def test_a_run_that_hangs_is_alone_where_one_may_be() -> None:
    """QR-03: no second start before the end; CH-03: a killed one makes room at the next tick."""
    with hung_host() as host, standalone(smarthost=host, queue_run_max=1) as made:
        fill(made, 1)
        start(made, "-bd", "-q1s")
        (first,) = wait_for_runs(made, 1)
        ticks = time.monotonic() + 2.5
        wait_until(lambda: time.monotonic() > ticks, "two ticks that start nothing")
        assert runs(made) == [first]

        os.kill(first, signal.SIGKILL)
        wait_for_runs(made, 2)
        made.wait_for_log(f"queue run process {first} was killed by SIGKILL")
        assert not is_running(first)
        assert f"End queue run: pid={first}" not in made.log()


def test_as_many_runs_as_may_be_and_one_more_when_one_ends() -> None:
    """QR-08, QR-02, N-28: overlapping, start to start; the third tick starts none.

    Runs over an empty queue beside it show that the clock ticks.
    """
    settings = {"queue_run_max": {"": 2, "*": 9}, "shutdown_grace": "1s"}
    with hung_host() as host, standalone(smarthost=host, **settings) as made:
        fill(made, 12)  # a run works on four at once, so the second still finds some
        start(made, "-q1s", "-qGtick/1s")
        first, second = wait_for_runs(made, 2)
        made.wait_for_log("End 'tick' queue run", made.log().count("End 'tick'") + 3)
        assert runs(made) == [first, second]
        assert is_running(first)
        assert is_running(second)

        os.kill(first, signal.SIGTERM)
        made.wait_for_log(f"End queue run: pid={first}")
        *_, third = wait_for_runs(made, 3)
        assert is_running(second)
        assert is_running(third)


@pytest.mark.root
def test_a_run_that_cannot_be_forked_is_one_line_a_tick_and_the_pace_goes_on() -> None:
    """QR-04: the account may have no more processes."""
    with (
        standalone(pymta_user="nobody", queue_run_interval="1s") as made,
        made.in_front() as process,
    ):
        assert status_of(process.pid, "Uid")[0] == str(NOBODY.pw_uid)
        wait_for_runs(made, 1)
        before = re.search(
            r"^Max processes +(\w+)", Path(f"/proc/{process.pid}/limits").read_text(), re.MULTILINE
        )
        assert before
        allow_processes(process.pid, "0")
        made.wait_for_log(
            "daemon: fork of queue-runner process failed: Resource temporarily unavailable", 2
        )
        assert made.greeting() == "421 Fork failed"
        allow_processes(process.pid, before[1])
        wait_for_runs(made, len(runs(made)) + 2)
        assert made.greeting().startswith("220 ")


def allow_processes(pid: int, soft: str) -> None:
    """Set the limit of a process of the user nobody; he may change his own below the hard one."""
    as_nobody = ("setpriv", "--reuid=nobody", f"--regid={NOBODY.pw_gid}", "--clear-groups")
    subprocess.run([*as_nobody, "prlimit", f"--pid={pid}", f"--nproc={soft}:"], check=True)


def test_a_run_holds_no_listener_and_outlives_the_daemon_without_standing_in_its_way() -> None:
    """QR-05"""
    with hung_host() as host, standalone(smarthost=host) as made:
        fill(made, 1)
        supervisor = start(made, "-bd", "-q1h")
        (run,) = wait_for_runs(made, 1)
        wait_until(lambda: children_of(run), "the run delivers")
        assert listeners_of(supervisor)
        for pid in (run, *children_of(run)):
            assert not listeners_of(pid)
        os.kill(supervisor, signal.SIGKILL)
        wait_until(lambda: not is_running(supervisor), "the end of the daemon")
        assert is_running(run)

        start(made, "-bd")
        assert made.greeting().startswith("220 ")
        assert is_running(run)


def listeners_of(pid: int) -> set[str]:
    """The listening TCP sockets among the descriptors of a process."""
    listening = {
        f"socket:[{fields[9]}]"
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if (fields := line.split())[3] == "0A"
    }
    held = {str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()}
    return listening & held


def children_of(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_several_queues_run_at_their_own_pace_and_again_at_once_after_a_reload() -> None:
    """N-28, N-31, HU-02, QR-01: with the flags of each."""
    with standalone() as made:
        made.state.mkdir(mode=0o700)
        plain, hipri = put(made.state), put(made.state, queue="hipri")
        pid = start(made, "-bd", "-qq1h", "-qffGhipri/30m")
        made.wait_for_log(f"{plain} Completed")
        made.wait_for_log(f"{hipri} Completed")
        assert f"pid={pid}, -qq1h -qGhipri/30m, listening for" in made.log()
        # Both are due at once, and the shorter interval goes first.
        told = re.findall(r"(Start .*queue run): pid=\d+( -q\w+)?", made.log())
        assert told == [("Start 'hipri' queue run", " -qff"), ("Start queue run", " -qq")]

        assert made.run("pymta", "reload").returncode == 0
        made.wait_for_log("queue run: pid=", 8)
        assert made.log().count("-qq1h -qGhipri/30m, listening for") == 2


def test_runs_of_the_settings_serve_a_queue_that_mail_of_a_network_goes_to() -> None:
    """N-16, N-28: from the network to the mailbox; other mail is not in its way."""
    settings: dict[str, Any] = {
        "queue_only": True,
        "queue_name": {"127.0.0.0/8": "slow", "*": ""},
        "queue_runs": ["-qGslow/1s"],
    }
    with daemon(**settings) as made:
        other = put(made.state)
        id = made.send("user@localhost")
        made.wait_for_log(f"{id} Completed")

        (arrival,) = made.wait_for_log(f"{id} <= ")
        assert " Q=slow" in arrival
        (delivery,) = made.wait_for_log(f"{id} => ")
        assert "=> user <user@localhost> Q=slow R=local T=maildir" in delivery
        assert waiting(made.state) == [other]


def test_mail_of_a_named_queue_is_delivered_at_once_like_any_other() -> None:
    """N-16: what stays, waits for a run over that queue."""
    with daemon(queue_name="slow", local_parts=["postmaster", "user"]) as made:
        made.wait_for_log(f"{made.send('user@localhost')} Completed")
        assert "Start" not in made.log()


def test_a_bounce_waits_in_the_queue_of_its_message() -> None:
    """N-16: as with the classic daemon."""
    with daemon(queue_name="slow", dns_servers=["127.0.0.1:9"], dns_timeout="1s") as made:
        id = put(made.state, "nobody-here@localhost", queue="slow")
        answer = made.run("queue", "run", "--queue", "slow")
        assert answer.returncode == 0, answer.stderr
        assert re.search(f"<= <> R={id} U=pymta P=local S=\\d+ Q=slow", answer.stderr)
        (bounce,) = waiting(made.state, "slow")  # its sender's domain cannot be asked for
        shown = made.run("queue", "show", bounce).stdout
        assert "Queue       slow" in shown


def test_the_daemon_runs_the_queue_when_it_is_asked_and_counts_that(tmp_path: Path) -> None:
    """QR-03: by its control socket."""
    with hung_host() as host, daemon(smarthost=host, queue_run_max=1) as made:
        put(made.state, "x@remote.example")
        slow = put(made.state, queue="slow")

        answer = made.run("queue", "run", "--via-daemon", "--force")
        assert answer.returncode == 0, answer.stderr
        assert answer.stdout == "a queue run has begun\n"
        made.wait_for_log("Start queue run: pid=[0-9]+ -qff")

        full = made.run("queue", "run", "--via-daemon", "--queue", "slow")
        assert full.returncode == os.EX_TEMPFAIL
        assert full.stderr == "pymta: too many queue runs over slow at once: queue_run_max is 1\n"

        made.write_settings(queue_run_max={"slow": 1})
        assert made.run("reload").returncode == 0
        several = made.run("queue", "run", "--via-daemon", "--queue", "slow", "--queue", "")
        assert several.returncode == 0, several.stderr
        assert several.stdout == "a queue run over slow has begun\na queue run has begun\n"
        made.wait_for_log(f"{slow} Completed")


def test_a_run_for_a_domain_takes_its_messages_from_all_queues_before_their_time() -> None:
    """Check 18: and no others, be they due or not."""
    later = time.time() + 3600
    with daemon(local_domains=["ours.example", "localhost"]) as made:
        wanted = {
            put(made.state, "user@ours.example", due=later),
            put(made.state, "user@Ours.Example", queue="slow"),
        }
        others = [put(made.state, "user@localhost"), put(made.state, "user@localhost", due=later)]

        answer = made.run("queue", "run", "--domain", "ours.example")

        assert answer.returncode == 0, answer.stderr
        assert set(re.findall(r"(\S+) Completed", answer.stderr)) == wanted
        assert waiting(made.state) == others


@pytest.fixture(scope="module")
def idle() -> Iterator[Daemon]:
    """One that has nothing to do, for all who only ask."""
    with daemon() as made:
        yield made


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--domain", "x"], os.EX_USAGE, "--via-daemon takes no --domain, --recipient or --sender"),
        (["--recipient", "x"], os.EX_USAGE, "--via-daemon takes no --domain, --recipient"),
        (["--sender", "x"], os.EX_USAGE, "--via-daemon takes no --domain, --recipient or --sender"),
        (["--queue", "../x"], os.EX_USAGE, "want a queue name"),
    ],
)
def test_what_the_daemon_cannot_be_asked_for(
    idle: Daemon, words: list[str], status: int, said: str
) -> None:
    answer = idle.run("queue", "run", "--via-daemon", *words)

    assert answer.returncode == status
    assert said in answer.stderr


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("run", "failed want -q"),
        ("run -q5m", "failed want -q"),
        ("run -qG../x", "failed want -q"),
        ("run rm -rf", "failed want -q"),
        ("run -q \u00e9\x00", "failed"),
        ("run -qGa -qGb", "ok a queue run over a has begun\na queue run over b has begun"),
    ],
)
def test_whatever_is_asked_it_is_answered(idle: Daemon, request_: str, answer: str) -> None:
    with idle.control() as sock:
        sock.send(request_.encode("latin-1"))
        assert sock.recv(1000).decode().startswith(answer)
    assert idle.status().startswith("ok ")


def test_without_a_daemon_the_command_runs_the_queue_itself_one_at_a_time() -> None:
    """QR-03: under a lock that dies with its holder."""
    with hung_host() as host, daemon(smarthost=host) as made:
        made.stop()
        put(made.state, "x@remote.example")
        first = warm.Popen(
            command("queue", "run", "--via-daemon"),
            env=made.environment,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert first.stderr
        try:
            assert "Start queue run" in first.stderr.readline()

            second = made.run("queue", "run", "--via-daemon")
            assert second.returncode == os.EX_TEMPFAIL
            assert re.search(
                r"Skip queue run: pid=\d+ \(another one is under way\)\n$", second.stderr
            )
            other = made.run("queue", "run", "--via-daemon", "--queue", "other")
            assert other.returncode == 0, other.stderr
        finally:
            first.kill()
            first.wait()
            first.stderr.close()  # its worker, still at that host, holds the other end

        put(made.state)
        third = made.run("queue", "run", "--via-daemon")
        assert third.returncode == 0, third.stderr
        assert "Completed" in third.stderr


def test_a_run_by_hand_spares_the_alarm_its_tick() -> None:
    """Within the interval of the alarm; QR-03 says it without a word."""
    with daemon(queue_run_interval="1h") as made:
        made.wait_for_log("End queue run")
        assert made.run("queue", "run").returncode == 0
        before = made.log().count("queue run: pid")

        assert made.run("reload").returncode == 0  # QR-01: due at once
        wait_until(lambda: "queue run" not in made.status(), made.status)
        assert made.log().count("queue run: pid") == before

        stamp = made.state / "run" / "queue"
        stamp.write_text(f"{time.time() - 3601:.3f}\n")
        assert made.run("reload").returncode == 0
        made.wait_for_log("Start queue run", before // 2 + 1)


@pytest.mark.parametrize(
    ("word", "pattern"),
    [("-Rr", "^USER@"), ("-Sr", "^boss@.*e$"), ("-Rrff", "^user@(?!b)")],
)
def test_a_run_by_pattern_on_the_classic_command_line(word: str, pattern: str) -> None:
    """N-03"""
    with daemon(local_domains=["localhost", "b.example"]) as made:
        wanted = put(made.state)
        other = put(made.state, "alice@b.example", sender="nobody@d.example")
        done = warm.run(
            [*command()[:-1], CLASSIC, word, pattern],
            env=made.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert f"{wanted} Completed" in done.stderr
        flags = f" -qff {word[:3]} {pattern}" if "f" in word else f" {word} {pattern}"
        assert re.search(rf"Start queue run: pid=\d+{re.escape(flags)}\n", done.stderr)
        assert waiting(made.state) == [other]


def test_a_range_of_ids_on_the_classic_command_line() -> None:
    with daemon() as made:
        ids = [put(made.state) for _ in range(4)]
        words = ["-q", ids[1], ids[2]]
        done = warm.run([*command()[:-1], CLASSIC, *words], env=made.environment, check=False)
        assert done.returncode == 0
        assert waiting(made.state) == [ids[0], ids[3]]


def test_a_message_named_by_hand_is_found_in_its_queue() -> None:
    """N-16"""
    with daemon() as made:
        plain, slow, other = put(made.state), put(made.state, queue="slow"), put(made.state)
        done = made.run("queue", "run", slow, plain)
        assert done.returncode == 0, done.stderr
        assert "Start 'slow' queue run" in done.stderr
        assert waiting(made.state) == [other]
        gone = made.run("queue", "run", slow)
        assert gone.returncode == os.EX_NOINPUT
        assert gone.stderr == f"pymta: {slow}: no such message in any queue\n"
