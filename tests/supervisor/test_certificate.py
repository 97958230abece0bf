"""The certificate over the life of a daemon: found, renewed, lost."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from ipaddress import ip_address
from pathlib import Path

import pytest

from pymta.config.settings import Settings
from pymta.config.tls import Tls
from pymta.mail.caller import Endpoint
from pymta.supervisor.certificate import Certificate, find_certificate
from pymta.supervisor.find_listeners import CannotStartError
from pymta.supervisor.handover import Handover
from pymta.supervisor.listener import Listener
from pymta.supervisor.sockets import Root
from tests.doubles import certificates
from tests.doubles.log import MemoryLog

SOCKET = Listener(3, Endpoint(ip_address("::"), 465), "submissions", starts_tls=True)


class Daemon:
    """One image after the other, each with its log; what they hold is let go at the end."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self._held: set[int] = set()

    def find(
        self,
        own: certificates.Certificate | None,
        table: Handover | None = None,
        *listeners: Listener,
        root: Root = nullcontext,
    ) -> Certificate | None:
        settings = Settings(tls=Tls(**own.settings) if own else Tls())
        found = find_certificate(settings, table, listeners, root, self.log)
        self._held |= {found.fd} if found else set()
        return found

    def close(self) -> None:
        for fd in filter(is_open, self._held):
            os.close(fd)


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    made = Daemon()
    yield made
    made.close()


def held(found: Certificate | None) -> Handover:
    """What the next image is given of it."""
    assert found
    return Handover((), certificate=found.fd)


def shown(found: Certificate | None, trusted: ssl.SSLContext) -> bytes | None:
    """The certificate that a client gets to see."""
    assert found
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusted.wrap_bio(to_client, to_server)
    server = found.shown.layer()
    for _ in range(3):
        with suppress(ssl.SSLWantReadError):
            client.do_handshake()
        server.receive(to_server.read())
        server.handshake()
        to_client.write(server.outgoing())
    return client.getpeercert(binary_form=True)


def is_open(fd: int) -> bool:
    return Path(f"/proc/self/fd/{fd}").exists()


@pytest.fixture
def own(tmp_path: Path) -> certificates.Certificate:
    return certificates.make(tmp_path)


def test_it_is_read_where_we_may_be_root(own: certificates.Certificate, daemon: Daemon) -> None:
    """PV-01"""
    seen = []

    @contextmanager
    def root() -> Iterator[None]:
        own.key.chmod(0o600)
        seen.append("root")
        yield
        own.key.unlink()

    found = daemon.find(own, root=root)

    assert seen == ["root"]
    assert shown(found, own.client()) == own.der
    assert not os.get_inheritable(held(found).certificate)
    assert not daemon.log.events


def test_without_settings_there_is_none(daemon: Daemon) -> None:
    assert daemon.find(None) is None


def test_a_first_start_needs_it_where_tls_begins_at_once(daemon: Daemon) -> None:
    """PT-05"""
    with pytest.raises(CannotStartError, match=r'^TLS begins at once on socket "submissions", po'):
        daemon.find(None, None, SOCKET)


def test_a_first_start_needs_it_to_be_of_use(own: certificates.Certificate, daemon: Daemon) -> None:
    """N-23"""
    own.key.write_text("")
    with pytest.raises(CannotStartError, match=rf"^{own.key}: holds no private key"):
        daemon.find(own)


def test_the_next_image_reads_the_files_again(
    own: certificates.Certificate, daemon: Daemon
) -> None:
    table = held(daemon.find(own))
    certificates.make(own.file.parent)

    assert shown(daemon.find(own, table), own.client()) == own.der
    assert not daemon.log.events


def test_files_that_were_lost_since_the_settings_were_read_are_not_missed(
    own: certificates.Certificate, daemon: Daemon
) -> None:
    before, trusted = own.der, own.client()
    table = held(daemon.find(own))
    own.file.unlink()

    found = daemon.find(own, table, SOCKET)

    assert shown(found, trusted) == before
    assert held(found) == table  # and it is there for the image after that one
    (line,) = daemon.log.texts()
    assert line == (
        f"{own.file}: cannot be read: No such file or directory:"
        " the certificate that was loaded before stays"
    )


def test_a_reload_never_ends_a_daemon(own: certificates.Certificate, daemon: Daemon) -> None:
    """HU-06: callers of that port wait for better settings, all others are served."""
    own.key.unlink()

    assert daemon.find(own, Handover(()), SOCKET) is None
    (line,) = daemon.log.texts()
    assert line == (
        f"{own.key}: cannot be read: No such file or directory;"
        " nobody is served with TLS until a reload mends it"
    )


def test_one_certificate_alone_may_come_from_an_image_of_before(
    own: certificates.Certificate, daemon: Daemon
) -> None:
    """HU-04: it left its text, and no table."""
    before, trusted = own.der, own.client()
    fd = os.memfd_create("former")
    os.write(fd, own.text)
    own.file.unlink()

    found = daemon.find(own, Handover((), certificate=fd), SOCKET)

    assert shown(found, trusted) == before
    assert shown(daemon.find(own, held(found)), trusted) == before


def test_one_that_is_not_wanted_any_more_is_forgotten(
    own: certificates.Certificate, daemon: Daemon
) -> None:
    table = held(daemon.find(own))

    assert daemon.find(None, table) is None
    assert not is_open(table.certificate)


def test_old_ones_do_not_pile_up(own: certificates.Certificate, daemon: Daemon) -> None:
    first = daemon.find(own)
    for _ in range(20):
        found = daemon.find(own, held(first))
        assert found
        assert first
        assert found.fd == first.fd or not is_open(first.fd)
        first = found


@pytest.mark.parametrize(("days", "said"), [(90, []), (3, ["certificate is good until 20"])])
def test_one_that_is_not_good_for_long_is_told_of(
    days: int, said: list[str], tmp_path: Path, daemon: Daemon
) -> None:
    assert daemon.find(certificates.make(tmp_path, days=days))
    assert [line[:28] for line in daemon.log.texts()] == said
