"""What does a classic command line ask for?  (ST-01…ST-03, ST-08, ST-11, N-11)

Scripts, cron jobs and init files call the mail program `sendmail` and speak to it in options that
are older than they are.  Here these words become one job, or a refusal in the classic words; what
the job needs is looked for afterwards.

    -bd -bdf            listen, in the background or in front
    -bw[time]           listen on the socket that is descriptor 0
    -q[q][i][f[f]][l]   run the queue once; with a time (-q30m, -q 30m) again and again, in a daemon
    -qG<name>[/<time>]  likewise a named queue; with -bp or -bpc the queue to look at
    -q first [last]     only messages with ids from one to the other
    -R text, -S text    only messages to, or from, an address that contains the text; with -Rr, -Sr
                        one in which the regular expression is found
    -oX list, -oP path  where the daemon listens, and where its pid goes
    -oY                 it has no control socket
    -C file             its settings
    -tls-on-connect     every client speaks TLS from its first octet
    -odb -odf -odi -odq -odqs, -os time     when mail is delivered, how long a client may be silent
    -d[+name…] -dd -v   stay in front, with the log on the terminal as well; -d with debug lines
    -bh address         a session on standard input and output, as if from there
    -bp -bpc -bV        list the queue, count it, print the version; -bpu lists only who waits,
                        -bpi only ids, and -bpa, -bpr, -bpra and -bpru are as -bp and -bpu
    -bt -bv addresses   show where mail for them goes, or whether it goes anywhere
    -brw addresses      show what they are called
    -M…                 messages by their ids (`pymta.cli.classic_orders`)

A word that is none of these is refused, and so are jobs that exclude each other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace

from pymta.channel.selection import Selection
from pymta.cli.classic_items import sorted_items
from pymta.cli.classic_orders import DELIVER, Manage, read_manage
from pymta.cli.classic_refusal import INCOMPATIBLE, RefusedError, seconds_of, unknown
from pymta.cli.classic_runs import Runs
from pymta.config.debugging import parse_debug
from pymta.config.launch import Launch
from pymta.dataclass import dataclass
from pymta.mail.envelope import DEFAULT_QUEUE


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
    queue: str = DEFAULT_QUEUE
    shows_settled: bool = True
    ids_only: bool = False


@dataclass(frozen=True, slots=True)
class CountQueue:
    queue: str = DEFAULT_QUEUE


@dataclass(frozen=True, slots=True)
class ExplainAddresses:
    """Without addresses: those on standard input.  `is_verification`: only whether, not where."""

    addresses: tuple[str, ...] = ()
    is_verification: bool = False


@dataclass(frozen=True, slots=True)
class ShowNames:
    """What they are called, where they stand; without addresses: those on standard input."""

    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HoldSession:
    """As if from this address, with or without a port."""

    caller: str
    settings_file: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    pass


@dataclass(frozen=True, slots=True)
class Refuse:
    """One line for standard error; the exit status is 1 (ST-03)."""

    line: str


Job = (
    Serve
    | RunQueue
    | ListQueue
    | CountQueue
    | HoldSession
    | Manage
    | ExplainAddresses
    | ShowNames
    | Version
    | Refuse
)


def read_line(words: Sequence[str]) -> Job:
    """The job that these arguments, without the name of the program, ask for."""
    try:
        said = _Said(deque(words))
        said.hear_all()
        return said.job()
    except RefusedError as refused:
        return Refuse(str(refused))


@dataclass(slots=True)
class _Said:
    """The words that are still to be heard, and what was understood so far."""

    words: deque[str]
    where: str = ""  # -bd, -bdf or -bw
    wait: int = 0
    runs: Runs = field(default_factory=Runs)
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
                raise RefusedError(INCOMPATIBLE)  # an address: nothing here takes one
            self._hear(word)

    def job(self) -> Job:
        jobs: list[Job] = [*self.others]
        if self.where or self.runs.periodic:
            jobs.append(self._serve())
        queue = self.runs.named_queue
        if len(jobs) == 1 and isinstance(jobs[0], ListQueue | CountQueue) and queue is not None:
            jobs = [replace(jobs[0], queue=queue)]
        elif self.runs.is_for_now:
            which = self.runs.selection()
            jobs.append(RunQueue(which, is_debugging=self.is_debugging, debug=self.debug))
        if len(jobs) == 1 and isinstance(jobs[0], HoldSession) and not self.pid_file:
            return replace(jobs[0], settings_file=self.settings_file)
        if len(jobs) != 1 or (self._is_for_a_daemon() and not isinstance(jobs[0], Serve)):
            raise RefusedError(INCOMPATIBLE)
        return jobs[0]

    def _is_for_a_daemon(self) -> bool:
        return bool(self.pid_file or self.settings_file)

    def _serve(self) -> Serve:
        if self.where == "-bw" and self.runs.periodic:
            raise RefusedError(INCOMPATIBLE)  # N-11
        takes_items = self.where in {"-bd", "-bdf"}  # OX-01, N-11: ignored otherwise
        ports, interfaces = sorted_items(self.items if takes_items else "")
        which = self.runs.which
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
            queue_runs=tuple(self.runs.periodic.values()),
            receive_timeout=self.receive_timeout,
            delivery=self.delivery,
            tls_on_connect=self.tls_on_connect,
            force=which.force,
            thaw=which.thaw,
            recipients=which.recipients,
            recipients_are_pattern=which.recipients_are_pattern,
            senders=which.senders,
            senders_are_pattern=which.senders_are_pattern,
            debug=self.debug,
            debugs_daemon_only=self.debugs_daemon_only,
        )
        return Serve(launch, self.settings_file, is_debugging=self.is_debugging)

    def _hear(self, word: str) -> None:
        if known := _WORDS.get(word):
            known(self)
        elif word.startswith(("-qR", "-qS")):  # what sendmail calls them
            self.runs.hear_selector(f"-{word[2:]}", self.words)
        elif word.startswith("-q"):
            self.runs.hear_run(word, self.words)
        elif word.startswith("-bw"):
            self._hear_wait(word)
        elif word.startswith("-M"):
            self._hear_manage(word)
        elif word.startswith(("-R", "-S")):
            self.runs.hear_selector(word, self.words)
        elif word.startswith("-d"):
            self._hear_debug(word)
        elif word.startswith("-os"):
            time = word[3:] or self.next(word)
            self.receive_timeout = seconds_of(time, word if word[3:] else time)
        else:
            raise unknown(word)

    def test_addresses(self, *, is_verification: bool = False) -> None:
        self.others.append(ExplainAddresses(self.addresses(), is_verification))

    def addresses(self) -> tuple[str, ...]:
        """Words up to the next option."""
        found: list[str] = []
        while self.words and not self.words[0].startswith("-"):
            found.append(self.words.popleft())
        return tuple(found)

    def _hear_manage(self, word: str) -> None:
        wanted = read_manage(word, self.words)
        if word not in DELIVER:
            self.others.append(wanted)
        elif self.runs.is_for_now:
            raise RefusedError(INCOMPATIBLE)
        else:
            is_forced = word != "-Mc"
            self.runs.which = Selection(ids=wanted.ids, force=is_forced, thaw=is_forced)

    def _hear_wait(self, word: str) -> None:
        self.listen("-bw")
        if word != "-bw":
            self.wait = seconds_of(word[3:], word)

    def _hear_debug(self, word: str) -> None:
        self.is_debugging = self.is_in_front = True
        self.debugs_daemon_only = word.startswith("-dd")
        try:
            self.debug = parse_debug(word.removeprefix("-dd" if self.debugs_daemon_only else "-d"))
        except ValueError as error:
            raise RefusedError(f"pymta: {error}") from None

    def listen(self, where: str) -> None:
        if self.where and self.where != where:
            raise RefusedError(INCOMPATIBLE)
        self.where = where

    def next(self, word: str) -> str:
        """The argument of an option."""
        if not self.words or not self.words[0]:
            raise unknown(word)
        return self.words.popleft()


def _set(name: str, value: object) -> Callable[[_Said], None]:
    return lambda said: setattr(said, name, value)


def _take(name: str, word: str) -> Callable[[_Said], None]:
    return lambda said: setattr(said, name, said.next(word))


_WORDS: Mapping[str, Callable[[_Said], None]] = {
    "-bd": lambda said: said.listen("-bd"),
    "-bdf": lambda said: said.listen("-bdf"),
    "-bh": lambda said: said.others.append(HoldSession(said.next("-bh"))),
    "-bp": lambda said: said.others.append(ListQueue()),
    "-bpa": lambda said: said.others.append(ListQueue()),
    "-bpi": lambda said: said.others.append(ListQueue(ids_only=True)),
    "-bpr": lambda said: said.others.append(ListQueue()),
    "-bpra": lambda said: said.others.append(ListQueue()),
    "-bpru": lambda said: said.others.append(ListQueue(shows_settled=False)),
    "-bpu": lambda said: said.others.append(ListQueue(shows_settled=False)),
    "-bpc": lambda said: said.others.append(CountQueue()),
    "-brw": lambda said: said.others.append(ShowNames(said.addresses())),
    "-bt": lambda said: said.test_addresses(),
    "-bv": lambda said: said.test_addresses(is_verification=True),
    "-bvs": lambda said: said.test_addresses(is_verification=True),
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
