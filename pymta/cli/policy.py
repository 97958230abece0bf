"""`pymta policy`: the operator's own policy functions, before they serve anybody.

    check    reads the file as a reload would, and runs what stands at its top level
    test     runs its tests

Touches: click, disk, processes.
"""

from __future__ import annotations

import os
from pathlib import Path

import click

from pymta.cli import policy_tests
from pymta.cli.command_error import CommandError
from pymta.cli.options import PATH
from pymta.cli.places import DAEMON_CONFIG
from pymta.cli.policy_trial import fault_of
from pymta.config.complaints import ConfigError
from pymta.config.policy_code import PolicyCode, PolicySource
from pymta.config.read_policy_code import UnusableFileError, read_policy_code
from pymta.config.schema import validate
from pymta.config.sources import read_sources
from pymta.policy.trial import ILL

FAILED = 1
_OPTIONS = ("policy_file", "policy_timeout")

file_option = click.option(
    "--file",
    type=PATH,
    default=None,
    help="The file of functions  [default: policy_file of the settings]",
)
config_option = click.option(
    "--config", type=PATH, default=None, help=f"The settings file  [default: {DAEMON_CONFIG}]"
)


@click.group()
def policy() -> None:
    """Check and test policy functions of your own."""


@policy.command()
@file_option
@config_option
def check(file: Path | None, config: Path | None) -> None:
    """Read the file of policy functions and name every mistake.

    What stands at its top level is run, as each session does.  The exit code is 78 when there are
    mistakes.
    """
    source, seconds = _source(file, config)
    if (fault := fault_of(source, seconds)) is not None:
        raise ConfigError([fault])
    click.echo(f"{source.path}: no mistakes; asked at {', '.join(source.stages)}")


@policy.command()
@file_option
@config_option
@click.argument("paths", type=PATH, nargs=-1)
def test(file: Path | None, config: Path | None, paths: tuple[Path, ...]) -> int:
    """Run tests of the policy functions: PATHS are files, or directories with test_*.py in them.

    Without any, those beside the file of functions.  A test is a function test_*(policy); see
    pymta-policy(5).  The exit code is 1 when one has failed.
    """
    source, seconds = _source(file, config)
    files = policy_tests.files_of(paths, Path(source.path))
    tests = [one for found in files for one in policy_tests.tests_of(found)]
    if not tests:
        where = ", ".join(map(str, files)) or "; a file of them is named test_*.py"
        raise CommandError(f"no tests found{f' in {where}' if files else where}", os.EX_NOINPUT)
    failed = sum(not _passes(one, source, seconds) for one in tests)
    click.echo(f"{len(tests) - failed} passed, {failed} failed")
    return FAILED if failed else os.EX_OK


def _passes(test: policy_tests.Test, source: PolicySource, seconds: int) -> bool:
    ended = policy_tests.run(test, source, seconds)
    click.echo(f"{test} {'ok' if ended.is_well else 'FAILED'}")
    if ended.is_well:
        return True
    click.echo(ended.said, nl=not ended.said.endswith("\n"))
    if ended.never_came_back:
        click.echo("a function did not come back within its time, and its process was ended")
    elif ended.status != ILL:
        click.echo(f"its process ended with status {ended.status}")
    return False


def _source(file: Path | None, config: Path | None) -> tuple[PolicySource, int]:
    """The file, and its time limit.

    The settings are read for these two alone: tests need nothing else to be right.
    Raises ConfigError with all mistakes, CommandError when there is no file.
    """
    settings = config or Path(DAEMON_CONFIG)
    named, seconds = "", PolicyCode().policy_timeout
    if config or settings.exists():
        sources = read_sources(settings)
        if sources.complaints and not file:
            raise ConfigError(sources.complaints)
        found = {key: sources.found[key].value for key in _OPTIONS if key in sources.found}
        good, _ = validate(found)
        named, seconds = good.get("policy_file", ""), good.get("policy_timeout", seconds)
    path = str(file.absolute()) if file else named
    if not path:
        raise CommandError(f"no policy_file in {settings}; name one with --file", os.EX_NOINPUT)
    try:
        return read_policy_code(path), seconds
    except UnusableFileError as error:
        raise CommandError(f"{path}: {error}", os.EX_NOINPUT) from error
