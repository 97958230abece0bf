"""Who may speak for others, in settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymta.config.complaints import ConfigError
from pymta.config.proxy import Proxy
from pymta.config.read import read_settings
from pymta.config.settings import Machine


def read(tmp_path: Path, text: str) -> Proxy:
    file = tmp_path / "pymta.toml"
    file.write_text(text)
    return read_settings(file, Machine(is_configured=True), login="").proxy


def test_nobody_speaks_for_others_unasked() -> None:
    assert Proxy().hosts_proxy == ()
    assert Proxy().hosts_xclient == ()


def test_proxies_and_gateways_are_addresses_and_networks(tmp_path: Path) -> None:
    text = """
hosts_proxy = ["192.0.2.0/24", "!192.0.2.9", "2001:db8::1"]
hosts_xclient = ["192.0.2.7", "2001:db8::/32"]
proxy_protocol_timeout = "5s"
"""
    read_one = read(tmp_path, text)

    assert read_one.hosts_proxy == ("192.0.2.0/24", "!192.0.2.9", "2001:db8::1")
    assert read_one.hosts_xclient == ("192.0.2.7", "2001:db8::/32")
    assert read_one.proxy_protocol_timeout == 5


@pytest.mark.parametrize("option", ["hosts_proxy", "hosts_xclient"])
@pytest.mark.parametrize("everybody", ["*", "0.0.0.0/0", "::/0", "!192.0.2.9"])
def test_not_everybody_may_claim_to_be_anybody(option: str, everybody: str, tmp_path: Path) -> None:
    """reliability.md, promise 6: it would be an open relay."""
    with pytest.raises(ConfigError, match=rf"toml:1: {option}: .* networks of your own"):
        read(tmp_path, f'{option} = ["192.0.2.7", "{everybody}"]')


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [
        ('hosts_proxy = ["proxy.example"]', "names are not asked"),
        ('hosts_xclient = ["*.example"]', "names are not asked"),
        ('hosts_proxy = "192.0.2.7"', "want a list"),
        ("proxy_protocol_timeout = 0", "want a time"),
    ],
)
def test_what_is_wrong_is_said(setting: str, wanted: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=wanted):
        read(tmp_path, setting)
