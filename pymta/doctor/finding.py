"""One thing that `pymta doctor` has to say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from enum import StrEnum
from typing import Any

from pymta.dataclass import dataclass


class Weight(StrEnum):
    """A fault must be mended: mail suffers, or soon will.  A note is worth knowing."""

    FAULT = "fault"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """`topic` is one word for programs and does not change; `where` a unit, a file or a setting.

    `remedy` is a command, or a text to put where it says; "" when there is nothing to be done.
    """

    weight: Weight
    topic: str
    where: str
    what: str
    remedy: str = ""


def fault(topic: str, where: str, what: str, remedy: str = "") -> Finding:
    return Finding(Weight.FAULT, topic, where, what, remedy)


def note(topic: str, where: str, what: str, remedy: str = "") -> Finding:
    return Finding(Weight.NOTE, topic, where, what, remedy)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """What must be mended first, else as they were found."""
    return tuple(sorted(findings, key=lambda one: one.weight is Weight.NOTE))


def has_fault(findings: Iterable[Finding]) -> bool:
    return any(one.weight is Weight.FAULT for one in findings)


def as_text(finding: Finding) -> str:
    text = f"{finding.weight}: {finding.where}: {finding.what}"
    return f"{text}\n      {finding.remedy}" if finding.remedy else text


def as_plain(finding: Finding) -> dict[str, Any]:
    """Only what JSON has."""
    return asdict(finding)
