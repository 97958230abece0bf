"""Errors have exit codes that scripts and units can tell apart, and texts that say what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pymta import __version__
from pymta.cli.app import COMMANDS, run

PYMTA = [sys.executable, "-P", "-m", "pymta"]


def pymta(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The program as people run it."""
    return subprocess.run(
        [*PYMTA, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=os.environ | environment,
    )


def test_the_version_is_printed() -> None:
    done = pymta("version")

    assert (done.returncode, done.stdout) == (0, f"pymta {__version__}\n")


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["queue", "--help"], ["serve", "-h"]])
def test_help_helps(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 0
    assert "Usage: pymta" in capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_in_one_line_what_it_is_for(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--help"]) == 0
    (line,) = [li for li in capsys.readouterr().out.splitlines() if li.startswith(f"  {name} ")]
    assert len(line.split()) > 2
    assert not line.endswith("...")


@pytest.mark.parametrize(
    "arguments",
    [
        ["flux"],
        ["serve", "--port", "0"],
        ["serve", "--port", "x"],
        ["reload", "--wait", "-1"],
        ["queue", "remove"],
        ["queue", "flux"],
    ],
)
def test_wrong_words_are_a_usage_error(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == os.EX_USAGE
    assert "Usage: pymta" in capsys.readouterr().err


def test_output_that_nobody_reads_to_its_end_ends_quietly() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [*PYMTA, "config", "show"], stdout=writer, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(writer)

    assert done.stderr == b""


@pytest.mark.parametrize("arguments", [["version"], ["queue", "list"]])
def test_what_a_command_does_not_need_it_does_not_load(
    arguments: list[str], tmp_path: Path
) -> None:
    """A shell prompt that counts the queue must not wait for a validator to load."""
    state = ["--state", str(tmp_path)] if arguments[0] == "queue" else []
    words = [arguments[0], *state, *arguments[1:]]
    probe = (
        "import sys; from pymta.cli.app import run;"
        f"status = run({words!r});"
        "heavy = [m for m in ('pydantic_core', 'dns', 'asyncio', 'email') if m in sys.modules];"
        "sys.exit(f'{status} {heavy}')"
    )

    done = subprocess.run(
        [sys.executable, "-P", "-c", probe], capture_output=True, text=True, check=False
    )

    assert done.stderr == "0 []\n"
