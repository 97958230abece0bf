"""Which ports start with TLS, and the certificate that is shown there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from pymta.config.certificate_files import dates
from pymta.config.complaints import ConfigError
from pymta.config.generation import from_plain, to_plain
from pymta.config.held import Held
from pymta.config.launch import Launch
from pymta.config.read import read_settings
from pymta.config.settings import Machine, Settings
from pymta.config.tls import Tls
from tests.doubles import certificates
from tests.doubles.certificates import Certificate
from tests.doubles.daemon import toml
from tests.doubles.ways_in import let_others_in

NOBODY = 65534
SERVICES = {"smtp": 25, "submission": 587, "submissions": 465}


def read(
    directory: Path, values: Mapping[str, object], launch: Launch = Launch(), held: Held = Held()
) -> Settings:
    file = directory / "pymta.toml"
    file.write_text("".join(f"{name} = {toml(value)}\n" for name, value in values.items()))
    return read_settings(file, Machine(), login="", launch=launch, held=held, port_of=SERVICES.get)


def complaint(
    directory: Path, values: Mapping[str, object], launch: Launch = Launch(), held: Held = Held()
) -> str:
    """The only one that there is."""
    with pytest.raises(ConfigError) as refusal:
        read(directory, values, launch, held)
    (one,) = refusal.value.complaints
    return str(one).replace(f"{directory}/pymta.toml", "pymta.toml")


def test_ports_may_be_names_and_are_numbers_ever_after(
    certificate: Certificate, tmp_path: Path
) -> None:
    """N-12, PT-05"""
    ports = ["submissions", 2465, "0x1d1"]
    settings = read(tmp_path, {"tls_on_connect_ports": ports, **certificate.settings})

    assert settings.listen.tls_on_connect_ports == ("465", "2465", "465")
    assert from_plain(to_plain(settings)) == settings
    assert settings.starts_tls("smtp", 465)
    assert not settings.starts_tls("smtp", 25)


@pytest.mark.parametrize(
    ("port", "wanted"),
    [("25x", "invalid SMTP port: 25x"), ("abc", 'TCP port "abc" not found')],
)
def test_a_port_that_is_none_is_a_mistake(port: str, wanted: str, tmp_path: Path) -> None:
    """N-12, with the words of PT-01"""
    said = complaint(tmp_path, {"tls_on_connect_ports": [465, port]})

    assert said == f'pymta.toml:1: tls_on_connect_ports: found "{port}"; {wanted}'


@pytest.mark.parametrize(
    ("role", "is_tls"),
    [("submissions", True), ("internal-tls", True), ("smtp", False), ("submission", False)],
)
def test_the_name_of_a_socket_says_it_too(role: str, is_tls: bool) -> None:
    """PT-05, section 3.3"""
    assert Settings().starts_tls(role, 2525) is is_tls


def test_one_switch_is_for_all_ports() -> None:
    """PT-05"""
    assert Settings(launch=Launch(tls_on_connect=True)).starts_tls("smtp", 25)


@pytest.mark.parametrize(
    ("values", "launch", "held", "port"),
    [
        ({"daemon_smtp_ports": [25, 465]}, Launch(), Held(), 465),
        ({"local_interfaces": ["192.0.2.1.465"]}, Launch(), Held(), 465),
        ({}, Launch(tls_on_connect=True), Held(), 25),
        ({}, Launch(), Held((("smtp", 25), ("submissions", 2465))), 2465),
        ({}, Launch(), Held((("smtp", 465),)), 465),
    ],
    ids=["a default port", "an interface", "-tls-on-connect", "a name", "a socket of systemd"],
)
def test_a_tls_port_needs_a_certificate(
    values: dict[str, object], launch: Launch, held: Held, port: int, tmp_path: Path
) -> None:
    values = {"tls_on_connect_ports": ["submissions"]} | values

    assert complaint(tmp_path, values, launch, held) == (
        f'tls_certificate: found ""; TLS begins at once on port {port}: want a'
        ' certificate, such as "credential:tls_fullchain.pem", and tls_privatekey for its key'
    )


@pytest.mark.parametrize(
    ("launch", "held"),
    [(Launch(), Held((("smtp", 25),))), (Launch(listens=False), Held())],
    ids=["systemd hands in another", "nobody listens"],
)
def test_a_port_that_is_not_listened_on_needs_none(
    launch: Launch, held: Held, tmp_path: Path
) -> None:
    """PT-05: to name a port there is not to listen on it."""
    ports = {"tls_on_connect_ports": [465], "daemon_smtp_ports": [465]}

    read(tmp_path, ports, launch, held)
    read(tmp_path, {"tls_on_connect_ports": [465]})


def test_mistakes_in_other_ports_are_told_alone(tmp_path: Path) -> None:
    said = complaint(tmp_path, {"daemon_smtp_ports": ["25x"], "tls_on_connect_ports": [25]})

    assert said == 'pymta.toml:1: daemon_smtp_ports: found "25x"; invalid SMTP port: 25x'


def test_a_key_alone_is_a_mistake(tmp_path: Path) -> None:
    assert complaint(tmp_path, {"tls_privatekey": "/k.pem"}) == (
        'pymta.toml:1: tls_privatekey: found "/k.pem"; a key without its certificate;'
        " set tls_certificate too"
    )


def test_the_files_have_absolute_paths(tmp_path: Path) -> None:
    assert complaint(tmp_path, {"tls_certificate": "c.pem", "tls_privatekey": "/k"}) == (
        'pymta.toml:1: tls_certificate: found "c.pem"; want an absolute path of a file, or'
        ' "credential:tls_fullchain.pem" for /etc/pymta/tls/fullchain.pem'
    )


@pytest.mark.parametrize(("wrong", "line"), [("tls_certificate", 1), ("tls_privatekey", 2)])
def test_a_file_that_is_not_there_is_known_before_anything_begins(
    wrong: str, line: int, certificate: Certificate, tmp_path: Path
) -> None:
    """N-23: with file, line and reason."""
    said = complaint(tmp_path, certificate.settings | {wrong: "/no.pem"})

    why = "cannot be read: No such file or directory"
    assert said == f'pymta.toml:{line}: {wrong}: found "/no.pem"; {why}'


def test_files_that_do_not_belong_together_are_known_too(
    certificate: Certificate, tmp_path: Path
) -> None:
    """N-23"""
    other = certificates.make(tmp_path)

    said = complaint(tmp_path, certificate.settings | {"tls_privatekey": str(other.key)})

    assert said.startswith("pymta.toml:2: tls_privatekey: found ")
    assert said.endswith(f"; the key does not belong to the certificate in {certificate.file}")


def test_a_file_without_the_key_is_blamed_itself(certificate: Certificate, tmp_path: Path) -> None:
    said = complaint(tmp_path, {"tls_certificate": str(certificate.file)})

    assert said.startswith("pymta.toml:1: tls_certificate: found ")
    assert said.endswith("; holds no private key; want one in PEM form")


# Several certificates.


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Certificate]:
    """By the name that each is for."""
    names = ("mx.example.org", "*.example.net")
    return {name: certificates.make(tmp_path_factory.mktemp("c"), name=name) for name in names}


def tables(everybody: Certificate, others: Mapping[str, Certificate]) -> dict[str, dict[str, str]]:
    """The two settings for these entries."""
    all_of_them = {"*": everybody, **others}
    return {
        "tls_certificate": {entry: str(one.file) for entry, one in all_of_them.items()},
        "tls_privatekey": {entry: str(one.key) for entry, one in all_of_them.items()},
    }


def test_a_table_has_one_for_each_name_address_and_role(
    certificate: Certificate, several: dict[str, Certificate], tmp_path: Path
) -> None:
    """Names are compared in small letters, addresses in their short form."""
    others = {
        "MX.Example.org.": several["mx.example.org"],
        "*.example.net": several["*.example.net"],
        "2001:DB8:0::1": certificate,
        "192.0.2.1": certificate,
        "submissions": certificate,
        "office-tls": certificate,
    }
    settings = read(tmp_path, tables(certificate, others))

    entries = {"*", "mx.example.org", "*.example.net", "2001:db8::1", "192.0.2.1"}
    assert settings.tls.pairs.keys() == entries | {"submissions", "office-tls"}
    assert settings.tls.pairs["mx.example.org"] == (
        str(several["mx.example.org"].file),
        str(several["mx.example.org"].key),
    )
    assert from_plain(to_plain(settings)) == settings


def test_a_key_may_stand_in_the_file_of_its_certificate(
    certificate: Certificate, tmp_path: Path
) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(certificate.text)
    files = {"*": str(certificate.file), "192.0.2.1": str(both)}
    settings = read(
        tmp_path, {"tls_certificate": files, "tls_privatekey": {"*": str(certificate.key)}}
    )
    assert settings.tls.pairs["192.0.2.1"].key == ""


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        ("no name", 'in "no name": want "*" for everybody else, a name that clients ask for'),
        ("local", ""),
        ("mx.*.example", 'in "mx.*.example": want "*" for everybody else'),
    ],
)
def test_an_entry_that_is_nothing_is_a_mistake(
    entry: str, wanted: str, certificate: Certificate, tmp_path: Path
) -> None:
    """A "local" is a host name like any other: users of this machine have no TLS."""
    files = {"*": str(certificate.file), entry: "c.pem"}
    said = complaint(tmp_path, {"tls_certificate": files, "tls_privatekey": str(certificate.key)})
    assert said.startswith("pymta.toml:1: tls_certificate: found a table; ")
    assert (wanted or 'in "local": want an absolute path of a file') in said


def test_a_certificate_of_another_name_is_a_mistake(
    certificate: Certificate, several: dict[str, Certificate], tmp_path: Path
) -> None:
    """Who asks for a name refuses one that is not for it."""
    other = several["*.example.net"]
    said = complaint(tmp_path, tables(certificate, {"mx.example.org": other}))
    assert said.startswith(f'pymta.toml:1: tls_certificate: found "{str(other.file)[:50]}')
    assert said.endswith("; the certificate for mx.example.org is for *.example.net")


def test_a_table_without_everybody_is_a_mistake(
    several: dict[str, Certificate], tmp_path: Path
) -> None:
    other = several["mx.example.org"]
    values = {
        "tls_certificate": {"mx.example.org": str(other.file)},
        "tls_privatekey": {"mx.example.org": str(other.key)},
    }
    assert complaint(tmp_path, values) == (
        'pymta.toml:1: tls_certificate: found a table; want an entry "*" for whoever is in no other'
    )


def test_a_key_without_its_certificate_is_a_mistake_in_a_table_too(
    certificate: Certificate, tmp_path: Path
) -> None:
    values = tables(certificate, {"192.0.2.1": certificate})
    del values["tls_certificate"]["192.0.2.1"]
    assert complaint(tmp_path, values) == (
        'pymta.toml:2: tls_privatekey: found a table; "192.0.2.1" has a key and no certificate;'
        " tls_certificate has no such entry"
    )


def test_all_files_of_a_table_are_looked_at(certificate: Certificate, tmp_path: Path) -> None:
    values = tables(certificate, {"192.0.2.1": certificate, "192.0.2.2": certificate})
    values["tls_certificate"] |= {"192.0.2.1": "/no1.pem", "192.0.2.2": "/no2.pem"}
    with pytest.raises(ConfigError) as refusal:
        read(tmp_path, values)
    said = str(refusal.value)
    assert 'found "/no1.pem"' in said
    assert 'found "/no2.pem"' in said


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (-1, "certificate is not valid before "),
        (1, ""),
        (77, "certificate is good until "),
        (91, "certificate has been out of date since "),
    ],
)
def test_dates_are_worth_a_word_when_they_are_near(
    days: int, said: str, certificate: Certificate
) -> None:
    """Of the 90 days of this one so many are over.  It is shown all the same."""
    now = certificate.file.stat().st_mtime + days * 86_400
    lines = list(dates({"*": certificate.text}, now))
    assert [line.startswith(said) for line in lines] == [True] * bool(said)


def test_ciphers_that_nobody_knows_are_a_mistake(tmp_path: Path) -> None:
    assert complaint(tmp_path, {"tls_require_ciphers": "NO_SUCH"}) == (
        'pymta.toml:1: tls_require_ciphers: found "NO_SUCH"; OpenSSL knows no such cipher; want a'
        ' list as in ciphers(1), such as "ECDHE+AESGCM"'
    )
    read(tmp_path, {"tls_require_ciphers": "ECDHE+AESGCM:!aNULL"})


# Who vouches for clients.


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("clients.pem", 'want "system" or an absolute path, such as "/etc/pymta/clients.pem"'),
        ("/no.pem", "cannot be read: No such file or directory"),
        ("/etc/hostname", "holds no certificate; want some in PEM form"),
    ],
)
def test_who_vouches_for_clients_must_be_there(
    file: str, why: str, certificate: Certificate, tmp_path: Path
) -> None:
    values = {"tls_verify_certificates": file, "tls_verify_hosts": ["192.0.2.7"]}
    assert complaint(tmp_path, values | certificate.settings) == (
        f'pymta.toml:1: tls_verify_certificates: found "{file}"; {why}'
    )


def test_where_nobody_is_asked_nobody_vouches(certificate: Certificate, tmp_path: Path) -> None:
    read(tmp_path, {"tls_verify_certificates": "/no.pem", **certificate.settings})


def test_who_does_not_serve_looks_at_no_certificate(tmp_path: Path) -> None:
    file = tmp_path / "pymta.toml"
    file.write_text('tls_certificate = "/no.pem"\n')

    settings = read_settings(file, Machine(), login="", is_to_serve=False)

    assert settings.tls.tls_certificate == "/no.pem"


@pytest.mark.root
def test_what_root_has_read_need_not_be_read_again(tmp_path: Path) -> None:
    """N-23, PV-01: a reload finds a daemon root no longer; other files are another thing."""
    made = certificates.make(tmp_path)
    let_others_in(tmp_path)
    read(tmp_path, made.settings)  # root may
    same, other = Tls(**made.settings), Tls(str(made.file))
    os.seteuid(NOBODY)
    try:
        file = tmp_path / "pymta.toml"
        assert read_settings(file, Machine(), login="", held=Held(tls=same)).tls == same
        for held in (Held(), Held(tls=other)):
            with pytest.raises(ConfigError, match=r"tls_privatekey.*Permission denied"):
                read_settings(file, Machine(), login="", held=held)
    finally:
        os.seteuid(0)
