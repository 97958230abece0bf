"""`timezone`: a name that the system knows, and local time from then on."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from pymta.config.zone import adopt, is_zone


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "JST-9")
    monkeypatch.delenv("PYMTA_TZ", raising=False)
    yield
    os.environ.pop("PYMTA_TZ", None)
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    "name", ["UTC", "CET-1CEST", "EST5EDT,M3.2.0,M11.1.0", "<+0330>-3:30", "JST-9"]
)
def test_a_rule_is_known_without_any_file(name: str) -> None:
    assert is_zone(name)


@pytest.mark.parametrize(
    "name", ["Europe/Berln", "../../etc/passwd", "/etc/localtime", "Mars", "x y"]
)
def test_what_the_system_would_take_for_utc_without_a_word_is_none(name: str) -> None:
    assert not is_zone(name)


def test_local_time_is_that_of_the_setting_until_the_setting_goes() -> None:
    """A reload starts with the environment of the image before it."""
    adopt("")
    time.tzset()
    assert time.localtime(0).tm_hour == 9
    adopt("EST5")
    assert time.localtime(0).tm_hour == 19
    adopt("UTC")
    assert time.localtime(0).tm_hour == 0
    adopt("")
    assert time.localtime(0).tm_hour == 9
    assert os.environ["TZ"] == "JST-9"
