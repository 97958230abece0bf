"""The files of items that policy rules name: one item a line, "#" begins a comment.

They are read with the settings and travel with them, so a half-edited file reaches no session; a
reload reads them anew.

Touches: disk.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from pymta.config.complaints import LONGEST_SHOWN, Complaint, shown
from pymta.config.policy_conditions import Kind
from pymta.config.policy_relay import KNOWS_WHOM, RELAY, knows_whom
from pymta.config.policy_rules import Rules, files_of, item_fault, name_of_place

LARGEST = 16 << 20  # bytes of one file
MOST_TOLD = 20  # mistakes of one file


def read_lists(rules: Rules) -> tuple[dict[str, list[str]], list[Complaint]]:
    """The items of each file, and what is wrong with them."""
    lists: dict[str, list[str]] = {}
    complaints: list[Complaint] = []
    for place, path, kind in files_of(rules):
        key = name_of_place(rules, place)
        try:
            lines = _lines(Path(path))
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            complaints.append(Complaint(path, 0, key, "", f"cannot be read: {why}"))
            continue
        lists[path] = [item for _, item in lines]
        complaints += _wrong(path, key, lines, kind)
    complaints += _relays_for_everybody(rules, lists)
    return lists, complaints


def _relays_for_everybody(rules: Rules, lists: Mapping[str, list[str]]) -> Iterator[Complaint]:
    for stage, tables in rules.items():
        for number, table in enumerate(tables):
            if table["action"] != RELAY or knows_whom(table, lists):
                continue
            files = [item for value in table.values() for item in _items(value) if item in lists]
            key = name_of_place(rules, (stage, number, "action"))
            wanted = f"with these items a relay for everybody, which is none; want {KNOWS_WHOM}"
            yield Complaint(files[0] if files else "", 0, key, "", wanted)


def _items(value: object) -> list[str]:
    return value if isinstance(value, list) else []


def _lines(path: Path) -> list[tuple[int, str]]:
    """The items with the numbers of their lines.  Raises OSError or ValueError."""
    if not stat.S_ISREG(path.stat().st_mode):  # a pipe would keep a reload waiting
        raise ValueError("it is no file")
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST >> 20}M")
    found = []
    for number, line in enumerate(data.decode().splitlines(), 1):
        text = line.strip()
        # A "#" may stand in an address, so that only one with a blank before it ends an item.
        item = "" if text.startswith("#") else text.partition(" #")[0].rstrip()
        if item:
            found.append((number, item))
    return found


def _wrong(path: str, key: str, lines: list[tuple[int, str]], kind: Kind) -> Iterator[Complaint]:
    told = 0
    for number, item in lines:
        is_path = item.startswith("/")  # a list does not name further lists
        wanted = "want an item, not another file" if is_path else item_fault(kind, item)
        if wanted:
            told += 1
            if told > MOST_TOLD:
                yield Complaint(path, number, key, "", "and more; these are the first mistakes")
                return
            yield Complaint(path, number, key, shown(item)[:LONGEST_SHOWN], wanted)
