"""`systemctl reload pymta`: another configuration in the same process, and nobody turned away."""

from __future__ import annotations

import pytest

from tests.doubles.box import Box
from tests.systemd import mta
from tests.systemd.ordeal import UNITS
from tests.systemd.trees import ON_252, ON_BOTH

pytestmark = [pytest.mark.root, ON_252]

HEAR = 'exec 3<>/dev/tcp/127.0.0.1/25 && read -r -t 60 line <&3 && echo "$line"'


@pytest.fixture
def serving(box: Box) -> Box:
    mta.settings(box, 'smtp_banner = "first ESMTP"\n')
    box.run("systemctl", "start", "pymta.service")
    return box


@ON_BOTH
def test_under_a_loop_of_callers_nobody_is_refused(serving: Box) -> None:
    """Checks 8 and 11: when the command returns the new settings serve, in the same process."""
    pid = mta.shows(serving, "MainPID")
    loop = mta.Loop(serving)
    for name in ("second", "third", "fourth", "fifth"):
        mta.settings(serving, f'smtp_banner = "{name} ESMTP"\n')
        serving.run("systemctl", "reload", "pymta")
        assert mta.greeting(serving) == f"220 {name} ESMTP"
    results = loop.end()
    assert set(results) == {"served"}, results
    assert results["served"]
    assert mta.shows(serving, "MainPID") == pid
    assert mta.shows(serving, "ActiveState") == "active"


def test_a_session_goes_on_through_it(serving: Box) -> None:
    talk = mta.Talk(serving)
    assert talk.say("EHLO client.example").startswith("250")
    assert talk.say("MAIL FROM:<a@example.org>").startswith("250")
    mta.settings(serving, 'smtp_banner = "second ESMTP"\n')
    serving.run("systemctl", "reload", "pymta")
    assert talk.say("RCPT TO:<user@localhost>").startswith("250")
    assert talk.say("DATA").startswith("354")
    talk.send("Subject: through a reload\n\nbody")
    assert talk.say(".").startswith("250")
    assert talk.say("QUIT").startswith("221")
    talk.end()
    (mail,) = mta.wait_for_mail(serving)
    assert "Subject: through a reload" in mail


@ON_BOTH
def test_wrong_settings_are_named_and_change_nothing(serving: Box) -> None:
    """Check 12"""
    pid = mta.shows(serving, "MainPID")
    mta.settings(serving, 'smtp_banner = "second ESMTP"\nsmtp_accept_maximum = 1\n')
    failed = serving.run("systemctl", "reload", "pymta", check=False)
    assert failed.returncode != 0
    told = serving.says("journalctl", "--no-pager", "-u", "pymta", "-o", "cat")
    assert "/etc/pymta/pymta.toml" in told
    assert "smtp_accept_maximum" in told
    assert mta.greeting(serving) == "220 first ESMTP"
    assert mta.shows(serving, "MainPID") == pid
    assert mta.shows(serving, "ActiveState") == "active"
    mta.settings(serving, 'smtp_banner = "third ESMTP"\n')
    serving.run("systemctl", "reload", "pymta")
    assert mta.greeting(serving) == "220 third ESMTP"


@pytest.mark.parametrize("unit", UNITS)
def test_upgrades_take_over_with_a_reload(box: Box, unit: str) -> None:
    """The old version's directory is gone, as after packaging/install; a session goes on."""
    box.run("systemctl", "start", unit)
    pid = mta.shows(box, "MainPID", unit)
    talk = mta.Talk(box)
    assert talk.say("EHLO client.example").startswith("250")
    for version in ("9.8", "9.9"):
        mta.upgrade(box, f's/^__version__ = .*/__version__ = "{version}"/', "__init__.py")
        box.run("systemctl", "reload", unit)
        told = box.says("journalctl", "--no-pager", "-u", unit, "-o", "cat")
        assert f"pymta {version} daemon started: pid={pid}" in told
        assert f"ESMTP pymta {version} " in mta.greeting(box)
        assert "; 1/" in mta.shows(box, "StatusText", unit)
        assert talk.say("NOOP").startswith("250")
    assert mta.shows(box, "MainPID", unit) == pid
    assert talk.say("QUIT").startswith("221")
    talk.end()


@pytest.mark.parametrize("unit", UNITS)
def test_a_start_with_wrong_settings_heals_and_refuses_nobody(box: Box, unit: str) -> None:
    """Check 12: whoever calls in the meantime waits, where nobody touches the socket."""
    box.write(f"/etc/systemd/system/{unit}.d/quick.conf", "[Service]\nRestartSec=200ms\n")
    box.run("systemctl", "daemon-reload")
    box.run("systemctl", "start", unit)
    mta.settings(box, "smtp_banner = 3\n")
    box.run("systemctl", "restart", unit, check=False)
    waiting = box.start("bash", "-c", HEAR)
    box.wait_until("it has tried again", lambda: int(mta.shows(box, "NRestarts", unit)) > 1)
    mta.settings(box, 'smtp_banner = "mended ESMTP"\n')
    assert waiting.communicate()[0].strip() == "220 mended ESMTP"
    if unit == UNITS[0]:
        assert mta.shows(box, "ActiveState", "pymta.socket") == "active"
