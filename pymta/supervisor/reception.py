"""Take calls: judge, refuse, or give to a session: a worker on standby, or a new one.

One accept per ready listener and turn, so that two flooded ports both get on (ML-05).  Nothing is
read from a caller here and nothing is waited for (HC-05).  Whatever goes wrong, the caller hears a
421 that says so, as long as there is a descriptor for it.

Touches: sockets, processes, clock.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Mapping

from pymta.channel.call import Call
from pymta.channel.life import Life
from pymta.channel.pair import End
from pymta.channel.words import Serve
from pymta.config.per_host import PerHostTable
from pymta.config.settings import Settings
from pymta.journal import daemon_events
from pymta.journal.log import Log
from pymta.journal.origin import ends_text
from pymta.load.gauge import Gauge
from pymta.load.reading import Load, reserve
from pymta.mail.caller import Endpoint, LocalCaller, endpoint, text_of
from pymta.mail.host_list import HostList
from pymta.supervisor import debug_lines, fork, fork_faults
from pymta.supervisor.accept_faults import Line
from pymta.supervisor.admission import Admit, House, Refuse, admit, admit_local
from pymta.supervisor.children import Child, Children, Job, slot_of
from pymta.supervisor.connection_ids import ConnectionIds
from pymta.supervisor.entrance import Arrival, Entrance, hang_up, say
from pymta.supervisor.fork import Sessions
from pymta.supervisor.fork_faults import Births, Fault
from pymta.supervisor.policy_watch import PolicyWatch
from pymta.supervisor.second_look import SecondLook
from pymta.supervisor.share import share_of
from pymta.supervisor.standby import Standby


class Reception:
    """Everything between the entrance and a worker.

    `gauge` reads the load, of what has a limit here.
    """

    def __init__(
        self,
        entrance: Entrance,
        children: Children,
        settings: Settings,
        sessions: Sessions,
        log: Log,
    ) -> None:
        self.entrance = entrance
        self.sessions = sessions
        self._children = children
        self._settings = settings
        self._per_host = PerHostTable(settings.limits.smtp_accept_max_per_host)
        self._log = log
        self._births = Births()
        self._ids = ConnectionIds()
        self._quiet = HostList(settings.journal.hosts_connection_nolog)
        self._proxies = HostList(settings.proxy.hosts_proxy)
        self.policy = PolicyWatch(settings, log)
        self.second_look = SecondLook(children, settings, self._per_host, self.policy, log)
        self.gauge = Gauge(reserve(settings.limits), settings.limits)
        self._load: Load | None = None  # None: not read in this turn
        self.standby = Standby()

    def begin_turn(self) -> None:
        """What was read of the load is old now."""
        self._load = None

    def take_call(self, fd: int, ends: Mapping[int, End]) -> tuple[Child, End] | None:
        """Accept one call.  A worker that was born of it, and our end of its channel.

        `ends` are our ends of all channels by pid.
        """
        arrival = self.entrance.accept(fd)
        if arrival is None:
            return None
        try:
            facts = self._admitted(arrival)
            if facts is None or self._give(call := Call(arrival.sock, facts), ends):
                return None
            return self._bear(call)
        finally:
            hang_up(arrival.sock, self._log)  # the session has its own copy

    def interrupted(self) -> None:
        """A signal came (AE-02).  If a child has died, what was short may be there again."""
        self.entrance.all_is_well()
        if self._births.fault:
            self._births = fork_faults.hopeful(self._births)

    def trouble(self) -> str:
        """Why the last caller was not served as he should have been; "" when he was."""
        return self._births.fault.line if self._births.fault else self.entrance.trouble()

    def _admitted(self, arrival: Arrival) -> Serve | None:
        """The call to serve; None when it was refused, which it has heard, or seen (N-40)."""
        sock, caller = arrival.sock, arrival.caller
        if isinstance(caller, LocalCaller):
            return self._admitted_here(arrival, caller)
        debug = self._log.debug
        if debug:
            text = f"Connection request from {caller.address} port {caller.port}"
            debug(text, CLIENT=str(caller.address), CLIENT_PORT=str(caller.port))
        try:
            local = endpoint(sock.getsockname())
        except OSError as error:
            text = "getsockname() failed"
            # N-02: a caller who has gone again is nothing to get up for.
            is_gone = error.errno == errno.ECONNRESET
            tell = daemon_events.remark if is_gone else daemon_events.trouble
            self._log.write(tell(f"{text}: {error.strerror}"))
            arrival.answer(f"421 Local problem: {text}; please try again later")
            return None
        if debug:
            debug(f"interface address={local.address} port={local.port}", "interface")
        ends = ends_text(caller, local, self._settings.journal)
        # A reload has just lost the files.
        if arrival.starts_tls and self.sessions.certificates is None:
            why = "TLS begins at once on this port, and there is no certificate"
            self._log.write(daemon_events.refused(caller, ends, why))
            arrival.answer("")
            return None
        if self._load is None:
            self._load = self.gauge.read()
        address = text_of(caller.address)
        is_proxied = self._proxies.holds_network(caller.address)
        value = None if is_proxied else self._per_host.value(caller.address)
        house = House(
            sessions=self._children.sessions,
            from_address=self._children.sessions_from(address),
            share=share_of(value, f"[{address}]{ends}"),
            load=self._load,
        )
        answer = admit(house, self._settings.limits)
        if answer.trouble:
            self._log.write(daemon_events.settings_unclear(caller, answer.trouble))
        match answer:
            case Refuse():
                self._turn_away(arrival, ends, answer)
                return None
            case Admit(sessions):
                id = self._ids.next()
                self._tell_of(caller, id, ends, sessions)
                if arrival.queue > self._settings.listen.smtp_backlog_monitor:
                    self._log.write(daemon_events.backlog(arrival.queue, local))
                facts = (sessions - 1, id, house.load, arrival.starts_tls, arrival.role)
                is_out = self.policy.is_out(caller)
                return Serve(caller, local, *facts, is_proxied, is_out, arrival.family)

    def _admitted_here(self, arrival: Arrival, caller: LocalCaller) -> Serve | None:
        """The same for a user of this machine."""
        if debug := self._log.debug:
            debug(f"Connection request from {caller} process {caller.pid}")
        of_user = self._children.local_callers.get(caller.uid, 0)
        sessions, limits = self._children.local_sessions, self._settings.limits
        answer = admit_local(sessions, of_user, caller.uid, limits)
        if isinstance(answer, Refuse):
            self._turn_away(arrival, "", answer)
            return None
        if self._load is None:
            self._load = self.gauge.read()
        id, count = self._ids.next(), answer.sessions
        selected = self._settings.journal.selected
        if "smtp_connection" in selected and not self._quiet.holds_without_address():
            shows_id = "connection_id" in selected
            event = daemon_events.connected_here(caller, id, count=count, shows_id=shows_id)
            self._log.write(event)
        facts = (count - 1, id, self._load, False, arrival.role, False)
        return Serve(caller, None, *facts, self.policy.is_out(caller), arrival.family)

    def _turn_away(self, arrival: Arrival, ends: str, answer: Refuse) -> None:
        if debug := self._log.debug:
            debug(f"rejecting SMTP connection: {answer.measured}")
        self._log.write(daemon_events.refused(arrival.caller, ends, answer.why))
        arrival.answer(answer.reply)

    def _tell_of(self, caller: Endpoint, id: str, ends: str, count: int) -> None:
        """CP-01, for those who want to read it of this caller."""
        selected = self._settings.journal.selected
        if "smtp_connection" not in selected or self._quiet.holds_network(caller.address):
            return
        shows_id = "connection_id" in selected
        event = daemon_events.connected(caller, ends, id, count=count, shows_id=shows_id)
        self._log.write(event)

    def _give(self, call: Call, ends: Mapping[int, End]) -> bool:
        """To a worker that is free; one that has just died is passed over."""
        while (pid := self.standby.take()) is not None:
            if pid not in ends:
                continue
            try:
                is_given = ends[pid].give(call.facts, call.sock.fileno())
            except OSError:  # the kernel has no room for a descriptor under way: he waits on
                self.standby.add(pid, time.monotonic())
                return False
            if is_given:
                self._children.occupy(pid, *slot_of(call.facts.caller))
                self._debug_count()
                return True
        return False

    def _bear(self, call: Call) -> tuple[Child, End] | None:
        """A worker of its own for the call, or the reply that says why there is none."""
        now = time.monotonic()
        fault = self._births.forbids(now)
        if fault:
            self._births, line = fork_faults.refused(self._births)
        else:
            born = self._fork(call)
            if not isinstance(born, Fault):
                fault = self._births.fault
                self._births, line = fork_faults.succeeded(self._births)
                self._tell(line, fault, call)
                return born
            fault = born
            self._births, line = fork_faults.failed(self._births, fault, now)
        self._tell(line, fault, call)
        say(call.sock, "" if call.facts.starts_tls else fault.reply)
        return None

    def _fork(self, call: Call) -> tuple[Child, End] | Fault:
        def life(channel: End) -> Life:
            return fork.session_life(call, self.sessions, channel)

        try:
            keep = (call.sock.fileno(), *self._log.descriptors())
            pid, ours = fork.fork_with_channel(life, keep)
        except fork.NoChannelError as error:
            return fork_faults.no_channel(error)
        except OSError as error:
            return fork_faults.no_process(error)
        address, uid = slot_of(call.facts.caller)
        child = Child(
            pid,
            Job.SESSION,
            channel=ours.fileno(),
            address=address,
            generation=self._settings.generation,
            holds_slot=True,
            uid=uid,
        )
        self._children.add(child)
        self._debug_count()
        return child, ours

    def _debug_count(self) -> None:
        if self._log.debug:
            self._log.debug(debug_lines.sessions(self._children.all_sessions))

    def _tell(self, line: Line | None, fault: Fault | None, call: Call) -> None:
        if line and fault:
            event = daemon_events.not_born(
                line.text, call.facts.caller, fault.kind, is_panic=line.is_panic
            )
            self._log.write(event)
