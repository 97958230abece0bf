"""One value for all, or a table of networks; and nothing at all is a third thing."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

import pytest

from pymta.config.document import as_toml
from pymta.config.per_host import PerHost, PerHostTable, value_for
from tests.config.test_read import complaints, read


@pytest.mark.parametrize(
    ("setting", "address", "expected"),
    [
        (None, "192.0.2.7", None),
        (5, "192.0.2.7", 5),
        (0, "192.0.2.7", 0),
        ("", "192.0.2.7", None),
        ("5x", "192.0.2.7", "5x"),
        ({"192.0.2.0/24": 5}, "192.0.2.7", 5),
        ({"192.0.2.0/24": 5}, "198.51.100.1", None),
        ({"192.0.2.0/24": 5, "192.0.2.7/32": ""}, "192.0.2.7", None),
        ({"192.0.2.0/24": 5, "192.0.2.7/32": 0}, "192.0.2.7", 0),
        ({"*": 10, "192.0.2.0/24": 5}, "198.51.100.1", 10),
        ({"*": 10, "192.0.2.0/24": 5}, "2001:db8::1", 10),
        ({"0.0.0.0/0": 3, "*": 10}, "198.51.100.1", 3),
        ({"*": 10, "0.0.0.0/0": 3}, "198.51.100.1", 3),
        ({}, "192.0.2.7", None),
    ],
    ids=[
        "not set",
        "a number for all",
        "none for all",
        "as if not set",
        "a text",
        "in the network",
        "outside",
        "one host as if not set",
        "one host without a limit",
        "everybody else",
        "everybody else over IPv6",
        "all of IPv4 goes before everybody",
        "whatever their order",
        "an empty table",
    ],
)
def test_the_value_for_an_address(
    setting: PerHost, address: str, expected: int | str | None
) -> None:
    """LM-03"""
    assert PerHostTable(setting).value(ip_address(address)) == expected


def test_tables_are_read_in_either_way_toml_has(tmp_path: Path) -> None:
    file = tmp_path / "pymta.toml"
    file.write_text(
        'smtp_accept_max_per_host = { "192.0.2.7/24" = 5, "*" = "" }\n'
        "[smtp_active_hostname]\n"
        '"192.0.2.1" = "a.example.org"\n'
    )

    settings = read(file)

    assert settings.limits.smtp_accept_max_per_host == {"192.0.2.0/24": 5, "*": ""}
    assert settings.session.smtp_active_hostname == {"192.0.2.1/32": "a.example.org"}


def test_sizes_are_read_and_what_is_none_stays_for_the_hosts_it_is_for(tmp_path: Path) -> None:
    """CP-08: their calls fail, and nobody else's."""
    file = tmp_path / "pymta.toml"
    file.write_text(
        'message_size_limit = { "192.0.2.0/24" = "10M", "192.0.2.7" = "ten", "192.0.2.8" = "",'
        ' "*" = 0 }\n'
    )

    assert read(file).session.message_size_limit == {
        "192.0.2.0/24": 10 << 20,
        "192.0.2.7/32": "ten",
        "192.0.2.8/32": "",
        "*": 0,
    }


def test_one_question_is_answered_as_a_table_would() -> None:
    address = ip_address("192.0.2.7")
    settings: list[PerHost] = [None, "", 0, 5, "5x", {}, {"*": 3}, {"192.0.2.7/32": ""}]

    for setting in settings:
        assert value_for(setting, address) == PerHostTable(setting).value(address)


def test_a_table_reads_back_as_it_was_shown(tmp_path: Path) -> None:
    file = tmp_path / "pymta.toml"
    file.write_text('smtp_accept_max_per_host = { "2001:db8::/32" = 5, "*" = "5x" }\n')
    settings = read(file)
    file.write_text(as_toml(settings))

    assert read(file).limits == settings.limits


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "smtp_accept_max_per_host = -1",
            "found -1; want a whole number from 0 to 2147483647",
        ),
        ("smtp_accept_max_per_host = true", "found true; want a whole number"),
        (
            'smtp_accept_max_per_host = { "192.0.2.0/33" = 5 }',
            'found a table; in "192.0.2.0/33": want a network',
        ),
        (
            'smtp_accept_max_per_host = { "192.0.2.0/24" = [5] }',
            'found a table; in "192.0.2.0/24": want a whole number',
        ),
        (
            'smtp_active_hostname = "not a name"',
            'found "not a name"; want a host name',
        ),
        (
            'smtp_active_hostname = { "*" = "-" }',
            'found a table; in "*": want a host name',
        ),
        ("message_size_limit = -1", 'found -1; want a size such as "500K"'),
        ('message_size_limit = "ten"', 'found "ten"; want a size such as "500K"'),
        ("message_size_limit = { '*' = -1 }", 'found a table; in "*": want a size'),
        ("message_size_limit = { '*' = true }", 'found a table; in "*": want a size'),
        ("smtp_active_hostname = 5", "found 5; want a host name"),
    ],
)
def test_a_mistake_is_named_where_it_stands(text: str, expected: str, tmp_path: Path) -> None:
    """CP-04: a name that cannot be one never comes to a client, so no call fails over it."""
    (complaint,) = complaints(f"\n{text}\n", tmp_path)

    assert complaint.startswith(("pymta.toml:2: smtp_a", "pymta.toml:2: message_s"))
    assert expected in complaint


@pytest.mark.parametrize("value", ["0", '""', "{}", "3"])
def test_a_limit_per_host_needs_a_limit_for_all(value: str, tmp_path: Path) -> None:
    """ST-05: set, even to nothing."""
    said = complaints(f"smtp_accept_max = 0\nsmtp_accept_max_per_host = {value}\n", tmp_path)

    assert "smtp_accept_max must be set if" in said[0]
