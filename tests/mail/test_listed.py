"""Addresses in lists, and the place where a domain can be put behind each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.mail.listed import is_one_word, listed


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        (b"root", [b"root"]),
        (b" a@b.example ", [b"a@b.example"]),
        (b"a@b.example, c@d.example,,", [b"a@b.example", b"c@d.example"]),
        (b"Alice <alice@a.example>, bob (the builder)", [b"alice@a.example", b"bob"]),
        (b'"Smith, John" <js@a.example>', [b"js@a.example"]),
        (b'"j. doe"@a.example', [b'"j. doe"@a.example']),
        (b"<a@b.example>", [b"a@b.example"]),
        (b"root (Cron Daemon (nested) \\) )", [b"root"]),
        (b"friends: a@b.example, Bob <c@d.example>;, e@f.example", 3),
        (b"undisclosed-recipients:;", []),
        (b"\r\n a@b.example,\r\n\tc@d.example\r\n", [b"a@b.example", b"c@d.example"]),
        (b"<@relay.example:a@b.example>", [b"a@b.example"]),
        (b"a@[192.0.2.1], b@[IPv6:2001:db8::1]", [b"a@[192.0.2.1]", b"b@[IPv6:2001:db8::1]"]),
        ("Jörg <jörg@müller.example>".encode(), ["jörg@müller.example".encode()]),
        (b"", []),
    ],
)
def test_a_list_gives_its_addresses(text: bytes, addresses: list[bytes] | int) -> None:
    found = [one.address for one in listed(text)]

    assert found == addresses if isinstance(addresses, list) else len(found) == addresses


@pytest.mark.parametrize(
    "text",
    [b"Alice Smith", b"<a@b.example", b'"open', b"(open a@b.example", b"<a@b.example> more",
     b"<a@b.example> <c@d.example>", b"a@", b"<>", b"a b@c.example", b"<a>b@c.example",
     b"<a\r\nRCPT TO:<x@y.example>", b'"a"b@c.example', b"a@b\x00.example"],
)  # fmt: skip
def test_what_is_no_address_is_given_back_as_none(text: bytes) -> None:
    assert not [one.address for one in listed(text) if one.address]


@pytest.mark.parametrize(
    ("text", "completed"),
    [
        (b" root (Cron Daemon)", b" root@d (Cron Daemon)"),
        (b" Bob <bob>, c@e.example, dave", b" Bob <bob@d>, c@e.example, dave@d"),
        (b' "j d" , <"a@b">', b' "j d"@d , <"a@b"@d>'),
        (b" all: one, two;", b" all: one@d, two@d;"),
    ],
)
def test_a_domain_can_be_put_where_none_is(text: bytes, completed: bytes) -> None:
    for one in reversed(listed(text)):
        if one.address and not one.has_domain:
            text = text[: one.end] + b"@d" + text[one.end :]

    assert text == completed


@given(st.binary(max_size=200))
def test_no_text_breaks_out_of_a_command(text: bytes) -> None:
    """reliability.md, promise 10: nothing from outside reaches a command line unescaped."""
    for one in listed(text):
        if one.address:
            assert is_one_word(one.address)
            assert not set(one.address) & set(b"\r\n\x00")
            outside = one.address[one.address.rfind(b'"') + 1 :]
            assert not set(outside) & set(b"<> ")
