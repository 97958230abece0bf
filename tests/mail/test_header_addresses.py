"""Addresses in headers are replaced, and nothing else changes."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.headerregistry import AddressHeader

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.mail.address import Mailbox
from pymta.mail.edits import Edit, edited
from pymta.mail.header_addresses import LONGEST_LINE, HeaderKeeper, Side, edits_of

Blocks = list[bytes]


def longer(mailbox: Mailbox, _: Side) -> Mailbox:
    return Mailbox(f"{mailbox.local}.was.here", "new.example")


def changed(header: bytes, *, may_be_utf8: bool = False) -> bytes:
    return b"".join(edited([header], edits_of(header, longer, may_be_utf8=may_be_utf8)))


NEW = b".was.here@new.example"


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (b"From: a@b.example\r\n", b"From: a" + NEW + b"\r\n"),
        (
            b'fRoM : "a@b.example" <a@b.example> (a@b.example)\r\n',
            b'fRoM : "a@b.example" <a' + NEW + b"> (a@b.example)\r\n",
        ),
        (
            b"To: friends: a@b.example, Bob\r\n\t<c@d.example>;, =?utf-8?q?J=C3=B6?= <e@f.example>",
            b"To: friends: a" + NEW + b", Bob\r\n\t<c" + NEW + b">;, =?utf-8?q?J=C3=B6?= <e" + NEW
            + b">",
        ),
        (b'Cc: "a b"@c.example', b'Cc: "a b' + NEW[:9] + b'"' + NEW[9:]),
        (b"Cc: x@[192.0.2.1], y", b"Cc: x" + NEW + b", y" + NEW),
        (b"To: <@relay.example:a@b.example>", b"To: <@relay.example:a" + NEW + b">"),
        (b"To: alice\r\n", b"To: alice" + NEW + b"\r\n"),
        (b"To: \xff <a@b.example>\r\n", b"To: \xff <a" + NEW + b">\r\n"),
    ],
)  # fmt: skip
def test_only_the_address_changes(header: bytes, wanted: bytes) -> None:
    assert changed(header) == wanted


@pytest.mark.parametrize(
    "header",
    [
        b"Subject: a@b.example\r\nMessage-ID: <a@b.example>\r\nReceived: for <a@b.example>\r\n",
        b"To: a (c) @ b.example\r\n",
        b"To: <a@b.example\r\n",
        b"To: a@b.example@c.example\r\n",
        b"To: undisclosed-recipients:;\r\nCc:\r\n",
        b"To: \xff@b.example\r\n",
        b"hello\r\nTo: a@b.example\r\n",
        b"\r\nTo: a@b.example\r\n",
        b"",
    ],
)
def test_what_is_no_address_of_a_header_stays(header: bytes) -> None:
    assert changed(header) == header


def test_who_writes_and_who_reads_are_told_apart() -> None:
    seen: dict[str, Side] = {}

    def look(mailbox: Mailbox, side: Side) -> Mailbox:
        seen[mailbox.local] = side
        return mailbox

    header = (
        b"From: f@x\r\nSender: s@x\r\nReply-To: r@x\r\nResent-From: rf@x\r\n"
        b"To: t@x\r\nCC: c@x\r\nBcc: b@x\r\nResent-To: rt@x\r\n"
    )
    assert edits_of(header, look) == ()
    assert seen == dict.fromkeys(["f", "s", "r", "rf"], Side.SENDER) | dict.fromkeys(
        ["t", "c", "b", "rt"], Side.RECIPIENT
    )


def test_letters_beyond_ascii_stand_only_where_they_may() -> None:
    header = "To: <jörg@b.example>\r\n".encode()
    assert changed(header) == header
    assert changed(header, may_be_utf8=True) == "To: <jörg.was.here@new.example>\r\n".encode()


def test_a_line_that_would_be_too_long_is_folded_before_an_address() -> None:
    header = b"To: " + b", ".join(b"user%d@example.org" % n for n in range(50)) + b"\r\n"
    assert len(header) <= LONGEST_LINE
    made = changed(header)
    assert made.count(NEW) == 50
    assert max(map(len, made.split(b"\r\n"))) <= LONGEST_LINE
    assert made.replace(b"\r\n ", b"").count(b",") == 49


def test_where_no_fold_helps_the_address_stays() -> None:
    header = b"To: <a@b.example> (" + b"y" * 975 + b")\r\n"
    assert len(header) <= LONGEST_LINE
    assert changed(header) == header
    name = b'"' + b"n" * 970 + b'"'
    folded = changed(b"To: " + name + b" <a@b.example>\r\n")
    assert folded == b"To: " + name + b" \r\n <a" + NEW + b">\r\n"


# Whatever is written: what a reader sees is the same people with other addresses.

ATOM = st.text("abcXYZ09-", min_size=1, max_size=12)
PHRASE = st.sampled_from(["", "Bob", '"Smith, J."', "=?utf-8?q?J=C3=B6rg?=", "A B C"])
ADDRESS = st.builds("{}@{}.example".format, ATOM, st.text("abc", min_size=1, max_size=40))
GAP = st.sampled_from([", ", ",", ",\r\n ", ",\r\n\t", " ,\r\n  "])
COMMENT = st.sampled_from(["", " (a comment)", " (x@y.example)"])
NAMED = st.builds("{} <{}>{}".format, PHRASE, ADDRESS, COMMENT)
ITEM = NAMED | st.builds("{}{}".format, ADDRESS, COMMENT)
NAMES = st.sampled_from(["From", "To", "Cc", "X-Other"])


@st.composite
def headers(draw: st.DrawFn) -> bytes:
    lines = []
    for name in draw(st.lists(NAMES, max_size=3, unique=True)):
        items = draw(st.lists(ITEM, min_size=1, max_size=12))
        lines.append(f"{name}: {items[0]}" + "".join(draw(GAP) + item for item in items[1:]))
    return "".join(f"{line}\r\n" for line in lines).encode()


def people(header: bytes, name: str) -> list[tuple[str, str]]:
    field = message_from_bytes(header, policy=policy.default)[name]
    assert field is None or isinstance(field, AddressHeader)
    return [(one.display_name, one.addr_spec) for one in field.addresses] if field else []


@given(headers())
def test_readers_see_the_same_people_by_their_new_addresses(header: bytes) -> None:
    made = changed(header)
    assert max(map(len, made.split(b"\r\n"))) <= max(LONGEST_LINE, *map(len, header.split(b"\r\n")))
    assert not re.search(rb"\r\n[ \t]*\r\n", made)  # a line of blanks would end it for some
    for name in ("From", "To", "Cc"):
        before, after = people(header, name), people(made, name)
        wanted = [(shown, f"{a.rpartition('@')[0]}.was.here@new.example") for shown, a in before]
        assert after == wanted


@given(st.binary(max_size=200), st.sampled_from([b"To:", b"From: ", b""]))
def test_any_octets_are_survived_and_nothing_grows_a_field(text: bytes, name: bytes) -> None:
    header = name + text
    made = changed(header, may_be_utf8=True)
    fields = re.compile(rb"\n(?![ \t])")
    assert len(fields.findall(made)) == len(fields.findall(header))


@given(
    st.binary(max_size=60),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.text(max_size=4)), max_size=5),
    st.lists(st.integers(0, 20), max_size=20),
)
def test_edits_fall_on_their_octets_whatever_the_blocks(
    message: bytes, raw: list[tuple[int, int, str]], cuts: list[int]
) -> None:
    edits, at = [], 0
    for gap, length, text in raw:
        if at + gap + length <= len(message):
            edits.append(Edit(at + gap, length, text.encode("utf-8", "replace").decode()))
            at += gap + length
    wanted = message
    for edit in reversed(edits):
        wanted = wanted[: edit.at] + edit.text.encode() + wanted[edit.at + edit.length :]
    blocks, rest = Blocks(), message
    for cut in cuts:
        blocks.append(rest[:cut])
        rest = rest[cut:]
    assert b"".join(edited([*blocks, rest], edits)) == wanted
    assert len(wanted) == len(message) + sum(edit.growth for edit in edits)


@given(st.binary(max_size=80), st.lists(st.integers(1, 9), max_size=30))
def test_the_header_is_kept_up_to_the_empty_line(text: bytes, cuts: list[int]) -> None:
    message = text.replace(b"a", b"\r\n")
    keeper = HeaderKeeper(1000)
    rest = message
    for cut in cuts:
        keeper.feed(rest[:cut])
        rest = rest[cut:]
    keeper.feed(rest)
    if message.startswith(b"\r\n"):
        assert keeper.kept == b""
    else:
        head, end, _ = message.partition(b"\r\n\r\n")
        assert keeper.kept == (head + b"\r\n" if end else message)
