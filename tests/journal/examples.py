"""An event of every kind, by every function that makes one: what documents are checked against.

Where a function gives an event more or fewer fields, or another kind, there is one of each.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address
from types import ModuleType

from pymta.config.changes import Changes
from pymta.journal import (
    arrival_events,
    daemon_events,
    delivery_events,
    etrn_events,
    hand_events,
    local_events,
    log_events,
    login_events,
    policy_code_events,
    policy_events,
    queue_events,
    remote_events,
    session_events,
    spool_events,
)
from pymta.journal.debug import Debug
from pymta.journal.delivery_events import Bounce, Leg
from pymta.journal.event import Event, Kind
from pymta.journal.origin import Origin
from pymta.journal.parts import MOST_RECIPIENTS
from pymta.mail.caller import Endpoint, LocalCaller
from pymta.mail.host import Host
from pymta.mail.reply import Reply
from pymta.tls.facts import Facts
from pymta.tls.peer import Peer

MODULES = (
    arrival_events,
    daemon_events,
    delivery_events,
    etrn_events,
    hand_events,
    local_events,
    log_events,
    login_events,
    policy_code_events,
    policy_events,
    queue_events,
    remote_events,
    session_events,
    spool_events,
)
ID = "1wIcRd-000000012Tz-1abc"
SENDER = "s@x.example"
RECIPIENT = "a@example.org"
REFUSED = Reply(535, "Incorrect authentication data", "5.7.8")
MANY = tuple(f"{n}@example.org" for n in range(MOST_RECIPIENTS + 1))
TRACE = "Traceback (most recent call last):\n  …\nValueError: x\n"
CALLER = Endpoint(ip_address("192.0.2.7"), 40112)
PROCESS = LocalCaller(1000, 1000, 4711)
STRANGER = Origin("192.0.2.7", 40112)
KNOWN = replace(
    STRANGER,
    helo="client.example",
    name="host.example",
    ident="user",
    id="2ab",
    proxy=Endpoint(ip_address("198.51.100.9"), 50000),
    tls=Facts(
        *("TLS1.3", "TLS_AES_256_GCM_SHA384", 256),
        sni="mx.example.org",
        peer=Peer("CN=client.example", ("client.example",)),
    ),
    login=("PLAIN", "alice"),
)
USER = Origin("", 0, "client.example", ident="alice", id="2ab", peer=(1000, 4711))
FACTS = {"PROTOCOL": "esmtp", "SIZE": "1234", "RECEIVE_TIME": "0.304"}
MORE_FACTS = FACTS | {
    "MESSAGE_ID_HEADER": "1@client.example",
    "BODY": "8BITMIME",
    "SUBJECT": "hello",
    "CHUNKING": "K",
    "PIPELINING": "L",
    "QUEUE": "slow",
    "POLICY_RULE": "friends",
}
NOWHERE = Leg(ID, SENDER, RECIPIENT)
HERE = Leg(ID, SENDER, RECIPIENT, "local", "maildir", mailbox="user")
THERE = Leg(
    ID,
    SENDER,
    RECIPIENT,
    "mx",
    "smtp",
    Host("mx.example.org", ip_address("192.0.2.1")),
    queue="slow",
    local=Endpoint(ip_address("198.51.100.7"), 40112),
    tls=Facts("TLS1.3", "TLS_AES_256_GCM_SHA384", 256, proof="yes"),
    login="PLAIN",
)
SENT_ON = replace(THERE, original="user@localhost")
BOUNCE = Bounce(ID, "1wIcRd-000000012Tz-2abc", SENDER, 7, "E1@mail.example.net", queue="slow")
ERROR = OSError(11, "Resource temporarily unavailable")


@dataclass(frozen=True, slots=True)
class Run:
    queue: str = ""
    flags: str = ""
    by: str = "timer"


NAMED = Run("slow", "-qG", "hand")


@dataclass(frozen=True, slots=True)
class Example:
    maker: Callable[..., object]
    event: Event


def makers() -> Iterator[Callable[..., Event]]:
    """Every public function of the modules whose names end with `events` that gives an event."""
    for module in MODULES:
        yield from _of(module)


def _of(module: ModuleType) -> Iterator[Callable[..., Event]]:
    for name, function in inspect.getmembers(module, inspect.isfunction):
        is_own = function.__module__ == module.__name__ and not name.startswith("_")
        if is_own and function.__annotations__.get("return") == "Event":
            yield function


def examples() -> list[Example]:
    return [
        *_of_messages(),
        *_of_sessions(),
        *_of_policy(),
        *_of_the_daemon(),
        *_of_the_helper(),
        *_of_policy_code(),
        *_of_runs_and_logs(),
        _debug(),
    ]


def _one(maker: Callable[..., Event], *args: object, **more: object) -> Example:
    return Example(maker, maker(*args, **more))


def _of_messages() -> Iterator[Example]:
    yield _one(remote_events.tls_given_up, ID, THERE.host, "wrong version number")
    yield _one(remote_events.policy_unknown, "example.org", "mta-sts.example.org answered 404")
    arrived, deliveries = arrival_events.arrived, delivery_events
    yield _one(arrived, STRANGER, ID, SENDER, (RECIPIENT,), FACTS)
    yield _one(arrived, USER, ID, SENDER, (RECIPIENT,), FACTS)
    yield _one(arrived, KNOWN, ID, SENDER, MANY, MORE_FACTS)
    for leg in (NOWHERE, HERE, THERE, SENT_ON):
        yield _one(deliveries.deferred, leg, 111, "Connection refused", "in reply to RCPT")
        yield _one(deliveries.failed, leg, "550 no")
        yield _one(deliveries.left_to_queue_runs, replace(leg, tls=None, login=""))
    yield _one(deliveries.deferred, THERE, deliveries.NOT_YET, "", "retry time not reached")
    yield _one(deliveries.delivered, HERE)
    yield _one(deliveries.delivered, replace(SENT_ON, converted="7bit"), "250 queued")
    yield _one(deliveries.redirected, ID, "user", "user@localhost", (RECIPIENT, "b@x.example"))
    yield _one(
        deliveries.expanded, ID, "/etc/aliases:1", "team@localhost", (RECIPIENT, "b@x.example")
    )
    yield _one(deliveries.bounced, BOUNCE)
    yield _one(deliveries.bounced, replace(BOUNCE, queue=""))
    yield _one(deliveries.completed, ID, SENDER, 2.0)
    for maker in (
        deliveries.frozen,
        deliveries.is_frozen,
        deliveries.is_held,
    ):
        yield _one(maker, ID, SENDER)
    yield _one(deliveries.thawed, ID, SENDER, "auto-thaw")
    yield _one(deliveries.cancelled, ID, SENDER, "timeout_frozen_after")
    yield _one(deliveries.ignored, ID, "", RECIPIENT)
    yield _one(deliveries.no_words, "/etc/pymta/bounce.txt", "No such file or directory")
    yield _one(deliveries.locked, ID)
    yield _one(deliveries.spool_trouble, ID, "No space left on device")
    yield _one(deliveries.no_place, "Permission denied")
    yield _one(deliveries.crashed, ID, TRACE)
    for order in (
        hand_events.removed,
        hand_events.held,
        hand_events.released,
        hand_events.frozen,
        hand_events.thawed,
    ):
        yield _one(order, ID, SENDER, "root")
    yield _one(hand_events.given_up, ID, SENDER, "root", "cancelled")
    yield _one(hand_events.rerouted, ID, SENDER, "relay.example:26", "root")
    yield _one(hand_events.recipient_added, ID, RECIPIENT, "root")
    yield _one(hand_events.recipient_removed, ID, RECIPIENT, "root")
    yield _one(hand_events.tidied, {"spool": 2, "hints": 0})
    yield _one(hand_events.untidy, "spool", "Input/output error")
    yield _one(hand_events.damaged, 3, "/var/lib/pymta/spool/corrupt")
    yield _one(spool_events.set_aside, ID, "cut short")


def _of_policy() -> Iterator[Example]:
    say = policy_events
    for origin in (STRANGER, KNOWN, USER):
        yield _one(say.refused, origin, "EHLO or HELO x", "no", "bulk")
        yield _one(say.refused, origin, "RCPT", "no", "bulk", sender=SENDER, recipient=RECIPIENT)
        yield _one(say.refused, origin, "after DATA", "no", "bulk", id=ID, sender=SENDER)
        yield _one(say.refused, origin, "connection", "no", "bulk", selector=say.REJECT)
        yield _one(say.dropped_before_tls, origin, "no", "bulk")
        yield _one(say.warned, origin, "seen", "trial")
        yield _one(say.warned, origin, "seen", "trial", sender=SENDER, recipient=RECIPIENT)
        yield _one(say.warning_skipped, origin, "the name of the client", "trial")
        yield _one(say.list_in_trouble, origin, "bl.example", "it did not answer")
        yield _one(say.recipient_discarded, origin, SENDER, RECIPIENT, "", "trap", by="RCPT")
        yield _one(say.message_discarded, origin, ID, SENDER, "seen", "trap", by="DATA")
        yield _one(say.queued_by_policy, origin, ID, "later", "slow")
        yield _one(say.closed_by_drop, origin, 2.0)
    yield _one(say.frozen_by_policy, ID, SENDER, "look")


def _of_sessions() -> Iterator[Example]:
    say = session_events
    for origin in (STRANGER, KNOWN, USER):
        yield _one(say.not_delivered_now, origin, ID, "too many connections (21, max 20)")
        yield _one(say.rejected, origin, "EHLO", "no")
        yield _one(say.rejected, origin, "RCPT", "no", sender=SENDER, recipient=RECIPIENT)
        yield _one(say.rejected, origin, "MAIL", "no", sender="", selector=say.SIZE)
        yield _one(say.message_refused, origin, ID, SENDER, "too long", selector=say.SIZE)
        yield _one(say.message_refused, origin, ID, SENDER, "not understood")
        yield _one(say.renamed, origin, SENDER, "b@c.example", is_sender=True)
        yield _one(say.renamed, origin, "x@d.example", "b@c.example", is_sender=False)
        yield _one(say.lost_in_data, origin, ID, SENDER, "reset", 1.0)
        yield _one(say.data_timeout, origin, ID, SENDER, 1.0)
        yield _one(say.incomplete, origin, "QUIT", SENDER, MANY)
        yield _one(say.fault, origin, "MAIL", "no argument", is_syntax=True)
        yield _one(say.fault, origin, "DATA", "no RCPT", is_syntax=False)
        yield _one(say.spool_trouble, origin, ID, "No space left on device")
        yield _one(etrn_events.asked_for_mail, origin, "far.example")
        yield from _of_ends(origin)


def _of_ends(origin: Origin) -> Iterator[Example]:
    say = session_events
    yield _one(say.too_many_messages, origin)
    yield _one(say.dropped, origin, 'too many syntax errors (last command was "x")')
    yield _one(say.closed_by_quit, origin, 1.0)
    yield _one(say.lost, origin, "", 1.0)
    yield _one(say.lost_after_mail, origin, "reset", 1.0)
    yield _one(say.no_mail, origin, 1.0, " C=EHLO,QUIT")
    yield _one(say.bad_hello, origin, "EHLO", "_")
    yield _one(say.sent_before_greeting, origin, "EHLO x")
    yield _one(say.sent_too_soon, origin, "EHLO x", "MAIL", is_pipelining=False)
    yield _one(say.refused_by_list, origin, "host_reject_connection")
    yield _one(say.refused_for_now, origin, "not understood")
    yield _one(say.settings_unclear, origin, "message_size_limit: not a size")
    yield _one(say.no_host_name, origin)
    yield _one(say.ident_timeout, origin)
    yield _one(say.command_timeout, origin, 300.0)
    yield _one(say.closed_by_eof, origin, 1.0)
    yield _one(say.speaks_for, origin, "ADDR=192.0.2.7")
    yield _one(say.no_proxy_header, origin, "it did not come in time")
    yield _one(say.tls_failed, origin, "wrong version number")
    for reply in (REFUSED, Reply(454, "Temporary authentication failure", "4.7.0")):
        yield _one(
            login_events.login_failed, origin, "SCRAM-SHA-256", reply, "alice", "nobody there"
        )
    yield _one(say.terminated, origin, 1.0)
    yield _one(say.stopped, origin, 1.0)
    yield _one(say.write_failed, origin, "Broken pipe")
    yield _one(say.crashed, origin, TRACE)


def _of_the_daemon() -> Iterator[Example]:
    say = daemon_events
    yield _one(say.started, "pymta 1.0 daemon started: pid=1, …", pid=1, version="1.0")
    line = "generation 3 -> 4: …"
    yield _one(say.settings_changed, line, Changes(3, (line,), ("queue_only",)))
    yield _one(say.settings_changed, line, Changes(3, (line,)))
    yield _one(say.arguments, "/root", ("pymta", "daemon"))
    yield _one(say.stopping, 1, "SIGTERM", sessions=1, deliveries=2)
    yield _one(say.wait_is_over, "1.0")
    yield _one(say.stopped, 1, cut_off=0)
    yield _one(say.cut_off, 1, "session", address="192.0.2.1")
    yield _one(say.cut_off, 1, "delivery", id="1aB2cD-00000000123-4567")
    yield _one(say.reexec, 1, 4)
    yield _one(say.survivors, "handover table has version 2", 3)
    yield _one(say.reload_refused, "/etc/pymta/pymta.toml:1: …")
    yield _one(say.exec_failed, 1, "/usr/bin/python3", ERROR)
    yield _one(say.crashed, 1, TRACE)
    yield _one(say.connected, CALLER, "", "2ab", count=3, shows_id=True)
    yield _one(say.backlog, 12, CALLER)
    yield _one(say.connected_here, PROCESS, "2ab", count=3, shows_id=True)
    yield _one(say.listening, "smtp", "port 25 (IPv6 with IPv4)")
    yield _one(say.refused, CALLER, "", "too many connections")
    yield _one(say.refused, PROCESS, "", "too many local connections")
    yield _one(say.accept_failures, "accept() failed", is_panic=True)
    yield _one(say.cannot_start, "port 25 is taken")
    yield _one(say.certificate_renewed, "certificate renewed: mx.example.org")
    for kind in (Kind.TROUBLE, Kind.SOCKET, Kind.CERTIFICATE):
        yield _one(say.trouble, "text", kind)
    yield _one(say.trouble, "child process 7: said nonsense", Kind.PROCESS_FAILED)
    for kind in (Kind.REMARK, Kind.SOCKET, Kind.CERTIFICATE, Kind.SHORT_OF_SPACE):
        yield _one(say.remark, "text", kind)
    for kind in (Kind.FORK_FAILED, Kind.ACCEPT_FAILED):
        for caller in (CALLER, PROCESS):
            yield _one(say.not_born, "accept process fork failed", caller, kind, is_panic=True)
    yield _one(say.fork_failed, "delivery process fork", ERROR, QUEUE_ID=ID)
    yield _one(say.settings_unclear, CALLER, "no number in smtp_accept_max_per_host")
    yield _one(say.no_helper, "/run/pymta-deliver/socket")
    yield _one(say.not_allowed, 1000, 4711, 0)
    yield _one(say.notified, ID)
    yield _one(say.child_crashed, "session", 7, "SIGSEGV", "192.0.2.7")
    yield _one(say.child_crashed, "session", 7, "SIGSEGV", "", 1000)
    yield _one(say.child_crashed, "delivery", 7, "SIGSEGV", "")


def _of_policy_code() -> Iterator[Example]:
    say, rule = policy_code_events, "policy_file:rcpt"
    for origin in (STRANGER, KNOWN, USER):
        yield _one(say.failed, origin, rule, "failed: KeyError: 'x' (policy.py line 7)", TRACE)
    yield _one(say.never_came_back, rule, "7s", 4711, "192.0.2.7")
    yield _one(say.never_came_back, rule, "7s", 4711, "", 1000)
    yield _one(say.out_of_use, "/etc/pymta/policy.py is out of use for 5m: …")
    yield _one(say.in_use_again, "/etc/pymta/policy.py is in use again")


def _of_the_helper() -> Iterator[Example]:
    say = local_events
    yield _one(say.started, 7, 999, 1000)
    yield _one(say.stopped, 7)
    yield _one(say.settings_read, 7, 1000)
    yield _one(say.settings_refused, "/etc/pymta/pymta.toml: others than root may write it")
    yield _one(say.cannot_start, "it must be root")
    yield _one(say.stranger, 1000, 4711, 999)
    yield _one(say.nonsense, 999, 4711, "not a request")
    yield _one(say.no_process, "alice", "Resource temporarily unavailable")
    yield _one(say.ended_badly, 8, "alice", "SIGALRM", 300.0)
    yield _one(say.crashed, TRACE)


def _of_runs_and_logs() -> Iterator[Example]:
    say = queue_events
    for run in (Run(), NAMED):
        yield _one(say.started, 7, run)
        yield _one(say.ended, 7, run, attempted=3)
        yield _one(say.ended, 7, run, attempted=3, left=2)
        yield _one(say.skipped, 7, run, "another run is under way")
        yield _one(say.too_busy, 7, run, 9.0, 8.0)
    yield _one(say.worker_died, 8, -9, ID)
    yield _one(say.worker_died, 8, 1, "")
    yield _one(say.no_process, "Resource temporarily unavailable")
    yield _one(say.no_spool, "Permission denied")
    yield _one(say.abandoned, 7)
    yield _one(log_events.lines_lost, 12)
    yield _one(log_events.cannot_be_written, "/var/log/pymta/mainlog: Permission denied")
    yield _one(log_events.can_be_written_again)
    yield _one(login_events.trouble, "/etc/pymta/passwords cannot be read: Permission denied")
    yield _one(login_events.remark, "/etc/pymta/passwords may be read by everybody")


def _debug() -> Example:
    """Its fields are those of other events."""
    made: list[Event] = []
    Debug((), made.append)("SMTP<< QUIT", QUEUE_ID=ID, **(USER.fields | KNOWN.fields))
    return Example(Debug.__call__, made[0])
