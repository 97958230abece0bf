"""Ports, interfaces, hosts and mailboxes as operators write them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.config.addresses import (
    is_host_name,
    is_local_part,
    parse_host,
    parse_interface,
    parse_name_server,
    parse_port,
)

SERVICES = {"smtp": 25, "submission": 587}


@pytest.mark.parametrize(
    ("text", "port"),
    [("25", 25), ("0x9dd", 2525), ("0X19", 25), ("031", 25), ("65535", 65535), ("submission", 587)],
)
def test_a_port_is_a_number_in_c_notation_or_a_service(text: str, port: int) -> None:
    """PT-01."""
    assert parse_port(text, SERVICES.get) == port


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("25x", "invalid SMTP port: 25x"),
        ("0", "invalid SMTP port: 0"),
        ("70000", "invalid SMTP port: 70000"),
        ("09", "invalid SMTP port: 09"),
        ("0x", "invalid SMTP port: 0x"),
        ("1_0", "invalid SMTP port: 1_0"),
        ("nosuchsvc", 'TCP port "nosuchsvc" not found'),
        ("", 'TCP port "" not found'),
        ("-1", 'TCP port "-1" not found'),
        ("\u0662\u0665", 'TCP port "\u0662\u0665" not found'),
    ],
)
def test_a_wrong_port_is_refused_in_the_classic_words(text: str, complaint: str) -> None:
    """PT-01, PT-04."""
    with pytest.raises(ValueError, match="port") as refusal:
        parse_port(text, SERVICES.get)
    assert str(refusal.value) == complaint


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("192.0.2.1", ("192.0.2.1", 0, "")),
        ("192.0.2.1.2525", ("192.0.2.1", 2525, "")),
        ("[192.0.2.1]:2525", ("192.0.2.1", 2525, "")),
        ("[192.0.2.1]", ("192.0.2.1", 0, "")),
        ("::0", ("::", 0, "")),
        ("::1.2525", ("::1", 2525, "")),
        ("[::1]:2525", ("::1", 2525, "")),
        ("[2001:db8::1]", ("2001:db8::1", 0, "")),
        ("fe80::1%lo", ("fe80::1", 0, "lo")),
        ("[fe80::1%lo]:25", ("fe80::1", 25, "lo")),
    ],
)
def test_an_interface_has_four_forms(text: str, found: tuple[str, int, str]) -> None:
    """IF-02."""
    address, port, zone = parse_interface(text)
    assert (str(address), port, zone) == found


@pytest.mark.parametrize(
    "text",
    ["", "localhost", "192.0.2", "192.0.2.300", "[::1", "[::1]:smtp", "::1.x", "1.2.3.4.5.6"],
)
def test_what_is_no_address_is_refused_in_the_classic_words(text: str) -> None:
    """IF-02."""
    with pytest.raises(ValueError, match="Malformed") as refusal:
        parse_interface(text)
    assert str(refusal.value) == f'Malformed IP address "{text}" in local_interfaces'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mail.example.org", ("mail.example.org", 25)),
        ("mail.example.org:587", ("mail.example.org", 587)),
        ("192.0.2.1:26", ("192.0.2.1", 26)),
        ("[2001:db8::1]:26", ("2001:db8::1", 26)),
        ("2001:db8::1", ("2001:db8::1", 25)),
        ("[192.0.2.1]", ("192.0.2.1", 25)),
    ],
)
def test_a_host_may_have_a_port(text: str, found: tuple[str, int]) -> None:
    assert parse_host(text, 25) == found


@pytest.mark.parametrize(
    "text", ["", "a b", "a:", "a:0", "a:70000", "[a]", "a/b", "-a", "a..b", ":25"]
)
def test_a_wrong_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="want"):
        parse_host(text, 25)


def test_a_name_server_is_an_address() -> None:
    assert parse_name_server("127.0.0.1:5353") == (ip_address("127.0.0.1"), 5353)
    assert parse_name_server("[::1]:53") == (ip_address("::1"), 53)
    assert parse_name_server("::1") == (ip_address("::1"), 53)
    with pytest.raises(ValueError, match="want the address of a name server"):
        parse_name_server("ns.example.org")


@pytest.mark.parametrize("text", ["user", "o_o", "a.b+c-d", "9", "a" * 64])
def test_a_mailbox_is_a_plain_name(text: str) -> None:
    assert is_local_part(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        ".a",
        "-a",
        "a/b",
        "A",
        "a" * 65,
        "ü" * 33,
        "Ü",
        "u\u0308",
        "☃",
        "\u00a0",
        "\u212a",
        "a\n",
        "a b",
        "a\x00",
    ],
)
def test_a_mailbox_is_never_a_path_or_an_option(text: str) -> None:
    assert not is_local_part(text)


def test_host_names() -> None:
    assert is_host_name("mail.example.org")
    assert is_host_name("a_b")
    assert not any(
        map(is_host_name, ["", ".", "a.", "a b", "ä", "a\n", "x" * 64, "a." * 127 + "b"])
    )


PARSERS: list[Callable[[str], Any]] = [
    lambda text: parse_port(text, SERVICES.get),
    lambda text: parse_host(text, 25),
    parse_interface,
    parse_name_server,
]


@given(st.text() | st.from_regex(r"[\[\]0-9a-f:.%]{0,30}"))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in PARSERS:
        with contextlib.suppress(ValueError):
            parse(text)
