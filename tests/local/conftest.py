"""What the tests of the helper share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.doubles.home_helper import HomeHelper, home_helper


@pytest.fixture
def helper() -> Iterator[HomeHelper]:
    """Started, with the users alice and bob."""
    with home_helper() as made:
        made.start()
        yield made
