"""The chain for addresses of ours: whose are they, and where do they lead?

In local domains, for the local part as it stands and then without its suffix (``user+tag``):

    an alias                                      on to whom it names
    a system user, where `local_users` has them   the home directory
    one of `local_parts`, or postmaster           a Maildir of ours

and if that was nothing, root leads to the postmaster, and everybody else to `catch_all`.
In virtual domains, likewise:

    one of `virtual_aliases`                      on to whom it names
    one of `virtual_mailboxes`                    a Maildir of ours

and then ``@domain`` in either of them; the postmaster is ours in any case (RFC 5321 s4.5.1).

An address that SRS has made leads back to whose mail it was (`pymta.routing.srs`).

An alias that has sent the message on once is no alias any more for what comes back, so ``alice:
alice, bob`` means that alice keeps a copy, and a circle has an end.  When a table cannot be asked
nobody is unknown: the answer waits.

Who has mail by an alias ``team`` gets it from ``owner-team``, where there is such an alias, too.

Asked at RCPT and again at each attempt.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from pymta.accounts.account import Account, Find, Unsure, find_user, nobody
from pymta.config.addresses import is_mailbox_name
from pymta.config.settings import Settings
from pymta.dataclass import dataclass
from pymta.mail.address import Mailbox, parse_mailbox
from pymta.mail.letters import small
from pymta.routing.address_class import Ours, classify, home_domain
from pymta.routing.expansion import TABLE_TROUBLE, expand
from pymta.routing.local_part import POSTMASTER, ROOT, UNKNOWN, mailbox_for, names_of
from pymta.routing.route import (
    SYSTEM_ALIASES,
    VIRTUAL_ALIASES,
    Defer,
    Expanded,
    Fail,
    Item,
    Local,
    OwnRoute,
    User,
)
from pymta.routing.srs import route_back
from pymta.routing.target import Whom
from pymta.tables import table
from pymta.tables.address_tables import NO_TABLES, AddressTables
from pymta.tables.text import key_of_address, key_of_catch_all

OWNER = "owner-"
MOST_SINGLE = 20  # names that lead to one other name; who is behind more of them is not asked


@dataclass(frozen=True, slots=True)
class OwnAddresses:
    """`find` asks the system for an account."""

    settings: Settings
    find: Find = nobody
    tables: AddressTables = NO_TABLES

    def route(self, who: Ours, via: Collection[Ours] = (), *, is_final: bool = False) -> OwnRoute:
        """`via` are those who have sent the message on to this one; `is_final`: no alias."""
        routing, secrets = self.settings.routing, self.tables.srs_secrets
        if routing.srs_secrets and (back := route_back(who, routing, secrets, is_final=is_final)):
            return back
        used = frozenset({key for one in via for key in self._aliases_of(one)[:1]} if via else ())
        for key, name in self._names(who):
            if not is_final and key not in used:
                answer = self._alias(who, key)
                if answer is not None:
                    return answer
            answer = self._mailbox(who, name)
            if answer is not None:
                return answer
        return self._for_others(who, used, is_final=is_final)

    def follow(self, who: Ours) -> Iterator[tuple[Ours, OwnRoute]]:
        """Each step of the way, as long as it leads from one to one of ours: where does it end?"""
        via: list[Ours] = []
        while True:
            route = self.route(who, via)
            if who in via and isinstance(route, Expanded):
                route = UNKNOWN  # whom nobody knows leads to nobody
            yield who, route
            following = self._only_one(route)
            if following is None or len(via) == MOST_SINGLE:
                return
            via.append(who)
            who = following

    def ends(self, who: Ours) -> OwnRoute:
        """The last step of that way."""
        *_, (_, route) = self.follow(who)
        return route

    def _only_one(self, route: OwnRoute) -> Ours | None:
        if not isinstance(route, Expanded) or len(route.items) > 1:
            return None
        target = route.items[0].target
        if not isinstance(target, Whom) or target.is_final:
            return None
        return self.ours(target.mailbox)

    def ours(self, mailbox: Mailbox) -> Ours | None:
        """None: an address of others.  Address literals are not looked at."""
        found = classify(str(mailbox), self.settings.routing, lambda _: False)
        return found if isinstance(found, Ours) else None

    def key_of(self, who: Ours) -> tuple[str, str]:
        """Equal for two ways to write one mailbox: letter case counts only for accounts."""
        if who.is_virtual:
            return small(who.local_part), who.domain
        account = self._user(who.local_part)
        return (account.account if isinstance(account, User) else small(who.local_part)), ""

    def relayed(self, mailbox: Mailbox) -> Fail | Defer | str:
        """What speaks against an address in a domain that we relay to; or else where it stands, ""
        where nobody was asked.
        """
        routing = self.settings.routing
        if not routing.relay_recipients or small(mailbox.local) == POSTMASTER:
            return ""
        names = names_of(mailbox.local, routing.local_part_suffix)
        keys = [key_of_address(name, mailbox.domain) for name in names]
        for key in (*keys, key_of_catch_all(mailbox.domain)):
            match self.tables.relay_recipients.lookup(key):
                case table.Found(where=where):
                    return where
                case table.Unsure(why):
                    return Defer(why, TABLE_TROUBLE)
        return UNKNOWN

    # Names and tables

    def _names(self, who: Ours) -> Iterator[tuple[str, str]]:
        """How each of its names is looked up, and the name."""
        for name in names_of(who.local_part, self.settings.routing.local_part_suffix):
            yield key_of_address(name, who.domain if who.is_virtual else ""), name

    def _aliases_of(self, who: Ours) -> list[str]:
        """The keys that are found, the one that counts first."""
        keys = [key for key, _ in self._names(who)]
        if who.is_virtual:
            keys.append(key_of_catch_all(who.domain))
        return [key for key in keys if isinstance(self._look_up(who, key), table.Found)]

    def _look_up(self, who: Ours, key: str) -> table.Answer:
        aliases = self.tables.virtual_aliases if who.is_virtual else self.tables.aliases
        return aliases.lookup(key)

    def _alias(self, who: Ours, key: str) -> OwnRoute | None:
        deliver = self.settings.deliver
        match self._look_up(who, key):
            case table.Unsure(why):
                return Defer(why, TABLE_TROUBLE)
            case table.Found() as found:
                route = expand(
                    found,
                    key=key,
                    home=home_domain(self.settings.routing) if who.is_virtual else who.domain,
                    router=VIRTUAL_ALIASES if who.is_virtual else SYSTEM_ALIASES,
                    read_list=self.tables.read_list,
                    may_do=deliver.alias_user_files if deliver.alias_user else (),
                )
                if not isinstance(route, Expanded):
                    return route
                return self._owned(route, who, key, is_in_file=bool(found.file))
        return None

    def _owned(self, route: Expanded, who: Ours, key: str, *, is_in_file: bool) -> Expanded | Defer:
        """With the owner of a list, who is told of what goes wrong behind it.

        Where a database cannot say whether there is one it waits: the wrong one would be told.  A
        line of a file that cannot be read keeps nobody waiting who stands in another.
        """
        name, at, domain = key.partition("@")
        if not name or name.startswith(OWNER):
            return route
        found = self._look_up(who, f"{OWNER}{name}{at}{domain}")
        if isinstance(found, table.Unsure) and not is_in_file:
            return Defer(found.why, TABLE_TROUBLE)
        if not isinstance(found, table.Found) or found.is_pattern:
            return route
        domain = domain or who.domain or self.settings.hostname
        return replace(route, owner=str(Mailbox(f"{OWNER}{name}", domain)))

    # Mailboxes

    def _mailbox(self, who: Ours, name: str) -> Local | User | Defer | None:
        if who.is_virtual:
            return self.mailbox_of(key_of_address(name, who.domain))
        user = self._user(name)
        if user is not None:
            return user
        found = mailbox_for(name, self.settings.routing.local_parts)
        return found if isinstance(found, Local) else None

    def _user(self, name: str) -> User | Defer | None:
        if not self.settings.routing.local_users:
            return None
        match find_user(name, self.find, self.settings.deliver.local_uid_min):
            case Account(account):
                return User(account)
            case Unsure(why):
                return Defer(f"user lookup did not complete: {why}", TABLE_TROUBLE)
        return None

    def mailbox_of(self, key: str) -> Local | Defer | None:
        """Of an address in a virtual domain, or of ``@domain``."""
        match self.tables.virtual_mailboxes.lookup(key):
            case table.Unsure(why):
                return Defer(why, TABLE_TROUBLE)
            case table.Found(value, where):
                mailbox = value.strip() or key
                if is_mailbox_name(mailbox):
                    return Local(mailbox, where=where)
                wanted = "want a name of a-z, 0-9, . _ + - and @"
                why = f"{where}: {mailbox[:80]!r} cannot be the name of a mailbox; {wanted}"
                return Defer(why, TABLE_TROUBLE)
        return None

    # Whoever was not found

    def _for_others(self, who: Ours, used: frozenset[str], *, is_final: bool) -> OwnRoute:
        if who.is_virtual and (answer := self._catch_all(who, used, is_final=is_final)):
            return answer
        if used and not is_final and any(key in used for key, _ in self._names(who)):
            return Fail(f"aliases go in a circle: {_shown(who)} leads back to itself", "5.4.6")
        return UNKNOWN if is_final else self._fallback(who)

    def _catch_all(self, who: Ours, used: frozenset[str], *, is_final: bool) -> OwnRoute | None:
        key = key_of_catch_all(who.domain)
        alias = None if is_final or key in used else self._alias(who, key)
        return alias or self.mailbox_of(key)

    def _fallback(self, who: Ours) -> OwnRoute:
        name = small(who.local_part)
        if who.is_virtual and name == POSTMASTER:
            return self._on_to(POSTMASTER, home_domain(self.settings.routing), POSTMASTER)
        if who.is_virtual:
            return UNKNOWN
        if name == ROOT:
            return self._on_to(POSTMASTER, who.domain, POSTMASTER)
        if catch_all := self.settings.routing.catch_all:
            mailbox = parse_mailbox(catch_all)
            assert isinstance(mailbox, Mailbox)  # the settings were checked
            return self._on_to(mailbox.local, mailbox.domain or who.domain, "catch_all")
        return UNKNOWN

    def _on_to(self, local_part: str, domain: str, router: str) -> Expanded:
        item = Item(Whom(Mailbox(local_part, domain)), router)
        return Expanded((item,), local_part, router, router)


def _shown(who: Ours) -> str:
    return str(Mailbox(who.local_part, who.domain))
