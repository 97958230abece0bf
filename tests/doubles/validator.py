"""A DNS that is signed: zones of a real Knot DNS, and a real Unbound that validates them.

Touches: processes, sockets, disk, clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dns.message
import dns.query
import dns.rdatatype

from tests.doubles.peers import free_port, knot_files, running

# The key of another zone: what is signed by whatever zone is here is forged to who trusts this.
WRONG = '"{zone}. DS 12345 13 2 ' + "ab" * 32 + '"'


@dataclass(frozen=True, slots=True)
class Validator:
    port: int

    @property
    def address(self) -> str:
        """As the setting `dns_servers` wants it."""
        return f"127.0.0.1:{self.port}"


@contextmanager
def validator(
    directory: Path,
    signed: Mapping[str, str],
    plain: Mapping[str, str] | None = None,
    forged: Mapping[str, str] | None = None,
) -> Iterator[Validator]:
    """Zone name to records, without the SOA.  Those of `forged` have signatures of a wrong key."""
    zones = {**signed, **(plain or {}), **(forged or {})}
    port, knot = free_port(), directory / "knot"
    knot.mkdir(parents=True)
    for name, text in knot_files(str(knot), zones, f"127.0.0.1@{port}").items():
        if name == "knot.conf":
            text = _with_signatures(text, {*signed, *(forged or {})})  # noqa: PLW2901
        (knot / name).write_text(text)
    with running("knotd", "--config", f"{knot}/knot.conf", port=port):
        anchors = [_key(zone, port) for zone in signed]
        anchors += [WRONG.format(zone=zone) for zone in forged or {}]
        own = Validator(free_port())
        config = directory / "unbound.conf"
        config.write_text(_unbound(directory, zones, anchors, port, own.port))
        with running("unbound", "-d", "-p", "-c", str(config), port=own.port):
            yield own


def _with_signatures(text: str, zones: set[str]) -> str:
    lines = []
    for line in text.splitlines():
        lines.append(line)
        if line.strip().removeprefix("- domain: ") in zones:
            lines += ["    dnssec-signing: on", "    zonefile-sync: -1"]
    return "\n".join((*lines, ""))


def _key(zone: str, port: int) -> str:
    """What a resolver is to trust: asked for until the zone is signed."""
    while True:
        question = dns.message.make_query(zone, "DNSKEY")
        answer = dns.query.tcp(question, "127.0.0.1", port=port, timeout=5)
        for rrset in answer.answer:
            if rrset.rdtype == dns.rdatatype.DNSKEY:
                keys = [key.to_text() for key in rrset]
                (text,) = (key for key in keys if key.startswith("257 "))
                return f'"{zone}. DNSKEY {text}"'


def _unbound(
    directory: Path, zones: Mapping[str, str], anchors: list[str], knot: int, port: int
) -> str:
    server = {
        "interface": f"127.0.0.1@{port}",
        "username": '""',
        "chroot": '""',
        "directory": f'"{directory}"',
        "pidfile": '""',
        "use-syslog": "no",
        "num-threads": "1",
        "do-ip6": "no",
        "do-not-query-localhost": "no",
        "module-config": '"validator iterator"',
        "val-clean-additional": "yes",
    }
    lines = ["server:", *(f"  {key}: {value}" for key, value in server.items())]
    lines += [f"  trust-anchor: {anchor}" for anchor in anchors]
    lines += [f'  local-zone: "{zone}." nodefault' for zone in ("test", "invalid")]
    lines += ["remote-control:", "  control-enable: no"]
    for zone in zones:
        lines += ["stub-zone:", f'  name: "{zone}"', f"  stub-addr: 127.0.0.1@{knot}"]
    return "\n".join((*lines, ""))
