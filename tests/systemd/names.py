"""A name server of a box, on its port 53: `names.py CHECKOUT`.  It knows the box, and nobody else.

Touches: sockets.
"""

from __future__ import annotations

import signal
import sys

sys.path.append(sys.argv[1])

from tests.doubles.dns_server import DnsServer

ZONE: dict[tuple[str, str], list[str] | str] = {
    ("box.example", "A"): ["192.0.2.1"],
    ("1.2.0.192.in-addr.arpa", "PTR"): ["box.example."],
}

if __name__ == "__main__":
    with DnsServer(ZONE, port=53):
        signal.pause()
