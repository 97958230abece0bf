"""What else swaks can do, beside logins, proxies and XCLIENT, which have tests of their own."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.doubles import certificates, peers
from tests.doubles.certificates import Certificate
from tests.doubles.daemon import Daemon, daemon_after
from tests.lives.test_local_role import submit, with_local


@pytest.fixture(scope="module")
def hers(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificates.make(tmp_path_factory.mktemp("hers"), names=("client.test",))


@pytest.fixture(scope="module")
def made(certificate: Certificate, hers: Certificate) -> Iterator[Daemon]:
    """On IPv4, IPv6 and the socket of this machine's users."""

    def prepare(made: Daemon) -> None:
        with_local(made)
        made.more_sockets.append(("smtp", socket.create_server(("::1", 0), family=socket.AF_INET6)))

    with daemon_after(
        prepare,
        log_selector=["+pipelining"],
        tls_try_verify_hosts=["127.0.0.1"],
        tls_verify_certificates=str(hers.file),
        **certificate.settings,
    ) as made:
        yield made


@pytest.mark.parametrize(
    ("way", "words", "arrival"),
    [
        ("IPv4", ["--pipeline"], r"\[127\.0\.0\.1\] P=esmtp L S="),
        ("IPv4", ["--protocol", "SMTP"], r"\[127\.0\.0\.1\] P=smtp S="),
        ("IPv6", ["--helo", "[IPv6:::1]"], r"\[::1\] P=esmtp L- S="),
        ("AF_UNIX", [], r"U=\S+ P=local-esmtp L- S="),
        ("IPv4", ["--pipeline", "--tls"], r"P=esmtps L X=TLS1\.3:\S+ CV=no S="),
        ("IPv4", ["--tls", "--tls-cert", "{hers}", "--tls-key", "{key}"], r" L- X=\S+ CV=yes S="),
        ("IPv4", ["--tls-optional", "--tls-protocol", "tlsv1_2"], r" X=TLS1\.2:\S+ CV=no S="),
    ],
)
def test_its_ways_all_lead_in(
    way: str, words: list[str], arrival: str, *, made: Daemon, hers: Certificate
) -> None:
    where = {
        "IPv4": ("--server", f"127.0.0.1:{made.port}"),
        "IPv6": ("--server", "::1", "--port", str(made.more_sockets[1][1].getsockname()[1])),
        "AF_UNIX": ("--socket", str(submit(made))),
    }[way]
    answer = peers.run(
        "swaks",
        *(*where, "--helo", "client.test", "--from", "a@client.test", "--to", "user@localhost"),
        *("--attach-type", "text/plain", "--attach", f"@{__file__}"),
        *(word.format(hers=hers.file, key=hers.key) for word in words),
    )
    assert answer.returncode == 0, answer.stdout + made.log()
    (taken,) = re.findall(r"250 .*OK id=(\S+)", answer.stdout)
    made.wait_for_log(rf"{taken} <= a@client\.test .*{arrival}")
    made.wait_for_log(f"{taken} Completed")
    (mail,) = [mail for mail in made.wait_for_mail("user") if taken.encode() in mail]
    attached = list(message_from_bytes(mail).walk())[-1]
    assert attached.get_payload(decode=True) == Path(__file__).read_bytes()
