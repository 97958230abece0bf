"""Many callers; the long forms of these are in tests/long."""

from __future__ import annotations

from tests.doubles.crowd import crowd, own_memory, resident, turn_away
from tests.doubles.daemon import daemon, wait_until
from tests.lives.test_session_life import descriptors, line, workers

FULL = b"421 Too many concurrent SMTP connections; please try again later.\r\n"


def settled_descriptors(pid: int) -> int:
    """How many there are when the last call is closed on our side, too."""
    seen = [0, 1]

    def are_settled() -> bool:
        seen.append(len(descriptors(pid)))
        return seen[-1] == seen[-2]

    wait_until(are_settled, "a number that stays")
    return seen[-1]


def test_two_hundred_callers_at_once_have_a_process_each() -> None:
    """LM-01, CP-03, N-27: a descriptor each in the supervisor, and everything back in the end."""
    with daemon(smtp_accept_max=200, worker_idle_timeout="1s") as made:
        idle = settled_descriptors(made.pid)
        with crowd(made, 200) as held:
            assert held.heard == {"220 "}
            serving = workers(made)
            assert len(serving) == 200
            assert "; 200/200 connections" in made.status()
            wait_until(lambda: len(descriptors(made.pid)) == idle + 200, "one channel each")
            assert own_memory(serving) < 8000  # KiB; a whole interpreter would be more
            assert turn_away(made, 20) == {FULL}
        made.wait_for_idle()
        wait_until(lambda: len(descriptors(made.pid)) == idle, "no descriptor stays behind")


def test_two_thousand_refused_callers_cost_nothing_that_stays() -> None:
    """CL-01, LM-01"""
    with daemon(smtp_accept_max=1) as made, made.raw() as held:
        assert line(held).startswith("220 ")
        before = settled_descriptors(made.pid)
        assert turn_away(made, 500) == {FULL}
        memory = resident(made.pid)

        assert turn_away(made, 2000) == {FULL}

        assert settled_descriptors(made.pid) == before
        assert resident(made.pid) < memory + 1000  # KiB; two thousand of anything would be more
        assert "; 1/1 connections" in made.status()
        held.sendall(b"QUIT\r\n")
        assert line(held).startswith("221 ")
        made.wait_for_idle()
        with made.raw() as sock:
            assert line(sock).startswith("220 ")
