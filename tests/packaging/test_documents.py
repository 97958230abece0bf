"""What is written for operators is as new as the program."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from pymta.config.policy_rules import faults
from pymta.config.settings import Settings
from pymta.supervisor.report import report
from tests.doubles.peers import CHECKOUT
from tests.supervisor.test_report import BUSY


@pytest.mark.parametrize(
    ("kind", "file"),
    [
        ("sample", "packaging/pymta.toml.sample"),
        ("manual", "packaging/man/pymta.toml.5"),
        ("catalogue", "systemd/pymta.catalog"),
        ("journal", "packaging/man/pymta-journal.7"),
        ("readme", "README.md"),
    ],
)
def test_documents_are_as_new_as_what_they_describe(kind: str, file: str) -> None:
    """If this fails: packaging/document.py says how to print them anew."""
    printed = subprocess.run(
        [sys.executable, "packaging/document.py", kind],
        cwd=CHECKOUT,
        env={"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (CHECKOUT / file).read_text() == printed.stdout


def test_the_manual_names_every_member_of_the_status() -> None:
    """Monitors read them: nothing is printed that nobody can look up."""
    text = (CHECKOUT / "packaging/man/pymta.8").read_text()
    section = text[text.index("\n.SH STATUS\n") : text.index("\n.SH EXIT STATUS\n")]

    assert {name for name in members(report(BUSY, Settings())) if name not in section} == set()


def members(found: Any) -> Iterator[str]:
    """Names of all members, those left out whose names are addresses or settings."""
    if isinstance(found, list):
        for item in found:
            yield from members(item)
    elif isinstance(found, dict):
        for name, value in found.items():
            yield name
            if name not in {"by_address", "by_uid", "limits"}:
                yield from members(value)


def test_the_sample_becomes_a_settings_file_line_by_line() -> None:
    lines = (CHECKOUT / "packaging/pymta.toml.sample").read_text().splitlines()
    settings = [line[1:] for line in lines if re.match("#[a-z].* = ", line)]
    assert len(tomllib.loads("\n".join(settings))) == len(settings) > 20


def test_the_rules_of_the_sample_are_rules() -> None:
    lines = (CHECKOUT / "packaging/pymta.toml.sample").read_text().splitlines()
    start = lines.index("# [[policy.helo]]")
    rules = tomllib.loads("\n".join(line[2:] for line in lines[start:]))["policy"]

    assert sum(map(len, rules.values())) > 3
    assert not list(faults(rules))


def test_the_manual_describes_every_unit() -> None:
    """Those of the delivery helper have a page of their own."""
    text = (CHECKOUT / "packaging/man/pymta.8").read_text().replace("\\-", "-")
    section = text[text.index("\n.SH UNITS\n") : text.index("\n.SH SYSTEMD\n")]
    words = section.replace('" name "', "").replace("@ name .", "@.").replace("@ domain .", "@.")
    kinds = {".socket", ".service", ".timer", ".slice"}
    units = {path.name for path in (CHECKOUT / "systemd").iterdir() if path.suffix in kinds}

    assert {name for name in units if name not in words and "deliver" not in name} == set()
