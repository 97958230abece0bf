"""Classic words become one job, or a refusal in the classic words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pymta.channel.selection import Selection
from pymta.cli.classic_items import sorted_items
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
from pymta.cli.classic_orders import Manage
from pymta.config.debugging import USUAL
from pymta.config.launch import Launch
from pymta.config.run_word import NO_QUEUE_NAME

BD = Launch(is_classic=True, in_background=True)
BDF = replace(BD, in_background=False)
USUALLY = tuple(sorted(USUAL))
UNKNOWN = "pymta abandoned: unknown, malformed, or incomplete option "
FIRST, LAST = "1wIcRd-000000012Tz-1abc", "1wIcRe-000000012Tz-0002"
ALL_FLAGS = Selection(force=True, thaw=True, first_only=True, local_only=True, two_stage=True)
FROM = "[192.0.2.7]:40112"
ID = FIRST
INCOMPATIBLE = "pymta: incompatible command-line options or arguments"


def read(line: str) -> Job:
    return read_line(line.split())


def launch(line: str) -> Launch:
    job = read(line)
    assert isinstance(job, Serve), job
    return job.launch


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-bd", BD),
        ("-q30m", replace(BD, listens=False, queue_runs=("-q30m",))),
        ("-bd -q1h30m", replace(BD, queue_runs=("-q1h30m",))),
        ("-bd -q 5m", replace(BD, queue_runs=("-q5m",))),
        ("-q 5m -bd", replace(BD, queue_runs=("-q5m",))),
        ("-bdf", BDF),
        ("-bdf -q2s", replace(BDF, queue_runs=("-q2s",))),
        ("-bd -v", replace(BDF, echoes_log=True)),
        ("-bd -d", replace(BDF, echoes_log=True, debug=USUALLY)),
        ("-bd -dd", replace(BDF, echoes_log=True, debug=USUALLY, debugs_daemon_only=True)),
        ("-bd -d-all+receive", replace(BDF, echoes_log=True, debug=("receive",))),
        ("-dd+interface-all -bd", replace(BDF, echoes_log=True, debugs_daemon_only=True)),
        ("-v -q1m", replace(BDF, echoes_log=True, listens=False, queue_runs=("-q1m",))),
        ("-bd -qq10m -qGhipri/2m", replace(BD, queue_runs=("-qq10m", "-qGhipri/2m"))),
        ("-bd -qGhipri 2m -qqGlist/1h", replace(BD, queue_runs=("-qGhipri/2m", "-qqGlist/1h"))),
        ("-bd -qGhipri/ 2m -q 5m", replace(BD, queue_runs=("-qGhipri/2m", "-q5m"))),
        ("-bd -qG/5m", replace(BD, queue_runs=("-qG/5m",))),
    ],
    ids=[
        "ST-01 listen",
        "ST-01 run the queue",
        "ST-01 both",
        "N-28 the blank",
        "N-28 the blank, first",
        "ST-02 in front",
        "ST-02 in front with runs",
        "ST-02 -v",
        "ST-02 -d",
        "ST-11 -dd",
        "ST-11 one category",
        "ST-11 none",
        "ST-02 -v without -bd",
        "N-28 two queues",
        "N-28 named queues only, and a blank",
        "N-28 two blanks",
        "N-28 the default queue by its name",
    ],
)
def test_a_daemon_and_where_it_runs(line: str, expected: Launch) -> None:
    assert launch(line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-odb", "now"),
        ("-odf", "now"),
        ("-odi", "now"),
        ("-odq", "queue"),
        ("-odqs", "local"),
        ("-odq -odb", "now"),
    ],
)
def test_when_mail_is_delivered(line: str, expected: str) -> None:
    """ST-08: the last one counts."""
    assert launch(f"-bd {line}").delivery == expected


@pytest.mark.parametrize("line", ["-bd", "-bdf", "-bw", "-bd -q30m"])
def test_all_ports_may_speak_tls_at_once(line: str) -> None:
    """PT-05"""
    assert launch(f"{line} -tls-on-connect") == replace(launch(line), tls_on_connect=True)


@pytest.mark.parametrize("line", ["-bd -os 90s", "-bd -os90s", "-os 1m30s -bd"])
def test_how_long_a_client_may_be_silent(line: str) -> None:
    """ST-08"""
    assert launch(line).receive_timeout == 90


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-q", Selection()),
        ("-qi", Selection(first_only=True)),
        ("-qf", Selection(force=True)),
        ("-qff", Selection(force=True, thaw=True)),
        ("-ql", Selection(local_only=True)),
        ("-qq", Selection(two_stage=True)),
        (
            "-qqiffl",
            Selection(force=True, thaw=True, first_only=True, local_only=True, two_stage=True),
        ),
        ("-qGhipri", Selection(queue="hipri")),
        ("-qqifflGhipri/", replace(ALL_FLAGS, queue="hipri")),
        ("-qG", Selection()),
        (f"-q {FIRST}", Selection(first_id=FIRST)),
        (f"-qf {FIRST} {LAST}", Selection(force=True, first_id=FIRST, last_id=LAST)),
        (f"-qGslow {FIRST} -R a", Selection("slow", first_id=FIRST, recipients="a")),
        ("-R @a.example", Selection(recipients="@a.example")),
        ("-R@a.example", Selection(recipients="@a.example")),
        ("-q -R a -S b", Selection(recipients="a", senders="b")),
        ("-Rf a", Selection(force=True, recipients="a")),
        ("-Sff b", Selection(force=True, thaw=True, senders="b")),
        ("-qf -Rff a", Selection(force=True, thaw=True, recipients="a")),
        ("-qR a", Selection(recipients="a")),
        ("-qSf a", Selection(force=True, senders="a")),
        ("-qGoffpeak -Rf @a.example", Selection("offpeak", force=True, recipients="@a.example")),
        ("-Rr ^x$ -S y", Selection(recipients="^x$", recipients_are_pattern=True, senders="y")),
        ("-Srf x|y", Selection(force=True, senders="x|y", senders_are_pattern=True)),
        (
            "-Srff . -Rrff .",
            Selection(
                force=True,
                thaw=True,
                recipients=".",
                recipients_are_pattern=True,
                senders=".",
                senders_are_pattern=True,
            ),
        ),
    ],
)
def test_one_run_of_the_queue(line: str, expected: Selection) -> None:
    """QR-06, QR-09, N-03, N-16"""
    assert read(line) == RunQueue(expected)


def test_a_daemon_hands_its_choice_to_every_run() -> None:
    """QR-09, N-03: `-q2s -R @a.example`."""
    found = launch("-qq2s -qGhipri/1s -Rff @a.example -Sr ^boss@")

    assert found.queue_runs == ("-qq2s", "-qGhipri/1s")
    assert (found.force, found.thaw) == (True, True)
    assert (found.recipients, found.recipients_are_pattern) == ("@a.example", False)
    assert (found.senders, found.senders_are_pattern) == ("^boss@", True)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-bp", ListQueue()),
        (f"-bh {FROM}", HoldSession(FROM)),
        (f"-C /etc/other.toml -bh {FROM}", HoldSession(FROM, "/etc/other.toml")),
        ("-bp -qGslow", ListQueue("slow")),
        ("-qGslow -bp", ListQueue("slow")),
        ("-bt a@b.example c", ExplainAddresses(("a@b.example", "c"))),
        ("-brw a@b.example", ShowNames(("a@b.example",))),
        ("-bv", ExplainAddresses(is_verification=True)),
        ("-bpa", ListQueue()),
        ("-bpru -qGslow", ListQueue("slow", shows_settled=False)),
        ("-bpi", ListQueue(ids_only=True)),
        (f"-Mrm {ID} {ID}", Manage("-Mrm", (ID, ID))),
        (f"-Mar {ID} a@b c@d", Manage("-Mar", (ID,), ("a@b", "c@d"))),
        (f"-Mvh {ID}", Manage("-Mvh", (ID,))),
        (f"-M {ID}", RunQueue(Selection(ids=(ID,), force=True, thaw=True))),
        (f"-Mc {ID} {ID}", RunQueue(Selection(ids=(ID, ID)))),
        ("-bpc", CountQueue()),
        ("-bpc -qGslow", CountQueue("slow")),
        ("-bV", Version()),
    ],
)
def test_small_jobs(line: str, expected: Job) -> None:
    assert read(line) == expected


@pytest.mark.parametrize(
    ("line", "wait"), [("-bw", 0), ("-bw10m", 600), ("-bw2s -oP /run/pid", 2), ("-bw -oX 25", 0)]
)
def test_a_socket_that_is_there_already(line: str, wait: int) -> None:
    """N-11: never in the background, and -oX says nothing about it."""
    found = launch(line)

    assert found.inherits_listener
    assert found.listens
    assert not found.in_background
    assert found.wait == wait
    assert not found.ports


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-bdx", f"{UNKNOWN}-bdx"),
        ("-bd -oZ", f"{UNKNOWN}-oZ"),
        ("-bd -oX", f"{UNKNOWN}-oX"),
        ("-bd -oP", f"{UNKNOWN}-oP"),
        ("-bd -os", f"{UNKNOWN}-os"),
        ("-bd -odx", f"{UNKNOWN}-odx"),
        ("-d+nosuch -bd", "pymta: unknown debug_selector setting: +nosuch"),
        (
            "-bd -ddx",
            'pymta: malformed debug_selector setting: + or - expected but found "x"',
        ),
        ("-oPX", f"{UNKNOWN}-oPX"),
        ("-oX25 -bd", f"{UNKNOWN}-oX25"),
        ("--help", f"{UNKNOWN}--help"),
        ("-R", f"{UNKNOWN}-R"),
        ("-Mes", f"{UNKNOWN}-Mes"),
        ("-Mrm", "pymta: no message ids given after -Mrm option"),
        ("-M abc", "pymta: malformed message id abc after -M option"),
        (f"-Mvb {ID} {ID}", "pymta: only one message id can be given after -Mvb option"),
        (f"-Mar {ID}", "pymta: no addresses given after -Mar option"),
        (f"-q -M {ID}", INCOMPATIBLE),
        (f"-bd -Mf {ID}", INCOMPATIBLE),
        ("-Rr", f"{UNKNOWN}-Rr"),
        ("-q0s", "pymta: bad time value -q0s: abandoned"),
        ("-q3w", "pymta: bad time value -q3w: abandoned"),
        ("-qGa/0s", "pymta: bad time value -qGa/0s: abandoned"),
        ("-qGa/x", "pymta: bad time value -qGa/x: abandoned"),
        ("-qGa 0s", "pymta: bad time value 0s: abandoned"),
        ("-q5x", "pymta: bad time value -q5x: abandoned"),
        ("-q 0s", "pymta: bad time value 0s: abandoned"),
        ("-q 5", "pymta: bad time value 5: abandoned"),
        ("-bd -os 0s", "pymta: bad time value 0s: abandoned"),
        ("-bd -os0s", "pymta: bad time value -os0s: abandoned"),
        ("-bwx", "pymta: bad time value -bwx: abandoned"),
        ("-bd -q", INCOMPATIBLE),
        ("-bd -qGhipri", INCOMPATIBLE),
        ("-bd -q5m -qGhipri", INCOMPATIBLE),
        ("-bp -qf", INCOMPATIBLE),
        ("-bp -qGslow -R a", INCOMPATIBLE),
        ("-bp -q5m", INCOMPATIBLE),
        ("-bV -qGslow", INCOMPATIBLE),
        ("-bd -bp", INCOMPATIBLE),
        ("-bd -R a", INCOMPATIBLE),
        ("-bd -bdf", INCOMPATIBLE),
        ("-bw -q5m", INCOMPATIBLE),
        ("-bw -bd", INCOMPATIBLE),
        ("-bd user@example.org", INCOMPATIBLE),
        ("-q user@example.org", INCOMPATIBLE),
        ("-bp -bV", INCOMPATIBLE),
        ("-q -C /tmp/x", INCOMPATIBLE),
        ("-bp -oP /run/x", INCOMPATIBLE),
        ("-v", INCOMPATIBLE),
        ("", INCOMPATIBLE),
        ("-q5m -q10m", "pymta: queue-runner specified more than once"),
        ("-q5m -qG/10m", "pymta: queue-runner specified more than once"),
        ("-qGa/5m -qqGa/10m", "pymta: queue-runner specified more than once"),
        ("-q -qGa", "pymta: queue-runner specified more than once"),
        ("-qG../2m", f"pymta: -qG../2m: {NO_QUEUE_NAME}"),
        ("-qG-a", f"pymta: -qG-a: {NO_QUEUE_NAME}"),
        (
            "-Rr ^(x",
            (
                "pymta: -Rr ^(x: no regular expression:"
                " missing ), unterminated subpattern at position 1"
            ),
        ),
    ],
)
def test_what_it_does_not_take_it_refuses_in_one_line(line: str, expected: str) -> None:
    """ST-03, N-28"""
    assert read(line) == Refuse(expected)


@pytest.mark.parametrize(
    ("text", "ports", "interfaces"),
    [
        ("1225", ("1225",), ()),
        ("192.168.34.5.1125", (), ("192.168.34.5.1125",)),
        (
            "<; 0.0.0.0 ; 127.0.0.1.2600; ::0 ; 2525",
            ("2525",),
            ("0.0.0.0", "127.0.0.1.2600", "::0"),
        ),
        ("smtp : submission", ("smtp", "submission"), ()),
        ("::::1 : 2525", ("2525",), ("::1",)),
    ],
)
def test_an_item_with_a_dot_or_a_colon_is_an_interface(
    text: str, ports: tuple[str, ...], interfaces: tuple[str, ...]
) -> None:
    """OX-01"""
    assert sorted_items(text) == (ports, interfaces)
    found = read_line(["-bd", "-oX", text])
    assert isinstance(found, Serve)
    assert (found.launch.ports, found.launch.interfaces) == (ports, interfaces)
    assert sorted_items("") == ((), ())


def test_it_goes_where_it_is_told_to() -> None:
    job = read("-bd -oP /run/x.pid -C /etc/other.toml")

    assert job == Serve(replace(BD, pid_file="/run/x.pid"), "/etc/other.toml")
