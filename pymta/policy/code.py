"""The operator's file of policy functions, run.

It is run anew for each connection, so that nothing of one client is left in a global for the next
(CL-02), unless the operator wants it so.  What it may have changed outside of itself is looked for
after it; where something was, the process is not used for another client.

Touches: the operator's code, environment, threads.
"""

from __future__ import annotations

import builtins
import linecache
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import CodeType, ModuleType
from typing import Any

import pymta.policy.v1  # noqa: F401 - so that it is there before the first fork
from pymta.config.policy_code import PolicySource
from pymta.policy.stage import Stage

NAME = "policy_file"  # as a module; some of the standard library looks for it by this

Function = Callable[..., object]


class Program:
    """One file; made before the fork, compiled and run after it."""

    def __init__(self, source: PolicySource) -> None:
        self.path = source.path
        self.stages = frozenset(map(Stage, source.stages))
        self._text = source.text
        self._code: CodeType | None = None

    def run(self) -> ModuleType:
        """Everything that stands at its top level.  Raises whatever that raises."""
        if self._code is None:
            self._code = compile(self._text, self.path, "exec", dont_inherit=True)
            # Tracebacks quote what runs, not what the file may say by now.
            lines = self._text.splitlines(keepends=True)
            linecache.cache[self.path] = (len(self._text), None, lines, self.path)
        module = ModuleType(NAME)
        module.__file__ = self.path
        sys.modules[NAME] = module
        exec(self._code, module.__dict__)  # noqa: S102 - this is what the file is for
        return module


class Run:
    """The functions of one run, which begins when the first is needed."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._module: ModuleType | None = None
        self._traces = Traces()

    @property
    def has_left_traces(self) -> bool:
        return self._traces.found

    def function(self, stage: Stage) -> Function | None:
        """None: not this time, under some condition of its own.

        Raises whatever the file raises at its top level, each time.
        """
        if self._module is None:
            self._module = self._program.run()
        function: Function | None = getattr(self._module, stage.value, None)
        return function

    def line(self, stage: Stage) -> int:
        """Where the function begins; 0 while nobody knows."""
        code = getattr(getattr(self._module, stage.value, None), "__code__", None)
        return code.co_firstlineno if code else 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        with self._traces.watched():
            yield

    def close(self) -> None:
        """What it holds is let go now, not when a collector comes by."""
        sys.modules.pop(NAME, None)
        if self._module is not None:
            self._module.__dict__.clear()
            self._module = None


class Traces:
    """What code leaves behind in its process.

    Modules of the standard library that it loaded are as they would have been.  Others may keep
    anything.
    """

    def __init__(self) -> None:
        self.found = False

    @contextmanager
    def watched(self) -> Iterator[None]:
        before = _process()
        modules = set(sys.modules)
        try:
            yield
        finally:
            fresh = {name.partition(".")[0] for name in sys.modules.keys() - modules}
            is_strange = bool(fresh - sys.stdlib_module_names - {NAME})
            self.found |= is_strange or _process() != before


def _process() -> tuple[Mapping[str, Any], Mapping[str, str], int]:
    return dict(vars(builtins)), dict(os.environ), threading.active_count()
