"""From rows to the table and the plot of the README."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.bench import rows
from tests.bench.__main__ import BEGIN, END, README, placed
from tests.bench.lines import PARTS
from tests.bench.load import outcome
from tests.bench.plot import plot
from tests.bench.rows import Machine, Middle, Results, Row, middle
from tests.bench.scenario import Figure
from tests.bench.scenarios import SCENARIOS
from tests.bench.smarthost import last_count
from tests.bench.table import number, table, words

TITLES = {"pymta": "pymta", "pymta-fresh": "pymta, fresh", "postfix": "Postfix", "exim": "Exim"}
MACHINE = Machine(
    date="2026-01-05",
    kernel="6.1",
    processors="2 x CPU",
    file_system="ext4",
    python="Python 3.11",
    account="cgroup v2",
    versions={"pymta": "0.1", "Postfix": "3.7"},
)


def results(*made: Row) -> Results:
    return Results(MACHINE, TITLES, {"exim": {"refuse": "has none"}}, made, 100_000, 5000, False)


def cpu(round: int, target: str, value: float, scenario: str = "accept") -> Row:
    return Row(round, scenario, target, {"cpu_ms": value}, load=(0.5, 1.5))


def lines_of(made: Results, what: str) -> list[list[str]]:
    lines = [line.strip("| ").split(" | ") for line in table(made).splitlines()]
    return [line for line in lines if f"{line[0]} |".startswith(what)]


def test_the_middle_of_the_rounds_leaves_a_slow_one_out() -> None:
    made = [cpu(n, "pymta", value) for n, value in enumerate((2.0, 40.0, 3.0))]
    assert middle(made, "accept", "pymta", Figure.CPU_MS) == Middle(3.0, 2.0, 40.0)


def test_the_rounds_of_several_runs_are_counted_on() -> None:
    first = results(cpu(0, "pymta", 1.0), cpu(1, "pymta", 2.0))
    made = rows.together([first, results(cpu(0, "pymta", 9.0))])

    assert [row.round for row in made.rows] == [0, 1, 2]
    assert middle(made.rows, "accept", "pymta", Figure.CPU_MS) == Middle(2.0, 1.0, 9.0)
    assert rows.together([first]) == first


def test_there_is_no_middle_of_nothing() -> None:
    failed = Row(0, "accept", "pymta", failure="OSError: x")
    assert middle([failed], "accept", "pymta", Figure.CPU_MS) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1234.5, "1234"), (12.34, "12.3"), (1.234, "1.23"), (0.01234, "0.0123")],
)
def test_a_number_has_three_digits_that_count(value: float, text: str) -> None:
    assert number(value) == text


def test_the_range_stands_behind_the_median_where_there_is_one() -> None:
    assert words(Middle(2, 1, 3)) == "2.00 (1.00-3.00)"
    assert words(Middle(2, 2, 2), scale=1000) == "2000"


def test_ours_stands_as_a_multiple_of_theirs_and_in_bold_where_it_is_better() -> None:
    made = results(cpu(0, "pymta", 1), cpu(0, "pymta-fresh", 6), cpu(0, "postfix", 4))
    (line,) = lines_of(made, "message delivered to a Maildir, a connection")
    assert line[1:] == ["1.00", "6.00", "4.00", "-", "**0.250 x Postfix**", "1.50 x Postfix"]


def test_a_higher_rate_is_the_better_one() -> None:
    rates = {"pymta": 30.0, "pymta-fresh": 10.0, "postfix": 20.0}
    made = results(*(Row(0, "accept", name, {"rate": rate}) for name, rate in rates.items()))
    (line,) = lines_of(made, "messages taken, a connection")
    assert line[-2:] == ["**1.50 x Postfix**", "0.500 x Postfix"]


def test_ours_is_held_against_the_best_of_those_that_are_named() -> None:
    made = results(*(cpu(0, *one, "start") for one in (("pymta", 9), ("postfix", 2), ("exim", 3))))
    (line,) = lines_of(made, "start of the daemon |")
    assert line[-2:] == ["4.50 x Postfix", "-"]


def test_a_fresh_process_may_be_held_against_another() -> None:
    figures = (("pymta", 2), ("pymta-fresh", 2), ("postfix", 1), ("exim", 4))
    made = results(*(cpu(0, *one, "conn10") for one in figures))
    (line,) = lines_of(made, "session without mail")
    assert line[-2:] == ["2.00 x Postfix", "**0.500 x Exim**"]


def test_a_cell_that_failed_says_so_and_below_why() -> None:
    made = results(
        cpu(0, "pymta", 1), *(Row(n, "accept", "postfix", failure="OSError: x") for n in range(2))
    )
    (line,) = lines_of(made, "message delivered to a Maildir, a connection")
    assert line[3] == "failed"
    assert "Postfix failed in accept (round 1), accept (round 2): OSError: x." in table(made)


def test_what_a_server_has_not_is_none_and_said_below() -> None:
    made = results(cpu(0, "pymta", 1, "refuse"))
    (line,) = lines_of(made, "refusal (421)")
    assert line[4] == "none"
    assert "Exim has none." in table(made)


def test_a_note_says_where_and_how_busy_the_machine_was() -> None:
    note = table(results(cpu(0, "pymta", 1), cpu(1, "pymta", 2))).splitlines()[-1]
    assert note == (
        "Medians of 2 rounds, in brackets the range; 2026-01-05, Linux 6.1, 2 x CPU, ext4, "
        "Python 3.11, CPU time by cgroup v2, load average 0.5 to 1.5; pymta 0.1, Postfix 3.7."
    )


def test_rows_are_the_same_when_they_are_read_again(tmp_path: Path) -> None:
    made = results(cpu(0, "pymta", 1.5), Row(1, "accept", "exim", failure='says "no"'))
    rows.write(made, tmp_path / "rows.json")
    assert rows.read(tmp_path / "rows.json") == made


def test_the_plot_has_a_bar_for_each_figure_and_a_word_where_there_is_none() -> None:
    drawn = ET.fromstring(plot(results(cpu(0, "pymta", 1), cpu(0, "postfix", 4))))
    bars = [one for one in drawn.findall(".//{*}rect") if one.get("height") == "14"]
    texts = [one.text for one in drawn.findall(".//{*}text")]
    assert float(bars[1].attrib["width"]) == pytest.approx(4 * float(bars[0].attrib["width"]))
    assert texts.count("none") == 2
    assert texts[-1] == "Each block has a scale of its own, from 0.  Less is better."


def test_the_table_is_placed_between_its_marks() -> None:
    assert placed("new\n", f"a\n{BEGIN}old\n{END}\nb") == f"a\n{BEGIN}new\n{END}\nb"


def test_the_readme_has_a_place_for_the_table() -> None:
    assert "new\n" in placed("new\n", README.read_text())


def test_a_text_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="no place"):
        placed("new\n", "a\nb\n")


def test_every_line_of_the_table_is_of_a_scenario() -> None:
    wanted = {line.scenario for part in PARTS for line in part.lines}
    assert wanted == {scenario.name for scenario in SCENARIOS}


def test_what_the_client_prints_is_read() -> None:
    came = outcome(
        b'{"elapsed": 2.0, "sessions": 5, "ok": 4, "accepted": 3, "r421": 1,'
        b' "ms": {"banner": {"n": 5, "p50": 0.5, "p99": 1.5, "max": 2.0}}}'
    )
    assert (came.well, came.accepted, came.refused) == (4, 3, 1)
    assert came.times["banner"].p99 == 1.5


def test_of_the_counts_of_the_smarthost_the_last_one_counts() -> None:
    assert last_count(b"sess=1 quit=0 mesg=1\rsess=2 quit=1 mesg=12\r") == 12
    assert last_count(b"") == 0
