"""The part of pymta.toml(5) about rules of policy, printed from their tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pymta.config.policy_conditions import CONDITIONS, EVERYWHERE, STAGES
from pymta.config.policy_rules import ACTIONS, OPTIONS

HEAD = r"""
.SH POLICY
Rules say what is taken from whom.
They stand at the end of the file, since everything behind a table belongs to it:
.PP
.nf
[[policy.rcpt]]
name = \(dqno\-bulk\(dq
hosts = [\(dq*.bulk.example\(dq]
recipients = [\(dqabuse@\(dq, \(dqpostmaster@\(dq]
action = \(dqaccept\(dq

[[policy.rcpt]]
name = \(dqbulk\(dq
hosts = [\(dq*.bulk.example\(dq]
action = \(dqrefuse\(dq
text = \(dqno bulk mail here\(dq
.fi
.PP
Rules of a stage are asked one after another, and the first one whose conditions all hold decides;
the log shows its name.
Where none holds, policy has nothing against it.
Whatever a rule accepts, limits hold, recipients must exist, and mail to domains of others is for
those that may relay.
A user who will log in calls from anywhere: rules about hosts, networks and lists that are not meant
for him have
.B roles = [\(dqsmtp\(dq]
or, from mail on,
.BR "authenticated = false" .
As with all settings, a later file that has rules replaces all the rules of an earlier one.
.PP
The stages are
.B connect
(before the greeting),
.BR helo ,
.BR mail ,
.B rcpt
(once for each recipient),
.B data
(when the whole message has come) and
.B notquit
(when a session ends, and not by QUIT; only for the log).
.SS Keys of a rule
""".lstrip()

# Each line with "# " in front is one of a settings file; tests read them.
EXAMPLES = """
# Rules of policy stand at the end of the file; see POLICY in pymta.toml(5).  For example:
#
# [[policy.helo]]
# name = "not-us"
# helo = ["@"]
# trusted = false
# action = "refuse"
# text = "that is our name, not yours"
#
# [[policy.rcpt]]
# name = "for-postmaster"
# recipients = ["postmaster@", "abuse@"]
# action = "accept"
#
# [[policy.rcpt]]
# name = "no-such-sender"
# trusted = false
# sender_verified = false
# action = "refuse"
#
# [[policy.data]]
# name = "no-author"
# trusted = false
# header_missing = ["From", "Date"]
# action = "refuse"
# text = "messages have From and Date (RFC 5322 section 3.6)"
"""

ACTIONS_HEAD = ".SS Actions\n"
CONDITIONS_HEAD = r"""
.SS Conditions
Stages stand behind those that are not known from the first one on.
In lists of addresses
.B user@example.org
is one address,
.B example.org
a domain,
.B .example.org
those below it,
.B user@
a local part in whatever domain,
.B <>
the null sender,
.B *
everybody,
.B @
our own name,
.B ^...
a regular expression, and with
.B !
in front an item says no; the first one that fits decides.
A path stands for a file with an item on each line, in lists of networks, names and addresses; it is
read when settings are.
""".lstrip()


def section(roff: Callable[[str], str]) -> str:
    return "".join(_lines(roff))


def _lines(roff: Callable[[str], str]) -> Iterator[str]:
    yield HEAD
    for name, meaning in OPTIONS.items():
        yield _entry(name, meaning, roff)
    yield ACTIONS_HEAD
    for name, action in ACTIONS.items():
        stages = _stages(action.stages, frozenset(STAGES) - {"notquit"})
        yield _entry(name, action.meaning + stages, roff)
    yield CONDITIONS_HEAD
    for name, kind in CONDITIONS.items():
        yield _entry(name, kind.meaning + _stages(kind.stages, EVERYWHERE), roff)


def _entry(name: str, meaning: str, roff: Callable[[str], str]) -> str:
    return f".TP\n.B {roff(name)}\n{roff(meaning)}\n"


def _stages(stages: frozenset[str], usual: frozenset[str]) -> str:
    """Nothing where they are those that go without saying."""
    if stages in (usual, EVERYWHERE):
        return ""
    return f" ({', '.join(name for name in STAGES if name in stages)})"
