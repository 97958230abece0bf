"""Tables of hosts that take mail for others, right ones and wrong ones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pymta.config.complaints import ConfigError
from pymta.config.document import as_toml
from pymta.config.generation import from_plain, to_plain
from pymta.config.read import has_credentials, read_settings
from pymta.config.settings import Machine, Settings
from pymta.config.smarthosts import OPTIONS, read_smarthosts
from pymta.mail.login import Login, OwnCertificate
from tests.doubles import certificates
from tests.doubles.certificates import Certificate

GOOD = """\
smarthost = "last.example"

[smarthosts.direct]
domains = ["*.partner.example"]

[smarthosts.provider]
hosts = ["smtp.provider.example:587", "192.0.2.1:587"]
senders = ["example.org", "alice@example.net", "^bulk"]
login = "alice"
password_file = "credential:tls_provider"
mechanisms = ["PLAIN"]
mx = true
tls = "verify provider.example"
"""


def read(directory: Path, text: str) -> Settings:
    file = directory / "pymta.toml"
    file.write_text(text)
    return read_settings(file, Machine(), login="", hostname="mx.example.org", credentials=None)


def complaints_of(text: str, directory: Path) -> list[str]:
    with pytest.raises(ConfigError) as refusal:
        read(directory, text)
    return [str(one).replace(f"{directory}/", "") for one in refusal.value.complaints]


def test_tables_stand_at_the_end_of_the_file_under_names_of_ones_own(tmp_path: Path) -> None:
    settings = read(tmp_path, GOOD)
    direct, provider = read_smarthosts(settings.routing.smarthosts or {}, "mx.example.org")
    assert (direct.name, direct.hosts, direct.login) == ("direct", (), None)
    assert provider.hosts == ("smtp.provider.example:587", "192.0.2.1:587")
    assert provider.login == Login("alice", "credential:tls_provider", ("PLAIN",))
    assert (provider.by_mx, provider.tls) == (True, "verify provider.example")


def test_they_survive_what_settings_go_through(tmp_path: Path) -> None:
    settings = read(tmp_path, GOOD)
    assert from_plain(to_plain(settings)) == settings
    assert read(tmp_path, as_toml(settings)) == settings


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        ("hosts = 'a'", 'smarthosts.x.hosts: found "a"; want a list'),
        ("hosts = ['a b']", 'smarthosts.x.hosts: found "a b"; want a host such as'),
        ("hosts = ['a', 1]", "smarthosts.x.hosts: found 1; want a text in quotes"),
        ("senders = ['a b']", 'smarthosts.x.senders: found "a b"; want an address, a domain'),
        ("domains = ['']", "smarthosts.x.domains: want a domain"),
        ("domains = []", "smarthosts.x.domains: found []; want a list"),
        ("host = ['a']", "smarthosts.x.host: no such key; did you mean hosts?"),
        ("colour = 1", "smarthosts.x.colour: no such key; there are hosts, senders,"),
        ("hosts = ['a']\nmx = 1", "smarthosts.x.mx: found 1; want true or false"),
        ("hosts = ['a']\ntls = 'dane'", 'smarthosts.x.tls: found "dane"; want "auto", or'),
        ("hosts = ['a']\ntls = 5", "smarthosts.x.tls: found 5; want a text in quotes"),
        ("hosts = ['a']\nlogin = 'me'", "want password_file as well"),
        ("hosts = ['a']\npassword_file = '/etc/p'", "want login as well: whose password is it?"),
        (
            "hosts = ['a']\nlogin = 'me'\npassword_file = 'secret'",
            (
                'smarthosts.x.password_file: found "secret"; want an absolute path of a file, or'
                ' "credential:tls_provider" for /etc/pymta/tls/provider'
            ),
        ),
        (
            "hosts = ['a']\nlogin = 'me'\npassword_file = '/p'\nmechanisms = ['CRAM-MD5']",
            "want one of SCRAM-SHA-256-PLUS,",
        ),
        (
            "hosts = ['a']\nlogin = 'me'\nmechanisms = ['EXTERNAL']",
            "want tls_certificate as well: EXTERNAL is a login by it",
        ),
        ("hosts = ['a']\ntls_privatekey = '/k'", "want tls_certificate as well: whose key is it?"),
        (
            "hosts = ['a']\ntls_certificate = 'c.pem'",
            '"credential:tls_provider.pem" for /etc/pymta/tls/provider.pem',
        ),
        ("hosts = ['a']\ntls = 'none'\ntls_certificate = 'credential:c'", "shown in TLS alone"),
        ("hosts = ['a']\ntls_certificate = ''", "want a file, or a credential; or leave it out"),
        ("login = 'me'\npassword_file = '/p'", "want hosts as well: nothing else has use of it"),
        ("hosts = ['a:465', 'b:587']", "want tables of their own for port 465"),
    ],
)
def test_every_mistake_is_told_where_it_stands(tmp_path: Path, table: str, wanted: str) -> None:
    (told,) = complaints_of(f"[smarthosts.x]\n{table}\n", tmp_path)
    assert re.match(r"pymta\.toml:[2-5]: smarthosts\.x", told)
    assert wanted in told


def test_all_of_them_are_told_at_once(tmp_path: Path) -> None:
    text = "[smarthosts.x]\nhosts = ['a b', 'c']\ntls = 'x'\n[smarthosts.y]\nsenders = [1]\n"
    told = complaints_of(text, tmp_path)
    assert [one.split(":")[1] for one in told] == ["2", "3", "5"]


def test_a_daemon_does_not_start_without_its_password(tmp_path: Path) -> None:
    file = tmp_path / "password"
    text = f"[smarthosts.x]\nhosts = ['a']\nlogin = 'me'\npassword_file = '{file}'"
    (told,) = complaints_of(text, tmp_path)
    assert told.startswith("pymta.toml:4: smarthosts.x.password_file: found ")
    assert told.endswith("; there is no such file")
    file.write_text("secret\n")
    file.chmod(0o644)
    (told,) = complaints_of(text, tmp_path)
    assert told.endswith("; it may be read by everybody; want chmod 640")
    file.chmod(0o640)
    read(tmp_path, text)


def test_nor_without_a_certificate_that_fits_its_key(
    tmp_path: Path, certificate: Certificate
) -> None:
    other = certificates.make(tmp_path / "other")
    text = f"[smarthosts.x]\nhosts = ['a']\ntls_certificate = '{certificate.file}'\n"
    (told,) = complaints_of(text, tmp_path)
    assert told.startswith("pymta.toml:3: smarthosts.x.tls_certificate: found ")
    assert told.endswith("; holds no private key; want one in PEM form")
    (told,) = complaints_of(f"{text}tls_privatekey = '{other.key}'", tmp_path)
    assert told.startswith("pymta.toml:4: smarthosts.x.tls_privatekey: found ")
    assert "the key does not belong to the certificate in" in told
    (told,) = complaints_of(f"{text}tls_privatekey = '{tmp_path}/none'", tmp_path)
    assert told.endswith("cannot be read: No such file or directory")
    settings = read(tmp_path, f"{text}tls_privatekey = '{certificate.key}'")
    (found,) = read_smarthosts(settings.routing.smarthosts or {}, "")
    assert found.own == OwnCertificate(str(certificate.file), str(certificate.key))
    assert found.tls == "verify"


def test_a_credential_is_for_the_daemon_to_judge(tmp_path: Path) -> None:
    text = "[smarthosts.x]\nhosts = ['a']\ntls_certificate = 'credential:tls_x.pem'\n"
    assert has_credentials(read(tmp_path, text))


@pytest.mark.parametrize("text", ["smarthosts = 'a'", "smarthosts = { a = 'b' }"])
def test_what_is_no_table_is_told_how_one_looks(tmp_path: Path, text: str) -> None:
    (told,) = complaints_of(text, tmp_path)
    assert "want tables such as [smarthosts.provider]" in told


def test_the_port_says_whether_tls_comes_first() -> None:
    tables: dict[str, dict[str, Any]] = {
        "a": {"hosts": ["x:465", "y:465"]},
        "b": {"hosts": ["x:587"]},
        "c": {"hosts": ["x:5465"], "tls_on_connect": True},
        "d": {"hosts": ["x:465"], "tls_on_connect": False},
    }
    found = read_smarthosts(tables, "")
    assert [one.tls_on_connect for one in found] == [True, False, True, False]


def test_the_manual_has_every_key() -> None:
    manual = Path(__file__).parents[2].joinpath("packaging/man/pymta.toml.5").read_text()
    section = manual.partition(".SH SMARTHOSTS")[2].partition("\n.SH ")[0]
    assert all(f"\n.B {key}" in section for key in OPTIONS)
