"""What EHLO offers: always, and to whom it may concern."""

from __future__ import annotations

import pytest

from pymta.smtp.extensions import Limits, Offer, offered

ALWAYS = {"SIZE 0", "8BITMIME", "PIPELINING", "ENHANCEDSTATUSCODES"}


def test_what_everybody_is_offered() -> None:
    assert set(offered(Offer())) >= ALWAYS


@pytest.mark.parametrize(
    ("offer", "keyword"),
    [
        (Offer(early=True), "PIPECONNECT"),
        (Offer(starttls=True), "STARTTLS"),
        (Offer(etrn=True), "ETRN"),
        (Offer(chunking=True), "CHUNKING"),
        (Offer(limits=Limits(1)), "LIMITS MAILMAX=1"),
    ],
)
def test_what_is_offered_to_some(offer: Offer, keyword: str) -> None:
    assert set(offered(offer)) - set(offered(Offer())) == {keyword}


def test_the_limit_of_size_is_told_with_its_keyword() -> None:
    assert "SIZE 300" in offered(Offer(size_limit=300))


def test_no_keyword_is_offered_twice() -> None:
    everything = Offer(1, Limits(1, 1), early=True, starttls=True, etrn=True, chunking=True)
    words = [line.partition(" ")[0] for line in offered(everything)]

    assert len(words) == len(set(words))
