"""The server's side of one connection: octets in, events out.

It owns the input buffer and the state.  It neither replies nor decides: whoever drives it answers
each event, and says `succeeded(verb)` when the answer to a command was a success, which moves the
state by the table of `pymta.smtp.states`.

    server.receive(data)                as it was read
    event = server.next_event()         None: more octets are needed, so flush replies and read

    Command, Unknown, BadSyntax         one command line (`pymta.smtp.command`)
    Misplaced(command, why)             a command that the state does not allow: 503
    BodyPart(data, …)                   after `succeeded(Verb.DATA)`, until one `is_last`; and after
                                        `succeeded(Verb.BDAT)`, until one `ends_chunk`
    LoginLine(line)                     after `succeeded(Verb.AUTH)`, until `end_login`

The octets of a BDAT that is not said to have succeeded are counted off, and nobody hears of them.
"""

from __future__ import annotations

from collections.abc import Mapping

from pymta.dataclass import dataclass
from pymta.mail.sizes import AUTH_LINE, COMMAND_LINE
from pymta.smtp.body import BodyReader
from pymta.smtp.chunks import Chunk, ChunkReader, parse_chunk, take
from pymta.smtp.command import BAD_CHUNK, BadSyntax, Command, Unknown, Verb, parse_command
from pymta.smtp.lines import LineReader, TooLong
from pymta.smtp.states import TABLE, State, misplaced


@dataclass(frozen=True, slots=True)
class Misplaced:
    command: Command
    why: str


@dataclass(frozen=True, slots=True)
class BodyPart:
    """A part of the message, dots taken off.  What it `has` is known of all parts up to here.

    `ends_chunk`: of those that came with BDAT.
    """

    data: bytes
    is_last: bool
    has_bare_newline: bool
    has_eight_bit: bool
    ends_chunk: bool = False


@dataclass(frozen=True, slots=True)
class LoginLine:
    """What the client says to a challenge, in base64; `line` None: it was too long."""

    line: bytes | None


_AUTH = Verb.AUTH.value

Event = Command | Unknown | BadSyntax | Misplaced | BodyPart | LoginLine


class Server:
    def __init__(self) -> None:
        self.state = State.START
        self.needs_hello = True  # before MAIL (N-25, hosts_require_helo)
        self.is_logged_in = False  # then AUTH is out of place
        self._buffer = bytearray()
        self._lines = LineReader()
        self._body: BodyReader | None = None
        self._chunks: ChunkReader | None = None  # of the message that comes in chunks
        self._chunk: Chunk | None = None  # of the command that was handed out last
        self._is_in_chunk = False
        self._unwanted = 0  # octets of a chunk that nobody takes

    @property
    def is_counting_off(self) -> bool:
        """A chunk that nobody takes is still coming."""
        return self._unwanted > 0

    @property
    def is_in_data(self) -> bool:
        """What comes next is a part of a message, and no command."""
        return self._body is not None or self._is_in_chunk

    @property
    def has_pending(self) -> bool:
        """The client has sent more than was handed out."""
        return bool(self._buffer)

    def pending(self, most: int) -> bytes:
        """The beginning of it, at most so many octets."""
        return bytes(self._buffer[:most])

    def receive(self, data: bytes) -> None:
        self._buffer += data

    def next_event(self) -> Event | None:
        if self._body is not None:
            return self._next_part(self._body)
        if self._is_in_chunk and self._chunks is not None:
            return self._next_of_chunk(self._chunks)
        if self._chunk is not None:  # its command was refused
            self._unwanted, self._chunk = self._chunk.size, None
        if not self._buffer:
            return None
        if self._unwanted:
            self._unwanted -= len(take(self._buffer, self._unwanted))
            if self._unwanted:
                return None
        if self.state is State.CLOSED or not self._buffer:
            return None
        longest = COMMAND_LINE if len(self._buffer) < COMMAND_LINE else self._longest
        line = self._lines.next_line(self._buffer, longest)
        if self.state is State.LOGIN and line is not None:
            return LoginLine(None if isinstance(line, TooLong) else line)
        match line:
            case None:
                return None
            case TooLong(start):
                return _over_long(start)
            case line:
                return self._placed(parse_command(line))

    def succeeded(self, verb: Verb) -> None:
        """The command was answered with success (354 for DATA, 334 for AUTH)."""
        if self.state is State.LOGIN:  # and it goes on
            return
        self.state = self._allowed[verb]
        if verb is Verb.XCLIENT:  # it was somebody else
            self.is_logged_in = False
        if self.state is State.BODY:
            self._body = BodyReader()
        if verb is Verb.BDAT:
            assert self._chunk is not None
            self._chunks = self._chunks or ChunkReader()
            self._chunks.begin(self._chunk)
            self._is_in_chunk, self._chunk = True, None
        elif self.state is not State.CHUNKS:
            self._chunks = None

    def failed(self) -> None:
        """The message under way was refused: there is no transaction any more."""
        self.state = State.READY
        self._chunks = None

    def end_login(self, *, is_good: bool) -> None:
        """The last reply to an AUTH command, which may be the first one.

        Whoever has logged in does not do it again (RFC 4954 s4).
        """
        self.state = State.READY
        self.is_logged_in = is_good

    @property
    def _longest(self) -> int:
        """Octets of the line that comes."""
        is_login = self.state is State.LOGIN or self._buffer[:4].upper() == _AUTH
        return AUTH_LINE if is_login else COMMAND_LINE

    def _placed(self, event: Command | Unknown | BadSyntax) -> Event:
        if not isinstance(event, Command):
            return event
        if event.verb is Verb.BDAT:
            self._chunk = parse_chunk(event.argument)
        if event.verb not in self._allowed:
            return Misplaced(event, misplaced(self.state, event.verb))
        return event

    @property
    def _allowed(self) -> Mapping[Verb, State]:
        if self.state is State.START and not self.needs_hello:
            return TABLE[State.START] | {Verb.MAIL: State.MAIL}
        if self.is_logged_in and self.state is State.READY:
            return {verb: to for verb, to in TABLE[State.READY].items() if verb is not Verb.AUTH}
        return TABLE[self.state]

    def _next_of_chunk(self, chunks: ChunkReader) -> BodyPart | None:
        if not (self._buffer or chunks.is_whole):
            return None
        data = chunks.feed(self._buffer)
        if chunks.is_over:
            self.state = State.READY
        self._is_in_chunk = not chunks.is_whole
        return BodyPart(
            data, chunks.is_over, chunks.has_bare_newline, chunks.has_eight_bit, chunks.is_whole
        )

    def _next_part(self, body: BodyReader) -> BodyPart | None:
        if not self._buffer:
            return None
        data = body.feed(bytes(self._buffer))
        self._buffer.clear()
        if body.is_over:
            self._buffer += body.rest
            self._body = None
            self.state = State.READY
        return BodyPart(data, body.is_over, body.has_bare_newline, body.has_eight_bit)


def _over_long(start: bytes) -> Unknown | BadSyntax:
    """A line that was thrown away.  What it said of a chunk is gone with it."""
    if start[:5].upper() == b"BDAT ":
        return BadSyntax(BAD_CHUNK, start, Verb.BDAT)
    return Unknown(start)
