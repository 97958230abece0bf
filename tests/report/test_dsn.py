"""Bounces, read back with the standard library and held against the RFCs."""

from __future__ import annotations

import re
from dataclasses import replace
from email import message_from_bytes
from email.message import Message
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.report.dsn import Report, compose
from pymta.report.failure import UNKNOWN_STATUS, Failure, is_told, parse_failure
from pymta.report.headers import LONGEST, header_of
from pymta.report.mime import LONGEST_LINE
from pymta.report.returned import Returned
from pymta.report.told import Told, told
from pymta.spool.outcomes import FAILED

REMOTE = Failure(
    "5.1.1",
    "SMTP error from remote mail server after RCPT TO:<r@example.org>: 550 5.1.1 no such user",
    "mx.example.org [192.0.2.1]:2525",
)
OURS = Failure("5.1.2", "domain gone.example does not exist")
HEADER = b"Received: by us\r\nSubject: hello\r\n"
REPORT = Report(
    hostname="mail.example.net",
    id="1wIcRe-000000012Tz-0002",
    about="1wIcRe-000000012Tz-0001",
    sender="s@example.com",
    date="Sun, 22 Nov 2026 16:00:00 +0000",
    arrived="Sun, 22 Nov 2026 15:58:00 +0000",
    told=(told("r@example.org", FAILED, str(REMOTE)), told("q@gone.example", FAILED, str(OURS))),
    returned=Returned(HEADER),
)


def read(report: Report) -> tuple[Message, list[Message]]:
    message = message_from_bytes(compose(report))
    assert message.defects == []
    parts = message.get_payload()
    assert isinstance(parts, list)
    return message, [part for part in parts if isinstance(part, Message)]


def test_a_bounce_is_a_report_of_three_parts() -> None:
    """RFC 6522 s3: multipart/report, report-type, a part for people, the status, the header."""
    message, parts = read(REPORT)
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "delivery-status"
    assert [part.get_content_type() for part in parts] == [
        "text/plain",
        "message/delivery-status",
        "text/rfc822-headers",
    ]


def test_its_header_is_that_of_an_automatic_message() -> None:
    """RFC 3834 s5, RFC 5322 s3.6: the required fields, each once."""
    message = message_from_bytes(compose(REPORT), policy=default)
    assert message["From"] == "Mail Delivery System <Mailer-Daemon@mail.example.net>"
    assert message["To"].addresses[0].addr_spec == "s@example.com"
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["Date"].datetime.year == 2026
    assert message["Message-ID"] == "<E1wIcRe-000000012Tz-0002@mail.example.net>"
    assert message["MIME-Version"] == "1.0"


def test_the_status_has_the_required_fields_for_each_recipient() -> None:
    """RFC 3464 s2.2.2, s2.3.2, s2.3.3, s2.3.4."""
    _, (_, status, _) = read(REPORT)
    blocks = status.get_payload()
    assert isinstance(blocks, list)
    per_message, first, second = (
        dict(block.items()) for block in blocks if isinstance(block, Message)
    )
    assert per_message == {
        "Reporting-MTA": "dns; mail.example.net",
        "Arrival-Date": "Sun, 22 Nov 2026 15:58:00 +0000",
    }
    assert first == {
        "Final-Recipient": "rfc822; r@example.org",
        "Action": "failed",
        "Status": "5.1.1",
        "Remote-MTA": "dns; mx.example.org",
        "Diagnostic-Code": "smtp; 550 5.1.1 no such user",
    }
    assert second == {
        "Final-Recipient": "rfc822; q@gone.example",
        "Action": "failed",
        "Status": "5.1.2",
    }


def test_who_was_given_up_for_his_time_has_what_the_host_said_last() -> None:
    """RFC 3461 s6.3 (i)."""
    last = f"retry timeout exceeded; the last error was: {REMOTE.text.replace('550 5.1.1', '451')}"
    late = told("r@example.org", FAILED, str(replace(REMOTE, status="4.4.7", text=last)))
    _, (text, status, _) = read(replace(REPORT, told=(late,)))
    assert "Diagnostic-Code: smtp; 451 no such user" in str(status)
    assert "retry timeout exceeded" in str(text)


def test_a_name_that_is_not_complete_is_none_of_the_dns() -> None:
    """RFC 3461 s6.3 (b)."""
    wire = compose(replace(REPORT, hostname="mail"))
    assert b"Reporting-MTA: x-local-hostname; mail\r\n" in wire


def test_a_message_with_a_header_in_utf8_comes_back_as_what_it_is() -> None:
    """RFC 6533 s4.2"""
    whole = "Subject: Gr\u00fc\u00dfe\r\n\r\nx\r\n".encode()
    for smtputf8, kind in ((True, "message/global"), (False, "message/rfc822")):
        returned = Returned(whole, is_whole=True, smtputf8=smtputf8)
        assert f"\r\nContent-Type: {kind}\r\n".encode() in compose(
            replace(REPORT, returned=returned)
        )


@pytest.mark.parametrize(
    ("id", "named"),
    [
        ("a.b@c.example", "<a.b@c.example>"),
        ("", None),
        ("a>\r\nX: <b", None),
        ("a b@c", None),
        ("\u00e9@c.example", None),
        ("x" * 901, None),
    ],
)
def test_a_report_is_an_answer_to_the_message(id: str, named: str | None) -> None:
    """RFC 3834 s3.1.6; what a stranger wrote there goes into our header as it is, or not at all."""
    message, _ = read(replace(REPORT, about_message_id=id))
    assert (message["In-Reply-To"], message["References"]) == (named, named)


def test_people_read_who_did_not_get_it_and_why() -> None:
    _, (text, _, _) = read(REPORT)
    told = str(text.get_payload())
    assert "<r@example.org>" in told
    assert "mx.example.org [192.0.2.1]:2525 said: 550 5.1.1 no such user" in told
    assert "domain gone.example does not exist" in told
    assert REPORT.about in told


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(HEADER, id="plain"),
        pytest.param(b"Subject: caf\xe9 =\xff=20\r\n", id="eight-bit"),
        pytest.param(b"Subject: " + b"x" * 5000 + b"\r\n", id="long-line"),
        pytest.param(b"From here to there\r\nFrom: x\r\n", id="from-line"),
        pytest.param(b"X: a\rb\nc\x00d \r\n", id="bare-cr-and-lf-and-nul"),
        pytest.param(b"X: =?utf-8?q?" + b"a" * 900 + b"?=\r\n", id="encoded-word"),
        pytest.param(b"", id="none"),
        pytest.param(f"--=_{REPORT.id}--\r\nContent-Type: text/html\r\n".encode(), id="boundary"),
    ],
)
def test_the_returned_header_comes_back_octet_by_octet(header: bytes) -> None:
    _, parts = read(replace(REPORT, returned=Returned(header)))
    assert len(parts) == 3
    returned = parts[2].get_payload(decode=True)
    assert isinstance(returned, bytes)
    if parts[2]["Content-Transfer-Encoding"] == "7bit":
        assert returned == header
    else:  # lines were ended by the generator; what is in them is what counts
        assert returned.split(b"\r\n") == header.split(b"\r\n")


@given(
    header=st.binary(max_size=300),
    sender=st.text(max_size=40),
    text=st.text(max_size=300),
    who=st.text(max_size=60),
)
def test_whatever_strangers_wrote_a_report_has_honest_lines(
    header: bytes, sender: str, text: str, who: str
) -> None:
    failure = Told(who, FAILED, "5.0.0", text, "mx [192.0.2.1]", text, f"rfc822;{who}")
    report = replace(REPORT, returned=Returned(header), sender=sender, told=(failure,))
    wire = compose(report)
    assert wire.isascii() or not sender.isascii()
    assert b"\0" not in wire
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", wire)
    assert all(len(line) <= LONGEST_LINE for line in wire.split(b"\r\n"))
    message, parts = read(report)
    assert len(parts) == 3
    assert len(message.items()) == 8


# The line in the journal.


@pytest.mark.parametrize("failure", [REMOTE, OURS, Failure("5.0.0", "")], ids=str)
def test_a_failure_reads_back_from_the_journal(failure: Failure) -> None:
    assert parse_failure(str(failure)) == failure


@given(st.text())
def test_any_line_of_a_journal_is_a_failure(line: str) -> None:
    assert re.fullmatch(r"[245]\.[0-9]+\.[0-9]+", parse_failure(line).status)


def test_an_unknown_line_has_an_unknown_status() -> None:
    assert parse_failure("removed by root") == Failure(UNKNOWN_STATUS, "removed by root")


def test_nobody_is_told_about_a_report() -> None:
    """RFC 5321 s6.1."""
    assert is_told("s@example.com")
    assert not is_told("")


# The header of the returned message.


@pytest.mark.parametrize(
    ("blocks", "wanted"),
    [
        pytest.param([b"A: 1\r\nB: 2\r\n\r\nbody\r\n"], b"A: 1\r\nB: 2\r\n", id="usual"),
        pytest.param([b"A: 1\r\n\r", b"\nbody\r\n"], b"A: 1\r\n", id="blank-line-across-blocks"),
        pytest.param([b"A: 1\r\n", b"\r\nbody"], b"A: 1\r\n", id="blank-line-in-next-block"),
        pytest.param([b"A: 1\r\nB: 2\r\n"], b"A: 1\r\nB: 2\r\n", id="no-body"),
        pytest.param([b"\r\nbody"], b"", id="no-header"),
        pytest.param([], b"", id="nothing"),
        pytest.param([b"A: " + b"x" * 2 * LONGEST], b"", id="one-endless-line"),
    ],
)
def test_the_header_ends_at_the_blank_line(blocks: list[bytes], wanted: bytes) -> None:
    assert header_of(blocks) == wanted


def test_a_huge_header_is_cut_at_a_line_and_the_rest_is_not_read() -> None:
    read_blocks = []

    def blocks() -> object:
        for n in range(10_000):
            read_blocks.append(n)
            yield b"X-Field: " + b"y" * 90 + b"\r\n"

    header = header_of(blocks())  # type: ignore[arg-type]
    assert LONGEST - 200 < len(header) <= LONGEST
    assert header.endswith(b"y\r\n")
    assert len(read_blocks) < 1000
