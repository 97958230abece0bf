"""What comes from outside is data: never a path, a command, or something to be expanded (N-41)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pymta.spool.files import FileSpool
from tests.doubles.daemon import daemon
from tests.lives.test_session_life import line

NAMES = [
    "../../etc/x",
    "/etc/passwd",
    "|/bin/sh -c id",
    ":include:/etc/passwd",
    "${run{/bin/touch x}}",
    "user/../../x",
    "%s%n",
    "..",
]


def test_no_address_is_a_path_a_command_or_an_expansion() -> None:
    """N-41: as recipient it is nobody here, as sender it stands in the log as it was said."""
    with daemon() as made, made.raw() as sock:
        assert line(sock).startswith("220 ")

        def ask(text: str) -> str:
            sock.sendall(f"{text}\r\n".encode())
            return line(sock)

        assert ask("HELO $(id)").startswith("501 ")
        assert ask("HELO [${run{id}}]").startswith(("250 ", "501 "))
        assert ask("HELO client.test").startswith("250 ")
        for name in NAMES:
            sender = f'"{name}"@client.test'
            assert ask(f"MAIL FROM:<{sender}>").startswith("250 ")
            assert ask(f'RCPT TO:<"{name}"@localhost>').startswith("550 ")
            assert ask("RCPT TO:<user@localhost>").startswith("250 ")
            assert ask("DATA").startswith("354 ")
            assert ask("Subject: ${run{id}}\r\n\r\nx\r\n.").startswith("250 ")
        made.wait_for_mail("user", len(NAMES))
        for name in NAMES:
            assert re.search(rf' <= "?{re.escape(name)}"?@client\.test ', made.log())
        assert {path.name for path in (made.state / "mail").iterdir()} == {"user"}
        assert not {path.name for path in made.directory.rglob("*")} & {"x", "passwd"}


@pytest.mark.parametrize("id", ["../x", "/etc/passwd", "", "x" * 30, "1aaaaa-00000000001-000/"])
def test_no_message_id_is_a_path(id: str, tmp_path: Path) -> None:
    """N-41"""
    spool = FileSpool(tmp_path / "spool")
    spool.reserve()

    assert not spool.holds(id)
    assert spool.claim(id) is None
    spool.close()
