"""Lists of addresses: the first item that fits says yes or no."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.config.address_list import AddressList, key_of, parse_address_item, parse_name_item
from pymta.mail.address import Mailbox, parse_mailbox


def holds(items: list[str], address: str) -> bool:
    mailbox = parse_mailbox(address) if address else None
    assert mailbox is None or isinstance(mailbox, Mailbox)
    return AddressList(items, "mx.example.org").holds(mailbox)


@pytest.mark.parametrize(
    ("item", "address", "found"),
    [
        ("a@b.example", "a@b.example", True),
        ("A@B.example", "a@B.EXAMPLE", True),
        ("a@b.example", "x@b.example", False),
        ("b.example", "a@b.example", True),
        ("*@b.example", "a@b.example", True),
        ("b.example", "a@sub.b.example", False),
        (".b.example", "a@sub.b.example", True),
        (".b.example", "a@sub.sub.b.example", True),
        (".b.example", "a@b.example", False),
        ("*.b.example", "a@sub.b.example", True),
        ("*@*.b.example", "a@sub.b.example", True),
        ("root@", "root@anywhere.example", True),
        ("root@*", "Root@anywhere.example", True),
        ("root@", "groot@anywhere.example", False),
        ("<>", "", True),
        ("<>", "a@b.example", False),
        ("*", "a@b.example", True),
        ("*", "", True),
        ("@", "a@MX.example.org", True),
        ("@", "a@example.org", False),
        ("^bounce[0-9]+@", "Bounce7@b.example", True),
        ("^bounce[0-9]+@", "x-bounce7@b.example", False),
        ("^<>$", "", True),
        ('"a b"@b.example', '"a b"@b.example', True),
        ("[192.0.2.1]", "a@[192.0.2.1]", True),
        ("b\u00fccher.example", "a@xn--bcher-kva.example", True),
        ("xn--bcher-kva.example", "a@B\u00dcCHER.example", True),
        (".b\u00fccher.example", "a@www.xn--bcher-kva.example", True),
        ("\u00e9@b\u00fccher.example", "\u00c9@xn--bcher-kva.example", True),
        (r"^.*@xn--bcher-kva\.example$", "a@b\u00fccher.example", True),
    ],
)
def test_an_item_stands_for_addresses(item: str, address: str, found: bool) -> None:
    parse_address_item(item)

    assert holds([item], address) is found
    assert holds([f"!{item}"], address) is not found  # as if "*" stood behind it
    assert not holds([f"!{item}", "nobody@nowhere.example"], address) or not found


@pytest.mark.parametrize(
    ("items", "found"),
    [
        (["!a@b.example", "b.example"], False),
        (["b.example", "!a@b.example"], True),
        (["!^a@", "*"], False),
        (["*", "!^a@"], True),
        (["!.example", "*"], False),
        ([], False),
    ],
)
def test_the_first_item_that_fits_decides(items: list[str], found: bool) -> None:
    assert holds(items, "a@b.example") is found


@given(st.lists(st.sampled_from(["a@b.example", "b.example", ".example", "*", "a@", "^a@", "<>"])))
def test_it_says_what_a_walk_over_the_items_says(items: list[str]) -> None:
    items = [f"!{item}" if n % 2 else item for n, item in enumerate(items)]
    fitting = (item for item in items if holds([item.removeprefix("!")], "a@b.example"))
    otherwise = bool(items) and items[-1].startswith("!")

    assert holds(items, "a@b.example") is not next(
        (item.startswith("!") for item in fitting), not otherwise
    )


def test_names_are_looked_for_without_a_local_part() -> None:
    names = AddressList(["!mx.friend.example", ".friend.example", "@", "^dsl-"], "mx.example.org")

    assert [
        names.holds_name(name)
        for name in ("a.friend.example.", "mx.friend.example", "MX.example.org", "dsl-1.x", "x.y")
    ] == [True, False, True, True, False]


@pytest.mark.parametrize("item", ["", "a b", "a@", "@b.example", "a@b@c", "^(a+)+$", "!", "b..c"])
def test_what_is_no_item_is_a_mistake(item: str) -> None:
    if key_of(item) != "a@":
        with pytest.raises(ValueError, match=r"want"):
            parse_address_item(item)
    with pytest.raises(ValueError, match=r"want"):
        parse_name_item(item)
