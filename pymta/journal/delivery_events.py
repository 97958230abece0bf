"""Lines about what became of a message, in the classic words.

=> user <user@example.org> R=local T=maildir
=> a@example.org R=mx T=smtp H=mx.example.org [192.0.2.1] C="250 2.0.0 queued"
-> b@example.org R=mx T=smtp H=mx.example.org [192.0.2.1] C="250 2.0.0 queued"
== a@example.org R=mx T=smtp defer (111): Connection refused H=mx.example.org [192.0.2.1]
** a@example.org R=mx T=smtp H=mx.example.org [192.0.2.1]: SMTP error from remote mail server …
Completed

Log selectors add to them, each at its place (N-39); the fields tell the same whatever they say:

=> a@example.org F=<s@x.example> P=<s@x.example> R=mx T=smtp S=1234
   H=mx.example.org [192.0.2.1]:25* I=[198.51.100.7]:40112
   X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=yes PS=ee L A=PLAIN C="250 2.0.0 queued" QT=2s DT=1s
"""

from __future__ import annotations

from collections.abc import Sequence

from pymta.config.journal import Journal
from pymta.config.selectors import is_shown_port
from pymta.dataclass import dataclass
from pymta.journal.event import MAIN_AND_PANIC, Event, Kind, Value
from pymta.journal.origin import tls_mark
from pymta.journal.parts import USUAL, elapsed, quoted
from pymta.mail.caller import Endpoint
from pymta.mail.host import Host
from pymta.tls.facts import Facts

USER = "pymta"
MOST_NAMED = 20  # to whom an alias leads, in one line
NOT_YET = -51  # a deferral of this number or below: the way was not tried at all


@dataclass(frozen=True, slots=True)
class Leg:
    """One recipient's way: "" where the way was not known, no `host` where none was asked.

    `mailbox` is set for a mailbox of ours; `queue` is "" for the default one.  `original` is the
    recipient of the envelope in place of whom this one has the message, "" when it is that one.
    `return_path` is the sender that the host was told, "" where it is `sender`.
    `local` is our end of the connection, `greeted` the letters of protocol_detail, `has_pipelined`
    whether commands went out in groups; `tls` is what was agreed on, `login` the mechanism of ours,
    and `is_reused` says that it was not the first message over that connection; `converted` is 7bit
    or 8bit where the host does not take the message as it is, and got another.  `size` is in
    octets; `took` and `waited` are seconds, of this attempt and since the message came.
    """

    id: str
    sender: str
    recipient: str
    router: str = ""
    transport: str = ""
    host: Host | None = None
    mailbox: str = ""
    queue: str = ""
    local: Endpoint | None = None
    greeted: str = ""
    has_pipelined: bool = False
    tls: Facts | None = None
    login: str = ""
    is_reused: bool = False
    converted: str = ""
    size: int = 0
    took: float = 0.0
    waited: float = 0.0
    original: str = ""
    return_path: str = ""

    @property
    def name(self) -> str:
        name = self.mailbox or self.recipient
        parent = self.original or (self.recipient if self.mailbox else "")
        return f"{name} <{parent}>" if parent else name

    def origin(self, journal: Journal) -> str:
        """F=, Q= and P=.  The return path is chosen with the transport."""
        on = journal.selected
        sender = f" F=<{self.sender}>" if "sender_on_delivery" in on else ""
        has_path = self.transport and "return_path_on_delivery" in on
        return (
            sender + self.waits_in + (f" P=<{self.return_path or self.sender}>" if has_path else "")
        )

    @property
    def waits_in(self) -> str:
        """Q=, of a message in a named queue (N-16)."""
        return f" Q={self.queue}" if self.queue else ""

    @property
    def way(self) -> str:
        router = f" R={self.router}" if self.router else ""
        return router + (f" T={self.transport}" if self.transport else "")

    def at(self, journal: Journal) -> str:
        """H= and I=; for I= the classic daemon wants two selectors.  A star: the connection had
        carried a message before.
        """
        if not self.host:
            return ""
        text = f" H={self.host.name} [{self.host.address}]{_port(self.host.port, journal)}"
        text += "*" if self.is_reused else ""
        on = journal.selected
        if self.local and "incoming_interface" in on and "outgoing_interface" in on:
            text += f" I=[{self.local.address}]{_port(self.local.port, journal)}"
        return text + tls_mark(self.tls, on)

    def protocol(self, journal: Journal) -> str:
        """PS=, which deliveries and failures have."""
        return (
            f" PS={self.greeted}" if self.greeted and "protocol_detail" in journal.selected else ""
        )

    def delivery_time(self, journal: Journal) -> str:
        return f" DT={elapsed(self.took, journal)}" if "deliver_time" in journal.selected else ""

    def fields(self, **more: str) -> dict[str, str]:
        fields = {"SENDER": self.sender, "RECIPIENT": self.recipient}
        if self.queue:
            fields["QUEUE"] = self.queue
        if self.original:
            fields["ORIGINAL_RECIPIENT"] = self.original
        if self.router:
            fields["ROUTER"] = self.router
        if self.transport:
            fields["TRANSPORT"] = self.transport
        if self.host:
            fields["HOST"] = self.host.name
            fields["HOST_ADDRESS"] = str(self.host.address)
            fields["HOST_PORT"] = str(self.host.port)
        if self.local:
            fields["LOCAL_ADDRESS"] = str(self.local.address)
            fields["LOCAL_PORT"] = str(self.local.port)
        if self.tls:
            fields["TLS"] = self.tls.text
            fields["TLS_PROOF"] = self.tls.proof
        if self.login:
            fields["MECHANISM"] = self.login
        return fields | {"DELIVER_TIME": f"{self.took:.3f}"} | more


def delivered(
    leg: Leg, confirmation: str = "", *, is_further: bool = False, journal: Journal = USUAL
) -> Event:
    """`is_further`: not the first recipient of one SMTP transaction."""
    on = journal.selected
    text = (
        f"{'->' if is_further else '=>'} {leg.name}{leg.origin(journal)}{leg.way}"
        + (f" S={leg.size}" if "delivery_size" in on else "")
        + f"{leg.at(journal)}{leg.protocol(journal)}"
        + (f" A={leg.login}" if leg.login else "")
        + (" L" if leg.has_pipelined and "pipelining" in on else "")
        + (f" CONV={leg.converted}" if leg.converted else "")
        + (f" C={quoted(confirmation)}" if confirmation and "smtp_confirmation" in on else "")
        + (f" QT={elapsed(leg.waited, journal)}" if "queue_time" in on else "")
        + leg.delivery_time(journal)
    )
    fields = leg.fields(SIZE=str(leg.size), QUEUE_TIME=f"{leg.waited:.3f}")
    if leg.converted:
        fields["CONVERTED"] = leg.converted
    if confirmation:
        fields["REPLY"] = confirmation
    return Event(Kind.DELIVERED, text, leg.id, fields)


def deferred(leg: Leg, number: int, error: str, why: str, *, journal: Journal = USUAL) -> Event:
    """`number` and `error` are an errno and its text, or a negative number and ""."""
    named = f": {error}" if error else ""
    more = f": {why}" if why else ""
    tail = f"{leg.at(journal)}{leg.delivery_time(journal)}{more}"
    text = f"== {leg.name}{leg.waits_in}{leg.way} defer ({number}){named}{tail}"
    fields = leg.fields(ERRNO=str(number), WHY=": ".join(t for t in (error, why) if t))
    return Event(
        Kind.DEFERRED, text, leg.id, fields, selector="retry_defer" if number <= NOT_YET else ""
    )


def redirected(id: str, account: str, recipient: str, to: Sequence[str]) -> Event:
    """The .forward of this user has been followed; those it names have lines of their own."""
    text = f"{account} <{recipient}> has the message sent on to {', '.join(to)}"
    where = f"the .forward of {account}"
    return Event(Kind.REDIRECTED, text, id, _on_to(recipient, to, where))


def expanded(id: str, where: str, recipient: str, to: Sequence[str]) -> Event:
    """An alias has been followed, that stands there."""
    named = ", ".join(to[:MOST_NAMED])
    more = f" and {len(to) - MOST_NAMED} more" if len(to) > MOST_NAMED else ""
    text = f"<{recipient}> leads to {named}{more}, by {where}"
    return Event(Kind.REDIRECTED, text, id, _on_to(recipient, to, where))


def _on_to(recipient: str, to: Sequence[str], where: str) -> dict[str, Value]:
    return {"RECIPIENT": recipient, "TO": tuple(to), "WHERE": where}


def left_to_queue_runs(leg: Leg) -> Event:
    """Not tried at once (N-42): its domain waits, or where the route is known, SMTP."""
    who = f"== {leg.name}{leg.waits_in}{leg.way}"
    if leg.transport:
        why = "first-pass only routing due to -odqs, queue_smtp_domains or control=queue"
        return Event(Kind.QUEUED, f"{who} defer (0): {why}", leg.id, leg.fields(WHY=why))
    why = "domain is in queue_domains"
    text = f"{who} defer (-56): {why}"
    return Event(Kind.QUEUED, text, leg.id, leg.fields(WHY=why), selector="retry_defer")


def failed(leg: Leg, why: str, *, journal: Journal = USUAL) -> Event:
    way = f"{leg.origin(journal)}{leg.way}{leg.at(journal)}{leg.protocol(journal)}"
    text = f"** {leg.name}{way}: {why}{leg.delivery_time(journal)}"
    return Event(Kind.FAILED, text, leg.id, leg.fields(WHY=why))


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report about message `about` that has come into being as message `id`.

    `message_id` is what stands in its Message-ID field, `queue` the queue that it waits in.
    """

    id: str
    about: str
    recipient: str
    size: int
    message_id: str = ""
    queue: str = ""


def bounced(bounce: Bounce, *, journal: Journal = USUAL) -> Event:
    on = journal.selected
    text = (
        f"<= <> R={bounce.about} U={USER} P=local S={bounce.size}"
        + (f" Q={bounce.queue}" if bounce.queue else "")
        + (f" id*={bounce.message_id}" if "msg_id_created" in on else "")
        + (" from <>" if "received_sender" in on else "")
        + (f" for {bounce.recipient}" if "received_recipients" in on else "")
    )
    fields = {
        "SENDER": "",
        "RECIPIENT": bounce.recipient,
        "ABOUT": bounce.about,
        "SIZE": str(bounce.size),
        "MESSAGE_ID_HEADER": bounce.message_id,
    }
    if bounce.queue:
        fields["QUEUE"] = bounce.queue
    return Event(Kind.BOUNCED, text, bounce.id, fields)


def completed(id: str, sender: str, waited: float, *, journal: Journal = USUAL) -> Event:
    """`waited` are the seconds since the message came."""
    time = f" QT={elapsed(waited, journal)}" if "queue_time_overall" in journal.selected else ""
    fields = {"SENDER": sender, "QUEUE_TIME": f"{waited:.3f}"}
    return Event(Kind.COMPLETED, f"Completed{time}", id, fields)


def frozen(id: str, sender: str) -> Event:
    return Event(Kind.FROZEN, "Frozen (delivery error message)", id, {"SENDER": sender})


def thawed(id: str, sender: str, by: str) -> Event:
    """`by` is "forced delivery", "errmsg timer" or "auto-thaw"."""
    return Event(Kind.THAWED, f"Unfrozen by {by}", id, {"SENDER": sender})


def cancelled(id: str, sender: str, option: str) -> Event:
    """By the clock of this option; each recipient has a line of his own."""
    fields = {"SENDER": sender, "OPTION": option}
    return Event(Kind.EXPIRED, f"cancelled by {option}", id, fields)


def ignored(id: str, sender: str, recipient: str) -> Event:
    """It failed, nobody can be told, and it is not kept for an operator any longer."""
    fields = {"SENDER": sender, "RECIPIENT": recipient}
    return Event(Kind.IGNORED, f"{recipient}: error ignored", id, fields)


def is_frozen(id: str, sender: str) -> Event:
    fields = {"SENDER": sender}
    return Event(Kind.SKIPPED, "Message is frozen", id, fields, selector="skip_delivery")


def is_held(id: str, sender: str) -> Event:
    fields = {"SENDER": sender}
    return Event(Kind.SKIPPED, "Message is held", id, fields, selector="skip_delivery")


def locked(id: str) -> Event:
    text = "Spool file is locked (another process is handling this message)"
    return Event(Kind.SKIPPED, text, id, selector="skip_delivery")


def spool_trouble(id: str, why: str) -> Event:
    """The disk refused.  Deliveries that could not be recorded are made again."""
    return Event(Kind.SPOOL_TROUBLE, f"delivery stopped: {why}", id, streams=MAIN_AND_PANIC)


def no_words(path: str, why: str) -> Event:
    """The file that words reports; they go out with ours."""
    return Event(Kind.REPORT_WORDS, f"report text {path} is not used: {why}", fields={"WHY": why})


def no_place(why: str) -> Event:
    """The files that bound the deliveries on this host cannot be used."""
    text = f"delivery process cannot start: {why}"
    return Event(Kind.SPOOL_TROUBLE, text, streams=MAIN_AND_PANIC)


def crashed(id: str, trace: str) -> Event:
    """A mistake of ours; the message stays in the queue."""
    last = trace.strip().rpartition("\n")[2]
    return Event(
        Kind.PROCESS_FAILED,
        f"delivery process failed, the message stays queued: {last}",
        id,
        fields={"TRACEBACK": trace},
        streams=MAIN_AND_PANIC,
    )


def _port(port: int, journal: Journal) -> str:
    is_shown = "outgoing_port" in journal.selected and is_shown_port(port, journal.log_ports)
    return f":{port}" if is_shown else ""
