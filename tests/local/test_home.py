"""The work in a home directory, stopped at every call, and with disks that say no."""

from __future__ import annotations

import errno
import math
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pymta.accounts.account import Account
from pymta.config.deliver import Deliver
from pymta.local.home import deliver
from pymta.local.identity import IdentityError, become
from pymta.local.task import Errand
from pymta.spool.disk import Disk
from pymta.transport.local_request import Answer, Deed, PutOff, Request, Stored
from pymta.transport.mailboxes import file_name
from tests.doubles.people import NOBODY, as_user
from tests.doubles.watched_disk import KillAfter, StopAfter, Stopped, WatchedDisk

FILE = file_name("1wIcRd-000000012Tz-1abc", "me@localhost")
HEAD = b"Return-Path: <s@example.org>\nDelivered-To: me@localhost\n"
BODY = b"Subject: x\n\nhello\n" * 40_000  # more than a block


@pytest.fixture
def message(tmp_path: Path) -> int:
    path = tmp_path / "message"
    path.write_bytes(BODY)
    return os.open(path, os.O_RDONLY)


def store(
    home: Path, message: int, disk: Disk | None = None, is_wanted: Callable[[], bool] = lambda: True
) -> Answer:
    account = Account("me", os.getuid(), os.getgid(), str(home))
    request = Request("me", FILE, len(BODY), "s@example.org", "me@localhost", Deed.STORE)
    return deliver(Errand(request, message, account, Deliver(), is_wanted, disk))


def files(home: Path) -> list[Path]:
    return [path for path in home.rglob("*") if path.is_file()]


def test_a_delivery_stopped_at_any_call_and_repeated_is_there_once(
    tmp_path: Path, message: int
) -> None:
    for count in range(100):
        home = tmp_path / str(count)
        home.mkdir()
        came_through = True
        try:
            assert store(home, message, WatchedDisk(Disk(), StopAfter(count))) == Stored()
        except Stopped:
            came_through = False
        assert all(p.read_bytes() == HEAD + BODY for p in home.glob("Maildir/new/*")), "a part"
        assert store(home, message) == Stored()
        assert files(home) == [home / "Maildir" / "new" / FILE]
        if came_through:
            assert count > 20
            return
    pytest.fail("never came through")


@pytest.mark.root
def test_a_child_that_is_killed_at_any_call_leaves_a_delivery_or_none(
    message: int, homes: Path
) -> None:
    """In a process that has become the user: whoever asked hears nothing, and asks again."""
    user = Account("nobody", NOBODY, NOBODY, "")
    for count in range(100):
        home = homes / str(count)
        home.mkdir()
        os.chown(home, NOBODY, NOBODY)
        disk = WatchedDisk(Disk(), KillAfter(count))
        status = in_child(user, partial(store, home, message, disk))
        assert status in {0, -signal.SIGKILL}
        assert all(p.read_bytes() == HEAD + BODY for p in home.glob("Maildir/new/*")), "a part"
        assert in_child(user, partial(store, home, message)) == 0
        assert files(home) == [home / "Maildir" / "new" / FILE]
        if status == 0:
            assert count > 20
            return
    pytest.fail("never came through")


@pytest.fixture
def homes() -> Iterator[Path]:
    """A directory that everybody may enter, which pytest's own are not."""
    directory = Path(tempfile.mkdtemp(prefix="pymta-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


def in_child(user: Account, act: Callable[[], Answer]) -> int:
    """Become this user and do it; 0 when it was stored, the signal when it was killed."""
    pid = os.fork()
    if not pid:
        status = 1
        try:
            become(user)
            status = 0 if act() == Stored() else 2
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize("number", [errno.EDQUOT, errno.ENOSPC, errno.EIO, errno.EROFS])
@pytest.mark.parametrize("call", ["make_directory", "create", "write", "sync", "rename"])
def test_a_disk_that_says_no_puts_the_mail_off_and_shows_no_part(
    tmp_path: Path, message: int, number: int, call: str
) -> None:
    def refuse(name: str, arguments: tuple[Any, ...]) -> None:
        if name == call:
            raise OSError(number, os.strerror(number))

    found = store(tmp_path, message, WatchedDisk(Disk(), refuse))
    assert found == PutOff(number, f"cannot store into {tmp_path}/Maildir")
    assert not list(tmp_path.glob("Maildir/*/*"))
    assert store(tmp_path, message) == Stored()


def test_when_nobody_waits_any_more_nothing_becomes_visible(tmp_path: Path, message: int) -> None:
    found = store(tmp_path, message, is_wanted=lambda: False)
    assert found == PutOff(0, "nobody waits for the delivery any more")
    assert not list(tmp_path.glob("Maildir/*/*"))


@pytest.mark.root
def test_nobody_becomes_root() -> None:
    with pytest.raises(IdentityError, match="root gets no mail"):
        become(Account("root", 0, 0, "/root"))


@pytest.mark.root
def test_a_user_can_become_nobody_else() -> None:

    def try_it() -> str:
        become(Account("other", 4711, 4711, "/"))
        return "became somebody else"

    assert as_user(try_it).startswith("PermissionError")


@pytest.mark.root
@pytest.mark.parametrize("call", ["setgroups", "setresgid", "setresuid"])
def test_a_system_call_that_does_nothing_is_found_out(
    call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a system that answers yes and leaves us root would."""
    setgroups = os.setgroups
    monkeypatch.setattr(os, call, lambda *_: None)
    pid = os.fork()
    if not pid:
        status = 1
        try:
            setgroups([7])  # what is there to be lost
            become(Account("other", 4711, 4711, "/"))
        except IdentityError:
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_an_mbox_is_as_it_was_when_the_time_is_over(tmp_path: Path, message: int) -> None:
    """Some time before the limit that kills, so that no lock is left behind."""
    spool = tmp_path / "spool"
    spool.mkdir()
    (spool / "me").write_bytes(b"old\n\n")
    account = Account("me", os.getuid(), os.getgid(), str(tmp_path))
    request = Request("me", FILE, len(BODY), "s@example.org", "me@localhost", Deed.STORE)
    settings = Deliver(mail_spool_directory=str(spool))
    errand = Errand(request, message, account, settings, lambda: True, until=0.0)
    found = deliver(errand)
    assert found == PutOff(errno.ETIMEDOUT, f"cannot append to {spool}/me: the time for it is over")
    assert [path.name for path in spool.iterdir()] == ["me"]
    assert (spool / "me").read_bytes() == b"old\n\n"
    assert deliver(replace(errand, until=math.inf)) == Stored()
