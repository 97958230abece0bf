"""What documents say of events is what events are: checked over one of every kind."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest

from pymta.config.schema import names
from pymta.config.selectors import SELECTORS
from pymta.journal.catalogue import CATALOGUE, SECTIONS
from pymta.journal.event import Event, Kind
from pymta.journal.fields import ALWAYS, OWN
from tests.journal.examples import examples, makers

EVENTS: dict[Kind, list[Event]] = defaultdict(list)
for example in examples():
    EVENTS[example.event.kind].append(example.event)


def fields_of(event: Event) -> set[str]:
    return set(event.fields) | ({"QUEUE_ID"} if event.queue_id else set())


def words(text: str) -> set[str]:
    found = text.split()
    assert len(found) == len(set(found)), f"twice: {text}"
    return set(found)


def test_every_function_that_makes_an_event_has_an_example() -> None:
    """If this fails, somebody has to write one: else nothing here looks at it."""
    assert {made.__qualname__ for made in makers()} <= {
        getattr(example.maker, "__qualname__", "") for example in examples()
    }


def test_every_kind_is_explained_once() -> None:
    assert list(CATALOGUE) == list(Kind)
    assert sum(map(len, SECTIONS.values())) == len(Kind) == len(EVENTS)


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.name)
def test_an_explanation_names_what_its_entries_have(kind: Kind) -> None:
    meaning, events = CATALOGUE[kind], EVENTS[kind]

    assert words(meaning.fields) == set().union(*map(fields_of, events))
    assert words(meaning.selectors) == {event.selector for event in events if event.selector}


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.name)
def test_an_explanation_can_be_filled_in_and_followed(kind: Kind) -> None:
    """journalctl leaves the bare name of a field where an entry does not have it."""
    meaning = CATALOGUE[kind]
    mentioned = set(re.findall("@PYMTA_([A-Z_]+)@", meaning.text))
    in_each = set.intersection(*map(fields_of, EVENTS[kind])) | set(ALWAYS)

    assert mentioned <= in_each
    assert words(meaning.options) <= set(names())
    assert words(meaning.selectors) <= {name for name, one in SELECTORS.items() if one.acts}
    assert meaning.text.endswith(".")


def test_every_field_is_documented_and_none_that_is_not_there() -> None:
    assert set(OWN) == set().union(*(words(one.fields) for one in CATALOGUE.values()))
    assert not set(OWN) & set(ALWAYS)


def test_message_ids_are_as_systemd_wants_them_and_belong_to_one_kind() -> None:
    assert all(re.fullmatch("[0-9a-f]{32}", kind.value) for kind in Kind)
    assert len(Kind.__members__) == len(Kind)
