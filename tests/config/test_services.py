"""Names of services are looked up, and those of mail are known anyway."""

from __future__ import annotations

import socket

import pytest

from pymta.config.services import _MAIL, port_of


def test_nobody_knows_a_name_that_does_not_exist() -> None:
    assert port_of("smtp") == 25
    assert port_of("no such service") is None
    assert port_of("nul\x00") is None
    assert port_of("ü\ud800") is None


@pytest.mark.parametrize("name", _MAIL)
def test_our_own_list_agrees_with_the_system_where_that_has_one(name: str) -> None:
    try:
        assert socket.getservbyname(name, "tcp") == _MAIL[name]
    except OSError:
        assert port_of(name) == _MAIL[name]
