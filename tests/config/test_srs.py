"""The settings of SRS: files that can be used, and a domain whose mail comes to us."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.test_auth import complaint, read


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "srs.secret"
    path.touch(0o600)
    return path


def test_they_are_read(tmp_path: Path, secret: Path) -> None:
    routing = read(
        tmp_path,
        f"""
        srs_secrets = ["{secret}"]
        srs_domain = "srs.example.org"
        srs_max_age = "30d"
        """,
    ).routing
    assert routing.srs_secrets == (str(secret),)
    assert (routing.srs_domain, routing.srs_max_age) == ("srs.example.org", 30 * 86_400)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ('srs_secrets = ["secret"]', "want an absolute path"),
        ('srs_secrets = ["/no/such"]', "there is no such file; want one with a line that nobody"),
        ('srs_secrets = ["credential:srs"]', "$CREDENTIALS_DIRECTORY is not set"),
        ('srs_max_age = "1h"', 'want a time from "1d" to'),
        ('srs_domain = "a b"', 'want a domain such as "srs.example.org"'),
        ('srs_domain = "srs.example.org"', "want srs_secrets as well"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, line: str, wanted: str) -> None:
    said = complaint(tmp_path, f"\n{line}\n")
    assert said.startswith(f"{tmp_path}/pymta.toml:2: {line.split(maxsplit=1)[0]}")
    assert wanted in said


def test_reports_must_come_to_us(tmp_path: Path, secret: Path) -> None:
    lines = (
        f'srs_secrets = ["{secret}"]\nsrs_domain = "a.example"\nrelay_to_domains = ["A.example"]'
    )
    assert "stands in relay_to_domains as well" in complaint(tmp_path, lines)


def test_a_secret_that_everybody_may_read_is_none(tmp_path: Path, secret: Path) -> None:
    secret.chmod(0o644)
    assert "want chmod 640" in complaint(tmp_path, f'srs_secrets = ["{secret}"]')
