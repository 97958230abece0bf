"""Paths of MAIL and RCPT: what is taken, how it is written back, what is refused."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pymta.mail.address import BadPath, Mailbox, Path, literal_address, parse_mailbox, parse_path
from pymta.mail.letters import is_safe

GOOD = {
    b"<a@b.example>": "a@b.example",
    b"  <a@b.example>": "a@b.example",
    b"<A.b+c=d@B.Example>": "A.b+c=d@B.Example",
    b"<@x.example,@y.example:a@b.example>": "a@b.example",
    b"<@[192.0.2.1]:a@b.example>": "a@b.example",
    b'<"a b"@b.example>': '"a b"@b.example',
    b'<"a>b"@b.example>': '"a>b"@b.example',
    b'<"a\\"b\\\\"@b.example>': '"a\\"b\\\\"@b.example',
    b'<"plain"@b.example>': "plain@b.example",
    b'<"a..b"@b.example>': '"a..b"@b.example',
    b"<a@[192.0.2.1]>": "a@[192.0.2.1]",
    b"<a@[IPv6:2001:db8::1]>": "a@[IPv6:2001:db8::1]",
    b"<a@under_score.example>": "a@under_score.example",
    b"<postmaster>": "postmaster",
    b"<" + b"a" * 64 + b"@b.example>": "a" * 64 + "@b.example",
    "<jörg@bücher.example>".encode(): "jörg@bücher.example",
    "<用户@例子.广告>".encode(): "用户@例子.广告",
    '<"ä b"@b.example>'.encode(): '"ä b"@b.example',
    "<a@BÜCHER.example>".encode(): "a@BÜCHER.example",
}

BAD = [
    b"",
    b"a@b.example",
    b"<a@b.example",
    b"<a@b@c.example>",
    b"<a@>",
    b"<@b.example>",
    b"<a.@b.example>",
    b"<.a@b.example>",
    b"<a..b@b.example>",
    b"<a b@c.example>",
    b'<"a@b.example>',
    b'<""@b.example>',
    b'<"a"b@c.example>',
    b"<a@-b.example>",
    b"<a@b-.example>",
    b"<a@b..example>",
    b"<a@b.example.>",
    b"<a@.b.example>",
    b"<a@[192.0.2.256]>",
    b"<a@[192.0.2.1>",
    b"<a@[IPv6:::g]>",
    b"<a@[example]>",
    b"<a\r\n@b.example>",
    b"<a\x00@b.example>",
    b"<a\x7f@b.example>",
    b'<"a\x1b"@b.example>',
    b"<\xe4@b.example>",
    b"<\xed\xa0\x80@b.example>",
    b"<\xc2\x85@b.example>",
    b"<\xe2\x80\xa8@b.example>",
    b"<\xef\xbf\xbf@b.example>",
    b"<" + b"\xc3\xa4" * 33 + b"@b.example>",
    b"<a@b\xe4.example>",
    b"<a@\xe2\x98\x83.example>",
    b"<a@\xe2\x84\xaa.example>",
    b"<a@\xe3\x80\x82.example>",
    b"<a@" + b"\xc3\xa4" * 60 + b".example>",
    b"<" + b"a" * 65 + b"@b.example>",
    b"<a@" + b"b" * 64 + b".example>",
    b"<a@" + b"b.example." * 30 + b"example>",
    b"< >",
]


@pytest.mark.parametrize("written", GOOD)
def test_good_paths_come_out_as_they_are_kept(written: bytes) -> None:
    path = parse_path(written + b" SIZE=1")

    assert isinstance(path, Path)
    assert str(path.mailbox) == GOOD[written]
    assert path.rest == b" SIZE=1"


@pytest.mark.parametrize("written", BAD)
def test_bad_paths_are_refused(written: bytes) -> None:
    assert isinstance(parse_path(written), BadPath)


def test_the_null_path_has_no_mailbox() -> None:
    assert parse_path(b"<> SIZE=1") == Path(None, b" SIZE=1")


def test_only_the_domain_ignores_case_when_compared() -> None:
    assert Mailbox("a", "B.Example").key == Mailbox("a", "b.example").key
    assert Mailbox("A", "b.example").key != Mailbox("a", "b.example").key


def test_a_domain_is_the_same_in_letters_and_as_the_dns_knows_it() -> None:
    assert Mailbox("a", "BÜCHER.example").key == Mailbox("a", "xn--bcher-kva.Example").key
    assert Mailbox("a", "fuß.example").key != Mailbox("a", "fuss.example").key


@pytest.mark.parametrize(
    ("written", "old"),
    [
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a@B.example", "a@B.example"),
        ("a@[192.0.2.1]", "a@[192.0.2.1]"),
        ("jörg@b.example", "None"),
    ],
)
def test_an_old_server_gets_the_address_where_ascii_can_name_it(written: str, old: str) -> None:
    mailbox = parse_mailbox(written)

    assert isinstance(mailbox, Mailbox)
    assert str(mailbox.for_old_servers) == old


@given(st.binary(max_size=80))
@example(b'<"\\a"@b.example>')
@example(b"<@a:@b:c@d.example>")
def test_what_is_accepted_reads_back_to_itself(octets: bytes) -> None:
    """reliability D.2: never accept an address that does not re-serialise to itself."""
    path = parse_path(b"<" + octets + b">")
    if isinstance(path, Path) and path.mailbox:
        text = str(path.mailbox)
        assert is_safe(text)
        assert not text.isascii() or text.isprintable()
        assert parse_mailbox(text) == path.mailbox


@given(st.text('ab."\\@<>[]: ,', max_size=20))
def test_any_mix_of_the_special_characters_is_read_or_refused(text: str) -> None:
    path = parse_path(b"<" + text.encode() + b">")
    if isinstance(path, Path) and path.mailbox:
        assert parse_mailbox(str(path.mailbox)) == path.mailbox


@pytest.mark.parametrize(
    ("domain", "address"),
    [
        ("[192.0.2.1]", "192.0.2.1"),
        ("[IPv6:2001:DB8::1]", "2001:db8::1"),
        ("[ipv6:::ffff:192.0.2.1]", "192.0.2.1"),
        ("[2001:db8::1]", None),
        ("[IPv6:fe80::1%eth0]", None),
        ("192.0.2.1", None),
    ],
)
def test_address_literals(domain: str, address: str | None) -> None:
    found = literal_address(domain)

    assert (str(found) if found else None) == address
