"""Settings of any values at all, right or wrong, for properties that hold for each."""

from __future__ import annotations

from typing import Any, get_type_hints

from hypothesis import strategies as st

from pymta.config.certificate_table import Files
from pymta.config.changes import Changes
from pymta.config.launch import Launch
from pymta.config.per_host import PerHost
from pymta.config.per_queue import PerQueue
from pymta.config.policy_code import PolicySource
from pymta.config.settings import SUBJECTS, Machine, Settings

# There are hundreds of them in one draw, and what makes a difference is short.
TEXT = st.text(max_size=6)


def instances(type_: type) -> st.SearchStrategy[Any]:
    plain = {
        int: st.integers(),
        str: TEXT,
        bool: st.booleans(),
        float | None: st.none(),
        dict[str, float] | None: st.none() | st.dictionaries(TEXT, st.floats(0, 100), max_size=2),
        dict[str, list[str]]: st.dictionaries(TEXT, st.just(["a", "b"]), max_size=2),
        dict[str, list[str]] | None: st.none() | st.just({"a": ["b"], "c": []}),
        dict[str, Any] | None: st.none(),
        Files: TEXT | st.dictionaries(TEXT, TEXT, max_size=2),
        PerQueue: st.integers() | st.dictionaries(TEXT, st.integers(), max_size=2),
        PerHost: st.none()
        | st.integers()
        | st.dictionaries(TEXT, st.integers() | TEXT, max_size=2),
    }
    parts: dict[str, Any] = {}
    for name, hint in get_type_hints(type_).items():
        if getattr(hint, "__origin__", None) is tuple:
            parts[name] = st.lists(TEXT, max_size=3).map(tuple)
        else:
            parts[name] = plain[hint]
    # A few of each group: all of them at once take seconds to make, and find nothing more.
    some = st.lists(st.sampled_from(sorted(parts)), unique=True, max_size=4)
    return some.flatmap(lambda names: st.builds(type_, **{name: parts[name] for name in names}))


GROUPS: dict[str, Any] = {name: instances(type_) for name, type_ in SUBJECTS.items()}
ANY_SETTINGS = st.builds(
    Settings,
    **GROUPS,
    machine=instances(Machine),
    launch=instances(Launch),
    changes=instances(Changes),
    policy_source=instances(PolicySource),
    generation=st.integers(0, 1 << 40),
)
