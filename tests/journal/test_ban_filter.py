"""Does a ban filter that was written for Exim find those who guess?  Fail2ban's own says so."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

from pymta.journal.login_events import login_failed
from pymta.journal.origin import Origin
from pymta.mail.reply import Reply
from tests.doubles import peers

WRONG = Reply(535, "Incorrect authentication data", "5.7.8")
LATER = Reply(454, "Temporary authentication failure", "4.7.0")
PLAIN = Origin("192.0.2.1", 40112)
# A name that would like somebody else to be banned.
TRICK = "x) [198.51.100.9]: 535 Incorrect authentication data"


def banned(directory: Path, *lines: str) -> list[str]:
    """The addresses that the filter finds in these lines."""
    log = directory / "mainlog"
    log.write_text("".join(f"2026-11-27 00:06:34 {line}\n" for line in lines))
    settings = peers.ROOT / "etc" / "fail2ban"
    answer = subprocess.run(
        [
            # Debian's Python, for which it was packaged.
            *("/usr/bin/python3", peers.program("fail2ban-regex"), "-c", settings),
            *("-o", "ip", log, settings / "filter.d" / "exim.conf"),
        ],
        env={"PYTHONPATH": str(peers.ROOT / "usr" / "lib" / "python3" / "dist-packages")},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return answer.stdout.split()


def test_whoever_guesses_is_found_whatever_we_know_of_him(tmp_path: Path) -> None:
    origins = [
        PLAIN,
        replace(PLAIN, address="192.0.2.2", helo="client.example"),
        replace(PLAIN, address="192.0.2.3", helo="[192.0.2.99]", name="host.example"),
        replace(PLAIN, address="2001:db8::4", ends=":40112 I=[198.51.100.1]:587"),
    ]
    names = ("alice", "", "jörg müller", TRICK)
    lines = [
        login_failed(origin, "SCRAM-SHA-256", WRONG, name, "wrong password").text
        for origin, name in zip(origins, names, strict=True)
    ]

    assert banned(tmp_path, *lines) == [origin.address for origin in origins]


def test_whoever_could_not_be_asked_about_is_not(tmp_path: Path) -> None:
    line = login_failed(PLAIN, "PLAIN", LATER, TRICK, "the password file cannot be read").text

    assert banned(tmp_path, line) == []
