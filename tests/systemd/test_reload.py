"""`systemctl reload pymta`: another configuration in the same process, and nobody turned away."""

from __future__ import annotations

import pytest

from tests.doubles.box import Box
from tests.systemd import mta
from tests.systemd.trees import ON_BOTH

pytestmark = [pytest.mark.root, ON_BOTH]


@pytest.fixture
def serving(box: Box) -> Box:
    mta.settings(box, 'smtp_banner = "first ESMTP"\n')
    box.run("systemctl", "start", "pymta.service")
    return box


def test_under_a_loop_of_callers_nobody_is_refused(serving: Box) -> None:
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


def test_wrong_settings_are_named_and_change_nothing(serving: Box) -> None:
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


def test_an_upgrade_takes_over_with_a_reload(serving: Box) -> None:
    """The old version's directory is gone, as after packaging/install."""
    mta.upgrade(serving, 's/^__version__ = .*/__version__ = "9.9"/', "__init__.py")
    serving.run("systemctl", "reload", "pymta")
    told = serving.says("journalctl", "--no-pager", "-u", "pymta", "-o", "cat")
    assert "pymta 9.9 daemon started" in told
    assert mta.greeting(serving) == "220 first ESMTP"


def test_a_start_with_wrong_settings_heals_without_a_touch_of_the_socket(serving: Box) -> None:
    serving.write("/etc/systemd/system/pymta.service.d/quick.conf", "[Service]\nRestartSec=200ms\n")
    serving.run("systemctl", "daemon-reload")
    mta.settings(serving, "smtp_banner = 3\n")
    serving.run("systemctl", "restart", "pymta", check=False)
    assert mta.shows(serving, "ActiveState", "pymta.socket") == "active"
    mta.settings(serving, 'smtp_banner = "mended ESMTP"\n')
    assert mta.greeting(serving) == "220 mended ESMTP"
