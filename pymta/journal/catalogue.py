"""What each kind of event means to an operator: `journalctl -x` and pymta-journal(7) print it.

Nothing here, and in the modules of it, is loaded by a running pymta; packaging/document.py makes
the files of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from pymta.journal.daemon_meanings import DAEMON, HOUSEKEEPING
from pymta.journal.event import Kind
from pymta.journal.meaning import Meaning
from pymta.journal.message_meanings import MESSAGES, QUEUE_RUNS
from pymta.journal.session_meanings import CONNECTIONS, REFUSALS
from pymta.journal.trouble_meanings import TROUBLE, WATCHING

SECTIONS: Mapping[str, Mapping[Kind, Meaning]] = {
    "The daemon": DAEMON,
    "Connections": CONNECTIONS,
    "What clients were refused": REFUSALS,
    "Messages": MESSAGES,
    "Queue runs": QUEUE_RUNS,
    "Housekeeping": HOUSEKEEPING,
    "Trouble": TROUBLE,
    "Watching": WATCHING,
}

CATALOGUE: Mapping[Kind, Meaning] = {
    kind: meaning for section in SECTIONS.values() for kind, meaning in section.items()
}
