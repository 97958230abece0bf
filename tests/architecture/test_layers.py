"""The map in pymta/__init__.py says who may know whom; this keeps it true.

Imports point down.  A module whose docstring has no "Touches:" line is core: it imports nothing
that can block, read a clock or roll dice, and no module that does.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

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
    " click dns ldap psycopg pydantic pydantic_core sdnotify systemd".split()
)


def parse(module: str) -> ast.Module:
    return ast.parse((ROOT / (module.replace(".", "/") + ".py")).read_text())


MODULES = sorted(
    ".".join(p.relative_to(ROOT).with_suffix("").parts)
    for p in ROOT.glob("*/*.py")
    if p.name != "__init__.py"
)
SHELL = {m for m in MODULES if "\nTouches:" in (ast.get_docstring(parse(m)) or "")}


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


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module: str) -> None:
    here = module.partition(".")[0]
    allowed = STARTS.get(module, set())
    wrong = {
        other
        for other in ours(module) - allowed
        if (there := other.partition(".")[0]) != here and LEVEL[there] >= LEVEL[here]
    }
    assert not wrong


@pytest.mark.parametrize("module", [m for m in MODULES if m not in SHELL])
def test_core_touches_nothing(module: str) -> None:
    assert not {name.split(".")[0] for name in imports(module)} & OUTSIDE
    assert not ours(module) & SHELL


@pytest.mark.parametrize("module", MODULES)
def test_every_module_opens_with_its_contract(module: str) -> None:
    assert ast.get_docstring(parse(module))


def test_the_reading_order_names_every_package() -> None:
    text = ast.get_docstring(ast.parse((ROOT / "__init__.py").read_text())) or ""
    packages = {p.parent.name for p in ROOT.glob("*/__init__.py")}
    assert {p for p in packages if p not in text} == set()
