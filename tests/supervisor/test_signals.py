"""Signals in programs of their own: they belong to a whole process."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from pymta.supervisor.signals import name_of

_EXEC = """
import os, signal, sys
from pymta.supervisor.signals import Signals

signals = Signals()
os.kill(os.getpid(), signal.SIGTERM)
signals.leave_to_next_image()
os.kill(os.getpid(), signal.SIGHUP)
tell = "import signal; print(*sorted(signal.Signals(n).name for n in signal.sigpending()))"
os.execv(sys.executable, [sys.executable, "-c", tell])
"""

_DEATH = """
import os
from pymta.supervisor.signals import Signals

signals = Signals()
told = [signals.has_child_died(), signals.has_child_died()]
pid = os.fork()
if not pid:
    os._exit(0)
os.waitpid(pid, 0)
told += [signals.has_child_died(), signals.has_child_died()]
print(*told, signals.arrived())
"""

_FORK = """
import os, signal
from pymta.supervisor.fork import fork
from pymta.supervisor.signals import Signals

signals = Signals()
os.register_at_fork(after_in_child=lambda: os.kill(os.getpid(), signal.SIGTERM))
pid = fork(lambda: 0, ())
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), signal.SIGTERM in signals.arrived())
"""

_BORN = """
import os, signal
from pymta.supervisor.fork import fork
from pymta.supervisor.signals import Signals

def life():
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    return 0 if not blocked and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL else 1

Signals()
print(os.waitstatus_to_exitcode(os.waitpid(fork(life, ()), 0)[1]))
"""


def output_of(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()


def test_no_signal_is_lost_when_the_program_is_replaced() -> None:
    """HU-02: neither one that had come and was not read yet, nor one that comes later."""
    assert output_of(_EXEC) == "SIGHUP SIGTERM"


def test_a_death_is_known_before_anybody_has_read_of_it() -> None:
    """CH-01: the wait may be over for another reason, a moment before its byte could be seen."""
    assert output_of(_DEATH) == "True False True False {17}"


def test_a_signal_for_a_child_just_born_is_not_taken_for_the_parents() -> None:
    """Both would write to one wakeup descriptor, and the daemon would stop for a worker."""
    assert output_of(_FORK) == f"{-signal.SIGTERM} False"


def test_a_child_has_the_signals_of_any_other_process() -> None:
    assert output_of(_BORN) == "0"


@pytest.mark.parametrize(
    ("number", "name"), [(9, "SIGKILL"), (40, "signal 40")], ids=["named", "real-time"]
)
def test_every_signal_has_a_name(number: int, name: str) -> None:
    assert name_of(number) == name
