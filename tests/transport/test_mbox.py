"""Into an mbox: whole, locked, and as it was before where something goes wrong."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import mailbox
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.spool.disk import Disk
from pymta.spool.store import SpoolError
from pymta.transport.from_lines import from_line, quoted
from pymta.transport.mailboxes import Mboxes
from pymta.transport.mbox import FORGOTTEN, LockedError, Mbox
from tests.doubles.watched_disk import KillAfter, WatchedDisk
from tests.transport.test_maildir import WANTED, parcel

FIRST = b"From s@example.net Fri Nov 27 06:00:00 2026\n"
OLD = b"From a@example.net Thu Jan  1 00:00:00 2026\nSubject: old\n\nold\n\n"
MAIL = b"Subject: x\n\nhello\n"


def box(path: Path, **more: Any) -> Mbox:
    return Mbox(path.parent, path.name, **{"patience": 0.0} | more)


def store(path: Path, is_mine: Callable[[], bool] = lambda: True, **more: Any) -> bool:
    return box(path, **more).store(FIRST, [MAIL], is_mine)


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "inbox"


# The lines between messages.


def test_a_message_begins_with_its_sender_and_the_time() -> None:
    date = "Fri Nov 27 06:00:00 2026"
    assert from_line("s@example.net", date) == FIRST
    assert from_line("", date).startswith(b"From MAILER-DAEMON ")
    assert from_line('"a b"@example.org', date).startswith(b'From "a_b"@example.org ')


@given(st.lists(st.sampled_from([b"From ", b"Fro", b"m ", b">", b"\n", b"x", b""]), max_size=12))
def test_no_line_of_a_message_looks_like_the_beginning_of_another(blocks: list[bytes]) -> None:
    """Whatever the blocks; and one sign taken off each such line gives the message again."""
    written = b"".join(quoted(blocks))
    lines = written.split(b"\n")
    assert not any(line.startswith(b"From ") for line in lines)
    again = [line[1:] if line.lstrip(b">").startswith(b"From ") else line for line in lines]
    text = b"".join(blocks)
    assert b"\n".join(again) == text + (b"\n" if text.endswith(b"\n") or not text else b"\n\n")


def test_a_line_of_signs_takes_no_memory() -> None:
    blocks = [b">" * 500] * 10
    assert b"".join(quoted(blocks)) == b">" * 5000 + b"\n\n"


# Stored.


def test_messages_stand_one_after_another_for_every_reader(tmp_path: Path) -> None:
    mboxes = Mboxes(tmp_path / "mbox")
    body = b"Subject: x\r\n\r\nFrom here\r\n>From there\r\nno end"
    assert mboxes.store("user", parcel())
    assert mboxes.store("user", replace(parcel(), sender="", blocks=lambda: iter([body])))
    file = tmp_path / "mbox" / "user"
    assert file.stat().st_mode & 0o777 == 0o600
    content = file.read_bytes()
    assert content.startswith(b"From s@example.net ")
    assert WANTED + b"\nFrom MAILER-DAEMON " in content
    assert content.endswith(b"\n\n>From here\n>>From there\nno end\n\n")
    with contextlib.closing(mailbox.mbox(file)) as read:
        first, second = read
    assert first["Delivered-To"] == "user@localhost"
    assert second["Subject"] == "x"
    assert names(file.parent) == ["user"]


@pytest.mark.parametrize(("end", "gap"), [(b"old\n\n", b""), (b"old\n", b"\n"), (b"old", b"\n\n")])
def test_what_somebody_left_without_an_end_is_ended(path: Path, end: bytes, gap: bytes) -> None:
    path.write_bytes(end)
    assert store(path)
    assert path.read_bytes() == end + gap + FIRST + MAIL + b"\n"


def test_a_mailbox_cannot_be_the_lock_of_another(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot end in"):
        Mboxes(tmp_path / "mbox").store("user.lock", parcel("user.lock@localhost"))


# Undone.


def test_a_claim_that_was_lost_leaves_the_mailbox_as_it_was(path: Path) -> None:
    path.write_bytes(OLD)
    assert not store(path, lambda: False)
    assert path.read_bytes() == OLD
    assert names(path.parent) == [path.name]


def test_a_message_that_cannot_be_read_to_its_end_is_taken_back(path: Path) -> None:
    def damaged() -> Any:
        yield MAIL
        raise SpoolError(errno.EBADMSG, "the message is damaged")

    path.write_bytes(OLD)
    with pytest.raises(SpoolError):
        box(path).store(FIRST, damaged(), lambda: True)
    assert path.read_bytes() == OLD


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_disk_that_says_no_leaves_the_mailbox_as_it_was(path: Path, number: int) -> None:
    """At each call in turn, but for those that undo."""
    for count in range(100):
        path.write_bytes(OLD)
        left = [count]

        def refuse(call: str, arguments: tuple[Any, ...], left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == -1 and call != "close":
                raise OSError(number, os.strerror(number))

        try:
            store(path, disk=WatchedDisk(Disk(), refuse))
        except OSError:
            assert path.read_bytes() == OLD
        else:
            assert path.read_bytes() == OLD + FIRST + MAIL + b"\n"
            if left[0] >= 0:
                assert count > 8
                return
        for file in path.parent.iterdir():
            file.unlink()
    pytest.fail("never came through")


def killed_after(path: Path, count: int) -> bool:
    """False: the process came to its end before so many calls."""
    pid = os.fork()
    if not pid:
        store(path, disk=WatchedDisk(Disk(), KillAfter(count)))
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    return status == signal.SIGKILL


def test_a_delivery_killed_at_any_call_and_repeated_loses_nothing(tmp_path: Path) -> None:
    """It may be there twice, or a part of it before it; what was there before stays."""
    for count in range(100):
        path = tmp_path / str(count) / "inbox"
        path.parent.mkdir()
        path.write_bytes(OLD)
        is_killed = killed_after(path, count)
        lock = path.with_name("inbox.lock")
        if lock.exists() and not lock.read_bytes():  # it does not say whose it is: wait
            os.utime(lock, (0, 0))
        assert store(path, patience=5.0)
        content = path.read_bytes()
        assert content.startswith(OLD)
        assert content.endswith(FIRST + MAIL + b"\n")
        assert content.count(b"Subject: x") <= 2
        assert names(path.parent) == ["inbox"]
        if not is_killed:
            assert count > 10
            return
    pytest.fail("never came through")


def test_all_of_it_is_synced_before_anybody_is_told(path: Path) -> None:
    """The message first, then the name of the file, which a power cut could take away."""
    done: list[str] = []

    def watch(call: str, arguments: tuple[Any, ...]) -> None:
        name = Path(f"/proc/self/fd/{arguments[0]}").readlink().name if call == "sync" else ""
        if call == "sync" or (call == "write" and b"Subject" in arguments[1]):
            done.append(f"{call} {name}".strip())

    def is_mine() -> bool:
        done.append("is it still mine?")
        return True

    for _ in range(2):  # also when the file is there: who made it may have been killed
        done.clear()
        assert store(path, is_mine, disk=WatchedDisk(Disk(), watch))
        assert done == ["write", "sync inbox", f"sync {path.parent.name}", "is it still mine?"]


# Locked.


def test_both_locks_are_held_while_it_is_written(path: Path) -> None:
    seen: list[tuple[bytes, bool]] = []

    def is_mine() -> bool:
        lock = path.with_name("inbox.lock").read_bytes()
        child = (
            "import fcntl, sys\n"
            f"file = open({str(path)!r}, 'r+b')\n"
            "try: fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
            "except BlockingIOError: sys.exit(7)\n"
        )
        done = subprocess.run([sys.executable, "-c", child], check=False)
        seen.append((lock, done.returncode == 7))
        return True

    assert store(path, is_mine)
    assert seen == [(b"%d\n" % os.getpid(), True)]
    assert names(path.parent) == ["inbox"]


def test_who_has_the_kernels_lock_is_waited_for_only_so_long(path: Path) -> None:
    path.write_bytes(OLD)
    script = (
        "import fcntl, sys\n"
        f"file = open({str(path)!r}, 'r+b')\n"
        "fcntl.lockf(file, fcntl.LOCK_EX)\n"
        "print('locked', flush=True); sys.stdin.read()\n"
    )
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", script], **pipes) as other:
        assert other.stdout
        assert other.stdout.readline() == b"locked\n"
        with pytest.raises(LockedError, match="locked by another"):
            store(path)
        assert not path.with_name("inbox.lock").exists()
        other.communicate()
    assert store(path)


@pytest.mark.parametrize(
    ("text", "age", "holds"),
    [
        (f"{os.getppid()}\n", 0.0, True),
        ("", 0.0, True),
        ("0", 0.0, True),
        ("", FORGOTTEN + 60, False),
        (f"{os.getppid()}\n", FORGOTTEN + 60, False),
        ("DEAD", 0.0, False),
        (f"{1 << 70}", 0.0, False),
    ],
)
def test_a_lock_file_holds_until_its_owner_is_dead_or_has_forgotten_it(
    path: Path, text: str, age: float, holds: bool
) -> None:
    child = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], stdout=-1, check=True
    )
    lock = path.with_name("inbox.lock")
    lock.write_text(text.replace("DEAD", child.stdout.decode()))
    os.utime(lock, (time.time() - age,) * 2)
    if holds:
        with pytest.raises(LockedError):
            store(path)
        assert lock.exists()
    else:
        assert store(path, patience=5.0)
        assert not lock.exists()


def test_a_lock_that_somebody_else_has_taken_meanwhile_stays_his(path: Path) -> None:
    """Ours was held for so long that he took it for forgotten."""
    lock = path.with_name("inbox.lock")

    def is_mine() -> bool:
        lock.unlink()
        lock.write_text("his")  # most file systems give it the inode that has become free
        return True

    assert store(path, is_mine)
    assert lock.read_text() == "his"


def test_a_file_that_was_put_in_its_place_meanwhile_gets_the_message(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs that write a mailbox anew do so under a lock, and we wait for that."""
    path.write_bytes(OLD)
    (path.parent / "fresh").write_bytes(b"")
    real = fcntl.lockf

    def replaced(fd: int, how: int) -> None:
        if (path.parent / "fresh").exists():
            (path.parent / "fresh").rename(path)
        real(fd, how)

    monkeypatch.setattr(fcntl, "lockf", replaced)
    assert store(path, patience=5.0)
    assert path.read_bytes() == FIRST + MAIL + b"\n"


# Refused.


@pytest.mark.parametrize("kind", ["link", "dangling link", "second name", "fifo", "directory"])
def test_nothing_but_a_file_of_one_name_is_written_to(path: Path, kind: str) -> None:
    other = path.parent / "other"
    if kind != "dangling link":
        other.write_bytes(OLD)
    match kind:
        case "link" | "dangling link":
            path.symlink_to(other)
        case "second name":
            os.link(other, path)
        case "fifo":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
    with pytest.raises(OSError, match=r"."):
        store(path)
    assert not other.exists() if kind == "dangling link" else other.read_bytes() == OLD
    assert not path.with_name("inbox.lock").exists()


@pytest.mark.root
def test_a_file_of_somebody_else_is_not_written_to(path: Path) -> None:
    path.write_bytes(OLD)
    os.chown(path, 65534, -1)
    with pytest.raises(OSError, match="belongs to uid 65534"):
        store(path)
    assert path.read_bytes() == OLD
