"""The settings files: which there are, what each says, and which says it last.

`pymta.toml` comes first, then `pymta.toml.d/*.toml` in the order of their names; a setting in a
later file replaces the whole value of an earlier one.

Touches: disk.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path

from pymta.config.complaints import Complaint, not_toml
from pymta.config.place import Path as Place
from pymta.config.place import find_places
from pymta.dataclass import dataclass

ALIASES = {"daemon_smtp_port": "daemon_smtp_ports"}  # PT-01: both spellings are accepted


@dataclass(frozen=True, slots=True)
class Found:
    """What the last file to name a setting says of it, and where.

    `name` is the name as written there.
    """

    value: object
    file: str
    name: str
    places: Mapping[Place, int]

    def line(self, *place: str | int) -> int:
        """The line of the setting, or of what is at this place in it; 0 when it is not known.

        Where the place itself is not there, what it would be in is shown.
        """
        while place and (self.name, *place) not in self.places:
            place = place[:-1]
        return self.places.get((self.name, *place), 0)


@dataclass(slots=True)
class Sources:
    """All files together: settings by name, and what could not be read."""

    found: dict[str, Found] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)


def files_of(main: Path) -> list[Path]:
    """The file itself, whether it exists or not, and its drop-ins.  Raises OSError."""
    directory = Path(f"{main}.d")
    drop_ins = directory.iterdir() if directory.is_dir() else ()
    return [main, *sorted(p for p in drop_ins if p.suffix == ".toml" and p.name[0] != ".")]


def exists(main: Path) -> bool:
    """Is there anything to read?"""
    first, *drop_ins = files_of(main)
    return first.exists() or bool(drop_ins)


def read_sources(main: Path) -> Sources:
    """Read everything; drop-ins alone are enough, but not nothing at all."""
    try:
        paths = files_of(main)
    except OSError as error:
        return Sources(complaints=[_unreadable(Path(f"{main}.d"), error)])
    if len(paths) > 1 and not main.exists():
        del paths[0]
    return _read_all(paths)


def _read_all(paths: Sequence[Path]) -> Sources:
    sources = Sources()
    for path in paths:
        try:
            data = path.read_bytes()
        except OSError as error:
            sources.complaints.append(_unreadable(path, error))
        else:
            _add(sources, str(path), data)
    return sources


def _add(sources: Sources, file: str, data: bytes) -> None:
    try:
        text = data.decode().replace("\r\n", "\n")
        values = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        wanted = f"this is not UTF-8: byte 0x{data[error.start]:02x}"
        sources.complaints.append(Complaint(file, line, "", "", wanted))
        return
    except tomllib.TOMLDecodeError as error:
        line, wanted = not_toml(str(error), text)
        sources.complaints.append(Complaint(file, line, "", "", wanted))
        return
    places = find_places(text)
    for name, value in values.items():
        key = ALIASES.get(name, name)
        found = Found(value, file, name, places)
        if name != key and key in values:
            wanted = f"the same setting as {key} on line {places.get((key,), 0)}; give one of them"
            sources.complaints.append(Complaint(file, found.line(), name, "", wanted))
        sources.found[key] = found


def _unreadable(path: Path, error: OSError) -> Complaint:
    return Complaint(str(path), 0, "", "", f"cannot be read: {error.strerror or error}")
