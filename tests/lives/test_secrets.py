"""Keys handed over as credentials: where they are shown, and where they never are."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.doubles.certificates import Certificate
from tests.doubles.standalone import Standalone, standalone
from tests.lives.test_session_life import line

NAMES = {
    "tls_certificate": "credential:tls_fullchain.pem",
    "tls_privatekey": "credential:tls_privkey.pem",
}
PORTS = {"daemon_smtp_ports": [2525, 4465], "tls_on_connect_ports": [4465]}


@pytest.fixture
def handed(certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As systemd leaves them, for whatever is started from here."""
    shutil.copy(certificate.file, tmp_path / "tls_fullchain.pem")
    shutil.copy(certificate.key, tmp_path / "tls_privkey.pem")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    return tmp_path


def pymta(made: Standalone, *words: str) -> subprocess.CompletedProcess[str]:
    return made.run("pymta", *words, "--state", str(made.state))


def shown_by(made: Standalone) -> str:
    """All that it says of itself to anybody, and all that it has written."""
    written = [p for top in (made.state, made.directory) for p in top.rglob("*") if p.is_file()]
    commands = (("config", "show"), ("status", "--json"), ("config", "diff", "--json"))
    return "\n".join(
        (
            *(path.read_text(errors="replace") for path in written),
            *(answer.stdout + answer.stderr for answer in (pymta(made, *c) for c in commands)),
            *(
                Path(f"/proc/{pid}/{name}").read_text(errors="replace")
                for pid in made.family()
                for name in ("cmdline", "environ")
            ),
        )
    )


def test_a_credential_is_served_and_what_is_in_it_is_told_to_nobody(
    handed: Path, certificate: Certificate
) -> None:
    with standalone(**PORTS, **NAMES) as made:
        daemon = ("pymta", "daemon", "--debug", "--config", str(made.config))
        with made.in_front(*daemon):
            for _ in range(2):  # as it starts, and as a reload finds it
                with certificate.client().wrap_socket(made.connect(4465)) as sock:
                    assert line(sock).startswith("220 ")
                    told = shown_by(made)
                reload = pymta(made, "reload")
                assert reload.returncode == 0, reload.stderr
        for secret in certificate.key.read_text().splitlines()[1:-1]:
            assert secret not in told
        assert "credential:tls_privkey.pem" in told
        assert (made.state / "config" / "current.json").stat().st_mode & 0o077 == 0


def test_without_a_service_manager_that_has_handed_it_over_nothing_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With file, line and key; and what would do."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with standalone(**PORTS, **NAMES) as made:
        number = (
            made.config.read_text()
            .splitlines()
            .index('tls_certificate = "credential:tls_fullchain.pem"')
        )
        done = made.run("pymta", "daemon", "--config", str(made.config))
        assert done.returncode == 78
        said = f"{made.config}:{number + 1}: tls_certificate: found"
        assert (
            f'{said} "credential:tls_fullchain.pem"; $CREDENTIALS_DIRECTORY is not' in done.stderr
        )
        assert "want an absolute path of a file that the daemon can read" in done.stderr

        checked = made.run("pymta", "config", "check", "--config", str(made.config))
        assert checked.returncode == 0
        assert "credentials were not looked at" in checked.stdout


def test_a_credential_that_was_not_handed_over_is_named(handed: Path) -> None:
    (handed / "tls_privkey.pem").unlink()
    with standalone(**PORTS, **NAMES) as made:
        done = made.run("pymta", "daemon", "--config", str(made.config))
        assert done.returncode == 78
        assert 'tls_privatekey: found "credential:tls_privkey.pem"; systemd handed' in done.stderr
