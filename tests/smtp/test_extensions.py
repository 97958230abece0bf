"""What EHLO offers: always, and to whom it may concern."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import Any

import pytest

from pymta.config.settings import SUBJECTS
from pymta.smtp.extensions import EXTENSIONS, Extension, Limits, Offer, offered

_YES: dict[str, Any] = {
    field.name: ("PLAIN",) if field.name == "mechanisms" else True
    for field in fields(Offer)
    if field.name not in {"size_limit", "limits"}
}
EVERYTHING = Offer(1, Limits(1, 1), **_YES)
ALWAYS = {"SIZE 0", "8BITMIME", "PIPELINING", "ENHANCEDSTATUSCODES"}


def test_what_everybody_is_offered() -> None:
    assert set(offered(Offer())) >= ALWAYS


@pytest.mark.parametrize(
    ("offer", "keyword"),
    [
        (Offer(early=True), "PIPECONNECT"),
        (Offer(starttls=True), "STARTTLS"),
        (Offer(etrn=True), "ETRN"),
        (Offer(chunking=True), "CHUNKING BINARYMIME"),
        (Offer(limits=Limits(1)), "LIMITS MAILMAX=1"),
    ],
)
def test_what_is_offered_to_some(offer: Offer, keyword: str) -> None:
    more = set(offered(offer)) - set(offered(Offer()))
    assert more == ({keyword} if keyword.startswith("LIMITS") else set(keyword.split()))


def test_the_limit_of_size_is_told_with_its_keyword() -> None:
    assert "SIZE 300" in offered(Offer(size_limit=300))


def test_nothing_is_offered_twice_and_everything_to_somebody() -> None:
    """`Offer` has no field that is forgotten in the table, nor the table a row that has none."""
    words = [line.partition(" ")[0] for line in offered(EVERYTHING)]

    assert words == [one.keyword for one in EXTENSIONS]
    assert len(words) == len(set(words))
    for field in fields(Offer):
        without: Any = {field.name: field.default}
        assert offered(replace(EVERYTHING, **without)) != offered(EVERYTHING)


@pytest.mark.parametrize("one", EXTENSIONS, ids=lambda one: one.keyword)
def test_the_settings_that_decide_it_exist(one: Extension) -> None:
    """The README names them."""
    named = re.findall(r"`(\w+)`", one.whom)
    known = {field.name for group in SUBJECTS.values() for field in fields(group)}
    assert set(named) <= known
    assert named or "`" not in one.whom
