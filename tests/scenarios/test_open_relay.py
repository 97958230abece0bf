"""Nobody from elsewhere sends to elsewhere through the configuration that we ship.

Every way to write a recipient that some server once took for one of its own, with every sender that
was once believed, from an address that nobody trusts (reliability.md, promise 6).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pymta.config.read import read_settings
from pymta.config.settings import Machine, Settings
from tests.doubles.daemon import DEADLINE
from tests.doubles.house import House
from tests.doubles.network import own_network
from tests.doubles.peers import CHECKOUT
from tests.doubles.standalone import standalone

NAME = "mx.shipped.example"
OURS = "198.51.100.1"
SAMPLE = CHECKOUT / "packaging/pymta.toml.sample"

# THERE is somebody else's domain, HERE one of ours.
ABUSES = [
    "victim@THERE",
    "victim%THERE@HERE",
    "victim%THERE",
    '"victim@THERE"',
    '"victim@THERE"@HERE',
    '"victim%THERE"@HERE',
    "victim@THERE@HERE",
    "victim@THERE@[OURS]",
    '"victim@THERE"@[OURS]',
    "@HERE:victim@THERE",
    "@[OURS]:victim@THERE",
    "@HERE,@THERE:victim@THERE",
    "THERE!victim",
    "THERE!victim@HERE",
    "THERE!victim@[OURS]",
    "HERE!THERE!victim",
    "victim@[192.0.2.99]",
    "victim@[IPv6:2001:db8::99]",
    "victim@localhost.THERE",
    "victim@HERE.THERE",
    "victim@THERE.",
    "victim@THERE.HERE",
    "postmaster@THERE",
    "user@THERE",
    "victim(c)@THERE",
    "<victim@THERE",
    "victim@THERE>,<user@HERE",
    "victim@THERE,user@HERE",
    "user@HERE victim@THERE",
    "victim@\tTHERE",
    "victim@THERE\0@HERE",
    "victim@127.0.0.1",
    "victim@[127.0.0.1]",
    "|/bin/mail victim@THERE",
    "/dev/null@HERE",
    ":include:/etc/passwd@HERE",
]
SENDERS = [
    "someone@client.example",
    "",
    "postmaster@HERE",
    "user@HERE",
    "user@localhost",
    "user@[OURS]",
    "victim@THERE",
    "root",
]


def written(text: str) -> str:
    names = {"THERE": "elsewhere.example", "HERE": NAME, "OURS": OURS}
    return re.sub("|".join(names), lambda match: names[match[0]], text)


def shipped(directory: Path) -> Settings:
    """As a host has them that has set nothing; and all that is in the sample is set."""
    file = directory / "pymta.toml"
    lines = SAMPLE.read_text().splitlines()
    file.write_text("\n".join(line[1:] for line in lines if re.match(r"#[a-z_]+ = ", line)))
    machine = Machine(is_configured=True, is_handed_sockets=True)
    return read_settings(file, machine, login="", hostname=NAME)


def test_the_sample_says_what_is_shipped_anyway(tmp_path: Path) -> None:
    machine = Machine(is_configured=True, is_handed_sockets=True)
    unset = read_settings(None, machine, login="", hostname=NAME)
    sample = shipped(tmp_path)

    assert sample.session == unset.session
    assert sample.routing == unset.routing
    assert sample.policy == unset.policy
    assert not sample.policy.policy


@pytest.mark.parametrize("hello", ["EHLO", "HELO"])
@pytest.mark.parametrize("sender", SENDERS)
def test_a_stranger_relays_nothing(sender: str, hello: str, tmp_path: Path) -> None:
    settings = shipped(tmp_path)
    for abuse in ABUSES:
        place = House(settings)
        with place.call(local=OURS) as guest:
            guest.hear()
            guest.send(f"{hello} {NAME}\r\n".encode())
            assert guest.hear().startswith("250")
            guest.send(f"MAIL FROM:<{written(sender)}>\r\n".encode())
            guest.hear()
            guest.send(f"RCPT TO:<{written(abuse)}>\r\n".encode())
            reply = guest.hear()
            assert reply[0] == "5", (abuse, reply)
            guest.send(b"DATA\r\n")
            assert guest.hear()[0] == "5"
        assert not place.spool.stored
        assert not place.handed_on


CLIENT = """
import json, socket, sys

def hear(file):
    while (reply := file.readline())[3:4] == b"-":
        pass
    return reply.decode()

def session(lines):
    with socket.create_connection((sys.argv[1], 25), 20, (sys.argv[2], 0)) as sock:
        file = sock.makefile("rwb")
        replies = [hear(file)]
        for line in lines:
            file.write(line.encode() + b"\\r\\n")
            file.flush()
            replies.append(hear(file))
        return replies

print(json.dumps([session(lines) for lines in json.loads(sys.argv[3])]))
"""


@pytest.mark.root
def test_a_real_daemon_with_the_shipped_settings_relays_for_nobody_else() -> None:
    sessions = [
        (
            f"EHLO {NAME}",
            f"MAIL FROM:<user@{NAME}>",
            f"RCPT TO:<{written(abuse)}>",
            f"RCPT TO:<user@{NAME}>",
        )
        for abuse in ABUSES
    ]
    with standalone(primary_hostname=NAME, local_interfaces=["0.0.0.0"]) as made:
        made.write_settings(daemon_smtp_ports=[25])
        made.prefix = own_network()
        with made.in_front() as process:
            enter = ["nsenter", "--net", "--target", str(process.pid), "--"]
            for address in (OURS, "192.0.2.7"):
                add = ["ip", "address", "add", f"{address}/32", "dev", "lo"]
                subprocess.run([*enter, *add], check=True)
            client = [sys.executable, "-c", CLIENT, OURS, "192.0.2.7", json.dumps(sessions)]
            done = subprocess.run(
                [*enter, *client], capture_output=True, text=True, timeout=DEADLINE, check=True
            )
    for replies, abuse in zip(json.loads(done.stdout), ABUSES, strict=True):
        codes = [reply[:3] for reply in replies]
        assert codes[:3] == ["220", "250", "250"], replies
        assert codes[3][0] == "5", (abuse, replies)
        assert codes[4] == "250", replies
