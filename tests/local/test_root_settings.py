"""The helper's settings: of its own names only, and of root's files only."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path

import pytest

from pymta.config.complaints import ConfigError
from pymta.config.deliver import Deliver
from pymta.config.read import read_settings
from pymta.config.settings import Machine
from pymta.local.root_settings import RefusedError, read

pytestmark = pytest.mark.root


@pytest.fixture
def main(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    return tmp_path / "pymta.toml"


def test_without_files_there_are_defaults(main: Path, tmp_path: Path) -> None:
    assert read(main) == Deliver()
    assert read(tmp_path / "nowhere" / "pymta.toml") == Deliver()


def test_it_reads_what_the_daemon_reads_and_the_last_word_wins(main: Path, tmp_path: Path) -> None:
    main.write_text(
        'smtp_accept_max = 7\nlocal_uid_min = 500\nhome_maildir = "mail"\nhome_timeout = "1m"\n'
        'forward_file = ""\nhome_maildir_create = false\n'
    )
    drop_ins = tmp_path / "pymta.toml.d"
    drop_ins.mkdir()
    (drop_ins / "20.toml").write_text("local_uid_min = 2000\r\n")
    (drop_ins / "10.toml").write_text("local_uid_min = 1500\n")
    (drop_ins / ".30.toml").write_text("local_uid_min = 1\n")
    (drop_ins / "40.txt").write_text("local_uid_min = 1\n")
    wanted = Deliver(2000, "mail", home_maildir_create=False, forward_file="", home_timeout=60)
    assert read(main) == wanted
    assert read_settings(main, Machine(), login="", hostname="box.example").deliver == wanted


@pytest.mark.parametrize(
    "text",
    [
        "local_uid_min = 0",
        "local_uid_min = true",
        'local_uid_min = "1000"',
        "local_uid_min = 1.5",
        "home_timeout = 60",
        'home_timeout = "0s"',
        'home_maildir = ""',
        'home_maildir = "/var/mail"',
        'home_maildir = "../x"',
        'home_maildir = "a//b"',
        'home_maildir = "mail/"',
        'home_maildir = "a\\u0000b"',
        "home_maildir = 5",
        "home_maildir_create = 1",
        'forward_file = "/etc/passwd"',
        "local_uid_min = [1000]",
    ],
)
def test_what_the_daemon_refuses_the_helper_refuses_too(main: Path, text: str) -> None:
    main.write_text(text)
    with pytest.raises(RefusedError, match=text.partition(" ")[0]) as refusal:
        read(main)
    assert str(refusal.value).startswith(str(main))
    with pytest.raises(ConfigError, match=text.partition(" ")[0]):
        read_settings(main, Machine(), login="", hostname="box.example")


def test_every_name_of_the_helper_is_one_of_the_settings(main: Path) -> None:
    names = {field.name for field in fields(Deliver)}
    settings = read_settings(None, Machine(), login="", hostname="box.example")
    assert {field.name for field in fields(settings.deliver)} == names


@pytest.mark.parametrize("content", [b"local_uid_min = \n", b"\xff", b"x" * (1 << 21)])
def test_a_file_that_cannot_be_read_is_refused(main: Path, content: bytes) -> None:
    main.write_bytes(content)
    with pytest.raises(RefusedError, match=str(main)):
        read(main)


@pytest.mark.parametrize("which", ["file", "directory", "drop-in", "drop-ins", "link"])
@pytest.mark.parametrize("how", ["owner", "group", "others"])
def test_what_others_could_have_written_is_refused(main: Path, which: str, how: str) -> None:
    drop_ins = Path(f"{main}.d")
    drop_ins.mkdir()
    drop_in = drop_ins / "x.toml"
    real = main.parent / "real"
    for path in (drop_in, real):
        path.write_text("")
    if which == "link":
        main.symlink_to(real)
    else:
        main.write_text("")
    assert read(main) == Deliver()
    places = {"file": main, "directory": main.parent, "drop-in": drop_in, "drop-ins": drop_ins}
    place = places.get(which, real)
    if how == "owner":
        os.chown(place, 4711, 0)
    else:
        place.chmod(place.stat().st_mode | (0o020 if how == "group" else 0o002))
    with pytest.raises(RefusedError, match=f"^{place}: "):
        read(main)


def test_a_file_that_keeps_a_reader_waiting_is_refused(main: Path) -> None:
    os.mkfifo(main)
    with pytest.raises(RefusedError, match="no regular file"):
        read(main)
