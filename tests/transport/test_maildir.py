"""Into a Maildir: whole, synced, once."""

from __future__ import annotations

import errno
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.spool.disk import Disk
from pymta.spool.store import SpoolError
from pymta.transport import mailboxes
from pymta.transport.line_ends import with_lf
from pymta.transport.mailboxes import Maildirs, file_name
from pymta.transport.parcel import Parcel
from tests.doubles.memory_disk import MemoryDisk
from tests.doubles.watched_disk import StopAfter, Stopped, WatchedDisk

ID = "1wIcRd-000000012Tz-1abc"
BODY = b"Subject: x\r\n\r\nhello\r\n.\r\n"
WANTED = (
    b"Return-Path: <s@example.net>\nDelivered-To: user@localhost\nReceived: by us\n"
    b"Subject: x\n\nhello\n.\n"
)


def parcel(recipient: str = "user@localhost") -> Parcel:
    return Parcel(
        id=ID,
        sender="s@example.net",
        recipients=(recipient,),
        on_top=b"Received: by us\r\n",
        size=len(BODY),
        eight_bit=False,
        blocks=lambda: iter([BODY[:11], BODY[11:]]),  # between the CR and the LF
        is_mine=lambda: True,
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "mail"


def files(root: Path, directory: str = "new") -> list[Path]:
    return sorted((root / "user" / directory).iterdir())


def test_binary_mail_keeps_every_octet(root: Path) -> None:
    """RFC 3030 s3: nobody knows what of it are lines, so that none is changed."""
    octets = b"Subject: x\r\n\r\n\0\r\n\n\r"
    binary = replace(parcel(), is_binary=True, blocks=lambda: iter([octets]))

    assert Maildirs(root).store("user", binary)
    (file,) = files(root)
    assert file.read_bytes().endswith(b"\r\nReceived: by us\r\n" + octets)


def test_a_message_arrives_with_lf_ends_and_its_envelope_on_top(root: Path) -> None:
    assert Maildirs(root).store("user", parcel())
    (file,) = files(root)
    assert file.read_bytes() == WANTED
    assert files(root, "tmp") == []
    assert (root / "user" / "cur").is_dir()


def test_a_mailbox_and_its_envelope_may_be_beyond_ascii(root: Path) -> None:
    """RFC 6531, RFC 6532"""
    there = replace(parcel("jörg@bücher.example"), sender="用户@例子.广告")
    assert Maildirs(root).store("jörg", there)
    (file,) = (root / "jörg" / "new").iterdir()
    text = file.read_bytes().decode()
    assert text.startswith("Return-Path: <用户@例子.广告>\nDelivered-To: jörg@bücher.example\n")


def test_nobody_else_may_read_it(root: Path) -> None:
    Maildirs(root).store("user", parcel())
    (file,) = files(root)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for directory in (root, root / "user", root / "user" / "new", root / "user" / "tmp"):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_a_repeated_attempt_replaces(root: Path) -> None:
    Maildirs(root).store("user", parcel())
    Maildirs(root).store("user", parcel())
    assert len(files(root)) == 1


def test_two_recipients_of_one_mailbox_get_a_copy_each(root: Path) -> None:
    Maildirs(root).store("user", parcel())
    Maildirs(root).store("user", parcel("user@mail.example.org"))
    assert len(files(root)) == 2


@pytest.mark.parametrize(
    "name", ["", "..", ".", "a/b", "../x", ".x", "-x", "USER", "a\0b", "x" * 65]
)
def test_a_name_that_no_setting_allows_makes_no_directory(root: Path, name: str) -> None:
    with pytest.raises(ValueError, match="mailbox"):
        Maildirs(root).store(name, parcel())
    assert not root.exists()


def test_a_claim_that_was_lost_delivers_nothing(root: Path) -> None:
    assert not Maildirs(root).store("user", replace(parcel(), is_mine=lambda: False))
    assert files(root) == files(root, "tmp") == []


def test_a_message_that_cannot_be_read_to_its_end_is_not_visible(root: Path) -> None:
    def damaged() -> Iterator[bytes]:
        yield BODY
        raise SpoolError(errno.EIO, "cannot read")

    with pytest.raises(SpoolError):
        Maildirs(root).store("user", replace(parcel(), blocks=damaged))
    assert files(root) == files(root, "tmp") == []


def test_a_mailbox_that_is_a_link_elsewhere_is_not_followed(root: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    root.mkdir()
    (root / "user").symlink_to(elsewhere)
    with pytest.raises(OSError, match=r"symbolic links|Not a directory"):
        Maildirs(root).store("user", parcel())
    assert list(elsewhere.iterdir()) == []


# Stopped before every call to the disk; then the attempt is repeated, as a queue run would.


def test_an_attempt_stopped_at_any_call_and_repeated_delivers_once(tmp_path: Path) -> None:
    for count in range(100):
        root = tmp_path / str(count)
        came_through = True
        try:
            disk = WatchedDisk(Disk(), StopAfter(count))
            Maildirs(root, disk=disk).store("user", parcel())
        except Stopped:
            came_through = False
        assert all(f.read_bytes() == WANTED for f in root.glob("user/new/*")), "a part was seen"
        Maildirs(root).store("user", parcel())
        (file,) = files(root)
        assert file.read_bytes() == WANTED
        assert files(root, "tmp") == []
        if came_through:
            assert count > 20
            return
    pytest.fail("never came through")


def test_a_delivered_message_survives_a_power_cut_whatever_was_stopped_before() -> None:
    """Also when an earlier process made the directories and was stopped before it synced them."""
    root = Path("/state/mail")
    for count in range(100):
        disk = MemoryDisk(lambda: 0.0)
        disk.make_directory("/state")
        disk.sync(disk.open_directory("/", follow=False))
        came_through = True
        try:
            Maildirs(root, disk=WatchedDisk(disk, StopAfter(count))).store("user", parcel())
        except Stopped:
            came_through = False
        disk.stop()
        Maildirs(root, disk=disk).store("user", parcel())
        disk.cut_power(lambda: False)
        new = disk.open_directory("/state/mail/user/new", follow=False)
        name = file_name(ID, "user@localhost")
        assert disk.names(new) == [name]
        assert disk.read(disk.open(new, name), 1000, 0) == WANTED
        if came_through:
            return
    pytest.fail("never came through")


def test_the_order_of_steps_is_what_makes_it_safe(root: Path) -> None:
    """The file is synced before it is renamed, and new/ after that."""
    done: list[str] = []
    the_file = file_name(ID, "user@localhost")

    def watch(call: str, arguments: tuple[Any, ...]) -> None:
        if call == "sync":
            name = Path(f"/proc/self/fd/{arguments[0]}").readlink().name
            done.append(f"sync {'file' if name == the_file else name}")
        elif call == "rename":
            done.append("rename file")

    maildirs = Maildirs(root, disk=WatchedDisk(Disk(), watch))
    maildirs.store("user", parcel())
    last = ["sync file", "rename file", "sync new"]
    assert done == ["sync user", "sync mail", f"sync {root.parent.name}", *last]
    done.clear()
    Maildirs(root, disk=WatchedDisk(Disk(), watch)).store("user", parcel())  # another process
    assert done == last


@pytest.mark.parametrize("missing", ["tmp", "new", "cur"])
def test_a_directory_that_somebody_took_away_is_made_anew(root: Path, missing: str) -> None:
    maildirs = Maildirs(root)
    maildirs.store("user", parcel())
    for file in files(root):
        file.unlink()
    (root / "user" / missing).rmdir()

    assert maildirs.store("user", parcel())
    assert len(files(root)) == 1
    assert (root / "user" / missing).is_dir()


def test_mail_does_not_follow_a_mailbox_that_was_moved_away(root: Path) -> None:
    maildirs = Maildirs(root)
    maildirs.store("user", parcel())
    (root / "user").rename(root / "former")

    maildirs.store("user", parcel("user@mail.example.org"))
    assert len(files(root)) == 1
    assert len(list((root / "former" / "new").iterdir())) == 1


def test_a_mailbox_that_became_a_link_since_the_last_message_is_not_followed(
    root: Path, tmp_path: Path
) -> None:
    maildirs, elsewhere = Maildirs(root), tmp_path / "elsewhere"
    maildirs.store("user", parcel())
    (root / "user").rename(tmp_path / "former")
    for name in ("cur", "tmp", "new"):
        (elsewhere / name).mkdir(parents=True)
    (root / "user").symlink_to(elsewhere)

    with pytest.raises(OSError, match=r"symbolic links|Not a directory"):
        maildirs.store("user", parcel())
    assert list((elsewhere / "new").iterdir()) == []


def test_only_the_mailboxes_that_had_mail_last_stay_open(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailboxes, "MOST_OPEN", 2)
    opened: list[str] = []

    def watch(call: str, arguments: tuple[Any, ...]) -> None:
        if call == "open_directory" and arguments[0].endswith("/new"):
            opened.append(Path(arguments[0]).parent.name)

    for name in "abc":
        Maildirs(root).store(name, parcel())
    maildirs = Maildirs(root, disk=WatchedDisk(Disk(), watch))
    before = len(list(Path("/proc/self/fd").iterdir()))
    for name in "abaca":
        maildirs.store(name, parcel())
    assert opened == ["a", "b", "c"]
    maildirs.store("b", parcel())
    assert opened == ["a", "b", "c", "b"]
    assert len(list(Path("/proc/self/fd").iterdir())) == before + 2 * 2


@given(st.lists(st.sampled_from([b"\r", b"\n", b"a", b"\r\n", b""]), max_size=12))
def test_line_ends_do_not_depend_on_where_blocks_end(blocks: list[bytes]) -> None:
    whole = b"".join(blocks)
    wanted = whole.replace(b"\r\n", b"\n")
    if wanted and not wanted.endswith(b"\n"):
        wanted += b"\n"
    assert b"".join(with_lf(blocks)) == wanted
