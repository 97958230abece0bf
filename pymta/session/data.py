"""DATA and BDAT: the message into the spool, block by block, and the verdict on it.

`begin` takes a place in the spool, before 354 is said.  Each part goes to `Reception.take`, the
last one brings the answer.  250 is only said after `commit` has returned: file and directory are
synced then.  Once a message is refused its file goes at once and the rest is swallowed.

The order of the questions at the end: did the disk fail, was it too large, may it be smuggled
text (bare CR or LF), is it in a loop, is its header out of all proportion, what does policy say?

The last one, right before the commit: is the client still there?  (RFC 1047.)  Whoever has shut
down its way to us by then counts as gone: it could be told from one that has closed the connection
only when our 250 fails, which is too late.

Touches: disk.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace

from pymta import __version__
from pymta.channel.reach import Reach
from pymta.channel.words import HandOn
from pymta.config.journal import Journal
from pymta.dataclass import dataclass
from pymta.journal.arrival_events import arrived
from pymta.journal.event import Event
from pymta.journal.policy_events import message_discarded
from pymta.journal.session_events import SIZE, message_refused, spool_trouble
from pymta.mail import completion
from pymta.mail.caller import LocalCaller
from pymta.mail.completion import NOTHING_ADDED
from pymta.mail.edits import Edit
from pymta.mail.envelope import Envelope
from pymta.mail.header import HeaderScanner
from pymta.mail.header_fields import FieldCollector, fields_of
from pymta.mail.reply import Reply
from pymta.mail.trace import received_field, registered
from pymta.mail.unstructured import text_of
from pymta.policy.decision import Decision
from pymta.policy.facts import Message
from pymta.session import own_user, policy, rewriting, submission
from pymta.session.answer import Answer
from pymta.session.mail_from import NO_ROOM, TOO_BIG
from pymta.session.transaction import Discarded
from pymta.session.visit import Visit
from pymta.session.world import World
from pymta.smtp.newlines import ProperNewlines
from pymta.smtp.parameters import LOCAL_ONLY
from pymta.smtp.server import BodyPart
from pymta.spool.store import Intake, Seal, SpoolError

KEPT = frozenset(
    {*completion.NEEDED, *submission.ORIGIN, *own_user.RESENT}
)  # fields of mail of users
GO_AHEAD = Reply(354, 'Enter message, ending with "." on a line by itself')
# RFC 1047: who hung up while we thought it over has not heard 250, and will send it again.
GONE = Answer(Reply(421, "nobody hears this", "4.4.2"))
_LATER = Reply(451, "Temporary local problem - please try later", "4.3.0")
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Refusal:
    """`drops`: policy wants the connection closed, too."""

    reply: Reply
    event: Event
    drops: bool = False


def begin(visit: Visit, world: World, has_gone: Callable[[], bool]) -> Reception | Answer:
    """The way in for one message, or the reply when the spool has no place for it.

    `has_gone` says whether the client has hung up.
    """
    envelope = visit.transaction.envelope(world.now(), visit.client(), visit.queue)
    try:
        intake = world.spool.begin(envelope)
    except SpoolError as error:
        return Answer(_spool_reply(error), events=(_spool_event(visit, "", error),))
    return Reception(visit, world, envelope, intake, has_gone)


class Reception:
    """One message on its way in.  `abandon` when the client goes before the end."""

    def __init__(
        self,
        visit: Visit,
        world: World,
        envelope: Envelope,
        intake: Intake,
        has_gone: Callable[[], bool],
    ) -> None:
        self._visit = visit
        self._world = world
        self._envelope = envelope
        self._intake = intake
        self.id, self.sender = intake.id, envelope.sender
        self._has_gone = has_gone
        largest, keep = visit.settings.session.header_maxsize, KEPT if visit.author else frozenset()
        self._header = HeaderScanner(largest, keep)
        self._added = NOTHING_ADDED  # what the message of a user lacks
        self._fields = FieldCollector() if visit.judges else None
        # RFC 3030 s3: in BINARYMIME CR and LF stand where they like, and mean what they mean.
        does_fix = visit.fixes_newlines and not envelope.is_binary
        self._newlines = ProperNewlines() if does_fix else None
        self._left_out = own_user.filter_of(visit)
        self._whole_header = rewriting.keeper(visit)
        self._edits: tuple[Edit, ...] = ()
        self._size = 0
        self._is_chunked = False
        self.refusal: Refusal | None = None
        self.accepted: HandOn | None = None  # set when the message is safe

    @property
    def _date(self) -> str:
        return self._world.date(self._envelope.received_at)

    @property
    def _message_id(self) -> str:
        return self._header.message_id or self._added.message_id

    def take(self, part: BodyPart) -> Answer | None:
        """The next part; the answer with the last one."""
        data = part.data
        if self._newlines is not None:
            data = self._newlines.feed(data, is_proper=not part.has_bare_newline)
            data += self._newlines.finish() if part.is_last else b""
        if self._left_out is not None:
            data = self._left_out.feed(data)
            data += self._left_out.finish() if part.is_last else b""
        self._size += len(data)
        if self.refusal is None:
            self._write(data, is_last=part.is_last)
        if self.refusal is None:
            self.refusal = self._objection(part)
        if self.refusal is not None:
            self.abandon()
        return self._end(part) if part.is_last else None

    def announce(self, octets: int) -> None:
        """So many are to come now (BDAT).  Too many are not waited for before they are refused."""
        self._is_chunked = True
        limit = self._visit.size_limit.octets
        if self.refusal is None and limit and self._size + octets > limit:
            self.refusal = self._too_big(self._size + octets)
            self.abandon()

    @property
    def refused(self) -> Answer | None:
        """The answer, if it was refused by now."""
        if self.refusal is None:
            return None
        return Answer(self.refusal.reply, events=(self.refusal.event,))

    def abandon(self) -> None:
        """Nothing of it remains.  Harmless after a commit."""
        self._intake.abandon()

    def _write(self, data: bytes, *, is_last: bool) -> None:
        self._header.feed(data)
        if is_last:
            self._header.finish()
        if self._whole_header:
            self._whole_header.feed(data)
        if self._fields:
            self._fields.feed(data)
        try:
            self._intake.write(data)
        except SpoolError as error:
            self.refusal = self._spool_refusal(error)

    def _objection(self, part: BodyPart) -> Refusal | None:
        settings = self._visit.settings.session
        limit = self._visit.size_limit.octets
        if limit and self._size > limit:
            return self._too_big(self._size)
        if part.has_bare_newline and not (self._newlines or self._envelope.is_binary):
            text = "bare CR or LF in message: lines must end with CRLF"
            return self._refuse(Reply(550, text, "5.6.0"), text)
        if self._header.received > settings.received_headers_max:
            text = 'Too many "Received" headers - suspected mail loop'
            self._explain("received_headers_max", text)
            return self._refuse(Reply(554, text, "5.4.6"), text)
        if self._header.is_too_large:
            text = "message header section too large"
            self._explain("header_maxsize", text)
            return self._refuse(Reply(552, text, "5.3.4"), text)
        if self._header.fields > settings.header_fields_max:
            text = "too many header fields"
            self._explain("header_fields_max", text)
            return self._refuse(Reply(552, text, "5.3.4"), text)
        return None

    def _too_big(self, octets: int) -> Refusal:
        limit = self._visit.size_limit.octets
        why = f"message too big: read={octets} max={limit}"
        option, item = self._visit.size_limit_place
        self._explain(option, why, item)
        return self._refuse(TOO_BIG, why, selector=SIZE)

    def _explain(self, option: str, why: str, item: tuple[str, ...] = ()) -> None:
        self._world.explain(Decision(option, why, item))

    def _end(self, part: BodyPart) -> Answer:
        refusal = self.refusal or self._wrong_origin()
        if refusal is None:  # before policy, which must not miss what we add
            self._added = submission.added(self._visit, self._header, self.id, self._date)
        refusal = refusal or self._judge(part) or self._rewrite()
        if refusal is None and (discarded := self._visit.transaction.whole_discarded):
            return self._discard(discarded)
        if refusal is None and self._has_gone():
            return GONE
        refusal = refusal or self._commit(part)
        if refusal is not None:
            self.abandon()
            return Answer(refusal.reply, events=(refusal.event,), drops=refusal.drops)
        self._visit.accepted += 1
        asked = self._visit.transaction.asked
        no_smtp = self._visit.mode.no_smtp or asked.delivery == LOCAL_ONLY
        reach = Reach.NO_SMTP if no_smtp else Reach.NEW
        domain = "" if asked.delivery else self._visit.transaction.remote_domain
        self.accepted = HandOn(self.id, domain, reach, self._envelope.queue_name)
        return Answer(Reply(250, f"OK id={self.id}", "2.0.0"), events=(self._arrival(),))

    def _wrong_origin(self) -> Refusal | None:
        why = submission.wrong_origin(self._visit, self._header, self._world.explain)
        return self._refuse(Reply(550, why, "5.7.1"), why) if why else None

    def _judge(self, part: BodyPart) -> Refusal | None:
        """What policy says of the whole message."""
        if self._fields is None:
            return None
        header = (*fields_of(self._added.fields), *self._fields.fields())
        is_cut = self._fields.is_cut
        message = Message(self.id, self._size, header, is_cut, part.has_eight_bit)
        said = policy.at_data(self._visit, message)
        return Refusal(*said) if said else None

    def _rewrite(self) -> Refusal | None:
        """Addresses in the header, and in what we add to it."""
        if self._whole_header is None:
            return None
        header, fields = self._whole_header.kept, self._added.fields
        found = rewriting.header(self._visit, header, fields, self._world)
        if isinstance(found, rewriting.Unclear):
            return self._refuse(_LATER, found.why)
        self._edits, self._added = found.edits, replace(self._added, fields=found.fields)
        return None

    def _discard(self, discarded: Discarded) -> Answer:
        """The client hears what it would have heard, and nothing is stored."""
        self.abandon()
        self._visit.accepted += 1
        event = message_discarded(
            self._visit.origin,
            self.id,
            self.sender,
            discarded.why,
            discarded.rule,
            by=discarded.by,
        )
        reply = Reply(250, f"OK id={self.id}", "2.0.0")
        return Answer(reply, events=(self._arrival(), event))

    def _commit(self, part: BodyPart) -> Refusal | None:
        seal = Seal(
            on_top=(self._received(), *self._added.fields),
            eight_bit=part.has_eight_bit or not all(one.text.isascii() for one in self._edits),
            message_id=self._message_id,
            tls_optional=self._header.tls_optional and not self._envelope.requires_tls,
            frozen=self._visit.transaction.why_frozen,
            edits=self._edits,
        )
        try:
            self._intake.commit(seal)
        except SpoolError as error:
            return self._spool_refusal(error)
        return None

    def _received(self) -> str:
        recipients, protocol = self._envelope.recipients, self._envelope.client.protocol
        caller = self._visit.caller
        # A recipient in UTF-8 would put UTF-8 into a header that may be all ASCII.
        is_alone = len(recipients) == 1 and recipients[0].address.isascii()
        return received_field(
            helo=self._envelope.client.helo,
            address=self._envelope.client.address,
            client_name=self._visit.name,
            user=self._envelope.client.user,
            uid=caller.uid if isinstance(caller, LocalCaller) else 0,
            host=self._visit.host,
            software=f"pymta {__version__}",
            protocol=protocol if isinstance(caller, LocalCaller) else registered(protocol),
            tls=self._visit.tls.clause if self._visit.tls else "",
            id=self.id,
            recipient=recipients[0].address if is_alone else "",
            date=self._date,
        )

    def _arrival(self) -> Event:
        names = tuple(recipient.address for recipient in self._envelope.recipients)
        journal = self._visit.settings.journal
        origin, facts = self._visit.origin, self._facts(journal)
        if self._visit.fast_open:  # N-17: told once
            origin = replace(origin, ends=f"{origin.ends} {self._visit.fast_open}")
            self._visit.fast_open = ""
        is_id_ours = bool(self._added.message_id)
        return arrived(
            origin, self.id, self.sender, names, facts, journal=journal, is_id_ours=is_id_ours
        )

    def _facts(self, journal: Journal) -> dict[str, str]:
        took = self._world.now() - self._envelope.received_at
        facts = {"PROTOCOL": self._visit.logged_protocol, "SIZE": str(self._size)}
        facts["RECEIVE_TIME"] = f"{took:.3f}"
        if self._visit.is_extended:
            facts["PIPELINING"] = "L" if self._visit.has_pipelined else "L-"
        if self._is_chunked:
            facts["CHUNKING"] = "K"
        if self._visit.transaction.asked.body:
            facts["BODY"] = self._visit.transaction.asked.body
        if self._message_id:
            facts["MESSAGE_ID_HEADER"] = self._message_id
        if rules := self._visit.transaction.rules:
            facts["POLICY_RULE"] = " ".join(rules)
        if self._envelope.queue_name:
            facts["QUEUE"] = self._envelope.queue_name
        # What people write to each other stands in no log unless somebody asked for it.
        if self._header.subject is not None and "subject" in journal.selected:
            facts["SUBJECT"] = text_of(self._header.subject)
        return facts

    def _refuse(self, reply: Reply, why: str, selector: str = "") -> Refusal:
        origin = self._visit.origin
        event = message_refused(origin, self.id, self.sender, why, selector=selector)
        return Refusal(reply, event)

    def _spool_refusal(self, error: SpoolError) -> Refusal:
        return Refusal(_spool_reply(error), _spool_event(self._visit, self.id, error))


def _spool_reply(error: SpoolError) -> Reply:
    if error.errno in _FULL:
        return NO_ROOM
    return _LATER


def _spool_event(visit: Visit, id: str, error: SpoolError) -> Event:
    return spool_trouble(visit.origin, id, error.strerror or str(error))
