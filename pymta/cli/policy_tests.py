"""Run the operator's tests of his policy functions.

A test is a function at the top level of a file ``test_*.py`` whose own name begins with ``test_``;
it takes nothing, or one parameter `policy`, and fails by what it raises.  Each has a process of its
own, so that none sees what another left behind, and one that never comes back is told like others.

Touches: processes, disk, the operator's code.
"""

from __future__ import annotations

import ast
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from pymta.cli.command_error import CommandError
from pymta.config.policy_code import PolicySource
from pymta.dataclass import dataclass
from pymta.policy import trial
from pymta.policy.testing import Policy
from pymta.policy.trial import ILL, WELL, Ended

NAME = "test_policy_file"  # of the module, for those who look themselves up


@dataclass(frozen=True, slots=True)
class Test:
    file: Path
    name: str
    takes_policy: bool

    def __str__(self) -> str:
        return f"{self.file}::{self.name}"


def files_of(paths: tuple[Path, ...], policy: Path) -> list[Path]:
    """Those that were named, and the tests in directories; without any, those beside `policy`.

    Raises CommandError when one is not there.
    """
    found: list[Path] = []
    for path in paths or (policy.parent,):
        if not path.exists():
            raise CommandError(f"{path}: No such file or directory", os.EX_NOINPUT)
        found += sorted(path.glob("test_*.py")) if path.is_dir() else [path]
    return found


def tests_of(file: Path) -> Iterator[Test]:
    """Found without running it.  Raises CommandError when it is no Python."""
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", 0) or 0
        text = f"{file}:{line}: this is not Python: {getattr(error, 'msg', error)}"
        raise CommandError(text, os.EX_DATAERR) from None
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            names = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
            if names not in ([], ["policy"]):
                wanted = f"want {node.name}() or {node.name}(policy)"
                raise CommandError(f"{file}:{node.lineno}: {wanted}", os.EX_DATAERR)
            yield Test(file, node.name, bool(names))


def run(test: Test, source: PolicySource, seconds: int) -> Ended:
    """How it ended; what it said belongs to that, when it failed."""
    return trial.in_child(lambda: _live(test, source, seconds))


def _live(test: Test, source: PolicySource, seconds: int) -> int:
    try:
        module = ModuleType(NAME)
        module.__file__ = str(test.file)
        sys.modules[NAME] = module
        sys.path.insert(0, str(test.file.parent))  # as pytest would
        code = compile(test.file.read_bytes(), str(test.file), "exec", dont_inherit=True)
        exec(code, module.__dict__)  # noqa: S102 - a test is there to be run
        function = getattr(module, test.name)
        if test.takes_policy:
            function(Policy(source, seconds))
        else:
            function()
    except BaseException as error:  # noqa: BLE001 - whatever a test may raise
        _tell(error)
        return ILL
    return WELL


def _tell(error: BaseException) -> None:
    """The traceback, without our own frames at its top."""
    frames = error.__traceback__
    while frames and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    traceback.print_exception(type(error), error, frames)
