"""The pure parts: who may send to whom, how much nonsense."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.accounts.account import Account, Found, NoAccount, Unsure
from pymta.config.journal import Journal
from pymta.config.session import Session
from pymta.journal.origin import Origin, ends_text
from pymta.journal.session_events import duration
from pymta.mail.address import Mailbox, parse_mailbox
from pymta.mail.caller import Endpoint
from pymta.mail.reply import Reply
from pymta.policy.decision import Decision
from pymta.routing.own import OwnAddresses
from pymta.session.pace import Pace
from pymta.session.recipient_verdict import Accept, Refuse, judge
from pymta.smtp.command import Verb
from pymta.tables.address_tables import AddressTables
from pymta.tables.text import TextTable
from tests.doubles.house import HOST, usual_settings

STRANGER = ip_address("192.0.2.7")
OURS = ip_address("198.51.100.1")
FRIENDS = usual_settings(
    relay_from_hosts=("192.0.2.0/29", "2001:db8::/32"), relay_to_domains=("Partner.Example",)
)

VERDICTS = {
    "postmaster": "local",
    "PostMaster": "local",
    "user": 501,
    f"user@{HOST}": "local",
    f"USER@{HOST.upper()}": "local",
    f"POSTMASTER@{HOST}": "local",
    "user@localhost": "local",
    "user@[198.51.100.1]": "local",
    "nobody@[198.51.100.1]": 550,
    "user@[198.51.100.2]": 550,
    "user@[127.0.0.1]": 550,
    f"nobody@{HOST}": 550,
    f"user@sub.{HOST}": 550,
    "user@localhost.example": 550,
    '"x@y"@localhost': 550,
    f'"user@{HOST}"@elsewhere.example': 550,
    "x@elsewhere.example": 550,
    "x%elsewhere.example@localhost": 550,
    "x!y@localhost": 550,
}


@pytest.mark.parametrize("address", VERDICTS)
def test_a_stranger_reaches_only_mailboxes_that_exist(address: str) -> None:
    mailbox = parse_mailbox(address)
    assert isinstance(mailbox, Mailbox)

    verdict = judge(mailbox, STRANGER, OURS, OwnAddresses(usual_settings()))

    assert (verdict.reply.code if isinstance(verdict, Refuse) else "local") == VERDICTS[address]


def test_the_bare_postmaster_gets_our_name() -> None:
    verdict = judge(Mailbox("Postmaster", ""), STRANGER, OURS, OwnAddresses(usual_settings()))

    assert verdict == Accept(Mailbox("Postmaster", HOST), is_local=True)


USERS: dict[str, Found] = {
    "alice": Account("alice", 1000, 1000, "/home/alice"),
    "Bob": Account("Bob", 1001, 1001, "/home/Bob"),
    "bob": Account("bob", 1002, 1002, "/home/bob"),
    "root": Account("root", 0, 0, "/root"),
    "daemon": Account("daemon", 1, 1, "/usr/sbin"),
    "down": Unsure("directory server is down"),
}


@pytest.mark.parametrize(
    ("local_part", "verdict"),
    [
        ("alice", "alice"),
        ("ALICE", "alice"),
        ("Bob", "Bob"),
        ("BOB", "bob"),
        ("user", ""),  # a mailbox of ours
        ("postmaster", ""),
        ("root", ""),  # the postmaster
        ("daemon", 550),
        ("nobody.knows", 550),
        ("down", 451),
        ("DOWN", 451),
        ('"al/ice"', 550),
        ('"alice "', 550),
    ],
)
def test_system_users_are_known_where_they_get_mail(local_part: str, verdict: int | str) -> None:
    mailbox = parse_mailbox(f"{local_part}@localhost")
    assert isinstance(mailbox, Mailbox)
    settings = usual_settings(local_users=True)

    found = judge(
        mailbox, STRANGER, OURS, OwnAddresses(settings, lambda name: USERS.get(name, NoAccount()))
    )

    assert (found.reply.code if isinstance(found, Refuse) else found.account) == verdict
    without = judge(
        mailbox, STRANGER, OURS, OwnAddresses(usual_settings(), lambda name: USERS[name])
    )
    assert isinstance(without, Refuse) == (verdict != "")


def test_two_accounts_that_differ_in_letter_case_are_two_recipients() -> None:
    settings = usual_settings(local_users=True)
    found = [
        judge(
            Mailbox(name, "localhost"),
            STRANGER,
            OURS,
            OwnAddresses(settings, lambda name: USERS[name]),
        )
        for name in ("Bob", "bob", "BOB".lower())
    ]
    assert len({one.key for one in found if isinstance(one, Accept)}) == 2


@pytest.mark.parametrize(
    ("caller", "domain", "is_accepted"),
    [
        ("192.0.2.7", "elsewhere.example", True),
        ("192.0.2.8", "elsewhere.example", False),
        ("2001:db8::1", "elsewhere.example", True),
        ("192.0.2.8", "partner.example", True),
        ("192.0.2.8", "sub.partner.example", False),
    ],
)
def test_relaying_is_for_listed_networks_and_domains(
    caller: str, domain: str, is_accepted: bool
) -> None:
    verdict = judge(Mailbox("x", domain), ip_address(caller), OURS, OwnAddresses(FRIENDS))

    assert isinstance(verdict, Accept) == is_accepted
    assert not (isinstance(verdict, Accept) and verdict.is_local)


@given(st.ip_addresses(), st.from_regex(r"[a-z]{1,9}\.(org|net)", fullmatch=True))
def test_the_shipped_settings_relay_for_nobody_else(caller: object, domain: str) -> None:
    """reliability.md, promise 6."""
    verdict = judge(
        Mailbox("x", domain), ip_address(str(caller)), OURS, OwnAddresses(usual_settings())
    )

    assert isinstance(verdict, Accept) == ip_address(str(caller)).is_loopback


def test_each_message_gives_one_free_reset_and_greeting() -> None:
    """SS-05."""
    pace = Pace(Session(smtp_accept_max_nonmail=1))
    for _ in range(5):
        assert [pace.command(v) for v in (Verb.EHLO, Verb.HELO, Verb.RSET)] == [None] * 3
        assert [pace.command(v) for v in (Verb.MAIL, Verb.RCPT, Verb.DATA, Verb.QUIT)] == [None] * 4
        pace.next_message()

    assert pace.command(Verb.NOOP) is None
    enough = pace.command(Verb.NOOP)
    assert enough is not None
    assert (enough.reply.code, enough.status) == (554, 1)


@pytest.mark.parametrize(
    ("lines", "quoted"),
    [
        ([b"FOO bar"], '"FOO bar"'),
        ([b"auth PLAIN AGEAYg=="], '"AUTH"'),
        ([b"AUTH LOGIN", b"c2VjcmV0"], '"(not shown)"'),
        ([b"x" * 500], '"' + "x" * 150 + '"'),
        ([b"\xff\x1b"], '"\\xff\x1b"'),  # the journal makes control characters safe
    ],
)
def test_lines_that_may_hold_passwords_are_not_quoted(lines: list[bytes], quoted: str) -> None:
    pace = Pace(Session(smtp_max_unknown_commands=len(lines) - 1))
    enough = [pace.unknown_verb(line) for line in lines][-1]

    assert enough is not None
    assert enough.why == f"too many unrecognized commands (last was {quoted})"


def test_the_last_syntax_error_gets_both_texts() -> None:
    """SS-05."""
    pace = Pace(Session(smtp_max_synprot_errors=1))
    reply = Reply(503, "sender not yet given", "5.5.1")

    assert pace.fault(reply, "RCPT") is None
    enough = pace.fault(reply, "RCPT")

    assert enough is not None
    assert enough.reply.encode(with_enhanced=True) == (
        b"503-5.5.1 sender not yet given\r\n503 5.5.1 Too many syntax or protocol errors\r\n"
    )


@pytest.mark.parametrize(
    ("helo", "who"),
    [
        ("", "[192.0.2.7]"),
        ("client.example", "(client.example) [192.0.2.7]"),
        ("[192.0.2.7]", "[192.0.2.7]"),
        ("[192.0.2.8]", "([192.0.2.8]) [192.0.2.7]"),
    ],
)
def test_the_name_is_left_out_where_it_is_the_address(helo: str, who: str) -> None:
    """CP-07."""
    assert Origin("192.0.2.7", 1, helo).who == who


@pytest.mark.parametrize(
    ("origin", "who"),
    [
        (Origin("192.0.2.7", 1, name="mx.example"), "mx.example [192.0.2.7]"),
        (Origin("192.0.2.7", 1, "a.b", "mx.example"), "mx.example (a.b) [192.0.2.7]"),
        (Origin("192.0.2.7", 1, "MX.example", "mx.example"), "mx.example [192.0.2.7]"),
        (Origin("192.0.2.7", 1, ident="root"), "[192.0.2.7] U=root"),
        (
            Origin("192.0.2.7", 1, ident="root", ends=":1 I=[::1]:25"),
            "[192.0.2.7]:1 I=[::1]:25 U=root",
        ),
        (Origin("192.0.2.7", 1, id="x-1"), "[192.0.2.7]"),
        (Origin("192.0.2.7", 1, id="x-1", shows_id=True), "[192.0.2.7] Ci=x-1"),
    ],
)
def test_everything_known_of_a_client_has_its_place(origin: Origin, who: str) -> None:
    """CP-07, N-29."""
    assert origin.who == who


@pytest.mark.parametrize(
    ("selectors", "ports", "text"),
    [
        ((), ("*",), ""),
        (("+incoming_port",), ("*",), ":40112"),
        (("+incoming_interface",), ("*",), " I=[198.51.100.1]:25"),
        (("+incoming_interface",), ("!25", "*"), " I=[198.51.100.1]"),
        (("+all",), ("*",), ":40112 I=[198.51.100.1]:25"),
    ],
)
def test_the_ends_of_a_connection_are_shown_on_demand(
    selectors: tuple[str, ...], ports: tuple[str, ...], text: str
) -> None:
    """HC-04, N-32."""
    ends = Endpoint(ip_address("192.0.2.7"), 40112), Endpoint(ip_address("198.51.100.1"), 25)

    assert ends_text(*ends, Journal(log_selector=selectors, log_ports=ports)) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0s"), (2.14, "2.1s"), (10, "10s"), (301.2, "5m1s")]
)
def test_durations(seconds: float, text: str) -> None:
    """N-38."""
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("address", "code", "said"),
    [
        ("alice@relayed.example", 250, "is in there:1"),
        ("ALICE+tag@Relayed.example", 250, "is in there:1"),
        ("bob@relayed.example", 550, "is not in it"),
        ("postmaster@relayed.example", 250, ""),
        ("anybody@all.example", 250, "is in there:2"),
        ("anybody@dim.example", 451, "trouble, line 1: ': x': want"),
    ],
)
def test_in_domains_that_we_relay_to_a_table_may_say_who_is_there(
    address: str, code: int, said: str
) -> None:
    """So a host behind us, which may be down, need not be asked, and no report is owed."""
    table = TextTable("there", "alice@relayed.example\n@all.example\n")
    trouble = TextTable("trouble", ": x\n")
    settings = usual_settings(
        relay_to_domains=("relayed.example", "all.example", "dim.example"),
        relay_recipients=("/etc/pymta/there",),
    )
    tables = AddressTables(relay_recipients=trouble if "dim" in address else table)
    mailbox = parse_mailbox(address)
    assert isinstance(mailbox, Mailbox)
    told: list[Decision] = []
    own = OwnAddresses(settings, tables=tables)
    verdict = judge(mailbox, STRANGER, OURS, own, explain=told.append)
    assert (verdict.reply.code if isinstance(verdict, Refuse) else 250) == code
    texts = [one.outcome for one in told if one.setting == "relay_recipients"]
    assert [text.startswith(f"{mailbox}: {said}") for text in texts] == [True] * bool(said)
