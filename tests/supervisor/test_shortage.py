from __future__ import annotations

from pymta.supervisor.shortage import AGAIN_AFTER, OVER_AFTER, Shortage

WHY = "spool directory space check failed: space=12 inodes=100"


def test_a_shortage_is_told_when_it_begins_and_not_for_every_message() -> None:
    shortage = Shortage()

    assert shortage.heard(WHY, 100.0) == WHY
    assert [shortage.heard(WHY, 100.0 + n) for n in range(50)] == [""] * 50


def test_one_that_lasts_is_told_again_with_a_count() -> None:
    shortage = Shortage()
    told = {}
    for second in range(0, int(AGAIN_AFTER) + 1, 60):
        if line := shortage.heard(WHY, second):
            told[second] = line

    assert told == {0: WHY, 3600: f"{WHY} (59 more put off since the last such line)"}


def test_the_next_one_is_news() -> None:
    shortage = Shortage()
    shortage.heard(WHY, 0.0)
    shortage.heard(WHY, 1.0)

    again = shortage.heard(WHY, 1.0 + OVER_AFTER)

    assert again == f"{WHY} (1 more put off since the last such line)"


def test_it_lasts_until_nothing_was_put_off_for_a_while() -> None:
    shortage = Shortage()

    assert not shortage.lasts(0.0)
    shortage.heard(WHY, 100.0)
    assert shortage.lasts(99.0 + OVER_AFTER)
    assert not shortage.lasts(100.0 + OVER_AFTER)
