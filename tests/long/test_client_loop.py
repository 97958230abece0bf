"""The client loop in full; run by hand:

packaging/dev run pytest -m long tests/long/test_client_loop.py -s
"""

from __future__ import annotations

import pytest

from tests.doubles.box import Box
from tests.systemd.ordeal import BACK_WITHIN, UNITS, Deeds, Ordeal
from tests.systemd.trees import ON_BOTH

pytestmark = [pytest.mark.root, pytest.mark.long, pytest.mark.timeout(1800), ON_BOTH]


@pytest.mark.parametrize("unit", UNITS)
def test_over_everything_that_may_happen_nobody_is_refused(box: Box, unit: str, tree: str) -> None:
    verdict = Ordeal(box, unit).run(Deeds(20, 10, 3, 2).shuffled(seed=2))
    print(f"\nsystemd {tree}, {unit}: {verdict}")
    assert not verdict.refused
    assert not verdict.lost
    assert not verdict.missing
    assert verdict.slowest < BACK_WITHIN
