"""Where mail for an address would go, by the routers and the memory of a delivery."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pymta.cli.explanation import DELIVERS, FAILS, GOES_ON, WAITS, Explained, as_plain, lines
from pymta.cli.ways import Ways
from pymta.mail.address import Mailbox
from pymta.mail.login import Login, OwnCertificate
from pymta.mail.trouble import REFUSED, Trouble
from pymta.routing.route import Discard, Expanded, Item, Remote
from pymta.routing.target import Whom
from pymta.transport.tls_need import NO_WISH, NOT_SURE, Level, Need, Unsure, Wish
from tests.doubles.deliveries import START, Rig, host
from tests.doubles.throttles import throttle

ASKED = "s@example.com"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.close()


def explained(rig: Rig, address: str, by_order: str = "") -> Explained:
    return Ways(rig.world(), ASKED, by_order).explain(address)


def text(found: Explained) -> list[str]:
    return list(lines(found, lambda at: f"T{at - START:g}"))


def test_a_mailbox_of_ours(rig: Rig) -> None:
    assert text(explained(rig, "user@localhost")) == [
        "user@localhost",
        "    delivers: into mailbox user",
        "    router local, transport maildir",
    ]


def test_what_fails_and_what_nobody_knows(rig: Rig) -> None:
    fails, waits = explained(rig, "a@gone.example"), explained(rig, "a@dim.example")

    assert (fails.verdict, fails.status) == (FAILS, "5.1.2")
    assert (waits.verdict, waits.status) == (WAITS, "4.4.3")
    assert text(waits)[1].startswith("    waits: host lookup for dim.example did not complete")


def test_who_we_are_at_a_smarthost(rig: Rig) -> None:
    login, own = Login("us", "/etc/pymta/password"), OwnCertificate("credential:tls_own.pem")
    route = Remote("h", (host("x.example"),), "smarthost", login, own=own)
    world = replace(rig.world(), new_routes=lambda *_: lambda *_, **__: route)
    found = Ways(world, ASKED).explain("a@x.example")
    (line,) = [line for line in text(found) if line.startswith("    host ")]
    assert line.endswith(", login us, certificate credential:tls_own.pem")
    assert as_plain(found)["hosts"][0]["certificate"] == "credential:tls_own.pem"


def test_a_host_that_may_be_asked(rig: Rig) -> None:
    assert text(explained(rig, "a@x.example")) == [
        "a@x.example",
        "    delivers: over SMTP to x.example",
        "    router mx, transport smtp",
        "    host mx.x.example [192.0.2.1], TLS may",
        "    retry rule: retry",
        "    next attempt: now",
    ]
    assert explained(rig, "a@x.example", "relay.example").router == "reroute"


def test_a_host_that_failed_lately_says_until_when_it_is_left_alone(rig: Rig) -> None:
    trouble = Trouble(REFUSED, "a@x.example", ASKED)
    rig.world().memory.failed(host("x.example"), "Connection refused", trouble)

    found = explained(rig, "a@x.example")

    assert (found.verdict, found.next_try) == (WAITS, START + 900)
    assert text(found)[3:] == [
        "    host mx.x.example [192.0.2.1], TLS may",
        "        failing since T0, last tried T0:",
        "            Connection refused",
        "        in retry, not asked before T900 (retry)",
        "    retry rule: retry",
        "    next attempt: not before T900",
    ]
    assert as_plain(found)["hosts"][0]["retry"]["why"] == "Connection refused"


def test_the_forward_of_a_user_is_followed_to_its_ends(rig: Rig) -> None:
    rig.forwards = {"one": b"two@users.example, far@x.example", "two": b"\\two, no@gone.example"}

    found = explained(rig, "one@users.example")

    assert (found.verdict, found.worst) == (GOES_ON, FAILS)
    assert [one.address for one in found.onward] == ["two@users.example", "far@x.example"]
    assert text(found)[3:9] == [
        "    two@users.example",
        "        goes on: the .forward of two has it sent on",
        "        router local_user",
        "        two@users.example",
        "            delivers: into the mailbox of two",
        "            router local_user, transport maildir",
    ]
    assert rig.homes == []  # nothing was stored


def test_a_circle_of_forwards_ends_in_a_mailbox(rig: Rig) -> None:
    rig.forwards = {"one": b"two@users.example", "two": b"one@users.example"}

    found = explained(rig, "one@users.example")

    (two,) = found.onward
    (one,) = two.onward
    assert (one.address, one.verdict) == ("one@users.example", DELIVERS)
    assert found.worst == DELIVERS


def test_a_forward_that_cannot_be_used_or_read_has_the_mail_wait(rig: Rig) -> None:
    rig.forwards = {"one": b"|"}
    rig.hung = {"two"}

    assert explained(rig, "one@users.example").verdict == WAITS
    assert "cannot be used" in explained(rig, "one@users.example").way
    assert explained(rig, "two@users.example").way == "it hangs"


def test_a_user_whose_mailbox_an_lmtp_server_has(rig: Rig) -> None:
    assert explained(rig, "one@both.example").transport == "lmtp"
    rig.forwards = {"one": b"far@x.example"}
    assert explained(rig, "one@both.example").verdict == GOES_ON
    assert explained(rig, "one@store.example").hosts


def test_a_destination_with_no_place_left_says_so(rig: Rig) -> None:
    world = rig.world()
    ways = Ways(replace(world, throttle=throttle(rig.directory, concurrency=1)), ASKED)
    with throttle(rig.directory, concurrency=1).at_destination("x.example"):
        crowded = ways.explain("a@x.example")

    assert (crowded.verdict, crowded.limits) == (WAITS, ("1 of 1 deliveries at once to x.example",))
    assert "    limit: 1 of 1 deliveries at once to x.example" in text(crowded)
    assert ways.explain("a@x.example").verdict == DELIVERS


def leads_to(*addresses: str) -> Expanded:
    mailboxes = (Mailbox(*address.split("@")) for address in addresses)
    items = tuple(Item(Whom(mailbox), "/etc/aliases:7") for mailbox in mailboxes)
    return Expanded(items, "team", "/etc/aliases:7", "system_aliases")


def test_an_alias_is_followed_to_its_ends_and_says_where_it_stands(rig: Rig) -> None:
    rig.aliases["team@localhost"] = leads_to("user@localhost", "noreply@localhost")
    rig.aliases["noreply@localhost"] = Discard("/etc/aliases:9", "system_aliases")
    assert text(explained(rig, "team@localhost")) == [
        "team@localhost",
        "    goes on: team leads to others",
        "    router system_aliases",
        "    said in /etc/aliases:7",
        "    user@localhost",
        "        delivers: into mailbox user",
        "        router local, transport maildir",
        "    noreply@localhost",
        "        vanishes: nobody gets it, and nobody is told",
        "        router system_aliases, transport blackhole",
        "        said in /etc/aliases:9",
    ]


def test_aliases_of_everybody_are_told_of_once(rig: Rig) -> None:
    names = [f"n{n}@localhost" for n in range(20)]
    rig.aliases |= {name: leads_to(*names) for name in names}
    assert len(text(explained(rig, names[0]))) < 5000


def test_a_command_that_waits_for_its_turn_is_run_as_its_user(rig: Rig) -> None:
    found = Ways(rig.world(), ASKED).explain("|/bin/x", ("one@users.example",))

    assert (found.way, found.transport) == ("as one", "address_pipe")


def test_each_host_says_how_much_tls_it_is_owed(rig: Rig) -> None:
    rig.need = Need(Level.DANE, "DANE")

    found = explained(rig, "a@x.example")

    assert "    host mx.x.example [192.0.2.1], TLS dane (DANE)" in text(found)
    assert as_plain(found)["hosts"][0]["tls"] == "dane (DANE)"


def test_what_the_sender_of_a_message_has_said_of_tls_is_seen(rig: Rig) -> None:
    rig.need = Need(Level.VERIFIED, "MTA-STS", is_theirs=True, is_name_sure=True)

    def hosts(wish: Wish) -> list[str]:
        found = text(Ways(rig.world(), ASKED, wish=wish).explain("a@x.example"))
        return [line.strip() for line in found if "host" in line or "not called" in line]

    name = "host mx.x.example [192.0.2.1]"
    assert hosts(NO_WISH) == [f"{name}, TLS verify (MTA-STS)"]
    assert hosts(Wish(is_tls_optional=True)) == [f"{name}, TLS may (TLS-Required: No)"]
    rig.need = Need(Level.MAY, is_name_sure=True)
    assert hosts(Wish(requires_tls=True)) == [f"{name}, TLS verify (REQUIRETLS)"]
    rig.need = Need(Level.MAY)
    assert hosts(Wish(requires_tls=True)) == [name, f"not called now: {NOT_SURE.why}"]


def test_a_host_of_which_nobody_knows_what_it_is_owed_is_not_called(rig: Rig) -> None:
    world = replace(rig.world(), terms_of=lambda *_: Unsure("TLSA lookup did not complete"))

    found = Ways(world, ASKED).explain("a@x.example")

    assert found.verdict == WAITS
    assert text(found)[3:] == [
        "    host mx.x.example [192.0.2.1]",
        "        not called now: TLSA lookup did not complete",
        "    retry rule: retry",
        "    next attempt: when the retry rule says",
    ]
