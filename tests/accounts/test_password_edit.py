"""Changes to the password file while others change it, too."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from pymta.accounts.password_edit import added, changed, edit, removed
from pymta.accounts.password_line import Entry


def test_nobody_who_writes_at_the_same_time_is_lost(tmp_path: Path) -> None:
    path, failures = tmp_path / "passwords", []

    def add(number: int) -> None:
        try:
            for one in range(10):
                entry = Entry(f"user{number}.{one}")
                edit(path, lambda data, entry=entry: added(data, entry), os.getegid())  # type: ignore[misc]
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise it to
            failures.append(error)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    names = [line.partition(":")[0] for line in path.read_text().splitlines()]
    assert sorted(names) == sorted(f"user{n}.{one}" for n in range(4) for one in range(10))
    assert [entry.name for entry in tmp_path.iterdir()] == ["passwords"]


def test_a_change_that_fails_leaves_everything_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "passwords"
    path.write_text("a:!\n")
    before = path.stat()

    def fail(data: bytes) -> bytes:
        raise RuntimeError(data)

    with pytest.raises(RuntimeError):
        edit(path, fail, os.getegid())
    assert path.stat() == before or path.stat().st_ino == before.st_ino
    assert path.read_text() == "a:!\n"


def test_a_file_that_stays_as_it_is_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "passwords"
    path.write_text("a:!\n")
    before = path.stat().st_ino
    edit(path, bytes, os.getegid())
    assert path.stat().st_ino == before


@pytest.mark.root
def test_a_new_file_of_root_may_be_read_by_the_daemon_and_stays_so(tmp_path: Path) -> None:
    path = tmp_path / "passwords"
    edit(path, lambda data: added(data, Entry("a")), 4711)
    assert (path.stat().st_uid, path.stat().st_gid) == (0, 4711)
    os.chown(path, 4712, 4713)
    edit(path, lambda data: added(data, Entry("b")), 4711)
    assert (path.stat().st_uid, path.stat().st_gid) == (4712, 4713)
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_last_line_without_an_end_gets_one() -> None:
    assert added(b"a:!", Entry("b")) == b"a:!\nb:!\n"
    assert changed(b"a:!", Entry("a")) == b"a:!"
    assert removed(b"a:!\nb:!", "b") == b"a:!"
