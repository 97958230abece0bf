"""python -m tests.bench TREE [option…]: measure pymta beside Exim, Postfix and OpenSMTPD.

`packaging/dev bench` makes all that it needs, TREE among it, and starts it.  It takes root.

Touches: processes, disk, standard output.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from tests.bench import rounds, rows
from tests.bench.exim import exim
from tests.bench.load import Load, build
from tests.bench.machine import machine
from tests.bench.namespaces import Namespaces
from tests.bench.opensmtpd import opensmtpd
from tests.bench.peer import Peer
from tests.bench.plot import plot
from tests.bench.postfix import postfix
from tests.bench.pymta import pymta, pymta_fresh
from tests.bench.rows import Results, Row
from tests.bench.scenario import Extent
from tests.bench.scenarios import SCENARIOS
from tests.bench.server import Server
from tests.bench.table import table
from tests.doubles.peers import CHECKOUT, free_port

HERE = Path(__file__).parent
README = CHECKOUT / "README.md"
Named = TypeVar("Named")
BEGIN, END = "<!-- bench -->\n", "<!-- /bench -->"


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 1 when a measurement has failed."""
    asked = _parser().parse_args(arguments)
    results = (
        rows.together([rows.read(path) for path in asked.from_json])
        if asked.from_json
        else measure(asked)
    )
    print(table(results))
    if asked.json:
        rows.write(results, asked.json)
    if asked.write_readme:
        keep(results)
    return int(any(row.failure for row in results.rows))


def measure(asked: argparse.Namespace) -> Results:
    peers = _named(asked.targets, {peer.name: peer for peer in _peers(asked.tree)})
    scenarios = _named(asked.scenarios, {one.name: one for one in SCENARIOS})
    made: list[Row] = []

    def tell(row: Row) -> None:
        made.append(row)
        print(_line(row), file=sys.stderr, flush=True)

    with servers(peers, asked.work) as (extent_work, running, sink_port):
        extent = Extent(asked.quick, sink_port, extent_work, asked.listed, asked.in_a_run)
        try:
            rounds.run(running, scenarios, 1 if asked.quick else asked.rounds, extent, tell)
        except (KeyboardInterrupt, SystemExit):
            if not made:
                raise
            print("stopped: what was measured by now counts", file=sys.stderr)
        versions = {server.peer.title: server.version() for server in running}
        versions.pop("pymta, fresh", None)
        where = machine(extent_work, running[0].at.account.kind, versions)
    return Results(
        machine=where,
        titles={peer.name: peer.title for peer in peers},
        lacks={peer.name: peer.lacks for peer in peers},
        rows=tuple(made),
        listed=extent.count(extent.listed),
        in_a_run=extent.count(extent.in_a_run),
        is_quick=asked.quick,
    )


@contextmanager
def servers(peers: Sequence[Peer], parent: Path | None) -> Iterator[tuple[Path, list[Server], int]]:
    """A directory of their own below `parent`, the servers, not started, and a smarthost's port."""
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir=parent))
        work = Path(name)
        work.chmod(0o755)
        program, sink_port = build(work), free_port()
        running = []
        for peer in peers:
            port = free_port()
            at = Namespaces(peer, work / peer.name, port, sink_port)
            server = Server(at, Load(program, port))
            stack.callback(server.close)
            running.append(server)
        yield work, running, sink_port


def keep(results: Results) -> None:
    """Beside this program, and in the README."""
    rows.write(results, HERE / "results.json")
    (HERE / "results.svg").write_text(plot(results))
    README.write_text(placed(table(results), README.read_text()))


def placed(new: str, text: str) -> str:
    """The text with the new table between its marks.  Raises ValueError: there are none."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no place for the table: {BEGIN.strip()} … {END}")
    return before + begin + new + end + after


def _peers(tree: Path) -> tuple[Peer, ...]:
    return (pymta(tree), pymta_fresh(tree), postfix(), exim(), opensmtpd())


def _named(names: str, known: Mapping[str, Named]) -> list[Named]:
    """Those whose names were given, joined by commas, in their usual order; else all."""
    wanted = [name for name in names.split(",") if name]
    if unknown := set(wanted) - set(known):
        raise SystemExit(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
    return [one for name, one in known.items() if name in wanted or not wanted]


def _line(row: Row) -> str:
    said = row.failure or ", ".join(f"{name} {value:.3f}" for name, value in row.figures.items())
    load = "/".join(f"{one:.1f}" for one in row.load)
    return (
        f"{row.round + 1} {row.scenario:13} {row.target:12} {said}  ({row.seconds} s, load {load})"
    )


def _parser() -> argparse.ArgumentParser:
    names = ", ".join(one.name for one in SCENARIOS)
    parser = argparse.ArgumentParser("packaging/dev bench", description=f"Scenarios: {names}.")
    parser.add_argument("tree", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scenarios", default="", metavar="NAME,…", help="these only")
    parser.add_argument("--targets", default="", metavar="NAME,…", help="these servers only")
    parser.add_argument("--quick", action="store_true", help="one round of next to nothing")
    parser.add_argument("--listed", type=int, default=100_000, help="messages that are listed")
    parser.add_argument("--in-a-run", type=int, default=5000, help="messages of a queue run")
    parser.add_argument("--work", type=Path, help="queues and Maildirs go below this directory")
    parser.add_argument("--json", type=Path, help="write all rows there")
    parser.add_argument(
        "--from-json",
        type=Path,
        nargs="+",
        metavar="JSON",
        help="measure nothing, show these rows again; those of several runs are further rounds",
    )
    parser.add_argument(
        "--write-readme",
        action="store_true",
        help="put table, rows and plot into README.md and tests/bench",
    )
    return parser


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # servers are stopped then, too
    sys.exit(main())
