"""The words between a delivery worker and the helper that runs as root."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.routing import forward_file
from pymta.routing.target import LONGEST_ITEM
from pymta.transport.local_request import (
    LONGEST_ANSWER,
    LONGEST_REQUEST,
    LONGEST_WHY,
    Answer,
    Deed,
    Failed,
    Forward,
    Nothing,
    PutOff,
    Request,
    Stored,
    decode_answer,
    decode_request,
    encode_answer,
    encode_request,
)
from pymta.transport.mailboxes import file_name

FILE = file_name("1wIcRd-000000012Tz-1abc", "alice@localhost")
ITEMS = (Deed.ITEM, Deed.ALIAS)
REQUEST = Request("alice", FILE, 4711, "s@example.org", "alice@localhost", Deed.STORE)
ANSWERS: st.SearchStrategy[Answer] = st.one_of(
    st.just(Stored()),
    st.just(Nothing()),
    st.builds(
        Failed,
        st.from_regex(r"5\.[0-9]{1,3}\.[0-9]{1,3}", fullmatch=True).filter(str.isascii),
        st.text(max_size=LONGEST_WHY),
    ),
    st.builds(PutOff, st.integers(0, 133), st.text(max_size=LONGEST_WHY)),
    st.builds(Forward, st.binary()),
)


@pytest.mark.parametrize("deed", Deed)
@pytest.mark.parametrize("sender", ["", '"a b"@example.org', "jörg@bücher.example"])
def test_a_request_is_understood(deed: Deed, sender: str) -> None:
    item = "|/usr/bin/vacation alice" if deed in ITEMS else ""
    request = Request("alice", FILE, 0, sender, "alice@localhost", deed, item)
    assert decode_request(encode_request(request)) == request
    assert request.id == "1wIcRd-000000012Tz-1abc"


@pytest.mark.parametrize("item", ["", "bob", "|", "~/x", "|a\nb", "|a\x1bb", "/" + "x" * 1001])
@pytest.mark.parametrize("deed", ITEMS)
def test_what_is_no_command_and_no_file_cannot_be_asked_for(deed: Deed, item: str) -> None:
    packet = encode_request(Request("alice", FILE, 0, "", "alice@localhost", deed, item))
    with pytest.raises(ValueError, match="not an item"):
        decode_request(packet)


@pytest.mark.parametrize("deed", [deed for deed in Deed if deed not in ITEMS])
def test_no_item_comes_with_a_deed_that_has_none(deed: Deed) -> None:
    packet = encode_request(Request("alice", FILE, 0, "", "alice@localhost", deed, "/x"))
    with pytest.raises(ValueError, match="not an item"):
        decode_request(packet)


def test_a_command_is_one_by_its_bar() -> None:
    request = replace(REQUEST, deed=Deed.ITEM, item="|/bin/cat")
    assert request.is_command
    assert not REQUEST.is_command
    assert not replace(request, item="/home/alice/x").is_command


def test_the_longest_request_fits_its_packet() -> None:
    long = f"{'é' * 256}@{'x' * 255}"
    request = Request("x" * 64, FILE, 1 << 40, long, long, Deed.ALIAS, "|" + "é" * LONGEST_ITEM)
    assert len(encode_request(request)) < LONGEST_REQUEST


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"alice", b"../alice"),
        (b"alice", b"-alice"),
        (b"alice", b"al\xffice"),
        (b"alice", b""),
        (FILE.encode(), b"../../.ssh/authorized_keys"),
        (FILE.encode(), b"." + FILE.encode()),
        (FILE.encode(), FILE.encode() + b"/x"),
        (b"4711", b"-1"),
        (b"4711", b"4_711"),
        (b"4711", b"9" * 20),
        (b"store", b"execute"),
        (b"s@example.org", b"s@example.org\n"),
        (b"s@example.org", b"\x1b@example.org"),
        (b"s@example.org", b"s@example.org\0"),
        (b"s@example.org", b"\xe4@example.org"),
        (b"s@example.org", "a\u2028b@example.org".encode()),
        (b"s@example.org", b"x" * 1001),
    ],
)
def test_nothing_can_be_named_that_is_no_account_and_no_message(old: bytes, new: bytes) -> None:
    packet = encode_request(REQUEST)
    assert old in packet
    with pytest.raises(ValueError, match=r"."):
        decode_request(packet.replace(old, new, 1))


@given(st.binary(max_size=400))
def test_any_other_packet_is_no_request(packet: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_request(packet)


@given(ANSWERS)
def test_an_answer_is_understood(answer: Answer) -> None:
    assert decode_answer(encode_answer(answer)) == answer


@given(st.binary(max_size=100))
def test_any_other_packet_is_no_answer(packet: bytes) -> None:
    try:
        answer = decode_answer(packet)
    except ValueError:
        return
    assert isinstance(answer, (Stored, PutOff, Forward, Nothing, Failed))


def test_the_largest_forward_file_fits_an_answer() -> None:
    assert len(encode_answer(Forward(b"x" * forward_file.LONGEST))) < LONGEST_ANSWER
