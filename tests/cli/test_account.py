"""Whose is a daemon that root starts?"""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path

import pytest

from pymta.cli.account import Account, account_for
from pymta.cli.command_error import CommandError
from pymta.config.process import Process

NOBODY = pwd.getpwnam("nobody")
GROUP = grp.getgrgid(NOBODY.pw_gid).gr_name


@pytest.mark.parametrize(
    ("process", "expected"),
    [
        (Process("nobody"), Account(NOBODY.pw_uid, NOBODY.pw_gid)),
        (Process(str(NOBODY.pw_uid)), Account(NOBODY.pw_uid, NOBODY.pw_gid)),
        (Process("nobody", "8"), Account(NOBODY.pw_uid, 8)),
        (Process("3999999"), Account(3999999, 3999999)),
        (Process("root", GROUP), Account(0, NOBODY.pw_gid)),
    ],
    ids=["name", "number", "with a group", "number of nobody", "name of a group"],
)
def test_by_name_or_number(process: Process, expected: Account) -> None:
    """PV-01"""
    assert account_for(process, "/nonexistent") == expected


def test_without_a_name_the_owner_of_the_state_directory(tmp_path: Path) -> None:
    found = account_for(Process(), str(tmp_path))

    assert found == Account(tmp_path.stat().st_uid, tmp_path.stat().st_gid)


def test_a_directory_that_is_still_to_be_made_will_be_ours(tmp_path: Path) -> None:
    found = account_for(Process(), str(tmp_path / "state"))

    assert found == Account(os.geteuid(), os.getegid())


@pytest.mark.parametrize("process", [Process("no-such-user"), Process("root", "no-such-group")])
def test_a_name_that_nobody_has_is_a_mistake_in_the_settings(process: Process) -> None:
    with pytest.raises(CommandError, match="no-such-") as refusal:
        account_for(process, "/nonexistent")
    assert refusal.value.status == os.EX_CONFIG
