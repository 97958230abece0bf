"""What the command that starts a supervisor leaves to it."""

from __future__ import annotations

import os

import pytest

from pymta.config.launch import Launch
from pymta.config.settings import Settings
from pymta.supervisor import birth
from pymta.supervisor.birth import Birth

SETTINGS = Settings(launch=Launch(uid=105, gid=8), generation=7)


def test_settings_arrive_and_the_variable_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """PV-01: root believes its own copy, not a file that another user may write."""
    fd = birth.leave_settings(SETTINGS)
    assert os.get_inheritable(fd)
    monkeypatch.setenv(birth.SETTINGS, str(fd))

    born = birth.take()

    assert born.settings == SETTINGS
    assert birth.SETTINGS not in os.environ
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_a_birth_without_a_legacy_is_an_ordinary_one() -> None:
    assert birth.take() == Birth()


@pytest.mark.parametrize(
    ("tell", "expected"),
    [
        (Birth.serves, birth.SERVES),
        (lambda born: born.failed("port 25 is taken"), b"port 25 is taken"),
    ],
    ids=["it serves", "it cannot"],
)
def test_who_waits_hears_once_how_it_went(
    monkeypatch: pytest.MonkeyPatch, tell: object, expected: bytes
) -> None:
    """BL-10"""
    read, write = os.pipe()
    os.set_inheritable(write, True)
    monkeypatch.setenv(birth.READINESS, str(write))
    born = birth.take()
    assert not os.get_inheritable(write)
    assert callable(tell)

    tell(born)
    born.serves()

    assert os.read(read, 100) == expected
    assert os.read(read, 100) == b""
    os.close(read)


def test_that_nobody_waits_any_more_is_no_harm() -> None:
    read, write = os.pipe()
    os.close(read)
    Birth(readiness=write).serves()
