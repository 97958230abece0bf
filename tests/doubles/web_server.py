"""A web server that says one thing over HTTPS, however odd.

Touches: sockets, threads, OpenSSL.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.doubles.certificates import Certificate

Say = Callable[[ssl.SSLSocket], None]


@dataclass
class WebServer:
    port: int
    asked: list[bytes] = field(default_factory=list)


@contextmanager
def web_server(certificate: Certificate, say: bytes | Say) -> Iterator[WebServer]:
    """On 127.0.0.1; `say` is the whole answer, or says it itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.file, certificate.key)
    listener = socket.create_server(("127.0.0.1", 0))
    server = WebServer(listener.getsockname()[1])

    def serve() -> None:
        with suppress(OSError):
            while True:
                sock, _ = listener.accept()
                with sock, suppress(OSError):
                    sock.settimeout(10)
                    with context.wrap_socket(sock, server_side=True) as tls:
                        server.asked.append(tls.recv(10_000))
                        if isinstance(say, bytes):
                            tls.sendall(say)
                            tls.unwrap()  # says that this was all
                        else:
                            say(tls)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def page(text: str, *, kind: str = "text/plain; charset=utf-8", status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(text)}\r\n\r\n"
    return head.encode() + text.encode()
