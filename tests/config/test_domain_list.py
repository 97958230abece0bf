from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.config.domain_list import DomainList, parse_domain_item

US = "mx.example.org"
LABELS = st.sampled_from(["a", "b", "org"])
DOMAINS = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
ITEMS = st.one_of(DOMAINS, DOMAINS.map(lambda d: f"*.{d}"), st.sampled_from(["*", "@"]))
LISTS = st.lists(st.one_of(ITEMS, ITEMS.map(lambda item: f"!{item}")), max_size=6)


@pytest.mark.parametrize(
    ("items", "domain", "expected"),
    [
        ([], "a.example", False),
        (["a.example"], "a.example", True),
        (["A.Example"], "a.eXAMPLE", True),
        (["a.example"], "b.a.example", False),
        (["*"], "a.example", True),
        (["*"], "[192.0.2.1]", True),
        (["*.example"], "a.example", True),
        (["*.example"], "b.a.example", True),
        (["*.example"], "example", False),
        (["*.example"], "notexample", False),
        (["@"], US, True),
        (["!a.example", "*"], "a.example", False),
        (["!a.example", "*"], "b.example", True),
        (["*", "!a.example"], "a.example", True),
        (["!a.example"], "b.example", True),
        (["!a.example"], "a.example", False),
        (["b.example", "!a.example"], "c.example", True),
        (["! a.example"], "a.example", False),
    ],
)
def test_the_first_item_that_matches_decides(items: list[str], domain: str, expected: bool) -> None:
    assert (domain in DomainList(items, US)) is expected


@given(LISTS, DOMAINS)
def test_it_is_what_going_through_the_list_would_give(items: list[str], domain: str) -> None:
    def matches(name: str) -> bool:
        if name.startswith("*"):
            return domain.endswith(name[1:])
        return domain == (US if name == "@" else name)

    expected = next(
        (not item.startswith("!") for item in items if matches(item.removeprefix("!"))),
        bool(items) and items[-1].startswith("!"),
    )
    assert (domain in DomainList(items, US)) is expected


@pytest.mark.parametrize(
    "item", ["*", "@", "a.example", "!a.example", "*.a.example", "!*.a", "! b"]
)
def test_what_can_be_a_domain_is_taken(item: str) -> None:
    parse_domain_item(item)


@pytest.mark.parametrize("item", ["", "!", "a b", "*a.example", "**", "^a", "!!a", "+ours", ".a"])
def test_what_cannot_be_one_is_refused(item: str) -> None:
    with pytest.raises(ValueError, match="want a domain such as"):
        parse_domain_item(item)
