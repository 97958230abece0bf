"""What -d shows: the categories of the classic daemon, and how they are chosen (ST-11).

    -d                      the usual ones
    -d+interface-receive    those, with one more and one less
    -d-all+receive          one alone

Lines of the daemon itself belong to no category: they are shown whenever one is on.  Most of the
names are about things for which pymta has no lines; they are known so that old commands work.
"""

from __future__ import annotations

import re

KNOWN = frozenset(
    "acl auth deliver dns dnsbl exec expand filter hints_lookup host_lookup ident interface lists"
    " load local_scan lookup memory noutf8 pid process_info queue_run receive resolver retry"
    " rewrite route timestamp tls transport uid verify".split()
)
_ASKED_FOR = "expand filter interface load local_scan memory noutf8 pid resolver timestamp"
USUAL = KNOWN - frozenset(_ASKED_FOR.split())
ALL = "all"
_ITEM = re.compile(r"([+-])([a-z0-9_]*)")


def parse_debug(text: str) -> tuple[str, ...]:
    """The categories that are on, in order of their names, for what stands behind -d.

    Raises ValueError in the classic words.
    """
    on = set(USUAL)
    rest = text
    while rest:
        item = _ITEM.match(rest)
        if item is None:
            wanted = f'+ or - expected but found "{rest}"'
            raise ValueError(f"malformed debug_selector setting: {wanted}")
        sign, name = item.groups()
        names = KNOWN if name == ALL else {name}
        if not names <= KNOWN:
            raise ValueError(f"unknown debug_selector setting: {sign}{name}")
        on = on | names if sign == "+" else on - names
        rest = rest[item.end() :]
    return tuple(sorted(on))
