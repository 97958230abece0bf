"""Who is not root leaves out what is marked `root`; root leaves out nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.doubles.peers import CHECKOUT

TESTS = CHECKOUT / "tests"
LEAVES_OUT = re.compile(r"\bmark\.skip|\bpytest\.skip|importorskip|mark\.xfail")


def test_no_test_has_a_way_of_its_own_to_be_left_out() -> None:
    ours = {TESTS / "conftest.py", Path(__file__)}
    found = [
        f"{path}:{number}"
        for path in TESTS.rglob("*.py")
        if path not in ours
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if LEAVES_OUT.search(line)
    ]
    assert found == []


@pytest.mark.root
def test_a_test_that_root_leaves_out_fails(tmp_path: Path) -> None:
    (tmp_path / "test_two.py").write_text(
        "import pytest\n"
        "@pytest.mark.skip\n"
        "def test_marked() -> None: ...\n"
        "def test_told() -> None: pytest.skip()\n"
    )
    (tmp_path / "test_file.py").write_text("import pytest\npytest.importorskip('no_such_module')\n")
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", f"--rootdir={tmp_path}"]
    done = subprocess.run(
        [*command, "--continue-on-collection-errors", "-p", "no:cacheprovider", tmp_path],
        cwd=CHECKOUT,
        check=False,
        capture_output=True,
        text=True,
    )
    lines = done.stdout.splitlines()
    assert re.match("=+ 1 failed, 2 errors in ", lines[-1]), done.stdout
    assert sum(line.startswith("left out, though we are root") for line in lines) == 3
