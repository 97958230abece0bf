"""Documents printed from what they describe: settings, and events of the log.

    python packaging/document.py sample >packaging/pymta.toml.sample
    python packaging/document.py manual >packaging/man/pymta.toml.5
    python packaging/document.py catalogue >systemd/pymta.catalog
    python packaging/document.py journal >packaging/man/pymta-journal.7
    python packaging/document.py readme >README.new && mv README.new README.md

Of the last, the table of extensions is new, and the rest as it was.

tests/packaging fails when one of the files is older than the program.

Touches: standard output, README.md.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

import policy_manual
import report_manual
import retry_manual
import rewriting_manual
import smarthosts_manual
import tables_manual

from pymta.config.document import as_toml
from pymta.config.selectors import SELECTORS, Selector
from pymta.config.settings import Settings
from pymta.journal.catalogue import CATALOGUE, SECTIONS
from pymta.journal.event import Kind
from pymta.journal.fields import ALWAYS, OWN
from pymta.journal.line import PREFIX
from pymta.journal.meaning import Meaning
from pymta.smtp.extensions import EXTENSIONS

SAMPLE_HEAD = """\
# Settings of pymta, each with its default.  Copy what you change to /etc/pymta/pymta.toml, then:
#
#     pymta config check && systemctl reload pymta
#
# Without that file pymta serves callers from this machine only.
"""

MANUAL_HEAD = r"""
.TH PYMTA.TOML 5 "" "pymta" "File formats"
.SH NAME
pymta.toml \- settings of the mail transfer agent pymta
.SH SYNOPSIS
.I /etc/pymta/pymta.toml
.br
.I /etc/pymta/pymta.toml.d/*.toml
.SH DESCRIPTION
The file is TOML.
Every setting stands at the top level under one of the names below; what is left out has the default
shown.
Files of the directory are read after the main file in the order of their names, and win over it.
.PP
Times are written like
.BR \(dq30s\(dq ", " \(dq10m\(dq " or " \(dq1d12h\(dq ,
sizes like
.BR \(dq500K\(dq " or " \(dq50M\(dq .
.PP
.B pymta config check
names every mistake with its file and line;
.B systemctl reload pymta
applies a file that has none, and changes nothing otherwise.
Without any file, mail is taken from this machine only and other callers hear 451.
.SH SETTINGS
""".lstrip()

SELECTORS_HEAD = r"""
.SH LOG SELECTORS
.B log_selector
turns lines, or parts of lines, on and off:
.BR \(dq+name\(dq " and " \(dq\-name\(dq ,
what is said last wins,
.BR \(dq+all\(dq " and " \(dq\-all\(dq
are all of them.
A mark says which are on when nothing is said.
In the journal each line has its facts as fields too, whatever is selected; only the subject of a
message stands there for those who select it alone.
""".lstrip()

IDLE_HEAD = r"""
.PP
These are known, so that a list written for another daemon can be kept, and do nothing yet:
""".lstrip()

MANUAL_TAIL = r"""
.SH SEE ALSO
.BR pymta (8),
.BR pymta\-deliver (8),
.BR pymta\-policy (5),
.BR pymta\-journal (7)
""".lstrip()

CATALOGUE_HEAD = """\
# What the events of pymta mean, for journalctl -x: see pymta-journal(7).
"""
CATALOGUE_WIDTH = 79  # journalctl puts three columns in front
HARD_SPACE = "\xa0"

JOURNAL_HEAD = r"""
.TH PYMTA-JOURNAL 7 "" "pymta" "Miscellanea"
.SH NAME
pymta\-journal \- what pymta writes to the systemd journal
.SH DESCRIPTION
Every event is one line in the words of the classic mail log, and the same event is one entry of the
journal, with its facts as fields.
The words are for people and for tools that know the classic log; the fields are for searching.
.TP
.B journalctl \-t pymta
everything, of all units and of commands typed by hand
.TP
.B journalctl \-u pymta \-x
lines of the daemon, each with an explanation of its kind
.TP
.BI "journalctl PYMTA_QUEUE_ID=" id
the whole story of one message
.TP
.BI "journalctl PYMTA_SESSION_ID=" id
one connection
.TP
.B journalctl PYMTA_RECIPIENT=user@example.org
whatever happened to mail for one address
.TP
.B journalctl PYMTA_KIND=deferred PYMTA_KIND=failed \-o json
two kinds of events, for a program
.TP
.BR "journalctl \-t pymta \-p err" " and " "\-p alert"
mistakes in settings and worse; what the classic daemon writes to its panic log
.TP
.B journalctl \-F PYMTA_CLIENT
all clients that there were
.PP
Which lines there are, and what stands in their text, is a matter of
.B log_selector
in
.BR pymta.toml (5).
Fields do not depend on it, but for the subject of a message.
.SH NOTHING IS LOST SILENTLY
An entry is handed to systemd\-journald without waiting.
When its queue is full (the kernel keeps
.I net.unix.max_dgram_qlen
of them, 512 under systemd) the line goes to standard error, which leads to the journal as well:
then it has its priority, but neither fields nor
.BR MESSAGE_ID .
What finds no place there either is counted, and the number is logged, as kind
.BR log_lost ,
as soon as lines are taken again.
No process of pymta waits for the journal, but for a moment at its end, so that its last lines are
found under its unit.
.PP
Limits on rates, which would have journald drop lines, are lifted in the units of pymta.
A drop\-in brings them back:
.B LogRateLimitIntervalSec=
and
.BR LogRateLimitBurst= ,
both greater than zero, in
.BR systemd.exec (5).
.SH FIELDS
All names begin with
.BR PYMTA_ .
.B MESSAGE_ID
and
.B PRIORITY
have the meaning that they have in
.BR systemd.journal\-fields (7);
.B SYSLOG_IDENTIFIER
is pymta.
Names and meanings stay as they are; new ones may come.
.SS Of every entry
""".lstrip()

JOURNAL_TAIL = r"""
.SH SEE ALSO
.BR journalctl (1),
.BR pymta (8),
.BR pymta.toml (5),
.BR systemd.journal\-fields (7)
""".lstrip()


def entries() -> Iterator[tuple[str, str]]:
    """Meaning of a setting, and the line that sets it to its default."""
    for entry in as_toml(Settings()).strip().split("\n\n"):
        meaning, line = entry.split("\n")
        yield meaning.removeprefix("# "), line.removeprefix("# ")


def sample() -> str:
    lines = (f"\n# {meaning}\n#{line}\n" for meaning, line in entries())
    return SAMPLE_HEAD + "".join(lines) + policy_manual.EXAMPLES


def manual() -> str:
    lines = (f".TP\n.B {_roff(line)}\n{_roff(meaning)}\n" for meaning, line in entries())
    sections = (
        retry_manual.section(),
        report_manual.section(_roff),
        smarthosts_manual.section(_roff),
        tables_manual.section(_roff),
        rewriting_manual.section(),
        policy_manual.section(_roff),
        selectors(),
    )
    return "".join((MANUAL_HEAD, *lines, *sections, MANUAL_TAIL))


def selectors() -> str:
    lines = (_selector(name, one) for name, one in SELECTORS.items() if one.acts)
    idle = ", ".join(name for name, one in SELECTORS.items() if not one.acts)
    return SELECTORS_HEAD + "".join(lines) + IDLE_HEAD + _roff(idle) + ".\n"


def _selector(name: str, one: Selector) -> str:
    mark = ' " (on)"' if one.is_default else ""
    return f".TP\n.BR {_roff(name)}{mark}\n{_roff(one.meaning)}\n"


def catalogue() -> str:
    return CATALOGUE_HEAD + "".join(_catalogue_entry(*one) for one in CATALOGUE.items())


def _catalogue_entry(kind: Kind, meaning: Meaning) -> str:
    paragraphs = [meaning.text, *_governed(meaning)]
    body = "\n\n".join(map(_filled, paragraphs))
    return (
        f"\n-- {kind.value}\nSubject: {meaning.subject}\nDefined-By: pymta\n"
        f"Documentation: man:pymta-journal(7)\n\n{body}\n"
    )


def _filled(text: str) -> str:
    """In lines; a command stays whole, so that it can be copied."""
    whole = re.sub("`[^`]*`", lambda found: found[0].replace(" ", HARD_SPACE), text)
    lines = textwrap.fill(whole, CATALOGUE_WIDTH, break_on_hyphens=False, break_long_words=False)
    return lines.replace(HARD_SPACE, " ")


def _governed(meaning: Meaning) -> Iterator[str]:
    if meaning.options:
        yield f"Governed by {_listed(meaning.options)} in pymta.toml(5)."
    if meaning.selectors:
        yield f"Some or all such lines are there for the log selector {_listed(meaning.selectors)}."


def _listed(words: str) -> str:
    return ", ".join(words.split())


def journal() -> str:
    events = "".join(_section(title, section) for title, section in SECTIONS.items())
    own = f".SS Of some\n{_fields(OWN)}.SH EVENTS\n"
    return JOURNAL_HEAD + _fields(ALWAYS) + own + events + JOURNAL_TAIL


def _fields(fields: Mapping[str, str]) -> str:
    return "".join(f".TP\n.B {PREFIX}{name}\n{_roff(text)}\n" for name, text in fields.items())


def _section(title: str, section: Mapping[Kind, Meaning]) -> str:
    return f".SS {title}\n" + "".join(_event(*one) for one in section.items())


def _event(kind: Kind, meaning: Meaning) -> str:
    text = re.sub("@([A-Z_]+)@", r"\1", meaning.text)
    lines = [
        f".TP\n.B {kind.name.lower()}",
        f"{_roff(meaning.subject)}.",
        _roff(text),
        *(_roff(line) for line in _governed(meaning)),
        f"Fields: {_listed(meaning.fields)}." if meaning.fields else "",
        f".br\nMESSAGE_ID={kind.value}",
    ]
    return "\n".join(line for line in lines if line) + "\n"


EXTENSIONS_TABLE = re.compile(r"(?<=<!-- extensions -->\n).*?(?=<!-- /extensions -->)", re.DOTALL)


def readme() -> str:
    text = Path(__file__).parents[1].joinpath("README.md").read_text()
    return EXTENSIONS_TABLE.sub(lambda _: extensions(), text)


def extensions() -> str:
    """The keywords of EHLO, in their order."""
    rows = (
        f"| {one.keyword} | {one.rfc or 'none'} | {one.about} | {one.whom} |\n"
        for one in EXTENSIONS
    )
    return "| keyword | RFC | what for | offered to |\n|---|---|---|---|\n" + "".join(rows)


def _roff(text: str) -> str:
    text = text.replace("\\", r"\e").replace("-", r"\-").replace('"', r"\(dq")
    return r"\&" + text if text.startswith((".", "'")) else text


if __name__ == "__main__":
    documents = {
        "sample": sample,
        "manual": manual,
        "catalogue": catalogue,
        "journal": journal,
        "readme": readme,
    }
    sys.stdout.write(documents[sys.argv[1]]())
