"""Root, the owner and the admin groups, and what else others may."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.config.rights import Person, Rights, who_may

OWNER, ADMINS = 110, frozenset({4, 500})
RIGHTS = Rights(OWNER, ADMINS)
OPEN = Rights(OWNER, ADMINS, prod_requires_admin=False)
PUBLIC = Rights(OWNER, ADMINS, queue_list_requires_admin=False)


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        (Person(0), True),
        (Person(OWNER), True),
        (Person(1000, frozenset({1000, 500})), True),
        (Person(1000, frozenset({4})), True),
        (Person(1000, frozenset({1000, 0, OWNER})), False),
        (Person(1000), False),
    ],
    ids=["root", "owner", "a group among others", "first group", "numbers of users", "nobody"],
)
def test_who_may_do_everything(person: Person, expected: bool) -> None:
    """ST-03, N-22"""
    assert RIGHTS.is_admin(person) == expected
    assert RIGHTS.may_prod(person) == expected
    assert OPEN.is_admin(person) == expected
    assert OPEN.may_prod(person)
    assert RIGHTS.may_list(person) == OPEN.may_list(person) == expected
    assert PUBLIC.may_list(person)
    assert PUBLIC.may_prod(person) == expected


@given(st.integers(1, 2**32 - 2), st.frozensets(st.integers(0, 2**32 - 2)))
def test_without_admin_groups_no_group_helps(uid: int, gids: frozenset[int]) -> None:
    assert Rights(OWNER).is_admin(Person(uid, gids)) == (uid == OWNER)


@pytest.mark.parametrize(
    ("owner", "groups", "expected"),
    [
        ("root", (), "only root may"),
        ("pymta", (), "only root and pymta may"),
        ("root", ("adm",), "only root and members of adm may"),
        ("pymta", ("adm", "44"), "only root, pymta and members of adm or 44 may"),
    ],
)
def test_a_refusal_names_who_may(owner: str, groups: tuple[str, ...], expected: str) -> None:
    assert who_may(owner, groups) == expected
