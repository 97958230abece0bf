"""The sample settings file and the manual page of settings, printed from the settings themselves.

    python packaging/document.py sample >packaging/pymta.toml.sample
    python packaging/document.py manual >packaging/man/pymta.toml.5

tests/packaging fails when either file is older than the settings.

Touches: standard output.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from pymta.config.document import as_toml
from pymta.config.selectors import SELECTORS, Selector
from pymta.config.settings import Settings

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
.BR pymta (8)
""".lstrip()


def entries() -> Iterator[tuple[str, str]]:
    """Meaning of a setting, and the line that sets it to its default."""
    for entry in as_toml(Settings()).strip().split("\n\n"):
        meaning, line = entry.split("\n")
        yield meaning.removeprefix("# "), line.removeprefix("# ")


def sample() -> str:
    return SAMPLE_HEAD + "".join(f"\n# {meaning}\n#{line}\n" for meaning, line in entries())


def manual() -> str:
    lines = (f".TP\n.B {_roff(line)}\n{_roff(meaning)}\n" for meaning, line in entries())
    return MANUAL_HEAD + "".join(lines) + selectors() + MANUAL_TAIL


def selectors() -> str:
    lines = (_selector(name, one) for name, one in SELECTORS.items() if one.acts)
    idle = ", ".join(name for name, one in SELECTORS.items() if not one.acts)
    return SELECTORS_HEAD + "".join(lines) + IDLE_HEAD + _roff(idle) + ".\n"


def _selector(name: str, one: Selector) -> str:
    mark = ' " (on)"' if one.is_default else ""
    return f".TP\n.BR {_roff(name)}{mark}\n{_roff(one.meaning)}\n"


def _roff(text: str) -> str:
    text = text.replace("\\", r"\e").replace("-", r"\-").replace('"', r"\(dq")
    return r"\&" + text if text.startswith((".", "'")) else text


if __name__ == "__main__":
    sys.stdout.write({"sample": sample, "manual": manual}[sys.argv[1]]())
