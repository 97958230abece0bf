from __future__ import annotations

import os
import tempfile
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.channel.pair import make_pair
from pymta.channel.reach import Reach
from pymta.channel.words import (
    LONGEST,
    Attempted,
    Counted,
    Deliver,
    Done,
    Drain,
    Etrn,
    HandOn,
    Named,
    PolicyFailed,
    Proxied,
    Renewed,
    Serve,
    Short,
    Verdict,
    Word,
    decode,
    encode,
)
from pymta.load.reading import Load
from pymta.mail.caller import Endpoint, LocalCaller

IDS = st.from_regex(r"[0-9A-Za-z]{6}-[0-9A-Za-z]{11}-[0-9A-Za-z]{4}", fullmatch=True)
DOMAINS = st.from_regex(r"[a-z0-9.-]{0,255}", fullmatch=True)
SESSIONS = st.from_regex(r"[0-9A-Za-z-]{0,40}", fullmatch=True)
QUEUES = st.from_regex(r"([A-Za-z0-9_][A-Za-z0-9_.-]{0,63})?", fullmatch=True)
ENDS = st.builds(Endpoint, st.ip_addresses(), st.integers(0, 65535))
ROLES = st.from_regex(r"(smtp|submissions?|[!-9;-~ ]{0,240}-tls)", fullmatch=True)
UIDS = st.integers(0, 2**32 - 2)
LOCALS = st.builds(LocalCaller, UIDS, UIDS, st.integers(0, 2**22))
FIGURES = st.none() | st.floats(0, 1e6)
LOADS = st.builds(Load, FIGURES, FIGURES, FIGURES, FIGURES)
WORDS = st.one_of(
    st.builds(HandOn, IDS, DOMAINS, st.sampled_from([Reach.NEW, Reach.NO_SMTP]), QUEUES),
    st.builds(Short, st.text("ab =:", max_size=200)),
    st.builds(Etrn, st.from_regex(r"@?[a-z0-9.-]{0,255}", fullmatch=True)),
    st.builds(Done, st.integers(0, 255), st.booleans()),
    st.builds(
        Serve,
        *(ENDS, ENDS, st.integers(0, 4096), SESSIONS, LOADS, st.booleans(), ROLES),
        *(st.booleans(), st.booleans(), st.integers(0, 45)),
    ),
    st.builds(PolicyFailed, st.from_regex(r"policy_file:[a-z]{2,8}", fullmatch=True)),
    st.builds(Proxied, ENDS, ENDS),
    st.builds(Named, st.ip_addresses()),
    st.builds(Verdict, st.text("421 ab.;", max_size=200), st.booleans()),
    st.builds(
        Serve,
        *(LOCALS, st.none(), st.integers(0, 4096), SESSIONS, LOADS),
        role=st.just("local"),
        policy_is_out=st.booleans(),
        family=st.integers(0, 45),
    ),
    st.builds(Deliver, IDS, st.sampled_from(Reach)),
    st.builds(Attempted, IDS),
    st.builds(Counted, st.integers(0, 10**9), st.integers(0, 10**9)),
    st.builds(Renewed),
    st.just(Drain()),
)


@given(WORDS)
def test_a_word_arrives_as_it_was_said(word: Word) -> None:
    packet = encode(word)

    assert decode(packet) == word
    assert len(packet) <= LONGEST


def test_a_child_that_knows_no_queues_is_understood() -> None:
    """It was born before an upgrade."""
    assert decode(b"Hid remote.example") == HandOn("id", "remote.example")


@pytest.mark.parametrize("packet", [b"", b"Z", b"E", b"Enine", b"H\xff"])
def test_a_packet_that_is_no_word_is_a_bug_of_ours(packet: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a channel|invalid literal|can't decode"):
        decode(packet)


def test_a_child_of_an_older_version_is_understood() -> None:
    """It lives on through a reload into ours (HU-04)."""
    assert decode(b"H1aaaaa-00000000001-0000 far.example") == HandOn(
        "1aaaaa-00000000001-0000", "far.example"
    )
    assert decode(b"R0") == Done(0, stays=True)


def test_a_line_for_the_log_is_cut_before_it_is_too_long() -> None:
    assert len(encode(Short("x" * 1000))) == LONGEST


def test_the_end_of_a_channel_is_heard_behind_the_last_word() -> None:
    ours, theirs = make_pair()
    theirs.say(Attempted("id"))
    theirs.close()

    assert ours.hear() == Attempted("id")
    assert ours.hear() is None
    ours.close()


def test_a_descriptor_travels_with_its_word() -> None:
    ours, theirs = make_pair()
    word = Serve(Endpoint(ip_address("192.0.2.7"), 40112), Endpoint(ip_address("::1"), 25), 3)
    with tempfile.TemporaryFile() as file:
        file.write(b"the connection")
        file.flush()
        assert ours.give(word, file.fileno())

    heard, fd = theirs.take()

    assert heard == word
    assert os.pread(fd, 100, 0) == b"the connection"
    assert not os.get_inheritable(fd)
    os.close(fd)
    ours.close()
    assert theirs.take() == (None, -1)
    theirs.close()


def test_nobody_waits_for_a_parent_that_does_not_listen() -> None:
    ours, theirs = make_pair()

    said = 0
    while theirs.say(HandOn("1234567890abcdef-1234")):
        said += 1

    assert said > 10
    ours.close()
    assert not theirs.say(Done(0))
    theirs.close()
