"""After a failure nothing works any more, and the client is told so each time (CL-03, SS-04).

A connection that closes at once looks like a broken network, and is tried again at once.  So every
command hears the same reply, but for QUIT and RSET, until the client goes or its time is over.

Touches: sockets.
"""

from __future__ import annotations

from pymta.mail.reply import Reply
from pymta.session.stop import Stop
from pymta.session.stream import Stream
from pymta.smtp.lines import LineReader, TooLong

MOST = 100  # commands; whoever goes on after that does not listen

_RESET = Reply(250, "Reset OK", "2.0.0")


def close_down(
    stream: Stream,
    reply: Reply,
    host: str,
    deadline: float,
    *,
    with_enhanced: bool,
    resets: bool = True,
    early: bytes = b"",
) -> Stop | None:
    """Answer with `reply` until `deadline` (monotonic) at most; None: the client said QUIT.

    `resets`: RSET is answered as always.  `early` has been read already.
    """
    lines, buffer = LineReader(), bytearray(early)
    for _ in range(MOST):
        line = _next_line(stream, lines, buffer, deadline)
        if isinstance(line, Stop):
            return line
        verb = line[:4].upper()
        answer = reply
        if verb == b"RSET" and resets:
            answer = _RESET
        elif verb == b"QUIT":
            answer = Reply(221, f"{host} closing connection", "2.0.0")
        said = stream.write(answer.encode(with_enhanced=with_enhanced), deadline)
        if said is not None or verb == b"QUIT":
            return said
    return Stop.TIMED_OUT  # its time is over, however little of it has passed


def _next_line(
    stream: Stream, lines: LineReader, buffer: bytearray, deadline: float
) -> bytes | Stop:
    while (line := lines.next_line(buffer)) is None:
        if stream.is_late(deadline):
            return Stop.TIMED_OUT
        got = stream.read(deadline, at_command=True)
        if isinstance(got, Stop):
            return got
        buffer += got
    return line.start if isinstance(line, TooLong) else line
