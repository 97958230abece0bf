"""Another machine on a wire to a box: a caller from outside, a remote mail host, a name server.

It is a network of its own inside the box, so its address is none of the box's own.

Touches: processes.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

from tests.doubles import peers
from tests.doubles.box import Box

ADDRESS = "192.0.2.2"
BOX_ADDRESS = "192.0.2.1"
MAIL = "/tmp/neighbour/mail"
_WIRE = f"""
set -e
ip netns add neighbour
ip link add wire type veth peer name wire netns neighbour
ip address add {BOX_ADDRESS}/24 dev wire
ip link set wire up
ip -n neighbour address add {ADDRESS}/24 dev wire
ip -n neighbour link set wire up
ip -n neighbour link set lo up
mkdir -p {MAIL}
"""


class Neighbour:
    def __init__(self, box: Box) -> None:
        self.box = box
        box.run("sh", "-c", _WIRE)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command there; its exit status is for the caller to judge."""
        return self.box.run("ip", "netns", "exec", "neighbour", *command, check=False)

    def takes_mail(self) -> None:
        """From now on smtp-sink answers at port 25; what it takes lies in `MAIL`."""
        self._start(peers.command("smtp-sink", "-u", "root", "-d", f"{MAIL}/%s.", ":25", "100"))
        self._wait_for_port(25)

    def serves_names(self, zones: Mapping[str, str]) -> None:
        """From now on Knot DNS answers at port 53; `zones` as for `peers.name_server`."""
        home = "/tmp/neighbour/knot"
        for name, text in peers.knot_files(home, zones, f"{ADDRESS}@53").items():
            self.box.write(f"{home}/{name}", text)
        self._start(peers.command("knotd", "--config", f"{home}/knot.conf"))
        self._wait_for_port(53)

    def mail(self) -> str:
        """All that smtp-sink has taken."""
        return self.box.says("sh", "-c", f"cat {MAIL}/* 2>/dev/null; :")

    def _start(self, command: list[str]) -> None:
        self.box.run("systemd-run", "-q", "ip", "netns", "exec", "neighbour", *command)

    def _wait_for_port(self, port: int) -> None:
        probe = f"exec 3<>/dev/tcp/{ADDRESS}/{port}"
        self.box.wait_until(
            f"the neighbour answers at port {port}",
            lambda: self.box.run("bash", "-c", probe, check=False).returncode == 0,
        )
