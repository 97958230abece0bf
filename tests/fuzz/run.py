"""Let atheris look for what breaks a target.

    python -m tests.fuzz.run NAME [what libFuzzer takes, such as -max_total_time=60] [DIRECTORY…]
    python -m tests.fuzz.run each SECONDS CORPUS DIRECTORY

New inputs that reach new code go to the first DIRECTORY; one that breaks the target ends the run
with its traceback, and stands in the file that is named then.  `each` searches for all targets, one
after another, from CORPUS/NAME on; what is found and said goes to DIRECTORY/NAME and NAME.log.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["pymta"]):
    from tests.fuzz.targets import LARGEST, TARGETS


def main() -> None:
    name, *options = sys.argv[1:]
    if name == "each":
        each(int(options[0]), *map(Path, options[1:]))
    else:
        search(name, options)


def search(name: str, options: list[str]) -> None:
    """Never comes back: libFuzzer ends the process."""
    atheris.Setup([sys.argv[0], f"-max_len={LARGEST}", *options], TARGETS[name])
    atheris.Fuzz()


def each(seconds: int, corpus: Path, directory: Path) -> None:
    """In a child for each: the imports, which take longer than a short search, are shared."""
    for name in TARGETS:
        found = directory / name
        found.mkdir()
        options = [f"-max_total_time={seconds}", f"-artifact_prefix={found}/broken-"]
        if not (pid := os.fork()):
            with (directory / f"{name}.log").open("w") as log:
                for fd in (1, 2):
                    os.dup2(log.fileno(), fd)
            search(name, [*options, str(found), str(corpus / name)])
            os._exit(os.EX_SOFTWARE)
        _, status = os.waitpid(pid, 0)
        print(name, os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
