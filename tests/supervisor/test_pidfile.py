"""A pid file is replaced and removed only when it is one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pymta.supervisor import pidfile
from pymta.supervisor.pidfile import Found, may_remove, may_replace

PID_FILE = Found(is_plain=True, links=1, mode=0o644, content=b"37\n")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (PID_FILE, True),
        (Found(False, 1, 0o644, b""), False),
        (Found(True, 2, 0o644, b"37\n"), False),
        (Found(True, 1, 0o600, b"37\n"), False),
        (Found(True, 1, 0o4644, b"37\n"), False),
        (Found(True, 1, 0o644, b"37"), False),
        (Found(True, 1, 0o644, b""), False),
        (Found(True, 1, 0o644, b"root:x:0\n"), False),
        (Found(True, 1, 0o644, b"37\n38\n"), False),
        (Found(True, 1, 0o644, b"1" * 20), False),
    ],
    ids=[
        "a pid file",
        "no plain file",
        "a second name",
        "another mode",
        "a set-user-id bit",
        "no line end",
        "empty",
        "words",
        "two lines",
        "too long",
    ],
)
def test_only_what_looks_like_a_pid_file_is_replaced(found: Found, expected: bool) -> None:
    """N-21"""
    assert may_replace(found) is expected


def test_only_our_own_is_removed() -> None:
    """BG-06"""
    assert may_remove(PID_FILE, 37)
    assert not may_remove(PID_FILE, 3)


def test_it_holds_the_pid_and_everybody_may_read_it(tmp_path: Path) -> None:
    """BG-05: whatever the umask is."""
    path = tmp_path / "pid"
    before = os.umask(0o077)
    try:
        assert pidfile.write(path, 37) == ""
    finally:
        os.umask(before)

    assert path.read_bytes() == b"37\n"
    assert path.stat().st_mode & 0o7777 == 0o644


def test_one_that_was_left_behind_gives_way_to_a_new_file(tmp_path: Path) -> None:
    """N-21: it is not written through, because somebody may have it open."""
    path = tmp_path / "pid"
    assert pidfile.write(path, 37) == ""
    with path.open("rb") as old:
        assert pidfile.write(path, 38) == ""
        assert old.read() == b"37\n"

    assert path.read_bytes() == b"38\n"


def test_ours_is_left_as_it_is(tmp_path: Path) -> None:
    """A reload writes it again, then without the right to make files there."""
    path = tmp_path / "pid"
    assert pidfile.write(path, 37) == ""
    inode = path.stat().st_ino

    assert pidfile.write(path, 37) == ""

    assert path.stat().st_ino == inode


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """N-21"""
    victim = tmp_path / "victim"
    victim.write_bytes(b"37\n")
    victim.chmod(0o644)
    (tmp_path / "pid").symlink_to(victim)

    assert "Too many levels of symbolic links" in pidfile.write(tmp_path / "pid", 38)
    pidfile.remove(tmp_path / "pid", 37)

    assert victim.read_bytes() == b"37\n"
    assert (tmp_path / "pid").is_symlink()


def test_a_file_that_is_something_else_stays(tmp_path: Path) -> None:
    """N-21"""
    path = tmp_path / "shadow"
    path.write_text("root:*:19000::::::\n")

    assert "this is no pid file" in pidfile.write(path, 38)

    assert path.read_text() == "root:*:19000::::::\n"


def test_a_pipe_makes_nobody_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pid", 0o644)

    assert "this is no pid file" in pidfile.write(tmp_path / "pid", 38)


def test_a_missing_directory_is_a_remark_and_no_more(tmp_path: Path) -> None:
    """BG-05"""
    assert "No such file" in pidfile.write(tmp_path / "none" / "pid", 38)
    pidfile.remove(tmp_path / "none" / "pid", 38)


def test_at_the_end_ours_goes_and_a_foreign_one_stays(tmp_path: Path) -> None:
    """BG-06"""
    path = tmp_path / "pid"
    assert pidfile.write(path, 37) == ""

    pidfile.remove(path, 99)
    assert path.exists()
    pidfile.remove(path, 37)
    assert not path.exists()
