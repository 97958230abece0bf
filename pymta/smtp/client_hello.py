"""From the connection to the moment when a host waits for a message: greeting, EHLO, TLS, a login.

It never sees a socket; who drives it does as `pymta.smtp.client_talk` says, and besides:

    StartTls()          do the handshake, then call `secured`; `lost` when it fails
    Ready(offers)       it is over, and `pymta.smtp.client` may go on with the same `replies`
    NoService(result)   it is over, and so is the connection

What a host says before MAIL concerns the host, not the message.  Nothing that it said in clear
counts after the handshake, and what it sent ahead of one is never read (RFC 3207 s4.2).
"""

from __future__ import annotations

from base64 import b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64
from enum import Enum, auto
from typing import Protocol

from pymta.mail.reply import Reply
from pymta.smtp.client_talk import Step, Talk, as_refusal
from pymta.smtp.client_words import Deed, NoService, Ready, Refused, Stage, StartTls, Unheard
from pymta.smtp.offers import NO_OFFERS, parse_offers
from pymta.smtp.outgoing import check_word
from pymta.smtp.replies import ReplyReader


class Starttls(Enum):
    NEVER = auto()
    IF_OFFERED = auto()
    ALWAYS = auto()
    AT_ONCE = auto()  # before the greeting (RFC 8314 s3.3)


class Login(Protocol):
    """A login of ours, under way; see `pymta.sasl.client`.

    It is given octets, and base64 is not its affair.
    """

    def begin(self, offered: tuple[str, ...], *, is_secure: bool) -> tuple[str, bytes | None] | str:
        """Mechanism and initial response; or why there is none."""
        ...

    def answer(self, challenge: bytes) -> bytes | None:
        """None: this is no challenge that can be answered."""
        ...

    def doubt(self) -> str:
        """Why the host must not be believed though it says yes; "" when it may be."""
        ...


_GREETING = Step(Stage.GREETING, Stage.GREETING.value)
_HANDSHAKE = Step(Stage.HANDSHAKE, Stage.HANDSHAKE.value)


class Hello(Talk):
    """`asks_requiretls`: a host without REQUIRETLS is of no use (RFC 8689 s4.2.1).  `is_lmtp`: it
    speaks LMTP, and is greeted with LHLO (RFC 2033).

    Raises ValueError for a `helo` that cannot stand in a command.
    """

    def __init__(
        self,
        helo: str,
        replies: ReplyReader,
        *,
        starttls: Starttls = Starttls.NEVER,
        asks_requiretls: bool = False,
        login: Login | None = None,
        is_lmtp: bool = False,
    ) -> None:
        check_word(helo)
        super().__init__(replies)
        self._helo = helo
        self._starttls = starttls
        self._asks_requiretls = asks_requiretls
        self._login = login
        self._is_lmtp = is_lmtp
        self._is_secure = False
        self._offers = NO_OFFERS
        self._end: Ready | NoService | None = None
        self.greeted = ""  # "e" for each EHLO said, "h" for each HELO, "l" for LHLO
        self.mechanism = ""  # of the login that was made
        if starttls is Starttls.AT_ONCE:
            self._shake_hands()
        else:
            self._awaited.append(_GREETING)

    @property
    def _first(self) -> Step:
        return _GREETING

    def next_action(self) -> Deed | Ready | NoService:
        return self._end or self._next_deed()

    def secured(self) -> None:
        """The handshake is done."""
        self._is_secure = True
        self._awaited.clear()
        if self._starttls is Starttls.AT_ONCE:
            self._awaited.append(_GREETING)
        else:
            self._greet()

    def _shake_hands(self) -> None:
        self._awaited.append(_HANDSHAKE)
        self._to_do.append(StartTls())

    # Replies, one method per step.

    def _hear(self, step: Step, reply: Reply) -> None:
        if reply.code == 421:
            self._finish(NoService(Refused(reply, step.stage, step.command)))
            return
        match step.stage:
            case Stage.GREETING:
                self._hear_greeting(step, reply)
            case Stage.EHLO | Stage.LHLO:
                self._hear_ehlo(step, reply)
            case Stage.HELO:
                self._hear_helo(step, reply)
            case Stage.STARTTLS:
                self._hear_starttls(step, reply)
            case Stage.AUTH:
                self._hear_auth(step, reply)

    def _hear_greeting(self, step: Step, reply: Reply) -> None:
        if reply.code != 220:
            self._refused(step, reply)
        else:
            self._greet()

    def _hear_ehlo(self, step: Step, reply: Reply) -> None:
        if reply.is_permanent and step.stage is Stage.EHLO:
            # RFC 5321 s3.2: an old server; speak as one would have then
            self.greeted += "h"
            self._say(Step(Stage.HELO, f"HELO {self._helo}"))
        elif reply.code != 250:
            self._refused(step, reply)
        else:
            self._offers = parse_offers(reply.text)
            self._greet_back(step, reply.text.split("\n")[0])

    def _hear_helo(self, step: Step, reply: Reply) -> None:
        if reply.code != 250:
            self._refused(step, reply)
        else:
            self._offers = NO_OFFERS
            self._greet_back(step, reply.text)

    def _hear_starttls(self, step: Step, reply: Reply) -> None:
        if reply.code != 220:
            if self._starttls is Starttls.ALWAYS:
                self._refused(step, reply)
            else:
                self._starttls = Starttls.NEVER
                self._go_on()
        elif self._replies.has_pending:
            why = "the remote host said more in clear than that it starts TLS"
            self._stop(Unheard(why, step.stage, step.command))
        else:
            self._shake_hands()

    def _hear_auth(self, step: Step, reply: Reply) -> None:
        assert self._login
        if reply.code == 334:
            self._answer(step, self._login, reply)
        elif reply.code != 235:
            self._refused(step, reply)
        elif doubt := self._login.doubt():
            self._give_up(Unheard(doubt, step.stage, step.command))
        else:
            self.mechanism = step.command.partition(" ")[2]
            self._finish(Ready(self._offers))

    def _answer(self, step: Step, login: Login, reply: Reply) -> None:
        try:
            challenge = a2b_base64(reply.text.strip().encode(), strict_mode=True)
        except (Base64Error, ValueError):
            response = None
        else:
            response = login.answer(challenge)
        # RFC 4954 s4: "*" cancels, and is answered with 501.
        text = "*" if response is None else b64encode(response).decode()
        self._say(Step(step.stage, step.command, line=text))

    # What we say.

    def _greet(self) -> None:
        stage = Stage.LHLO if self._is_lmtp else Stage.EHLO
        self.greeted += stage.value[0].lower()
        self._say(Step(stage, f"{stage.value} {self._helo}"))

    def _greet_back(self, step: Step, line: str) -> None:
        """RFC 5321 s4.1.1.1: the first word is what the other side calls itself.

        An LMTP server on our own host has our own name.
        """
        name = line.split(" ", maxsplit=1)[0]
        if name.lower() == self._helo.lower() and not self._is_lmtp:
            why = f"mail loops back to myself: the remote host calls itself {name}"
            self._give_up(Unheard(why, step.stage, step.command))
        else:
            self._go_on()

    def _go_on(self) -> None:
        wants_tls = self._starttls in (Starttls.IF_OFFERED, Starttls.ALWAYS)
        if not self._is_secure and wants_tls and "STARTTLS" in self._offers:
            self._say(Step(Stage.STARTTLS, "STARTTLS"))
        elif not self._is_secure and self._starttls is Starttls.ALWAYS:
            stage = Stage.REQUIRETLS if self._asks_requiretls else Stage.STARTTLS
            why = "a TLS session is required, but the host does not offer TLS"
            self._give_up(Unheard(why, stage, "EHLO"))
        elif self._asks_requiretls and "REQUIRETLS" not in self._offers:
            why = (
                "the message requires TLS on its whole way, but the host does not offer REQUIRETLS"
            )
            self._give_up(Unheard(why, Stage.REQUIRETLS, "EHLO"))
        elif self._login:
            self._log_in(self._login)
        else:
            self._finish(Ready(self._offers))

    def _log_in(self, login: Login) -> None:
        begun = login.begin(self._offers.mechanisms, is_secure=self._is_secure)
        if isinstance(begun, str):
            self._give_up(Unheard(begun, Stage.AUTH, "EHLO"))
            return
        mechanism, response = begun
        command = f"AUTH {mechanism}"
        more = "" if response is None else f" {b64encode(response).decode() or '='}"
        self._say(Step(Stage.AUTH, command, line=command + more))

    def _refused(self, step: Step, reply: Reply) -> None:
        self._give_up(Refused(as_refusal(reply), step.stage, step.command))

    def _give_up(self, result: Refused | Unheard) -> None:
        self._finish(NoService(result, is_spoken_to=True))

    def _stop(self, result: Unheard) -> None:
        self._finish(NoService(result))

    def _finish(self, end: Ready | NoService) -> None:
        self._be_silent()
        self._end = self._end or end
