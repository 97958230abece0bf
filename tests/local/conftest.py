"""What the tests of the helper share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.doubles.home_helper import HomeHelper, home_helper


@pytest.fixture(scope="session")
def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")


@pytest.fixture
def helper(as_root: None) -> Iterator[HomeHelper]:
    """Started, with the users alice and bob."""
    with home_helper() as made:
        made.start()
        yield made
