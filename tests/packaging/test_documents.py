"""What is written for operators is as new as the program."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import pytest

from tests.doubles.peers import CHECKOUT


@pytest.mark.parametrize(
    ("kind", "file"), [("sample", "pymta.toml.sample"), ("manual", "man/pymta.toml.5")]
)
def test_documents_of_settings_are_as_new_as_the_settings(kind: str, file: str) -> None:
    """If this fails: packaging/document.py says how to print them anew."""
    printed = subprocess.run(
        [sys.executable, "packaging/document.py", kind],
        cwd=CHECKOUT,
        env={"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (CHECKOUT / "packaging" / file).read_text() == printed.stdout


def test_the_sample_becomes_a_settings_file_line_by_line() -> None:
    lines = (CHECKOUT / "packaging/pymta.toml.sample").read_text().splitlines()
    settings = [line[1:] for line in lines if re.match("#[a-z].* = ", line)]
    assert len(tomllib.loads("\n".join(settings))) == len(settings) > 20
