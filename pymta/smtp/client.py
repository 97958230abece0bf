"""One message to a host that waits for one (RFC 5321, RFC 2920); `client_hello` got it so far.

It never sees a socket.  Whoever drives it does as `pymta.smtp.client_talk` says, and besides:

    transaction = Transaction(offers, replies, sender, recipients, size=…, eight_bit=…)
    while not isinstance(action := transaction.next_action(), Finished):
        match action:
            …
            case SendBody():            stuffer = DotStuffer(); write stuffer.feed(block) for each
                                        block of the message; ask whether the claim still holds;
                                        write stuffer.finish(); likewise with a ChunkWriter
    record action.results; then do with the connection what action.after allows

When it was a write of the message that failed, the server may have said why before it closed: read
once without waiting and call `receive` with what is there before `lost`.  After `SendBody` the
driver may also just close, without `finish`: then the server has no message.

`Finished.results` has one result per recipient, in the order they were given:

    Taken(reply)                 the final 2xx: the other host has the message for this recipient
    Refused(reply, stage, after) a 4xx or 5xx (`reply.is_permanent`), the server's own words, with
                                 the command it answered
    Unheard(why, stage, after)   connection lost, a reply that is none, a time-out: try again

A 421 ends the connection wherever it comes; all whose fate is open share it.  A recipient refused
at RCPT does not hold up the others.  With PIPELINING the commands of a message travel together,
in groups small enough that their replies fit into the socket buffers of both sides.

LMTP (RFC 2033) has a reply after the final dot for each recipient who was taken at RCPT, in their
order: each has a fate of his own to the end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from pymta.mail.reply import Reply
from pymta.smtp.client_talk import Step, Talk, as_refusal
from pymta.smtp.client_words import (
    After,
    Deed,
    Finished,
    Refused,
    Result,
    SendBody,
    SendBytes,
    Stage,
    Taken,
    Unheard,
)
from pymta.smtp.offers import Offers
from pymta.smtp.outgoing import NO_WISHES, Opening, Wishes, check_word, opening
from pymta.smtp.replies import ReplyReader

# RFC 2920 s3.1: a client must not fill the pipe in both directions.  50 commands and 50 replies
# of the longest legal form stay below 32 KiB each.
GROUP = 50

_MAIL = Step(Stage.MAIL, Stage.MAIL.value)
_BODY = Step(Stage.BODY, Stage.BODY.value)
_FINAL = Step(Stage.FINAL, Stage.FINAL.value)


class Transaction(Talk):
    """`recipients` are addresses without brackets; `sender` may be "".

    `size` is the message's in octets; `eight_bit` whether it has octets above 127, `is_binary`
    whether it came as BINARYMIME, and must go so.  `is_lmtp`: the server speaks LMTP.  `reset`: say
    RSET before.  Raises ValueError for an address that cannot stand in a command: no such address
    is ever accepted.
    """

    def __init__(
        self,
        offers: Offers,
        replies: ReplyReader,
        sender: str,
        recipients: Sequence[str],
        *,
        size: int,
        eight_bit: bool,
        is_binary: bool = False,
        wishes: Wishes = NO_WISHES,
        is_lmtp: bool = False,
        reset: bool = False,
    ) -> None:
        for text in (sender, *recipients):
            check_word(text)
        super().__init__(replies)
        self._offers = offers
        self._size = size
        self._is_binary = is_binary
        self._is_lmtp = is_lmtp
        self._group = GROUP if "PIPELINING" in offers else 1
        self._results: list[Result | None] = [None] * len(recipients)
        self._rejected: Refused | None = None  # MAIL or DATA, said of the whole message
        self._after = After.RESET if reset else After.ANOTHER
        self._commands: Iterator[Step] = iter(())  # those not yet sent
        found = opening(
            sender,
            tuple(recipients),
            wishes,
            offers.words,
            size=size,
            eight_bit=eight_bit,
            is_binary=is_binary,
        )
        if isinstance(found, Reply):
            self._finish(Refused(found, Stage.MAIL, ""), self._after)
        else:
            self._begin(found, reset=reset)

    @property
    def has_pipelined(self) -> bool:
        return self._group > 1

    @property
    def _first(self) -> Step:
        return _MAIL

    def next_action(self) -> Deed | Finished:
        if not self._to_do and not self._awaited:
            return Finished(tuple(r for r in self._results if r), self._after)
        if not self._to_do and self._awaited[0] is _BODY:
            # We are asked again, so the final dot has been written.
            self._awaited = deque(self._final_steps())
        return self._next_deed()

    def _final_steps(self) -> list[Step]:
        """What answers the final dot."""
        if not self._is_lmtp:
            return [_FINAL]
        open_ = (n for n, result in enumerate(self._results) if result is None)
        return [replace(_FINAL, recipient=n) for n in open_]

    # Replies, one method per step of the dialogue.

    def _hear(self, step: Step, reply: Reply) -> None:
        if reply.code == 421:
            self._finish(Refused(reply, step.stage, step.command), After.CLOSE)
            return
        match step.stage:
            case Stage.RSET:
                self._hear_rset(step, reply)
            case Stage.MAIL:
                self._hear_mail(step, reply)
            case Stage.RCPT:
                self._hear_rcpt(step, reply)
            case Stage.DATA:
                self._hear_data(step, reply)
            case Stage.BODY:
                self._hear_early(step, reply)
            case Stage.FINAL:
                self._hear_final(step, reply)

    def _hear_rset(self, step: Step, reply: Reply) -> None:
        if reply.code // 100 != 2:  # what is said of what follows is then about another message
            self._finish(Refused(as_refusal(reply), step.stage, step.command), After.CLOSE)
        else:
            self._go_on()

    def _hear_mail(self, step: Step, reply: Reply) -> None:
        if reply.code // 100 != 2:
            self._rejected = Refused(as_refusal(reply), step.stage, step.command)
        self._go_on()

    def _hear_rcpt(self, step: Step, reply: Reply) -> None:
        if reply.code // 100 != 2 and self._rejected is None:
            refused = Refused(as_refusal(reply), step.stage, step.command)
            self._results[step.recipient] = refused
        self._go_on()

    def _hear_data(self, step: Step, reply: Reply) -> None:
        if reply.code == 354:
            if self._is_lmtp and (self._rejected or all(self._results)):
                # RFC 2033 s4.2 forbids it: what would follow has no answer.
                nobody = Unheard("354 for nobody", step.stage, step.command)
                self._finish(self._rejected or nobody, After.CLOSE)
            else:
                self._send_body()
            return
        self._rejected = self._rejected or Refused(as_refusal(reply), step.stage, step.command)
        self._finish(self._rejected, After.RESET)

    def _hear_early(self, step: Step, reply: Reply) -> None:
        """Before the final dot only a refusal makes sense; a 250 is not for this message."""
        self._finish(Refused(as_refusal(reply), step.stage, step.command), After.CLOSE)

    def _hear_final(self, step: Step, reply: Reply) -> None:
        if self._is_lmtp:
            self._hear_fate(step, reply)
        elif self._rejected is None and reply.code // 100 == 2:
            self._finish(Taken(reply, "DSN" in self._offers), After.ANOTHER)
        else:
            refused = self._rejected or Refused(as_refusal(reply), step.stage, step.command)
            self._finish(refused, After.RESET)

    def _hear_fate(self, step: Step, reply: Reply) -> None:
        """RFC 2033 s4.2: one recipient's; who is left has another reply coming."""
        if reply.code // 100 == 2:
            self._results[step.recipient] = Taken(reply, "DSN" in self._offers)
        else:
            refused = Refused(as_refusal(reply), step.stage, step.command)
            self._results[step.recipient] = refused
        if not self._awaited:
            self._after = After.ANOTHER

    # What we say.

    def _begin(self, found: Opening, *, reset: bool) -> None:
        for n, reply in found.refused.items():
            self._results[n] = Refused(reply, Stage.RCPT, "")
        self._commands = self._all_commands(found, reset=reset)
        if not all(self._results):
            self._after = After.RESET
            self._go_on()

    def _all_commands(self, found: Opening, *, reset: bool) -> Iterator[Step]:
        if reset:
            yield Step(Stage.RSET, "RSET")
        yield Step(Stage.MAIL, found.mail)
        for n, command in found.rcpt.items():
            yield Step(Stage.RCPT, command, n)
        if not self._is_binary:
            yield Step(Stage.DATA, "DATA")

    def _go_on(self) -> None:
        """Send the next group, once every reply to the last one is in."""
        if self._awaited:
            return
        if self._rejected is not None:
            self._finish(self._rejected, After.RESET)
        elif all(self._results):
            self._after = After.RESET
        elif steps := tuple(islice(self._commands, self._group)):
            self._say(*steps)
        else:
            self._send_chunk()

    def _send_chunk(self) -> None:
        """Only when it is known that somebody gets it: no reply stops a chunk (RFC 3030 s2)."""
        self._say(Step(Stage.BODY, f"BDAT {self._size} LAST"))
        if self._awaited:
            self._awaited[0] = _BODY
            self._to_do.append(SendBody(is_chunk=True))

    def _send_body(self) -> None:
        if self._rejected is None and not all(self._results):
            self._awaited.append(_BODY)
            self._to_do.append(SendBody())
        else:  # RFC 2920 s3.1: DATA was already on its way when the last recipient was refused
            self._awaited.append(_FINAL)
            self._to_do.append(SendBytes(b".\r\n"))

    def _stop(self, result: Unheard) -> None:
        self._finish(result, After.CLOSE)

    def _finish(self, result: Result, after: After) -> None:
        """Everybody without a result gets this one, and nothing more is said."""
        self._results = [known or result for known in self._results]
        self._be_silent()
        self._after = after
