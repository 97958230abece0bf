"""Settings, certificates, disks and the modes of files, as we see them.

Touches: disk, OpenSSL, clock, accounts.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pymta.config import generation
from pymta.config.complaints import ConfigError
from pymta.config.difference import difference
from pymta.config.generation import GenerationError, current_file
from pymta.config.launch import Launch
from pymta.config.policy_code import PolicySource
from pymta.config.read import read_settings
from pymta.config.read_policy_code import complete
from pymta.config.secret import credential, missing, source
from pymta.config.services import port_of
from pymta.config.settings import Machine, Settings
from pymta.config.sources import files_of
from pymta.config.tls import Pair, Tls
from pymta.doctor.as_owner import Become, ask_as_owner
from pymta.doctor.ask_kernel import file_system_of
from pymta.doctor.certificate import Certificate
from pymta.doctor.configured import Configured, Mode
from pymta.doctor.storage import Disk, Storage
from pymta.load.room import room
from pymta.spool.paths import directories
from pymta.tables.opened import objections
from pymta.tls import credentials
from pymta.tls.credentials import CredentialsError
from pymta.tls.leaf import Leaf, leaf
from pymta.tls.which import EVERYBODY

CREDENTIALS = "/run/credentials"


def ask_settings(machine: Machine) -> Configured:
    """`machine` is what to go by before a first start."""
    unseen = []
    served = None
    try:
        served = generation.load(current_file(machine.state_directory))
    except PermissionError as error:
        unseen.append(str(error.filename))
    except (FileNotFoundError, NotADirectoryError, GenerationError):
        pass
    machine = served.machine if served else machine
    file = Path(machine.config_file) if machine.config_file else None
    if file and (hidden := _hidden(file)):
        settings = served or Settings(machine=machine)
        return Configured(settings, bool(served), unseen=(*unseen, *hidden))
    try:
        read = _read(file, machine, served)
    except ConfigError as error:
        complaints = tuple(map(str, error.complaints))
        found = Configured(served or Settings(machine=machine), bool(served), complaints)
    else:
        changes = difference(served, read, port_of) if served else ()
        told = tuple(change.brief for change in changes)
        found = Configured(served or read, bool(served), changes=told)
    return replace(
        found,
        files=tuple(_of_settings(file)) if file else (),
        tables=tuple(objections(found.settings)),
        unseen=tuple(unseen),
    )


def _hidden(file: Path) -> list[str]:
    """Settings files that we may not read: no mistake of theirs."""
    try:
        there = [one for one in files_of(file) if one.exists()]
        return [str(one) for one in there if not os.access(one, os.R_OK, effective_ids=True)]
    except OSError as error:
        return [str(error.filename)]


def _read(file: Path | None, machine: Machine, served: Settings | None) -> Settings:
    """As a reload would, but for certificates, which are looked at by themselves."""
    is_there = file is not None and any(one.exists() for one in files_of(file))
    machine = replace(machine, is_configured=is_there or machine.is_configured)
    settings = read_settings(
        file if machine.is_configured else None,
        machine,
        login="",
        launch=served.launch if served else Launch(),
        is_to_serve=False,
    )
    path = settings.policy_code.policy_file
    if path and Path(path).exists() and not os.access(path, os.R_OK, effective_ids=True):
        unseen = served.policy_source if served else PolicySource()
        return replace(settings, policy_source=unseen)
    return complete(settings)


def _of_settings(file: Path) -> Iterator[Mode]:
    for path in (file.parent, Path(f"{file}.d"), *files_of(file)):
        if mode := mode_of(str(path)):
            yield mode


def mode_of(path: str) -> Mode | None:
    """None when there is nothing, or nothing that we may see."""
    try:
        found = Path(path).stat()
        above = [parent.stat().st_mode for parent in Path(path).parents]
    except OSError:
        return None
    is_reachable = all(mode & stat.S_IXOTH for mode in above)
    return Mode(path, found.st_uid, stat.S_IMODE(found.st_mode), is_reachable)


def ask_certificates(tls: Tls, unit: str) -> Iterator[Certificate]:
    """`unit` is the service whose credentials are meant."""
    for entry, pair in tls.pairs.items():
        yield replace(_certificate(pair, unit), entry="" if entry == EVERYBODY else entry)


def _certificate(pair: Pair, unit: str) -> Certificate:
    named = (("tls_certificate", pair.certificate), ("tls_privatekey", pair.key))
    for key, value in named:
        if trouble := _missing(value, unit):
            return Certificate(key=key, value=value, trouble=trouble)
    paths = [_path(value, unit) for _, value in named]
    found = Certificate(value=pair.certificate, secrets=tuple(_secrets(pair)))
    try:
        pem = credentials.read(*paths)
    except CredentialsError as error:
        key, value = named[1] if error.is_of_key and pair.key else named[0]
        if error.is_denied and os.geteuid() != 0:
            return replace(found, key=key, value=value, is_unseen=True)
        return replace(found, key=key, value=value, trouble=error.why)
    return replace(found, leaf=_leaf(pem), is_newer=_is_newer(named, paths))


def _leaf(pem: bytes) -> Leaf | None:
    """None for a certificate that OpenSSL takes and we cannot read."""
    try:
        return leaf(pem)
    except ValueError:
        return None


def _path(value: str, unit: str) -> str:
    """Where it is now; before a start, where it will come from."""
    name = credential(value)
    if not name:
        return value
    handed = f"{CREDENTIALS}/{unit}/{name}"
    has_none = _is_there(f"{CREDENTIALS}/{unit}") is False
    return source(name) if has_none and source(name) else handed


def _missing(value: str, unit: str) -> str:
    """Why a credential is not there; "" when it is, or when we may not know."""
    name = credential(value)
    if not name or _is_there(_path(value, unit)) is not False:
        return ""
    file = source(name)
    return missing(name, has_source_directory=not file or Path(file).parent.is_dir())


def _is_there(path: str) -> bool | None:
    """None: that may not be seen by us."""
    try:
        Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return None
    return True


def _is_newer(named: tuple[tuple[str, str], ...], paths: list[str]) -> bool:
    """Is something else where systemd takes credentials from, than what it took?"""
    for (_, value), path in zip(named, paths, strict=True):
        file = source(credential(value))
        try:
            if file and file != path and Path(file).read_bytes() != Path(path).read_bytes():
                return True
        except OSError:  # it has been taken away, or is for root
            continue
    return False


def _secrets(pair: Pair) -> Iterator[Mode]:
    """The file with the key, and not what systemd shows of it: that it guards by itself."""
    value = pair.key or pair.certificate
    name = credential(value)
    mode = mode_of(source(name) if name else value) if value else None
    if mode:
        yield mode


def ask_storage(settings: Settings, daemon: int, become: Become) -> Storage:
    state = settings.machine.state_directory
    try:
        owner = Path(state).stat()
    except OSError as error:
        return Storage(trouble=f"{state}: {error.strerror}")
    found = Storage(_name(owner.st_uid), tuple(_disks(settings)), tuple(_modes(state)))
    if os.geteuid() not in {0, owner.st_uid}:
        return replace(found, tried=None, waiting=None)
    to_write = [state, *(p for p in _spool(state) if Path(p).is_dir())]
    if daemon and settings.machine.runtime_directory != state:
        to_write.append(settings.machine.runtime_directory)
    if log := settings.journal.log_path:
        to_write.append(str(Path(log).parent))
    asked = ask_as_owner(state, to_write, daemon, (owner.st_uid, owner.st_gid), become)
    if isinstance(asked, str):
        return replace(found, trouble=asked, tried=(), waiting=None)
    tried, waiting = asked
    return replace(found, tried=tried, waiting=waiting)


def _spool(state: str) -> tuple[str, ...]:
    return directories(f"{state}/spool")


def _disks(settings: Settings) -> Iterator[Disk]:
    state = settings.machine.state_directory
    top, *others = _spool(state)
    place = top if _device(top) is not None else state
    device = _device(place)
    strays = (p for p in others if (found := _device(p)) is not None and found != device)
    try:
        yield Disk(place, file_system_of(place), room(place), tuple(strays))
        if log := settings.journal.log_path:
            directory = str(Path(log).parent)
            yield Disk(directory, file_system_of(directory), room(directory), is_log=True)
    except OSError:  # what may not be seen is said where it is tried
        return


def _device(path: str) -> int | None:
    try:
        return Path(path).stat().st_dev
    except OSError:
        return None


def _modes(state: str) -> Iterator[Mode]:
    if mode := mode_of(state):
        yield mode


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
