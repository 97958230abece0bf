"""Conditions about what is known of the client elsewhere, or from before (see `conditions`).

    listed        lists in the DNS, with weights
    rate_above    he has come too often
    greylisted    he has to come again

Where nobody can tell, because a list does not answer or what we remember is lost, none of them
holds: mail goes on without them.
"""

from __future__ import annotations

from functools import partial
from ipaddress import ip_network

from pymta.config.block_list import Listed, parse_listed
from pymta.config.client_memory import Greylist, Rate, parse_greylist, parse_rate
from pymta.config.duration import format_duration
from pymta.mail.caller import Address
from pymta.policy.blocklist import address_question, domain_question, score
from pymta.policy.facts import Facts
from pymta.policy.greylist import may_pass, seconds_left, seen
from pymta.policy.lookups import Lookups
from pymta.policy.rule import Fit, Holds, Unknown


class ListedIn:
    def __init__(self, value: object) -> None:
        self._listed = parse_listed(value)

    def __call__(self, facts: Facts, lookups: Lookups) -> Fit:
        subjects = _subjects(self._listed, facts, lookups)
        if subjects is None:
            return Unknown("the name of the client")
        asked = [
            (one, _question(subject, one.zone))
            for subject in subjects
            for one in self._listed.lists
        ]
        found = score(asked, lookups.listed([name for _, name in asked]))
        for zone in found.silent:
            lookups.report(zone, "it did not answer")
        for zone in found.useless:
            lookups.report(zone, "it gave no usable answer; it may not serve your name servers")
        if found.total < self._listed.score:
            return False
        said = lookups.text_of(found.hits[0])
        note = f"listed with {found.total}: {', '.join(found.hits)}"
        return Holds(note, f"listed: {said}" if said else f"listed as {found.hits[0]}")


def _subjects(listed: Listed, facts: Facts, lookups: Lookups) -> tuple[Address | str, ...] | None:
    match listed.of:
        case "address":
            return (facts.call.address,) if facts.call.address else ()
        case "name":
            return lookups.names()
        case "helo":
            return (facts.call.helo,) if facts.call.helo else ()
    return (facts.sender.domain,) if facts.sender and facts.sender.domain else ()


def _question(subject: Address | str, zone: str) -> str:
    if isinstance(subject, str):
        return domain_question(subject, zone)
    return address_question(subject, zone)


class RateAbove:
    """Counted under the name of its rule and its stage, so that two rules do not share a count."""

    def __init__(self, value: object, rule: str) -> None:
        self._rate = parse_rate(value)
        self._rule = rule

    def __call__(self, facts: Facts, lookups: Lookups) -> Fit:
        rate, who = self._rate, _who(self._rate, facts)
        if not who:
            return False
        key = f"rate:{facts.stage.value}:{self._rule}:{int(rate.period)}:{rate.per}:{who}"
        reached = lookups.clients.count(key, 1, rate.period, most=rate.most)
        if reached is None or reached <= rate.most:
            return False
        period = format_duration(rate.period)
        note = f"{reached:.0f} in {period}, {rate.most} allowed per {rate.per}: {who}"
        return Holds(note, "too much from you, please try later")


def _who(rate: Rate, facts: Facts) -> str:
    """Whom it is counted for; "" where there is no such one."""
    call, sender, recipient = facts.call, facts.sender, facts.recipient
    match rate.per:
        case "address":
            return str(call.address or call.user)
        case "network":
            return _network(call.address, rate.ipv4, rate.ipv6) or call.user
        case "account":
            return call.account
        case "helo":
            return call.helo.lower()
        case "sender":
            return sender.address.lower() if sender else ""
        case "sender_domain":
            return sender.domain if sender else ""
        case "recipient":
            return recipient.address.lower() if recipient else ""
        case "recipient_domain":
            return recipient.domain if recipient else ""
    return "all"


class Greylisted:
    """Nobody whom we know already: not who has logged in, nor who is trusted."""

    def __init__(self, value: object) -> None:
        self._rules = parse_greylist(value)

    def __call__(self, facts: Facts, lookups: Lookups) -> Fit:
        call, rules = facts.call, self._rules
        if rules is None or call.account or call.is_trusted or call.address is None:
            return False
        network = _network(call.address, rules.ipv4, rules.ipv6)
        if self._is_known(network, rules, lookups):
            return False
        see = partial(seen, rules=rules)
        after = lookups.clients.sight(
            _triple(network, facts), see, rules.kept, untried=rules.within
        )
        if after is None:
            return False
        if may_pass(after, rules):
            if after.passes == 1:
                lookups.clients.count(_known(network), 1, rules.kept)
            return False
        left = seconds_left(after, rules)
        return Holds(
            f"greylisted, {left:.0f} s left", f"greylisted, try again in {left:.0f} seconds"
        )

    def _is_known(self, network: str, rules: Greylist, lookups: Lookups) -> bool:
        if not rules.known_after:
            return False
        passed = lookups.clients.level(_known(network), rules.kept)
        return passed is not None and passed >= rules.known_after


def _triple(network: str, facts: Facts) -> str:
    sender = facts.sender.address.lower() if facts.sender else ""
    recipient = facts.recipient.address.lower() if facts.recipient else ""
    return f"grey:{network}:<{sender}>:<{recipient}>"


def _known(network: str) -> str:
    return f"grey-known:{network}"


def _network(address: Address | None, ipv4: int, ipv6: int) -> str:
    if address is None:
        return ""
    length = ipv4 if address.version == 4 else ipv6
    return str(ip_network((address, length), strict=False))
