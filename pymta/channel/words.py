"""The words themselves, and how each looks as a packet.

A child may outlive a reload into another version of the program.  So what a child says keeps its
look, and new things get new letters; a parent says nothing but `Drain` to children of before, and
`Verdict` to one that has asked.
"""

from __future__ import annotations

from ipaddress import ip_address

from pymta.channel.reach import Reach
from pymta.config.roles import LOCAL, SMTP
from pymta.dataclass import dataclass
from pymta.load.reading import NOTHING, Load, as_word, from_word
from pymta.mail.caller import Address, Endpoint, LocalCaller, address_of, text_of

LONGEST = 512  # bytes: a letter, an id of 23, a domain of at most 255, a queue name of at most 64
# The last word of a delivery worker is its exit status: EX_TEMPFAIL says that other processes hold
# every place of deliver_max, and that it has read no order.
NO_PLACE = 75


@dataclass(frozen=True, slots=True)
class HandOn:
    """Child to parent: this message is safe in the spool, deliver it now.

    `destination` is "" when every recipient is local, else the domain of a remote one: all that
    the supervisor needs to keep one slow destination from holding every delivery worker.
    `reach` is NEW or NO_SMTP, `queue` where it waits.
    """

    id: str
    destination: str = ""
    reach: Reach = Reach.NEW
    queue: str = ""


@dataclass(frozen=True, slots=True)
class Short:
    """Session to parent: a MAIL was put off for want of disk space; `why` is the line to log."""

    why: str


@dataclass(frozen=True, slots=True)
class Etrn:
    """Session to parent: have the mail for this domain delivered.

    `domain` is in small letters, with an @ before it where its subdomains are meant as well.
    """

    domain: str


@dataclass(frozen=True, slots=True)
class PolicyFailed:
    """Session to parent: a function of the operator's own went wrong; `rule` is its name."""

    rule: str


@dataclass(frozen=True, slots=True)
class Done:
    """Child to parent: the connection has ended; `status` is what an exit would say (SS-03).

    `stays`: the worker has not ended; it waits for another connection, or for its leave.
    """

    status: int
    stays: bool = False


@dataclass(frozen=True, slots=True)
class Proxied:
    """Session to parent: behind the proxy is `caller`, who came in at `local`.  Is he let in?"""

    caller: Endpoint
    local: Endpoint


@dataclass(frozen=True, slots=True)
class Named:
    """Session to parent: the host that called speaks for this client from now on (XCLIENT)."""

    client: Address


@dataclass(frozen=True, slots=True)
class Verdict:
    """Parent to session, on `Proxied` and `Named`: he is let in, or hears `reply`.

    `policy_is_out` as of `Serve`, for the client who was named.
    """

    reply: str = ""
    policy_is_out: bool = False


@dataclass(frozen=True, slots=True)
class Serve:
    """Parent to session worker: the next connection, whose descriptor comes with the word.

    `local` is our end, None for a caller of this machine over AF_UNIX.

    `others` are the connections that were open when this one was admitted (CP-06).

    `id` is that of the connection (N-29).  `load` is what the supervisor read then, of what
    smtp_load_reserve and smtp_pressure_reserve limit (LM-08).  `starts_tls`: TLS begins before the
    greeting (PT-05).  `role` is that of the socket he came in by (`pymta.config.roles`), and
    `family` the one of its addresses, as `socket` has it.
    `is_proxied`: `caller` is a proxy that is to say who the client is (N-13).
    `policy_is_out`: functions of the operator's own have failed too often and are not to be asked.
    """

    caller: Endpoint | LocalCaller
    local: Endpoint | None
    others: int
    id: str = ""
    load: Load = NOTHING
    starts_tls: bool = False
    role: str = SMTP
    is_proxied: bool = False
    policy_is_out: bool = False
    family: int = 0


@dataclass(frozen=True, slots=True)
class Deliver:
    """Parent to delivery worker: attempt this message."""

    id: str
    reach: Reach = Reach.NEW


@dataclass(frozen=True, slots=True)
class Attempted:
    """Delivery worker to parent: finished with this message, whatever came of it."""

    id: str


@dataclass(frozen=True, slots=True)
class Counted:
    """Child to parent: so many messages are in the queue, the oldest for `oldest` seconds."""

    messages: int
    oldest: int = 0


@dataclass(frozen=True, slots=True)
class Renewed:
    """Session to parent: a file of a certificate looks otherwise than when it was read."""


@dataclass(frozen=True, slots=True)
class Drain:
    """Parent to child: finish what you are doing, start nothing new."""


Word = (
    HandOn
    | Short
    | PolicyFailed
    | Etrn
    | Done
    | Proxied
    | Named
    | Verdict
    | Serve
    | Deliver
    | Attempted
    | Counted
    | Renewed
    | Drain
)


def encode(word: Word) -> bytes:  # noqa: PLR0912 - one for each word
    match word:
        case HandOn(id, destination, reach, queue):
            letter = "Q" if reach is Reach.NO_SMTP else "H"
            return f"{letter}{id} {destination} {queue}".encode("ascii")
        case Short(why):
            return f"M{why}".encode("ascii", "replace")[:LONGEST]
        case PolicyFailed(rule):
            return b"F" + rule.encode("ascii")
        case Etrn(domain):
            return b"T" + domain.encode("ascii")
        case Done(status, stays):
            return b"%c%d" % (b"R" if stays else b"E", status)
        case Serve():
            return _serve(word).encode("ascii")
        case Proxied(caller, local):
            return f"P{_ends(caller, local)}".encode("ascii")
        case Named(client):
            return f"W{client}".encode("ascii")
        case Verdict(reply, is_out):
            return f"{'O' if is_out else 'V'}{reply}".encode("ascii")
        case Deliver(id, reach):
            return f"D{reach}{id}".encode("ascii")
        case Attempted(id):
            return b"A" + id.encode("ascii")
        case Counted(messages, oldest):
            return b"N%d %d" % (messages, oldest)
        case Renewed() | Drain():
            return b"C" if isinstance(word, Renewed) else b"X"


def decode(packet: bytes) -> Word:  # noqa: PLR0912 - likewise
    """Read one packet; ValueError when it is none of ours (a bug in our own program)."""
    letter, argument = packet[:1], packet[1:].decode("ascii")
    match letter:
        case b"H" | b"Q":
            id, _, rest = argument.partition(" ")
            destination, _, queue = rest.partition(" ")
            return HandOn(id, destination, Reach.NO_SMTP if letter == b"Q" else Reach.NEW, queue)
        case b"M":
            return Short(argument)
        case b"F":
            return PolicyFailed(argument)
        case b"T":
            return Etrn(argument)
        case b"E" | b"R":
            return Done(int(argument), stays=letter == b"R")
        case b"S":
            family, others, *ends, id, load, tls, proxied, out, role = argument.split(" ", 11)
            caller, local = _two_ends(*ends)
            facts = (int(others), id, from_word(load), tls == "1", role, proxied == "1", out == "1")
            return Serve(caller, local, *facts, int(family))
        case b"P":
            return Proxied(*_two_ends(*argument.split(" ")))
        case b"W":
            return Named(ip_address(argument))
        case b"V" | b"O":
            return Verdict(argument, policy_is_out=letter == b"O")
        case b"L":
            family, others, uid, gid, pid, id, load, out = argument.split(" ")
            caller_here = LocalCaller(int(uid), int(gid), int(pid))
            facts = (int(others), id, from_word(load), False, LOCAL, False, out == "1")
            return Serve(caller_here, None, *facts, int(family))
        case b"D":
            return Deliver(argument[1:], Reach(argument[:1]))
        case b"A":
            return Attempted(argument)
        case b"N":
            messages, _, oldest = argument.partition(" ")
            return Counted(int(messages), int(oldest or 0))
        case b"C" | b"X":
            return Renewed() if letter == b"C" else Drain()
    raise ValueError(f"not a channel packet: {packet!r}")


def _serve(word: Serve) -> str:
    load, is_out = as_word(word.load), word.policy_is_out
    if isinstance(here := word.caller, LocalCaller):
        facts = f"{here.uid} {here.gid} {here.pid} {word.id} {load} {is_out:d}"
        return f"L{word.family} {word.others} {facts}"
    assert word.local
    facts = f"{load} {word.starts_tls:d} {word.is_proxied:d} {is_out:d} {word.role}"
    return f"S{word.family} {word.others} {_ends(here, word.local)} {word.id} {facts}"


def _ends(caller: Endpoint, local: Endpoint) -> str:
    return f"{text_of(caller.address)} {caller.port} {text_of(local.address)} {local.port}"


def _two_ends(caller: str, caller_port: str, local: str, port: str) -> tuple[Endpoint, Endpoint]:
    return Endpoint(address_of(caller), int(caller_port)), Endpoint(address_of(local), int(port))
