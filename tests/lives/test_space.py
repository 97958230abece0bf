"""A disk that is really full: the spool of a real daemon on a small file system of its own."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.doubles.daemon import daemon
from tests.doubles.standalone import Standalone, standalone
from tests.lives.test_session_life import line

_MOUNT = (
    'mkdir -p "$1" && mount -t tmpfs -o "size=4m,nr_inodes=300" small "$1" && shift && exec "$@"'
)
NO_ROOM = "452 4.3.1 Space shortage, please try later"
FAILED = "spool directory space check failed: space="


@contextmanager
def small_disk(**settings: object) -> Iterator[tuple[Standalone, Path]]:
    """A daemon whose state lies on a tmpfs that only it has, and the way there for us."""
    with standalone(**settings) as made:
        made.log_file = made.directory / "log"
        made.write_settings(log_file_path=str(made.log_file))
        made.prefix = ["unshare", "--mount", "sh", "-c", _MOUNT, "sh", str(made.state)]
        with made.in_front() as process:
            yield made, Path(f"/proc/{process.pid}/root{made.state}")


def mail(made: Standalone, parameters: str = "") -> str:
    """The reply to MAIL."""
    with made.connect() as sock:
        line(sock)
        sock.sendall(b"EHLO client.test\r\n")
        while line(sock)[3] == "-":
            pass
        sock.sendall(f"MAIL FROM:<a@client.test>{parameters}\r\n".encode())
        reply = line(sock)
        sock.sendall(b"QUIT\r\n")
        line(sock)
        return reply


@pytest.mark.root
def test_without_space_mail_is_put_off_until_there_is_some_again() -> None:
    """N-25: check_spool_space; one line for all of it, and no restart."""
    with small_disk(check_spool_space="1M", check_spool_inodes=0) as (made, disk):
        assert mail(made).startswith("250 ")
        (disk / "filler").write_bytes(bytes(3 << 20))
        assert [mail(made) for _ in range(5)] == [NO_ROOM] * 5
        made.wait_for_log(FAILED)
        (disk / "filler").unlink()
        assert mail(made).startswith("250 ")

        assert made.log().count(FAILED) == 1
        assert made.log().count("rejected MAIL") == 0


@pytest.mark.root
def test_without_inodes_it_is_the_same() -> None:
    """N-25: check_spool_inodes"""
    with small_disk(check_spool_space=0, check_spool_inodes=100) as (made, disk):
        assert mail(made).startswith("250 ")
        (disk / "many").mkdir()
        for number in range(200):
            (disk / "many" / str(number)).touch()
        assert mail(made) == NO_ROOM
        made.wait_for_log(FAILED)
        for path in (disk / "many").iterdir():
            path.unlink()
        assert mail(made).startswith("250 ")


@pytest.mark.root
def test_a_message_must_fit_beside_what_stays_free() -> None:
    """N-25: smtp_check_spool_space"""
    with small_disk(check_spool_space="1M") as (made, _):
        assert mail(made, f" SIZE={1 << 20}").startswith("250 ")
        assert mail(made, f" SIZE={3 << 20}") == NO_ROOM
        made.wait_for_log(f" for a message of SIZE={3 << 20}")


@pytest.mark.root
def test_a_message_that_fills_the_disk_is_refused_and_leaves_nothing() -> None:
    """Reliability, promise 3: nothing told how long it would be, so the disk says it."""
    with small_disk(check_spool_space=0, smtp_check_spool_space=False) as (made, disk):
        with smtplib.SMTP(made.address, made.port, timeout=30) as client:
            assert send(client, b"x" * 70 + b"\r\n", 100_000) == (452, NO_ROOM.removeprefix("452 "))
            assert list((disk / "spool" / "incoming").iterdir()) == []
            assert list((disk / "spool" / "queue").iterdir()) == []
            assert send(client, b"small\r\n", 1)[0] == 250
        made.wait_for_log("spool error: ")


def send(client: smtplib.SMTP, line: bytes, times: int) -> tuple[int, str]:
    """The reply to the end of a message."""
    client.ehlo_or_helo_if_needed()
    client.mail("a@client.test")
    client.rcpt("user@localhost")
    code, text = client.data(b"Subject: x\r\n\r\n" + line * times)
    return code, text.decode()


def test_the_status_says_what_the_reason_is() -> None:
    with daemon(check_spool_space="1000000G") as made, made.connect() as client:
        client.ehlo()
        assert client.mail("a@client.test")[0] == 452
        made.wait_for_log(FAILED)
        assert "; mail is put off: short of disk space" in made.status()
