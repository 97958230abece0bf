"""Real daemons on ports where TLS begins at once, and clients that were not written for them."""

from __future__ import annotations

import base64
import hashlib
import os
import pwd
import re
import resource
import smtplib
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.doubles import certificates, peers
from tests.doubles.certificates import Certificate
from tests.doubles.daemon import DEADLINE, HOSTNAME, Daemon, daemon, wait_until
from tests.doubles.standalone import Standalone, standalone, status_of
from tests.doubles.ways_in import readable
from tests.lives.test_session_life import line, workers

PORTS = {"daemon_smtp_ports": [2525, 4465, 5587], "tls_on_connect_ports": [4465]}
NOBODY = pwd.getpwnam("nobody")


@pytest.fixture(scope="module")
def shared(certificate: Certificate) -> Iterator[Daemon]:
    """Activated by name: its only socket is called "office-tls"."""
    with daemon("office-tls", **certificate.settings) as made:
        yield made


def tls(
    made: Daemon | Standalone, context: ssl.SSLContext, session: ssl.SSLSession | None = None
) -> ssl.SSLSocket:
    sock = made.raw() if isinstance(made, Daemon) else made.connect(4465)
    return context.wrap_socket(sock, suppress_ragged_eofs=False, session=session)


def quit_session(sock: socket.socket) -> None:
    sock.sendall(b"QUIT\r\n")
    assert line(sock).startswith("221 ")
    assert sock.recv(1) == b""  # TLS's own end, or there would be an exception
    sock.close()


def submit(made: Daemon, certificate: Certificate, message: bytes, to: str = "user") -> None:
    context = certificate.client()
    with smtplib.SMTP_SSL(
        "127.0.0.1", made.port, "client.test", context=context, timeout=DEADLINE
    ) as client:
        assert client.sendmail("s@client.test", [f"{to}@localhost"], message) == {}


def test_plain_ports_and_tls_ports_of_one_daemon(certificate: Certificate) -> None:
    """SL-03, PT-05"""
    with standalone(**PORTS, **certificate.settings) as made, made.in_front():
        expected = (
            f"listening for SMTP on [{made.address}]:{{2525,5587}}"
            f" and for SMTPS on [{made.address}]:4465"
        )
        assert f"no queue runs, {expected}\n" in made.log()
        for port in (2525, 5587):
            assert made.greeting(port).startswith("220 ")
        with tls(made, certificate.client()) as sock:
            assert line(sock).startswith("220 ")
            quit_session(sock)


@pytest.mark.root
def test_the_start_line_of_the_three_usual_ports(certificate: Certificate) -> None:
    """SL-03: the row of section 6, in a network of its own."""
    with standalone(
        daemon_smtp_ports=["smtp", 465, "submission"],
        local_interfaces=["::0", "0.0.0.0"],
        tls_on_connect_ports=["submissions"],
        **certificate.settings,
    ) as made:
        made.prefix = ["unshare", "--net"]
        with made.in_front():
            assert (
                made.log()
                .rstrip()
                .endswith(
                    "listening for SMTP on port 25 (IPv6 and IPv4) port 587 (IPv6 and IPv4)"
                    " and for SMTPS on port 465 (IPv6 and IPv4)"
                )
            )


def test_one_switch_of_the_classic_program_is_for_every_port(certificate: Certificate) -> None:
    """PT-05"""
    with standalone(**certificate.settings) as made:
        classic = ("pymta.cli.classic", "-bdf", "-tls-on-connect", "-C", str(made.config))
        with made.in_front(*classic):
            assert f"no queue runs, listening for SMTPS on [{made.address}]:2525" in made.log()
            with certificate.client().wrap_socket(made.connect()) as sock:
                assert line(sock).startswith("220 ")


def test_the_name_of_a_socket_makes_it_one(shared: Daemon, certificate: Certificate) -> None:
    """PT-05, section 3.3; the status says it, too."""
    expected = f"listening for SMTPS on [127.0.0.1]:{shared.port}"
    assert f"{expected} (socket activation)" in shared.log()
    assert shared.status().startswith(f"ok {expected}; ")
    with tls(shared, certificate.client()) as sock:
        assert line(sock).startswith(f"220 {HOSTNAME} ")
        quit_session(sock)


@contextmanager
def s_client(made: Daemon, certificate: Certificate, *words: str) -> Iterator[SClient]:
    """`openssl s_client`, which has seen the greeting and believes the certificate."""
    with subprocess.Popen(
        [
            *("openssl", "s_client", "-connect", f"127.0.0.1:{made.port}", "-crlf", *words),
            *("-CAfile", certificate.file, "-verify_return_error"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        client = SClient(process)
        assert "Verification: OK\n" in client.hear(f"220 {HOSTNAME} ")
        yield client
        client.end()


class SClient:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def say(self, words: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{words}\n")
        self._process.stdin.flush()

    def hear(self, part: str) -> list[str]:
        """Everything up to the line that says so."""
        assert self._process.stdout
        seen: list[str] = []
        for text in self._process.stdout:
            seen.append(text)
            if part in text:
                return seen
        raise AssertionError("".join(seen))

    def end(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(DEADLINE)


def test_openssl_talks_to_it_and_changes_its_keys(shared: Daemon, certificate: Certificate) -> None:
    with s_client(shared, certificate) as client:
        # A K alone is for s_client itself.
        for words, answer in (("NOOP", "250 OK"), ("K", "KEYUPDATE"), ("NOOP", "250 OK")):
            client.say(words)
            client.hear(answer)


def test_nobody_agrees_on_other_keys_in_old_tls(shared: Daemon, certificate: Certificate) -> None:
    """CVE-2009-3555"""
    with s_client(shared, certificate, "-tls1_2") as client:
        client.say("R")
        client.hear("no renegotiation")


def test_swaks_sends_a_message(shared: Daemon, certificate: Certificate) -> None:
    """N-39: tls_cipher; and the Received field in Exim's manner."""
    answer = peers.run(
        "swaks",
        *("--to", "user@localhost", "--from", "someone@client.test", "--tls-on-connect"),
        *("--server", f"127.0.0.1:{shared.port}", "--header", "Subject: by swaks"),
        *("--tls-verify", "--tls-ca-path", str(certificate.file)),
    )

    assert answer.returncode == 0, answer.stdout
    (arrival,) = shared.wait_for_log("<= someone@client.test ")
    assert " P=esmtps X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no S=" in arrival
    (message,) = [mail for mail in shared.wait_for_mail("user") if b"by swaks" in mail]
    assert re.search(
        rb"by mx\.pymta\.test \(pymta [^)]*\) with ESMTPS\n"
        rb"\t\(TLS1\.3\) tls TLS_AES_256_GCM_SHA384\n\tid ",
        message,
    )


def test_five_megabytes_arrive_whole(shared: Daemon, certificate: Certificate) -> None:
    body = base64.encodebytes(os.urandom(5 << 20))
    submit(shared, certificate, b"Subject: large\r\n\r\n" + body.replace(b"\n", b"\r\n"), "alice")

    (message,) = shared.wait_for_mail("alice")
    arrived = message.split(b"\n\n", 1)[1]
    assert hashlib.sha256(arrived).digest() == hashlib.sha256(body).digest()


def test_a_client_that_comes_back_resumes_with_another_worker(certificate: Certificate) -> None:
    """The keys of tickets are made before the first fork."""
    with daemon(
        "office-tls",
        worker_max_connections=1,
        log_selector=["+tls_resumption"],
        **certificate.settings,
    ) as made:
        context = certificate.client()
        with tls(made, context) as sock:
            assert line(sock).startswith("220 ")  # TLS 1.3 brings tickets before it
            assert not sock.session_reused
            ticket = sock.session
            (first,) = workers(made)
            quit_session(sock)
        wait_until(lambda: first not in workers(made), "the first worker has gone")
        with tls(made, context, ticket) as sock:
            assert sock.session_reused
            assert line(sock).startswith("220 ")
            for text in (
                b"EHLO c",
                b"MAIL FROM:<>",
                b"RCPT TO:<user@localhost>",
                b"DATA",
                b"\r\n.",
            ):
                sock.sendall(text + b"\r\n")
                while (reply := line(sock))[3] == "-":
                    pass
                assert reply[0] in "23"
        made.wait_for_log(r"<= <> .* X=TLS1\.3:TLS_AES_256_GCM_SHA384:256\* CV=no S=")


def test_a_handshake_may_come_octet_by_octet(shared: Daemon, certificate: Certificate) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = certificate.client().wrap_bio(incoming, outgoing)
    with shared.raw() as sock:
        while True:
            try:
                client.do_handshake()
            except ssl.SSLWantReadError:
                for octet in outgoing.read():
                    sock.send(bytes([octet]))
                incoming.write(sock.recv(65536))
            else:
                break
        for octet in outgoing.read():
            sock.send(bytes([octet]))
        while True:
            try:
                assert client.read(100).startswith(b"220 ")
            except ssl.SSLWantReadError:
                incoming.write(sock.recv(65536))
            else:
                break


def test_plain_smtp_gets_no_word_and_no_worker_stays(certificate: Certificate) -> None:
    """N-40 (nothing is said), CH-02 (the slot is free), architecture, decision 3 (it exits)."""
    with daemon(
        "submissions", smtp_accept_max=1, worker_idle_timeout="1m", **certificate.settings
    ) as made:
        with made.raw() as sock:
            sock.sendall(b"EHLO client.test\r\nMAIL FROM:<>\r\n")
            assert sock.recv(1000) == b""
        made.wait_for_log(
            r"TLS error on connection from \[127\.0\.0\.1\] \(SSL_accept\): wrong version number$"
        )
        wait_until(lambda: not workers(made), "no worker is left")
        made.raw().close()
        made.wait_for_log(r"\(SSL_accept\): TCP connection closed by peer$")
        wait_until(lambda: not workers(made), "no worker is left")
        with tls(made, certificate.client()) as sock:
            assert line(sock).startswith("220 ")
            quit_session(sock)


def test_a_full_house_closes_without_a_word(certificate: Certificate) -> None:
    """N-40, HC-05: those who speak TLS would take a text for a broken handshake."""
    full = {"smtp_accept_max": 1, **certificate.settings}
    with daemon("submissions", **full) as made, tls(made, certificate.client()) as held:
        assert line(held).startswith("220 ")
        with made.raw() as sock:
            assert sock.recv(1000) == b""
        made.wait_for_log(r"Connection from \[127\.0\.0\.1\] refused: too many connections$")


def test_a_call_that_finds_no_channel_hears_nothing_either(certificate: Certificate) -> None:
    """N-40, HC-02"""
    with daemon("submissions", **certificate.settings) as made:
        used = {int(entry.name) for entry in Path(f"/proc/{made.pid}/fd").iterdir()}
        for_the_call = min(set(range(len(used) + 1)) - used)
        before = resource.prlimit(made.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(made.pid, resource.RLIMIT_NOFILE, (for_the_call + 1, before[1]))
        with made.raw() as sock:
            assert sock.recv(1000) == b""
        resource.prlimit(made.pid, resource.RLIMIT_NOFILE, before)
        made.wait_for_log("couldn't dup socket descriptor: Too many open files")
        with tls(made, certificate.client()) as sock:
            assert line(sock).startswith("220 ")


def test_siblings_share_no_random_numbers(certificate: Certificate) -> None:
    """They are forked from one process, which never used any; each must begin with its own."""
    with daemon("submissions", **certificate.settings) as made:
        seen = set()
        with ExitStack() as calls:
            for _ in range(4):
                sock = calls.enter_context(made.raw())
                outgoing = ssl.MemoryBIO()
                client = certificate.client().wrap_bio(ssl.MemoryBIO(), outgoing)
                with suppress(ssl.SSLWantReadError):
                    client.do_handshake()
                sock.sendall(outgoing.read())
                hello = sock.recv(100, socket.MSG_WAITALL)
                assert hello[0] == 22, hello  # a handshake record
                assert hello[5] == 2, hello  # ServerHello
                seen.add(hello[11:43])
            assert len(workers(made)) == 4
        assert len(seen) == 4


def test_a_worker_forgets_that_there_was_tls(certificate: Certificate) -> None:
    """CL-02: the next one calls on a plain port, the one after that has his own handshake."""
    settings = {"worker_idle_timeout": "1m", **PORTS, **certificate.settings}
    with standalone(**settings) as made, made.in_front() as process:
        context = certificate.client()
        seen = set()
        for _ in range(3):
            with tls(made, context) as sock:
                assert line(sock).startswith("220 ")
                seen |= _children(process.pid)
                quit_session(sock)
            _wait_for_idle(made)
            with made.connect(2525) as plain:
                assert line(plain).startswith("220 ")
                for text in (b"HELO plain.test", b"MAIL FROM:<>"):
                    plain.sendall(text + b"\r\n")
                    assert line(plain).startswith("250 ")
            _wait_for_idle(made)
        assert len(seen) == 1
        assert _children(process.pid) == seen


def _children(pid: int) -> set[str]:
    return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def _wait_for_idle(made: Standalone) -> None:
    def status() -> str:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
            sock.connect(str(made.directory / "run" / "control"))
            sock.send(b"status")
            return sock.recv(65536).decode()

    wait_until(lambda: re.search(r"; 0(/\d+)? connections", status()), status)


def test_a_stop_is_said_in_tls(certificate: Certificate) -> None:
    """SS-06"""
    with (
        daemon("submissions", **certificate.settings) as made,
        tls(made, certificate.client()) as sock,
        made.raw() as silent,
    ):
        assert line(sock).startswith("220 ")
        made.wait_for_sessions(2)
        made.send_signal(15)
        assert line(sock) == f"421 {HOSTNAME}: Service not available - closing connection"
        assert sock.recv(1) == b""
        assert silent.recv(1) == b""
        assert made.wait_for_end() == 0


def test_a_reload_shows_another_certificate_to_those_who_come_then(tmp_path: Path) -> None:
    """N-23, HU-05"""
    own = certificates.make(tmp_path)
    with daemon("submissions", **own.settings) as made:
        before, trusting = own.der, own.client()
        with tls(made, trusting) as held:
            assert line(held).startswith("220 ")
            certificates.make(tmp_path)  # renewed in place, as certbot does
            assert own.der != before
            assert made.run("reload").returncode == 0
            with tls(made, own.client()) as sock:
                assert sock.getpeercert(binary_form=True) == own.der
                assert line(sock).startswith("220 ")
            held.sendall(b"NOOP\r\n")
            assert line(held).startswith("250 ")
            quit_session(held)


def test_a_reload_that_would_leave_a_port_without_one_changes_nothing(tmp_path: Path) -> None:
    """HU-06: also where only systemd knows that there is such a port."""
    own = certificates.make(tmp_path)
    with daemon("submissions", **own.settings) as made:
        made.write_settings(tls_certificate="", tls_privatekey="")
        answer = made.run("reload")
        assert answer.returncode == 78
        assert f"TLS begins at once on port {made.port}: want a certificate" in answer.stderr

        made.write_settings(**own.settings)
        own.key.write_text("no key\n")
        answer = made.run("reload")
        assert answer.returncode == 78
        assert "holds no private key; want one in PEM form" in answer.stderr
        with tls(made, own.client()) as sock:
            assert line(sock).startswith("220 ")


def test_a_first_certificate_comes_with_a_reload(tmp_path: Path) -> None:
    """PT-05: what a port speaks is asked anew."""
    own = certificates.make(tmp_path)
    with standalone(daemon_smtp_ports=[4465]) as made, made.in_front():
        assert made.greeting(4465).startswith("220 ")
        made.write_settings(tls_on_connect_ports=[4465], **own.settings)
        answer = made.run("pymta", "reload", "--state", str(made.state))
        assert answer.returncode == 0, answer.stderr
        with tls(made, own.client()) as sock:
            assert line(sock).startswith("220 ")
        assert made.log().count(f"listening for SMTPS on [{made.address}]:4465") == 1


def test_a_daemon_without_its_certificate_does_not_start(tmp_path: Path) -> None:
    """PT-05: what settings cannot know, the start says."""
    with pytest.raises(AssertionError) as failure, daemon("submissions"):
        pass
    assert 'TLS begins at once on socket "submissions", port ' in str(failure.value)
    assert ": set tls_certificate and tls_privatekey in /tmp/" in str(failure.value)


@pytest.mark.root
def test_root_reads_a_key_that_the_daemon_could_not(tmp_path: Path) -> None:
    """N-23, PV-01: also after a reload, when it is root no longer."""
    own = certificates.make(tmp_path)
    own.key.chmod(0o600)
    with standalone(
        pymta_user="nobody", daemon_smtp_ports=[465], tls_on_connect_ports=[465], **own.settings
    ) as made:
        made.prefix = readable(tmp_path / "cover")
        (tmp_path / "cover").mkdir()
        with made.in_front() as process:
            assert status_of(process.pid, "Uid") == [str(NOBODY.pw_uid)] * 4
            for banner in ("first", "second"):
                made.write_settings(smtp_banner=banner)
                answer = made.run("pymta", "reload", "--state", str(made.state))
                assert answer.returncode == 0, answer.stderr + made.log()
                with own.client().wrap_socket(made.connect(465)) as sock:
                    assert line(sock) == f"220 {banner}"
            stays = "Permission denied: the certificate that was loaded before stays\n"
            assert made.log().count(stays) == 2


def test_a_key_is_in_no_log_no_argument_and_no_environment(
    shared: Daemon, certificate: Certificate
) -> None:
    secret = certificate.key.read_bytes().splitlines()[1]
    with tls(shared, certificate.client()) as sock:
        assert line(sock).startswith("220 ")
        family = shared.family()
        assert len(family) > 1
        for pid in family:
            for name in ("cmdline", "environ"):
                assert secret not in Path(f"/proc/{pid}/{name}").read_bytes()
    assert secret not in shared.error_log.read_bytes()
    for file in (shared.state / "config").iterdir():
        assert secret not in file.read_bytes()
