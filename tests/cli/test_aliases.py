"""`pymta aliases` and `newaliases`: mistakes, with file and line, before mail finds them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pymta.cli import sendmail
from pymta.cli.app import run
from pymta.config import generation
from pymta.config.routing import Routing
from pymta.config.settings import Machine, Settings

Capture = pytest.CaptureFixture[str]

WRONG = """\
team:    alice, bbob,
         \\ghost, carol@example.org
alice:   alice, bob
bad:     a b
news:    :include:{directory}/nowhere
team:    carol
old:     :fail: gone
later:   :defer: soon
none:    :blackhole:
ring:    gnir
gnir:    ring
"""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    routing = Routing(
        primary_hostname="mail.example.net",
        local_parts=("postmaster", "alice", "bob"),
        alias_file=(str(tmp_path / "aliases"),),
        virtual_domains=("virtual.example",),
        virtual_aliases=(str(tmp_path / "virtual"),),
        virtual_mailboxes=(str(tmp_path / "mailboxes"),),
    )
    settings = Settings(routing=routing, machine=Machine(str(tmp_path), str(tmp_path)))
    generation.store(generation.current_file(tmp_path), settings)
    (tmp_path / "aliases").write_text("team: alice, bob\n")
    (tmp_path / "virtual").write_text("info@virtual.example: team\n@virtual.example: alice\n")
    (tmp_path / "mailboxes").write_text("carol@virtual.example\n")
    return tmp_path


def test_files_without_a_mistake(state: Path, capsys: Capture) -> None:
    assert run(["aliases", "--state", str(state)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{state}/aliases: 1 entry, no mistakes",
        f"{state}/virtual: 2 entries, no mistakes",
        f"{state}/mailboxes: 1 entry, no mistakes",
    ]


def test_a_list_is_looked_at_as_the_daemon_does(state: Path, capsys: Capture) -> None:
    """Whoever asks: it is the daemon whose directories are as good as root's, and not Alice's."""
    daemon, alice = 4003, 4001
    os.chown(state, daemon, daemon)
    hers = state / "hers"
    hers.mkdir()
    os.chown(hers, alice, alice)
    (state / "list").write_text("bob\n")
    (hers / "list").symlink_to(state / "list")
    (state / "aliases").write_text(f"a: :include:{state}/list\nb: :include:{hers}/list\n")

    assert run(["aliases", "--state", str(state)]) == 65
    told, *_ = capsys.readouterr().out.splitlines()[1:]
    assert told.startswith(f"  {state}/aliases:2: {hers}/list cannot be used: it belongs to uid 0,")
    assert f"{hers} on the way there to uid {alice}" in told


def test_every_mistake_is_told_with_its_line(state: Path, capsys: Capture) -> None:
    (state / "aliases").write_text(WRONG.format(directory=state))
    (state / "virtual").write_text("info@elsewhere.example: alice\nx@virtual.example: nobody\n")
    (state / "mailboxes").write_text("dave@virtual.example ../dave\n: lost\n")
    assert run(["aliases", "--state", str(state)]) == 65
    nowhere = f"{state}/nowhere cannot be read: No such file or directory"
    circle = "aliases go in a circle: {0}@mail.example.net leads back to itself"
    assert capsys.readouterr().out.splitlines() == [
        f"{state}/aliases: 9 entries, 7 mistakes",
        f"  {state}/aliases:6: team stands in line 1 already, and that counts",
        f"  {state}/aliases:1: bbob@mail.example.net gets no mail: Unknown user",
        f"  {state}/aliases:2: \\ghost@mail.example.net gets no mail: Unknown user",
        f"  {state}/aliases:4: 'a b' is no address: malformed local part",
        f"  {state}/aliases:5: {nowhere}",
        f"  {state}/aliases:10: gnir@mail.example.net gets no mail: {circle.format('gnir')}",
        f"  {state}/aliases:11: ring@mail.example.net gets no mail: {circle.format('ring')}",
        f"{state}/virtual: 2 entries, 2 mistakes",
        f"  {state}/virtual:1: info@elsewhere.example is in none of virtual_domains",
        f"  {state}/virtual:2: nobody@mail.example.net gets no mail: Unknown user",
        f"{state}/mailboxes: 1 entry, 2 mistakes",
        f"  {state}/mailboxes:2: ': lost': want a name, a colon, and where it leads",
        (
            f"  {state}/mailboxes:1: '../dave' cannot be the name of a mailbox;"
            " want a name of a-z, 0-9, . _ + - and @"
        ),
    ]


def test_a_file_that_is_not_there_is_a_mistake(state: Path, capsys: Capture) -> None:
    (state / "aliases").unlink()
    assert run(["aliases", "--state", str(state)]) == 65
    assert capsys.readouterr().out.splitlines()[:2] == [
        f"{state}/aliases: 0 entries, 1 mistake",
        f"  {state}/aliases cannot be read: No such file or directory",
    ]


def test_newaliases_succeeds_and_tells_of_mistakes(
    state: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "STATE_DIRECTORY", str(state))
    (state / "aliases").write_text("team: alice\nbad: a b\n")
    assert sendmail.run(["-bi"]) == 0
    told = capsys.readouterr()
    assert "aliases" in told.out
    assert told.err == f"pymta: {state}/aliases:2: 'a b' is no address: malformed local part\n"


def test_newaliases_succeeds_where_settings_cannot_be_read(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "STATE_DIRECTORY", str(tmp_path))
    file = generation.current_file(tmp_path)
    file.parent.mkdir(exist_ok=True)
    file.write_text("nonsense")
    assert sendmail.run(["-bi"]) == 0
    assert not capsys.readouterr().err
