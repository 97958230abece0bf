"""RFC 1047: what a client sends again because it heard no 250 must not have been stored before."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Callable

import pytest

from tests.doubles.certificates import Certificate
from tests.doubles.house import Guest, House
from tests.doubles.memory_spool import MemorySpool

TO_RCPT = ("EHLO client.example", "MAIL FROM:<a@client.example>", "RCPT TO:<user@localhost>")
BY_DATA = b"DATA\r\n", b"Subject: x\r\n\r\nbody\r\n.\r\n"
BY_BDAT = b"", b"BDAT 6 LAST\r\nbody\r\n"


class Watched(MemorySpool):
    """Somebody does something right before or behind a step."""

    def __init__(self, before: str, deed: Callable[[], object]) -> None:
        super().__init__()
        self._before = before
        self._deed = deed

    def step(self, name: str) -> None:
        super().step(name)
        if name == self._before:
            self._deed()


def connected() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        return client, listener.accept()[0]


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    socket.socket(fileno=sock.detach()).close()


def close(sock: socket.socket) -> None:
    socket.socket(fileno=sock.detach()).close()


def half_close(sock: socket.socket) -> None:
    sock.shutdown(socket.SHUT_WR)


def say_quit_and_close(sock: socket.socket) -> None:
    sock.send(b"QUIT\r\n")
    close(sock)


def sent(guest: Guest, way: tuple[bytes, bytes]) -> Guest:
    guest.hear()
    guest.ask(*TO_RCPT)
    command, body = way
    if command:
        guest.send(command)
        assert guest.hear().startswith("354 ")
    guest.send(body)
    return guest


@pytest.mark.parametrize("way", [BY_DATA, BY_BDAT], ids=["DATA", "BDAT"])
@pytest.mark.parametrize("deed", [reset, close, half_close, say_quit_and_close])
def test_who_has_gone_before_the_commit_has_nothing_stored(
    deed: Callable[[socket.socket], None], way: tuple[bytes, bytes]
) -> None:
    """However it went.  SS-02: a dropped reception is no failure of the session."""
    client, server = connected()
    house = House(spool=Watched("write", lambda: deed(client)))
    with house.call(pair=(client, server)) as guest:
        assert sent(guest, way).status() == 0
    server.close()

    assert not house.spool.stored
    assert not house.spool.open
    assert not house.handed_on
    line = house.log.texts()[-1]
    assert " lost while reading message data" in line
    assert (" (error: Connection reset by peer)" in line) == (deed is reset)
    assert "F=<a@client.example>" in line


def test_who_goes_inside_tls_has_nothing_stored(certificate: Certificate) -> None:
    client, server = connected()
    spool = Watched("write", lambda: close(client))
    house = House(spool=spool, starttls=certificate.shown())
    inside, incoming, outgoing = started(certificate.client())
    with house.call(pair=(client, server)) as guest:
        guest.hear()
        guest.ask(TO_RCPT[0], "STARTTLS")
        shake_hands(inside, incoming, outgoing, client)
        for line in (*TO_RCPT, "DATA", "body\r\n."):
            inside.write(f"{line}\r\n".encode())
            client.send(outgoing.read())
            if line in (*TO_RCPT, "DATA"):
                client.recv(65_536)
        assert guest.status() == 0
    server.close()

    assert not spool.stored


def started(context: ssl.SSLContext) -> tuple[ssl.SSLObject, ssl.MemoryBIO, ssl.MemoryBIO]:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    return context.wrap_bio(incoming, outgoing), incoming, outgoing


def shake_hands(
    inside: ssl.SSLObject, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, sock: socket.socket
) -> None:
    while True:
        try:
            inside.do_handshake()
        except ssl.SSLWantReadError:
            sock.send(outgoing.read())
            incoming.write(sock.recv(65_536))
        else:
            sock.send(outgoing.read())
            return


def test_who_goes_after_the_commit_has_it_stored() -> None:
    """ID-07: to lose it would be worse than to have it twice."""
    client, server = connected()
    house = House(spool=Watched("commit", lambda: reset(client)))
    with house.call(pair=(client, server)) as guest:
        sent(guest, BY_DATA).status()
    server.close()

    assert [message.id for message in house.spool.stored] == [house.handed_on[0].id]


def test_who_is_still_there_hears_of_it() -> None:
    """Also when it has said its next commands already."""
    house = House(spool=Watched("write", lambda: client.send(b"NOOP\r\nQUIT\r\n")))
    client, server = connected()
    with house.call(pair=(client, server)) as guest:
        sent(guest, BY_DATA)
        assert [guest.hear()[:3] for _ in range(3)] == ["250", "250", "221"]
    server.close()

    assert house.spool.stored
