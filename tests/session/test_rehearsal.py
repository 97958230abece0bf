"""Sessions that nobody hears."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymta.session.rehearsal import rehearse
from pymta.session.sessions import Sessions
from tests.doubles.house import usual_settings
from tests.doubles.log import MemoryLog
from tests.doubles.memory_spool import MemorySpool

DESCRIPTORS = Path("/proc/self/fd")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"host_reject_connection": ("*",)},
        {"host_lookup": ("*",), "rfc1413_hosts": ("*",), "rfc1413_query_timeout": 5},
        {"smtp_accept_max": 1, "smtp_accept_reserve": 1, "smtp_reserve_hosts": ("*.example",)},
        {"smtp_accept_max_nonmail": 0, "smtp_enforce_sync": False, "smtp_banner": "a\nb"},
    ],
    ids=["usual", "nobody is let in", "look-ups", "reserved places", "odd limits"],
)
def test_a_rehearsal_leaves_nothing_behind(changes: dict[str, object]) -> None:
    """Whatever the settings make of its caller."""
    before = len(list(DESCRIPTORS.iterdir()))
    spool = MemorySpool()

    rehearse(Sessions(usual_settings(**changes), spool, MemoryLog()), 2)

    assert len(list(DESCRIPTORS.iterdir())) == before
    assert not spool.messages
