"""Where addresses of ours lead in the end: the cases stand in `expansion_cases.txt`.

Everything is real but files, accounts and transports: what is added is recorded and folded as a
delivery does it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pymta.accounts.account import Account, Found, NoAccount, Unsure
from pymta.config.routing import Routing
from pymta.config.settings import Settings
from pymta.delivery.outcome import Addressee, addressees
from pymta.delivery.redirect import TooMany, Wish, redirect
from pymta.mail.caller import Address
from pymta.mail.envelope import Envelope, Recipient
from pymta.routing.address_class import Ours, classify
from pymta.routing.forward_file import parse_forward
from pymta.routing.own import OwnAddresses
from pymta.routing.route import Defer, Discard, Expanded, Fail, Local, OwnRoute, User
from pymta.routing.target import Unusable
from pymta.spool import outcomes
from pymta.spool.fold import fold, step
from pymta.spool.outcomes import State
from pymta.tables import table
from pymta.tables.address_tables import AddressTables
from pymta.tables.text import TextTable

FILE = Path(__file__).with_name("expansion_cases.txt")
MOST_ROUNDS = 500
_RECIPIENT = re.compile(r'(?:"[^"]*"|[^\s"])+')


class Closed:
    def lookup(self, key: str) -> table.Answer:
        return table.Unsure("it is closed")


@dataclass
class Case:
    """See the head of the file for its letters."""

    title: str
    line: int
    texts: dict[str, list[str]] = field(default_factory=dict)

    def lines(self, letter: str) -> list[str]:
        return self.texts.get(letter, [])

    def recipients(self) -> list[str]:
        return _RECIPIENT.findall(" ".join(self.lines(">")))

    def named(self, letter: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for line in self.lines(letter):
            name, _, text = line.partition(" ")
            found[name] = found[name] + "\n" + text if name in found else text
        return found


def cases() -> Iterator[Case]:
    case = Case("", 0)
    for number, line in enumerate(FILE.read_text().splitlines(), start=1):
        if line.startswith("# "):
            case = Case(line[2:], number)
            yield case
        elif line and case.title:
            case.texts.setdefault(line[0], []).append(line[2:])


class House:
    def __init__(self, case: Case) -> None:
        self._lists, self.forwards = case.named("L"), case.named("F")
        self._users = {name for line in case.lines("U") for name in line.split()}
        options: dict[str, Any] = {
            "primary_hostname": "here",
            "local_domains": ("@", "second"),
            "local_parts": tuple(" ".join(case.lines("P")).split()),
            "local_users": True,
            "virtual_domains": ("virtual", "other"),
        }
        options |= {name: eval(text) for name, text in case.named("S").items()}
        self.settings = Settings(routing=Routing(**options))
        self.own = OwnAddresses(
            self.settings,
            self._find,
            AddressTables(
                self._table("aliases", case.lines("A")),
                self._table("virtual", case.lines("V")),
                self._table("mailboxes", case.lines("M")),
                read_list=self._read_list,
            ),
        )

    def _table(self, name: str, lines: list[str]) -> table.Table:
        return Closed() if lines == ["closed"] else TextTable(name, "\n".join(lines))

    def _find(self, name: str) -> Found:
        if f"{name}?" in self._users:
            return Unsure("no answer")
        return Account(name, 1000, 1000, f"/home/{name}") if name in self._users else NoAccount()

    def _read_list(self, path: str) -> table.Found | table.Unsure:
        if path not in self._lists:
            return table.Unsure(f"{path} does not exist")
        return table.Found(self._lists[path], path, path, 1)

    def classify(self, address: str) -> Ours | None:
        found = classify(address, self.settings.routing, _no_address_is_ours)
        return found if isinstance(found, Ours) else None

    def route(self, address: str, via: tuple[str, ...], *, is_final: bool) -> OwnRoute | str:
        ours = self.classify(address)
        if ours is None:
            return address
        before = [one for one in map(self.classify, via) if one]
        return self.own.route(ours, before, is_final=is_final)

    def key_of(self, address: str) -> tuple[str, str]:
        ours = self.classify(address)
        return self.own.key_of(ours) if ours else ("", address)

    def is_mailbox(self, address: str) -> bool:
        return not isinstance(self.route(address, (), is_final=True), Fail)


def _no_address_is_ours(_: Address) -> bool:
    return False


def ends(house: House, *recipients: str) -> list[str]:
    """What became of everybody."""
    envelope = Envelope("s@remote", tuple(map(Recipient, recipients)), 0.0)
    state = fold(len(recipients), ())
    found: list[str] = []
    key_of = cache(house.key_of)
    for _ in range(MOST_ROUNDS):
        if not state.pending:
            return sorted(found)
        (who,) = addressees(state.pending[:1], envelope, state)
        route = house.route(who.address, who.via, is_final=who.is_final)
        wish = _wish(house, who, route)
        if wish is None:
            found.append(_shown(who, route))
            state = _settled(state, who)
            continue
        made = redirect(wish, envelope, state, key_of, 0.0, is_mailbox=house.is_mailbox)
        if isinstance(made, TooMany):
            found.append(f"defer {who.address}: {made.why}")
            state = _settled(state, who)
        else:
            state = step(state, made)
    raise AssertionError("it goes on and on")


def _settled(state: State, who: Addressee) -> State:
    return step(state, outcomes.Delivered(0.0, (who.index,)))


def _wish(house: House, who: Addressee, route: OwnRoute | str) -> Wish | None:
    match route:
        case Expanded(items):
            return Wish(who, tuple(item.target for item in items))
        case User(account) if account in house.forwards and not who.is_final:
            targets = parse_forward(house.forwards[account].encode())
            assert not isinstance(targets, Unusable)
            return Wish(who, targets, account) if targets else None
    return None


def _shown(who: Addressee, route: OwnRoute | str) -> str:
    match route:
        case str() as address:
            return address
        case User(account):
            return account
        case Local(mailbox):
            return f"box {mailbox}"
        case Discard():
            return f"nobody for {who.address}"
        case Fail(text, enhanced):
            return f"fail {who.address}: {enhanced} {text}"
        case Defer(why):
            return f"defer {who.address}: {why}"
    raise AssertionError(route)


@pytest.mark.parametrize("case", [pytest.param(c, id=f"{c.line}-{c.title}") for c in cases()])
def test_an_address_of_ours_leads_where_the_operator_says(case: Case) -> None:
    recipients = case.recipients()
    assert ends(House(case), *recipients) == sorted(case.lines("="))


def test_the_order_of_recipients_does_not_change_who_has_the_message() -> None:
    """But where users close a circle: it ends with the one who was first."""
    for case in cases():
        recipients = case.recipients()
        if len(recipients) > 1 and "F" not in case.texts:
            whom = {_who(line) for line in ends(House(case), *reversed(recipients))}
            assert whom == {_who(line) for line in case.lines("=")}, case.title


def _who(line: str) -> str:
    return re.sub(r":.*", "", line)


@pytest.mark.parametrize(
    ("address", "owner"),
    [
        ("team@second", "owner-team@second"),
        ("team+x@here", "owner-team@here"),
        ("one@here", ""),
        ("owner-team@here", ""),
        ("news@virtual", "owner-news@virtual"),
        ("any@virtual", ""),
    ],
)
def test_an_alias_may_have_an_owner(address: str, owner: str) -> None:
    case = Case("owners", 0)
    case.texts = {
        "A": ["team: alice", "owner-team: bob", "owner-owner-team: bob", "one: alice"],
        "V": ["news@virtual: alice", "Owner-News@virtual: bob", "@virtual: alice"],
        "U": ["alice bob"],
    }
    route = House(case).route(address, (), is_final=False)
    assert isinstance(route, Expanded)
    assert route.owner == owner


def test_there_are_a_hundred_cases() -> None:
    assert len({case.title for case in cases()}) == len(list(cases())) >= 100


def test_a_table_of_everybody_who_leads_to_everybody_comes_to_an_end() -> None:
    names = [f"n{n}" for n in range(12)]
    case = Case("all to all", 0)
    case.texts = {
        "A": [f"{name}: {', '.join(names)}" for name in names],
        "U": [" ".join(names)],
        "F": [f"{name} {', '.join(reversed(names))}" for name in names],
    }
    assert set(ends(House(case), "n0@here")) == set(names)
