"""A daemon holds to what domains publish about TLS with their mail hosts.

The DNS is a real one that is signed (Knot, Unbound), the policies come from a real web server
(nginx) on port 443, which takes root.  The mail hosts are all one, in a thread.
"""

from __future__ import annotations

import hashlib
import random
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.doubles import authority, peers
from tests.doubles.daemon import Daemon
from tests.doubles.smtp_host import SmtpHost
from tests.doubles.validator import validator

pytestmark = pytest.mark.root

NAMES = ("good", "anchor", "useless", "bad", "stranger", "bare", "policy", "new")
HTTPS = 443
OFFERS = b"250-mx.example.org\r\n250-PIPELINING\r\n250 STARTTLS\r\n"


@dataclass(frozen=True)
class Net:
    """The world outside: a daemon that sends into it, and what its hosts have got."""

    made: Daemon
    host: SmtpHost
    fetched: Path  # a file for each web server, with a line for each fetch

    def send(self, address: str) -> str:
        """What the log says of it first."""
        self.made.send(address)
        user = address.replace(".", r"\.")
        return self.made.wait_for_log(rf" (=>|==|\*\*) {user} ")[0]


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Net]:
    directory = tmp_path_factory.mktemp("net")
    root = authority.root()
    trusted = root.write(directory / "root.pem")
    hosts = tuple(f"{name}.mx.signed.test" for name in NAMES)
    certificate = authority.server(directory / "mx", (root,), (*hosts, "mx.plain.test"))
    own = authority.chain(certificate)[0]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.file, certificate.key)
    # Every address of 127/8 is this machine's, so others may have port 443 of another one.
    web = f"127.77.{random.randrange(1, 255)}.{random.randrange(1, 255)}"
    with ExitStack() as stack:
        host = stack.enter_context(SmtpHost({"EHLO": OFFERS}, tls=context))
        port = host.port
        records = {
            "good": f"3 1 1 {hashlib.sha256(authority.key_of(own)).hexdigest()}",
            "anchor": f"2 0 1 {hashlib.sha256(root.der).hexdigest()}",
            "useless": "1 1 1 " + "ab" * 32,
            "bad": "3 1 1 " + "ab" * 32,
            "stranger": f"2 0 1 {hashlib.sha256(authority.root().der).hexdigest()}",
        }
        signed = [f"{name} MX 10 {name}.mx" for name in NAMES]
        signed += [f"{name}.mx A 127.0.0.1" for name in NAMES]
        signed += [f"_{port}._tcp.{name}.mx TLSA {text}" for name, text in records.items()]
        plain = [
            *("held MX 10 mx", "elsewhere MX 10 other", "testing MX 10 other", "none MX 10 other"),
            *("broken MX 10 mx", '_mta-sts.broken TXT "v=STSv1; id=1;"', f"mta-sts.broken A {web}"),
            *("mx A 127.0.0.1", "other A 127.0.0.1"),
            *(f'_mta-sts.{one} TXT "v=STSv1; id=1;"' for one in ("held", "elsewhere", "testing")),
            *(f"mta-sts.{one} A {web}" for one in ("held", "elsewhere", "testing")),
        ]
        names = tuple(f"mta-sts.{one}.plain.test" for one in ("held", "elsewhere", "testing"))
        stack.enter_context(_web(directory / "web", web, root, names))
        dns = stack.enter_context(
            validator(
                directory / "dns",
                {"signed.test": "\n".join(signed)},
                {"plain.test": "\n".join(plain)},
                {"forged.test": "@ MX 10 mx\nmx A 127.0.0.1"},
            )
        )
        place = directory / "daemon"
        place.mkdir()
        made = Daemon(
            place,
            dns_servers=[dns.address],
            remote_smtp_port=port,
            relay_from_hosts=["127.0.0.1"],
            retry=["F,4d,4d"],
            remote_tls_certificates=str(trusted),
            remote_tls={"bare.signed.test": "dane-only", "none.plain.test": "verify", "*": "auto"},
            log_selector=["+tls_certificate_verified"],
        )
        made.extra_environment["SSL_CERT_FILE"] = str(trusted)
        made.start()
        stack.callback(made.close)
        yield Net(made, host, directory / "web")


@contextmanager
def _web(
    directory: Path, address: str, root: authority.Signer, names: tuple[str, ...]
) -> Iterator[None]:
    certificate = authority.server(directory, (root,), names)
    for name in names:
        mode = "testing" if "testing" in name else "enforce"
        mx = "mx.plain.test" if "held" in name else "*.example"
        place = directory / name / ".well-known"
        place.mkdir(parents=True)
        place.joinpath("mta-sts.txt").write_text(
            f"version: STSv1\nmode: {mode}\nmx: {mx}\nmax_age: 86400\n"
        )
    config = directory / "nginx.conf"
    config.write_text(
        f"""
pid {directory}/pid;
error_log {directory}/error.log info;
daemon off;
master_process off;
events {{ }}
http {{
    access_log {directory}/$host.log;
    client_body_temp_path {directory}/t1;
    proxy_temp_path {directory}/t2;
    fastcgi_temp_path {directory}/t3;
    uwsgi_temp_path {directory}/t4;
    scgi_temp_path {directory}/t5;
    types {{ text/plain txt; }}
    server {{
        listen {address}:{HTTPS} ssl;
        ssl_certificate {certificate.file};
        ssl_certificate_key {certificate.key};
        root {directory}/$host;
    }}
}}
"""
    )
    with peers.running(
        "nginx", "-p", str(directory), "-c", str(config), port=HTTPS, address=address
    ):
        yield


@pytest.mark.parametrize(
    ("domain", "proof"),
    [
        ("good.signed.test", "dane"),
        ("anchor.signed.test", "dane"),
        ("useless.signed.test", "no"),
        ("held.plain.test", "yes"),
        ("testing.plain.test", "no"),
        ("new.signed.test", "no"),
    ],
)
def test_mail_goes_where_the_certificate_is_the_one_that_was_promised(
    net: Net, domain: str, proof: str
) -> None:
    """RFC 7672 s2.2, RFC 8461 s5"""
    line = net.send(f"x@{domain}")
    assert f"=> x@{domain} R=mx T=smtp H=" in line
    assert " X=TLS1.3:" in line
    assert f" CV={proof} " in line
    assert f" H={net.host.sessions[-1].sni} [" in line


@pytest.mark.parametrize(
    ("domain", "why"),
    [
        ("bad.signed.test", "its certificate is not that of its TLSA records (3 1 1 abababab"),
        ("stranger.signed.test", "its certificate is not that of its TLSA records (2 0 1 "),
        ("bare.signed.test", "remote_tls of bare.signed.test: bare.mx.signed.test has no usable"),
        ("elsewhere.plain.test", "other.plain.test is no mail host by the MTA-STS policy of else"),
        ("none.plain.test", 'was not signed; put "verify" with its names there'),
        ("forged.test", "host lookup for forged.test did not complete"),
    ],
)
def test_mail_waits_where_it_is_not(net: Net, domain: str, why: str) -> None:
    """RFC 7672 s2.2: and no word of it is said there."""
    before = len(net.host.messages())
    line = net.send(f"x@{domain}")
    assert f"== x@{domain} " in line
    assert why in line
    assert len(net.host.messages()) == before


def test_a_policy_is_fetched_once_for_all_messages(net: Net) -> None:
    """RFC 8461 s3.3"""
    for number in range(2):
        net.send(f"y{number}@held.plain.test")
    log = net.fetched.joinpath("mta-sts.held.plain.test.log").read_text()
    assert log.count('"GET /.well-known/mta-sts.txt HTTP/1.1" 200') == 1


def test_a_policy_that_cannot_be_fetched_is_told_of(net: Net) -> None:
    """And without any, mail goes as if there were none (RFC 8461 s3.3)."""
    line = net.send("x@broken.plain.test")
    assert "=> x@broken.plain.test R=mx " in line
    (told,) = net.made.wait_for_log("MTA-STS policy of broken.plain.test cannot be fetched")
    assert told.endswith(
        ": certificate of mta-sts.broken.plain.test: Hostname mismatch, certificate"
        " is not valid for 'mta-sts.broken.plain.test'."
    )


@pytest.mark.parametrize(
    ("domain", "tls"),
    [
        ("good.signed.test", "TLS dane (DANE)"),
        ("useless.signed.test", "TLS encrypt (TLSA records of which none is usable)"),
        ("held.plain.test", "TLS verify (MTA-STS of held.plain.test)"),
        ("new.signed.test", "TLS may"),
        (
            "elsewhere.plain.test",
            "not called now: other.plain.test is no mail host by the MTA-STS policy",
        ),
    ],
)
def test_an_operator_can_ask_what_a_host_is_owed(net: Net, domain: str, tls: str) -> None:
    if domain.endswith("plain.test"):
        net.send(f"first@{domain}")  # who looks fetches no policy: that is done for mail
    said = net.made.run("explain", f"x@{domain}")
    assert tls in said.stdout, said
