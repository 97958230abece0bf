"""`pymta-sendmail`: the program that scripts, cron and init files know as sendmail.

It reads its words the classic way and then is what they ask for; only that part is loaded, because
this is started for every single mail that a machine writes.  Whatever is wrong is one line on
standard error and exit status 1 (ST-03).

Touches: processes, disk, environment.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from pymta.cli.classic_line import (
    CountQueue,
    ExplainAddresses,
    HoldSession,
    Job,
    ListQueue,
    Refuse,
    RunQueue,
    Serve,
    ShowNames,
    Version,
    read_line,
)
from pymta.cli.classic_orders import VIEWS, Manage
from pymta.cli.command_error import CommandError
from pymta.cli.identity import NotOwnerError
from pymta.cli.places import daemon_places
from pymta.cli.streams import fill_closed_streams

FAILED = 1
INTERRUPTED = 130


def main() -> None:
    fill_closed_streams()
    sys.exit(run(sys.argv[1:], os.environ))


def run(words: Sequence[str], environ: Mapping[str, str]) -> int:
    """Do what the words say; the exit status."""
    try:
        return _do(read_line(words), environ)
    except KeyboardInterrupt:
        return INTERRUPTED
    except NotOwnerError as error:
        return _by_daemon(words, error)
    except Exception as error:  # noqa: BLE001 - the one place where every error becomes a line
        return _complain(_explain(error))


def _by_daemon(words: Sequence[str], refusal: NotOwnerError) -> int:
    """The daemon does it for those who may ask for it; nothing has been done so far."""
    # Loaded only now, for those who are neither root nor the owner.
    from pymta.cli.via_daemon import order  # noqa: PLC0415

    try:
        return order("sendmail", words, refusal)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - as in `run`
        return _complain(_explain(error))


def _explain(error: Exception) -> str:
    match error:
        case CommandError():
            return f"pymta: {error}"
        case OSError():
            place = f"{error.filename}: " if error.filename else ""
            return f"pymta: {place}{error.strerror or error}"
    # Loaded only now that settings are wrong.
    from pymta.config.complaints import ConfigError  # noqa: PLC0415
    from pymta.config.generation import GenerationError  # noqa: PLC0415

    match error:
        case ConfigError():
            head = (
                "1 mistake" if len(error.complaints) == 1 else f"{len(error.complaints)} mistakes"
            )
            return f"pymta: {head} in the settings:\n{error}"
        case GenerationError():
            return f"pymta: {error}"
    raise error  # a bug of ours: the traceback says more than we could


def _do(job: Job, environ: Mapping[str, str]) -> int:
    # Each imports what it needs, and no other.
    match job:
        case Refuse(line):
            return _complain(line)
        case Version():
            from pymta import __version__  # noqa: PLC0415

            sys.stdout.write(f"pymta {__version__}\n")
            return 0
        case HoldSession(caller, settings_file):
            from pymta.cli import fake_session  # noqa: PLC0415

            settings = fake_session.read_files(settings_file)
            return fake_session.hold_here(fake_session.fake_call(caller), settings)
        case ListQueue():
            from pymta.cli import classic_queue  # noqa: PLC0415

            return classic_queue.list_all(daemon_places(environ).state, job)
        case CountQueue(queue):
            from pymta.cli import classic_queue  # noqa: PLC0415

            return classic_queue.count(daemon_places(environ).state, queue)
        case ExplainAddresses(addresses, is_verification):
            from pymta.cli import classic_addresses  # noqa: PLC0415

            state = daemon_places(environ).state
            return classic_addresses.test(state, addresses, is_verification=is_verification)
        case ShowNames(addresses):
            from pymta.cli import classic_names  # noqa: PLC0415

            return classic_names.show(daemon_places(environ).state, addresses)
        case Manage():
            from pymta.cli import classic_messages  # noqa: PLC0415

            do = classic_messages.show if job.word in VIEWS else classic_messages.change
            return do(daemon_places(environ).state, job)
        case RunQueue(selection, is_debugging, debug):
            _check_caller(environ, is_prod=True, is_debugging=is_debugging)
            from pymta.cli import classic_queue  # noqa: PLC0415

            return classic_queue.run(daemon_places(environ).state, selection, debug)
        case Serve():
            is_prod = not job.launch.listens
            _check_caller(environ, is_prod=is_prod, is_debugging=job.is_debugging)
            from pymta.cli import classic_daemon  # noqa: PLC0415

            return classic_daemon.serve(job, environ)


def _check_caller(environ: Mapping[str, str], *, is_prod: bool, is_debugging: bool) -> None:
    from pymta.cli.permission import check_caller  # noqa: PLC0415 - not for the version or a list

    check_caller(daemon_places(environ).state, is_prod=is_prod, is_debugging=is_debugging)


def _complain(line: str) -> int:
    sys.stderr.write(f"{line}\n")
    return FAILED


if __name__ == "__main__":
    main()
