"""XCLIENT as real programs say it, to a real daemon."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.doubles import peers
from tests.doubles.daemon import Daemon, daemon

MAIL = ("--from", "a@client.test", "--to", "user@mx.pymta.test", "--helo", "gate.test")


def test_swaks_speaks_for_another() -> None:
    with daemon(hosts_xclient=["127.0.0.1"]) as made:
        said = peers.run(
            "swaks",
            *("--server", f"127.0.0.1:{made.port}", *MAIL),
            *("--xclient-addr", "IPV6:2001:db8::7", "--xclient-port", "40999"),
            *("--xclient-name", "mail.client.test", "--xclient-helo", "helo.client.test"),
            *("--xclient-destaddr", "192.0.2.1", "--xclient-destport", "25"),
        )
        assert said.returncode == 0, said.stdout + made.log()
        assert "XCLIENT" in said.stdout
        made.wait_for_log(
            r" <= a@client\.test H=mail\.client\.test \(gate\.test\) \[2001:db8::7\] P=esmtp "
        )
        (mail,) = made.wait_for_mail("user")
        assert b"from gate.test (mail.client.test [IPv6:2001:db8::7])" in mail


def test_a_refused_client_is_refused_in_place_of_the_greeting() -> None:
    with daemon(
        hosts_xclient=["127.0.0.1"], host_reject_connection=["192.0.2.7"], smtp_accept_max=1
    ) as made:
        said = peers.run(
            "swaks",
            *("--server", f"127.0.0.1:{made.port}", *MAIL, "--xclient-addr", "192.0.2.7"),
        )
        assert said.returncode != 0
        assert "554 SMTP service not available" in said.stdout
        made.wait_for_log(r"refused connection from \[192\.0\.2\.7\] \(host_reject_connection\)$")
        made.wait_for_idle()


def test_whom_nobody_trusts_speaks_for_himself() -> None:
    with daemon() as made:
        said = peers.run(
            "swaks",
            *("--server", f"127.0.0.1:{made.port}", *MAIL, "--xclient-addr", "192.0.2.7"),
        )
        assert said.returncode != 0
        assert "[192.0.2.7]" not in made.log()


@contextmanager
def mail_proxy(directory: Path, made: Daemon) -> Iterator[int]:
    """nginx as a proxy for mail in front of the daemon; the port to call."""
    port = peers.free_port()
    with where_to(made.port) as asked:
        (directory / "nginx.conf").write_text(
            f"""
load_module {peers.ROOT}/usr/lib/nginx/modules/ngx_mail_module.so;
pid {directory}/pid;
error_log {directory}/error.log info;
daemon off;
master_process off;
events {{ }}
mail {{
    server_name gate.test;
    auth_http 127.0.0.1:{asked}/;
    proxy_pass_error_message on;
    server {{
        listen 127.0.0.1:{port};
        protocol smtp;
        smtp_auth none;
        xclient on;
    }}
}}
"""
        )
        with peers.running(
            "nginx", "-p", str(directory), "-c", str(directory / "nginx.conf"), port=port
        ):
            yield port


@contextmanager
def where_to(port: int) -> Iterator[int]:
    """The server that nginx asks where mail goes; its answer is always the same port."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            for name, value in (("Status", "OK"), ("Server", "127.0.0.1"), ("Port", str(port))):
                self.send_header(f"Auth-{name}", value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("verb", ["EHLO", "HELO"])
def test_nginx_speaks_for_its_clients(verb: str, tmp_path: Path) -> None:
    with daemon(hosts_xclient=["127.0.0.1"]) as made, mail_proxy(tmp_path, made) as port:
        protocol = "ESMTP" if verb == "EHLO" else "SMTP"
        said = peers.run(
            "swaks",
            *("--server", f"127.0.0.1:{port}", "--local-interface", "127.0.0.5"),
            *(*MAIL, "--helo", "client.test", "--protocol", protocol),
        )
        assert said.returncode == 0, said.stdout + made.log() + _told(tmp_path)
        (arrival,) = made.wait_for_log(r" <= a@client\.test ")
        assert f"[127.0.0.5] P={protocol.lower()} " in arrival
        assert "(client.test)" in arrival
        (mail,) = made.wait_for_mail("user")
        assert b"[127.0.0.5]" in mail


def _told(directory: Path) -> str:
    return (directory / "error.log").read_text()
