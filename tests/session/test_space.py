from __future__ import annotations

import pytest

from pymta.config.limits import Limits
from pymta.load.reading import Room
from pymta.session.space import log_shortage, spool_shortage

M = 1 << 20
LIMITS = Limits(check_spool_space=10 * M, check_spool_inodes=100)


@pytest.mark.parametrize(
    ("room", "size", "limits", "expected"),
    [
        (Room(10 * M, 100), 0, LIMITS, ""),
        (
            Room(10 * M - 1, 100),
            0,
            LIMITS,
            "spool directory space check failed: space=10239 inodes=100",
        ),
        (
            Room(10 * M, 99),
            0,
            LIMITS,
            "spool directory space check failed: space=10240 inodes=99",
        ),
        (Room(10 * M, None), 0, LIMITS, ""),
        (Room(0, None), 0, LIMITS, "spool directory space check failed: space=0 inodes=-1"),
        (Room(11 * M, 100), M - 5000, LIMITS, ""),
        (
            Room(11 * M, 100),
            M - 4999,
            LIMITS,
            (
                "spool directory space check failed: space=11264 inodes=100"
                " for a message of SIZE=1043577"
            ),
        ),
        (Room(11 * M, 100), 2 * M, Limits(smtp_check_spool_space=False), ""),
        (
            Room(M, 100),
            M,
            Limits(check_spool_space=0),
            (
                "spool directory space check failed: space=1024 inodes=100"
                " for a message of SIZE=1048576"
            ),
        ),
        (Room(0, 0), 0, Limits(check_spool_space=0, check_spool_inodes=0), ""),
    ],
    ids=[
        "just enough",
        "a byte too little",
        "an inode too little",
        "inodes are not counted",
        "full",
        "the message just fits",
        "it does not",
        "nobody asks for its size",
        "a size counts without a limit",
        "no limit",
    ],
)
def test_a_message_needs_room_beside_what_must_stay_free(
    room: Room, size: int, limits: Limits, expected: str
) -> None:
    """N-25: check_spool_space, check_spool_inodes, smtp_check_spool_space."""
    assert spool_shortage(room, size, limits) == expected


def test_the_log_needs_room_too() -> None:
    limits = Limits(check_log_space=M, check_log_inodes=10)

    assert log_shortage(Room(M, 10), limits) == ""
    said = "log directory space check failed: space=1023 inodes=10"
    assert log_shortage(Room(M - 1, 10), limits) == said
