"""When a message waits for a queue run instead of being delivered at once."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import pytest

from pymta.config.immediate import Immediate
from pymta.load.reading import Load
from pymta.session.hold_back import Mode, judge, mode_at_start
from tests.doubles.house import usual_settings

CROWDED = "too many connections (2, max 1)"
MANY = "more than 2 messages received in one connection"
LOADED = "load average 4.01"


def reasons(
    options: dict[str, object],
    messages: int = 1,
    *,
    others: int = 0,
    files: Iterable[str] = (),
    loads: Iterable[Load] = (),
) -> list[str | None]:
    """Why each message of a session waits; None: it does not."""
    settings = usual_settings(**options)
    readings = iter(loads)
    mode = mode_at_start(others, files, settings)
    found: list[str | None] = []
    for accepted in range(1, messages + 1):
        this, mode = judge(mode, accepted, lambda: next(readings, Load(0.1)), settings.immediate)
        found.append(this.reason if this.queues else None)
    return found


@pytest.mark.parametrize(
    ("is_crowded", "is_long", "is_loaded", "is_off"), list(product((False, True), repeat=4))
)
def test_the_first_reason_that_holds_is_told(
    is_crowded: bool, is_long: bool, is_loaded: bool, is_off: bool
) -> None:
    """ID-01 to ID-05 (ID-02, ID-03, ID-04), N-05: the options, with and without queue_only.

    Of three messages the third is one too many, the load is too high from the second one on.
    """
    options: dict[str, object] = {
        "queue_only": is_off,
        "smtp_accept_queue": 1 if is_crowded else 0,
        "smtp_accept_queue_per_connection": 2 if is_long else 0,
        "queue_only_load": 4.0 if is_loaded else None,
    }
    loads = [Load(4.0), Load(4.01), Load(9.0)]

    found = reasons(options, 3, others=1, loads=loads)

    if is_crowded:
        assert found == [CROWDED] * 3
    elif is_off:
        assert found == [""] * 3
    elif is_loaded:
        assert found == [None, LOADED, LOADED]
    elif is_long:
        assert found == [None, None, MANY]
    else:
        assert found == [None] * 3


@pytest.mark.parametrize(
    ("options", "others", "messages", "last"),
    [
        pytest.param({}, 0, 10, None, id="ID-03 the last of its share"),
        pytest.param(
            {},
            0,
            11,
            "more than 10 messages received in one connection",
            id="ID-03 one more",
        ),
        pytest.param(
            {"smtp_accept_queue_per_connection": 0}, 0, 99, None, id="ID-03 without a limit"
        ),
        pytest.param({"smtp_accept_queue": 1}, 0, 1, None, id="CP-06 the first connection"),
        pytest.param({}, 99, 1, None, id="CP-06 switched off"),
    ],
)
def test_a_limit_holds_from_the_one_above_it(
    options: dict[str, object], others: int, messages: int, last: str | None
) -> None:
    assert reasons(options, messages, others=others)[-1] == last


@pytest.mark.parametrize(
    ("latch", "expected"),
    [
        (True, [None, LOADED, LOADED, LOADED]),
        (False, [None, LOADED, None, "load average 5.00"]),
    ],
)
def test_too_much_load_lasts_for_the_session_unless_each_message_is_judged(
    latch: bool, expected: list[str | None]
) -> None:
    """ID-04, N-07."""
    options: dict[str, object] = {"queue_only_load": 4.0, "queue_only_load_latch": latch}
    loads = [Load(1.0), Load(4.01), Load(1.0), Load(5.0)]

    assert reasons(options, 4, loads=loads) == expected


def test_a_session_that_sent_too_much_stays_so_without_the_latch() -> None:
    """N-07: only load and pressure are judged anew."""
    options: dict[str, object] = {
        "smtp_accept_queue_per_connection": 2,
        "queue_only_load": 4.0,
        "queue_only_load_latch": False,
    }

    assert reasons(options, 4, loads=[Load(5.0), Load(1.0), Load(5.0), Load(1.0)]) == [
        "load average 5.00",
        None,
        MANY,
        MANY,
    ]


def test_the_load_is_not_read_for_a_session_whose_mail_waits_anyway() -> None:
    def read() -> Load:
        raise AssertionError("nobody needs to know")

    mode = Mode(queues=True)
    assert judge(mode, 1, read, Immediate(queue_only_load=0.0)) == (mode, mode)


@pytest.mark.parametrize(
    ("load", "reason"),
    [
        (Load(99.0, cpu=20.0), None),
        (Load(cpu=20.01), "pressure cpu 20.01"),
        (Load(memory=7.5), "pressure memory 7.50"),
        (Load(), None),
    ],
    ids=["at the limit", "above", "another resource", "not known"],
)
def test_pressure_is_a_reason_as_well(load: Load, reason: str | None) -> None:
    options: dict[str, object] = {"queue_only_pressure": {"cpu": 20.0, "memory": 5.0}}

    assert reasons(options, loads=[load]) == [reason]


@pytest.mark.parametrize(
    ("files", "queue_only", "mode"),
    [
        ((), False, Mode()),
        (("/run/off",), False, Mode(queues=True)),
        (("smtp/run/off",), False, Mode(no_smtp=True)),
        (("smtp/run/off",), True, Mode(queues=True, no_smtp=True)),
        (("/run/off", "smtp/run/off"), False, Mode(queues=True, no_smtp=True)),
    ],
)
def test_a_file_may_say_that_mail_waits_or_smtp_alone(
    files: tuple[str, ...], queue_only: bool, mode: Mode
) -> None:
    """CP-06"""
    assert mode_at_start(0, files, usual_settings(queue_only=queue_only)) == mode
