"""The queue on another disk: `spool_directory`."""

from __future__ import annotations

import pwd
import smtplib
from pathlib import Path

import pytest

from tests.doubles.daemon import DEADLINE
from tests.doubles.standalone import Standalone, standalone

NOBODY = pwd.getpwnam("nobody")


def send(made: Standalone) -> None:
    with smtplib.SMTP(made.address, made.port, timeout=DEADLINE) as client:
        client.sendmail("a@client.test", ["user@localhost"], "Subject: hi\r\n\r\nhi\r\n")


def start(made: Standalone) -> str:
    """What is said of a start that is refused."""
    done = made.run("pymta", "daemon", "--config", str(made.config))
    assert done.returncode != 0
    return done.stderr


def test_mail_waits_there_and_every_command_finds_it(tmp_path: Path) -> None:
    disk = tmp_path / "disk" / "spool"
    made = Standalone(tmp_path, spool_directory=str(disk), queue_only=True)
    with made.in_front():
        send(made)
        assert len(list((disk / "queue").iterdir())) == 1
        listed = made.run("pymta", "queue", "--state", str(made.state), "list")
        assert "user@localhost" in listed.stdout
    with made.in_front():  # started again it finds it, too
        assert made.run("pymta", "queue", "--state", str(made.state), "run").returncode == 0
    assert list((disk / "queue").iterdir()) == []
    assert len(list((made.state / "mail/user/new").iterdir())) == 1


def test_another_one_is_no_matter_of_a_reload(tmp_path: Path) -> None:
    made = Standalone(tmp_path)
    with made.in_front():
        made.write_settings(spool_directory=str(tmp_path / "disk"))
        done = made.run("pymta", "reload", "--state", str(made.state))
        assert done.returncode != 0
        assert 'spool_directory: found "' in done.stdout + done.stderr
        assert 'want "" while the daemon runs; another is taken at a start' in (
            done.stdout + done.stderr
        )
    with made.in_front():
        assert (made.state / "spool").readlink() == tmp_path / "disk"


def test_mail_that_waits_in_the_former_one_is_not_left_behind(tmp_path: Path) -> None:
    made = Standalone(tmp_path, queue_only=True)
    with made.in_front():
        send(made)
    made.write_settings(spool_directory=str(tmp_path / "disk"))

    said = start(made)

    assert f"messages wait in {made.state}/spool, and spool_directory is {tmp_path}/disk" in said
    assert len(list((made.state / "spool/queue").iterdir())) == 1


def test_a_disk_that_is_not_mounted_ends_the_start(tmp_path: Path) -> None:
    disk = tmp_path / "mount" / "spool"
    made = Standalone(tmp_path, spool_directory=str(disk))
    with made.in_front():
        pass
    (tmp_path / "mount").rename(tmp_path / "unplugged")

    assert f"leads to {disk}, which is not there: mount it" in start(made)
    assert not disk.exists()


@pytest.mark.root
def test_what_root_makes_is_the_accounts_and_what_is_there_is_not_given_away() -> None:
    """PV-01"""
    with standalone(pymta_user="nobody") as made:
        disk = made.directory / "disk"
        made.write_settings(spool_directory=str(disk))
        with made.in_front():
            assert made.greeting().startswith("220 ")
            assert {p.stat().st_uid for p in (disk, *disk.rglob("*"))} == {NOBODY.pw_uid}
        of_root = made.directory / "of_root"
        of_root.mkdir()
        made.write_settings(spool_directory=str(of_root))
        assert f"spool_directory: {of_root} belongs to root; give it to nobody" in start(made)
        assert of_root.stat().st_uid == 0


def test_one_that_splits_is_not_needed(tmp_path: Path) -> None:
    made = Standalone(tmp_path, split_spool_directory=True)

    assert "split_spool_directory: found true; want false: directories of any size" in start(made)
