"""The secrets of SRS: a line each, all files in their order, and never none where one was named."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymta.tables.srs_secrets import SrsSecrets
from pymta.tables.table import Unsure


def test_every_line_of_every_file_is_one(tmp_path: Path) -> None:
    (tmp_path / "new").write_bytes(b"one\r\n\ntwo \n")
    (tmp_path / "postsrsd.secret").write_bytes(b"three")
    secrets = SrsSecrets([f"{tmp_path}/new", f"{tmp_path}/postsrsd.secret"])
    assert secrets() == (b"one", b"two ", b"three")


def test_credentials_are_where_systemd_has_put_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tls_srs.secret").write_bytes(b"one\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert SrsSecrets(["credential:tls_srs.secret"])() == (b"one",)


def test_without_a_file_there_is_none() -> None:
    assert SrsSecrets([])() == ()


def test_a_file_that_cannot_be_used_makes_mail_wait_until_it_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    secrets = SrsSecrets([str(path)])
    assert isinstance(secrets(), Unsure)
    path.write_bytes(b"\n")
    assert secrets() == Unsure(f"srs_secrets: {path} cannot be used: no secret is in it")
    path.write_bytes(b"one\n")
    path.chmod(0o666)
    assert isinstance(secrets(), Unsure)
    path.chmod(0o600)
    assert secrets() == (b"one",)
