"""What the running daemon says of itself (`pymta status --json`), as far as something is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pymta.dataclass import dataclass
from pymta.doctor.finding import Finding, fault, note
from pymta.journal.line import printable

WHERE = "the daemon"


@dataclass(frozen=True, slots=True)
class Asked:
    """Its report; or None, and `trouble` why not.  `is_denied`: it does not tell us."""

    report: Mapping[str, Any] | None = None
    trouble: str = ""
    is_denied: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """The one that was asked to look: its version, and whether the daemon's own is still there."""

    version: str
    is_theirs_there: bool = True


def findings(asked: Asked, program: Program, *, should_run: bool) -> Iterator[Finding]:
    """`should_run`: something says that there is a daemon, a unit or a process."""
    if asked.report is None:
        yield from _silent(asked, should_run=should_run)
        return
    report = asked.report
    yield from _age(report, program)
    if not report.get("accepting", True) and report.get("state") == "serving":
        text = "takes no connection at present: it is short of descriptors or memory"
        yield fault("not-accepting", WHERE, text, "see the limits of its unit, and free memory")
    last = report.get("last_reload")
    if last and not last["ok"]:
        text = f"refused the last reload, and serves what was before: {printable(last['text'])}"
        yield fault("reload-refused", WHERE, text, "pymta config check, then pymta reload")


def _silent(asked: Asked, *, should_run: bool) -> Iterator[Finding]:
    if asked.is_denied:
        yield note(
            "not-seen", WHERE, "does not tell us what it is doing", "run this as root or as pymta"
        )
    elif should_run:
        yield fault(
            "silent", WHERE, f"runs and does not answer: {asked.trouble}", "pymta status --wait 60"
        )


def _age(report: Mapping[str, Any], program: Program) -> Iterator[Finding]:
    version = report.get("version", "")
    if not program.is_theirs_there:
        text = f"runs a program that has been replaced, version {version}"
    elif version != program.version:
        text = f"runs version {version}, and {program.version} is installed"
    else:
        return
    yield fault("old-program", WHERE, text, "pymta reload, which costs no session")


def roles(asked: Asked) -> frozenset[str] | None:
    """Of its listeners; None when it has not answered."""
    if asked.report is None:
        return None
    kinds = (asked.report.get(name, ()) for name in ("listeners", "local_listeners"))
    return frozenset(str(one["role"]) for listeners in kinds for one in listeners)
