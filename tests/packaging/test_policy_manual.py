"""pymta-policy(5) against what it describes, and the example that is shipped with it."""

from __future__ import annotations

import inspect
import re
from typing import get_args

import pytest

from pymta.config.policy_source import STAGES
from pymta.policy.verdict import Verdict
from tests.doubles.peers import CHECKOUT

PAGE = (CHECKOUT / "packaging/man/pymta-policy.5").read_text()
TEXT = PAGE.replace(r"\(dq", '"').replace(r"\-", "-")


@pytest.mark.parametrize("stage", STAGES)
def test_the_manual_has_every_stage_with_its_parameters(stage: str) -> None:
    assert f"\n.B {stage}({', '.join(STAGES[stage])})\n" in TEXT


@pytest.mark.parametrize("verdict", get_args(Verdict))
def test_the_manual_has_every_verdict_with_its_defaults(verdict: type) -> None:
    words = [
        f"{name}={one.default!r}".replace("'", '"') if one.default != "" else name
        for name, one in inspect.signature(verdict).parameters.items()
        if name != "log"
    ]
    assert f"{verdict.__name__}({', '.join(words)}" in TEXT


def test_every_option_about_it_is_in_the_manual() -> None:
    options = set(
        re.findall(r"\bpolicy_[a-z_]+\b", (CHECKOUT / "pymta/config/policy_code.py").read_text())
    )

    assert options - {"policy_code", "policy_source"} <= set(re.findall(r"\bpolicy_[a-z_]+", TEXT))
