"""Which retry rule is for which trouble."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from pymta.config.retry_rules import Rule
from pymta.mail.host import Host
from pymta.mail.trouble import Trouble
from pymta.retry.rules import parse_retry
from pymta.retry.schedule import Schedule

MX = Host("mx1.big.example", ip_address("192.0.2.7"))
LINES = (
    "big.example *",
    "*.big.example refused F,1h,1m",
    "*.big.example timeout F,1h,2m",
    "user@org.example quota F,1h,3m",
    "*@org.example rcpt_451 F,1h,4m",
    "org.example rcpt_45x F,1h,5m",
    "org.example data_4xx senders=<>,list.example F,1h,6m",
    "192.0.2.0/24 lost_connection F,1h,7m",
    "b\u00fccher.example * F,1h,8m",
    "* lookup F,1h,9m",
)
RULES = parse_retry(LINES, ("F,4d,15m",))


@pytest.mark.parametrize(
    ("trouble", "minutes"),
    [
        (Trouble("refused", "a@org.example", host=MX), 1),
        (Trouble("refused", "a@sub.big.example"), 1),
        (Trouble("refused", "a@notbig.example"), 15),
        (Trouble("timeout", "a@org.example", host=MX), 2),
        (Trouble("timeout_connect", "a@org.example", host=MX), 2),
        (Trouble("quota", "USER@Org.example"), 3),
        (Trouble("quota", "other@org.example"), 15),
        (Trouble("rcpt_451", "a@org.example"), 4),
        (Trouble("rcpt_452", "a@org.example"), 5),
        (Trouble("rcpt_421", "a@org.example"), 15),
        (Trouble("mail_451", "a@org.example"), 15),
        (Trouble("data_421", "a@org.example"), 6),
        (Trouble("data_421", "a@org.example", sender="x@LIST.example"), 6),
        (Trouble("data_421", "a@org.example", sender="x@sub.list.example"), 15),
        (Trouble("lost_connection", "a@any.example", host=MX), 7),
        (Trouble("lost_connection", "a@any.example"), 15),
        (Trouble("", "a@xn--bcher-kva.example"), 8),
        (Trouble("lookup", "a@any.example"), 9),
        (Trouble("", "a@any.example", host=MX), 15),
        (Trouble("refused", "postmaster"), 15),
    ],
    ids=repr,
)
def test_the_first_line_that_fits_counts(trouble: Trouble, minutes: int) -> None:
    assert RULES.find(trouble).schedule.rules[0].interval == minutes * 60
    assert RULES.next_try(trouble, 0.0, 0.0, 0.0) == minutes * 60


def test_a_line_without_a_schedule_means_no_other_try() -> None:
    trouble = Trouble("refused", "a@big.example", host=MX)
    assert RULES.next_try(trouble, 0.0, 0.0, 0.0) is None
    assert RULES.cutoff(trouble) == 0


def test_the_operator_hears_where_the_schedule_stands() -> None:
    assert RULES.words(Trouble("lookup", "a@x.example")) == 'retry_rules 10 "* lookup F,1h,9m"'
    assert RULES.words(Trouble("", "a@x.example")) == "retry"


def test_a_random_wait_lies_between_the_first_interval_and_that_of_a_growing_rule() -> None:
    rule = Rule(86_400, 600, 2.0, is_random=True)
    waits = [
        (Schedule((rule,)).next_try(0.0, 20_000.0 + n, 20_000.0 + n) or 0) - 20_000 - n
        for n in range(200)
    ]
    grown = (Schedule((Rule(86_400, 600, 2.0),)).next_try(0.0, 20_000.0, 20_000.0) or 0) - 20_000
    assert grown == 19_200
    assert all(600 <= wait <= grown for wait in waits)
    assert min(waits) < 2000
    assert max(waits) > 17_000


def test_the_longest_wait_is_that_of_any_schedule() -> None:
    assert parse_retry((), ("F,4d,15m",)).longest == 4 * 86_400
    assert parse_retry(("* * G,8d,1h,2",), ("F,4d,15m",)).longest == 16 * 86_400
    assert parse_retry(("* * F,1h,1m",), ("F,4d,15m",)).longest == 4 * 86_400
