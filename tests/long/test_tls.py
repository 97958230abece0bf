"""TLS in numbers; by hand, with -m long and -s for the figures."""

from __future__ import annotations

import ssl
import threading
import time
from collections import Counter

import pytest

from tests.doubles.certificates import Certificate
from tests.doubles.crowd import allow_descriptors, own_memory, resident
from tests.doubles.daemon import Daemon, daemon
from tests.lives.test_session_life import line, workers
from tests.lives.test_tls import quit_session
from tests.lives.test_tls_abuse import half_handshakes, seconds_of_a_good_client

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

HALF = 1000
CALLERS, CALLS = 4, 250
WITHIN = 1.0  # seconds, for whoever behaves


def test_a_thousand_half_handshakes_are_bounded(certificate: Certificate) -> None:
    allow_descriptors(HALF)
    with daemon("submissions", smtp_accept_max=HALF + 10, **certificate.settings) as made:
        before = resident(made.pid)
        with half_handshakes(made, HALF):
            memory = own_memory(workers(made))
            grown = resident(made.pid) - before
            seconds = seconds_of_a_good_client(made, certificate)
            print(
                f"\n{HALF} half handshakes: {memory:.0f} KiB a worker, the supervisor grew by"
                f" {grown} KiB, a good client was served in {seconds:.3f} s"
            )
            assert memory < 8000
            assert grown < 20_000
            assert seconds < WITHIN
        made.wait_for_idle()


@pytest.mark.parametrize("reuses", [True, False], ids=["reused workers", "a process each"])
@pytest.mark.parametrize("resumes", [True, False], ids=["resumed", "full"])
def test_how_many_handshakes_a_second(
    reuses: bool, resumes: bool, certificate: Certificate
) -> None:
    """No figure is asked for; that every ticket is taken by whichever worker is."""
    most = 100 if reuses else 1
    with daemon("submissions", worker_max_connections=most, **certificate.settings) as made:
        began = time.monotonic()
        counts = Counter[bool]()
        threads = [
            threading.Thread(target=call_on, args=(made, certificate.client(), resumes, counts))
            for _ in range(CALLERS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.monotonic() - began
        print(f"\n{CALLERS * CALLS / seconds:.0f} sessions a second, {counts[True]} resumed")
        assert counts.total() == CALLERS * CALLS
        assert counts[True] == (CALLERS * (CALLS - 1) if resumes else 0)


def call_on(made: Daemon, context: ssl.SSLContext, resumes: bool, counts: Counter[bool]) -> None:
    ticket = None
    for _ in range(CALLS):
        with context.wrap_socket(made.raw(), session=ticket) as sock:
            assert line(sock).startswith("220 ")
            counts[bool(sock.session_reused)] += 1
            ticket = sock.session if resumes else None
            quit_session(sock)
