"""The scenario of `systemctl start`: a server as a unit of a booted systemd of its own.

Its network is that of the box, so it has port 25; its files are in memory, where the page cache has
those of the program.  pymta comes with its own units, Postfix and OpenSMTPD with those of Debian.

Touches: processes, mounts, disk, clock.
"""

from __future__ import annotations

import shlex
import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.namespaces import FUNCTIONS, LAYERS, environment
from tests.bench.peer import USUAL, Peer
from tests.bench.scenario import Extent, Figure, Figures
from tests.bench.server import Server
from tests.doubles.box import Box
from tests.doubles.peers import CHECKOUT

SMTP = 25
WORK = Path("/run/bench")
FIRST_GREETING = Path(__file__).with_name("first_greeting.py")

# As `namespaces` has them, but that everything is in memory, and systemd is who serves.
_OURS = r"""
on_disk() {
    mkdir -p "$2"
    chown "$3:$3" "$2"
}
serve() { :; }
"""
_AFTERWARDS = r"""
place=/run/systemd/system
mkdir -p "$place"
for unit in $UNITS; do
    shipped=$TREE/lib/systemd/system/$unit
    [ ! -e "$shipped" ] || cp "$shipped" "$place"
    [ -z "$UNIT_FILE" ] || echo "$UNIT_FILE" >"$place/$unit"
done
systemctl daemon-reload
"""


def starts(server: Server, extent: Extent) -> Figures:
    """The median of some; before each it is stopped."""
    with _box(server.peer, extent) as box:
        took = [_start(box, server.peer.units) for _ in range(extent.count(5, 1))]
    return {Figure.SECONDS: statistics.median(took), Figure.UNITS: len(took)}


def _start(box: Box, units: Sequence[str]) -> float:
    """Seconds from `systemctl start` to the first greeting."""
    took = float(box.says("/usr/bin/python3", "-I", str(FIRST_GREETING), str(SMTP), *units))
    box.run("systemctl", "stop", *units)
    return took


@contextmanager
def _box(peer: Peer, extent: Extent) -> Iterator[Box]:
    with TemporaryDirectory(prefix="bench-") as directory, ExitStack() as stack:
        box = Box(Path(directory), shown=[CHECKOUT, peer.tree])
        stack.callback(box.stop)
        known = environment(peer, USUAL, WORK, SMTP, extent.sink_port)
        known |= {"UNITS": " ".join(peer.units), "UNIT_FILE": peer.unit_file}
        script = f"{LAYERS}{FUNCTIONS}{_OURS}{peer.script}{peer.made_ready}{_AFTERWARDS}"
        box.run("mkdir", "-p", str(WORK / "layers"))
        said = (f"export {name}={shlex.quote(value)}" for name, value in known.items())
        box.run("bash", "-s", stdin="\n".join((*said, script)))
        yield box
