"""Certificates that are renewed while a real daemon serves (N-23)."""

from __future__ import annotations

import ssl
import threading
import time
from collections import Counter
from pathlib import Path

from tests.doubles import certificates
from tests.doubles.certificates import Certificate
from tests.doubles.daemon import Daemon, daemon
from tests.lives.test_session_life import line
from tests.lives.test_tls import quit_session

CALLERS = 3


class Load:
    """Callers who shake hands one after another, and note what they saw and when they began."""

    def __init__(self, made: Daemon, context: ssl.SSLContext) -> None:
        self.seen: list[tuple[float, bytes | None]] = []
        self.broken: Counter[str] = Counter()
        self._made, self._context = made, context
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._call_on) for _ in range(CALLERS)]
        for thread in self._threads:
            thread.start()

    def _call_on(self) -> None:
        while not self._ended.is_set():
            began = time.monotonic()
            try:
                with self._context.wrap_socket(self._made.raw()) as sock:
                    der = sock.getpeercert(binary_form=True)
                    assert line(sock).startswith("220 ")
                    quit_session(sock)
            except (OSError, AssertionError) as error:
                self.broken[repr(error)] += 1
            else:
                self.seen.append((began, der))

    def wait_for(self, more: int) -> None:
        """So many handshakes more."""
        wanted = len(self.seen) + more
        while len(self.seen) < wanted and not self.broken:
            self._ended.wait(0.01)

    def end(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()


def put(file: Path, fresh: Path) -> None:
    """As programs do that renew: whole, or not at all."""
    draft = file.with_suffix(".draft")
    draft.write_bytes(fresh.read_bytes())
    draft.rename(file)


def test_no_handshake_fails_while_a_pair_is_renewed(tmp_path: Path) -> None:
    """In two steps, between which the files do not fit together; and with reused workers."""
    own, fresh = certificates.make(tmp_path / "own"), certificates.make(tmp_path / "fresh")
    first, context = own.der, own.client()
    context.load_verify_locations(fresh.file)
    with daemon("submissions", **own.settings) as made:
        load = Load(made, context)
        try:
            load.wait_for(20)
            put(own.file, fresh.file)
            load.wait_for(20)
            put(own.key, fresh.key)
            (told,) = made.wait_for_log("certificate renewed: mx.pymta.test, good until ")
            renewed = time.monotonic()
            load.wait_for(20)
        finally:
            load.end()
        assert not load.broken
        assert {der for began, der in load.seen if began < renewed - 5} == {first}
        assert {der for began, der in load.seen if began > renewed} == {fresh.der}
        assert made.log().count("certificate") == 1, told
        resumes_with_another_worker(made, context)


def resumes_with_another_worker(made: Daemon, context: ssl.SSLContext) -> None:
    """The keys of the new tickets are shared as those of the old ones were."""
    with context.wrap_socket(made.raw()) as sock:
        line(sock)
        ticket = sock.session
        with context.wrap_socket(made.raw(), session=ticket) as other:  # while the first is busy
            line(other)
            assert other.session_reused
            quit_session(other)
        quit_session(sock)


def test_a_ticket_of_before_costs_a_full_handshake_and_no_more(
    certificate: Certificate,
) -> None:
    """HU-05: a reload makes new keys; who comes with an old ticket is served all the same."""
    with daemon("submissions", **certificate.settings) as made:
        context = certificate.client()
        with context.wrap_socket(made.raw()) as sock:
            line(sock)
            ticket = sock.session
            quit_session(sock)
        assert made.run("reload").returncode == 0
        with context.wrap_socket(made.raw(), session=ticket) as sock:
            assert not sock.session_reused
            assert line(sock).startswith("220 ")
            quit_session(sock)
