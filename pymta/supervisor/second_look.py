"""A second look at a caller: his session has heard from a proxy who he really is (N-13).

When the proxy called, its own address was all that was known, and proxies have no limit of their
own.  Now the client is judged as if he had called himself, by what only we can count: how many
connections his address holds.  The slot becomes his.  What else speaks against him (lists of hosts,
kept places, load) is asked by the session, as of everybody.

Nothing is read from anybody here but a word of our own child.  The session waits for the answer,
and its connection holds a slot all the time, whoever that slot is named after; so a session that
dies on the way, or asks across a reload, frees exactly the one that it has.

With the verdict goes what else is counted for a client: whether he has put the file of policy
functions out of use for himself.  So it is asked for those, too, whom XCLIENT names.

Touches: the log.
"""

from __future__ import annotations

from pymta.channel.words import Named, Proxied, Verdict
from pymta.config.per_host import PerHostTable
from pymta.config.settings import Settings
from pymta.journal import daemon_events
from pymta.journal.log import Log
from pymta.journal.origin import ends_text
from pymta.supervisor.admission import House, beyond_share
from pymta.supervisor.children import Child, Children
from pymta.supervisor.policy_watch import PolicyWatch
from pymta.supervisor.share import share_of


class SecondLook:
    """`per_host` is smtp_accept_max_per_host."""

    def __init__(
        self,
        children: Children,
        settings: Settings,
        per_host: PerHostTable,
        policy: PolicyWatch,
        log: Log,
    ) -> None:
        self._children = children
        self._journal = settings.journal
        self._per_host = per_host
        self._policy = policy
        self._log = log

    def judge(self, pid: int, word: Proxied | Named) -> Verdict:
        """What the session of this child is to do with the client that it has named."""
        child = self._children.get(pid)
        if child is None or not child.holds_slot:
            return Verdict()
        match word:
            case Named(client):  # by one that we trust, and that keeps its slot
                self._children.name(pid, str(client))
            case Proxied(caller):
                if reply := self._refusal(child, word):
                    return Verdict(reply)
                self._children.occupy(pid, str(caller.address))
        return Verdict(policy_is_out=self._policy.is_out_of(self._children.get(pid)))

    def _refusal(self, child: Child, word: Proxied) -> str:
        caller, address = word.caller, str(word.caller.address)
        ends = ends_text(caller, word.local, self._journal)
        share = share_of(self._per_host.value(caller.address), f"[{address}]{ends}")
        if share.trouble:
            self._log.write(daemon_events.settings_unclear(caller, share.trouble))
        others = self._children.sessions_from(address) - (child.address == address)
        refusal = beyond_share(House(self._children.sessions, others, share))
        if refusal is None:
            return ""
        if debug := self._log.debug:
            debug(f"rejecting SMTP connection: {refusal.measured}")
        self._log.write(daemon_events.refused(caller, ends, refusal.why))
        return refusal.reply
