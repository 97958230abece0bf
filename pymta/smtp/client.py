"""The client's side of one SMTP connection that carries one message (RFC 5321, RFC 2920).

It never sees a socket.  Whoever drives it makes one and then does what it is told:

    dialogue = ClientDialogue(helo, sender, recipients, size=…, eight_bit=…)
    while not isinstance(action := dialogue.next_action(), Finished):
        match action:
            case SendBytes(data):       write all of it
            case NeedReply(wait):       read once, at most as long as `wait` allows, and call
                                        dialogue.receive(data); data is b"" at end of file
            case SendBody():            stuffer = DotStuffer(); write stuffer.feed(block) for each
                                        block of the message; ask whether the claim still holds;
                                        write stuffer.finish(); likewise with a ChunkWriter
    record action.results; then write action.farewell if it is not empty, and close

Whenever a write or a read fails or takes too long, call `dialogue.lost(why)` and go on asking:
the next action is `Finished`, and those whose fate is open are `Unheard`.  When it was a write
of the message that failed, the server may have said why before it closed: read once without
waiting and call `receive` with what is there before `lost`.  After `SendBody` the driver may
also just close, without `finish`: then the server has no message.

`Finished.results` has one result per recipient, in the order they were given:

    Taken(reply)                 the final 2xx: the other host has the message for this recipient
    Refused(reply, stage, after) a 4xx or 5xx (`reply.is_permanent`), the server's own words, with
                                 the command it answered; `Stage` tells whose fault it is: what is
                                 said before MAIL concerns the host, not the message
    Unheard(why, stage, after)   connection lost, a reply that is none, a time-out: try again

A 421 ends the dialogue wherever it comes; all whose fate is open share it.  A recipient refused
at RCPT does not hold up the others.  With PIPELINING the commands of a message travel together,
in groups small enough that their replies fit into the socket buffers of both sides.

LMTP (RFC 2033) is the same with LHLO, and with a reply after the final dot for each recipient who
was taken at RCPT, in their order: each has a fate of his own to the end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from pymta.mail.reply import Reply
from pymta.smtp.client_words import (
    Action,
    Finished,
    NeedReply,
    Refused,
    Result,
    SendBody,
    SendBytes,
    Stage,
    Taken,
    Unheard,
    Wait,
)
from pymta.smtp.outgoing import NO_WISHES, Opening, Wishes, check_word, opening
from pymta.smtp.replies import Garbled, ReplyReader

# RFC 2920 s3.1: a client must not fill the pipe in both directions.  50 commands and 50 replies
# of the longest legal form stay below 32 KiB each.
GROUP = 50


@dataclass(frozen=True, slots=True)
class _Step:
    """A command whose reply is awaited.

    `recipient` is an index, for RCPT, and in LMTP for the final dot.
    """

    stage: Stage
    command: str
    recipient: int = -1


_GREETING = _Step(Stage.GREETING, Stage.GREETING.value)
_BODY = _Step(Stage.BODY, Stage.BODY.value)
_FINAL = _Step(Stage.FINAL, Stage.FINAL.value)


class ClientDialogue:
    """One message to one host.  `recipients` are addresses without brackets; `sender` may be "".

    `size` is the message's in octets; `eight_bit` whether it has octets above 127, `is_binary`
    whether it came as BINARYMIME, and must go so.  `is_lmtp`: the server speaks LMTP.  Raises
    ValueError for an address that cannot stand in a command: no such address is ever accepted.
    """

    def __init__(
        self,
        helo: str,
        sender: str,
        recipients: Sequence[str],
        *,
        size: int,
        eight_bit: bool,
        is_binary: bool = False,
        wishes: Wishes = NO_WISHES,
        is_lmtp: bool = False,
    ) -> None:
        for text in (helo, sender, *recipients):
            check_word(text)
        self._helo = helo
        self._sender = sender
        self._recipients = tuple(recipients)
        self._size = size
        self._eight_bit = eight_bit
        self._is_binary = is_binary
        self._wishes = wishes
        self._is_lmtp = is_lmtp
        self._replies = ReplyReader()
        self._awaited: deque[_Step] = deque([_GREETING])
        self._to_do: deque[Action] = deque()
        self._commands: Iterator[_Step] = iter(())  # those of the message not yet sent
        self._group = 1
        self._results: list[Result | None] = [None] * len(self._recipients)
        self._rejected: Refused | None = None  # MAIL or DATA, said of the whole message
        self._farewell = b""
        self.offers: frozenset[str] = frozenset()  # EHLO keywords, upper case
        self.greeted = ""  # "e" for each EHLO said, "h" for each HELO, "l" for LHLO

    @property
    def has_pipelined(self) -> bool:
        return self._group > 1

    def receive(self, data: bytes) -> None:
        """Take what was read; b"" is end of file."""
        if not data:
            self.lost("connection closed by the remote host")
            return
        self._replies.receive(data)
        while self._awaited:
            match self._replies.next_reply():
                case None:
                    return
                case Garbled(why):
                    self.lost(why)
                case reply:
                    self._hear(self._awaited.popleft(), reply)

    def next_action(self) -> Action:
        if self._to_do:
            return self._to_do.popleft()
        if self._awaited and self._awaited[0] is _BODY:
            # We are asked again, so the final dot has been written.
            self._awaited = deque(self._final_steps())
        if self._is_settled():
            return Finished(tuple(r for r in self._results if r), self._farewell)
        return NeedReply(_WAITS.get(self._awaited[0].stage, Wait.COMMAND))

    def lost(self, why: str) -> None:
        """The connection cannot be used any more; whoever has no result yet gets `Unheard`."""
        step = self._awaited[0] if self._awaited else _GREETING
        self._end(Unheard(why, step.stage, step.command))

    def _final_steps(self) -> list[_Step]:
        """What answers the final dot."""
        if not self._is_lmtp:
            return [_FINAL]
        open_ = (n for n, result in enumerate(self._results) if result is None)
        return [replace(_FINAL, recipient=n) for n in open_]

    def _is_settled(self) -> bool:
        return not self._awaited and all(self._results)

    # Replies, one method per step of the dialogue.

    def _hear(self, step: _Step, reply: Reply) -> None:
        if reply.code == 421:
            self._end(Refused(reply, step.stage, step.command))
        else:
            self._hear_step(step, reply)

    def _hear_step(self, step: _Step, reply: Reply) -> None:
        match step.stage:
            case Stage.GREETING:
                self._hear_greeting(step, reply)
            case Stage.EHLO | Stage.LHLO:
                self._hear_ehlo(step, reply)
            case Stage.HELO:
                self._hear_helo(step, reply)
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

    def _hear_greeting(self, step: _Step, reply: Reply) -> None:
        if reply.code != 220:
            self._end(Refused(_as_refusal(reply), step.stage, step.command), farewell=b"QUIT\r\n")
        elif self._is_lmtp:
            self.greeted += "l"
            self._say(_Step(Stage.LHLO, f"LHLO {self._helo}"))
        else:
            self.greeted += "e"
            self._say(_Step(Stage.EHLO, f"EHLO {self._helo}"))

    def _hear_ehlo(self, step: _Step, reply: Reply) -> None:
        if reply.is_permanent and step.stage is Stage.EHLO:
            # RFC 5321 s3.2: an old server; speak as one would have then
            self.greeted += "h"
            self._say(_Step(Stage.HELO, f"HELO {self._helo}"))
        elif reply.code != 250:
            self._end(Refused(_as_refusal(reply), step.stage, step.command), farewell=b"QUIT\r\n")
        else:
            lines = reply.text.split("\n")
            self.offers = frozenset(line.split(" ")[0].upper() for line in lines[1:])
            self._greet_back(step, lines[0])

    def _hear_helo(self, step: _Step, reply: Reply) -> None:
        if reply.code != 250:
            self._end(Refused(_as_refusal(reply), step.stage, step.command), farewell=b"QUIT\r\n")
        else:
            self._greet_back(step, reply.text)

    def _hear_mail(self, step: _Step, reply: Reply) -> None:
        if reply.code // 100 != 2:
            self._rejected = Refused(_as_refusal(reply), step.stage, step.command)
        self._go_on()

    def _hear_rcpt(self, step: _Step, reply: Reply) -> None:
        if reply.code // 100 != 2 and self._rejected is None:
            refused = Refused(_as_refusal(reply), step.stage, step.command)
            self._results[step.recipient] = refused
        self._go_on()

    def _hear_data(self, step: _Step, reply: Reply) -> None:
        if reply.code == 354:
            if self._is_lmtp and (self._rejected or all(self._results)):
                # RFC 2033 s4.2 forbids it: what would follow has no answer.
                self._end(self._rejected or Unheard("354 for nobody", step.stage, step.command))
            else:
                self._send_body()
            return
        self._rejected = self._rejected or Refused(_as_refusal(reply), step.stage, step.command)
        self._end(self._rejected, farewell=b"QUIT\r\n")

    def _hear_early(self, step: _Step, reply: Reply) -> None:
        """Before the final dot only a refusal makes sense; a 250 is not for this message."""
        self._end(Refused(_as_refusal(reply), step.stage, step.command))

    def _hear_final(self, step: _Step, reply: Reply) -> None:
        if self._is_lmtp:
            self._hear_fate(step, reply)
            return
        if self._rejected is None and reply.code // 100 == 2:
            self._end(Taken(reply, "DSN" in self.offers), farewell=b"QUIT\r\n")
        else:
            refused = self._rejected or Refused(_as_refusal(reply), step.stage, step.command)
            self._end(refused, farewell=b"QUIT\r\n")

    def _hear_fate(self, step: _Step, reply: Reply) -> None:
        """RFC 2033 s4.2: one recipient's; who is left has another reply coming."""
        if reply.code // 100 == 2:
            self._results[step.recipient] = Taken(reply, "DSN" in self.offers)
        else:
            refused = Refused(_as_refusal(reply), step.stage, step.command)
            self._results[step.recipient] = refused
        if not self._awaited:
            self._farewell = b"QUIT\r\n"

    # What we say.

    def _greet_back(self, step: _Step, line: str) -> None:
        """RFC 5321 s4.1.1.1: the first word is what the other side calls itself.

        An LMTP server on our own host has our own name.
        """
        name = line.split(" ", maxsplit=1)[0]
        if name.lower() == self._helo.lower() and not self._is_lmtp:
            why = f"mail loops back to myself: the remote host calls itself {name}"
            self._end(Unheard(why, step.stage, step.command), farewell=b"QUIT\r\n")
        else:
            self._start_message()

    def _start_message(self) -> None:
        found = opening(
            self._sender,
            self._recipients,
            self._wishes,
            self.offers,
            size=self._size,
            eight_bit=self._eight_bit,
            is_binary=self._is_binary,
        )
        if isinstance(found, Reply):
            self._end(Refused(found, Stage.MAIL, ""), farewell=b"QUIT\r\n")
            return
        for n, reply in found.refused.items():
            self._results[n] = Refused(reply, Stage.RCPT, "")
        self._group = GROUP if "PIPELINING" in self.offers else 1
        self._commands = self._message_commands(found)
        if all(self._results):
            self._farewell = b"QUIT\r\n"
        else:
            self._go_on()

    def _message_commands(self, found: Opening) -> Iterator[_Step]:
        yield _Step(Stage.MAIL, found.mail)
        for n, command in found.rcpt.items():
            yield _Step(Stage.RCPT, command, n)
        if not self._is_binary:
            yield _Step(Stage.DATA, "DATA")

    def _go_on(self) -> None:
        """Send the next group, once every reply to the last one is in."""
        if self._awaited:
            return
        if self._rejected is not None:
            self._end(self._rejected, farewell=b"QUIT\r\n")
        elif all(self._results):
            self._farewell = b"QUIT\r\n"
        elif steps := tuple(islice(self._commands, self._group)):
            self._say(*steps)
        else:
            self._send_chunk()

    def _send_chunk(self) -> None:
        """Only when it is known that somebody gets it: no reply stops a chunk (RFC 3030 s2)."""
        self._say(_Step(Stage.BODY, f"BDAT {self._size} LAST"))
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

    def _say(self, *steps: _Step) -> None:
        if self._replies.has_pending:
            first = steps[0]
            self._end(Unheard("more replies than commands", first.stage, first.command))
            return
        self._awaited.extend(steps)
        text = "".join(f"{step.command}\r\n" for step in steps)
        self._to_do.append(SendBytes(text.encode()))

    def _end(self, result: Result, *, farewell: bytes = b"") -> None:
        """Everybody without a result gets this one, and nothing more is said but the farewell."""
        self._results = [known or result for known in self._results]
        self._awaited.clear()
        self._to_do.clear()
        self._farewell = farewell


_WAITS = {Stage.GREETING: Wait.GREETING, Stage.FINAL: Wait.FINAL}


def _as_refusal(reply: Reply) -> Reply:
    """A reply of the wrong class (a 354 to RCPT) is nobody's permanent failure: 4xx, text kept."""
    if reply.code >= 400:
        return reply
    return Reply(451, f"unexpected reply: {reply.one_line()}", "4.5.0")
