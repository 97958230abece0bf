"""A scripted SMTP host on loopback: one answer per stage, or something worse.

    with SmtpHost({"RCPT": b"450 later\r\n"}) as host:
        ... send to host.address, host.port ...
    host.sessions[0].commands, .body

What is not in the script is answered as a friendly host would.  In place of an answer stand
CLOSE (hang up), SILENCE (never answer) and any bytes, rubbish too.  RCPT may be a list: one answer
for each.  "BODY" is done as soon as the body begins, "FINAL" answers the final dot.  To who says
LHLO it speaks LMTP: FINAL is said once for each recipient that was taken.  With `path` it listens
there, and not on loopback.  With `tls` it speaks that, by STARTTLS, or at once with `tls_at_once`;
"HANDSHAKE" is done in place of one.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

CLOSE = b"CLOSE"
SILENCE = b"SILENCE"

Script = Mapping[str, bytes | Sequence[bytes]]

FRIENDLY: dict[str, bytes] = {
    "GREETING": b"220 mx.example.org ESMTP\r\n",
    "EHLO": b"250-mx.example.org\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 0\r\n",
    "HELO": b"250 mx.example.org\r\n",
    "LHLO": b"250-mx.example.org\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
    "MAIL": b"250 2.1.0 sender ok\r\n",
    "RCPT": b"250 2.1.5 recipient ok\r\n",
    "RSET": b"250 2.0.0 reset\r\n",
    "STARTTLS": b"220 2.0.0 go ahead\r\n",
    "DATA": b"354 go\r\n",
    "FINAL": b"250 2.0.0 queued as 42\r\n",
    "QUIT": b"221 bye\r\n",
}


@dataclass
class Session:
    commands: list[str] = field(default_factory=list)
    body: bytes = b""
    is_whole: bool = False  # the final dot has come
    bodies: list[bytes] = field(default_factory=list)
    tls: str = ""  # the version that is spoken
    sni: str = ""


class _Over(Exception):  # noqa: N818 - no error: the script ends here
    pass


class SmtpHost:
    def __init__(
        self,
        script: Script | None = None,
        *,
        family: int = socket.AF_INET,
        path: str = "",
        tls: ssl.SSLContext | None = None,
        tls_at_once: bool = False,
    ) -> None:
        self.tls = tls
        self.tls_at_once = tls_at_once
        self.script: Script = {**FRIENDLY, **(script or {})}
        self.sessions: list[Session] = []
        self.address = "127.0.0.1" if family == socket.AF_INET else "::1"
        self.port = 0
        if path:
            self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._listener.bind(path)
            self._listener.listen()
        else:
            self._listener = socket.create_server((self.address, 0), family=family)
            self.port = self._listener.getsockname()[1]
        self._is_over = threading.Event()
        self._held: list[tuple[socket.socket, threading.Thread]] = []
        self._dialogues: list[_Dialogue] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept
        self._thread.join(10)
        for conn, held in self._held:  # who still waits for a command
            with contextlib.suppress(OSError):
                conn.shutdown(socket.SHUT_RD)
            held.join(10)
        self._listener.close()

    def messages(self) -> list[bytes]:
        """What was taken, dots taken off, in order."""
        return [body for session in self.sessions for body in session.bodies]

    def interject(self, data: bytes) -> None:
        """Say what nobody has asked for, over the newest connection."""
        self._dialogues[-1].interject(data)

    def _serve(self) -> None:
        while not self._is_over.is_set():
            try:
                conn, _ = self._listener.accept()
            except OSError:
                return
            session = Session()
            self.sessions.append(session)
            held = threading.Thread(target=self._hold, args=(conn, session), daemon=True)
            self._held.append((conn, held))
            held.start()

    def _hold(self, conn: socket.socket, session: Session) -> None:
        with conn, contextlib.suppress(_Over, OSError):
            conn.settimeout(20)
            if self.port:  # answers to commands in groups, one by one, without waiting for an ACK
                conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            dialogue = _Dialogue(conn, session, self.script, self._is_over)
            self._dialogues.append(dialogue)
            dialogue.hold(self.tls, at_once=self.tls_at_once)


class _Dialogue:
    def __init__(
        self,
        conn: socket.socket,
        session: Session,
        script: Script,
        is_over: threading.Event,
    ) -> None:
        self._conn = conn
        self._file = conn.makefile("rb")
        self._session = session
        self._script = script
        self._is_over = is_over
        self._said: dict[str, int] = {}
        self._taken = 0  # recipients

    def hold(self, tls: ssl.SSLContext | None, *, at_once: bool) -> None:
        try:
            if at_once:
                self._secure(tls)
            self._say("GREETING")
            self._answer(tls)
        finally:
            self._file.close()
            self._conn.close()

    def interject(self, data: bytes) -> None:
        self._conn.sendall(data)

    def _answer(self, tls: ssl.SSLContext | None) -> None:
        while line := self._file.readline():
            command = line.decode("latin-1").rstrip("\r\n")
            self._session.commands.append(command)
            verb = command.partition(" ")[0].upper()
            answer = self._say(verb)
            self._taken += verb == "RCPT" and answer[:1] == b"2"
            if verb == "QUIT":
                return
            if verb == "STARTTLS" and answer.startswith(b"220"):
                self._secure(tls)
            if verb == "DATA" and answer.startswith(b"354"):
                self._read_body()

    def _secure(self, context: ssl.SSLContext | None) -> None:
        if "HANDSHAKE" in self._script:
            self._conn.recv(4096)  # the client goes first
            if self._script["HANDSHAKE"] != SILENCE:
                self._say("HANDSHAKE")
            while self._conn.recv(4096):
                pass
            raise _Over
        assert context
        context.sni_callback = self._named
        tls = context.wrap_socket(self._conn, server_side=True)
        self._session.tls = tls.version() or ""
        self._conn, self._file = tls, tls.makefile("rb")

    def _named(self, _: object, name: str | None, __: object) -> None:
        self._session.sni = name or ""

    def _read_body(self) -> None:
        if "BODY" in self._script:
            self._say("BODY")
        lines: list[bytes] = []
        while line := self._file.readline():
            if line == b".\r\n":
                self._session.body = b"".join(lines)
                self._session.is_whole = True
                self._session.bodies.append(self._session.body)
                is_lmtp = self._session.commands[0].upper().startswith("LHLO")
                for _ in range(self._taken if is_lmtp else 1):
                    self._say("FINAL")
                return
            lines.append(line.removeprefix(b"."))

    def _say(self, stage: str) -> bytes:
        answer = self._script.get(stage, b"500 unknown command\r\n")
        if not isinstance(answer, bytes):
            count = self._said[stage] = self._said.get(stage, 0) + 1
            answer = answer[min(count, len(answer)) - 1]
        if answer == CLOSE:
            raise _Over
        if answer == SILENCE:
            self._is_over.wait(20)
            raise _Over
        self._conn.sendall(answer)
        return answer
