"""The settings files: without mistakes, as served, and for root alone to write."""

from __future__ import annotations

from collections.abc import Iterator

from pymta.config.settings import Settings
from pymta.dataclass import dataclass
from pymta.doctor.finding import Finding, fault, note


@dataclass(frozen=True, slots=True)
class Mode:
    """A file or directory: who owns it, and its permission bits.

    `is_reachable`: everybody may enter the directories above it.
    """

    path: str
    uid: int
    mode: int
    is_reachable: bool = True

    @property
    def is_readable_by_all(self) -> bool:
        return self.is_reachable and bool(self.mode & 0o004)

    @property
    def is_writable_by_others(self) -> bool:
        return bool(self.mode & 0o002)


@dataclass(frozen=True, slots=True)
class Configured:
    """`settings` are those that count: the ones being served, else the files' own.

    `complaints` are mistakes in the files, a line each; `changes` what a reload would change.
    `files` are the settings files with their directory, `tables` files of tables that are not used
    because of who owns what, with the reason, `unseen` what we could not look at.
    """

    settings: Settings
    is_served: bool = False
    complaints: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    files: tuple[Mode, ...] = ()
    tables: tuple[tuple[str, str], ...] = ()
    unseen: tuple[str, ...] = ()


def findings(found: Configured) -> Iterator[Finding]:
    where = found.settings.machine.config_file or "settings"
    for complaint in found.complaints:
        text = f"{complaint}; neither a reload nor a start would work"
        yield fault("settings-wrong", where, text, "mend it, then pymta config check")
    if found.changes:
        text = f"has changed, and the daemon does not serve that yet: {'; '.join(found.changes)}"
        yield note("reload-due", where, text, "pymta reload")
    for file in found.files:
        if file.is_writable_by_others:
            yield fault(
                "settings-writable",
                file.path,
                f"can be written by everybody (mode {file.mode:o})",
                f"chmod go-w {file.path}",
            )
    for path, why in found.tables:
        text = f"is not used, and mail waits for it: {why}"
        yield fault("table-owner", path, text, f"chown root {path}, or see table_owners")
    for what in found.unseen:
        yield note("not-seen", what, "may not be looked at by us", "run this as root")
