"""Files that are renewed: seen from outside, told once (N-23)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pymta.tls.watched import Watched, fingerprint


def replace(file: Path) -> None:
    """As programs do that renew."""
    fresh = file.with_suffix(".new")
    fresh.write_text(file.read_text())
    fresh.rename(file)


def write_over(file: Path) -> None:
    """The same length, and the time of before."""
    before = file.stat()
    file.write_text(file.read_text()[::-1])
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def point_elsewhere(file: Path) -> None:
    other = file.with_name("other")
    other.write_text("x")
    file.unlink()
    file.symlink_to(other)


@pytest.mark.parametrize("change", [replace, write_over, point_elsewhere, Path.unlink])
def test_each_change_is_told_once(change: Callable[[Path], None], tmp_path: Path) -> None:
    files = [tmp_path / "certificate", tmp_path / "key"]
    for file in files:
        file.write_text("abc")
    paths = [str(file) for file in files]
    watched = Watched(paths, fingerprint(paths))
    assert not watched.has_changed()

    for file in files:
        change(file)
        assert watched.has_changed()
        assert not watched.has_changed()


def test_a_link_that_leads_to_another_place_is_a_change(tmp_path: Path) -> None:
    """The way of certbot: what is named is a link, and the file behind it another one each time."""
    for number in (1, 2):
        (tmp_path / f"archive{number}").write_text("x")
    link = tmp_path / "live"
    link.symlink_to("archive1")
    watched = Watched([str(link)], fingerprint([str(link)]))
    link.unlink()
    link.symlink_to("archive2")
    assert watched.has_changed()


def test_what_may_not_be_looked_at_never_changes(tmp_path: Path) -> None:
    path = str(tmp_path / "missing" / "key")
    watched = Watched([path], fingerprint([path]))
    assert not watched.has_changed()
