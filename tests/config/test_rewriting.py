"""The settings of rewriting, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymta.config.rewriting import Rewriting
from tests.config.test_auth import complaint, read


def test_they_are_read(tmp_path: Path) -> None:
    rewriting = read(
        tmp_path,
        """
        canonical = ["/etc/pymta/canonical", "regex:/etc/pymta/more"]
        masquerade_domains = ["!a.example.org", "example.org"]
        masquerade_exceptions = ["root"]
        header_rewrite_hosts = ["192.0.2.0/24"]
        """,
    ).rewriting
    assert rewriting.canonical == ("/etc/pymta/canonical", "regex:/etc/pymta/more")
    assert rewriting.is_set
    assert not Rewriting().is_set


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ('canonical = ["canonical"]', "want the absolute path of a file"),
        ('sender_canonical = ["table:people"]', "people"),
        ('masquerade_domains = ["a b"]', 'want a domain such as "example.org"'),
        ('masquerade_exceptions = ["root@example.org"]', 'want a local part such as "root"'),
        ('header_rewrite_hosts = ["a b"]', "a b"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, line: str, wanted: str) -> None:
    said = complaint(tmp_path, f"\n{line}\n")
    assert said.startswith(f"{tmp_path}/pymta.toml:2: {line.split(maxsplit=1)[0]}")
    assert wanted in said
