"""Lines of retry_rules."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from pymta.config.retry_rules import Rule
from pymta.config.retry_table import Pattern, RetryLine, parse_line


def test_a_line_is_read_as_the_classic_daemon_reads_it() -> None:
    assert parse_line("*.example.org   rcpt_45x  F,2h,15m; G,16h,1h,1.5") == RetryLine(
        Pattern("example.org", is_below=True),
        "rcpt_45x",
        (Rule(7200, 900), Rule(57_600, 3600, 1.5)),
        text="*.example.org rcpt_45x F,2h,15m; G,16h,1h,1.5",
    )


def test_senders_stand_before_the_schedule() -> None:
    line = parse_line("* * senders=<>,A@x.example F,1h,1h")
    assert line.senders == ("", "a@x.example")
    assert line.rules == (Rule(3600, 3600),)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("*", Pattern()),
        ("Example.ORG", Pattern("example.org")),
        ("User@example.org", Pattern("example.org", "user", is_address=True)),
        ("*@example.org", Pattern("example.org", is_address=True)),
        ("192.0.2.7", Pattern(network=ip_network("192.0.2.7"))),
        ("2001:db8::/32", Pattern(network=ip_network("2001:db8::/32"))),
    ],
)
def test_patterns(text: str, pattern: Pattern) -> None:
    assert parse_line(f"{text} *").pattern == pattern


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "want a pattern, a cause and a schedule"),
        ("example.org", "want a pattern, a cause and a schedule"),
        ("exa_mple..org *", "want for a pattern"),
        ("@example.org *", "want for a pattern"),
        ("example.org F,2h,15m", "want for a cause"),
        ("example.org rcpt_5xx F,2h,15m", "want for a cause"),
        ("example.org rcpt_x5x F,2h,15m", "want for a cause"),
        ("example.org * F,2h", 'rule 1 "F,2h"'),
        ("example.org * F,2h,15m; F,1h,15m", "later than that of the rule before"),
        ("example.org * senders=a..b F,2h,15m", "want for senders"),
    ],
)
def test_a_bad_line_is_refused_with_what_is_wrong(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_line(text)
