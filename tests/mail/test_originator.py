"""Whom a From field names: what is written in the usual ways, and what is meant to deceive."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.mail.originator import LONGEST, mailboxes


def named(field: str | bytes) -> tuple[str, ...] | None:
    found = mailboxes(field if isinstance(field, bytes) else field.encode())
    return None if found is None else tuple(map(str, found))


@pytest.mark.parametrize(
    "field",
    [
        "a@b.example",
        "<a@b.example>",
        " a@b.example\t",
        "A <a@b.example>",
        "J. R. Doe <a@b.example>",
        '"Doe, J." <a@b.example>',
        '"<x@y.example>" <a@b.example>',
        '"x\\"<x@y.example>" <a@b.example>',
        "a@b.example (Doe, J.)",
        "(x@y.example) a@b.example (one (two \\) ) here)",
        "Doe (x@y.example) <a@b.example> (x)",
        "=?utf-8?Q?J=C3=B6rg?= <a@b.example>",
        "Jörg <a@b.example>",
        b"J\xf6rg <a@b.example>",
        "a@b.example,",
        ", <a@b.example>",
        "Doe\t<a@b.example>",
    ],
)
def test_one_address_is_found_however_it_is_dressed(field: str | bytes) -> None:
    assert named(field) == ("a@b.example",)


def test_several_are_found_all() -> None:
    assert named('A <a@b.example>, "x, y" <c@d.example>,e@f.example') == (
        "a@b.example",
        "c@d.example",
        "e@f.example",
    )


def test_a_local_part_may_be_quoted() -> None:
    assert named('"a>b"@c.example') == ('"a>b"@c.example',)
    assert named('A <"a>b, <c@d.example>"@e.example>') == ('"a>b, <c@d.example>"@e.example',)


@pytest.mark.parametrize(
    "field",
    [
        "",
        "  ",
        ",",
        "Doe",
        "<>",
        "Doe <doe>",
        "x@y.example <a@b.example>",
        "x@y.example a@b.example",
        "<a@b.example> <c@d.example>",
        "<a@b.example> c@d.example",
        "<a@b.example> Doe",
        "friends: a@b.example, c@d.example;",
        "<@relay.example:a@b.example>",
        "a @ b.example",
        "a(x)@b.example",
        "a@b.example@c.example",
        '"Doe <a@b.example>',
        "(Doe <a@b.example>",
        "Doe <a@b.example",
        "<x <a@b.example>",
        "Doe \\ <a@b.example>",
        "a\0@b.example",
        "Doe\0 <a@b.example>",
        "Doe\x1b <a@b.example>",
        b"\xff@b.example",
        "(" * 50 + ")" * 50 + "a@b.example",
        "a@b.example" + " " * LONGEST,
    ],
)
def test_what_is_not_clear_names_nobody(field: str | bytes) -> None:
    assert named(field) is None


@given(st.text('ab@.<>",():;\\ \t[]é', max_size=30))
def test_it_never_fails_and_finds_only_what_reads_back(text: str) -> None:
    for address in named(text) or ():
        assert named(address) == (address,)
