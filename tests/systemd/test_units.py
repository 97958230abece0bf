"""The units as such: understood by this systemd, and closed as far as can be."""

from __future__ import annotations

import pytest

from pymta import __version__
from tests.doubles.box import Box
from tests.systemd.trees import ON_BOTH

pytestmark = [pytest.mark.root, ON_BOTH]

UNITS = "/usr/lib/systemd/system/pymta*"
EXPOSED_AT_MOST = {
    "pymta.service": 1.5,
    "pymta-queue.service": 1.5,
    "pymta-queue@example.org.service": 1.5,
    "pymta-named-queue@slow.service": 1.5,
    "pymta-selfbound.service": 1.5,
    "pymta-tidy.service": 1.0,
}
ENABLED = ("pymta.socket", "pymta.service", "pymta-queue.timer", "pymta-tidy.timer")


def test_systemd_has_nothing_to_remark_about_them(box: Box) -> None:
    """Check 1; and it would, were there a word that it does not know."""
    verify = f"systemd-analyze verify --man=no {UNITS}"
    assert box.says("sh", "-c", verify) == ""
    box.run("sh", "-c", "echo NoSuchDirective=yes >>/usr/lib/systemd/system/pymta.service")
    assert "NoSuchDirective" in box.run("sh", "-c", verify, check=False).stdout


def test_a_unit_is_exposed_as_little_as_can_be(box: Box, tree: str) -> None:
    """Check 2: pytest -rP prints the figures."""
    for unit, most in EXPOSED_AT_MOST.items():
        verdict = box.says("systemd-analyze", "security", "--no-pager", unit).splitlines()[-1]
        print(tree, verdict)
        assert float(verdict.rpartition(": ")[2].split()[0]) <= most, verdict


def test_nothing_runs_before_it_is_enabled(box: Box) -> None:
    found = box.says("systemctl", "list-unit-files", "--no-legend", "pymta*").splitlines()
    states = {line.split()[0]: line.split()[1] for line in found}
    assert set(states.values()) <= {"disabled", "static"}
    for unit in (*ENABLED, "pymta-submission.socket", "pymta-selfbound.service"):
        assert states[unit] == "disabled"


def test_enabling_the_service_brings_all_back_at_boot_that_it_is_useless_without(box: Box) -> None:
    box.run("systemctl", "enable", "pymta.service")
    wanted = box.says("systemctl", "list-dependencies", "--plain", "multi-user.target")
    for unit in ENABLED:
        assert unit in wanted
    box.run("systemctl", "disable", "pymta.service")
    for unit in ENABLED:
        assert box.run("systemctl", "is-enabled", unit, check=False).stdout == "disabled\n"


def test_presets_have_the_same_in_mind(box: Box) -> None:
    others = ("pymta-submission.socket", "pymta-submissions.socket", "pymta-selfbound.service")
    box.run("systemctl", "preset", *ENABLED, *others)
    for unit in ENABLED:
        assert box.says("systemctl", "is-enabled", unit) == "enabled"
    for unit in others:
        assert box.run("systemctl", "is-enabled", unit, check=False).stdout == "disabled\n"


def test_the_daemon_runs_on_the_systemd_and_the_python_of_its_tree(box: Box, tree: str) -> None:
    assert box.says("systemctl", "--version").startswith("systemd ")
    if tree == "257":
        assert box.says("systemctl", "--version").startswith("systemd 257 ")
        assert box.says("pymta", "version") == f"pymta {__version__}"
        launcher = box.says("cat", "/usr/bin/pymta")
        assert "/usr/bin/python3 -m" in launcher
        assert " 3.13." in box.says("/usr/bin/python3", "--version")


def test_mail_is_in_the_hands_of_a_user_without_a_shell(box: Box) -> None:
    assert box.says("getent", "passwd", "pymta").endswith(":/var/lib/pymta:/usr/sbin/nologin")
    assert box.says("stat", "-c", "%U:%G %a", "/var/lib/pymta") == "pymta:pymta 750"
    assert box.says("stat", "-c", "%U:%G %a", "/etc/pymta") == "root:root 755"
    assert box.says("stat", "-c", "%U:%G %a", "/etc/pymta/tls") == "root:root 700"


def test_an_empty_queue_starts_no_process(box: Box) -> None:
    box.run("systemctl", "start", "pymta-queue.service")
    assert box.says("systemctl", "show", "-P", "ConditionResult", "pymta-queue") == "no"
