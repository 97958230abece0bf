"""The certificate that a server in a terminal makes for itself."""

from __future__ import annotations

import os
import ssl
import subprocess
import time
from pathlib import Path

import pytest

from pymta.tls import credentials
from pymta.tls.asks import Asks
from pymta.tls.certificates import Certificates
from pymta.tls.expiry import DAY
from pymta.tls.leaf import leaf
from pymta.tls.self_signed import LASTS, RENEWED, provide
from tests.tls.test_layer import connected

NAMES = ("host.example", "localhost", "127.0.0.1", "::1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tls" / "own.pem"


def test_clients_that_are_given_it_believe_it_by_name(path: Path) -> None:
    provide(path, NAMES, time.time())
    ours = Certificates({"*": credentials.read(str(path), "")})
    context = ssl.create_default_context(cafile=path)
    for name in NAMES[:2]:
        _, _, agreed = connected(ours.layer(Asks.NOTHING), context, sni=name)
        assert agreed.version == "TLS1.3"
        assert agreed.end_point
    assert leaf(path.read_bytes()).names == NAMES


def test_openssl_finds_no_fault_in_it(path: Path) -> None:
    provide(path, NAMES, time.time())
    done = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-CAfile", path, path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_nobody_else_may_read_it(path: Path) -> None:
    before = os.umask(0)
    try:
        provide(path, NAMES, time.time())
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["own.pem"]


@pytest.mark.parametrize(
    ("later", "names", "stays"),
    [
        (0, NAMES, True),
        (LASTS - RENEWED - DAY, NAMES, True),
        (0, NAMES[1:], True),
        (LASTS - RENEWED + DAY, NAMES, False),
        (LASTS + DAY, NAMES, False),
        (-10 * DAY, NAMES, False),  # the clock was wrong when it was made
        (0, ("other.example", *NAMES), False),
    ],
)
def test_it_is_kept_while_it_is_good(
    later: float, names: tuple[str, ...], stays: bool, path: Path
) -> None:
    now = time.time()
    provide(path, NAMES, now)
    before = path.read_bytes()
    provide(path, names, now + later)
    assert (path.read_bytes() == before) is stays


@pytest.mark.parametrize("damage", ["", "x"])
def test_one_that_is_of_no_use_is_replaced(damage: str, path: Path) -> None:
    path.parent.mkdir()
    path.write_text(damage)
    provide(path, NAMES, time.time())
    assert credentials.read(str(path), "")


def test_a_long_name_of_the_machine_is_no_trouble(path: Path) -> None:
    """A common name has 64 characters at most (RFC 5280, appendix A)."""
    name = f"{'a' * 60}.{'b' * 60}.example"
    provide(path, (name,), time.time())
    assert leaf(path.read_bytes()).covers(name)
