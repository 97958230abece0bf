"""So much to one destination, over all processes of the host."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from ipaddress import ip_address
from pathlib import Path

from pymta.hints.clients_sqlite import SqliteClients
from pymta.local.rota import MOST_OF_ONE
from pymta.mail.caller import LocalSocket
from pymta.mail.host import Host
from pymta.mail.waiting import Crowded, TooFast
from pymta.transport.seats import Seats
from pymta.transport.throttle import CROWDED_PAUSE, MOST_COMMANDS
from tests.doubles.throttles import throttle

MX = Host("mx.big.example", ip_address("192.0.2.1"))
SIBLING = """
import sys
from contextlib import ExitStack
from pathlib import Path
from pymta.transport.seats import Seats
assert Seats(Path(sys.argv[1])).take("x", 1) == 0
print(flush=True)
sys.stdin.read()
"""


def test_seats_of_one_name_are_for_all_processes_and_end_with_them(tmp_path: Path) -> None:
    seats = Seats(tmp_path / "run")
    command = [sys.executable, "-c", SIBLING, str(tmp_path / "run")]
    with subprocess.Popen(command, stdin=-1, stdout=-1) as sibling:
        assert sibling.stdout
        sibling.stdout.readline()
        assert seats.take("x", 1) is None
        assert seats.take("x", 2) == 1
        assert seats.take("y", 1) == 0
        sibling.kill()
    assert seats.take("x", 1) == 0
    seats.close()


def test_a_seat_that_was_left_is_free_for_others(tmp_path: Path) -> None:
    ours, theirs = Seats(tmp_path), Seats(tmp_path)
    assert ours.take("x", 1) == 0
    assert theirs.take("x", 1) is None
    ours.leave("x", 0)
    assert theirs.take("x", 1) == 0
    assert (tmp_path / "seats").stat().st_size == 0
    ours.close()
    theirs.close()


def test_no_more_than_so_many_deliveries_go_to_one_domain(tmp_path: Path) -> None:
    one, other = (throttle(tmp_path, concurrency={"x.example": 1}) for _ in range(2))
    with one.at_destination("x.example") as refusal:
        assert refusal is None
        with other.at_destination("x.example") as second:
            assert second == Crowded(CROWDED_PAUSE, "x.example", 1)
        assert other.look("x.example") == Crowded(CROWDED_PAUSE, "x.example", 1)
        with other.at_destination("y.example") as elsewhere:
            assert elsewhere is None
    with other.at_destination("x.example") as again:
        assert again is None
    one.seats.close()
    other.seats.close()


def test_no_more_commands_of_one_account_run_at_once_than_the_helper_takes(tmp_path: Path) -> None:
    """Whoever waited there would be a worker that no other mail has."""
    assert MOST_COMMANDS <= MOST_OF_ONE
    several = [throttle(tmp_path, concurrency=1) for _ in range(MOST_COMMANDS + 1)]
    *some, late = several
    with ExitStack() as stack:
        for one in some:
            assert stack.enter_context(one.at_command("alice")) is None
        with late.at_command("alice") as refusal:
            assert refusal == Crowded(CROWDED_PAUSE, "commands of alice", MOST_COMMANDS)
        with late.at_command("bob") as refusal:
            assert refusal is None
    with late.at_command("alice") as refusal:
        assert refusal is None
    for one in several:
        one.seats.close()


def test_a_host_is_one_host_whatever_domain_the_mail_is_for(tmp_path: Path) -> None:
    one, other = (throttle(tmp_path, concurrency={"*.big.example": 1}) for _ in range(2))
    same = Host("alias.big.example", MX.address)
    with one.at_host(MX, "a.example") as refusal, other.at_host(same, "b.example") as second:
        assert refusal is None
        assert isinstance(second, Crowded)
    one.seats.close()
    other.seats.close()


def test_an_lmtp_server_is_a_host_by_its_address_or_by_its_path(tmp_path: Path) -> None:
    server, sockets = Host("store.example", MX.address, 24), [LocalSocket("/a"), LocalSocket("/b")]
    one, other = (throttle(tmp_path, concurrency=1) for _ in range(2))
    with one.at_server(server) as refusal, other.at_host(server, "x.example") as second:
        assert refusal is None
        assert second == Crowded(CROWDED_PAUSE, "store.example", 1)
    with one.at_server(sockets[0]) as refusal, other.at_server(sockets[1]) as elsewhere:
        assert refusal is None
        assert elsewhere is None
        with other.at_server(sockets[0]) as second:
            assert second == Crowded(CROWDED_PAUSE, "/a", 1)
    one.seats.close()
    other.seats.close()


def test_by_default_half_of_all_deliveries_may_go_to_one_domain(tmp_path: Path) -> None:
    seats = Seats(tmp_path)
    assert [seats.take("destination x.example", 10) for _ in range(3)] == [0, 0, 0]  # our own
    holders = [Seats(tmp_path) for _ in range(10)]
    seats.close()
    for number, holder in enumerate(holders):
        assert holder.take("destination x.example", 10) == number
    late = throttle(tmp_path)
    with late.at_destination("x.example") as refusal:
        assert refusal == Crowded(CROWDED_PAUSE, "x.example", 10)
    for holder in holders:
        holder.close()
    late.seats.close()


def test_a_rate_is_one_for_all_processes_and_says_when_there_is_room_again(tmp_path: Path) -> None:
    clock = [1000.0]
    counts = SqliteClients(tmp_path / "counts", clock=lambda: clock[0])
    one, other = (
        throttle(tmp_path, rate={"x.example": "2/1h"}, counts=counts, now=lambda: clock[0])
        for _ in range(2)
    )
    for asker in (one, other):
        with asker.at_destination("x.example") as refusal:
            assert refusal is None
    too_fast = TooFast(1000.0 + 1800, "x.example", "2/1h")
    assert one.look("x.example") == too_fast
    with one.at_destination("x.example") as refusal:
        assert refusal == too_fast
    clock[0] += 2 * 3600
    with other.at_destination("x.example") as refusal:
        assert refusal is None
    counts.close()
    one.seats.close()
    other.seats.close()


def test_where_seats_cannot_be_had_mail_goes(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    free = throttle(tmp_path / "file")
    with free.at_destination("x.example") as refusal:
        assert refusal is None
    assert free.look("x.example") is None
