"""Whoever has been given a list says who is on it, and not which file of ours it is."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from pymta.tables.list_file import read_list
from pymta.tables.owned_file import MOST_LINKS, open_owned
from pymta.tables.table import Found, Unsure

ALICE, BOB, US, ROOT = 4001, 4002, 4003, 0


@pytest.fixture
def hers(tmp_path: Path) -> Path:
    """A directory of Alice's below one of root's."""
    directory = tmp_path / "alice"
    directory.mkdir()
    os.chown(directory, ALICE, ALICE)
    return directory


def write(path: Path, owner: int) -> Path:
    path.write_text("secret\n")
    os.chown(path, owner, owner)
    return path


def link(path: Path, target: Path | str, owner: int) -> Path:
    path.symlink_to(target)
    os.chown(path, owner, owner, follow_symlinks=False)
    return path


def refused(path: Path) -> str:
    with pytest.raises(ValueError, match="want the same owner") as told:
        open_owned(str(path), US)
    return str(told.value)


def taken(path: Path | str) -> bool:
    fd = open_owned(str(path), US)
    with os.fdopen(fd, "rb") as file:
        return file.read() == b"secret\n"


def descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


@pytest.mark.parametrize("owner", [ROOT, US, BOB])
def test_a_link_leads_to_no_file_of_another(tmp_path: Path, hers: Path, owner: int) -> None:
    secret = write(tmp_path / "passwords", owner)
    list_ = link(hers / "list", secret, ALICE)

    assert f"belongs to uid {owner}, and {hers} on the way there to uid {ALICE}" in refused(list_)
    assert read_list(str(list_), lambda: US) == Unsure(f"{list_} cannot be used: {refused(list_)}")


def test_nor_does_one_in_a_directory_of_root_which_her_group_may_write_to(tmp_path: Path) -> None:
    secret = write(tmp_path / "passwords", ROOT)
    list_ = link(tmp_path / "list", secret, ALICE)

    assert f"{list_} on the way there to uid {ALICE}" in refused(list_)


def test_nor_a_link_in_place_of_a_directory(tmp_path: Path, hers: Path) -> None:
    (tmp_path / "etc").mkdir()
    write(tmp_path / "etc" / "list", ROOT)
    link(hers / "lists", "../etc", ALICE)

    refused(hers / "lists" / "list")
    refused(hers / ".." / "alice" / "lists" / "list")


def test_nor_a_second_name_of_a_file(tmp_path: Path, hers: Path) -> None:
    """A hard link, where the kernel lets her (fs.protected_hardlinks)."""
    os.link(write(tmp_path / "passwords", ROOT), hers / "list")

    refused(hers / "list")


def test_a_list_of_her_own_is_read_wherever_root_or_we_have_put_links_to_it(
    tmp_path: Path, hers: Path
) -> None:
    list_ = write(hers / "list", ALICE)
    link(hers / "by-another-name", "./list", ALICE)
    link(tmp_path / "list", list_, ROOT)
    link(tmp_path / "ours", hers, US)

    assert taken(list_)
    assert taken(hers / "by-another-name")
    assert taken(tmp_path / "list")
    assert taken(f"{tmp_path}//ours/../alice/./list")
    assert read_list(str(tmp_path / "ours" / "list"), lambda: US) == Found(
        "secret\n", str(tmp_path / "ours" / "list"), str(tmp_path / "ours" / "list"), 1
    )


def test_what_is_no_file_is_told_as_anywhere(tmp_path: Path) -> None:
    around = link(tmp_path / "around", "around", ROOT)
    below = write(tmp_path / "file", ROOT) / "list"

    for path, why in (
        (around, errno.ELOOP),
        (below, errno.ENOTDIR),
        (tmp_path / "x", errno.ENOENT),
    ):
        with pytest.raises(OSError, match=os.strerror(why)):
            open_owned(str(path), US)
    for path in (tmp_path, Path("/"), link(tmp_path / "top", "/", ROOT)):
        assert read_list(str(path)) == Unsure(f"{path} cannot be used: it is no file")


def test_as_many_links_are_followed_as_the_kernel_follows(tmp_path: Path) -> None:
    write(tmp_path / "0", ROOT)
    for number in range(1, MOST_LINKS + 2):
        link(tmp_path / str(number), str(number - 1), ROOT)

    assert taken(tmp_path / str(MOST_LINKS))
    with pytest.raises(OSError, match=os.strerror(errno.ELOOP)):
        open_owned(str(tmp_path / str(MOST_LINKS + 1)), US)


def test_no_descriptor_is_left_open(tmp_path: Path, hers: Path) -> None:
    list_ = link(hers / "list", write(tmp_path / "passwords", ROOT), ALICE)
    link(tmp_path / "around", "around", ROOT)
    before = descriptors()

    for path in (list_, tmp_path / "around", tmp_path / "passwords", tmp_path, tmp_path / "x"):
        read_list(str(path), lambda: US)

    assert descriptors() == before
