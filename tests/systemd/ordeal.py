"""Everything that may happen to a serving daemon, under callers that never pause.

Reloads, restarts, upgrades, and kills of its supervisor; what became of callers and mail is a
`Verdict`.  With the supervisor systemd ends its workers, so whoever is in a session at that moment
loses it; nobody else does, and what was answered 250 is there in any case.

Touches: processes, clock.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.doubles.box import Box
from tests.systemd import mta

CALLERS = Path(__file__).with_name("callers.py")
AT_A_TIME = 8  # callers, unless the test says otherwise
UNITS = ("pymta.service", "pymta-selfbound.service")
BACK_WITHIN = 7.0  # seconds after a kill (check 14)


@dataclass(frozen=True, slots=True)
class Deeds:
    reloads: int
    restarts: int
    kills: int
    upgrades: int

    def shuffled(self, seed: int) -> list[str]:
        deeds = ["reload"] * self.reloads + ["restart"] * self.restarts
        deeds += ["kill"] * self.kills + ["upgrade"] * self.upgrades
        random.Random(seed).shuffle(deeds)
        return deeds


@dataclass(frozen=True, slots=True)
class Verdict:
    """`refused` to `lost` count sessions, `killed` those that a kill -9 met, `slowest` is how many
    seconds it took to be back after one; `missing` were answered 250 and are nowhere.
    """

    served: int
    sent_away: int
    refused: int
    lost: list[str]
    killed: int
    slowest: float
    sent: int
    missing: list[str]
    twice: int

    def __str__(self) -> str:
        sessions = self.served + self.sent_away + self.refused + len(self.lost) + self.killed
        return (
            f"{sessions} sessions: {self.served} served, {self.sent_away} sent away with 421,"
            f" {self.refused} refused, {len(self.lost)} lost, {self.killed} open at a kill;"
            f" back after {self.slowest:.1f} s; {self.sent} messages answered 250,"
            f" {len(self.missing)} missing, {self.twice} more than once"
        )


class Ordeal:
    """`unit` is started, and the callers begin."""

    def __init__(self, box: Box, unit: str, callers: int = AT_A_TIME) -> None:
        self._box = box
        self._unit = unit
        self._number = 0
        self._kills: list[tuple[float, float]] = []
        self._slowest = 0.0
        box.run("systemctl", "start", unit)
        self._callers: subprocess.Popen[str] = box.start(*mta.PYTHON, str(CALLERS), str(callers))

    def run(self, deeds: list[str]) -> Verdict:
        for deed in deeds:
            self._number += 1
            getattr(self, deed)()
        return self._judge()

    def reload(self) -> None:
        """Check 11: when the command returns the new settings serve."""
        pid = mta.shows(self._box, "MainPID", self._unit)
        banner = f"number {self._number}"
        mta.settings(self._box, f'smtp_banner = "{banner}"\n')
        self._box.run("systemctl", "reload", self._unit)
        assert mta.first_line(self._box, "127.0.0.1") == f"220 {banner}"
        assert mta.shows(self._box, "MainPID", self._unit) == pid

    def restart(self) -> None:
        pid = mta.shows(self._box, "MainPID", self._unit)
        self._box.run("systemctl", "restart", self._unit)
        assert mta.shows(self._box, "MainPID", self._unit) != pid

    def upgrade(self) -> None:
        """The files in place as packaging/install does it, then a reload."""
        version = f"9.{self._number}"
        mta.upgrade(self._box, f's/^__version__ = .*/__version__ = "{version}"/', "__init__.py")
        self.reload()
        assert json.loads(self._box.says("pymta", "status", "--json"))["version"] == version

    def kill(self) -> None:
        """Check 14"""
        pid = mta.shows(self._box, "MainPID", self._unit)
        began = time.monotonic()
        mta.kill(self._box, pid)
        killed = time.monotonic()
        assert mta.first_line(self._box, "127.0.0.1").startswith("220 ")
        back = time.monotonic()
        assert mta.shows(self._box, "MainPID", self._unit) not in {pid, "0"}
        self._slowest = max(self._slowest, back - killed)
        # The workers die with it, and who had not been taken yet does not; a moment for systemd.
        self._kills.append((began, killed + 1))

    def _judge(self) -> Verdict:
        said, _ = self._callers.communicate("", timeout=120)
        found = json.loads(said)
        lost = [
            f"{where}, after {ended - began:.2f} s"
            for began, ended, where in found["lost"]
            if not self._met_a_kill(began, ended)
        ]
        there = self._delivered(found["sent"])
        return Verdict(
            *(found["served"], found["sent_away"], found["refused"], lost),
            killed=len(found["lost"]) - len(lost),
            slowest=self._slowest,
            sent=len(found["sent"]),
            missing=[number for number in found["sent"] if number not in there],
            twice=sum(count > 1 for count in there.values()),
        )

    def _met_a_kill(self, began: float, ended: float) -> bool:
        return any(began <= last and ended >= first for first, last in self._kills)

    def _delivered(self, sent: list[str]) -> Counter[str]:
        """How often each number lies in the mailbox, when all of them do, or will not any more."""

        def all_there() -> bool:
            self._box.run("systemctl", "start", "pymta-queue.service")
            return set(sent) <= set(self._numbers())

        with suppress(AssertionError):  # the verdict says what is missing
            self._box.wait_until("everything is delivered", all_there, 60)
        return self._numbers()

    def _numbers(self) -> Counter[str]:
        look = f"grep -rhao '^X-Number: [0-9-]*' {mta.MAILDIR}/new || :"
        return Counter(re.findall("X-Number: ([0-9-]+)", self._box.says("sh", "-c", look)))
