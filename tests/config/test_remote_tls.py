"""How much TLS a host gets, in the words of settings."""

from __future__ import annotations

import pytest

from pymta.config.remote_tls import TlsPerDomain, TlsWish, entry_for, parse_tls

TABLE = {
    "example.org": "encrypt",
    "*.example.org": "verify",
    "*.a.example.org": "none",
    "[192.0.2.1]": "may",
    "*": "dane-only",
}


@pytest.mark.parametrize(
    ("domain", "key"),
    [
        ("example.org", "example.org"),
        ("EXAMPLE.org", "example.org"),
        ("x.example.org", "*.example.org"),
        ("a.example.org", "*.example.org"),
        ("x.y.a.example.org", "*.a.example.org"),
        ("myexample.org", "*"),
        ("[192.0.2.1]", "[192.0.2.1]"),
        ("[192.0.2.2]", "*"),
    ],
)
def test_the_closest_entry_wins(domain: str, key: str) -> None:
    assert entry_for(TABLE, domain) == (key, TABLE[key])


def test_one_word_is_for_everybody_and_what_is_in_no_entry_is_auto() -> None:
    assert entry_for("encrypt", "example.org") == ("", "encrypt")
    assert entry_for({"example.net": "none"}, "example.org") == ("", "auto")


def test_names_come_with_verify() -> None:
    assert parse_tls("verify") == TlsWish("verify")
    wish = parse_tls("verify  MX.example.org *.example.net")
    assert wish == TlsWish("verify", ("mx.example.org", "*.example.net"))


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("", 'want "none", "may"'),
        ("dane", 'want "auto", or "dane-only"'),
        ("secure", 'want "verify"'),
        ("may example.org", 'names stand with "verify" only'),
        ("verify a_b!", '"a_b!" is no name of a host'),
        (True, 'want "none", "may"'),
        ({"example.org": 1}, 'in "example.org": want "none", "may"'),
        ({"a b": "may"}, 'in "a b": want a domain such as'),
        ({"[192.0.2]": "may"}, 'in "[192.0.2]": want a domain such as'),
    ],
)
def test_a_mistake_is_told_with_what_would_be_right(value: object, wanted: str) -> None:
    with pytest.raises(ValueError, match=r"want|names stand|is no name") as refusal:
        TlsPerDomain().read(value)
    assert str(refusal.value).startswith(wanted)


def test_a_table_is_read_as_the_dns_knows_its_domains() -> None:
    table = {"Example.ORG": "may", "*.Bücher.example": "verify", "*": "auto", "[::1]": "none"}
    read = {"example.org": "may", "*.xn--bcher-kva.example": "verify", "*": "auto", "[::1]": "none"}
    assert TlsPerDomain().read(table) == read
