"""What tests do with the pymta of a box: write to it, talk to it, read its journal and its mail.

Touches: processes.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from tests.doubles.box import Box
from tests.doubles.peers import CHECKOUT

INSTALL = CHECKOUT / "packaging/install"
CALLS = Path(__file__).with_name("calls.py")
PYTHON = ("/usr/bin/python3", "-I")
MAILDIR = "/var/lib/pymta/mail/user"
_QUEUE_ID = re.compile(r"\b[0-9A-Za-z]{6}-[0-9A-Za-z]{11}-[0-9A-Za-z]{4}\b")


class Talk:
    """A session held by the test, a line at a time."""

    def __init__(self, box: Box, host: str = "127.0.0.1") -> None:
        self._process = box.start("timeout", "60", *PYTHON, str(CALLS), "talk", host)
        self.greeting = self._reply()

    def say(self, line: str) -> str:
        """Send it; the whole reply, lines joined by "\\n"."""
        self.send(line)
        return self._reply()

    def send(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def end(self) -> str:
        """Hang up; what else the other side said."""
        rest, _ = self._process.communicate(timeout=30)
        return rest

    def _reply(self) -> str:
        assert self._process.stdout
        lines = [self._process.stdout.readline()]
        while lines[-1][3:4] == "-":
            lines.append(self._process.stdout.readline())
        return "".join(lines).replace("\r\n", "\n").rstrip("\n")


def greeting(box: Box) -> str:
    talk = Talk(box)
    talk.say("QUIT")
    talk.end()
    return talk.greeting


def first_line(box: Box, host: str, port: int = 25) -> str:
    """What a caller hears who then hangs up; "" when nobody answers."""
    hear = 'exec 3<>"/dev/tcp/$0/$1" && read -r -t 20 line <&3 && echo "$line"'
    done = box.run("bash", "-c", hear, host, str(port), check=False)
    return done.stdout.rstrip("\r\n") if done.returncode == 0 else ""


def is_taken(box: Box, port: int = 25) -> bool:
    """Does anybody listen there?"""
    probe = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5)"
    return box.run(*PYTHON, "-c", probe, check=False).returncode == 0


def send(box: Box, *words: str, to: str = "user@localhost", server: str = "127.0.0.1:25") -> str:
    """A message from swaks; its queue id."""
    message = ("--from", "someone@example.org", "--to", to, "--server", server, *words)
    said = box.says("swaks", "--timeout", "20", *message)
    accepted = next(line for line in said.splitlines() if "id=" in line and "250" in line)
    return queue_id(accepted)


def queue_id(text: str) -> str:
    found = _QUEUE_ID.search(text)
    assert found, text
    return found[0]


def mailbox(box: Box) -> list[str]:
    """The messages in the Maildir of "user"."""
    names = box.says("sh", "-c", f"ls {MAILDIR}/new 2>/dev/null; :").split()
    return [box.says("cat", f"{MAILDIR}/new/{name}") for name in names]


def wait_for_mail(box: Box, messages: int = 1) -> list[str]:
    box.wait_until(f"{messages} in the mailbox", lambda: len(mailbox(box)) >= messages)
    return mailbox(box)


def story(box: Box, message: str, *match: str) -> str:
    """What the journal tells of one message, to its end."""

    def told() -> str:
        query = ("--no-pager", "-o", "cat", *match, f"PYMTA_QUEUE_ID={message}")
        return box.says("journalctl", *query)

    box.wait_until("the message is completed", lambda: "Completed" in told())
    return told()


def settings(box: Box, text: str) -> None:
    box.write("/etc/pymta/pymta.toml", text)


def upgrade(box: Box, edit: str, file: str) -> None:
    """As packaging/install does it, to a version with one file edited; `edit` is for sed."""
    script = (
        "set -e; cd /usr/lib/pymta; old=$(readlink current); new=$(mktemp -du version.XXXXXX);"
        ' cp -a $old/ $new; sed -i "$1" $new/pymta/"$2";'
        " ln -sfn $new next; mv -T next current; rm -r $old"
    )
    box.run("sh", "-c", script, "sh", edit, file)


def shows(box: Box, name: str, unit: str = "pymta.service") -> str:
    return box.says("systemctl", "show", "-P", name, unit)


def kill(box: Box, pid: str) -> None:
    """A tree without procps has it in its shell alone."""
    box.run("sh", "-c", f"kill -9 {pid}")


class Loop:
    """Callers without a pause, until `end`."""

    def __init__(self, box: Box, *words: str) -> None:
        self._process: subprocess.Popen[str] = box.start(*PYTHON, str(CALLS), "loop", *words)

    def end(self) -> dict[str, int]:
        """How many calls were "served", "refused", "broken" or "cut short"."""
        said, _ = self._process.communicate("", timeout=60)
        results: dict[str, int] = json.loads(said)
        return results
