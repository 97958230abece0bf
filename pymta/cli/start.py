"""The last steps of every start: settings, a new generation on disk, the supervisor in our place.

What a command line or a settings file has wrong is said here, before anything is made and while
there is a terminal to say it to (ST-04); what the system refuses later is said by the supervisor.

Touches: processes, disk, environment.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from pymta.cli.account import Account, account_for
from pymta.cli.command_error import CommandError
from pymta.cli.identity import account_name
from pymta.cli.places import DAEMON_CONFIG, daemon_places, deliver_socket
from pymta.cli.typed import noted
from pymta.config import generation, sources
from pymta.config.difference import changes
from pymta.config.generation import GenerationError, current_file
from pymta.config.launch import Launch, has_control_socket
from pymta.config.read import read_settings
from pymta.config.secret import VARIABLE
from pymta.config.services import port_of
from pymta.config.settings import Machine, Settings
from pymta.journal.file import DIRECTORY_MODE as LOG_DIRECTORY_MODE
from pymta.spool.elsewhere import StillThereError, lead_to, refuse_dead_link
from pymta.supervisor import birth, control, sole
from pymta.supervisor.listen_match import is_stored
from pymta.supervisor.privilege import CannotChangeUserError, Privilege, decide

SUPERVISOR = "pymta.supervisor.main"
Execute = Callable[[str, list[str]], NoReturn]


def daemon_machine(config: Path | None, environ: Mapping[str, str]) -> Machine:
    """The facts of a daemon of this host; `config` is a settings file that was asked for."""
    places = daemon_places(environ)
    file = (config or Path(DAEMON_CONFIG)).absolute()
    return Machine(
        state_directory=places.state,
        runtime_directory=places.runtime,
        deliver_socket=deliver_socket(places.runtime, os.geteuid()),
        config_file=str(file),
        is_configured=config is not None or sources.exists(file),
        is_handed_sockets=has_sockets(environ),
        is_managed="NOTIFY_SOCKET" in environ,
    )


def has_sockets(environ: Mapping[str, str]) -> bool:
    """Did whoever started this process hand sockets to it?  (sd_listen_fds(3))

    What we bound ourselves, and comes back from systemd's store, is not handed in.
    """
    names = environ.get("LISTEN_FDNAMES", "").split(":")
    return environ.get("LISTEN_PID") == str(os.getpid()) and not all(map(is_stored, names))


def start_daemon(machine: Machine, launch: Launch, *, execute: Execute = os.execv) -> NoReturn:
    """Become the daemon of this host, as its own account.

    Raises ConfigError with all mistakes, CommandError when a directory cannot be made or is not
    ours.
    """
    file = Path(machine.config_file) if machine.is_configured else None
    launch = noted(launch)
    settings = read_settings(
        file, machine, login="", launch=launch, credentials=os.environ.get(VARIABLE, "")
    )
    account = Account(os.geteuid(), os.getegid())
    if account.uid == 0:
        account = account_for(settings.process, machine.state_directory)
        settings = replace(settings, launch=replace(launch, uid=account.uid, gid=account.gid))
    if account.uid == 0:
        sys.stderr.write("pymta: warning: running as root; set pymta_user\n")
    for path, mode in ((machine.state_directory, 0o700), (machine.runtime_directory, 0o755)):
        make_directory(path, mode)
        _give(path, account)
    _make_log_directory(settings.journal.log_path, account)
    _become_supervisor(settings, execute)


def start(
    file: Path | None,
    machine: Machine,
    *,
    login: str,
    launch: Launch = Launch(),
    execute: Execute = os.execv,
) -> NoReturn:
    """Become the supervisor of `pymta serve`, as whoever we are.

    Raises ConfigError with all mistakes, CommandError when the state directory cannot be written.
    """
    settings = read_settings(
        file, machine, login=login, launch=noted(launch), credentials=os.environ.get(VARIABLE, "")
    )
    _become_supervisor(settings, execute)


def numbered(settings: Settings, former: Settings) -> Settings:
    """The generation after `former`, and what is different in it.

    Nothing is said of a first generation, nor where nothing is different.
    """
    fresh = replace(settings, generation=former.generation + 1)
    if not former.generation:
        return fresh
    made = changes(former, fresh, port_of)
    return replace(fresh, changes=made) if made.options else fresh


def previous(current: Path) -> Settings:
    try:
        return generation.load(current)
    except (FileNotFoundError, GenerationError):
        return Settings()


def make_directory(path: str, mode: int) -> None:
    """Make a directory of ours unless it is there.  Raises CommandError."""
    try:
        Path(path).mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"cannot make {path}: {error.strerror}", os.EX_CANTCREAT) from error


def _make_log_directory(log: str, account: Account) -> None:
    """Only root can make one in /var/log.  One that is there stays as it is.

    Raises CommandError.
    """
    directory = Path(log).parent
    if log and os.geteuid() == 0 and not directory.exists():
        make_directory(str(directory), LOG_DIRECTORY_MODE)
        directory.chmod(LOG_DIRECTORY_MODE)  # whatever the umask
        os.chown(directory, account.uid, account.gid)


def _give(path: str, account: Account) -> None:
    """A directory that nobody but root had becomes the account's; what lies in it stays as it is.

    Raises CommandError.
    """
    owner = Path(path).stat().st_uid
    if owner == account.uid:
        return
    if os.geteuid() != 0 or owner != 0:
        name = account_name(owner)
        us = account_name(account.uid)
        raise CommandError(
            f"{path} belongs to {name}, and the daemon would be {us}:"
            f" start it as root or as {name}, or give the directory to {us}",
            os.EX_NOPERM,
        )
    os.chown(path, account.uid, account.gid)


def _become_supervisor(settings: Settings, execute: Execute) -> NoReturn:
    """Same process, same descriptors, same environment, but for what a birth leaves there."""
    _refuse_second(settings)
    current = current_file(settings.machine.state_directory)
    _settle_spool(settings)
    settings = _stored(settings, current)
    kept = []
    if settings.launch.uid > 0:
        kept.append(birth.leave_settings(settings))
        os.environ[birth.SETTINGS] = str(kept[0])
    if settings.launch.in_background:
        # Not loaded by those who stay in the foreground.
        from pymta.cli.background import detach  # noqa: PLC0415

        os.environ[birth.READINESS] = str(detach(kept))
    sys.stdout.flush()
    sys.stderr.flush()
    # -P: the directory we are started in is no place to import from.
    execute(sys.executable, [sys.executable, "-P", "-m", SUPERVISOR, str(current)])


def _refuse_second(settings: Settings) -> None:
    """Said before our settings stand where a running daemon, and its queue runs, read theirs."""
    machine = settings.machine
    if pid := sole.holder(machine.state_directory):
        text = f"another pymta daemon, process {pid}, serves {machine.state_directory}"
        raise CommandError(text, 1)
    has_control = has_control_socket(settings.launch, settings.control.notifier_socket)
    if has_control and control.is_served(Path(machine.runtime_directory)):
        raise CommandError(f"another pymta daemon serves {machine.runtime_directory}", 1)


def _settle_spool(settings: Settings) -> None:
    """Raises CommandError when spool_directory cannot be used, or messages wait elsewhere."""
    if not settings.process.spool_directory:
        return
    launch, spool = settings.launch, Path(settings.process.spool_directory)
    usual = Path(settings.machine.state_directory, "spool")
    try:
        refuse_dead_link(usual)
        _make_spool(spool, Account(launch.uid, launch.gid))
        privilege = Privilege(decide(os.geteuid(), launch.uid, launch.gid))
        lead_to(usual, spool)
        privilege.restore()
    except (CannotChangeUserError, StillThereError) as error:
        raise CommandError(str(error), os.EX_OSERR) from error
    except OSError as error:
        text = f"spool_directory: {error.filename or spool}: {error.strerror}"
        raise CommandError(text, os.EX_CANTCREAT) from error


def _make_spool(spool: Path, account: Account) -> None:
    """Made, and given away, only when it is not there: it may lie where others can write.

    Raises CommandError.
    """
    try:
        spool.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        owner, wanted = spool.stat().st_uid, account.uid if account.uid >= 0 else os.geteuid()
        if owner != wanted:
            text = f"belongs to {account_name(owner)}; give it to {account_name(wanted)}"
            raise CommandError(f"spool_directory: {spool} {text}", os.EX_NOPERM) from None
    except OSError as error:
        text = f"spool_directory: cannot make {spool}: {error.strerror}"
        if error.errno in {errno.EROFS, errno.EACCES}:
            text += (
                f"; make it for {account_name(os.geteuid())}, and let the units write there"
                f" (ReadWritePaths={spool})"
            )
        raise CommandError(text, os.EX_CANTCREAT) from error
    else:
        if account.uid >= 0:
            os.chown(spool, account.uid, account.gid, follow_symlinks=False)


def _stored(settings: Settings, current: Path) -> Settings:
    """The next generation, on disk as a file of the account that will serve it."""
    launch = settings.launch
    try:
        privilege = Privilege(decide(os.geteuid(), launch.uid, launch.gid))
        settings = numbered(settings, previous(current))
        generation.store(current, settings)
        privilege.restore()
    except CannotChangeUserError as error:
        raise CommandError(str(error), os.EX_OSERR) from error
    except OSError as error:
        raise CommandError(
            f"cannot write {error.filename or current}: {error.strerror}", os.EX_CANTCREAT
        ) from error
    return settings
