"""A quick round with real servers: every scenario gives its figures, and nothing is left behind.

No figure is looked at: how fast anything is, is measured by hand (packaging/dev bench).
"""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from tests.bench import rows
from tests.bench.__main__ import main
from tests.bench.lines import PARTS
from tests.doubles.cgroups import PREFIX

TARGETS = ("pymta", "pymta-fresh", "postfix", "exim", "opensmtpd")
WANTED = {(line.scenario, str(line.figure)) for part in PARTS for line in part.lines}


@pytest.mark.root
@pytest.mark.parametrize("target", TARGETS)
def test_a_quick_round_gives_every_figure_and_leaves_nothing(
    target: str, installed: Path, tmp_path: Path
) -> None:
    work, report = tmp_path / "work", tmp_path / "rows.json"
    work.mkdir()
    options = ["--quick", f"--targets={target}", f"--work={work}", f"--json={report}"]
    status = main([str(installed), *options])
    results = rows.read(report)
    assert [row for row in results.rows if row.failure] == []
    assert status == 0
    found = {
        (row.scenario, name)
        for row in results.rows
        for name, value in row.figures.items()
        if math.isfinite(value)
    }
    assert {one for one in WANTED if one[0] not in results.lacks[target]} <= found
    assert list(work.iterdir()) == []
    assert str(work) not in Path("/proc/self/mounts").read_text()
    assert groups_of_ours() == []


def groups_of_ours() -> list[Path]:
    """A control group can be removed when no process is left in it."""
    return list(Path("/sys/fs/cgroup").rglob(f"{PREFIX}{os.getpid()}.*"))
