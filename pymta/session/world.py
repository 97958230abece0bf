"""What a session needs of the world, handed in: so that a test can hand in another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pymta.accounts.account import Find, nobody
from pymta.channel.words import Etrn, HandOn, Named, Proxied, Short, Verdict
from pymta.hints.clients import Clients
from pymta.hints.no_clients import NoClients
from pymta.journal.debug import Debug
from pymta.journal.event import Event
from pymta.load.reading import NOTHING, Load, Room
from pymta.mail.caller import Address, Endpoint
from pymta.policy.decision import Explain, nobody_asks
from pymta.policy.judge import Judge
from pymta.policy.tables import Tables
from pymta.resolver.reverse import Hosts
from pymta.sasl.exchange import BackEnd
from pymta.sasl.in_order import InOrder
from pymta.session.caller import Dns
from pymta.session.stop import Stop
from pymta.session.visit import Visit
from pymta.spool.store import Spool
from pymta.tables.address_tables import NO_TABLES, AddressTables


def _nobody(_: HandOn | Short | Etrn) -> bool:
    return False


def _let_in(_: Proxied | Named) -> Verdict:
    return Verdict()


@dataclass(slots=True)
class World:
    """Made before the first fork; each process then sets `hand_on`, `put_off`, `ask_run` and
    `judge`.

    `now` gives seconds since the epoch, `date` writes them as mail does, in local time.

    `dns`, `hosts` (the hosts file), `is_ours` and `ask_ident` find out about the client.
    `find` asks the system for an account, `name_of` for the name of one by its number;
    `address_tables` say who else is here.
    `clients` is what is remembered of callers over their connections.
    `back_end` checks logins; without one there are none.
    `tell` writes to the log.  `hand_on` gives an id to the supervisor without waiting; whether it
    was heard makes no difference here, because an id that nobody heard is safe in the spool.
    `put_off` tells it of a message for which there was no room, `ask_run` of a domain whose
    mail somebody wants.  `judge` asks it about a client whom a proxy or XCLIENT has named, and
    waits for what it says.  `read_load` reads what queue_only_load and queue_only_pressure limit,
    `log_room` what is free where the log is written, None where nobody need ask.
    `tables` are the rules of policy, None where there are none; `own_judge` has functions of the
    operator's own.
    `explain` hears what settings have decided, in a session that nobody is served in.
    `debug` is there when somebody watches sessions, `debug_daemon` also when he only wants to see
    what the daemon does (-dd).
    """

    spool: Spool
    tell: Callable[[Event], None]
    dns: Dns
    hosts: Callable[[], Hosts]
    is_ours: Callable[[Address], bool]
    ask_ident: Callable[[Endpoint, Endpoint, float], str]
    now: Callable[[], float]
    date: Callable[[float], str]
    find: Find = nobody
    address_tables: AddressTables = NO_TABLES
    back_end: BackEnd = field(default_factory=InOrder)
    clients: Clients = field(default_factory=NoClients)
    name_of: Callable[[int], str] = str
    hand_on: Callable[[HandOn], object] = _nobody
    put_off: Callable[[Short], object] = _nobody
    ask_run: Callable[[Etrn], object] = _nobody
    judge: Callable[[Proxied | Named], Verdict | Stop] = _let_in
    tables: Tables | None = None
    own_judge: Callable[[Visit], Judge] | None = None
    read_load: Callable[[], Load] = lambda: NOTHING
    log_room: Callable[[], Room | None] = lambda: None
    explain: Explain = nobody_asks
    debug: Debug | None = None
    debug_daemon: Debug | None = None
