"""What a .forward says."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.config.deliver import Deliver
from pymta.mail.address import Mailbox
from pymta.routing.forward_file import LONGEST, MOST_ADDRESSES, parse_forward, with_lists
from pymta.routing.target import Unusable, Whom, is_item


def targets(text: str) -> list[str]:
    found = parse_forward(text.encode())
    assert not isinstance(found, Unusable), found
    return [
        ("\\" if one.is_final else "") + str(one.mailbox) if isinstance(one, Whom) else str(one)
        for one in found
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", []),
        ("\n  \n# only words\n , ,\n", []),
        ("bob", ["bob"]),
        ("bob@example.org\r\n", ["bob@example.org"]),
        ("bob, carol@example.org,\\alice\n", ["bob", "carol@example.org", "\\alice"]),
        ('"\\alice", "bob"', ["\\alice", "bob"]),
        ("\\alice@example.org", ["\\alice@example.org"]),
        ('"dave smith"@example.org', ['"dave smith"@example.org']),
        ('"a,b"@example.org, c', ['"a,b"@example.org', "c"]),
        ("Erin <erin@example.org>", ["erin@example.org"]),
        ('"Smith, Erin" <erin@example.org>', ["erin@example.org"]),
        ("<erin@example.org>", ["erin@example.org"]),
        ("bob # my brother\n  # carol\n", ["bob"]),
        ("bob,#carol", ["bob"]),
        ("a#b@example.org", ["a#b@example.org"]),
        ('"#bob"@example.org', ["#bob@example.org"]),
        ('"|/usr/bin/vacation alice, bob"', ["|/usr/bin/vacation alice, bob"]),
        ("bob\n| cat", ["bob", "|cat"]),
        ("/dev/null", [":blackhole:"]),
        ('"/home/alice/mbox", /home/alice/in/', ["/home/alice/mbox", "/home/alice/in/"]),
    ],
)
def test_addresses_stand_on_lines_or_between_commas(text: str, wanted: list[str]) -> None:
    assert targets(text) == wanted


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("~/mbox", "line 1: '~/mbox': want a path from the root, such as /home/alice/mbox"),
        (":include:/home/alice/list", "line 1: :include:/home/alice/list is not supported"),
        (":fail: gone, for good", "line 1: :fail: gone, for good is not supported"),
        ("# Exim filter\nif error_message then", "Exim filters are not supported"),
        ("#Sieve filter\nkeep;", "Sieve filters are not supported"),
        ("bob carol", "line 1: 'bob carol' is no address: malformed local part"),
        ("bob@", "line 1: 'bob@' is no address: malformed domain"),
        ('bob\n"carol', "line 2: '\"carol' is no address: malformed local part"),
    ],
)
def test_what_is_no_address_is_never_taken_for_one(text: str, why: str) -> None:
    assert parse_forward(text.encode()) == Unusable(why)


@pytest.mark.parametrize(
    ("allowed", "why"),
    [
        (Deliver(forbid_pipe=True), "line 2: commands are not allowed here (forbid_pipe)"),
        (Deliver(forbid_file=True), "line 3: files are not allowed here (forbid_file)"),
    ],
)
def test_an_operator_may_forbid_what_is_no_address(allowed: Deliver, why: str) -> None:
    content = b"bob\n|cat\n/home/alice/inbox\n"
    assert parse_forward(content, allowed) == Unusable(why)
    assert not isinstance(parse_forward(content), Unusable)


def test_a_list_of_addresses_has_an_end() -> None:
    many = "\n".join(f"u{n}" for n in range(MOST_ADDRESSES))
    assert len(targets(many)) == MOST_ADDRESSES
    assert isinstance(parse_forward(f"{many}\none.more".encode()), Unusable)


@given(st.binary(max_size=200) | st.text('ab@."\\,<>#|/:~() \n\r\t', max_size=60).map(str.encode))
def test_whatever_it_holds_the_answer_is_addresses_or_a_reason(content: bytes) -> None:
    match parse_forward(content):
        case Unusable(why):
            assert why
        case found:
            for target in found:
                assert str(target).isprintable()
                assert is_item(str(target)) != isinstance(target, Whom)


@pytest.mark.parametrize("piece", ['"', "<", "\\", ",", "#", '"\\', "a<", " #", "|", "("])
def test_the_worst_file_takes_no_longer_than_any(piece: str) -> None:
    began = time.process_time()
    parse_forward(piece.encode() * (LONGEST // len(piece)))
    assert time.process_time() - began < 1


LISTS = {
    "/home/alice/list": (
        b"carol@example.org,\n# nobody\n" + rb'''"|/usr/bin/vacation 'a, \"b\"'"''' + b"\r\n"
    ),
    "/home/alice/files": b'"/home/alice/in box/", \\alice, "dave smith"@example.org\n/dev/null',
    "/empty": b"# nobody\n",
    "/nested": b"bob\n:include:/home/alice/list\n",
    "/wrong": b"bob\nc d\n",
    "/fails": b":fail: gone",
    "/octets": b"\xff",
    "/many": b"u@example.org\n" * 3000,
}


def read(path: str) -> bytes | Unusable:
    return LISTS.get(path) or Unusable(f"{path} cannot be read")


def test_lists_stand_in_place_of_their_names() -> None:
    text = b"bob\n:include:/home/alice/list, eve\n:include:/home/alice/files\n"
    whole = with_lists(text, read)
    assert isinstance(whole, bytes)
    assert targets(whole.decode()) == [
        "bob",
        "carol@example.org",
        "|/usr/bin/vacation 'a, \"b\"'",
        "eve",
        "/home/alice/in box/",
        "\\alice",
        '"dave smith"@example.org',
        ":blackhole:",
    ]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("/nowhere", "/nowhere cannot be read"),
        ("/empty", "/empty names nobody"),
        ("/nested", "/nested:2: :include:/home/alice/list is not supported"),
        ("/wrong", "/wrong:2: 'c d' is no address: malformed local part"),
        ("/fails", "/fails:1: :fail: gone is not supported"),
        ("/octets", "/octets holds octets that are not ASCII"),
        ("list", ":include: wants a path from the root, not 'list'"),
    ],
)
def test_a_list_that_cannot_be_used_is_told_with_its_place(name: str, why: str) -> None:
    assert with_lists(f"bob\n:include:{name}".encode(), read) == Unusable(f"line 2: {why}")


def test_lists_have_an_end_together() -> None:
    assert isinstance(with_lists(b":include:/many", read), Unusable)


@pytest.mark.parametrize(
    "text", [b"bob, c d", b"\xff:include:/empty", b"#sieve filter :include:/x"]
)
def test_what_names_no_list_stays_as_it_stands(text: bytes) -> None:
    assert with_lists(text, read) == text


@given(st.text('ab@."\\,<>#|/:~() \n', max_size=60))
def test_a_text_with_lists_says_what_it_says_without(text: str) -> None:
    whole = with_lists(f"{text}\n:include:/home/alice/list".encode(), read)
    alone = parse_forward(text.encode())
    if isinstance(whole, bytes) and not isinstance(alone, Unusable):
        assert targets(whole.decode())[: len(alone)] == targets(text)


def test_a_user_without_a_domain_is_one_of_this_machine() -> None:
    assert parse_forward(b"bob") == (Whom(Mailbox("bob", "")),)
