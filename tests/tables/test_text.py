"""Tables in the form of /etc/aliases."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.tables.table import Found, InOrder, Nothing, Unsure
from pymta.tables.text import MOST_TOLD, TextTable, key_of, key_of_address

TEXT = """\
# those who run this host
Root:   alice
"dave smith": dave
team:   alice, bob,
        # and, for now,

        carol@example.org
info@Example.ORG  alice
@bücher.example:\tall
alone
"""


def table(text: str = TEXT) -> TextTable:
    return TextTable("aliases", text)


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("root", "alice", 2),
        ("dave smith", "dave", 3),
        ("team", "alice, bob,\n        # and, for now,\n\n        carol@example.org", 4),
        ("info@example.org", "alice", 8),
        ("@xn--bcher-kva.example", "all", 9),
        ("alone", "", 10),
    ],
)
def test_an_entry_is_found_by_its_key_and_says_where_it_stands(
    key: str, value: str, line: int
) -> None:
    assert table().lookup(key) == Found(value, f"aliases:{line}", "aliases", line)


def test_what_is_not_there_is_nothing() -> None:
    assert table().lookup("carol") == Nothing()
    assert not table().mistakes


@pytest.mark.parametrize("text", [TEXT.replace("\n", "\r\n"), TEXT[:-1], TEXT + "\n\n"])
def test_line_ends_do_not_matter(text: str) -> None:
    answer = table(text).lookup("alone")
    assert isinstance(answer, Found)
    assert not answer.value


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (": alice", "line 1: ': alice': want a name, a colon, and where it leads"),
        ('a: b\n"dave: c', "line 2: '\"dave: c': want a name, a colon, and where it leads"),
        ("  alice", "line 1: it goes on with an entry, and none is before it"),
        ("a..b: c", "line 1: 'a..b' is no name or address: malformed local part"),
    ],
)
def test_a_line_that_nobody_can_read_leaves_in_doubt_who_is_not_found(
    text: str, mistake: str
) -> None:
    made = table(text)
    assert [str(one) for one in made.mistakes] == [mistake]
    assert made.lookup("x") == Unsure(f"aliases, {mistake}")
    assert isinstance(made.lookup("a"), Found if text.startswith("a: ") else Unsure)


def test_what_goes_on_behind_a_line_that_nobody_can_read_is_not_another_s() -> None:
    made = table("a: alice\n: nobody\n  bob\n")
    answer = made.lookup("a")
    assert isinstance(answer, Found)
    assert answer.value == "alice"


def test_the_first_of_two_entries_counts_and_the_second_is_told_of() -> None:
    made = table("a: alice\nA: bob\n  carol\n")
    answer = made.lookup("a")
    assert isinstance(answer, Found)
    assert answer.value == "alice"
    assert [str(one) for one in made.mistakes] == [
        "line 2: a stands in line 1 already, and that counts"
    ]


def test_not_all_mistakes_of_a_hopeless_text_are_kept() -> None:
    assert len(table(": x\n" * 1000).mistakes) == MOST_TOLD


def test_several_tables_are_asked_in_order_and_doubt_ends_it() -> None:
    one, two, bad = table("a: one"), table("a: two\nb: two"), table(": x")
    assert InOrder([one, two]).lookup("a") == one.lookup("a")
    assert InOrder([one, two]).lookup("b") == two.lookup("b")
    assert InOrder([one, two]).lookup("c") == Nothing()
    assert isinstance(InOrder([one, bad, two]).lookup("b"), Unsure)


@pytest.mark.parametrize(
    "text", ["alice", "Alice.B+x@Example.org", "JÖRG@bücher.example", '"a b"@x']
)
def test_a_key_is_the_same_however_it_is_written(text: str) -> None:
    local, _, domain = (
        text.strip('"').replace('"', "").rpartition("@") if "@" in text else (text, "", "")
    )
    assert key_of(text) == key_of_address(local, domain)
    assert key_of(text.upper()) == key_of(text)


@given(st.text('ab@."\\,<>#|/:~() \n\r\t', max_size=80) | st.text(max_size=80))
def test_whatever_it_holds_there_is_an_answer(text: str) -> None:
    made = table(text)
    assert isinstance(made.lookup("a"), Found | Nothing | Unsure)
    for key, entry in made.entries():
        assert made.lookup(key) == Found(
            entry.value, f"aliases:{entry.line}", "aliases", entry.line
        )
        assert text.split("\n")[entry.line - 1].strip()


@pytest.mark.parametrize("piece", ['"', ":", "a", "a:", " ", '"\\', "a\n", " a\n", "\n"])
def test_the_worst_text_takes_no_longer_than_any(piece: str) -> None:
    began = time.process_time()
    table(piece * (500_000 // len(piece)))
    assert time.process_time() - began < 5
