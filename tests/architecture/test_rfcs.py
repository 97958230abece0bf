"""rfcs.toml says what we do of each standard; this holds it to the code, and the code to it."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from pymta.smtp.extensions import EXTENSIONS

TESTS = Path(__file__).parents[1]
PROGRAM = TESTS.parent / "pymta"
RFCS: dict[str, Any] = tomllib.loads((TESTS / "architecture" / "rfcs.toml").read_text())
ASKED_FOR = set(  # by the standard that a complete server is measured by
    "5321 2920 1870 6152 6531 2034 3030 3461 3207 8314 4954 5802 7677 8689 9422 1985 1047".split()
)
ROWS = [(rfc, section, row) for rfc in RFCS for section, row in RFCS[rfc]["s"].items()]
CITED = re.compile(r"RFC ([0-9]{4}) (s[0-9.]+[0-9](?:, s[0-9.]+[0-9])*)")


@cache
def defined(path: Path) -> frozenset[str]:
    """Names at the top of a file."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {name.id for name in node.targets if isinstance(name, ast.Name)}
    return frozenset(found)


def test_every_standard_that_was_asked_for_is_there() -> None:
    assert set(RFCS) >= ASKED_FOR


def test_a_row_says_what_we_do_or_why_not() -> None:
    for rfc, section, row in ROWS:
        assert row["about"], (rfc, section)
        if "no" in row:
            assert row["no"], (rfc, section)
            assert row.keys() == {"about", "no"}, (rfc, section)
        else:
            assert row.keys() <= {"about", "by", "tests", "but"}, (rfc, section)
            assert all(row[key] for key in row.keys() | {"by", "tests"}), (rfc, section)


def test_the_modules_and_tests_that_a_row_names_exist() -> None:
    for rfc, section, row in ROWS:
        for named in row.get("by", []):
            module, _, name = named.partition(":")
            path = PROGRAM / (module.replace(".", "/") + ".py")
            assert path.exists(), (rfc, section, named)
            assert not name or name in defined(path), (rfc, section, named)
        for named in row.get("tests", []):
            file, _, function = named.partition("::")
            assert (TESTS / file).exists(), (rfc, section, named)
            if file.endswith(".py"):
                assert function in defined(TESTS / file), (rfc, section, named)


def test_each_keyword_of_ehlo_is_that_of_a_standard_and_the_other_way_round() -> None:
    offered = {(one.rfc, one.keyword) for one in EXTENSIONS if one.rfc}
    assert {(rfc, word) for rfc in RFCS for word in RFCS[rfc]["keywords"]} == offered


def citations() -> Iterator[tuple[str, str, str]]:
    for file in PROGRAM.rglob("*.py"):
        for rfc, sections in CITED.findall(file.read_text()):
            for section in sections.split(", "):
                yield rfc, section.removeprefix("s"), file.name


def test_what_the_code_cites_has_a_row_that_says_so() -> None:
    """A citation of s4.5.3.1.5 is told of by the row of 4.5.3.1, too; one that says no is not."""
    wrong = {
        (rfc, section, file)
        for rfc, section, file in citations()
        if rfc in RFCS and not any(above(section, row) for row in RFCS[rfc]["s"])
    }
    assert not wrong


def above(section: str, row: str) -> bool:
    """Is it this section, or one below or above it?"""
    return f"{section}.".startswith(f"{row}.") or f"{row}.".startswith(f"{section}.")


def replies() -> Iterator[tuple[str, int, ast.Call]]:
    """Every reply that the code of a session makes, with the place."""
    for package in ("session", "smtp"):
        for file in (PROGRAM / package).glob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "Reply":
                    yield f"{package}/{file.name}", node.lineno, node


WITHOUT_CODE = {
    "session/hello.py": "greeting, HELO and EHLO (RFC 2034 s4)",
    "session/gate.py": "instead of the greeting",
    "session/greeting.py": "instead of the greeting",
    "session/incoming.py": "a placeholder that is never sent",
}


def test_every_reply_that_takes_an_enhanced_code_has_one() -> None:
    """RFC 2034 s4: all but 3xx, those to HELO and EHLO, and what comes before them."""
    bare = {
        place
        for place, _, reply in replies()
        if len(reply.args) < 3
        and isinstance(reply.args[0], ast.Constant)
        and str(reply.args[0].value)[0] in "245"
    }
    assert bare == set(WITHOUT_CODE)


def test_an_enhanced_code_is_of_the_class_of_its_reply() -> None:
    """RFC 2034 s4"""
    pairs = {
        (place, line, str(code.value), str(enhanced.value))
        for place, line, reply in replies()
        if len(reply.args) == 3
        for code, enhanced in [(reply.args[0], reply.args[2])]
        if isinstance(code, ast.Constant) and isinstance(enhanced, ast.Constant)
    }
    assert len(pairs) > 50
    assert not {one for one in pairs if one[2][0] != one[3][0]}
