from __future__ import annotations

import pytest

from pymta.config.session import Session
from pymta.session.reuse import may_stay

SETTINGS = Session(worker_max_connections=3, worker_max_memory=1000)


@pytest.mark.parametrize(
    ("served", "resident", "is_clean", "stays"),
    [
        (1, 10, True, True),
        (2, 1000, True, True),
        (3, 10, True, False),
        (1, 1001, True, False),
        (1, 10, False, False),
    ],
    ids=["first", "at the limit of memory", "last", "too large", "cut off"],
)
def test_a_worker_stays_where_nothing_speaks_against_it(
    served: int, resident: int, is_clean: bool, stays: bool
) -> None:
    assert may_stay(SETTINGS, served, resident, is_clean=is_clean) is stays


def test_with_one_connection_per_worker_nobody_stays() -> None:
    assert not may_stay(Session(worker_max_connections=1), 1, 10, is_clean=True)
