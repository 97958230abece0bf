"""The usual place of a spool leads to another disk, and no message is left where nobody looks."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymta.spool.elsewhere import StillThereError, lead_to, refuse_dead_link
from pymta.spool.files import FileSpool


@pytest.fixture
def usual(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    return tmp_path / "state" / "spool"


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    (tmp_path / "disk").mkdir()
    return tmp_path / "disk"


def made(directory: Path) -> FileSpool:
    spool = FileSpool(directory)
    spool.reserve()
    spool.close()
    return spool


def test_a_first_start_makes_a_link(usual: Path, disk: Path) -> None:
    lead_to(usual, disk)
    lead_to(usual, disk)  # every later start

    assert usual.readlink() == disk
    made(usual)
    assert (disk / "queue").is_dir()


def test_a_spool_without_messages_makes_way_and_is_kept(usual: Path, disk: Path) -> None:
    made(usual)
    number = (usual / "host").read_text()

    lead_to(usual, disk)

    assert usual.readlink() == disk
    assert (usual.with_name("spool.former") / "host").read_text() == number


@pytest.mark.parametrize("where", ["queue", "queue.bulk", "incoming", "corrupt"])
def test_messages_keep_it_where_it_is_until_somebody_moves_them(
    usual: Path, disk: Path, where: str
) -> None:
    made(usual)
    (usual / where).mkdir(exist_ok=True)
    message = usual / where / "1wIcRd-000000012Tz-1abc"
    message.write_bytes(b"a message, or what there is of one")

    with pytest.raises(StillThereError, match=f"messages wait in {usual}, and .*move everything"):
        lead_to(usual, disk)

    assert message.is_file()
    message.rename(disk / message.name)
    lead_to(usual, disk)
    assert usual.readlink() == disk


def test_a_link_is_turned_when_nothing_waits_behind_it(usual: Path, disk: Path) -> None:
    former = disk.with_name("former")
    former.mkdir()
    lead_to(usual, former)

    lead_to(usual, disk)

    assert usual.readlink() == disk
    assert former.is_dir()


def test_a_disk_that_is_not_mounted_is_not_taken_for_an_empty_spool(usual: Path) -> None:
    usual.symlink_to("/nowhere/spool")

    with pytest.raises(StillThereError, match="leads to /nowhere/spool, which is not there: mount"):
        refuse_dead_link(usual)


def test_stopped_anywhere_it_is_made_by_the_next_start(usual: Path, disk: Path) -> None:
    made(usual)
    usual.rename(usual.with_name("spool.former"))  # stopped before the link was there
    usual.with_name("spool.fresh").symlink_to(disk)

    lead_to(usual, disk)

    assert usual.readlink() == disk
    assert sorted(path.name for path in usual.parent.iterdir()) == ["spool", "spool.former"]
