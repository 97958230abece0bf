"""The programs sendmail, mailq and newaliases: which part of pymta do their words want?

A message that is handed in goes the short way, and only what that needs is loaded: this is started
for every single mail that a machine writes.  Everything else is for `pymta.cli.classic`.

Touches: processes, environment.
"""

from __future__ import annotations

import os
import sys

from pymta.cli.streams import fill_closed_streams
from pymta.submit.options import Elsewhere, MisusedError, NewAliases, Submission, read_words

USAGE = 64
INTERRUPTED = 130
_BY_NAME = {"mailq": ["-bp"], "newaliases": ["-bi"], "runq": ["-q"]}


def start() -> None:
    """For the launcher, which gives its own name as the first word and has `site` not loaded."""
    sys.argv.pop(0)
    main()


def main() -> None:
    fill_closed_streams()
    name = sys.argv[0].rpartition("/")[2]
    sys.argv[1:1] = _BY_NAME.get(name, [])
    sys.exit(run(sys.argv[1:]))


def run(words: list[str]) -> int:
    """Do what the words say; the exit status."""
    try:
        asked = read_words(words)
    except MisusedError as error:
        sys.stderr.write(f"{error}\n")
        return USAGE
    if isinstance(asked, Elsewhere):
        return _classic(words)
    if isinstance(asked, NewAliases):
        return _new_aliases()
    return _submit(asked)


def _submit(asked: Submission) -> int:
    """Everything was said and closed: what the interpreter would still clear away costs a tenth."""
    from pymta.submit.main import main as submit  # noqa: PLC0415 - not for the others

    try:
        status = submit(asked)
    except KeyboardInterrupt:
        status = INTERRUPTED
    os._exit(status)


def _new_aliases() -> int:
    """Nothing has to be done, but this is what people type when they have changed something."""
    sys.stdout.write("pymta: aliases are read anew whenever they have changed\n")
    _load_site()
    from pymta.cli.aliases import tell_mistakes  # noqa: PLC0415

    tell_mistakes()
    return 0


def _classic(words: list[str]) -> int:
    _load_site()
    from pymta.cli import classic  # noqa: PLC0415

    return classic.run(words, os.environ)


def _load_site() -> None:
    if "site" not in sys.modules:
        import site  # noqa: PLC0415

        site.main()


if __name__ == "__main__":
    main()
