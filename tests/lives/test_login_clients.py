"""Logins to a real daemon by mail programs that were not written for it (RFC 4954, RFC 6409).

Each sends a message with every mechanism that it has, over STARTTLS or where TLS begins at once.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import smtplib
import socket
import ssl
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest
import scramp

from tests.doubles import certificates, peers, warm
from tests.doubles.certificates import NAME, Certificate
from tests.doubles.daemon import DEADLINE, Daemon, daemon_after, wait_until

USER, PASSWORD = "alice@client.test", "wonder land, unlocked"
MECHANISMS = "SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN"
TEXT = f"From: {USER}\r\nTo: user@localhost\r\nSubject: {{}}\r\n\r\nhi\r\n"


class Server:
    """One daemon; `starttls` and `tls` are its ports."""

    def __init__(self, daemon: Daemon, certificate: Certificate) -> None:
        self.daemon = daemon
        self.certificate = certificate
        self.starttls = daemon.port
        self.tls: int = daemon.more_sockets[0][1].getsockname()[1]

    def kept(self, subject: str) -> bytes:
        """The message, as it came into the mailbox."""
        wanted = f"\nSubject: {subject}\n".encode()

        def found() -> list[bytes]:
            return [mail for mail in self.daemon.mailbox("user") if wanted in mail]

        wait_until(lambda: bool(found()), lambda: f"{subject}:\n{self.daemon.log()}")
        (mail,) = found()
        return mail

    def has(self, subject: str, mechanism: str) -> None:
        """The message came, and so did the login."""
        kept = self.kept(subject)
        assert b" with ESMTPSA\n" in kept
        assert f"\nFrom: {USER}\n".encode() in kept
        (line,) = self.daemon.wait_for_log(rf"<= {USER} .* id={subject}@client.test")
        assert f" A={mechanism}:{USER} S=" in line
        assert " P=esmtpsa X=TLS1.3:" in line
        assert (" CV=yes " in line) is (mechanism == "EXTERNAL")


@pytest.fixture(scope="module")
def hers(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """What USER's program may show."""
    names = f"subjectAltName=email:{USER}"
    return certificates.make(tmp_path_factory.mktemp("hers"), names=(), more=("-addext", names))


@pytest.fixture(scope="module")
def server(
    certificate: Certificate, hers: Certificate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    passwords = tmp_path_factory.mktemp("logins") / "passwords"
    warm.run(
        [sys.executable, "-P", "-m", "pymta", "user", "--file", passwords, "add", USER],
        input=f"{PASSWORD}\n",
        text=True,
        check=True,
        timeout=DEADLINE,
    )

    def prepare(made: Daemon) -> None:
        made.socket_name = "submission"
        made.more_sockets.append(("submissions", socket.create_server(("127.0.0.1", 0))))

    settings: dict[str, Any] = {
        "auth_password_file": str(passwords),
        "auth_failure_delay": 0,
        "auth_external": [USER],
        "tls_try_verify_hosts": ["127.0.0.1"],
        "tls_verify_certificates": str(hers.file),
    }
    with daemon_after(prepare, **certificate.settings, **settings) as made:
        yield Server(made, certificate)


def message(subject: str) -> str:
    return f"Message-ID: <{subject}@client.test>\r\n" + TEXT.format(subject)


def done(answer: subprocess.CompletedProcess[str]) -> None:
    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize("way", ["starttls", "tls"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_swaks(server: Server, way: str, mechanism: str) -> None:
    subject = f"swaks-{way}-{mechanism}"
    port, switch = (server.starttls, "--tls") if way == "starttls" else (server.tls, "--tlsc")
    answer = peers.run(
        "swaks",
        *("--server", f"127.0.0.1:{port}", switch, "--tls-verify"),
        *("--tls-ca-path", str(server.certificate.file)),
        *("--auth", mechanism, "--auth-user", USER, "--auth-password", PASSWORD),
        *("--from", USER, "--to", "user@localhost", "--data", message(subject)),
    )
    done(answer)
    assert f"-AUTH {MECHANISMS}\n" in answer.stdout
    server.has(subject, mechanism)


def test_swaks_is_told_that_it_is_wrong(server: Server) -> None:
    answer = peers.run(
        "swaks",
        *("--server", f"127.0.0.1:{server.tls}", "--tlsc", "--quit-after", "AUTH"),
        *("--auth", "PLAIN", "--auth-user", USER, "--auth-password", "x"),
    )
    assert answer.returncode == 28, answer.stdout  # no login
    assert "535 5.7.8 Incorrect authentication data" in answer.stdout
    server.daemon.wait_for_log(r"PLAIN authenticator failed for .*: 535 Incorrect authentication")


@pytest.mark.parametrize("way", ["starttls", "tls"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "EXTERNAL"])
def test_curl(server: Server, hers: Certificate, tmp_path: Path, way: str, mechanism: str) -> None:
    shown = ("--cert", str(hers.file), "--key", str(hers.key)) if mechanism == "EXTERNAL" else ()
    subject = f"curl-{way}-{mechanism}"
    port, scheme = (server.starttls, "smtp") if way == "starttls" else (server.tls, "smtps")
    (tmp_path / "message").write_text(message(subject), newline="")
    answer = peers.run(
        "curl",
        *("--silent", "--show-error", "--ssl-reqd", "--cacert", str(server.certificate.file)),
        *(
            "--resolve",
            f"{NAME}:{port}:127.0.0.1",
            "--url",
            f"{scheme}://{NAME}:{port}/client.test",
        ),
        *shown,
        *("--user", f"{USER}:{'' if shown else PASSWORD}", "--login-options", f"AUTH={mechanism}"),
        *("--mail-from", USER, "--mail-rcpt", "user@localhost"),
        *("--upload-file", str(tmp_path / "message")),
    )
    done(answer)
    server.has(subject, mechanism)


@pytest.mark.parametrize("mechanism", ["plain", "login", "scram-sha-256", "external", "on"])
def test_msmtp(server: Server, hers: Certificate, tmp_path: Path, mechanism: str) -> None:
    """`on` is what it takes for the best: inside of TLS that is PLAIN."""
    subject = f"msmtp-{mechanism}"
    settings = {
        "host": "127.0.0.1",
        "port": server.starttls if mechanism == "plain" else server.tls,
        "tls": "on",
        "tls_starttls": "on" if mechanism == "plain" else "off",
        "tls_host_override": NAME,
        "tls_trust_file": server.certificate.file,
        "auth": mechanism,
        "user": USER,
        "password": f'"{PASSWORD}"',
        "from": USER,
    }
    if mechanism == "external":
        settings |= {"tls_cert_file": hers.file, "tls_key_file": hers.key}
    lines = ["account default", *(f"{name} {value}" for name, value in settings.items())]
    file = tmp_path / "msmtprc"
    file.write_text("\n".join([*lines, ""]))
    file.chmod(0o600)
    answer = subprocess.run(
        peers.command("msmtp", f"--file={file}", "user@localhost"),
        input=message(subject).replace("\r\n", "\n"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    done(answer)
    server.has(subject, "PLAIN" if mechanism == "on" else mechanism.upper())


def verified(server: Server) -> ssl.SSLContext:
    return server.certificate.client()


def test_smtplib(server: Server) -> None:
    """Of the mechanisms that it has it takes PLAIN."""
    with smtplib.SMTP("127.0.0.1", server.starttls, timeout=DEADLINE) as client:
        client.starttls(context=verified(server))
        client.user, client.password = USER, PASSWORD
        client.ehlo()
        client.auth("PLAIN", lambda _=None: f"\0{USER}\0{PASSWORD}")
        client.sendmail(USER, ["user@localhost"], message("smtplib").encode())
    server.has("smtplib", "PLAIN")


@pytest.mark.parametrize("has_initial", [True, False])
def test_smtplib_by_login(server: Server, has_initial: bool) -> None:
    subject = f"smtplib-login-{has_initial}"
    with smtplib.SMTP_SSL(
        "127.0.0.1", server.tls, timeout=DEADLINE, context=verified(server)
    ) as client:
        client.ehlo()
        answers = iter([USER, PASSWORD])
        client.auth("LOGIN", lambda _=None: next(answers), initial_response_ok=has_initial)
        client.sendmail(USER, ["user@localhost"], message(subject).encode())
    server.has(subject, "LOGIN")


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"])
def test_a_password_that_never_goes_over_the_line(server: Server, mechanism: str) -> None:
    """RFC 7677, with a client of scramp: the binding is that of our certificate."""
    with smtplib.SMTP_SSL(
        "127.0.0.1", server.tls, timeout=DEADLINE, context=verified(server)
    ) as client:
        client.ehlo()
        assert isinstance(client.sock, ssl.SSLSocket)
        shown = client.sock.getpeercert(binary_form=True)
        bound = ("tls-server-end-point", hashlib.sha256(shown or b"").digest())
        scram = scramp.ScramClient(
            [mechanism],
            USER,
            PASSWORD,
            channel_binding=bound if mechanism.endswith("-PLUS") else None,
        )
        client.auth(mechanism, answers_of(scram))
        client.sendmail(USER, ["user@localhost"], message(mechanism).encode())
    server.has(mechanism, mechanism)


def answers_of(scram: scramp.ScramClient) -> Callable[..., str]:
    def first() -> str:
        return str(scram.get_client_first())

    def final(challenge: bytes) -> str:
        scram.set_server_first(challenge.decode())
        return str(scram.get_client_final())

    def last(challenge: bytes) -> str:
        scram.set_server_final(challenge.decode())
        return ""

    steps = iter([final, last])

    def answer(challenge: bytes | None = None) -> str:
        return first() if challenge is None else next(steps)(challenge)

    return answer


@pytest.mark.parametrize("mechanism", ["plain", "login"])
def test_aiosmtplib(server: Server, mechanism: str) -> None:
    subject = f"aiosmtplib-{mechanism}"

    async def send() -> None:
        client = aiosmtplib.SMTP(
            hostname="127.0.0.1",
            port=server.starttls,
            start_tls=True,
            tls_context=verified(server),
            timeout=DEADLINE,
        )
        async with client:
            await client.ehlo()
            log_in = client.auth_plain if mechanism == "plain" else client.auth_login
            await log_in(USER, PASSWORD)
            await client.sendmail(USER, ["user@localhost"], message(subject))

    asyncio.run(send())
    # Its transport may outlive the loop, unclosed, and would be found during another test.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    server.has(subject, mechanism.upper())


NODE = """
const [port, secure, method, user, pass, ca, name, raw] = process.argv.slice(2);
const transport = require(process.env.NODEMAILER).createTransport({
  host: "127.0.0.1", port, secure: secure === "tls", requireTLS: true,
  tls: {ca: require("fs").readFileSync(ca), servername: name},
  authMethod: method, auth: {user, pass},
});
transport.sendMail({envelope: {from: user, to: ["user@localhost"]}, raw})
  .then((info) => console.log(info.response), (error) => { console.log(error); process.exit(1); });
"""


@pytest.mark.parametrize("way", ["starttls", "tls"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_nodemailer(server: Server, tmp_path: Path, way: str, mechanism: str) -> None:
    subject = f"nodemailer-{way}-{mechanism}"
    script = tmp_path / "send.js"
    script.write_text(NODE)
    port = server.starttls if way == "starttls" else server.tls
    library = peers.ROOT / "usr" / "share" / "nodejs" / "nodemailer"
    answer = peers.run(
        "env",
        *(f"NODEMAILER={library}", peers.program("node"), str(script), str(port), way, mechanism),
        *(USER, PASSWORD, str(server.certificate.file), NAME, message(subject)),
    )
    done(answer)
    assert "250 2.0.0 OK id=" in answer.stdout
    server.has(subject, mechanism)


def test_a_mail_program_that_leaves_out_everything_is_helped(server: Server) -> None:
    """RFC 6409 s8"""
    text = EmailMessage()
    text["Subject"] = "bare"
    text.set_content("hi\n")
    with smtplib.SMTP_SSL(
        "127.0.0.1", server.tls, timeout=DEADLINE, context=verified(server)
    ) as client:
        client.ehlo()
        client.auth("PLAIN", lambda _=None: f"\0{USER}\0{PASSWORD}")
        client.sendmail(USER, ["user@localhost"], text.as_bytes())
        code, reply = client.mail("somebody@else.test")
        assert (code, reply[:6]) == (550, b"5.7.1 ")
    head = server.kept("bare").partition(b"\n\n")[0]
    for field in (b"\nDate: ", b"\nMessage-ID: <E", f"\nFrom: <{USER}>".encode()):
        assert head.count(field) == 1
