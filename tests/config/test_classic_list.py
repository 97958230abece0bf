"""Lists with separators, as -oX and `log_file_path` have them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.config.classic_list import split_list


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("1225", ("1225",)),
        ("25 : 587", ("25", "587")),
        ("25:587:", ("25", "587")),
        ("::::1", ("::1",)),
        ("::::1 : 2525", ("::1", "2525")),
        ("2001::db8::::::1", ("2001:db8:::1",)),
        ("<; ::0 ; 0.0.0.0", ("::0", "0.0.0.0")),
        ("<;::1;;x;25", ("::1;x", "25")),
        ("<, 25,587", ("25", "587")),
        ("  25  ", ("25",)),
        ("", ()),
    ],
    ids=[
        "one",
        "blanks",
        "OX-01 empty at the end",
        "OX-02 doubled colons",
        "OX-02 and a port",
        "OX-02 longer",
        "OX-01 another separator",
        "doubled separator",
        "comma",
        "blanks around one",
        "nothing",
    ],
)
def test_a_list_has_items_between_separators(text: str, items: tuple[str, ...]) -> None:
    assert split_list(text) == items


@given(
    st.lists(st.text("a1.:;%[]", min_size=1, max_size=8), max_size=5),
    st.sampled_from(":;"),
)
def test_a_list_that_was_written_reads_back(items: list[str], separator: str) -> None:
    """OX-02: nothing is mangled, whatever the separator.

    An item next to a separator that is its own first character needs a blank between them.
    """
    written = f"<{separator} " + f" {separator} ".join(
        item.replace(separator, separator * 2) for item in items
    )

    assert list(split_list(written)) == items
