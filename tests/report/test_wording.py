"""Reports in the words of an operator."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.config.report_text import NAMES, ReportText, parse_report_text
from pymta.report.dsn import Report, compose
from pymta.report.mime import LONGEST_LINE
from pymta.report.returned import Returned
from pymta.report.told import told
from pymta.spool.outcomes import DELAYED, FAILED

REPORT = Report(
    hostname="mail.example.net",
    id="1wIcRe-000000012Tz-0002",
    about="1wIcRe-000000012Tz-0001",
    sender="s@example.com",
    date="Sun, 22 Nov 2026 16:00:00 +0000",
    arrived="Sun, 22 Nov 2026 15:58:00 +0000",
    told=(told("r@example.org", FAILED, "5.1.1 no such user"),),
    returned=Returned(b"Subject: hello\r\n"),
)
WHOLE = """\
Subject: Zur\u00fcck: $id

Hallo $sender, ${hostname} meldet ($arrived, 5 $$):

$recipients

$returned liegt bei.
"""


def read(report: Report) -> tuple[EmailMessage, str]:
    message = message_from_bytes(compose(report), policy=default)
    assert isinstance(message, EmailMessage)
    text = next(iter(message.iter_parts()))
    assert isinstance(text, EmailMessage)
    return message, str(text.get_content()).replace("\r\n", "\n")


def test_a_report_has_the_words_of_the_operator() -> None:
    words, mistakes = parse_report_text(WHOLE)
    assert mistakes == ()

    message, text = read(replace(REPORT, words=words))

    assert message["Subject"] == f"Zur\u00fcck: {REPORT.about}"
    assert text.splitlines() == [
        "Hallo s@example.com, mail.example.net meldet (Sun, 22 Nov 2026 15:58:00 +0000, 5 $):",
        "",
        "  <r@example.org>",
        "    no such user",
        "",
        "The header of your message liegt bei.",
    ]


def test_what_programs_read_does_not_depend_on_them() -> None:
    words, _ = parse_report_text(WHOLE)
    ours, theirs = (
        compose(report).partition(b"Content-Type: message/delivery-status")[2]
        for report in (REPORT, replace(REPORT, words=words))
    )
    assert ours == theirs != b""


def test_without_a_subject_ours_stands() -> None:
    words, mistakes = parse_report_text("No mail for\n$recipients\n")
    assert mistakes == ()
    message, text = read(replace(REPORT, words=words))
    assert message["Subject"] == "Mail could not be delivered: returned to sender"
    assert text.startswith("No mail for\n")


def test_a_delay_is_told_in_other_words() -> None:
    late = replace(told("r@example.org", DELAYED, "4.4.1 no answer"), until="Mon, 23 Nov 2026")
    message, text = read(replace(REPORT, told=(late,)))
    assert message["Subject"] == "Mail is delayed: it will be tried again"
    assert "(it will be tried until Mon, 23 Nov 2026)" in text


@pytest.mark.parametrize(
    ("whole", "line", "wanted"),
    [
        ("Subject: x\n\n$recipient\n$recipients\n", 3, "$recipient is nothing to put in"),
        ("it costs $ 5\n$recipients\n", 1, "written as two"),
        ("nobody\n", 0, "want $recipients somewhere"),
        ("", 0, "want $recipients somewhere"),
        ("x\n****\n$recipients\n", 2, "another program"),
        ("$recipients\n\x1b[1m\n", 2, "does not print"),
        (f"Subject: {'x' * 300}\n\n$recipients\n", 1, "at most 200"),
    ],
)
def test_a_mistake_is_told_with_its_line(whole: str, line: int, wanted: str) -> None:
    (mistake,) = parse_report_text(whole)[1]
    assert mistake.line == line
    assert wanted in mistake.wanted


@given(st.text(max_size=200), st.text(max_size=40))
def test_whatever_he_wrote_the_report_is_honest(whole: str, sender: str) -> None:
    words, _ = parse_report_text(f"Subject: {whole[:50]}\n\n{whole}\n$recipients\n$nothing $")
    wire = compose(replace(REPORT, words=words, sender=sender))
    assert wire.isascii() or not sender.isascii()
    assert b"\0" not in wire
    assert all(len(line) <= LONGEST_LINE for line in wire.split(b"\r\n"))
    assert b"\n" not in wire.replace(b"\r\n", b"")
    message = message_from_bytes(wire)
    assert len(message.items()) == 8
    assert message.get_content_type() == "multipart/report"


def test_all_names_are_filled() -> None:
    text = "\n".join(f"{name}=${name}" for name in NAMES)
    _, filled = ReportText("", text).filled(dict.fromkeys(NAMES, "x"))
    assert filled == "\n".join(f"{name}=x" for name in NAMES)
