"""A fresh machine for each test: systemd booted, pymta installed, nothing started."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.conftest import once
from tests.doubles import cgroups
from tests.doubles.box import Box, why_impossible
from tests.doubles.peers import CHECKOUT
from tests.systemd.trees import DEBIAN_13, TREES, adapt, each_tree
from tests.systemd.wells import Wells


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The closest mark says on which systemd: that of a test goes before that of its module."""
    if marked := metafunc.definition.get_closest_marker("systemd"):
        metafunc.parametrize("tree", each_tree(marked), indirect=True)


@pytest.fixture(scope="session")
def able() -> None:
    """Where root cannot boot a box, that is a failure and not a skip."""
    assert why_impossible(os.geteuid()) is None


@pytest.fixture
def tree(request: pytest.FixtureRequest) -> str:
    """Which systemd: a key of `TREES`, given by a mark of `trees`."""
    name: str = getattr(request, "param", "252")
    return name


@pytest.fixture(scope="session")
def adapted(
    able: None, installed: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Path:
    """The installed tree for Debian 13; made once for all workers."""
    assert DEBIAN_13.exists(), "run packaging/dev test, which makes it"
    return once(tmp_path_factory, worker_id, "adapted", lambda layer: adapt(installed, layer))


@pytest.fixture
def program(request: pytest.FixtureRequest, tree: str, installed: Path) -> Path:
    """The layer with pymta for that tree."""
    layer: Path = request.getfixturevalue("adapted") if tree == "257" else installed
    return layer


@pytest.fixture
def bare_box(able: None, tree: str, tmp_path: Path) -> Iterator[Box]:
    box = Box(_own(tmp_path), shown=[CHECKOUT], tree=TREES[tree])
    yield box
    box.stop()


@pytest.fixture
def box(able: None, tree: str, program: Path, tmp_path: Path) -> Iterator[Box]:
    yield from _settled(Box(_own(tmp_path), [program], [CHECKOUT], tree=TREES[tree]))


@pytest.fixture
def limited_box(able: None, tree: str, program: Path, tmp_path: Path) -> Iterator[Box]:
    """One whose systemd really limits tasks."""
    controllers = cgroups.for_limits()
    directory = _own(tmp_path)
    yield from _settled(
        Box(directory, [program], [CHECKOUT], tree=TREES[tree], controllers=controllers)
    )


@pytest.fixture(scope="module")
def wells(
    able: None, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Wells]:
    """Boxes that a module shares, one for each systemd."""

    def boot(tree: str, stack: ExitStack) -> Box:
        layer: Path = request.getfixturevalue("adapted" if tree == "257" else "installed")
        directory = _own(tmp_path_factory.mktemp("well"))
        controllers = cgroups.for_limits()
        box = Box(directory, [layer], [CHECKOUT], tree=TREES[tree], controllers=controllers)
        return stack.enter_context(contextmanager(_settled)(box))

    made = Wells(boot)
    with made.stack:
        yield made


@pytest.fixture
def well(wells: Wells, tree: str) -> Box:
    """All that a host should have: units, a name in the DNS, a journal that lasts."""
    return wells.get(tree)


@pytest.fixture
def edited(wells: Wells, tree: str) -> Box:
    """Well, but for a drop-in of an earlier test, which one of this test is to replace."""
    return wells.get(tree, to_edit=True)


@pytest.fixture
def spoilt(wells: Wells, tree: str) -> Iterator[Box]:
    """Well until this test does something to it."""
    yield wells.get(tree)
    wells.spoil(tree)


def _settled(box: Box) -> Iterator[Box]:
    try:
        # What a daemon of this machine has left there; the box has only a copy of it.
        assert box.says("stat", "-f", "-c", "%T", "/") == "overlayfs"
        box.run("rm", "-rf", "/var/lib/pymta", "/var/log/pymta")
        box.run("systemd-sysusers", "pymta.conf")
        box.run("systemd-tmpfiles", "--create", "pymta.conf")
        yield box
    finally:
        box.stop()


def _own(tmp_path: Path) -> Path:
    directory = tmp_path / "box"
    directory.mkdir()
    return directory
