"""The map in pymta/__init__.py says who may know whom; this keeps it true.

Imports point down.  A module whose docstring has no "Touches:" line is core: it imports nothing
that can block, read a clock or roll dice, and no module that does.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2] / "pymta"

LAYERS = [  # a line may import the lines above it, not its own neighbours
    {"mail"},
    {"smtp", "sasl", "tls"},
    {"config"},
    {"journal", "load"},
    {"resolver", "hints", "spool", "channel", "accounts", "tables"},
    {"routing", "report", "retry", "transport", "policy"},
    {"supervisor", "session", "queue", "delivery", "local", "submit"},
    {"doctor", "simulation"},
    {"cli"},
]
LEVEL = {package: n for n, line in enumerate(LAYERS) for package in line}

STARTS = {  # where one process may name another's main, in order to start it
    "supervisor.fork": {"session.main", "queue.main", "delivery.main"},
    "queue.runner": {"delivery.main"},
}

OUTSIDE = set(
    "asyncio ctypes fcntl glob multiprocessing os pathlib pwd random secrets select selectors"
    " shutil signal socket sqlite3 ssl subprocess sys tempfile threading time uuid"
    " click dns ldap psycopg pydantic_core sdnotify systemd".split()
)


@cache
def parse(module: str) -> ast.Module:
    return ast.parse((ROOT / (module.replace(".", "/") + ".py")).read_text())


MODULES = sorted(
    ".".join(p.relative_to(ROOT).with_suffix("").parts)
    for p in ROOT.glob("*/*.py")
    if p.name != "__init__.py"
)
SHELL = {m for m in MODULES if "\nTouches:" in (ast.get_docstring(parse(m)) or "")}


@cache
def imports(module: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(parse(module)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def ours(module: str) -> set[str]:
    """What it imports of pymta, as package.module."""
    named = {".".join(n.split(".")[1:3]) for n in imports(module) if n.startswith("pymta.")}
    return {n for n in named if n in MODULES}


def test_imports_point_down() -> None:
    wrong = {
        (module, other)
        for module in MODULES
        for here in (module.partition(".")[0],)
        for other in ours(module) - STARTS.get(module, set())
        if (there := other.partition(".")[0]) != here and LEVEL[there] >= LEVEL[here]
    }
    assert not wrong


def test_core_touches_nothing() -> None:
    core = [module for module in MODULES if module not in SHELL]
    assert len(core) > 200
    touched = {
        module: found
        for module in core
        if (found := {n.split(".")[0] for n in imports(module)} & OUTSIDE | ours(module) & SHELL)
    }
    assert not touched


def test_every_module_opens_with_its_contract() -> None:
    assert not [module for module in MODULES if not ast.get_docstring(parse(module))]


def test_the_reading_order_names_every_package() -> None:
    text = ast.get_docstring(ast.parse((ROOT / "__init__.py").read_text())) or ""
    packages = {p.parent.name for p in ROOT.glob("*/__init__.py")}
    assert {p for p in packages if p not in text} == set()
