"""Policy in a session: what a rule does at each stage, to the client, the log and the spool."""

from __future__ import annotations

from typing import Any

import pytest

from pymta.channel.reach import Reach
from pymta.channel.words import HandOn
from pymta.journal.event import Kind
from pymta.session.stop import Stop
from pymta.session.stream import Stream
from tests.doubles.certificates import Certificate
from tests.doubles.daemon import wait_until
from tests.doubles.house import HOST, House
from tests.doubles.memory_dns import MemoryDns
from tests.doubles.ruled_house import FROM, TO, WHO, ruled, say

PROHIBITED = "Administrative prohibition"


def events(place: House, kind: Kind) -> list[dict[str, Any]]:
    return [dict(event.fields) for event in place.log.events if event.kind is kind]


# At the start of a connection.


@pytest.mark.parametrize(
    ("rule", "reply", "how"),
    [
        ({"action": "refuse"}, "554 Administrative prohibition", ""),
        ({"action": "refuse", "text": "go\naway"}, "554-go\r\n554 away", ""),
        ({"action": "defer"}, "421 Temporary local problem - please try later", "temporarily "),
    ],
)
def test_a_connection_is_refused_in_the_greeting(
    rule: dict[str, Any], reply: str, how: str
) -> None:
    """CP-08, SS-01: it is all that such a session hears."""
    place = ruled("connect", {"hosts": ["192.0.2.0/24"]} | rule)
    with place.call() as guest:
        assert guest.hear_all() == f"{reply}\r\n"
        assert guest.status() == 0

    text = reply.partition(" ")[2] if "\n" not in reply else "go away"
    assert place.log.texts() == [
        f'H=[192.0.2.7] {how}rejected connection in "connect" ACL: {text} (rule r1)'
    ]
    assert events(place, Kind.REJECTED)[0]["POLICY_RULE"] == "r1"


def test_a_dropped_connection_is_told_as_such() -> None:
    """SS-04"""
    rule = {"action": "drop", "text": "no", "code": 421}
    place = ruled("connect", rule, log_selector=("+smtp_connection",))
    with place.call() as guest:
        assert guest.hear_all() == "421 no\r\n"

    assert place.log.texts()[-1] == "SMTP connection from [192.0.2.7] D=0.0s closed by DROP in ACL"


@pytest.mark.parametrize("action", ["refuse", "drop", "defer"])
def test_where_tls_begins_at_once_a_refused_client_hears_nothing(
    action: str, certificate: Certificate
) -> None:
    """N-40"""
    place = ruled("connect", {"action": action, "text": "no"})
    place.tls = certificate.shown()
    with place.call() as guest:
        assert guest.hear_all() == ""
        assert guest.status() == 0
    assert place.log.texts() == ["H=[192.0.2.7] dropped by 'connect' ACL: no (rule r1)"]


def test_who_is_meant_by_no_rule_is_greeted() -> None:
    place = ruled(
        "connect",
        {"hosts": ["192.0.2.7"], "action": "accept"},
        {"action": "refuse"},
    )
    with place.call() as guest:
        assert guest.hear().startswith("220")
    with place.call("192.0.2.8") as guest:
        assert guest.hear().startswith("554")


def test_a_user_of_this_machine_is_in_no_network() -> None:
    place = ruled("connect", {"hosts": ["0.0.0.0/0", "::/0"], "action": "refuse"})
    with place.call_from_here() as guest:
        assert guest.hear().startswith("220")


# Names.


def test_names_are_looked_up_only_for_a_rule_that_needs_them() -> None:
    rules = (
        {"helo": ["other.example"], "hosts": ["*.bulk.example"], "action": "refuse"},
        {"action": "accept"},
    )
    place = ruled("mail", *rules)
    with place.call() as guest:
        assert say(guest, FROM) == ["250 2.1.0 OK"]
    assert place.dns.asked == []


def test_a_name_that_does_not_lead_back_is_none() -> None:
    rule = {"hosts": ["*.friend.example"], "action": "accept"}
    place = ruled("mail", rule, {"action": "refuse"})
    place.dns = MemoryDns(
        ptr={"192.0.2.7": ["mx.friend.example"], "192.0.2.8": ["mx.friend.example"]},
        hosts={"mx.friend.example": ["192.0.2.7"]},
    )
    with place.call("192.0.2.7") as guest:
        assert say(guest, FROM) == ["250 2.1.0 OK"]
    with place.call("192.0.2.8") as guest:
        assert say(guest, FROM) == ["550 5.7.1 Administrative prohibition"]


@pytest.mark.parametrize(
    ("on_defer", "reply"),
    [
        ({}, "451 4.7.1 Temporary local problem - please try later"),
        ({"on_defer": "match"}, "550 5.7.1 Administrative prohibition"),
        ({"on_defer": "skip"}, "250 2.1.0 OK"),
    ],
)
def test_no_rule_is_passed_over_because_a_name_server_is_silent(
    on_defer: dict[str, str], reply: str
) -> None:
    place = ruled("mail", {"hosts": ["*.bulk.example"], "action": "refuse"} | on_defer)
    place.dns = MemoryDns(ptr={"192.0.2.7": None})
    with place.call() as guest:
        assert say(guest, FROM) == [reply]
    if not on_defer:
        assert place.log.texts()[0] == (
            f"{WHO} F=<a@client.example> temporarily rejected MAIL <a@client.example>:"
            " could not find out about the name of the client (rule r1)"
        )


# Commands.


def test_a_hello_that_is_refused_was_not_said() -> None:
    """RFC 2034 s4: no enhanced code stands in its reply."""
    place = ruled("helo", {"helo": ["@", ".bad.example"], "action": "refuse", "text": "not you"})
    with place.call() as guest:
        guest.hear()
        assert guest.ask(f"EHLO {HOST}", FROM) == [
            "550 not you",
            "503 HELO or EHLO required",
        ]
        assert guest.ask("HELO x.bad.example", "HELO good.example") == [
            "550 not you",
            f"250 {HOST} Hello good.example [192.0.2.7]",
        ]
    assert place.log.texts()[0] == (
        f"H=[192.0.2.7] rejected EHLO or HELO {HOST}: not you (rule r1)"
    )


def test_a_refused_sender_begins_no_message() -> None:
    place = ruled("mail", {"senders": ["a@client.example"], "action": "refuse"})
    with place.call() as guest:
        assert say(guest, FROM, TO, "MAIL FROM:<b@client.example>", TO) == [
            "550 5.7.1 Administrative prohibition",
            "503 5.5.1 sender not yet given",
            "250 2.1.0 OK",
            "250 2.1.5 Accepted",
        ]
    assert place.log.texts()[:-1] == [
        f"{WHO} F=<a@client.example> rejected MAIL <a@client.example>: {PROHIBITED} (rule r1)"
    ]


def test_each_recipient_is_judged_alone() -> None:
    rules = (
        {"recipients": ["postmaster@"], "action": "accept"},
        {
            "senders": ["client.example"],
            "action": "refuse",
            "text": "not for you",
            "code": 554,
            "enhanced": "5.7.999",
            "log": "says who",
        },
    )
    place = ruled("rcpt", *rules)
    with place.call() as guest:
        assert say(guest, FROM, TO, "RCPT TO:<Postmaster@localhost>") == [
            "250 2.1.0 OK",
            "554 5.7.999 not for you",
            "250 2.1.5 Accepted",
        ]
    assert place.log.texts()[:-1] == [
        f"{WHO} F=<a@client.example> rejected RCPT <user@localhost>: says who (rule r2)"
    ]
    assert events(place, Kind.REJECTED)[0]["RECIPIENT"] == "user@localhost"


def test_a_connection_may_have_so_many_messages_and_recipients() -> None:
    place = ruled("rcpt", {"all_recipients_above": 3, "action": "defer"})
    place.settings.policy.policy["mail"] = [  # type: ignore[index]
        {"name": "m", "messages_above": 2, "action": "refuse", "text": "two will do"}
    ]
    with place.call() as guest:
        replies = say(guest, FROM, TO, TO, "RSET", FROM, TO, TO, "RSET", FROM)
    codes = [reply[:3] for reply in replies]
    assert codes == ["250"] * 6 + ["451", "250", "550"]
    assert replies[-1] == "550 5.7.1 two will do"


def test_what_policy_accepts_must_still_exist() -> None:
    place = ruled("rcpt", {"action": "accept"}, recipients_max=1)
    with place.call() as guest:
        assert say(guest, FROM, "RCPT TO:<nobody@localhost>", TO, "RCPT TO:<postmaster>") == [
            "250 2.1.0 OK",
            "550 5.1.1 Unknown user",
            "250 2.1.5 Accepted",
            "452 4.5.3 too many recipients",
        ]


def test_a_drop_ends_the_connection() -> None:
    """SS-03, SS-04"""
    rule = {"recipients_above": 1, "action": "drop", "text": "enough"}
    selectors = ("+smtp_connection", "+smtp_incomplete_transaction")
    place = ruled("rcpt", rule, log_selector=selectors)
    with place.call() as guest:
        assert say(guest, FROM, TO, "RCPT TO:<postmaster>", "NOOP") == [
            "250 2.1.0 OK",
            "250 2.1.5 Accepted",
            "550 5.7.1 enough",
            "",
        ]
        assert guest.status() == 0

    assert place.log.texts() == [
        f"{WHO} F=<a@client.example> rejected RCPT <postmaster@{HOST}>: enough (rule r1)",
        f"{WHO} incomplete transaction (policy) from <a@client.example> for user@localhost",
        "SMTP connection from (client.example) [192.0.2.7] D=0.0s closed by DROP in ACL",
    ]


# Senders that could not be answered.


@pytest.mark.parametrize(
    ("domain", "reply"),
    [
        ("good.example", "250 2.1.0 OK"),
        ("implicit.example", "250 2.1.0 OK"),
        ("null.example", "550 5.7.27 sender domain accepts no mail"),  # RFC 7505 s4.2
        ("none.example", "550 5.1.8 sender domain does not exist"),
        ("silent.example", "451 4.7.1 Temporary local problem - please try later"),
        ("[192.0.2.1]", "250 2.1.0 OK"),
    ],
)
def test_a_sender_must_be_one_that_could_be_answered(domain: str, reply: str) -> None:
    place = ruled("mail", {"sender_verified": False, "action": "refuse"})
    place.dns = MemoryDns(
        hosts={"implicit.example": ["192.0.2.1"]},
        mail_hosts={"good.example": ["mx.example"], "null.example": [""], "silent.example": None},
    )
    with place.call() as guest:
        assert say(guest, f"MAIL FROM:<a@{domain}>", "RSET", "MAIL FROM:<>")[::2] == [
            reply,
            "250 2.1.0 OK",
        ]


@pytest.mark.parametrize(
    ("address", "reply"),
    [
        (f"user@{HOST.upper()}", "250 2.1.0 OK"),
        ("postmaster@localhost", "250 2.1.0 OK"),
        ("nobody@localhost", "550 5.1.7 sender address does not exist"),
    ],
)
def test_a_sender_who_says_that_he_is_ours_must_be(address: str, reply: str) -> None:
    place = ruled("mail", {"sender_verified": False, "action": "refuse"})
    with place.call() as guest:
        assert say(guest, f"MAIL FROM:<{address}>") == [reply]
    assert place.dns.asked == []


def test_a_domain_beyond_ascii_is_asked_for_as_the_dns_knows_it() -> None:
    """RFC 6531 s3.2"""
    rules = ({"senders": ["b\u00fccher.example"], "sender_verified": False, "action": "refuse"},)
    place = ruled("mail", *rules)
    place.dns = MemoryDns(mail_hosts={"xn--bcher-kva.example": [""]})
    with place.call() as guest:
        guest.hear()
        guest.ask("EHLO client.example")
        guest.send("MAIL FROM:<a@B\u00dcCHER.example> SMTPUTF8\r\n".encode())
        assert guest.hear() == "550 5.7.27 sender domain accepts no mail"


# Relaying.


@pytest.mark.parametrize("action", ["accept", "queue", "freeze", "discard", "warn"])
def test_no_yes_opens_a_relay_by_accident(action: str) -> None:
    place = ruled("rcpt", {"action": action})
    with place.call() as guest:
        assert say(guest, FROM, "RCPT TO:<x@elsewhere.example>") == [
            "250 2.1.0 OK",
            "550 5.7.1 relay not permitted",
        ]


def test_only_the_word_itself_opens_a_relay_and_only_to_whom_it_says() -> None:
    rule = {"hosts": ["192.0.2.7"], "recipients": ["partner.example"], "action": "relay"}
    place = ruled("rcpt", rule)
    with place.call() as guest:
        assert say(guest, FROM, "RCPT TO:<x@partner.example>", "RCPT TO:<x@else.example>") == [
            "250 2.1.0 OK",
            "250 2.1.5 Accepted",
            "550 5.7.1 relay not permitted",
        ]
    with place.call("192.0.2.8") as guest:
        assert say(guest, FROM, "RCPT TO:<x@partner.example>")[1] == "550 5.7.1 relay not permitted"


def test_who_tries_to_relay_may_be_dropped() -> None:
    place = ruled("rcpt", {"local": False, "trusted": False, "action": "drop", "text": "thief"})
    with place.call() as guest:
        assert say(guest, FROM, "RCPT TO:<x@elsewhere.example>")[1] == "550 5.7.1 thief"
    with place.call("127.0.0.1") as guest:
        assert say(guest, FROM, "RCPT TO:<x@elsewhere.example>")[1] == "250 2.1.5 Accepted"


# The message.

BOMB = "".join(f"X-{n}: boom\r\n" for n in range(2000))


@pytest.mark.parametrize(
    ("rule", "message", "is_refused"),
    [
        ({"header": {"Subject": "^buy now"}}, "Subject: Buy now!", True),
        ({"header": {"Subject": "^buy now"}}, "Subject: =?utf-8?b?YnV5IG5vdw==?=", True),
        ({"header": {"Subject": "^buy now"}}, "Subject: do not buy now", False),
        ({"header": {"Subject": "buy", "X-A": "^yes$"}}, "Subject: buy\r\nX-A: yes", True),
        ({"header": {"Subject": "buy", "X-A": "^yes$"}}, "Subject: buy\r\nX-A: no", False),
        ({"header": {"Subject": "buy"}}, "X: y\r\n\r\nSubject: buy", False),
        ({"header_missing": ["Date", "From"]}, "From: x", True),
        ({"header_missing": ["Date", "From"]}, "from: x\r\nDATE: y", False),
        ({"header_repeated": ["From"]}, "From: x\r\nFROM: y", True),
        ({"header_repeated": ["From"]}, "From: x", False),
        ({"header_fields_above": 2}, "A: 1\r\nB: 2\r\nC: 3", True),
        ({"header_fields_above": 2}, "A: 1\r\nB: 2", False),
        ({"header_fields_above": 1500}, BOMB, True),
        ({"size_above": 100}, "A: " + "x" * 100, True),
        ({"size_above": 100}, "A: x", False),
        ({"recipients_above": 0}, "A: x", True),
        ({"recipients_above": 1}, "A: x", False),
    ],
)
def test_a_message_is_judged_by_its_header(
    rule: dict[str, Any], message: str, *, is_refused: bool
) -> None:
    place = ruled("data", rule | {"action": "refuse", "text": "not this"}, header_fields_max=5000)
    with place.call() as guest:
        reply = say(guest, FROM, TO, "DATA", f"{message}\r\n\r\nbody\r\n.")[-1]

    assert reply == "550 5.7.1 not this" if is_refused else reply.startswith("250 2.0.0 OK id=")
    assert bool(place.spool.stored) is not is_refused
    assert not place.spool.open
    if is_refused:
        assert place.log.texts()[-1] == (
            f"{WHO} F=<a@client.example> rejected after DATA: not this (rule r1)"
        )
        assert place.log.events[-1].queue_id


def test_a_message_that_comes_in_chunks_is_judged_like_any_other() -> None:
    place = ruled("data", {"header": {"Subject": "^buy"}, "action": "drop", "text": "not this"})
    with place.call() as guest:
        say(guest, FROM, TO)
        guest.send(b"BDAT 8\r\nSubject:BDAT 8 LAST\r\n buy\r\n\r\n")
        assert guest.hear().startswith("250")
        assert guest.hear() == "550 5.7.1 not this"
        assert guest.hear_all() == ""
    assert not place.spool.stored


def test_a_message_may_end_its_connection() -> None:
    place = ruled("data", {"action": "drop", "text": "enough"})
    with place.call() as guest:
        assert say(guest, FROM, TO, "DATA", "A: b\r\n\r\n.", "NOOP")[-2:] == [
            "550 5.7.1 enough",
            "",
        ]
    assert not place.spool.stored


@pytest.mark.parametrize("stage", ["helo", "mail", "rcpt", "data"])
def test_after_a_421_of_policy_no_command_works(stage: str) -> None:
    """RFC 5321 s3.8: it says that we close the connection, so we do."""
    rule = {"action": "defer", "code": 421, "text": "later"}
    place = ruled(stage, rule, log_selector=("+smtp_connection",))
    with place.call() as guest:
        guest.hear()
        guest.say("EHLO client.example", FROM, TO, "DATA", "A: b\r\n\r\n.", "NOOP")
        last = guest.hear_all().splitlines()[-1]
        assert last in ("421 later", "421 4.7.1 later")
        assert guest.status() == 0
    assert not place.spool.stored
    assert place.log.texts()[-1].endswith("closed by DROP in ACL")


@pytest.mark.parametrize("word", ["drain", "terminate"])
def test_who_has_waited_for_the_reply_to_a_message_hears_it_when_we_have_to_go(word: str) -> None:
    """ID-07: it is ours by then, and a client that hears another thing sends it once more."""
    place = ruled("data", {"action": "warn", "delay": "2m"})
    with place.call() as guest:
        say(guest, FROM, TO, "DATA")
        guest.say("A: b\r\n\r\nbody\r\n.")
        wait_until(lambda: place.spool.stored, "it is stored")
        getattr(guest, word)()
        replies = guest.hear_all().splitlines()

    assert [reply[:3] for reply in replies] == ["250", "421"]
    assert len(place.handed_on) == 1


@pytest.mark.parametrize(("stage", "by"), [("mail", "MAIL"), ("data", "DATA")])
def test_a_discarded_message_is_answered_like_any_other(stage: str, by: str) -> None:
    place = ruled(stage, {"action": "discard", "log": "trap"})
    with place.call() as guest:
        replies = say(guest, FROM, TO, "DATA", "A: b\r\n\r\n.", FROM)

    assert [reply[:3] for reply in replies] == ["250", "250", "354", "250", "250"]
    assert not place.spool.stored
    assert not place.spool.open
    assert not place.handed_on
    assert place.log.texts()[0].startswith("<= a@client.example")
    assert place.log.texts()[1] == f"=> blackhole ({by} ACL discarded recipients): trap (rule r1)"
    assert place.log.events[0].queue_id == place.log.events[1].queue_id == replies[3][-23:]


def test_a_discarded_recipient_gets_nothing_and_others_do() -> None:
    place = ruled("rcpt", {"recipients": ["user@"], "action": "discard"})
    with place.call() as guest:
        replies = say(guest, FROM, TO, "RCPT TO:<postmaster>", "DATA", "A: b\r\n\r\n.")
        assert [reply[:3] for reply in replies] == ["250", "250", "250", "354", "250"]
        replies = guest.ask(FROM, TO, "DATA", "A: b\r\n\r\n.")
        assert [reply[:3] for reply in replies] == ["250", "250", "354", "250"]

    (message,) = place.spool.stored
    assert [one.address for one in message.envelope.recipients] == [f"postmaster@{HOST}"]
    assert place.log.texts()[0] == (
        f"{WHO} F=<a@client.example> RCPT <user@localhost>: discarded by RCPT ACL (rule r1)"
    )
    assert place.log.texts()[-1] == "=> blackhole (RCPT ACL discarded recipients)"


# Messages that wait.


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
def test_a_message_queued_by_policy_is_not_delivered_now(stage: str) -> None:
    """ID-06"""
    place = ruled(stage, {"senders": ["client.example"], "action": "queue"})
    with place.call() as guest:
        say(guest, FROM, TO, "DATA", "A: b\r\n\r\n.", "MAIL FROM:<a@b.example>", TO, "DATA", ".")

    first, second = place.spool.stored
    assert place.handed_on == [HandOn(second.id)]
    assert place.log.texts()[1] == "no immediate delivery: queued by ACL (rule r1)"
    assert place.log.events[1].queue_id == first.id


def test_a_message_queued_by_policy_may_be_routed_at_once() -> None:
    """N-42: what is for this machine is delivered, and no more than that."""
    place = ruled("rcpt", {"action": "queue", "routes": True}, relay_to_domains=("far.example",))
    with place.call() as guest:
        say(guest, FROM, TO, "RCPT TO:<x@far.example>", "DATA", "A: b\r\n\r\n.")

    assert place.handed_on == [HandOn(place.spool.stored[0].id, reach=Reach.NO_SMTP)]
    assert place.log.texts()[1] == "no immediate delivery: queued by ACL (rule r1)"


def test_a_message_frozen_by_policy_is_frozen_in_the_spool_already() -> None:
    """ID-06: no queue run can come between."""
    place = ruled("rcpt", {"recipients": ["user@"], "action": "freeze"}, {"action": "queue"})
    with place.call() as guest:
        say(guest, FROM, "RCPT TO:<postmaster>", TO, "DATA", "A: b\r\n\r\n.")

    (message,) = place.spool.stored
    assert place.handed_on == []
    assert message.seal.frozen == "by rule r1"
    peeked = place.spool.peek(message.id)
    assert peeked
    assert peeked.state.frozen == "by rule r1"
    assert place.log.texts()[1] == "frozen by ACL (rule r1)"


def test_the_arrival_tells_which_rules_spoke_for_a_message() -> None:
    rules = (
        {"recipients": ["user@"], "action": "accept"},
        {"recipients": ["postmaster@localhost"], "action": "refuse"},
        {"recipients": ["far.example"], "hosts": ["192.0.2.7"], "action": "relay"},
        {"action": "queue"},
    )
    place = ruled("rcpt", *rules)
    all_four = (TO, "RCPT TO:<postmaster@localhost>", "RCPT TO:<x@far.example>")
    with place.call() as guest:
        say(guest, FROM, *all_four, "RCPT TO:<postmaster>", "DATA", "A: b\r\n\r\n.")
        guest.ask("MAIL FROM:<>", TO, "DATA", ".")

    arrivals = events(place, Kind.ARRIVED)
    assert [fields["POLICY_RULE"] for fields in arrivals] == ["r1 r3 r4", "r1"]


def test_one_recipient_is_one_however_often_he_is_named() -> None:
    """What is kept of a transaction does not grow with his name."""
    place = ruled("data", {"recipients_above": 1, "action": "refuse"})
    with place.call() as guest:
        say(guest, FROM, *[TO] * 200, "DATA")
        assert guest.ask("A: b\r\n\r\n.")[0].startswith("250 ")


def test_what_was_said_of_one_message_holds_for_no_other() -> None:
    place = ruled("mail", {"senders": ["a@client.example"], "action": "freeze"})
    with place.call() as guest:
        say(guest, FROM, "RSET", "MAIL FROM:<b@client.example>", TO, "DATA", "A: b\r\n\r\n.")

    assert place.spool.stored[0].seal.frozen == ""
    assert len(place.handed_on) == 1


# Rules on trial.


def test_a_warning_changes_nothing_but_the_log() -> None:
    place = ruled("rcpt", {"senders": ["client.example"], "action": "warn", "log": "seen"})
    with place.call() as guest:
        assert say(guest, FROM, TO)[1] == "250 2.1.5 Accepted"

    assert place.log.texts()[:-1] == [f"{WHO} F=<a@client.example> Warning: seen (rule r1)"]
    (fields,) = events(place, Kind.POLICY_WARNING)
    assert (fields["POLICY_RULE"], fields["RECIPIENT"]) == ("r1", "user@localhost")


def test_a_warning_that_needs_a_silent_name_server_is_skipped_and_told() -> None:
    place = ruled("mail", {"hosts": ["*.bulk.example"], "action": "warn"})
    place.dns = MemoryDns(ptr={"192.0.2.7": None})
    with place.call() as guest:
        assert say(guest, FROM) == ["250 2.1.0 OK"]

    text, _ = place.log.texts()
    assert text == (
        f'{WHO} Warning: ACL "warn" statement skipped: condition test deferred:'
        " the name of the client (rule r1)"
    )


# What is known of a client elsewhere, and from before.


def test_a_listed_client_hears_what_the_list_says_of_him() -> None:
    """It is asked once in a connection, whatever it says; control octets go no further."""
    name = "7.2.0.192.bl.example"
    rule = {"listed": ["bl.example"], "action": "refuse"}
    place = ruled("rcpt", rule)
    place.dns = MemoryDns(hosts={name: ["127.0.0.2"]}, txt={name: ["see\x1b[31m https://x/"]})
    with place.call() as guest:
        *_, first, second = say(guest, FROM, TO, TO)

    assert first == second == "550 5.7.1 listed: see?[31m https://x/"
    assert place.dns.asked.count(name) == 1
    assert f": listed with 1: {name} (rule r1)" in place.log.texts()[0]


def test_a_list_that_does_not_answer_is_left_out_and_told_once() -> None:
    place = ruled("rcpt", {"listed": ["bl.example"], "action": "refuse"})
    place.dns = MemoryDns(hosts={"7.2.0.192.bl.example": None})
    with place.call() as guest:
        assert say(guest, FROM, TO, TO)[-1].startswith("250 ")

    (warning,) = (event for event in place.log.events if "DNS list" in event.text)
    assert warning.text == f"{WHO} Warning: DNS list bl.example is left out: it did not answer"
    assert warning.selector == "dnslist_defer"


def test_rates_and_greylisting_remember_over_connections() -> None:
    rules = (
        {"greylisted": True, "action": "defer"},
        {"rate_above": {"most": 1, "in": "1h", "per": "network"}, "action": "defer", "code": 450},
    )
    place = ruled("rcpt", *rules)

    def once() -> str:
        with place.call() as guest:
            return say(guest, FROM, TO)[-1]

    assert once() == "451 4.7.1 greylisted, try again in 300 seconds"
    place.clients.now += 300
    assert once() == "250 2.1.5 Accepted"
    assert once() == "450 4.7.1 too much from you, please try later"
    told = "\n".join(place.log.texts())
    assert "greylisted, 300 s left (rule r1)" in told
    assert "2 in 1h, 1 allowed per network: 192.0.2.0/24 (rule r2)" in told


# Replies that are held back.


class Paced:
    """How long replies were held back, without waiting for it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rests = list[tuple[float, bool]]()
        paced = self

        def rest(_: Stream, seconds: float, *, until_heard: bool = False) -> Stop | None:
            paced.rests.append((seconds, until_heard))
            return None

        monkeypatch.setattr(Stream, "rest", rest)


def test_a_rule_holds_replies_back_whatever_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delays of rules that only warn are added."""
    paced = Paced(monkeypatch)
    place = ruled(
        "rcpt",
        {"action": "warn", "delay": "2s"},
        {"recipients": ["user@localhost"], "action": "accept", "delay": "3s"},
        {"action": "refuse", "delay": "1m"},
    )
    with place.call() as guest:
        assert [reply[:3] for reply in say(guest, FROM, TO, "RCPT TO:<postmaster>", "NOOP")] == [
            "250",
            "250",
            "550",
            "250",
        ]

    assert paced.rests == [(5, False), (62, False)]


@pytest.mark.parametrize("action", ["warn", "refuse"])
def test_a_greeting_is_held_back_until_somebody_speaks(
    monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    paced = Paced(monkeypatch)
    place = ruled("connect", {"action": action, "delay": "10s"})
    with place.call() as guest:
        assert guest.hear()[:3] == ("220" if action == "warn" else "554")

    assert paced.rests == [(10, True)]


def test_who_speaks_while_the_greeting_is_held_back_does_not_wait_for_his_turn() -> None:
    """SS-04: and nobody waits any longer for him."""
    place = ruled("connect", {"action": "warn", "delay": "2m"}, smtp_enforce_sync=True)
    with place.call() as guest:
        guest.say("EHLO client.example")
        assert guest.hear() == "554 SMTP synchronization error"


def test_a_session_that_holds_its_greeting_back_ends_when_it_shall() -> None:
    place = ruled("connect", {"action": "warn", "delay": "2m"})
    with place.call() as guest:
        guest.drain()
        assert guest.hear().startswith("421 ")
    with place.call() as guest:
        guest.terminate()
        assert guest.hear().startswith("421 ")
