"""Let atheris look for what breaks a target.

    python -m tests.fuzz.run NAME [what libFuzzer takes, such as -max_total_time=60] [DIRECTORY…]

New inputs that reach new code go to the first DIRECTORY; one that breaks the target ends the run
with its traceback, and stands in the file that is named then.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["pymta"]):
    from tests.fuzz.targets import LARGEST, TARGETS


def main() -> None:
    name = sys.argv[1]
    arguments = [sys.argv[0], f"-max_len={LARGEST}", *sys.argv[2:]]
    atheris.Setup(arguments, TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
