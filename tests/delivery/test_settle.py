"""From outcomes to records, without a disk."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.delivery.outcome import NOBODY, Addressee, Tried
from pymta.delivery.plan import (
    MOST_RECIPIENTS,
    Group,
    ToHosts,
    ToMailboxes,
    ToUsers,
    Unrouted,
    plan,
)
from pymta.delivery.settle import (
    Settlement,
    outcome_of,
    records_of_deferral,
    records_of_final,
    settle,
)
from pymta.mail.envelope import Recipient
from pymta.mail.host import Host
from pymta.report.failure import GIVEN_UP
from pymta.retry.rules import parse_retry
from pymta.routing.route import Defer, Fail, Local, Remote, Route, User
from pymta.spool import outcomes
from pymta.spool.fold import fold
from pymta.spool.outcomes import Deferred, Failed, State
from pymta.transport.classify import Delivered, Later, Never, Outcome
from tests.doubles.deliveries import host

RULES = parse_retry((), ("F,2h,15m", "G,16h,1h,1.5", "F,4d,6h"))
NOW = 1_000_000.0
MX = host("x.example")


def tried(n: int, outcome: Outcome) -> Tried:
    return Tried(Addressee(n, f"r{n}@x.example"), outcome, "mx", "smtp")


def put_off(since: float) -> State:
    return fold(3, [Deferred(NOW - since, (0,), NOW, "busy")])


@pytest.mark.parametrize(
    ("since", "due"),
    [
        pytest.param(None, 900, id="first"),
        pytest.param(900, 900, id="second"),
        pytest.param(3 * 3600, 3600 * 1.5, id="growing"),
        pytest.param(20 * 3600, 6 * 3600, id="every-six-hours"),
    ],
)
def test_the_schedule_counts_from_the_first_put_off(since: float | None, due: float) -> None:
    state = fold(3, []) if since is None else put_off(since)
    found = settle([tried(0, Later(111, "Connection refused"))], state, RULES, NOW)
    assert [one.due - NOW for one in found.due] == [pytest.approx(due, abs=3600)]


def test_past_the_schedule_a_put_off_is_a_failure() -> None:
    later = Later(111, "Connection refused", host=MX)
    found = settle([tried(0, later)], put_off(4 * 86_400 + 1), RULES, NOW)
    (given_up,) = found.given
    assert given_up.is_expired
    assert given_up.failure.status == "4.4.7"
    assert given_up.failure.text.startswith(GIVEN_UP)
    assert "Connection refused" in given_up.failure.text


def test_nobody_was_asked_so_the_next_try_is_when_somebody_may_be() -> None:
    later = Later(-53, why="retry time not reached for any host", not_before=NOW + 60)
    found = settle([tried(0, later)], fold(1, []), RULES, NOW)
    assert found.due[0].due == NOW + 60


def test_one_record_for_those_who_share_a_reason() -> None:
    never = Never("550 no", "5.1.1", MX)
    found = settle(
        [tried(0, Delivered(MX, "250 ok")), tried(1, never), tried(2, never)],
        fold(3, []),
        RULES,
        NOW,
    )
    assert records_of_final(found, NOW, "report") == (
        outcomes.Delivered(NOW, (0,), f"H={MX}"),
        Failed(NOW, (1, 2), f"5.1.1 H={MX}: 550 no", "report"),
    )


def test_without_a_report_no_failure_is_recorded() -> None:
    found = settle([tried(0, Never("550 no", "5.1.1"))], fold(1, []), RULES, NOW)
    assert records_of_final(found, NOW, "") == ()


def test_different_reasons_are_kept_apart() -> None:
    found = settle(
        [tried(0, Later(-44, why="450 a", host=MX)), tried(1, Later(-44, why="450 b", host=MX))],
        fold(2, []),
        RULES,
        NOW,
    )
    records = records_of_deferral(found.due, NOW)
    assert records == (
        Deferred(NOW, (0,), NOW + 900, f"H={MX}: 450 a"),
        Deferred(NOW, (1,), NOW + 900, f"H={MX}: 450 b"),
    )


OUTCOMES = st.sampled_from(
    [Delivered(MX, "250 ok"), Later(111, "refused"), Never("550 no", "5.1.1", MX)]
)


@given(st.lists(OUTCOMES, min_size=1, max_size=8), st.floats(0, 6 * 86_400))
def test_nobody_is_forgotten_whatever_came_of_it(found: list[Outcome], since: float) -> None:
    everybody = tuple(range(len(found)))
    before = fold(len(found), [Deferred(NOW - since, everybody, NOW, "busy")])
    settlement = settle([tried(n, outcome) for n, outcome in enumerate(found)], before, RULES, NOW)
    final = records_of_final(settlement, NOW, "report")
    rest = records_of_deferral(settlement.due, NOW)
    after = fold(len(found), [*final, *rest])
    again = {n for record in rest if isinstance(record, Deferred) for n in record.recipients}
    assert set(after.pending) == again
    named = {n for failure in after.owed for n in failure.recipients}
    delivered = {n for n, outcome in enumerate(found) if isinstance(outcome, Delivered)}
    assert again | named | delivered == set(everybody)
    assert len(again) + len(named) + len(delivered) == len(everybody)


@pytest.mark.parametrize(
    ("route", "outcome"),
    [
        (Fail("gone", "5.1.2"), Never("gone", "5.1.2")),
        (Defer("SERVFAIL"), Later(-1, why="SERVFAIL", cause="lookup")),
    ],
)
def test_a_recipient_without_a_route_has_its_outcome(route: Fail | Defer, outcome: Outcome) -> None:
    assert outcome_of(route) == outcome


# Groups.


def routed(*routes: Route) -> list[tuple[Addressee, Route]]:
    return [(Addressee(n, f"r{n}"), route) for n, route in enumerate(routes)]


X = Remote("x.example", (MX,))
Y = Remote("y.example", (host("y.example"),))


def test_mailboxes_go_before_hosts_and_each_host_once() -> None:
    groups = plan(routed(Y, Local("user"), X, Y, Fail("gone", "5.1.2"), Local("root")))
    assert [type(group) for group in groups] == [Unrouted, ToMailboxes, ToHosts, ToHosts]
    assert isinstance(groups[1], ToMailboxes)
    assert [box.mailbox for _, box in groups[1].recipients] == ["user", "root"]
    assert isinstance(groups[2], ToHosts)
    assert [who.index for who in groups[2].recipients] == [0, 3]


def test_what_would_be_there_twice_is_a_group_of_its_own() -> None:
    commands = [User("u", item="|a"), User("u", item="/b"), User("u", item="|a")]
    mboxes = [Local("a", is_mbox=True), Local("b", is_mbox=True)]
    users = [User("u"), User("v")]

    def sizes(*, is_mbox: bool) -> list[tuple[type[Group], int]]:
        routes = routed(*commands, *users, *mboxes, Local("c"), Local("d"))
        groups = plan(routes, is_mbox=is_mbox)
        return [(type(group), len(group.recipients)) for group in groups]

    stored = [(ToMailboxes, 1), (ToMailboxes, 1), (ToMailboxes, 2)]
    assert sizes(is_mbox=False) == [*stored, *[(ToUsers, 1)] * 3, (ToUsers, 2)]
    assert sizes(is_mbox=True) == [*stored, *[(ToUsers, 1)] * 5]


def test_a_transaction_has_no_more_recipients_than_every_server_takes() -> None:
    """RFC 5321 s4.5.3.1.8."""
    groups = plan(routed(*[X] * (2 * MOST_RECIPIENTS + 1)))
    sizes = [len(group.recipients) for group in groups]
    assert sizes == [MOST_RECIPIENTS, MOST_RECIPIENTS, 1]


@given(st.lists(st.sampled_from([X, Y, Local("a"), Fail("f", "5.1.1"), Defer("d")]), max_size=9))
def test_everybody_is_in_one_group(routes: list[Route]) -> None:
    indices = [
        member.index if isinstance(member, Addressee) else member[0].index
        for group in plan(routed(*routes))
        for member in group.recipients
    ]
    assert sorted(indices) == list(range(len(routes)))


def test_a_host_prints_its_port_only_when_it_is_unusual() -> None:
    assert str(MX) == "mx.x.example [192.0.2.1]"
    assert str(Host("h", MX.address, 2525)) == "h [192.0.2.1]:2525"
    assert MX.key == "mx.x.example[192.0.2.1]:25"


def test_those_whose_delivery_is_to_be_told_have_a_record_of_their_own() -> None:
    """RFC 3461 s5.2: also where there are very many of them."""
    wish, count = Recipient("", ("SUCCESS",)), 50_000
    some = tuple(
        Tried(Addressee(n, "r", asked=wish if n % 2 else NOBODY), Delivered(), transport="maildir")
        for n in range(count)
    )
    found = records_of_final(Settlement(delivered=some), NOW, "", "report")

    assert found == (
        outcomes.Delivered(NOW, tuple(range(1, count, 2)), "T=maildir", "report"),
        outcomes.Delivered(NOW, tuple(range(0, count, 2)), "T=maildir"),
    )


def test_hosts_past_their_time_make_the_first_try_the_last() -> None:
    later = Later(113, "No route to host", host=MX, is_hopeless=True)
    (given_up,) = settle([tried(0, later)], fold(1, []), RULES, NOW).given
    assert given_up.is_expired
    assert given_up.failure.status == "4.4.7"


def test_nobody_waits_for_hosts_beyond_his_own_time() -> None:
    later = Later(-53, why="retry time not reached for any host", not_before=NOW + 6 * 3600)
    found = settle([tried(0, later)], put_off(4 * 86_400 - 60), RULES, NOW)
    assert found.due[0].due == NOW + 61


def test_each_recipient_is_tried_again_by_the_rule_for_his_trouble() -> None:
    lines = ("r0@x.example rcpt_45x F,1h,5m", "* lookup F,1d,2h", "r3@x.example *")
    found = settle(
        [
            tried(0, Later(-44, why="greylisted", host=MX, cause="rcpt_451")),
            tried(1, Later(-1, why="SERVFAIL", cause="lookup")),
            tried(2, Later(111, "Connection refused", host=MX, cause="refused")),
            tried(3, Later(111, "Connection refused", host=MX, cause="refused")),
        ],
        fold(4, []),
        parse_retry(lines, ("F,2h,15m",)),
        NOW,
    )
    assert [one.due - NOW for one in found.due] == [300, 7200, 900]
    assert [given.tried.addressee.index for given in found.given] == [3]
