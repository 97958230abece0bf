"""Scenarios of messages on their way in, and through to a Maildir or another host.

Touches: processes, sockets, disk, clock.
"""

from __future__ import annotations

import json

from tests.bench.peer import RELAY
from tests.bench.scenario import Extent, Figure, Figures, cost
from tests.bench.server import Server
from tests.bench.smarthost import smarthost

MIB = 2**20
BIG = 20 * MIB

# Runs a command so often with the same input: argv[1] is how often, argv[2] a descriptor that takes
# each run into the account of the server, argv[3] the input, and the rest the command.
COMMANDS = """
import json, os, sys, time
times = []
for _ in range(int(sys.argv[1])):
    began = time.perf_counter()
    pid = os.fork()
    if not pid:
        if int(sys.argv[2]) >= 0:
            os.write(int(sys.argv[2]), b"0")
            os.close(int(sys.argv[2]))
        os.dup2(os.open(sys.argv[3], os.O_RDONLY), 0)
        os.execv(sys.argv[4], sys.argv[4:])
    if os.waitpid(pid, 0)[1]:
        sys.exit("the command has failed")
    times.append(time.perf_counter() - began)
print(json.dumps(times))
"""
TEXT = "From: a@src.test\nTo: user1@example.test\nSubject: handed in\n\n" + "a line of text\n" * 250


def accepted(
    server: Server, extent: Extent, at_once: int, *, messages: int = 1, is_stored: bool = True
) -> Figures:
    """Messages taken, while they are delivered too; the CPU time is that of both.

    `is_stored` is false where they stay in the queue.
    """
    before = server.cpu()
    sessions = extent.count(0, 10 // min(messages, 10))
    came = server.load.mail(
        at_once,
        seconds=extent.seconds(4),
        sessions=sessions,
        messages=extent.count(messages, min(messages, 10)),
    )
    if is_stored:
        server.wait_for(server.delivered, came.accepted, 120)
    server.settle(*extent.quiet)
    figures = cost(before, server.cpu(), came.accepted)
    if is_stored:
        server.drain(20)
    return figures | {
        Figure.RATE: came.accepted / came.seconds,
        Figure.P50_MS: came.times["message"].p50,
        Figure.P99_MS: came.times["message"].p99,
    }


def delivered(server: Server, extent: Extent) -> Figures:
    """From the first connection to the last file in a Maildir."""
    number = extent.count(2000)
    before = server.cpu()
    came = server.load.mail(20, sessions=number)
    late = server.wait_for(server.delivered, came.accepted, 120)
    figures = cost(before, server.cpu(), came.accepted)
    server.drain(20)
    return figures | {Figure.RATE: came.accepted / (came.seconds + late)}


def relayed(server: Server, extent: Extent) -> Figures:
    """From the first connection to the last message at the smarthost."""
    number = extent.count(1500)
    with smarthost(extent.sink_port, extent.work) as count:
        before = server.cpu()
        came = server.load.mail(20, to=RELAY, sessions=number)
        late = server.wait_for(count, came.accepted, 120)
        figures = cost(before, server.cpu(), came.accepted)
        server.drain(20)
    return figures | {Figure.RATE: came.accepted / (came.seconds + late)}


def big(server: Server, extent: Extent) -> Figures:
    """Messages of 20 MiB one after another; the rate is that at which the text travels."""
    length = BIG if not extent.quick else MIB
    before = server.cpu()
    came = server.load.mail(1, sessions=extent.count(5, 2), length=length)
    server.wait_for(server.delivered, came.accepted, 120)
    server.settle(*extent.quiet)
    figures = cost(before, server.cpu(), came.accepted * length / MIB)
    server.drain(20)
    return figures | {Figure.RATE: length / MIB / (came.times["body"].p50 / 1000)}


def at_leisure(server: Server, extent: Extent) -> Figures:
    """What one of five clients a second waits from the greeting to the 250 for his message."""
    came = server.load.at_a_pace(5, extent.count(60, 5))
    server.drain(20)
    times = came.times["banner_to_250"]
    return {Figure.P50_MS: times.p50, Figure.P99_MS: times.p99, Figure.UNITS: came.accepted}


def handed_in(server: Server, extent: Extent) -> Figures:
    """`sendmail -t`, one after another: when it returns, the message is safe.

    The CPU time is that of the command, of the server, and of the delivery.
    """
    number = extent.count(60, 5)
    (server.at.work / "text").write_text(TEXT)
    before = server.cpu()
    with server.at.account.entrance() as account:
        words = (str(number), str(account), str(server.at.work / "text"), *server.peer.sendmail)
        loop = ("/usr/bin/python3", "-c", COMMANDS, *words)
        fds = (account,) if account >= 0 else ()
        times = json.loads(server.at.run(loop, counts=False, pass_fds=fds))
    server.wait_for(server.delivered, number, 60)
    server.settle(*extent.quiet)
    figures = cost(before, server.cpu(), number)
    server.drain(20)
    times.sort()
    return figures | {
        Figure.P50_MS: times[len(times) // 2] * 1000,
        Figure.P99_MS: times[int(len(times) * 0.99)] * 1000,
    }
