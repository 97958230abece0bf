"""ST-09: as many descriptors as we may have, and enough processes."""

from __future__ import annotations

import pytest

from pymta.supervisor.process_limits import NO_LIMIT, Limit, wanted_files, wanted_processes


@pytest.mark.parametrize(
    ("now", "is_root", "expected"),
    [
        ((1024, 4096), False, (4096, 4096)),
        ((1024, 4096), True, (4096, 4096)),
        ((256, 512), True, (1000, 1000)),
        ((256, 512), False, (512, 512)),
        ((1024, NO_LIMIT), True, (NO_LIMIT, NO_LIMIT)),
    ],
    ids=["soft to hard", "enough for root", "too few for root", "too few", "no limit"],
)
def test_descriptors(now: Limit, is_root: bool, expected: Limit) -> None:
    """ST-09"""
    assert wanted_files(now, is_root=is_root) == expected


@pytest.mark.parametrize(
    ("now", "is_root", "expected"),
    [
        ((500, 500), True, (NO_LIMIT, NO_LIMIT)),
        ((500, 500), False, (500, 500)),
        ((1000, 2000), True, (1000, 2000)),
        ((NO_LIMIT, NO_LIMIT), True, (NO_LIMIT, NO_LIMIT)),
    ],
    ids=["root lifts a low one", "others cannot", "enough", "none"],
)
def test_processes(now: Limit, is_root: bool, expected: Limit) -> None:
    """ST-09"""
    assert wanted_processes(now, is_root=is_root) == expected
