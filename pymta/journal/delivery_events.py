"""Lines about what became of a message, in the classic words.

=> user <user@example.org> R=local T=maildir
=> a@example.org R=mx T=smtp H=mx.example.org [192.0.2.1] C="250 2.0.0 queued"
-> b@example.org R=mx T=smtp H=mx.example.org [192.0.2.1] C="250 2.0.0 queued"
== a@example.org R=mx T=smtp defer (111): Connection refused H=mx.example.org [192.0.2.1]
** a@example.org R=mx T=smtp H=mx.example.org [192.0.2.1]: SMTP error from remote mail server …
Completed
"""

from __future__ import annotations

from dataclasses import dataclass

from pymta.journal.event import MAIN_AND_PANIC, Event, Kind
from pymta.mail.host import Host

USER = "pymta"


@dataclass(frozen=True, slots=True)
class Leg:
    """One recipient's way: "" where the way was not known, no `host` where none was asked.

    `mailbox` is set for a mailbox of ours.
    """

    id: str
    sender: str
    recipient: str
    router: str = ""
    transport: str = ""
    host: Host | None = None
    mailbox: str = ""

    @property
    def who(self) -> str:
        """The recipient with router and transport, as every line begins."""
        name = f"{self.mailbox} <{self.recipient}>" if self.mailbox else self.recipient
        router = f" R={self.router}" if self.router else ""
        transport = f" T={self.transport}" if self.transport else ""
        return f"{name}{router}{transport}"

    @property
    def at(self) -> str:
        return f" H={self.host}" if self.host else ""

    def fields(self, **more: str) -> dict[str, str]:
        fields = {"SENDER": self.sender, "RECIPIENT": self.recipient}
        if self.router:
            fields["ROUTER"] = self.router
        if self.transport:
            fields["TRANSPORT"] = self.transport
        if self.host:
            fields["HOST"] = self.host.name
            fields["HOST_ADDRESS"] = str(self.host.address)
            fields["HOST_PORT"] = str(self.host.port)
        return fields | more


def delivered(leg: Leg, confirmation: str = "", *, is_further: bool = False) -> Event:
    """`is_further`: not the first recipient of one SMTP transaction."""
    mark = "->" if is_further else "=>"
    quoted = confirmation.replace("\\", "\\\\").replace('"', '\\"')
    said = f' C="{quoted}"' if confirmation else ""
    fields = leg.fields(REPLY=confirmation) if confirmation else leg.fields()
    return Event(Kind.DELIVERED, f"{mark} {leg.who}{leg.at}{said}", leg.id, fields)


def deferred(leg: Leg, number: int, error: str, why: str) -> Event:
    """`number` and `error` are an errno and its text, or a negative number and ""."""
    named = f": {error}" if error else ""
    more = f": {why}" if why else ""
    text = f"== {leg.who} defer ({number}){named}{leg.at}{more}"
    fields = leg.fields(ERRNO=str(number), WHY=": ".join(t for t in (error, why) if t))
    return Event(Kind.DEFERRED, text, leg.id, fields)


def left_to_queue_runs(leg: Leg) -> Event:
    """Not tried at once (N-42): its domain waits, or where the route is known, SMTP."""
    if leg.transport:
        why = "first-pass only routing due to -odqs, queue_smtp_domains or control=queue"
        return Event(Kind.QUEUED, f"== {leg.who} defer (0): {why}", leg.id, leg.fields(WHY=why))
    why = "domain is in queue_domains"
    text = f"== {leg.who} defer (-56): {why}"
    return Event(Kind.QUEUED, text, leg.id, leg.fields(WHY=why), selector="retry_defer")


def failed(leg: Leg, why: str) -> Event:
    return Event(Kind.FAILED, f"** {leg.who}{leg.at}: {why}", leg.id, leg.fields(WHY=why))


def bounced(id: str, about: str, recipient: str, size: int) -> Event:
    """A report about message `about` has come into being as message `id`."""
    fields = {"SENDER": "", "RECIPIENT": recipient, "ABOUT": about, "SIZE": str(size)}
    return Event(Kind.BOUNCED, f"<= <> R={about} U={USER} P=local S={size}", id, fields)


def completed(id: str) -> Event:
    return Event(Kind.COMPLETED, "Completed", id)


def frozen(id: str) -> Event:
    return Event(Kind.FROZEN, "Frozen (delivery error message)", id)


def thawed(id: str) -> Event:
    return Event(Kind.FROZEN, "Unfrozen by forced delivery", id)


def is_frozen(id: str) -> Event:
    return Event(Kind.FROZEN, "Message is frozen", id, selector="skip_delivery")


def locked(id: str) -> Event:
    text = "Spool file is locked (another process is handling this message)"
    return Event(Kind.QUEUED, text, id, selector="skip_delivery")


def spool_trouble(id: str, why: str) -> Event:
    """The disk refused.  Deliveries that could not be recorded are made again."""
    return Event(Kind.TROUBLE, f"delivery stopped: {why}", id, streams=MAIN_AND_PANIC)


def no_place(why: str) -> Event:
    """The files that bound the deliveries on this host cannot be used."""
    return Event(Kind.TROUBLE, f"delivery process cannot start: {why}", streams=MAIN_AND_PANIC)


def crashed(id: str, trace: str) -> Event:
    """A mistake of ours; the message stays in the queue."""
    last = trace.strip().rpartition("\n")[2]
    return Event(
        Kind.TROUBLE,
        f"delivery process failed, the message stays queued: {last}",
        id,
        fields={"TRACEBACK": trace},
        streams=MAIN_AND_PANIC,
    )
