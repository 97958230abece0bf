"""Into a Maildir: whole, synced, once."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.spool.store import SpoolError
from pymta.transport.line_ends import with_lf
from pymta.transport.maildir import Maildirs, file_name
from pymta.transport.parcel import Parcel

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


def test_a_message_arrives_with_lf_ends_and_its_envelope_on_top(root: Path) -> None:
    assert Maildirs(root).store("user", parcel())
    (file,) = files(root)
    assert file.read_bytes() == WANTED
    assert files(root, "tmp") == []
    assert (root / "user" / "cur").is_dir()


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


# Stopped after every step: a real process is killed by a real signal at each system call that
# touches the Maildir, then the attempt is repeated.

CALLS = ("open", "mkdir", "unlink", "write", "fsync", "close", "rename")


class Stop(BaseException):
    """What a kill looks like from inside: nothing afterwards runs."""


def _stopping(limit: int, calls: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def wrap(name: str) -> None:
        real = getattr(os, name)

        def counted(*args: object, **named: object) -> object:
            if len(calls) >= limit:
                os._exit(9)
            calls.append(name)
            return real(*args, **named)

        monkeypatch.setattr(f"pymta.transport.maildir.os.{name}", counted)

    for name in CALLS:
        wrap(name)


def _stopped_after(root: Path, limit: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Store in a process that ends without a word after `limit` calls; True: it came through."""
    pid = os.fork()
    if not pid:
        try:
            _stopping(limit, [], monkeypatch)
            Maildirs(root).store("user", parcel())
        except BaseException:  # noqa: BLE001 - a child of a test must not run on as the test
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in {0, 9}
    return code == 0


def test_an_attempt_stopped_at_any_call_and_repeated_delivers_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in range(200):
        root = tmp_path / str(limit)
        came_through = _stopped_after(root, limit, monkeypatch)
        seen = list(root.glob("user/new/*"))
        assert all(file.read_bytes() == WANTED for file in seen), "a part was visible"
        Maildirs(root).store("user", parcel())
        (file,) = files(root)
        assert file.read_bytes() == WANTED
        assert files(root, "tmp") == []
        if came_through:
            assert limit > len(CALLS)
            return
    pytest.fail("never came through")


def test_the_order_of_steps_is_what_makes_it_safe(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is synced before it is renamed, and new/ after that."""
    done: list[str] = []
    the_file = file_name(ID, "user@localhost")

    def watch(name: str, real: Callable[..., None]) -> None:
        def told(what: int | str, *rest: object, **named: object) -> None:
            path = Path(f"/proc/self/fd/{what}").readlink() if isinstance(what, int) else Path(what)
            done.append(f"{name} {'file' if path.name == the_file else path.name}")
            real(what, *rest, **named)

        monkeypatch.setattr(f"pymta.transport.maildir.os.{name}", told)

    watch("fsync", os.fsync)
    watch("rename", os.rename)
    maildirs = Maildirs(root)
    maildirs.store("user", parcel())
    assert done[-3:] == ["fsync file", "rename file", "fsync new"]
    assert done[:-3] == ["fsync user", "fsync mail", f"fsync {root.parent.name}"]
    done.clear()
    maildirs.store("user", parcel())
    assert done == ["fsync file", "rename file", "fsync new"]


@given(st.lists(st.sampled_from([b"\r", b"\n", b"a", b"\r\n", b""]), max_size=12))
def test_line_ends_do_not_depend_on_where_blocks_end(blocks: list[bytes]) -> None:
    whole = b"".join(blocks)
    wanted = whole.replace(b"\r\n", b"\n")
    if wanted and not wanted.endswith(b"\n"):
        wanted += b"\n"
    assert b"".join(with_lf(blocks)) == wanted
