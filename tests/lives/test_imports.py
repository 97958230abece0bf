"""Everything is loaded before the first fork."""

from __future__ import annotations

import hashlib
import re
import ssl
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from pymta.accounts import hashes
from pymta.accounts.password_line import Entry
from pymta.sasl.verifier import derive
from pymta.tls.leaf import public_key
from tests.doubles import certificates
from tests.doubles.certificates import Certificate
from tests.doubles.daemon import Daemon, daemon
from tests.doubles.dns_server import DnsServer, Zone
from tests.doubles.peers import smtp_sink
from tests.doubles.smtp_host import SmtpHost

IMPORT = re.compile(r"^import '(\S+)' #", re.MULTILINE)


def assert_nothing_is_loaded_late(made: Daemon) -> None:
    assert made.stop() == 0
    before, _, after = made.log().partition("daemon started")
    assert len(IMPORT.findall(before)) > 100
    assert not {"psycopg", "ldap"} & set(IMPORT.findall(before))  # nobody wants them
    assert not IMPORT.findall(after)


@pytest.fixture
def verbose(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter of every process tells in the log what it loads."""
    monkeypatch.setenv("PYTHONVERBOSE", "1")


def test_nothing_is_loaded_after_the_first_fork(verbose: None, tmp_path: Path) -> None:
    """N-43: an upgrade under our feet mixes no versions, and children share what is loaded."""
    with (
        smtp_sink(tmp_path / "sink") as sink,
        daemon(smarthost=f"127.0.0.1:{sink.port}", queue_run_interval="1s") as made,
    ):
        made.send("user@localhost")
        made.send("someone@remote.test")
        made.wait_for_mail("user")
        made.wait_for_log(r" => someone@remote\.test ")
        made.wait_for_log("End queue run")
        made.wait_for_idle()
        made.status()
        assert_nothing_is_loaded_late(made)


def test_nothing_is_loaded_for_the_dns_or_a_bounce(verbose: None) -> None:
    """N-43"""
    with daemon(retry=["F,1h,1s"]) as made:
        made.send("nobody@elsewhere.invalid")
        made.wait_for_log(r" (==|\*\*) nobody@elsewhere\.invalid")
        made.wait_for_idle()
        assert_nothing_is_loaded_late(made)


def test_nothing_is_loaded_for_mail_beyond_ascii_and_its_report(verbose: None) -> None:
    """N-43"""
    with daemon(local_parts=["jörg"], local_domains=["@", "localhost", "bücher.test"]) as made:
        with made.connect() as client:
            client.ehlo()
            client.sendmail(
                "jörg@bücher.test",
                ["jörg@localhost"],
                "Subject: Grüße\r\n\r\n".encode(),
                ["SMTPUTF8", "BODY=8BITMIME"],
                ["NOTIFY=SUCCESS"],
            )
        made.wait_for_mail("jörg", 2)
        made.wait_for_idle()
        assert_nothing_is_loaded_late(made)


def test_nothing_is_loaded_for_a_login(verbose: None, tmp_path: Path) -> None:
    """N-43: whatever is kept of a password."""
    kept = [
        Entry("argon", hashes.make_argon2id(b"rabbit")),
        Entry("yes", hashes.make_yescrypt("r\u00e4bbit".encode(), 1)),
        Entry("scram", verifier=derive(b"rabbit", b"0123456789abcdef", 4096)),
    ]
    file = tmp_path / "passwords"
    file.write_text("".join(f"{entry}\n" for entry in kept))
    file.chmod(0o640)
    settings: dict[str, Any] = {"auth_without_tls_hosts": ["127.0.0.1"], "auth_failure_delay": 0}
    with daemon(auth_password_file=str(file), **settings) as made:
        for name, password, code in (
            *(("argon", "rabbit", 235), ("yes", "r\u00e4bbit", 235), ("scram", "rabbit", 235)),
            ("nobody", "r\u00e4bbit", 535),
        ):
            with made.connect() as client:
                client.ehlo()
                word = b64encode(f"\0{name}\0{password}".encode()).decode()
                assert client.docmd("AUTH PLAIN", word)[0] == code
        made.wait_for_idle()
        assert_nothing_is_loaded_late(made)


def test_nothing_is_loaded_for_tls_with_another_host_and_what_it_publishes(
    verbose: None, certificate: Certificate
) -> None:
    """N-43: TLSA records, a policy that cannot be fetched, and a handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.file, certificate.key)
    key = hashlib.sha256(public_key(certificate.der)).hexdigest()
    with SmtpHost({"EHLO": b"250-mx\r\n250 STARTTLS\r\n"}, tls=context) as host:
        zone: Zone = {
            ("dane.test", "MX"): ["1 mx.dane.test."],
            ("mx.dane.test", "A"): ["127.0.0.1"],
            (f"_{host.port}._tcp.mx.dane.test", "TLSA"): [f"3 1 1 {key}"],
            ("sts.test", "MX"): ["1 mx.sts.test."],
            ("mx.sts.test", "A"): ["127.0.0.1"],
            ("_mta-sts.sts.test", "TXT"): ['"v=STSv1; id=1;"'],
            ("mta-sts.sts.test", "A"): ["127.0.0.9"],
        }
        with (
            DnsServer(zone, signed=["dane.test"]) as server,
            daemon(
                relay_from_hosts=["127.0.0.1"],
                dns_servers=[server.setting],
                remote_smtp_port=host.port,
            ) as made,
        ):
            made.send("x@dane.test")
            made.send("x@sts.test")
            made.wait_for_log(r" => x@dane\.test .* X=TLS")
            made.wait_for_log(r" => x@sts\.test .* X=TLS")
            made.wait_for_log("MTA-STS policy of sts.test cannot be fetched: ")
            made.wait_for_idle()
            assert_nothing_is_loaded_late(made)


def test_nothing_is_loaded_for_tls_with_another_host_and_a_login_there(
    verbose: None, tmp_path: Path
) -> None:
    """N-43"""
    shown = certificates.make(tmp_path / "certificate", name="127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown.file, shown.key)
    secret = tmp_path / "password"
    secret.write_text("rabbit")
    secret.chmod(0o600)
    offers = [b"250-mx.test\r\n250 STARTTLS\r\n", b"250-mx.test\r\n250 AUTH PLAIN\r\n"]
    with SmtpHost({"EHLO": offers, "AUTH": b"235 ok\r\n"}, tls=context) as host:
        table = {
            "hosts": [f"127.0.0.1:{host.port}"],
            "login": "us",
            "password_file": str(secret),
        }
        with daemon(smarthosts={"it": table}, remote_tls_certificates=str(shown.file)) as made:
            made.send("someone@remote.test")
            made.wait_for_log(r" => someone@remote\.test .* X=TLS1\.3:\S+ CV=yes A=PLAIN ")
            made.wait_for_idle()
            assert_nothing_is_loaded_late(made)
