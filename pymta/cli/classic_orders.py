"""-M on a classic command line: what to do with messages that are named by their ids.

-M ids              deliver now, whatever the retry times say, frozen ones too
-Mc ids             deliver if it is time
-Mf -Mt -Mg -Mrm    freeze, thaw, give up (the sender is told), remove (he is not)
-Mar id addresses   add recipients            -Mmad ids   mark all recipients delivered
-Mmd id addresses   mark some delivered
-Mvh -Mvb -Mvc -Mvl id      show the header, the body, all of it, what happened so far
"""

from __future__ import annotations

from collections import deque

from pymta.cli.classic_refusal import RefusedError, unknown
from pymta.dataclass import dataclass
from pymta.mail.message_id import is_id

DELIVER = ("-M", "-Mc")
ORDERS = ("-Mf", "-Mt", "-Mg", "-Mrm", "-Mmad")
EDITS = ("-Mar", "-Mmd")
VIEWS = ("-Mvh", "-Mvb", "-Mvc", "-Mvl")


@dataclass(frozen=True, slots=True)
class Manage:
    """`word` is one of those above, without its ids; addresses only where it takes them."""

    word: str
    ids: tuple[str, ...]
    addresses: tuple[str, ...] = ()


def read_manage(word: str, rest: deque[str]) -> Manage:
    """What belongs to the word is taken off `rest`.  Raises RefusedError."""
    if word not in (*DELIVER, *ORDERS, *EDITS, *VIEWS):
        raise unknown(word)
    said = []
    while rest and not rest[0].startswith("-"):
        said.append(rest.popleft())
    if not said:
        raise RefusedError(f"pymta: no message ids given after {word} option")
    is_one = word in (*EDITS, *VIEWS)
    ids = said[:1] if is_one else said
    for id in ids:
        if not is_id(id):
            raise RefusedError(f"pymta: malformed message id {id} after {word} option")
    if word in VIEWS and said[1:]:
        raise RefusedError(f"pymta: only one message id can be given after {word} option")
    if word in EDITS and not said[1:]:
        raise RefusedError(f"pymta: no addresses given after {word} option")
    return Manage(word, tuple(ids), tuple(said[1:]) if is_one else ())
