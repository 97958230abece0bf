"""The header of a message that a program wrote."""

from __future__ import annotations

import pytest

from pymta.submit.header import author, read_header


def completed(text: bytes, *, by: bytes = b"me@d.test") -> bytes:
    return read_header(text).completed(b"d.test", by)


def test_recipients_are_those_of_to_cc_and_bcc() -> None:
    header = read_header(
        b"To: a@x.test,\r\n b@x.test\r\nCC: c@x.test\r\nbcc : d@x.test\r\n\r\nTo: e\r\n"
    )

    assert [one.address for one in header.recipients()] == [
        b"a@x.test", b"b@x.test", b"c@x.test", b"d@x.test",
    ]  # fmt: skip


def test_a_header_as_long_as_it_may_be_is_read_in_one_pass() -> None:
    """A megabyte would take minutes if each line or letter cost as much as all before it."""
    header = read_header(b"To: " + b"x@y.test,\r\n " * 40_000 + b"x" * 400_000 + b"\r\n\r\n")

    assert len(header.recipients()) == 40_001


def test_a_message_sent_on_goes_to_whom_it_is_sent_on() -> None:
    """RFC 5322 s3.6.6"""
    header = read_header(b"Resent-To: new@x.test\r\nResent-From: me\r\nTo: old@x.test\r\n\r\n")

    assert [one.address for one in header.recipients()] == [b"new@x.test"]


def test_blind_copies_stay_blind() -> None:
    made = completed(
        b"From: me\r\nBcc: a@x.test,\r\n b@x.test\r\nResent-Bcc: c@x.test\r\nTo: d@x.test\r\n\r\n"
    )

    assert made == b"From: me@d.test\r\nTo: d@x.test\r\n"


def test_names_of_this_machine_become_addresses_and_the_rest_stays_as_it_is() -> None:
    made = completed(
        b"From: root (Cron Daemon)\r\nTo: root\r\nSubject: Cc: root\r\nX-To: root\r\n\r\n"
    )

    assert made == (
        b"From: root@d.test (Cron Daemon)\r\nTo: root@d.test\r\nSubject: Cc: root\r\nX-To: root\r\n"
    )


def test_from_is_made_where_there_is_none() -> None:
    by = author(b"me@d.test", 'A. "B" C')

    assert completed(b"Subject: x\r\n\r\n", by=by) == (
        b'Subject: x\r\nFrom: "A. \\"B\\" C" <me@d.test>\r\n'
    )
    assert author(b"me@d.test", "") == b"me@d.test"
    assert author(b"x@d.test", "Jörg").decode() == "=?utf-8?B?SsO2cmc=?= <x@d.test>"
    assert b"\r\nBcc" not in author(b"x@d.test", "a\r\nBcc: all@x.test")


def test_long_names_fit_into_encoded_words() -> None:
    """RFC 2047 s2: 75 letters each."""
    words = author(b"x@d.test", "ÄÖÜ🙂" * 20).split()[:-1]

    assert len(words) > 1
    assert all(len(word) <= 75 for word in words)


@pytest.mark.parametrize(
    ("text", "body"),
    [
        (b"To: a\r\n\r\nbody\r\n", b"body\r\n"),
        (b"hello there\r\nTo: a\r\n", b"hello there\r\nTo: a\r\n"),
        (b"\r\nTo: a\r\n", b"To: a\r\n"),
        (b" indented\r\n", b" indented\r\n"),
        (b"To: a\r\nno field\r\n\r\nx\r\n", b"no field\r\n\r\nx\r\n"),
        (b"From me Mon Jan  1 00:00:00 2026\r\nTo: a\r\n\r\nx\r\n", b"x\r\n"),
        (b"To: a\r\n", b""),
        (b"", b""),
    ],
)
def test_the_body_begins_where_the_header_ends(text: bytes, body: bytes) -> None:
    assert text[read_header(text).length :] == body


def test_a_from_field_with_a_blank_before_the_colon_is_no_line_of_a_mailbox_file() -> None:
    """RFC 5322 s4.5"""
    made = completed(b"From : bob@x.test\r\nTo: a@x.test\r\n\r\n")

    assert made == b"From : bob@x.test\r\nTo: a@x.test\r\n"
