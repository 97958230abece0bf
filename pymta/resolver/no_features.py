"""dnspython without a look at what else is installed, which we would not use.

It asks `importlib.metadata` which packages there are for DNS over HTTPS, DNSSEC, IDNA and others.
We ask plain questions with names in ASCII; and what that module brings along (`zipfile`, `csv`,
`email` and forty others) is 2 MB in every process, and 20 ms of each start.

It must be imported before anything that imports `dns`; later it changes nothing.

Touches: processes.
"""

from __future__ import annotations

import sys
from types import ModuleType

import dns

_NAME = "dns._features"


def have(_feature: str) -> bool:
    """Nothing."""
    return False


def settle() -> None:
    """Answer in place of what would look; for `dns.name`, the first that asks."""
    if _NAME not in sys.modules:
        features = ModuleType(_NAME, __doc__)
        features.have = have  # type: ignore[attr-defined]
        sys.modules[_NAME] = dns._features = features  # type: ignore[attr-defined]  # noqa: SLF001


settle()
