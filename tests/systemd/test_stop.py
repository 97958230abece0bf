"""`systemctl stop` and `restart`: what runs may finish, within the grace time."""

from __future__ import annotations

import subprocess

import pytest

from pymta.journal.event import Kind
from tests.doubles.box import Box
from tests.systemd import mta
from tests.systemd.ordeal import UNITS
from tests.systemd.trees import ON_257, ON_BOTH

pytestmark = [pytest.mark.root, ON_257]

# A host that takes a message and says so only when it may.
HESITANT_HOST = """
import pathlib, socket, time
taken, may = pathlib.Path("/run/taken"), pathlib.Path("/run/may")
with socket.create_server(("127.0.0.1", 2600)) as server:
    while True:
        sock, _ = server.accept()
        with sock, sock.makefile("rwb", 0) as lines:
            lines.write(b"220 hesitant.example\\r\\n")
            for line in lines:
                if line.startswith(b"DATA"):
                    lines.write(b"354 go\\r\\n")
                    while lines.readline() != b".\\r\\n":
                        pass
                    with taken.open("a") as count:
                        count.write("x")
                    while not may.exists():
                        time.sleep(0.05)
                lines.write(b"250 ok\\r\\n")
"""


@pytest.fixture
def unit(request: pytest.FixtureRequest) -> str:
    """pymta.service, unless the test is for both ways to have a socket."""
    name: str = getattr(request, "param", UNITS[0])
    return name


BOTH_WAYS = pytest.mark.parametrize("unit", UNITS, indirect=True)


@pytest.fixture
def serving(box: Box, unit: str) -> Box:
    box.run("systemctl", "start", unit)
    return box


def in_data(box: Box) -> mta.Talk:
    talk = mta.Talk(box)
    talk.say("EHLO client.example")
    talk.say("MAIL FROM:<a@example.org>")
    talk.say("RCPT TO:<user@localhost>")
    assert talk.say("DATA").startswith("354")
    talk.send("Subject: in flight\n\nhalf of it")
    return talk


def begin(box: Box, what: str, unit: str) -> subprocess.Popen[str]:
    """`systemctl stop` or `restart`, when the daemon has heard of it."""
    stopping = box.start("systemctl", what, unit)
    box.wait_until(
        "the service is stopping",
        lambda: mta.shows(box, "ActiveState", unit) == "deactivating",
    )
    return stopping


@BOTH_WAYS
@pytest.mark.parametrize("what", ["stop", "restart"])
def test_a_message_in_data_is_taken_and_delivered(serving: Box, unit: str, what: str) -> None:
    """Check 10"""
    talk = in_data(serving)
    stopping = begin(serving, what, unit)
    talk.send("the rest")
    assert talk.say(".").startswith("250")
    talk.end()
    assert stopping.wait(40) == 0
    stopping.communicate()
    assert mta.shows(serving, "Result", unit) == "success"
    serving.run("systemctl", "start", unit)
    serving.run("systemctl", "start", "pymta-queue.service")
    (mail,) = mta.wait_for_mail(serving)
    assert "half of it\nthe rest" in mail


@BOTH_WAYS
def test_a_session_is_served_over_a_reload_and_told_of_a_restart(box: Box, unit: str) -> None:
    """Check 9: never a bare close, although it talks all the time."""
    mta.settings(box, "smtp_accept_max_nonmail = 100000\n")
    box.run("systemctl", "start", unit)
    talk = mta.Talk(box)
    talk.say("EHLO client.example")
    reloading = box.start("systemctl", "reload", unit)
    while reloading.poll() is None:
        assert talk.say("NOOP") == "250 2.0.0 OK"
    assert reloading.communicate()[0] == ""

    restarting = box.start("systemctl", "restart", unit)
    while (reply := talk.say("NOOP")) == "250 2.0.0 OK":
        pass
    assert reply.startswith("421 4.3.2 ")
    talk.end()
    assert restarting.communicate()[0] == ""
    assert restarting.returncode == 0


@BOTH_WAYS
def test_a_delivery_past_its_final_dot_is_waited_for(box: Box, unit: str) -> None:
    """Else the other host would have the message twice."""
    mta.settings(box, 'smarthost = "127.0.0.1:2600"\n')
    box.run("systemd-run", "-q", "--unit=hesitant", *mta.PYTHON, "-c", HESITANT_HOST)
    box.run("systemctl", "start", unit)
    message = mta.send(box, to="someone@remote.example")
    box.wait_until("the dot has come", lambda: taken(box) == "x")

    restarting = begin(box, "restart", unit)
    box.run("touch", "/run/may")
    assert restarting.communicate()[0] == ""
    mta.story(box, message)
    box.run("systemctl", "start", "pymta-queue.service")
    assert taken(box) == "x"


def taken(box: Box) -> str:
    return box.says("sh", "-c", "cat /run/taken 2>/dev/null || :")


def test_what_the_grace_time_cuts_off_is_named(box: Box) -> None:
    """The caller hears 421; his message was never answered, so it comes again."""
    mta.settings(box, 'shutdown_grace = "1s"\n')
    box.run("systemctl", "start", "pymta.service")
    talk = in_data(box)
    box.run("systemctl", "restart", "pymta.service")
    assert talk.end().startswith("421 4.3.2 ")
    kind = f"MESSAGE_ID={Kind.CUT_OFF.value}"
    told = box.says("journalctl", "--no-pager", "-o", "cat", kind, "PYMTA_CLIENT=127.0.0.1")
    assert "(session with [127.0.0.1]) cut off: not finished when the grace time was over" in told
    assert mta.greeting(box).startswith("220 ")


def test_many_quick_restarts_do_not_cost_the_socket(serving: Box) -> None:
    """Check 13: thirty in ten seconds, as many of them as the machine can do."""
    impatient = "for n in $(seq 30); do systemctl restart --no-block pymta; sleep 0.3; done"
    serving.run("sh", "-c", f"{impatient}; systemctl restart pymta")
    assert mta.shows(serving, "ActiveState") == "active"
    assert mta.shows(serving, "ActiveState", "pymta.socket") == "active"
    assert mta.greeting(serving).startswith("220 ")


def test_a_crash_loop_does_not_cost_the_socket_and_ends_with_its_cause(serving: Box) -> None:
    """Check 13: each call would start the service again, were the pace not that of RestartSec=."""
    serving.write("/etc/systemd/system/pymta.service.d/quick.conf", "[Service]\nRestartSec=100ms\n")
    serving.run("systemctl", "daemon-reload")
    mta.settings(serving, "smtp_banner = 3\n")
    serving.run("systemctl", "restart", "pymta", check=False)
    waiting = serving.start("timeout", "60", *mta.PYTHON, str(mta.CALLS), "talk", "127.0.0.1")
    serving.wait_until("it has crashed often", lambda: int(mta.shows(serving, "NRestarts")) > 6)
    assert mta.shows(serving, "ActiveState", "pymta.socket") == "active"

    mta.settings(serving, 'smtp_banner = "mended ESMTP"\n')
    assert waiting.stdout
    assert waiting.stdout.readline() == "220 mended ESMTP\n"
    waiting.communicate("QUIT\n")


@ON_BOTH
def test_a_killed_supervisor_comes_back_and_leaves_no_orphans(serving: Box) -> None:
    """Check 14"""
    serving.write("/etc/systemd/system/pymta.service.d/quick.conf", "[Service]\nRestartSec=200ms\n")
    serving.run("systemctl", "daemon-reload")
    talk = mta.Talk(serving)
    pid = mta.shows(serving, "MainPID")
    workers = serving.says("cat", f"/proc/{pid}/task/{pid}/children").split()
    assert workers
    mta.kill(serving, pid)
    serving.wait_until(
        "another supervisor serves",
        lambda: mta.shows(serving, "MainPID") not in {pid, "0"},
    )
    assert mta.greeting(serving).startswith("220 ")
    talk.end()
    assert mta.shows(serving, "NRestarts") == "1"
    assert "left-over process" not in serving.journal(500)
    for worker in workers:
        assert serving.run("test", "-e", f"/proc/{worker}", check=False).returncode == 1
