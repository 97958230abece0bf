"""Addresses on the classic command line: -bt shows their ways, -bv says whether they have one.

The exit status is that of `pymta explain`: 0, 1 when somebody would wait, 2 when somebody fails.

Touches: disk, sockets.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from pymta.cli.explain import explained, settings_here
from pymta.cli.explanation import FAILS, WAITS, Explained
from pymta.journal.line import printable
from pymta.mail.address import BadPath, parse_mailbox

SOME_FAIL = 2


def test(state: str, addresses: tuple[str, ...], *, is_verification: bool) -> int:
    """Without addresses those of standard input, one on each line."""
    settings = settings_here(state)
    worst = 0

    def good() -> Iterator[str]:
        nonlocal worst
        for address in addresses or typed():
            found = parse_mailbox(address)
            if isinstance(found, BadPath):
                sys.stdout.write(f"{printable(address)}: no address: {found.why}\n")
                worst = SOME_FAIL
            else:
                yield address

    for one in explained(settings, "", good()):
        worst = max(worst, one.status)
        shown = [_verdict(one.found)] if is_verification else one.lines()
        sys.stdout.writelines(f"{line}\n" for line in shown)
    return worst


def typed() -> Iterator[str]:
    for line in sys.stdin:
        if address := line.strip():
            yield address


def _verdict(found: Explained) -> str:
    address = printable(found.address)
    if found.verdict == FAILS:
        return f"{address} failed to verify: {printable(found.way)}"
    if found.verdict == WAITS and not found.hosts:
        return f"{address} cannot be resolved at this time: {printable(found.way)}"
    return f"{address} verified"
