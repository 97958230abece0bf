"""Which sockets there are, and how they and the service go along with each other."""

from __future__ import annotations

import pytest

from tests.doubles.box import Box
from tests.systemd import mta
from tests.systemd.trees import ON_252, ON_BOTH

pytestmark = [pytest.mark.root, ON_252]

SELFBOUND = "pymta-selfbound.service"
SUBMISSION = "pymta-submission.socket"
SQUATTER = """
import socket
with socket.create_server(("", 587)) as sock:
    while True:
        with sock.accept()[0] as call:
            call.sendall(b"taken\\n")
"""


def active(box: Box, unit: str) -> str:
    return mta.shows(box, "ActiveState", unit)


def answers(box: Box, port: int) -> bool:
    return mta.first_line(box, "127.0.0.1", port).startswith("220 ")


def test_a_socket_that_is_enabled_later_opens_when_the_service_restarts(box: Box) -> None:
    box.run("systemctl", "enable", "--now", "pymta.socket", "pymta.service")
    assert not answers(box, 587)

    box.run("systemctl", "enable", SUBMISSION)
    box.run("systemctl", "restart", "pymta.service")

    assert "port 587 (IPv6 with IPv4)" in mta.shows(box, "StatusText")
    assert answers(box, 25)
    assert answers(box, 587)


def test_without_being_enabled_it_stays_closed_whatever_is_restarted(box: Box) -> None:
    box.run("systemctl", "start", "pymta.service")
    box.run("systemctl", "restart", "pymta.socket")
    box.run("systemctl", "restart", "pymta.service")

    assert active(box, SUBMISSION) == "inactive"
    assert not answers(box, 587)


@ON_BOTH
@pytest.mark.parametrize("unit", ["pymta.socket", SUBMISSION])
def test_a_socket_that_is_stopped_or_restarted_takes_the_service_along(box: Box, unit: str) -> None:
    """Check 6: a service that went on would hold a port that its unit says is closed."""
    box.run("systemctl", "start", "pymta.socket", SUBMISSION)
    box.run("systemctl", "start", "pymta.service")

    done = box.run("systemctl", "restart", unit, check=False)
    assert done.returncode == 0, box.says("journalctl", "--no-pager", "-b", "-n", "80")
    assert answers(box, 25)
    assert answers(box, 587)

    box.run("systemctl", "start", "pymta.service")
    box.run("systemctl", "stop", unit)
    assert active(box, "pymta.service") == "inactive"
    assert answers(box, 25) == (unit == SUBMISSION)
    assert answers(box, 587) == (unit != SUBMISSION)


def test_a_port_that_another_program_has_costs_no_other_port(box: Box) -> None:
    box.run("systemd-run", "-q", "--unit=squatter", *mta.PYTHON, "-c", SQUATTER)
    box.wait_until("the port is taken", lambda: mta.first_line(box, "127.0.0.1", 587) == "taken")
    box.run("systemctl", "enable", "pymta.socket", "pymta.service", SUBMISSION)

    box.run("systemctl", "start", "pymta.service")

    assert active(box, SUBMISSION) == "failed"
    assert mta.greeting(box).startswith("220 ")


def test_of_the_two_services_the_one_that_is_started_has_the_port(box: Box) -> None:
    box.run("systemctl", "start", "pymta.socket", "pymta.service")

    box.run("systemctl", "start", SELFBOUND)
    assert active(box, "pymta.service") == active(box, "pymta.socket") == "inactive"
    assert "listening for SMTP on port 25" in mta.shows(box, "StatusText", SELFBOUND)
    assert answers(box, 25)

    # Since systemd 254 a store is closed beside the stop, so the port may be free a moment later.
    start = ("systemctl", "start", "pymta.socket")
    box.wait_until("the port is free", lambda: box.run(*start, check=False).returncode == 0)
    assert active(box, SELFBOUND) == "inactive"
    assert answers(box, 25)
    assert active(box, "pymta.service") == "active"


def test_a_daemon_that_binds_for_itself_delivers_reloads_and_restarts(box: Box) -> None:
    """Check 4: with the right to bind and no other."""
    box.run("systemctl", "start", SELFBOUND)
    pid = mta.shows(box, "MainPID", SELFBOUND)
    status = box.says("cat", f"/proc/{pid}/status")
    assert f"CapEff:\t{1 << 10:016x}\n" in status  # CAP_NET_BIND_SERVICE
    assert f"CapBnd:\t{1 << 10:016x}\n" in status

    mta.settings(box, 'daemon_smtp_ports = ["25", "587"]\nlocal_interfaces = ["127.0.0.1"]\n')
    box.run("systemctl", "reload", SELFBOUND)
    assert answers(box, 587)
    assert mta.shows(box, "MainPID", SELFBOUND) == pid
    mta.send(box)
    mta.wait_for_mail(box)

    box.run("systemctl", "restart", SELFBOUND)
    assert answers(box, 25)
    assert answers(box, 587)
