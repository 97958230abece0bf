"""Whatever happens to the daemon, its callers hear a reply and their mail is there.

tests/long has the long form, on each systemd and with more callers at a time: each of them takes as
much of the processors as it can get.
"""

from __future__ import annotations

import pytest

from tests.doubles.box import Box
from tests.systemd.ordeal import BACK_WITHIN, UNITS, Deeds, Ordeal

pytestmark = pytest.mark.root

CALLERS = 2
ON_EACH = pytest.mark.parametrize(
    ("tree", "unit"),
    [("252", UNITS[0]), pytest.param("257", UNITS[1], marks=pytest.mark.trixie)],
    indirect=["tree"],
)


@ON_EACH
def test_nobody_is_refused_and_nothing_lost(box: Box, unit: str) -> None:
    """Checks 7, 8, 11 and 14, for sockets of systemd and for our own in its store."""
    verdict = Ordeal(box, unit, CALLERS).run(Deeds(2, 1, 1, 1).shuffled(seed=1))
    assert not verdict.refused, verdict
    assert not verdict.lost, (str(verdict), verdict.lost)
    assert not verdict.missing, verdict
    assert verdict.slowest < 2 * BACK_WITHIN, verdict  # other tests want the processors, too
    assert verdict.served, verdict
    assert verdict.sent, verdict


def test_without_a_store_somebody_would_be_refused(box: Box) -> None:
    """So the test above can fail: what it counts happens where nothing is stored."""
    unit = UNITS[1]
    none = "[Service]\nFileDescriptorStoreMax=0\n"
    box.write(f"/etc/systemd/system/{unit}.d/none.conf", none)
    box.run("systemctl", "daemon-reload")
    verdict = Ordeal(box, unit, CALLERS).run(["restart"])
    assert verdict.refused, verdict
    assert not verdict.missing, verdict
