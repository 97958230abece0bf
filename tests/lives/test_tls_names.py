"""Real daemons with several certificates, and clients that ask for one by its name."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import pytest

from tests.doubles import certificates, peers
from tests.doubles.certificates import Certificate
from tests.doubles.daemon import DEADLINE, daemon
from tests.doubles.standalone import Standalone, standalone
from tests.lives.test_session_life import line
from tests.lives.test_starttls import ask

NAMES = ("mx.example.org", "*.example.net", "by address", "submissions")


@pytest.fixture(scope="module")
def each(
    certificate: Certificate, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Certificate]:
    factory = tmp_path_factory.mktemp
    made = {name: certificates.make(factory("c"), name=name.replace(" ", "-")) for name in NAMES}
    return {"*": certificate, **made}


def settings(each: dict[str, Certificate], **entries: str) -> dict[str, dict[str, str]]:
    """`entries` are called by their names in `each`, and have another one in the settings."""
    called = {entries.get(name.replace(" ", "_"), name): one for name, one in each.items()}
    return {
        "tls_certificate": {entry: str(one.file) for entry, one in called.items()},
        "tls_privatekey": {entry: str(one.key) for entry, one in called.items()},
    }


@pytest.fixture(scope="module")
def two(each: dict[str, Certificate]) -> Iterator[Standalone]:
    """On two addresses, of which one has a certificate of its own."""
    with standalone() as made:
        addresses = [f"{made.network}.{number}" for number in (1, 2)]
        made.write_settings(
            local_interfaces=addresses,
            daemon_smtp_ports=[2525, 4465],
            tls_on_connect_ports=[4465],
            log_selector=["+tls_sni"],
            **settings(each, by_address=addresses[1]),
        )
        with made.in_front():
            yield made


def shown(address: str, sni: str, *, starttls: bool = True) -> bytes | None:
    sock = socket.create_connection((address, 2525 if starttls else 4465), timeout=DEADLINE)
    if starttls:
        line(sock)
        ask(sock, "EHLO client.test")
        ask(sock, "STARTTLS")
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with context.wrap_socket(sock, server_hostname=sni or None) as inside:
        return inside.getpeercert(binary_form=True)


@pytest.mark.parametrize("starttls", [True, False])
@pytest.mark.parametrize(
    ("number", "sni", "entry"),
    [
        (1, "", "*"),
        (2, "", "by address"),
        (2, "mx.example.org", "mx.example.org"),
        (1, "a.example.net", "*.example.net"),
        (1, "nobody.example", "*"),
    ],
)
def test_each_client_sees_the_one_for_it(
    starttls: bool,
    number: int,
    sni: str,
    entry: str,
    *,
    two: Standalone,
    each: dict[str, Certificate],
) -> None:
    assert shown(f"{two.network}.{number}", sni, starttls=starttls) == each[entry].der


def test_swaks_believes_the_one_that_it_asked_for(
    two: Standalone, each: dict[str, Certificate]
) -> None:
    """N-39: tls_sni"""
    answer = peers.run(
        "swaks",
        *("--to", "user@localhost", "--from", "by-name@client.test", "--tls"),
        *("--server", two.address, "--port", "2525", "--tls-sni", "mx.example.org"),
        *("--tls-verify", "--tls-ca-path", str(each["mx.example.org"].file)),
    )
    assert answer.returncode == 0, answer.stdout
    two.wait_for_log("CV=no SNI=mx.example.org S=")


def test_a_socket_has_the_one_of_its_role(each: dict[str, Certificate]) -> None:
    """PT-05: by the name that its unit gives it."""
    with daemon("submissions", **settings(each, by_address="192.0.2.1")) as made:
        context = each["submissions"].client()
        with context.wrap_socket(made.raw()) as sock:
            assert sock.getpeercert(binary_form=True) == each["submissions"].der
