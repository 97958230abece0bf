"""Root for single calls, then never again."""

from __future__ import annotations

import os
import pwd
import socket
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from pymta.supervisor.privilege import (
    CannotChangeUserError,
    Change,
    Privilege,
    Stay,
    decide,
)

NOBODY = pwd.getpwnam("nobody")
NOBODY_CHANGE = Change(NOBODY.pw_uid, NOBODY.pw_gid)


@pytest.mark.parametrize(
    ("euid", "uid", "expected"),
    [
        (0, 105, Change(105, 8)),
        (0, -1, Stay()),
        (0, 0, Stay()),
        (105, 105, Stay()),
        (1000, 105, Stay()),
    ],
    ids=["PV-01 root", "serve", "root stays", "PV-03 the account itself", "PV-03 anybody else"],
)
def test_only_root_changes(euid: int, uid: int, expected: Stay | Change) -> None:
    assert decide(euid, uid, 8) == expected


def in_a_child(do: Callable[[], None]) -> None:
    """Users are changed in a process that ends."""
    pid = os.fork()
    if not pid:
        try:
            do()
        except BaseException:  # noqa: BLE001 - whatever it is, this process ends here
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def ids(name: str) -> list[int]:
    status = Path("/proc/self/status").read_text()
    found = next(line for line in status.splitlines() if line.startswith(f"{name}:"))
    return [int(number) for number in found.split()[1:]]


@pytest.mark.root
def test_root_is_given_up_for_good_in_all_columns() -> None:
    """PV-01: user, group and the groups of root."""

    def life() -> None:
        privilege = Privilege(NOBODY_CHANGE)
        with privilege.root():
            assert os.geteuid() == 0
        assert os.geteuid() == NOBODY.pw_uid
        privilege.drop()
        assert ids("Uid") == [NOBODY.pw_uid] * 4
        assert ids("Gid") == [NOBODY.pw_gid] * 4
        assert 0 not in ids("Groups")
        with pytest.raises(PermissionError):
            os.seteuid(0)

    in_a_child(life)


@pytest.mark.root
def test_a_low_port_is_bound_as_root_and_nothing_else() -> None:
    """PV-01"""

    def life() -> None:
        privilege = Privilege(NOBODY_CHANGE)
        where = (f"127.88.{os.getpid() >> 8 & 255}.{os.getpid() & 255}", 25)
        with socket.socket() as sock:
            try:
                sock.bind(where)
            except PermissionError:
                pass
            else:
                # The kernel lets everybody bind it here: net.ipv4.ip_unprivileged_port_start.
                return
            with privilege.root():
                sock.bind(where)
            sock.listen()

    in_a_child(life)


@pytest.mark.root
def test_a_user_without_account_is_refused() -> None:
    """PV-02"""
    with pytest.raises(CannotChangeUserError) as refusal:
        Privilege(Change(3_999_999, 3_999_999))
    assert str(refusal.value) == "cannot run initgroups(): no passwd entry for uid=3999999"


@pytest.mark.root
def test_who_is_not_root_any_more_cannot_become_somebody() -> None:
    """PV-02"""

    def life() -> None:
        os.setresuid(65533, 65533, 65533)
        with pytest.raises(CannotChangeUserError) as refusal:
            Privilege(NOBODY_CHANGE)
        assert str(refusal.value) == (
            f"initgroups failed for uid={NOBODY.pw_uid}: Operation not permitted"
        )

    in_a_child(life)


@pytest.mark.root
def test_a_program_that_is_to_begin_as_root_does() -> None:
    def life() -> None:
        Privilege(NOBODY_CHANGE).restore()
        assert ids("Uid") == [0] * 4
        assert ids("Gid") == [os.getgid()] * 4

    in_a_child(life)


def test_with_nothing_to_change_nothing_happens() -> None:
    """PV-03"""
    before = ids("Uid")
    privilege = Privilege(Stay())
    with privilege.root():
        assert ids("Uid") == before
    privilege.drop()
    assert ids("Uid") == before
