"""All scenarios, in the order in which a round takes them.

Those that want a server as it usually is stand together: each is started once for them.
"""

from __future__ import annotations

from functools import partial

from tests.bench import boot, messages, queues, sessions
from tests.bench.peer import Wish
from tests.bench.scenario import Scenario

SCENARIOS = (
    Scenario(
        "conn10",
        "session without mail, 10 at once",
        partial(sessions.sessions, at_once=10, closes=False),
    ),
    Scenario(
        "conn50",
        "session without mail, 50 at once",
        partial(sessions.sessions, at_once=50, closes=False),
    ),
    Scenario(
        "conn10-close",
        "session without mail, closed right after QUIT",
        partial(sessions.sessions, at_once=10, closes=True),
    ),
    Scenario(
        "accept",
        "message delivered to a Maildir, a connection each",
        partial(messages.accepted, at_once=10),
    ),
    Scenario(
        "accept-reuse",
        "message delivered to a Maildir, 100 in a connection",
        partial(messages.accepted, at_once=10, messages=100),
    ),
    Scenario(
        "latency",
        "from 220 to the 250 of a message, 5 sessions a second",
        messages.at_leisure,
    ),
    Scenario(
        "latency-load",
        "from MAIL to the 250 of a message, 50 clients at once",
        partial(messages.accepted, at_once=50),
    ),
    Scenario("e2e-local", "message from connection to Maildir", messages.delivered),
    Scenario("e2e-relay", "message relayed to a smarthost", messages.relayed),
    Scenario("big", "MiB of a message of 20 MiB, delivered", messages.big),
    Scenario("sendmail", "message handed in by sendmail -t, delivered", messages.handed_in),
    Scenario("start", "start of the program to its first greeting", sessions.starts),
    Scenario(
        "systemctl",
        "`systemctl start` to the first greeting",
        boot.starts,
        is_apart=True,
    ),
    Scenario(
        "spool",
        "message in the queue, a connection each",
        partial(messages.accepted, at_once=10, is_stored=False),
        wish=Wish(queue_only=True),
        is_fresh=True,
    ),
    Scenario(
        "e2e-users",
        "message from connection to the Maildir of a system user",
        messages.delivered,
        wish=Wish(system_users=True),
        is_fresh=True,
    ),
    Scenario(
        "refuse",
        "refusal at the limit of connections",
        sessions.refusals,
        wish=Wish(connections=50),
        is_fresh=True,
    ),
    Scenario("idle", "session that is held", sessions.held, is_fresh=True),
    Scenario("rest", "server at rest", sessions.rest, is_fresh=True, is_seen=False),
    Scenario(
        "queue-run",
        "deferred message, in a forced run of 5000",
        queues.run,
        is_fresh=True,
        is_once=True,
    ),
    Scenario("queue-list", "list of 100 000 messages", queues.listing, is_fresh=True, is_once=True),
)
