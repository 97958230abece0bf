"""What does a classic command line ask for?  (ST-01…ST-03, ST-08, ST-11, N-11)

Scripts, cron jobs and init files call the mail program `sendmail` and speak to it in options that
are older than they are.  Here these words become one job, or a refusal in the classic words; what
the job needs is looked for afterwards.

    -bd -bdf            listen, in the background or in front
    -bw[time]           listen on the socket that is descriptor 0
    -q[q][i][f[f]][l]   run the queue once; with a time (-q30m, -q 30m) again and again, in a daemon
    -R text, -S text    only messages to, or from, an address that contains the text
    -oX list, -oP path  where the daemon listens, and where its pid goes
    -oY                 it has no control socket
    -C file             its settings
    -tls-on-connect     every client speaks TLS from its first octet
    -odb -odf -odi -odq -odqs, -os time     when mail is delivered, how long a client may be silent
    -d[+name…] -dd -v   stay in front, with the log on the terminal as well; -d with debug lines
    -bp -bpc -bV        list the queue, count it, print the version

A word that is none of these is refused, and so are jobs that exclude each other.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pymta.channel.selection import Selection
from pymta.cli.classic_items import sorted_items
from pymta.config.debugging import parse_debug
from pymta.config.duration import parse_duration
from pymta.config.launch import Launch

_QUEUE = re.compile(r"-q(q?)(i?)(f{0,2})(l?)(G[^/]*/?)?(.*)", re.DOTALL)
_SELECTOR = re.compile(r"-[RS](ff?|r|rff?)?", re.DOTALL)
INCOMPATIBLE = "pymta: incompatible command-line options or arguments"
TWICE = "pymta: queue-runner specified more than once"


@dataclass(frozen=True, slots=True)
class Serve:
    """Be the daemon.  `settings_file` is "" for the usual one."""

    launch: Launch
    settings_file: str = ""
    is_debugging: bool = False


@dataclass(frozen=True, slots=True)
class RunQueue:
    selection: Selection
    is_debugging: bool = False
    debug: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListQueue:
    pass


@dataclass(frozen=True, slots=True)
class CountQueue:
    pass


@dataclass(frozen=True, slots=True)
class Version:
    pass


@dataclass(frozen=True, slots=True)
class Refuse:
    """One line for standard error; the exit status is 1 (ST-03)."""

    line: str


Job = Serve | RunQueue | ListQueue | CountQueue | Version | Refuse


class _RefusedError(Exception):
    """The argument is the line."""


def read_line(words: Sequence[str]) -> Job:
    """The job that these arguments, without the name of the program, ask for."""
    try:
        said = _Said(deque(words))
        said.hear_all()
        return said.job()
    except _RefusedError as refused:
        return Refuse(str(refused))


@dataclass(slots=True)
class _Said:
    """The words that are still to be heard, and what was understood so far."""

    words: deque[str]
    where: str = ""  # -bd, -bdf or -bw
    wait: int = 0
    runs: Selection | None = None
    interval: int = 0
    force: bool = False
    thaw: bool = False
    recipients: str = ""
    senders: str = ""
    items: str = ""
    pid_file: str = ""
    no_control: bool = False
    settings_file: str = ""
    delivery: str = ""
    receive_timeout: int = 0
    tls_on_connect: bool = False
    is_debugging: bool = False
    debug: tuple[str, ...] = ()
    debugs_daemon_only: bool = False
    is_in_front: bool = False
    others: list[Job] = field(default_factory=list)

    def hear_all(self) -> None:
        while self.words:
            word = self.words.popleft()
            if not word.startswith("-") or word in {"-", "--"}:
                raise _RefusedError(INCOMPATIBLE)  # an address: nothing here takes one
            self._hear(word)

    def job(self) -> Job:
        run = self._one_run()
        jobs: list[Job] = [*self.others]
        if self.where or self.interval:
            jobs.append(self._serve())
        if run and not self.interval:
            jobs.append(RunQueue(run, is_debugging=self.is_debugging, debug=self.debug))
        if len(jobs) != 1 or (self._is_for_a_daemon() and not isinstance(jobs[0], Serve)):
            raise _RefusedError(INCOMPATIBLE)
        return jobs[0]

    def _is_for_a_daemon(self) -> bool:
        return bool(self.pid_file or self.settings_file)

    def _one_run(self) -> Selection | None:
        """What a queue run of this line takes; None: there is none."""
        if self.runs is None and not (self.recipients or self.senders):
            return None
        plain = self.runs or Selection()
        return Selection(
            force=plain.force or self.force,
            thaw=plain.thaw or self.thaw,
            first_only=plain.first_only,
            local_only=plain.local_only,
            two_stage=plain.two_stage,
            recipients=self.recipients,
            senders=self.senders,
        )

    def _serve(self) -> Serve:
        if self.where == "-bw" and self.interval:
            raise _RefusedError(INCOMPATIBLE)  # N-11
        run = self._one_run() or Selection()
        takes_items = self.where in {"-bd", "-bdf"}  # OX-01, N-11: ignored otherwise
        ports, interfaces = sorted_items(self.items if takes_items else "")
        launch = Launch(
            is_classic=True,
            in_background=self.where != "-bdf" and not self.is_in_front and self.where != "-bw",
            echoes_log=self.is_in_front,
            listens=bool(self.where),
            inherits_listener=self.where == "-bw",
            wait=self.wait,
            ports=ports,
            interfaces=interfaces,
            pid_file=self.pid_file,
            no_control=self.no_control,
            queue_interval=self.interval,
            receive_timeout=self.receive_timeout,
            delivery=self.delivery,
            tls_on_connect=self.tls_on_connect,
            force=run.force,
            thaw=run.thaw,
            first_only=run.first_only,
            local_only=run.local_only,
            two_stage=run.two_stage,
            recipients=run.recipients,
            senders=run.senders,
            debug=self.debug,
            debugs_daemon_only=self.debugs_daemon_only,
        )
        return Serve(launch, self.settings_file, is_debugging=self.is_debugging)

    def _hear(self, word: str) -> None:
        if known := _WORDS.get(word):
            known(self)
        elif word.startswith("-q"):
            self._hear_queue(word)
        elif word.startswith("-bw"):
            self._hear_wait(word)
        elif word.startswith(("-R", "-S")):
            self._hear_selector(word)
        elif word.startswith("-d"):
            self._hear_debug(word)
        elif word.startswith("-os"):
            time = word[3:] or self.next(word)
            self.receive_timeout = self._time(word if word[3:] else time, time)
        else:
            raise _unknown(word)

    def _hear_queue(self, word: str) -> None:
        match = _QUEUE.fullmatch(word)
        assert match
        two, first, force, local, name, time = match.groups()
        if name is not None:
            raise _RefusedError(f"pymta: named queues are not supported: {word}")
        if self.runs:
            raise _RefusedError(TWICE)
        self.runs = Selection(
            force=bool(force),
            thaw=force == "ff",
            first_only=bool(first),
            local_only=bool(local),
            two_stage=bool(two),
        )
        if time:
            self.interval = self._time(word, time)
        elif self.words and self.words[0][:1].isdigit():
            blank = self.words.popleft()  # N-28: "-q 5m"
            self.interval = self._time(blank, blank)

    def _hear_wait(self, word: str) -> None:
        self.listen("-bw")
        if word != "-bw":
            self.wait = self._time(word, word[3:])

    def _hear_selector(self, word: str) -> None:
        flags = _SELECTOR.fullmatch(word)
        letters = (flags[1] or "") if flags else ""
        if "r" in letters:
            raise _RefusedError(f"pymta: regular expressions are not supported: {word}")
        text = self.next(word) if flags else word[2:]
        self.force |= "f" in letters
        self.thaw |= "ff" in letters
        if word[1] == "R":
            self.recipients = text
        else:
            self.senders = text

    def _hear_debug(self, word: str) -> None:
        self.is_debugging = self.is_in_front = True
        self.debugs_daemon_only = word.startswith("-dd")
        try:
            self.debug = parse_debug(word.removeprefix("-dd" if self.debugs_daemon_only else "-d"))
        except ValueError as error:
            raise _RefusedError(f"pymta: {error}") from None

    def listen(self, where: str) -> None:
        if self.where and self.where != where:
            raise _RefusedError(INCOMPATIBLE)
        self.where = where

    def next(self, word: str) -> str:
        """The argument of an option."""
        if not self.words or not self.words[0]:
            raise _unknown(word)
        return self.words.popleft()

    @staticmethod
    def _time(shown: str, text: str) -> int:
        """Seconds.  Zero is as bad as nonsense, and says so in the same words (ST-03)."""
        try:
            seconds = parse_duration(text)
        except ValueError:
            seconds = 0
        if not seconds:
            raise _RefusedError(f"pymta: bad time value {shown}: abandoned")
        return seconds


def _unknown(word: str) -> _RefusedError:
    return _RefusedError(f"pymta abandoned: unknown, malformed, or incomplete option {word}")


def _set(name: str, value: object) -> Callable[[_Said], None]:
    return lambda said: setattr(said, name, value)


def _take(name: str, word: str) -> Callable[[_Said], None]:
    return lambda said: setattr(said, name, said.next(word))


_WORDS: Mapping[str, Callable[[_Said], None]] = {
    "-bd": lambda said: said.listen("-bd"),
    "-bdf": lambda said: said.listen("-bdf"),
    "-bp": lambda said: said.others.append(ListQueue()),
    "-bpc": lambda said: said.others.append(CountQueue()),
    "-bV": lambda said: said.others.append(Version()),
    "-C": _take("settings_file", "-C"),
    "-v": _set("is_in_front", value=True),
    "-odb": _set("delivery", "now"),
    "-odf": _set("delivery", "now"),
    "-odi": _set("delivery", "now"),
    "-odq": _set("delivery", "queue"),
    "-odqs": _set("delivery", "local"),
    "-oP": _take("pid_file", "-oP"),
    "-oX": _take("items", "-oX"),
    "-oY": _set("no_control", value=True),
    "-tls-on-connect": _set("tls_on_connect", value=True),
}
