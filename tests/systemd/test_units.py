"""The units as such: understood by this systemd, and closed as far as can be."""

from __future__ import annotations

import pytest

from tests.doubles.box import Box
from tests.systemd.trees import ON_BOTH

pytestmark = [pytest.mark.root, ON_BOTH]

UNITS = "/usr/lib/systemd/system/pymta*"


def test_systemd_has_nothing_to_remark_about_them(box: Box) -> None:
    assert box.says("sh", "-c", f"systemd-analyze verify --man=no {UNITS}") == ""


@pytest.mark.parametrize("unit", ["pymta.service", "pymta-queue.service"])
def test_a_unit_is_exposed_as_little_as_can_be(box: Box, unit: str) -> None:
    verdict = box.says("systemd-analyze", "security", "--no-pager", unit).splitlines()[-1]
    assert float(verdict.split(":")[1].split()[0]) <= 1.5, verdict


def test_nothing_runs_before_it_is_enabled(box: Box) -> None:
    sockets = ("pymta.socket", "pymta-submissions.socket")
    for unit in (*sockets, "pymta.service", "pymta-queue.timer"):
        assert box.run("systemctl", "is-enabled", unit, check=False).stdout == "disabled\n"


def test_enabling_brings_the_socket_and_the_timer_back_at_boot(box: Box) -> None:
    box.run("systemctl", "enable", "pymta.socket", "pymta.service", "pymta-queue.timer")
    wanted = box.says("systemctl", "list-dependencies", "--plain", "multi-user.target")
    for unit in ("pymta.socket", "pymta.service", "pymta-queue.timer"):
        assert unit in wanted


def test_mail_is_in_the_hands_of_a_user_without_a_shell(box: Box) -> None:
    assert box.says("getent", "passwd", "pymta").endswith(":/var/lib/pymta:/usr/sbin/nologin")
    assert box.says("stat", "-c", "%U:%G %a", "/var/lib/pymta") == "pymta:pymta 750"
    assert box.says("stat", "-c", "%U:%G %a", "/etc/pymta") == "root:root 755"


def test_an_empty_queue_starts_no_process(box: Box) -> None:
    box.run("systemctl", "start", "pymta-queue.service")
    assert box.says("systemctl", "show", "-P", "ConditionResult", "pymta-queue") == "no"
