"""The report has stable names, holds what JSON has, and everything that is asked for."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st

from pymta.config.limits import Limits
from pymta.config.settings import Settings
from pymta.load.reading import Load
from pymta.mail.caller import Endpoint, LocalSocket
from pymta.supervisor.dispatch import Task
from pymta.supervisor.listener import Listener, LocalListener
from pymta.supervisor.report import Facts, Outcome, report

ID = "1aaaaa-00000000001-0000"
QUIET = Facts("1.2", 42, now=1000.0, began=400.0)
BUSY = replace(
    QUIET,
    is_stopping=True,
    last_reload=Outcome(is_success=False, at=990.0, text="pymta.toml:3: no"),
    listeners=(Listener(3, Endpoint(ip_address("::"), 25), takes_ipv4=True),),
    backlogs=((2, 20),),
    local=(LocalListener(4, LocalSocket("/run/pymta/submit")),),
    is_accepting=False,
    sessions=3,
    local_callers={0: 2, 1000: 3},
    callers={"192.0.2.7": 1, "2001:db8::1": 2},
    free_workers=1,
    busy={7: Task(ID, "remote.example")},
    idle=2,
    waiting=(Task(ID),),
    missed=True,
    queue_runs=(9, 10),
    messages=5,
    counted_at=950.0,
    oldest=7200,
    load=Load(average=0.5, cpu=12.5, memory=0.25),
    is_short_of_space=True,
)


def test_a_quiet_daemon_has_all_names_and_no_figures() -> None:
    found = report(QUIET, Settings(generation=3))

    assert found["state"] == "serving"
    assert (found["pid"], found["version"], found["generation"]) == (42, "1.2", 3)
    assert found["uptime"] == 600.0
    assert found["last_reload"] is found["queue"] is found["load"] is None
    assert found["listeners"] == []
    assert found["connections"] == {"now": 0, "max": 20, "by_address": {}, "free_workers": 0}
    assert found["local_listeners"] == []
    assert found["local_connections"] == {"now": 0, "max": 20, "by_uid": {}}
    assert found["queue_runs"] == {
        "now": 0,
        "max": 5,
        "max_by_queue": {},
        "by_queue": {},
        "pids": [],
    }
    assert found["limits"]["smtp_accept_max"] == 20


def test_a_busy_one_tells_everything() -> None:
    """N-24, LM-01: slots by host, runners, listeners, load, limits, the last reload."""
    found = report(BUSY, Settings())

    assert found.keys() == report(QUIET, Settings()).keys()
    assert (found["state"], found["accepting"]) == ("stopping", False)
    assert found["last_reload"] == {"ok": False, "seconds_ago": 10.0, "text": "pymta.toml:3: no"}
    assert found["listeners"] == [
        {
            "address": "::",
            "port": 25,
            "role": "smtp",
            "starts_tls": False,
            "takes_ipv4": True,
            "backlog": 2,
            "backlog_max": 20,
        }
    ]
    assert list(found["connections"]["by_address"].items()) == [
        ("2001:db8::1", 2),
        ("192.0.2.7", 1),
    ]
    assert found["local_listeners"] == [{"path": "/run/pymta/submit", "role": "local"}]
    assert found["local_connections"] == {"now": 5, "max": 20, "by_uid": {"1000": 3, "0": 2}}
    assert found["deliveries"] == {
        "now": 1,
        "max": 20,
        "busy": [{"pid": 7, "id": ID, "destination": "remote.example"}],
        "free_workers": 2,
        "waiting": [{"id": ID, "destination": ""}],
        "more_in_queue": True,
    }
    assert found["queue_runs"]["pids"] == [9, 10]
    assert found["queue"] == {"messages": 5, "seconds_ago": 50.0, "oldest": 7250.0}
    assert (found["load"], found["pressure"]) == (0.5, {"cpu": 12.5, "memory": 0.25})
    assert found["short_of_space"]


@given(
    st.dictionaries(st.ip_addresses().map(str), st.integers(1, 4096), max_size=50),
    st.dictionaries(st.ip_addresses(v=4).map(str), st.integers(0, 9), max_size=5),
)
def test_it_is_always_json_and_reads_back(
    callers: dict[str, int], shares: dict[str, int | str]
) -> None:
    settings = Settings(limits=Limits(smtp_accept_max_per_host=shares))
    found = report(replace(BUSY, callers=callers), settings)

    assert json.loads(json.dumps(found)) == found
    counts = list(found["connections"]["by_address"].values())
    assert counts == sorted(counts, reverse=True)
