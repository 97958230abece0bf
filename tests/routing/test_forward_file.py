"""What a .forward says."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.config.deliver import Deliver
from pymta.mail.address import Mailbox
from pymta.routing.forward_file import LONGEST, MOST_ADDRESSES, parse_forward
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


def test_a_user_without_a_domain_is_one_of_this_machine() -> None:
    assert parse_forward(b"bob") == (Whom(Mailbox("bob", "")),)
