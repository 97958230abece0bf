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
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import CodeType, ModuleType
from typing import Any

from pymta.config.policy_code import PolicySource
from pymta.policy import v1
from pymta.policy.stage import Stage

NAME = "policy_file"  # as a module; some of the standard library looks for it by this

Function = Callable[..., object]
# Of the first version, which is so loaded before the first fork.
_CLASSES = [one for one in vars(v1).values() if isinstance(one, type)]


class Program:
    """One file; made before the fork, compiled and run after it."""

    def __init__(self, source: PolicySource) -> None:
        self.path = source.path
        self.stages = frozenset(map(Stage, source.stages))
        self._text = source.text
        self._code: CodeType | None = None
        self.named: tuple[ModuleType, ...] = ()  # the modules that it has names for, once it ran

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
        found = tuple(one for one in vars(module).values() if isinstance(one, ModuleType))
        self.named = (v1, *found)
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
        with self._traces.watched(self._program.named):
            yield

    def close(self) -> None:
        """What it holds is let go now, not when a collector comes by."""
        sys.modules.pop(NAME, None)
        if self._module is not None:
            self._module.__dict__.clear()
            self._module = None


class Traces:
    """What code leaves behind in its process.

    Seen is what it binds anew: in modules and classes, in the environment; and modules that it
    loads, unless they are of the standard library, and so as they would have been.
    """

    def __init__(self) -> None:
        self.found = False

    @contextmanager
    def watched(self, named: Iterable[ModuleType]) -> Iterator[None]:
        """`named` are modules that the code has a name for: in those, each name is looked at."""
        known = dict(sys.modules)
        before, names = _process(named), _counts(known)
        try:
            yield
        finally:
            fresh = sys.modules.keys() - known.keys() - {NAME}
            tops = {name.partition(".")[0] for name in fresh}
            is_strange = bool(tops - sys.stdlib_module_names)
            parents = {name.rpartition(".")[0] for name in fresh}
            grown = {name for name, count in _counts(known).items() if count != names[name]}
            self.found |= is_strange or bool(grown - parents - {NAME}) or _process(named) != before


def _counts(modules: Mapping[str, ModuleType]) -> dict[str, int]:
    """How many names each has; a module that is loaded becomes a name in the one above it."""
    return {name: len(getattr(module, "__dict__", ())) for name, module in modules.items()}


def _process(named: Iterable[ModuleType]) -> tuple[Any, ...]:
    spaces = (builtins, *named, *_CLASSES)
    return [dict(vars(one)) for one in spaces], dict(os.environ), threading.active_count()
