"""Certificates that are renewed under our feet: read anew, and shown from then on (N-23).

A session that is about to shake hands sees that a file looks otherwise, and says so.  Some seconds
later, when whoever writes them is done, a child reads certificates and keys as a start would: the
supervisor waits for no disk.  What it found comes back in a memory file, and the next worker shows
it.  A pair that does not fit, or that nobody may read, changes nothing and is told once.

Sessions go on with what they began with.  When it is the certificate for everybody that is another,
tickets of before are not taken any more: their keys belong to a context that is gone, and a client
just shakes hands in full.

Touches: processes, disk, descriptors, environment, clock.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from typing import Any

from pymta.config.certificate_files import files_of, read_certificates
from pymta.config.secret import VARIABLE
from pymta.config.tls import Tls
from pymta.journal import daemon_events
from pymta.journal.event import Kind
from pymta.supervisor import fork
from pymta.supervisor.certificate import Certificate, changed, close, keep, show
from pymta.supervisor.children import Child, Job
from pymta.supervisor.find_listeners import CannotStartError
from pymta.supervisor.workplace import Workplace
from pymta.tls.watched import fingerprint

SETTLE = 5.0  # seconds from the first change until the files are read
AGAIN = 60.0  # seconds until they are tried once more, when there can be no more processes
LONGEST = 30  # seconds; a disk that hangs must leave no child for ever
_ROUNDS = 10  # of reading, while the files go on changing


class Recertification:
    """What is under way between the first sight of a change, and the next certificate."""

    def __init__(self, place: Workplace, clock: Callable[[], float] = time.monotonic) -> None:
        self._place = place
        self._clock = clock
        self._due: float | None = None
        self._reader = 0  # the child that reads, while there is one
        self._answer = -1  # the memory file that it writes to
        self._refused = ""  # the fingerprint whose trouble was told
        self.outdated: set[int] = set()  # pids of workers that have the former ones

    def noticed(self) -> None:
        """A session has seen that a file looks otherwise."""
        if self._due is None and not self._reader and self._place.certificate:
            self._due = self._clock() + SETTLE

    def wait(self, now: float) -> float | None:
        if self._due is None or self._place.is_stopping:
            return None
        return max(0.0, self._due - now)

    def act(self, now: float) -> None:
        """Have the files read when it is time."""
        if self._due is None or now < self._due:
            return
        place, answer, self._due = self._place, -1, None
        try:
            answer = os.memfd_create("pymta-certificates")
            pid = fork.fork(lambda: read(answer, place.settings.tls), (answer,))
        except OSError as error:
            close(answer)
            self._put_off("fork", error)
            return
        self._reader, self._answer = pid, answer
        place.children.add(Child(pid, Job.CERTIFICATE, generation=place.settings.generation))

    def _put_off(self, what: str, error: OSError) -> None:
        """Nothing is wrong with the files: there was no process, or no descriptor."""
        self._due = self._clock() + AGAIN
        self._place.log.write(daemon_events.fork_failed(f"certificate process {what}", error))

    def ended(self, pid: int, *, could_read: bool) -> bool:
        """The child has gone.  True: other certificates are shown from now on."""
        if pid != self._reader:
            return False  # a child of the image before us, which read the files, as we have done
        data = os.pread(self._answer, os.fstat(self._answer).st_size, 0)
        os.close(self._answer)
        self._reader, self._answer = 0, -1
        return could_read and self._heed(json.loads(data))

    def _heed(self, answer: dict[str, Any]) -> bool:
        seen, sessions = str(answer["seen"]), self._place.reception.sessions
        if sessions.watched:
            sessions.watched.seen = seen
        if "why" in answer:
            self._refuse(seen, str(answer["why"]), is_denied=answer["is_denied"])
            return False
        texts = {str(entry): str(text).encode() for entry, text in answer["texts"].items()}
        former = self._place.certificate
        if not former or not (lines := changed(former, texts)):
            return False  # touched, and the same as before: tickets stay good
        try:
            shown = show(texts, self._place.settings.tls, former.shown)
        except CannotStartError as error:
            self._refuse(seen, str(error), is_denied=False)
            return False
        try:
            kept = keep(texts)
        except OSError as error:
            self._put_off("memory", error)
            return False
        close(former.fd)
        self._place.certificate = Certificate(shown, kept)
        sessions.certificates = shown
        self.outdated = set(self._place.children.pids(Job.SESSION))
        for line in lines:
            self._place.log.write(daemon_events.certificate_renewed(line))
        return True

    def _refuse(self, seen: str, why: str, *, is_denied: bool) -> None:
        if seen == self._refused:
            return
        self._refused = seen
        tell = daemon_events.remark if is_denied else daemon_events.trouble
        remedy = "; a restart reads it as root" if is_denied else ""
        text = f"{why}: the certificate that was loaded before stays{remedy}"
        self._place.log.write(tell(text, Kind.CERTIFICATE))


def read(answer: int, tls: Tls) -> int:
    """The life of the child."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(LONGEST)
    directory = os.environ.get(VARIABLE, "")
    paths = files_of(tls, directory)
    for _ in range(_ROUNDS):
        seen = fingerprint(paths)
        found = read_certificates(tls, directory)
        if fingerprint(paths) == seen:
            break
        time.sleep(0.2)
    plain: dict[str, Any] = {"seen": seen}
    if found.errors:
        error = found.errors[0]
        plain |= {"why": str(error), "is_denied": error.is_denied}
    else:
        plain["texts"] = {entry: text.decode() for entry, text in found.texts.items()}
    os.write(answer, json.dumps(plain).encode())
    return 0
